import { createHash } from 'node:crypto';
import { AppError, unavailable } from '../platform/errors.ts';
import { redisPlace } from '../platform/redis_url.ts';
import type { Service } from './service_passwords.ts';

type Send = (command: string[]) => Promise<unknown>;

const TIMEOUT_MS = 10_000;

const OF_EACH_NODE = 'each node of a cluster or of Sentinel has users of its own';
const MAY_NOT = 'the user of the URL may not change its own passwords';
const NOT_KEPT = 'write the users into the configuration of Redis: ACL SAVE and CONFIG REWRITE were refused';

export const REDIS: Service = {
  setting: 'CARDEA_REDIS_URL',
  tryOut: (url, refusal) => asked(url, refusal, async (send) => void (await send(['PING']))),
  passwords: {
    async check(url, refusal) {
      if (redisPlace(url).kind !== undefined) return OF_EACH_NODE;
      return unlessDenied(
        asked(url, refusal, async (send) => {
          const { user, hasAny } = await own(send);
          if (hasAny) throw withoutPassword(user);
          // Redis before 7.0 has no such command.
          const answer = await send(['ACL', 'DRYRUN', user, 'ACL', 'SETUSER', user]).catch(() => 'OK');
          return answer === 'OK' ? undefined : MAY_NOT;
        }),
        MAY_NOT,
      );
    },
    async add(url, password) {
      return unlessDenied(
        asked(url, '', async (send) => {
          const { user } = await own(send);
          await send(['ACL', 'SETUSER', user, `#${digestOf(password)}`]);
          // A Redis that restarts before the end would refuse what the file has.
          await isKept(send);
          return undefined;
        }),
        MAY_NOT,
      );
    },
    async takeBack(url, password) {
      await asked(url, '', async (send) => {
        const { user } = await own(send);
        await send(['ACL', 'SETUSER', user, `!${digestOf(password)}`]);
        await isKept(send);
      });
    },
    async endOthers(url) {
      const { kind, credentials } = redisPlace(url);
      const command = `ACL SETUSER ${credentials?.username ?? 'default'} resetpass '>NEW'`;
      const left = `run at ${kind === undefined ? '' : 'each node of '}Redis, as a user who may, with the new password for NEW: ${command}; then ACL SAVE`;
      if (kind !== undefined) return { left };
      return unlessDenied(
        asked(url, '', async (send) => {
          const { user, passwords } = await own(send);
          const password = credentials?.password ?? '';
          await send(['ACL', 'SETUSER', user, 'resetpass', `#${digestOf(password)}`]);
          const ended = passwords - 1;
          return (await isKept(send)) ? { ended } : { ended, left: NOT_KEPT };
        }),
        { left },
      );
    },
  },
};

/** The user of the connection. @returns `hasAny`: any password lets it sign in */
async function own(send: Send) {
  const user = String(await send(['ACL', 'WHOAMI']));
  const { flags, passwords } = (await send(['ACL', 'GETUSER', user])) as Record<
    'flags' | 'passwords',
    Iterable<string>
  >;
  return { user, hasAny: [...flags].includes('nopass'), passwords: [...passwords].length };
}

/** By the file of users, or by the configuration that has them. @returns false when Redis has neither */
async function isKept(send: Send): Promise<boolean> {
  for (const command of [
    ['ACL', 'SAVE'],
    ['CONFIG', 'REWRITE'],
  ]) {
    try {
      await send(command);
      return true;
    } catch {
      // The other one may do.
    }
  }
  return false;
}

/** As Redis itself stores and lists passwords. */
const digestOf = (password: string): string => createHash('sha256').update(password).digest('hex');

async function asked<T>(url: string, refusal: string, work: (send: Send) => Promise<T>): Promise<T> {
  const { onRedis } = await import('../platform/redis.ts');
  const { hosts } = redisPlace(url);
  try {
    return await onRedis(url, AbortSignal.timeout(TIMEOUT_MS), work);
  } catch (error) {
    if (error instanceof AppError || isDenied(error)) throw error;
    if (/^(WRONGPASS|NOAUTH)/.test(String((error as Error).message)))
      throw new AppError('conflict', `Redis at ${hosts} ${refusal || 'refuses the password'}`);
    throw unavailable(`Redis at ${hosts}`, error);
  }
}

const isDenied = (error: unknown): boolean => /^NOPERM/.test(String((error as Error).message));

async function unlessDenied<T, Denied>(work: Promise<T>, denied: Denied): Promise<T | Denied> {
  try {
    return await work;
  } catch (error) {
    if (isDenied(error)) return denied;
    throw error;
  }
}

const withoutPassword = (user: string): AppError =>
  new AppError(
    'conflict',
    `any password lets the user ${user} of Redis sign in (nopass), and with one of its own it would refuse all others: nothing was changed. ` +
      `Give it one (ACL SETUSER ${user} '>PASSWORD') when all who use it have the same`,
  );
