import { randomBytes, randomUUID } from 'node:crypto';
import { setImmediate as otherWork } from 'node:timers/promises';
import type { Clock } from '../platform/clock.ts';
import type { BoundStatement } from '../platform/db.ts';
import { failedGuard, sqlState, UNIQUE_VIOLATION } from '../platform/db_errors.ts';
import { AppError } from '../platform/errors.ts';
import { createChecks } from '../platform/faults.ts';
import { uuidv7 } from '../platform/ids.ts';
import { createSealer, MASTER_KEY_BYTES, type Sealer, sealJson } from '../platform/sealing.ts';
import { arrayText } from '../platform/statement.ts';
import type { Account, Profile } from './account.ts';
import { storedFormsOf } from './identifiers.ts';
import { addingNames } from './named.ts';
import type { AccountChange } from './plans.ts';
import { checkNames, checkProfile, type ImportedAccount, type ProfileInput } from './profile.ts';
import { profilePlace, sealDataKey } from './rows.ts';
import type { SearchTokens } from './search_tokens.ts';
import { type StandingParts, standingOf } from './standing.ts';
import { ACCOUNT_STATEMENTS, type NewAccount } from './statements.ts';
import { checkSubject, isOwnSubject, sealSubject } from './subjects.ts';
import { importTotp, type NewTotp, totpRow } from './totp_secrets.ts';

export interface Identifier {
  readonly kind: 'email' | 'username';
  readonly lookup: Buffer;
}

/** The identifiers and keys of the store. */
export interface NewAccountParts {
  /** Seals each person's key. */
  readonly sealer: Sealer;
  readonly tokens: SearchTokens;
  readonly now: Clock;
  identifiersOf(profile: Pick<ProfileInput, 'email' | 'username'>): Identifier[];
  /** The lookup keys of all spellings of an identifier. */
  lookupsOf(identifier: string): Buffer[];
  subjectLookup(sub: string): Buffer;
  /** Names the sealer of a new account. */
  remember(account: Account, accountSealer: Sealer): void;
}

export type NewAccounts = AccountChange & { readonly accounts: Account[] };

/** So many are sealed at once; then other requests get their turn. */
const AT_ONCE = 25;

interface Checked {
  readonly profile: Profile;
  readonly groups: string[];
  readonly roles: string[];
}

/** The checks that need no database. @throws AppError 400 `invalid_input`, with all wrong fields */
export function checkImported({ sub, groups = [], roles = [], ...input }: ImportedAccount): Checked {
  const checks = createChecks();
  if (sub !== undefined) checks.run(() => checkSubject(sub));
  const profile = checks.run(() => checkProfile(input));
  const groupNames = checks.run(() => checkNames('groups', groups));
  const roleNames = checks.run(() => checkNames('roles', roles));
  checks.end();
  return { profile, groups: groupNames, roles: roleNames } as Checked;
}

