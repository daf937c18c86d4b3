import { createHash, randomBytes } from 'node:crypto';
import { secrets } from '../operations/secrets.ts';
import { AppError, invalidInput, unavailable } from '../platform/errors.ts';
import { secretIn } from '../platform/settings.ts';
import { smtpUrl } from '../platform/smtp_url.ts';
import { awaitServers, type RotateOptions } from './awaited_servers.ts';
import { type Context, UsageError } from './context.ts';
import type { Item } from './output.ts';
import { prepared, rotating, secretFileOf } from './secret_file.ts';
import type { CommandTools } from './tools.ts';

/** A service that Cardea signs in to by the URL of a setting. */
interface Service {
  readonly setting: 'CARDEA_REDIS_URL' | 'CARDEA_SMTP_URL';
  /** Signs in. @throws AppError when that is refused, or cannot be tried */
  tryOut(url: string): Promise<void>;
  /** How passwords are added and removed there; undefined where no protocol does it. */
  readonly passwords?: {
    /** @throws AppError when the user of the URL may not, with what to do instead */
    add(url: string, password: string): Promise<void>;
    /** @returns undefined, or what is left to do */
    remove(url: string, password: string): Promise<string | undefined>;
  };
}

const TIMEOUT_MS = 10_000;

export const MAIL_SERVER: Service = {
  setting: 'CARDEA_SMTP_URL',
  async tryOut(url) {
    const [{ createTransport }, { smtpOptions }] = await Promise.all([
      import('nodemailer'),
      import('../platform/mail.ts'),
    ]);
    const server = smtpUrl(url);
    const timeouts = { connectMs: TIMEOUT_MS, silenceMs: TIMEOUT_MS };
    const transport = createTransport({ ...smtpOptions(server, timeouts), pool: false });
    try {
      await transport.verify();
    } catch (error) {
      const { code, responseCode } = error as { readonly code?: string; readonly responseCode?: number };
      if (code !== 'EAUTH') throw unavailable(`the mail server at ${server.host}`, error);
      throw invalidInput(
        'password',
        `is refused by the mail server at ${server.host} (${responseCode}): nothing was changed`,
      );
    } finally {
      transport.close();
    }
  },
};

export const REDIS: Service = {
  setting: 'CARDEA_REDIS_URL',
  tryOut: (url) => asked(url, async (send) => void (await send(['PING']))),
  passwords: {
    async add(url, password) {
      const { kind } = await placeOf(url);
      if (kind !== undefined) throw byHand('each node of a cluster or of Sentinel has users of its own');
      await asked(url, async (send) => {
        const user = String(await send(['ACL', 'WHOAMI']));
        await send(['ACL', 'SETUSER', user, `#${digestOf(password)}`]);
      }).catch((error: unknown) => {
        throw deniedBy(error) ? byHand('the user of the URL may not change its own passwords') : error;
      });
    },
    async remove(url, password) {
      const { kind, credentials } = await placeOf(url);
      const command = `ACL SETUSER ${credentials?.username ?? 'default'} '!${digestOf(password)}'`;
      const left = `run at ${kind === undefined ? '' : 'each node of '}Redis, as a user who may: ${command}; then ACL SAVE`;
      if (kind !== undefined) return left;
      return asked(url, async (send) => {
        const user = String(await send(['ACL', 'WHOAMI']));
        await send(['ACL', 'SETUSER', user, `!${digestOf(password)}`]);
        // With a file of users, or with users in its configuration.
        const isKept = await send(['ACL', 'SAVE'])
          .catch(() => send(['CONFIG', 'REWRITE']))
          .then(
            () => true,
            () => false,
          );
        return isKept
          ? undefined
          : 'write the passwords into the configuration of Redis: ACL SAVE and CONFIG REWRITE were refused';
      }).catch((error: unknown) => {
        if (deniedBy(error)) return left;
        throw error;
      });
    },
  },
};

/**
 * The service accepts the new password beside the old one and lets Cardea sign in with it, then the file of the URL has it, all servers
 * use it, and then the old one ends.
 */
export async function rotateServicePassword(
  { setting, tryOut, passwords }: Service,
  { env, withContext, readNewPassword, createProgress }: CommandTools,
  options: RotateOptions,
): Promise<Item> {
  const file = secretFileOf(env, setting);
  const made = passwords && !options.passwordStdin ? passwords : undefined;
  const password = made ? randomBytes(32).toString('base64url') : await readNewPassword(options);
  let result: Item = {};

  async function rotate(context: Context): Promise<void> {
    const before = secretIn(file);
    const after = withUrlPassword(before, password);
    const put = prepared(file, after);
    try {
      if (made && !options.dryRun) await made.add(before, password);
      try {
        // A password that is made now is not known there before.
        await tryOut(made && options.dryRun ? before : after);
        await context.operate(secrets.replaced, { body: { setting } }, options);
        if (!options.dryRun) put.replace();
      } catch (error) {
        if (made && !options.dryRun) await made.remove(before, password).catch(() => {}); // the first error says more
        throw error;
      }
    } finally {
      put.discard();
    }
    result = { file, rotated: !options.dryRun };
    if (options.dryRun) return;
    const progress = createProgress({ every: 1 });
    const servers = await awaitServers(context, { setting, text: after, timeout: options.timeout, progress });
    const left = await leftToDo(before, after);
    result = { ...result, servers, ...(left === undefined ? {} : { left }) };
  }

  async function leftToDo(before: string, after: string): Promise<string | undefined> {
    if (after === before) return undefined;
    return passwords ? passwords.remove(after, passwordIn(before)) : 'remove the old password at the mail server';
  }

  await withContext((context) => rotating(context, setting, () => rotate(context)));
  return result;
}

/** Several hosts are no URL that `URL` can read. */
const USER_AND_PASSWORD = /^([a-z+]+:\/\/[^:@/]*:)([^@/]*)(?=@)/;

function withUrlPassword(url: string, password: string): string {
  if (!USER_AND_PASSWORD.test(url)) throw new UsageError('the URL in the file has no password');
  return url.replace(USER_AND_PASSWORD, (_, start: string) => start + encodeURIComponent(password));
}

const passwordIn = (url: string): string => decodeURIComponent(USER_AND_PASSWORD.exec(url)?.[2] ?? '');

/** As Redis itself stores and lists passwords. */
const digestOf = (password: string): string => createHash('sha256').update(password).digest('hex');

async function placeOf(url: string) {
  const { redisPlace } = await import('../platform/redis.ts');
  return redisPlace(url);
}

async function asked<T>(url: string, work: (send: (command: string[]) => Promise<unknown>) => Promise<T>): Promise<T> {
  const { onRedis, redisPlace } = await import('../platform/redis.ts');
  const { hosts } = redisPlace(url);
  try {
    return await onRedis(url, AbortSignal.timeout(TIMEOUT_MS), work);
  } catch (error) {
    if (/^(WRONGPASS|NOAUTH)/.test(String((error as Error).message)))
      throw invalidInput('password', `is refused by Redis at ${hosts}: nothing was changed`);
    throw deniedBy(error) ? error : unavailable(`Redis at ${hosts}`, error);
  }
}

const deniedBy = (error: unknown): boolean => /^NOPERM/.test(String((error as Error).message));

const byHand = (why: string): AppError =>
  new AppError(
    'conflict',
    `${why}: add a password there as a user who may (ACL SETUSER USER '>NEW'), then run this command with --password-stdin and the same password`,
  );
