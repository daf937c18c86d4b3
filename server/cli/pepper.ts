import { randomBytes } from 'node:crypto';
import { nameOfPepper } from '../accounts/peppers.ts';
import { passwords } from '../operations/passwords.ts';
import { AppError } from '../platform/errors.ts';
import { plainKeys } from '../platform/key_values.ts';
import { MASTER_KEY_BYTES } from '../platform/sealing.ts';
import { filesBeside } from '../platform/secret_leftovers.ts';
import { secretIn, split } from '../platform/settings.ts';
import { awaitServers, type RotateOptions } from './awaited_servers.ts';
import { type Context, UsageError } from './context.ts';
import type { Item } from './output.ts';
import { type Prepared, prepared, replaceNoted, rotating, secretFileOf } from './secret_file.ts';
import type { CommandTools } from './tools.ts';

const setting = 'CARDEA_PASSWORD_PEPPER';

/**
 * All servers accept the new pepper before the first of them uses it: it is put behind the old one, then before it. People get it as they
 * sign in; `--finish` removes the old one when no password needs it.
 */
export async function rotatePepper(
  { env, withContext, createProgress, note }: CommandTools,
  options: RotateOptions,
): Promise<Item> {
  const file = secretFileOf(env, setting);
  const how = { setting, file, timeout: options.timeout, progress: createProgress({ every: 1 }) } as const;
  let result: Item = {};
  const put = (text: string) => prepared(file, text).replace();
  const noted = (context: Context, last: Prepared) =>
    replaceNoted(context, { setting, put: last, before: secretIn(file) }, options);
  /** True after a rotation that was killed before servers used the new pepper: a prepared file with the new one first is still there. */
  const isHalfway = ([old, next, ...others]: readonly string[]) =>
    others.length === 0 && filesBeside(file).some((one) => secretIn(one) === `${next},${old}`);

  async function begin(context: Context): Promise<void> {
    const peppers = split(secretIn(file));
    if (peppers.length > 1 && !isHalfway(peppers))
      throw new UsageError(`${file} has more than one pepper: --finish removes those that no password needs`);
    const [old = '', next = randomBytes(MASTER_KEY_BYTES).toString('base64')] = peppers;
    result = { file, rotated: !options.dryRun };
    const last = prepared(file, `${next},${old}`);
    if (options.dryRun) return noted(context, last);
    try {
      put(`${old},${next}`);
      await awaitServers(context, { ...how, text: `${old},${next}`, how: 'accept' });
    } catch (error) {
      // No server has hashed with it yet.
      try {
        put(old);
      } finally {
        last.discard();
      }
      throw error;
    }
    await noted(context, last);
    const servers = await awaitServers(context, { ...how, text: `${next},${old}` });
    result = { ...result, servers, left: 'people get it as they sign in: later, run this command with --finish' };
  }

  async function finish(context: Context): Promise<void> {
    const before = secretIn(file);
    const [kept = '', ...others] = split(before);
    if (isHalfway([kept, ...others]))
      throw new UsageError(
        `a rotation was ended before servers used the new pepper, which is the last one in ${file}: run this command without --finish, which goes on with it`,
      );
    const needed = nameOfPepper(plainKeys(kept)[0] ?? new Uint8Array());
    await awaitServers(context, { ...how, text: before });
    const { items } = await context.operate(passwords.status, {});
    const people = items
      .filter(({ pepper }) => pepper !== null && pepper !== needed)
      .reduce((sum, { people: count }) => sum + count, 0);
    if (people > 0)
      throw new AppError('conflict', `${people} people have not signed in since: their passwords need the old pepper`);
    result = { file, rotated: false, removed: 0 };
    if (others.length === 0) return;
    await noted(context, prepared(file, kept));
    if (options.dryRun) result = { ...result, removable: others.length };
    else result = { ...result, removed: others.length, servers: await awaitServers(context, { ...how, text: kept }) };
  }

  const work = options.finish ? finish : begin;
  await withContext((context) => rotating(context, { setting, file, note }, options, () => work(context)));
  return result;
}
