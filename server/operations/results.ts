import { type Selectable, sql } from 'kysely';
import type { Clock } from '../platform/clock.ts';
import type { OperationResults } from '../platform/database.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import { AppError } from '../platform/errors.ts';
import {
  type Owner,
  type OwnKeys,
  ownKeyOf,
  ownSealing,
  type ReadColumns,
  type SealedColumns,
} from '../platform/own_sealing.ts';
import { blindIndex, type Sealer } from '../platform/sealing.ts';
import { statement, tables } from '../platform/statement.ts';

/** A retry with the same key gets the stored result for so long. */
export const RESULT_SECONDS = 86_400;

type Stored = Pick<Selectable<OperationResults>, 'input_hash'> & ReadColumns;

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
  store: statement('operation_results.store', ($: { keyHash: Buffer } & SealedColumns) =>
    tables
      .updateTable('operation_results')
      .set({ account_id: $.account_id, sealed: $.sealed, sealed_own: $.sealed_own })
      .where('key_hash', '=', $.keyHash),
  ),
  find: statement(
    'operation_results.find',
    ($: { keyHash: Buffer; now: Date }) => sql<Stored>`
      SELECT input_hash, account_id, sealed, sealed_own, ${sql.raw(ownKeyOf('operation_results.account_id'))} AS own_key
        FROM operation_results WHERE key_hash = ${$.keyHash} AND expires_at > ${$.now}`,
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
  /** The last statement of the transaction. @param owner the person whom the result is about */
  store(call: RepeatableCall, output: unknown, owner: Owner | undefined): BoundStatement;
  /** @returns undefined when there is none. @throws AppError 422 `idempotency_key_reused` for another input */
  find(call: RepeatableCall): Promise<{ readonly output: unknown } | undefined>;
}

/** @param parts `secret`: loads the server secret `RESULTS_SECRET`; `people`: loads the store of accounts */
export function createResults(parts: {
  db: Db;
  sealer: Sealer;
  now: Clock;
  secret(): Promise<Buffer>;
  people(): Promise<OwnKeys>;
}): Results {
  const { db, sealer, now, secret } = parts;
  const sealing = (people: OwnKeys) => ownSealing({ sealer, people }, 'operation_results');
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
    store: ({ keyHash }, output, owner) =>
      RESULT_STATEMENTS.store.bind({ keyHash, ...sealing(NO_PEOPLE).seal(keyHash.toString('hex'), owner, { output }) }),
    async find({ keyHash, inputHash }) {
      const [row] = await db.query(RESULT_STATEMENTS.find.bind({ keyHash, now: new Date(now()) }));
      if (!row) return undefined;
      if (!row.input_hash.equals(inputHash)) {
        throw new AppError(
          'idempotency_key_reused',
          'this Idempotency-Key was used with another request; use a new one',
        );
      }
      const people = row.sealed_own ? await parts.people() : NO_PEOPLE;
      return sealing(people).open(keyHash.toString('hex'), row) as { output: unknown };
    },
  };
}

/** For values that need no own key. */
const NO_PEOPLE: OwnKeys = {
  sealerFrom() {
    throw new Error('no store of accounts');
  },
};
