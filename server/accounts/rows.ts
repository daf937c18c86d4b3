import type { Selectable } from 'kysely';
import type { Accounts } from '../platform/database.ts';
import type { Row } from '../platform/db.ts';
import { ownKeyOf } from '../platform/own_sealing.ts';
import { columnSealer, type Place, type Sealer } from '../platform/sealing.ts';
import type { AcceptedText, Account, SecondFactorKind } from './account.ts';
import { type DeletionAsker, type RestrictionReason, type StandingParts, standingOf } from './standing.ts';

// The columns of an account, and the places of its sealed values.

const ACCOUNT_COLUMNS = [
  'id',
  'sealed_profile',
  'sealed_subject',
  'password_hash',
  'password_set_at',
  'disabled_at',
  'deletion_due_at',
  'deletion_by',
  'restricted_at',
  'restriction_reason',
  'groups',
  'roles',
  'second_factors',
  'epoch',
  'version',
  'created_at',
  'updated_at',
] as const satisfies readonly (keyof Accounts)[];

/** A sign-in decides by these which texts it has to ask about, without a statement of its own. */
const ACCEPTED = `ARRAY(SELECT json_build_object('kind', t.kind, 'version', t.version) FROM accepted_texts t
  WHERE t.account_id = a.id AND t.withdrawn_at IS NULL)`;

/** Selects the columns of `accounts AS a` with the person's own key, by names that no joining query has of its own. */
export const COLUMNS = [
  ...ACCOUNT_COLUMNS.map((column) => `a.${column} AS account_${column}`),
  `${ACCEPTED} AS account_accepted_texts`,
  `${ownKeyOf('a.id')} AS account_sealed_key`,
].join(', ');

type AccountColumns = { [K in (typeof ACCOUNT_COLUMNS)[number] as `account_${K}`]: Selectable<Accounts>[K] };

export type AccountRow = Omit<AccountColumns, 'account_second_factors'> & {
  account_second_factors: SecondFactorKind[];
  account_accepted_texts: AcceptedText[];
  /** Null when a LEFT JOIN found no account, and when the key was destroyed: the account then counts as gone. */
  account_sealed_key: Buffer | null;
};

/** The part of an account that decides a sign-in. */
export type Credentials = Pick<Account, 'id' | 'passwordHash' | 'passwordSetAt' | 'standing' | 'epoch'>;

const DATA_KEY = { table: 'data_keys', column: 'sealed_key' };

/** Where people's own keys were before they had a table: values that were moved are bound to it until they are sealed again. */
export const FORMER_KEY = { table: 'accounts', column: 'sealed_key' };

export function sealDataKey(sealer: Sealer, accountId: string, dataKey: Uint8Array): Buffer {
  return columnSealer(sealer, DATA_KEY).seal(accountId, dataKey);
}

/** @throws AppError `sealed_value_unreadable` */
export function openDataKey(sealer: Sealer, accountId: string, sealed: Uint8Array): Buffer {
  try {
    return columnSealer(sealer, DATA_KEY).open(accountId, sealed);
  } catch (error) {
    try {
      return columnSealer(sealer, FORMER_KEY).open(accountId, sealed);
    } catch {
      throw error;
    }
  }
}

/** The columns that decide the standing of an account, as its members. */
export function standingParts(columns: AccountRow): StandingParts {
  const { account_deletion_due_at: dueAt, account_restricted_at: since } = columns;
  const by = (columns.account_deletion_by ?? 'operator') as DeletionAsker;
  const reason = (columns.account_restriction_reason ?? 'objection') as RestrictionReason;
  return {
    disabled: columns.account_disabled_at !== null,
    ...(dueAt === null ? {} : { deletion: { dueAt, by } }),
    ...(since === null ? {} : { restriction: { since, reason } }),
  };
}

export function profilePlace(id: string): Place {
  return { table: 'accounts', column: 'sealed_profile', row: id };
}

/** The same as the store's `fromRow`, without decrypting anything. */
export function credentialsOf(row: Row): Credentials | undefined {
  const columns = row as unknown as AccountRow;
  if (!columns.account_sealed_key) return undefined;
  return {
    id: columns.account_id,
    passwordHash: columns.account_password_hash,
    passwordSetAt: columns.account_password_set_at,
    standing: standingOf(standingParts(columns)),
    epoch: columns.account_epoch,
  };
}
