import type { Clock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import { type FormResponse, REPEATABLE_MS } from '../platform/form_repeats.ts';
import { createTokenSealer, hashToken, type Place } from '../platform/sealing.ts';
import type { StoredResponseRow } from './stored_responses.ts';

/** What is kept of a form that was answered. */
export interface StoredForm {
  readonly answer: FormResponse;
  /** Where to go when a client has used what the answer carries: asks for the same once more. */
  readonly again?: string | undefined;
  /** The session cookie that the browser sent along. */
  readonly session?: string | undefined;
}

export interface FoundForm extends StoredForm {
  /** Nobody has used the code that the answer carries, if it carries one. */
  readonly isFresh: boolean;
}

/**
 * Answers to forms, kept for a minute for a browser that sends the same form again. Each is sealed under the key of its
 * form, which only that browser can present, and is found by its hash: neither a dump nor the master key opens it.
 */
export interface RepeatedForms {
  find(key: string): Promise<FoundForm | undefined>;
  /**
   * What to keep of an answer (`Unit.keepForm`), in the transaction of what the form changes: of a form that is sent twice
   * at once that lets one through, on any number of nodes.
   * @param code the authorization code that the answer carries
   */
  rowOf(key: string, kept: StoredForm, code?: string): StoredResponseRow;
  /** Keeps an answer where nothing depends on it. */
  note(key: string, kept: StoredForm): Promise<void>;
}

export const REPEATED_FORM_STATEMENTS = {
  note: {
    name: 'repeated_forms.note',
    text: `INSERT INTO repeated_answers (id_hash, successor_hash, sealed_by_token, expires_at)
         VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
  },
  find: {
    name: 'repeated_forms.find',
    text: `SELECT sealed_by_token AS sealed,
                successor_hash IS NULL OR EXISTS (
                  SELECT 1 FROM records r WHERE r.id_hash = successor_hash AND r.consumed_at IS NULL) AS is_fresh
           FROM repeated_answers WHERE id_hash = $1 AND expires_at > $2`,
  },
};

export function createRepeatedForms({ db, now }: { db: Db; now: Clock }): RepeatedForms {
  const rowOf: RepeatedForms['rowOf'] = (key, kept, code) => ({
    idHash: hashOf(key),
    successorHash: code === undefined ? null : hashToken(code),
    sealed: createTokenSealer(key).seal(repeatedFormPlace(key), Buffer.from(JSON.stringify(kept))),
    expiresAt: new Date(now() + REPEATABLE_MS),
  });
  return {
    async find(key) {
      const [row] = await db.run<{ sealed: Uint8Array; is_fresh: boolean }>(REPEATED_FORM_STATEMENTS.find, [
        hashOf(key),
        new Date(now()),
      ]);
      if (!row) return undefined;
      const kept = JSON.parse(createTokenSealer(key).open(repeatedFormPlace(key), row.sealed).toString()) as StoredForm;
      return { ...kept, isFresh: row.is_fresh };
    },
    rowOf,
    async note(key, kept) {
      const { idHash, successorHash, sealed, expiresAt } = rowOf(key, kept);
      await db.run(REPEATED_FORM_STATEMENTS.note, [idHash, successorHash, sealed, expiresAt]);
    },
  };
}

/** Another hash than that of a token: answers to forms and to refreshes share a table, and never a row. */
const hashOf = (key: string) => hashToken(`form ${key}`);

const repeatedFormPlace = (key: string): Place => ({
  table: 'repeated_answers',
  column: 'sealed_by_token',
  row: hashOf(key).toString('hex'),
});
