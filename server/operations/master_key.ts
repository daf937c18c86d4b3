import { Type } from 'typebox';
import type { RunningNode } from '../../keys/store.ts';
import type { Changes } from '../audit/entries.ts';
import { AppError } from '../platform/errors.ts';
import { reseal } from '../platform/reseal.ts';
import { stream } from './operation.ts';
import { strict } from './schema.ts';
import { SEALED } from './sealed_columns.ts';

const Count = Type.Integer({ minimum: 0 });

/** The key that encrypts secrets in the database. */
export const masterKey = {
  rotate: stream({
    name: 'master_key.rotate',
    permission: 'config:write',
    target: 'master_key',
    changes: true,
    summary: 'Encrypt everything again under the first master key',
    description:
      'Batches commit by themselves, so the audit has an entry when it begins, and another one when it has seen everything. ' +
      'For the command line alone.',
    schemas: {
      output: strict({
        table: Type.String(),
        column: Type.String(),
        seen: Count,
        resealed: Count,
        unreadable: Type.Integer({ minimum: 0, description: 'values that no key in the list can open' }),
        complete: Type.Boolean({ description: 'the whole column was seen' }),
      }),
    },
    example: {
      output: { table: 'data_keys', column: 'sealed_key', seen: 3, resealed: 3, unreadable: 0, complete: true },
    },
    async *run({ db, sealer, keyRing }, _input, { dryRun, force, requestId }, commit) {
      const ring = await keyRing();
      const notEverywhere = async () => (force ? undefined : unusedBy(sealer.keyIds, await ring.nodes()));
      const early = await notEverywhere();
      if (early) throw early;
      const tell = (values: Readonly<Record<string, unknown>>) =>
        commit({ statements: [], target: { kind: 'master_key', id: requestId }, changes: visible(values) });
      await tell({ complete: false });
      const all = { seen: 0, resealed: 0, unreadable: 0 };
      for (const sealed of SEALED) {
        const { table, column } = sealed;
        let total = { seen: 0, resealed: 0, unreadable: 0 };
        for await (total of reseal(db, sealer, sealed, { dryRun }))
          yield [{ table, column, ...total, complete: false }];
        yield [{ table, column, ...total, complete: true }];
        all.seen += total.seen;
        all.resealed += total.resealed;
        all.unreadable += total.unreadable;
      }
      await tell({ ...all, complete: true });
      return all.unreadable === 0 ? notEverywhere() : unreadable(all.unreadable);
    },
  }),
};

/**
 * A server without the new key could not read what is sealed under it, and one that has it behind the old key seals under the old one,
 * which would be dropped after the rotation.
 * @param keyIds of this process, the new key first
 * @returns the error when there is such a server
 */
function unusedBy([current = '']: readonly string[], nodes: readonly RunningNode[]): AppError | undefined {
  const others = nodes.filter(({ masterKeys }) => masterKeys[0] !== current);
  if (others.length === 0) return undefined;
  return new AppError(
    'master_key_not_everywhere',
    `${others.length} of ${nodes.length} running servers do not have the first key of CARDEA_MASTER_KEY as their first, or are of an earlier version (${others.map(({ nodeId }) => nodeId).join(', ')}): restart each with both keys, the new one first (ops/docs/secrets.md), and run this command again, or give --force if they have ended`,
  );
}

function unreadable(count: number): AppError {
  return new AppError(
    'sealed_value_unreadable',
    `${count} values cannot be opened: their master key is not in CARDEA_MASTER_KEY; keep every older key until none is left`,
  );
}

function visible(values: Readonly<Record<string, unknown>>): Changes {
  return Object.fromEntries(Object.entries(values).map(([name, after]) => [name, { after }]));
}
