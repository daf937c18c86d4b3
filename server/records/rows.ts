import type { Selectable } from 'kysely';
import type { Records } from '../platform/database.ts';
import type { Row } from '../platform/db.ts';
import type { ModelName } from './models.ts';

/* The rows that the statements of a unit of work find. */

type OrNull<T> = { readonly [K in keyof T]: T[K] | null };

export interface FoundGrant {
  readonly grant_id: string;
  readonly grant_sealed: Buffer;
  readonly grant_epoch: number;
}

export interface FoundSession {
  readonly session_uid: string;
  readonly session_sealed: Buffer;
  /** JSON. */
  readonly session_authorizations: string | null;
}

/** Rows that are read along with another one; null where there is none. */
export type JoinedGrant = OrNull<FoundGrant>;
export type JoinedSession = OrNull<FoundSession>;

/** The other columns of the account are those that `server/accounts` reads. */
export type JoinedAccount = Row & { readonly account_id: string | null };

/** A stored response, and the expiry of an unused successor. */
export interface FoundResponse {
  readonly answer_sealed: Buffer | null;
  readonly answer_expires_at: Date | null;
  readonly successor_expires_at: Date | null;
}

export type FoundRecord = Pick<Selectable<Records>, 'sealed' | 'consumed_at'> &
  FoundResponse &
  JoinedGrant &
  JoinedSession &
  JoinedAccount & { readonly key: Buffer; readonly model: ModelName };

export type FoundTokenStatus = JoinedGrant &
  JoinedSession &
  JoinedAccount & {
    readonly key: string;
    /** Null when the client is gone. */
    readonly client_updated_at: Date | null;
    readonly ended_until: Date | null;
    /** The account that the grant is of. */
    readonly owner: string | null;
  };

export const hasGrant = <R extends JoinedGrant>(row: R): row is R & FoundGrant =>
  row.grant_id !== null && row.grant_sealed !== null;

export const hasSession = <R extends JoinedSession>(row: R): row is R & FoundSession =>
  row.session_uid !== null && row.session_sealed !== null;
