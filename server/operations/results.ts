import { type Selectable, sql } from 'kysely';
import type { Clock } from '../platform/clock.ts';
import type { OperationResults } from '../platform/database.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import { AppError } from '../platform/errors.ts';
import { blindIndex, openJson, type Place, type Sealer, sealJson } from '../platform/sealing.ts';
import { statement, tables } from '../platform/statement.ts';

/** A retry with the same key gets the stored result for so long. */
export const RESULT_SECONDS = 86_400;

type Stored = Pick<Selectable<OperationResults>, 'input_hash' | 'sealed'>;

export const RESULT_STATEMENTS = {
  removeExpired: statement('operation_results.remove_expired', ($: { keyHash: Buffer; now: Date }) =>
    tables.deleteFrom('operation_results').where('key_hash', '=', $.keyHash).where('expires_at', '<=', $.now),
  ),
  // Waits for a call with the same key that is under way on any node, and returns no row once that has committed.
  claim: statement(
    'operation_results.claim',
    ($: { keyHash: Buffer; inputHash: Buffer; expiresAt: Date }) => sql<{ claimed: true }>`
      INSERT INTO operation_results (key_hash, input_hash, sealed, expires_at)
      VALUES (${$.keyHash}, ${$.inputHash}, '', ${$.expiresAt}) ON CONFLICT DO NOTHING RETURNING true AS claimed`,
  ),
  store: statement('operation_results.store', ($: { keyHash: Buffer; sealed: Buffer }) =>
    tables.updateTable('operation_results').set({ sealed: $.sealed }).where('key_hash', '=', $.keyHash),
  ),
  find: statement(
    'operation_results.find',
    ($: { keyHash: Buffer; now: Date }) => sql<Stored>`
      SELECT input_hash, sealed FROM operation_results WHERE key_hash = ${$.keyHash} AND expires_at > ${$.now}`,
  ),
};

/** A call that may be repeated: the key of its result, and its input. */
export interface RepeatableCall {
  readonly keyHash: Buffer;
  readonly inputHash: Buffer;
}

/** The name of the server secret under which inputs are compared: one may hold a password, which a plain hash would give away. */
export const RESULTS_SECRET = 'operation_results';

/** The same JSON for objects whose members come in another order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => [name, sorted(member)]);
}

/** Stores results of operations, so that a caller who did not get one can repeat the call (`Idempotency-Key`). */
export interface Results {
  /** @param owner the actor and the operation: a key means nothing to others */
  repeatable(owner: readonly string[], key: string, input: unknown): Promise<RepeatableCall>;
  /** The first statements of the transaction; the last returns a row unless there is a result already. */
  claim(call: RepeatableCall): readonly [BoundStatement, BoundStatement<{ claimed: true }>];
  /** The last statement of the transaction. */
  store(call: RepeatableCall, output: unknown): BoundStatement;
  /** @returns undefined when there is none. @throws AppError 422 `idempotency_key_reused` for another input */
  find(call: RepeatableCall): Promise<{ readonly output: unknown } | undefined>;
}

/** @param parts `secret`: loads the server secret `RESULTS_SECRET` */
export function createResults(parts: { db: Db; sealer: Sealer; now: Clock; secret(): Promise<Buffer> }): Results {
  const { db, sealer, now, secret } = parts;
  return {
    async repeatable(owner, key, input) {
      const hashed = await secret();
      const digest = (value: unknown) => blindIndex(hashed, JSON.stringify(value));
      return { keyHash: digest(['key', ...owner, key]), inputHash: digest(['input', sorted(input)]) };
    },
    claim: ({ keyHash, inputHash }) => [
      RESULT_STATEMENTS.removeExpired.bind({ keyHash, now: new Date(now()) }),
      RESULT_STATEMENTS.claim.bind({ keyHash, inputHash, expiresAt: new Date(now() + RESULT_SECONDS * 1_000) }),
    ],
    store: ({ keyHash }, output) =>
      RESULT_STATEMENTS.store.bind({ keyHash, sealed: sealJson(sealer, placeOf(keyHash), { output }) }),
    async find({ keyHash, inputHash }) {
      const [row] = await db.query(RESULT_STATEMENTS.find.bind({ keyHash, now: new Date(now()) }));
      if (!row) return undefined;
      if (!row.input_hash.equals(inputHash)) {
        throw new AppError(
          'idempotency_key_reused',
          'this Idempotency-Key was used with another request; use a new one',
        );
      }
      return openJson(sealer, placeOf(keyHash), row.sealed) as { output: unknown };
    },
  };
}

const placeOf = (keyHash: Buffer): Place => ({
  table: 'operation_results',
  column: 'sealed',
  row: keyHash.toString('hex'),
});
