import { randomBytes } from 'node:crypto';
import { AppError, unavailable } from '../platform/errors.ts';
import { secretIn } from '../platform/settings.ts';
import { smtpUrl } from '../platform/smtp_url.ts';
import { awaitServers, type RotateOptions } from './awaited_servers.ts';
import { type Context, UsageError } from './context.ts';
import type { Item } from './output.ts';
import { reason } from './reason.ts';
import { prepared, replaceNoted, rotating, secretFileOf } from './secret_file.ts';
import type { CommandTools } from './tools.ts';

/** A service that Cardea signs in to by the URL of a setting. */
export interface Service {
  readonly setting: 'CARDEA_REDIS_URL' | 'CARDEA_SMTP_URL';
  /** Signs in. @param refusal the end of the message when that is refused. @throws AppError also when it cannot be tried */
  tryOut(url: string, refusal: string): Promise<void>;
  /** How passwords are added and removed there; undefined where no protocol does it. */
  readonly passwords?: {
    /** @returns why the user of the URL cannot get another password by this command. @throws AppError when it has none of its own */
    check(url: string, refusal: string): Promise<string | undefined>;
    /** @returns as `check` */
    add(url: string, password: string): Promise<string | undefined>;
    takeBack(url: string, password: string): Promise<void>;
    /** Leaves the user the password of the URL alone. @returns how many others ended, and what is left to do */
    endOthers(url: string): Promise<Ending>;
  };
}

interface Ending {
  readonly ended?: number;
  readonly left?: string;
}

const TIMEOUT_MS = 10_000;

/** Of a command that the mail server does not have (RFC 5321 §4.2.2). */
const UNKNOWN_COMMAND = [500, 502, 503];

export const MAIL_SERVER: Service = {
  setting: 'CARDEA_SMTP_URL',
  async tryOut(url, refusal) {
    const [{ createTransport }, { smtpOptions }] = await Promise.all([
      import('nodemailer'),
      import('../platform/mail.ts'),
    ]);
    const server = smtpUrl(url);
    const timeouts = { connectMs: TIMEOUT_MS, silenceMs: TIMEOUT_MS };
    // Without `forceAuth` a server that offers no sign-in would pass any password.
    const transport = createTransport({ ...smtpOptions(server, timeouts), pool: false, forceAuth: true });
    try {
      await transport.verify();
    } catch (error) {
      const { code, responseCode } = error as { readonly code?: string; readonly responseCode?: number };
      if (code !== 'EAUTH') throw unavailable(`the mail server at ${server.host}`, error);
      const isUnknown = responseCode !== undefined && UNKNOWN_COMMAND.includes(responseCode);
      const why = isUnknown ? 'lets nobody sign in, so that no password can be tried: nothing was changed' : refusal;
      throw new AppError('conflict', `the mail server at ${server.host} ${why} (${responseCode ?? code})`);
    } finally {
      transport.close();
    }
  },
};

/**
 * The service accepts the new password beside the old one and lets Cardea sign in with it, then the file of the URL has it, all servers
 * use it, and then the earlier ones end, also those that a rotation has left that did not reach its end.
 */
export async function rotateServicePassword(
  { setting, tryOut, passwords }: Service,
  { env, withContext, readNewPassword, createProgress, note }: CommandTools,
  options: RotateOptions,
): Promise<Item> {
  const file = secretFileOf(env, setting);
  const made = passwords && !options.passwordStdin ? passwords : undefined;
  const password = made ? randomBytes(32).toString('base64url') : await readNewPassword(options);
  if (password === '') throw new UsageError('the new password is empty');
  const refusal = made
    ? `refuses the password in ${file}: give the user that password there, or write a URL that works into the file`
    : 'refuses the new password: nothing was changed';
  let result: Item = {};

  async function rotate(context: Context): Promise<void> {
    const before = secretIn(file);
    const after = withUrlPassword(before, password, file);
    assertMay(await passwords?.check(made ? before : after, refusal));
    const put = prepared(file, after);
    try {
      if (made && !options.dryRun) assertMay(await made.add(before, password));
      try {
        // A password that is made now is not known there before.
        await tryOut(made && options.dryRun ? before : after, refusal);
        await replaceNoted(context, { setting, put, before }, options);
      } catch (error) {
        if (made && !options.dryRun) await made.takeBack(before, password).catch(() => {}); // the first error says more
        throw error;
      }
    } finally {
      put.discard();
    }
    result = { file, rotated: !options.dryRun };
    if (!options.dryRun) result = { ...result, ...(await finish(context, after)) };
  }

  function assertMay(whyNot: string | undefined): void {
    if (made && whyNot !== undefined) throw byHand(whyNot);
  }

  async function finish(context: Context, text: string): Promise<Item> {
    try {
      const progress = createProgress({ every: 1 });
      const servers = await awaitServers(context, { setting, file, text, timeout: options.timeout, progress });
      const ending = passwords
        ? await passwords.endOthers(text)
        : { left: 'remove the old password at the mail server' };
      return { servers, ...ending };
    } catch (error) {
      const then = passwords ? 'run this command again, which ends the earlier ones' : 'then remove the old one there';
      throw new AppError(
        'conflict',
        `${reason(error)}. ${file} has the new password, and the old one is still valid: ${then}`,
        { cause: error },
      );
    }
  }

  await withContext((context) => rotating(context, { setting, file, note }, options, () => rotate(context)));
  return result;
}

/** `URL` cannot read several hosts. As there, the last @ ends the password. */
const USER_AND_PASSWORD = /^([a-z+]+:\/\/[^:/?#]*:)[^/?#]*(?=@)/;

function withUrlPassword(url: string, password: string, file: string): string {
  if (!USER_AND_PASSWORD.test(url)) throw new UsageError(`the URL in ${file} has no password that could be replaced`);
  return url.replace(USER_AND_PASSWORD, (_, start: string) => start + encodeURIComponent(password));
}

const byHand = (why: string): AppError =>
  new AppError(
    'conflict',
    `${why}: add a password there as a user who may (ACL SETUSER USER '>NEW'), then run this command with --password-stdin and the same password`,
  );
