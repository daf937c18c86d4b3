import { setTimeout } from 'node:timers/promises';
import { Option } from 'commander';
import { type FreshSecret, printOfText } from '../fresh_secrets.ts';
import { AppError } from '../platform/errors.ts';
import { findSecretPrint, printsIn } from '../platform/secret_prints.ts';
import { seconds } from '../platform/settings.ts';
import { type Context, UsageError } from './context.ts';
import type { ChangeOptions, Progress } from './output.ts';

type KeyRing = Awaited<ReturnType<Context['services']['keyRing']>>;
type RunningNode = Awaited<ReturnType<KeyRing['nodes']>>[number];

const AGAIN_MS = 500;

export const timeoutOption = (): Option =>
  new Option('--timeout <duration>', 'how long to wait until all running servers use the new value')
    .argParser(secondsOf)
    .default(300, '5m');

export interface RotateOptions extends ChangeOptions {
  readonly passwordStdin?: boolean;
  /** Seconds. */
  readonly timeout: number;
  readonly finish?: boolean;
}

/**
 * `use`: servers have the same values in the same order; `read`: the same, of a text that stands for the same value as before; `accept`:
 * they have all of them, in any order.
 */
const HOW = {
  use: (setting: string) => `use the new ${setting}`,
  read: (setting: string) => `read the file of ${setting} again`,
  accept: (setting: string) => `accept the new ${setting}`,
} as const;

export interface AwaitedSecret {
  readonly setting: FreshSecret;
  readonly file: string;
  /** What the file has. */
  readonly text: string;
  /** Default: `use`. */
  readonly how?: keyof typeof HOW;
  /** Seconds. */
  readonly timeout: number;
  readonly progress: Progress;
}

/**
 * Waits until every running server has told that it uses the new value of a secret. A server of an earlier version, which tells nothing,
 * is waited for as well.
 * @returns how many run
 * @throws AppError 409 `conflict` when some do not after the time
 */
export async function awaitServers(
  { services, db, sealer }: Pick<Context, 'services' | 'db' | 'sealer'>,
  { setting, file, text, how = 'use', timeout, progress }: AwaitedSecret,
): Promise<number> {
  const until = performance.now() + 1_000 * timeout;
  const keyRing = await services.keyRing();
  const seenFirst = new Map((await keyRing.nodes()).map(({ nodeId, seenAt }) => [nodeId, seenAt]));
  let isThere: ((node: RunningNode) => boolean) | undefined;
  for (;;) {
    await keyRing.callNodes();
    // The first server of this version makes the key of the fingerprints.
    isThere ??= await tellsOf({ db, sealer }, { setting, text, how });
    const nodes = await keyRing.nodes();
    const without = nodes.filter((node) => !isThere?.(node));
    const state = `${nodes.length - without.length} of ${nodes.length} running servers ${HOW[how](setting)}`;
    if (without.length === 0) {
      progress.end(state);
      return nodes.length;
    }
    if (performance.now() > until) {
      const why = without.map((node) => {
        const isSilent = seenFirst.get(node.nodeId) === node.seenAt;
        return `${node.nodeId} ${whyNot(node, { setting, file, isSilent })}`;
      });
      throw new AppError('conflict', `only ${state}: ${why.join('; ')}`);
    }
    progress.show(nodes.length - without.length, state);
    await setTimeout(AGAIN_MS);
  }
}

async function tellsOf(
  { db, sealer }: Pick<Context, 'db' | 'sealer'>,
  { setting, text, how }: Required<Pick<AwaitedSecret, 'setting' | 'text' | 'how'>>,
): Promise<((node: RunningNode) => boolean) | undefined> {
  const print = await findSecretPrint(db, sealer);
  if (!print) return undefined;
  const wanted = printsIn([printOfText(setting, text, print)], setting);
  return ({ secrets }) => {
    const prints = printsIn(secrets, setting);
    return how === 'accept' ? wanted.every((one) => prints.includes(one)) : prints.join() === wanted.join();
  };
}

/** @param isSilent it has not told anything since the command waits */
function whyNot(
  { secrets }: RunningNode,
  { setting, file, isSilent }: Pick<AwaitedSecret, 'setting' | 'file'> & { readonly isSilent: boolean },
): string {
  if (secrets.length === 0) return 'does not tell which secrets it has: it is of an earlier version';
  if (isSilent) return 'has not told anything since: it may be frozen, or without the database';
  if (printsIn(secrets, setting).length === 0) return `has no ${setting}`;
  return `has another value: ${setting}_FILE has to name ${file}, or a file with the same content there, and ${setting} is not read again`;
}

/** @throws UsageError */
function secondsOf(duration: string): number {
  try {
    return Number(seconds(0)(duration));
  } catch (error) {
    throw new UsageError(`--timeout ${(error as Error).message}`);
  }
}
