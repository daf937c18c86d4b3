import { setTimeout } from 'node:timers/promises';
import { type FreshSecret, printOfText } from '../fresh_secrets.ts';
import { AppError } from '../platform/errors.ts';
import { findSecretPrint, printsIn } from '../platform/secret_prints.ts';
import { seconds } from '../platform/settings.ts';
import { type Context, UsageError } from './context.ts';
import type { ChangeOptions, Progress } from './output.ts';

const AGAIN_MS = 500;

export const TIMEOUT_OPTION = [
  '--timeout <duration>',
  'how long to wait until all running servers use the new value',
  '5m',
] as const;

export interface RotateOptions extends ChangeOptions {
  readonly passwordStdin?: boolean;
  readonly timeout: string;
  readonly finish?: boolean;
}

export interface Awaited {
  readonly setting: FreshSecret;
  /** What the file of the setting has. */
  readonly text: string;
  /** Default: servers use the same values in the same order. `accept`: they have all of them, in any order. */
  readonly how?: 'use' | 'accept';
  /** As of the option. */
  readonly timeout: string;
  readonly progress: Progress;
}

/**
 * Waits until every running server has told that it uses the new value of a secret.
 * @returns how many run
 * @throws AppError 409 `conflict` when some do not after the time
 */
export async function awaitServers(
  { services, db, sealer }: Pick<Context, 'services' | 'db' | 'sealer'>,
  { setting, text, how = 'use', timeout, progress }: Awaited,
): Promise<number> {
  const print = await findSecretPrint(db, sealer);
  // No server has ever run.
  if (!print) return 0;
  const wanted = printsIn([printOfText(setting, text, print)], setting);
  const isThere = (prints: readonly string[]) =>
    how === 'use' ? prints.join() === wanted.join() : wanted.every((one) => prints.includes(one));
  const until = performance.now() + 1_000 * secondsOf(timeout);
  const keyRing = await services.keyRing();
  for (;;) {
    await keyRing.callNodes();
    const nodes = await keyRing.nodes();
    const without = nodes.filter(({ secrets }) => !isThere(printsIn(secrets, setting)));
    const state = `${nodes.length - without.length} of ${nodes.length} running servers ${how} the new ${setting}`;
    if (without.length === 0) {
      progress.end(state);
      return nodes.length;
    }
    if (performance.now() > until)
      throw new AppError(
        'conflict',
        `only ${state}, not ${without.map(({ nodeId }) => nodeId).join(', ')}: each must read the same ${setting}_FILE ("cardea secrets list" shows how many do)`,
      );
    progress.show(nodes.length - without.length, state);
    await setTimeout(AGAIN_MS);
  }
}

function secondsOf(duration: string): number {
  try {
    return Number(seconds(0)(duration));
  } catch (error) {
    throw new UsageError(`--timeout ${(error as Error).message}`);
  }
}
