import type { Command } from 'commander';
import { COOKIE_RING } from '../../keys/jwks.ts';
import type { ListedKey, RotationResult } from '../../keys/rotate.ts';
import { type Item, JSON_OPTION, type PrintOptions } from './output.ts';
import type { CommandTools } from './tools.ts';

const COLUMNS = [
  'kid',
  'alg',
  'state',
  'created_at',
  'activated_at',
  'retiring_at',
  'retires_at',
  'retired_at',
  'revoked',
];

export function keysCommand(noun: Command, { verb, printItem, printItems }: CommandTools): void {
  function printOutcome(outcomes: readonly RotationResult[], nothing: string, options: PrintOptions): void {
    const done: Item[] = outcomes.flatMap((outcome) => outcome.done.map((one) => ({ ...one })));
    const version = outcomes.findLast((outcome) => outcome.version !== undefined)?.version ?? null;
    if (options.json) printItem({ version, done }, options);
    else printItems(done, ['do', 'ring', 'kid', 'state'], nothing, options);
  }

  noun
    .command('list')
    .description('list all keys, oldest first')
    .option('--all', 'include the keys that sign cookies')
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions & { all?: boolean }>(async (context, options) => {
        const keys = (await (await context.keyRing()).list()).filter((key) => options.all || key.ring !== COOKIE_RING);
        printItems(keys.map(describe), COLUMNS, 'There are no keys yet; a server makes them when it starts.', options);
      }),
    );

  noun
    .command('rotate')
    .description(
      'replace the active key: the next one signs as soon as every node and every verifier can have fetched it',
    )
    .option('--now', 'for an emergency: a new key signs at once, before verifiers have fetched it')
    .option('--ring <name>', `RS256, ES256, EdDSA or ${COOKIE_RING} (default: all that sign tokens)`)
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions & { now?: boolean; ring?: string }>(async (context, options) => {
        const ring = await context.keyRing();
        const names = options.ring === undefined ? context.config.keys.rings : [options.ring];
        const outcomes: RotationResult[] = [];
        for (const name of names) outcomes.push(await ring.rotate({ ring: name, now: options.now ?? false }));
        printOutcome(outcomes, 'There was nothing to do: the next key waits until everybody can know it.', options);
      }),
    );

  noun
    .command('revoke')
    .description('revoke a key at once: its signatures are refused from now on')
    .argument('<kid>')
    // A thumbprint (RFC 7638) begins with "-" as often as with any other of 64 characters.
    .allowUnknownOption()
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async (context, options, kid = '') => {
        printOutcome([await (await context.keyRing()).revoke(kid)], '', options);
      }),
    );
}

function describe(key: ListedKey): Item {
  const time = (ms: number | undefined) => (ms === undefined ? null : new Date(ms));
  return {
    kid: key.kid,
    alg: key.alg,
    ring: key.ring,
    state: key.state,
    revoked: key.revoked,
    created_at: time(key.createdAt),
    activated_at: time(key.activatedAt),
    retiring_at: time(key.retiringAt),
    // when it will be withdrawn, and when it was
    retires_at: time(key.retiresAt),
    retired_at: time(key.retiredAt),
  };
}
