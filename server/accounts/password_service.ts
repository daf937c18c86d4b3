import type { Shares } from '../platform/fair_queue.ts';
import type { Issuer } from '../platform/issuer.ts';
import type { Logger } from '../platform/log.ts';
import type { Account } from './account.ts';
import type { Argon2Parameters } from './argon2.ts';
import { type Blocklist, openBlocklist } from './blocklist.ts';
import {
  createPasswordChange,
  createPasswordUpgrade,
  type PasswordChange,
  type PasswordChangeStores,
} from './password_change.ts';
import { createPasswords, type Passwords, type PasswordsOptions } from './passwords.ts';
import { createPolicy, type PasswordPolicy, type PolicyName } from './policy.ts';

/** The operator's settings about passwords. */
export interface PasswordSettings {
  readonly policy: PolicyName;
  /** Seconds; undefined: a password may be used for ever. */
  readonly maxAgeSeconds: number | undefined;
  /** A file or folder of leaked passwords. */
  readonly blocklist: string | undefined;
  readonly argon2: Argon2Parameters;
  /** 32 bytes each; the first hashes, all verify. A function returns those of the time. */
  readonly peppers: PasswordsOptions['peppers'];
  /** MiB for all hashes under way together. */
  readonly memory: number;
  /** Hashes that may wait; undefined: hashes for about half a second. */
  readonly queueLimit: number | undefined;
}

/** The services for passwords, created from the settings. */
export interface PasswordService {
  readonly passwords: Passwords;
  readonly blocklist: Blocklist;
  readonly policy: PasswordPolicy;
  readonly change: PasswordChange;
  /** After a right password: renews an outdated hash. Never throws. */
  upgradeIfOutdated(account: Pick<Account, 'id' | 'passwordHash'>, password: string, shares?: Shares): Promise<void>;
  /** The same threads and policy with other stores, such as those of a transaction. They end with this service. */
  on(stores: PasswordChangeStores): Omit<PasswordService, 'close'>;
  close(): Promise<void>;
}

/** @throws AppError 500 `blocklist_unreadable` */
export async function createPasswordService(
  settings: PasswordSettings,
  parts: PasswordChangeStores &
    Pick<PasswordsOptions, 'threads' | 'startWorker'> & {
      log: Logger;
      /** Words for this deployment: attackers try them first. */
      names: readonly string[];
    },
): Promise<PasswordService> {
  const { log, names, threads, startWorker } = parts;
  const { argon2, peppers, memory, queueLimit } = settings;
  const blocklist = await openBlocklist(settings.blocklist);
  const passwords = createPasswords({
    argon2,
    ...(peppers ? { peppers } : {}),
    memory,
    ...(queueLimit === undefined ? {} : { queueLimit }),
    ...(threads === undefined ? {} : { threads }),
    ...(startWorker ? { startWorker } : {}),
  });
  const policy = createPolicy({
    name: settings.policy,
    maxAgeSeconds: settings.maxAgeSeconds,
    blocklist,
    names,
    verify: passwords.verify,
    guesses: passwords.guesses,
  });
  const on: PasswordService['on'] = (stores) => ({
    passwords,
    blocklist,
    policy,
    change: createPasswordChange({ ...stores, passwords, policy }),
    upgradeIfOutdated: createPasswordUpgrade({ accounts: stores.accounts, passwords, log }),
    on,
  });
  return {
    ...on(parts),
    async close() {
      await passwords.close();
      await blocklist.close();
    },
  };
}

/** Words for a deployment: its name, its host and the labels of the host. */
export function namesOf({ name, issuer }: { readonly name: string; readonly issuer: Issuer }): string[] {
  return ['cardea', name, issuer.hostname, ...issuer.hostname.split(/[.-]/)];
}
