import { randomBytes } from 'node:crypto';
import { nameOfPepper } from '../accounts/peppers.ts';
import { audit } from '../operations/audit.ts';
import { passwords } from '../operations/passwords.ts';
import { secrets } from '../operations/secrets.ts';
import { AppError } from '../platform/errors.ts';
import { plainKeys } from '../platform/key_values.ts';
import { MASTER_KEY_BYTES } from '../platform/sealing.ts';
import { secretIn, split } from '../platform/settings.ts';
import { awaitServers, type RotateOptions } from './awaited_servers.ts';
import { type Context, UsageError } from './context.ts';
import type { Item } from './output.ts';
import { prepared, replaceNoted, rotating, secretFileOf } from './secret_file.ts';
import type { CommandTools } from './tools.ts';

const setting = 'CARDEA_PASSWORD_PEPPER';

/**
 * All servers accept the new pepper before the first of them uses it: it is put behind the old one, then before it. People get it as they
 * sign in; `--finish` removes the old one when no password needs it.
 */
export async function rotatePepper(
  { env, withContext, createProgress, note: tell }: CommandTools,
  options: RotateOptions,
): Promise<Item> {
  const file = secretFileOf(env, setting);
  const how = { setting, file, timeout: options.timeout, progress: createProgress({ every: 1 }) } as const;
  let result: Item = {};
  const put = (text: string) => prepared(file, text).replace();
  const note = (context: Context, pepper?: string) =>
    context.operate(secrets.replaced, { body: { setting, ...(pepper === undefined ? {} : { pepper }) } }, options);

  async function begin(context: Context): Promise<void> {
    const peppers = split(secretIn(file));
    const announced = await announcedPepper(context);
    const isHalfway = peppers.length === 2 && announced === idOf(peppers[1]);
    if (peppers.length > 1 && !isHalfway)
      throw announced === idOf(peppers[0])
        ? new UsageError(`${file} has more than one pepper: --finish removes those that no password needs`)
        : byHand(file);
    const [old = '', next = randomBytes(MASTER_KEY_BYTES).toString('base64')] = peppers;
    result = { file, rotated: !options.dryRun };
    const behind = prepared(file, `${old},${next}`);
    try {
      // Before the file has it: a rotation that is killed after that is known by it.
      await note(context, idOf(next));
      if (!options.dryRun) behind.replace();
    } finally {
      behind.discard();
    }
    if (options.dryRun) return;
    try {
      await awaitServers(context, { ...how, text: `${old},${next}`, how: 'accept' });
    } catch (error) {
      // No server has hashed with it yet.
      put(old);
      await note(context).catch(() => {}); // the first error says more
      throw error;
    }
    put(`${next},${old}`);
    const servers = await awaitServers(context, { ...how, text: `${next},${old}` });
    result = { ...result, servers, left: 'people get it as they sign in: later, run this command with --finish' };
  }

  async function finish(context: Context): Promise<void> {
    const before = secretIn(file);
    const [kept = '', ...others] = split(before);
    const announced = await announcedPepper(context);
    if (others.length > 0 && announced !== idOf(kept)) {
      if (!others.some((other) => announced === idOf(other))) throw byHand(file);
      throw new UsageError(
        `a rotation was ended before servers used the new pepper, which is the last one in ${file}: run this command without --finish, which goes on with it`,
      );
    }
    const needed = idOf(kept);
    await awaitServers(context, { ...how, text: before });
    const { items } = await context.operate(passwords.status, {});
    const people = items
      .filter(({ pepper }) => pepper !== null && pepper !== needed)
      .reduce((sum, { people: count }) => sum + count, 0);
    if (people > 0)
      throw new AppError('conflict', `${people} people have not signed in since: their passwords need the old pepper`);
    result = { file, rotated: false, removed: 0 };
    if (others.length === 0) return;
    await replaceNoted(context, { setting, put: prepared(file, kept), before }, options);
    if (options.dryRun) result = { ...result, removable: others.length };
    else result = { ...result, removed: others.length, servers: await awaitServers(context, { ...how, text: kept }) };
  }

  const work = options.finish ? finish : begin;
  await withContext((context) => rotating(context, { setting, file, note: tell }, options, () => work(context)));
  return result;
}

/** The id of the new pepper of a rotation that is not finished, by the audit; undefined when there is none. */
async function announcedPepper({ operate }: Context): Promise<unknown> {
  const filter = `action eq "${secrets.replaced.name}" and target_id eq "${setting}" and outcome eq "done"`;
  const { items } = await operate(audit.list, { query: { filter, limit: 1 } });
  return items[0]?.changes?.pepper?.after;
}

const idOf = (pepper = ''): string => nameOfPepper(plainKeys(pepper)[0] ?? new Uint8Array());

const byHand = (file: string): UsageError =>
  new UsageError(
    `${file} has more than one pepper, and no rotation of this command has begun with them: they were put there by hand. ` +
      'Passwords get the first one. Go on by hand: put the new one first, and remove another from the file when "cardea passwords status" shows no password with it',
  );
