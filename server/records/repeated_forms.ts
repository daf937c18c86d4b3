import { sql } from 'kysely';
import type { Clock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import { type FormResponse, REPEATABLE_MS } from '../platform/form_repeats.ts';
import { createTokenSealer, hashToken, type Place } from '../platform/sealing.ts';
import { statement } from '../platform/statement.ts';
import type { NewResponse } from './statements.ts';

/** The stored response to a form. */
export interface StoredForm {
  readonly answer: FormResponse;
  /** The URL that starts the same request again, for when the client has used the code of the response. */
  readonly again?: string | undefined;
  /** The session cookie that the browser sent along. */
  readonly session?: string | undefined;
}

export interface FoundForm extends StoredForm {
  /** The code that the response carries, if it carries one, was not used yet. */
  readonly isFresh: boolean;
}

/**
 * Responses to forms, stored for a minute for a browser that sends the same form again. Each is sealed under the key of
 * its form, which only that browser can present, and is found by its hash: neither a dump nor the master key opens it.
 */
export interface RepeatedForms {
  find(key: string): Promise<FoundForm | undefined>;
  /**
   * The row for `Unit.storeFormResponse`, in the transaction of what the form changes: of a form that is sent twice at
   * once, one transaction commits, on any number of nodes.
   * @param code the authorization code that the response carries
   */
  rowOf(key: string, form: StoredForm, code?: string): NewResponse;
  /** Stores a response where no transaction depends on it. */
  note(key: string, form: StoredForm): Promise<void>;
}

export const REPEATED_FORM_STATEMENTS = {
  insert: statement(
    'repeated_forms.insert',
    ($: NewResponse) => sql`
    INSERT INTO repeated_answers (id_hash, successor_hash, sealed_by_token, expires_at)
    VALUES (${$.id_hash}, ${$.successor_hash}, ${$.sealed_by_token}, ${$.expires_at}) ON CONFLICT DO NOTHING`,
  ),
  find: statement(
    'repeated_forms.find',
    ($: { idHash: Buffer; now: Date }) => sql<{ sealed: Buffer; is_fresh: boolean }>`
      SELECT sealed_by_token AS sealed,
             successor_hash IS NULL OR EXISTS (
               SELECT 1 FROM records r WHERE r.id_hash = successor_hash AND r.consumed_at IS NULL) AS is_fresh
        FROM repeated_answers WHERE id_hash = ${$.idHash} AND expires_at > ${$.now}`,
  ),
};

export function createRepeatedForms({ db, now }: { db: Db; now: Clock }): RepeatedForms {
  const rowOf: RepeatedForms['rowOf'] = (key, form, code) => ({
    id_hash: hashOf(key),
    successor_hash: code === undefined ? null : hashToken(code),
    sealed_by_token: createTokenSealer(key).seal(repeatedFormPlace(key), Buffer.from(JSON.stringify(form))),
    expires_at: new Date(now() + REPEATABLE_MS),
  });
  return {
    async find(key) {
      const bound = REPEATED_FORM_STATEMENTS.find.bind({ idHash: hashOf(key), now: new Date(now()) });
      const [row] = await db.query(bound);
      if (!row) return undefined;
      const plain = createTokenSealer(key).open(repeatedFormPlace(key), row.sealed).toString();
      return { ...(JSON.parse(plain) as StoredForm), isFresh: row.is_fresh };
    },
    rowOf,
    async note(key, form) {
      await db.query(REPEATED_FORM_STATEMENTS.insert.bind(rowOf(key, form)));
    },
  };
}

/** Not the hash of a token: responses to forms and to refreshes share a table, and never a row. */
const hashOf = (key: string) => hashToken(`form ${key}`);

const repeatedFormPlace = (key: string): Place => ({
  table: 'repeated_answers',
  column: 'sealed_by_token',
  row: hashOf(key).toString('hex'),
});