/** Makes accounts, and the statements that store them: as many for a thousand as for one. */
export function newAccountPlans(parts: NewAccountParts) {
  const { sealer, tokens, now, identifiersOf, lookupsOf, subjectLookup, remember } = parts;

  interface Prepared {
    readonly account: Account;
    readonly row: NewAccount;
    readonly identifiers: readonly Identifier[];
    /** Of the e-mail address, when another one may be stored by another spelling of it. */
    readonly spellings: readonly Buffer[];
    readonly totp: NewTotp | undefined;
  }

  function prepare(input: ImportedAccount): Prepared {
    const { profile, groups, roles } = checkImported(input);
    const { sub, passwordHash = null, passwordSetAt, disabled = false, deletionDueAt, restrictionReason } = input;
    const createdAt = new Date(now());
    const id = sub !== undefined && isOwnSubject(sub) ? sub : uuidv7(createdAt.getTime());
    const subject = sub === undefined || sub === id ? undefined : sub;
    const dataKey = randomBytes(MASTER_KEY_BYTES);
    const accountSealer = createSealer([dataKey]);
    const standing: StandingParts = {
      disabled,
      ...(deletionDueAt === undefined ? {} : { deletion: { dueAt: deletionDueAt, by: 'operator' } }),
      ...(restrictionReason === undefined ? {} : { restriction: { since: createdAt, reason: restrictionReason } }),
    };
    const account: Account = {
      ...profile,
      id,
      ...(subject === undefined ? {} : { subject }),
      passwordHash,
      passwordSetAt: passwordHash === null ? null : passwordSetAt === undefined ? createdAt : passwordSetAt,
      ...standing,
      standing: standingOf(standing),
      groups,
      roles,
      secondFactors: input.totpSecret ? ['totp'] : [],
      acceptedTexts: [],
      epoch: 0,
      version: 1,
      createdAt,
      updatedAt: createdAt,
    };
    remember(account, accountSealer);
    const sealedKey = sealDataKey(sealer, id, dataKey);
    dataKey.fill(0);
    return {
      account,
      row: {
        id,
        key_id: randomUUID(),
        sealed_key: sealedKey,
        sealed_profile: sealJson(accountSealer, profilePlace(id), profile),
        sealed_subject: subject === undefined ? null : sealSubject(accountSealer, id, subject),
        subject_lookup: subject === undefined ? null : subjectLookup(subject),
        password_hash: passwordHash,
        password_set_at: account.passwordSetAt,
        disabled_at: disabled ? createdAt : null,
        deletion_due_at: deletionDueAt ?? null,
        deletion_by: deletionDueAt === undefined ? null : 'operator',
        restricted_at: restrictionReason === undefined ? null : createdAt,
        restriction_reason: restrictionReason ?? null,
        active_at: createdAt,
        groups: arrayText(groups),
        roles: arrayText(roles),
        second_factors: arrayText(account.secondFactors),
        search_tokens: arrayText(tokens.of(profile)),
        created_at: createdAt,
        updated_at: createdAt,
      },
      identifiers: identifiersOf(profile),
      spellings: storedFormsOf(profile.email).length > 1 ? lookupsOf(profile.email) : [],
      totp: input.totpSecret ? totpRow(account, accountSealer, input.totpSecret, createdAt) : undefined,
    };
  }

  function storing(prepared: readonly Prepared[]): NewAccounts {
    const spellings = prepared.flatMap((one) => one.spellings);
    const totp = prepared.flatMap((one) => one.totp ?? []);
    const identifiers = prepared.flatMap((one) =>
      one.identifiers.map((identifier) => ({ ...identifier, account_id: one.account.id })),
    );
    const statements: BoundStatement[] = [
      ACCOUNT_STATEMENTS.insert.bind({ accounts: prepared.map(({ row }) => row) }),
      ...(spellings.length > 0 ? [ACCOUNT_STATEMENTS.refuseOtherSpelling.bind({ lookups: spellings })] : []),
      ACCOUNT_STATEMENTS.insertIdentifiers.bind({ identifiers }),
      ...(totp.length > 0 ? [importTotp(totp)] : []),
    ];
    const unique = prepared.flatMap(({ row: { subject_lookup }, identifiers: all }) => [
      ...all,
      ...(subject_lookup ? [{ kind: 'sub', lookup: subject_lookup }] : []),
    ]);
    return { accounts: prepared.map(({ account }) => account), statements, refuse: (error) => refusal(error, unique) };
  }

  return {
    /** @throws AppError 400 `invalid_input`, with the field */
    creatingOne: (input: ImportedAccount): NewAccounts => storing([prepare(input)]),
    /**
     * The same for many people, without keeping other requests waiting. Groups and roles that do not exist are created with them;
     * such a role has no permissions.
     */
    async creatingAll(inputs: readonly ImportedAccount[]): Promise<NewAccounts> {
      const prepared: Prepared[] = [];
      for (const input of inputs) {
        if (prepared.length % AT_ONCE === AT_ONCE - 1) await otherWork();
        prepared.push(prepare(input));
      }
      const planned = storing(prepared);
      return { ...planned, statements: [...addingNames(planned.accounts, new Date(now())), ...planned.statements] };
    },
  };
}

/** @returns the error for the caller, when the database refuses a transaction that writes these identifiers */
export function refusal(error: unknown, identifiers: readonly { kind: string; lookup: Buffer }[]): unknown {
  if (sqlState(error) === UNIQUE_VIOLATION) return taken(error, identifiers);
  if (failedGuard(error) !== 'require_as_read') return error;
  return new AppError('changed_meanwhile', 'the account was changed meanwhile; look again', { cause: error });
}

/** Postgres names the existing key by its bytes (`detail`), which tells which identifier it is. */
function taken(cause: unknown, identifiers: readonly { kind: string; lookup: Buffer }[]): AppError {
  const detail = String((cause as { detail?: unknown }).detail);
  const field = identifiers.find(({ lookup }) => detail.includes(lookup.toString('hex')))?.kind ?? 'email';
  return new AppError('identifier_taken', `${field}: somebody has it already`, { cause, field });
}
