import { randomBytes } from 'node:crypto';
import { nameOfPepper } from '../accounts/peppers.ts';
import { passwords } from '../operations/passwords.ts';
import { secrets } from '../operations/secrets.ts';
import { AppError } from '../platform/errors.ts';
import { plainKeys } from '../platform/key_values.ts';
import { MASTER_KEY_BYTES } from '../platform/sealing.ts';
import { secretIn, split } from '../platform/settings.ts';
import { awaitServers, type RotateOptions } from './awaited_servers.ts';
import { type Context, UsageError } from './context.ts';
import type { Item } from './output.ts';
import { prepared, rotating, secretFileOf } from './secret_file.ts';
import type { CommandTools } from './tools.ts';

const setting = 'CARDEA_PASSWORD_PEPPER';

/**
 * All servers accept the new pepper before the first of them uses it: it is put behind the old one, then before it. People get it as they
 * sign in; `--finish` removes the old one when no password needs it.
 */
export async function rotatePepper(
  { env, withContext, createProgress }: CommandTools,
  options: RotateOptions,
): Promise<Item> {
  const file = secretFileOf(env, setting);
  const how = { setting, timeout: options.timeout, progress: createProgress({ every: 1 }) } as const;
  let result: Item = {};
  const put = (text: string) => prepared(file, text).replace();

  async function begin(context: Context): Promise<void> {
    const [old = '', ...others] = split(secretIn(file));
    if (others.length > 0)
      throw new UsageError(`${file} has more than one pepper: --finish removes those that no password needs`);
    const next = randomBytes(MASTER_KEY_BYTES).toString('base64');
    await context.operate(secrets.replaced, { body: { setting } }, options);
    result = { file, rotated: !options.dryRun };
    if (options.dryRun) return prepared(file, old).discard();
    put(`${old},${next}`);
    try {
      await awaitServers(context, { ...how, text: `${old},${next}`, how: 'accept' });
    } catch (error) {
      // No server has hashed with it yet.
      put(old);
      throw error;
    }
    put(`${next},${old}`);
    const servers = await awaitServers(context, { ...how, text: `${next},${old}` });
    result = { ...result, servers, left: 'people get it as they sign in: later, run this command with --finish' };
  }

  async function finish(context: Context): Promise<void> {
    const before = secretIn(file);
    const [kept = '', ...others] = split(before);
    const needed = nameOfPepper(plainKeys(kept)[0] ?? new Uint8Array());
    await awaitServers(context, { ...how, text: before });
    const { items } = await context.operate(passwords.status, {});
    const people = items
      .filter(({ pepper }) => pepper !== null && pepper !== needed)
      .reduce((sum, { people: count }) => sum + count, 0);
    if (people > 0)
      throw new AppError('conflict', `${people} people have not signed in since: their passwords need the old pepper`);
    result = { file, rotated: false, removed: others.length };
    if (options.dryRun || others.length === 0) return;
    put(kept);
    result = { ...result, servers: await awaitServers(context, { ...how, text: kept }) };
  }

  const work = options.finish ? finish : begin;
  await withContext((context) => rotating(context, setting, () => work(context)));
  return result;
}
