import type { Row } from '../platform/db.ts';
import type { Place } from '../platform/sealing.ts';
import type { Account, SecondFactorKind } from './account.ts';

// How an account lies in the database: its columns, as `COLUMNS` selects them, and the places of what is sealed.

/** What signing in is judged by. */
export type Credentials = Pick<Account, 'id' | 'passwordHash' | 'passwordSetAt' | 'disabled' | 'epoch'>;

export interface AccountRow {
  account_id: string;
  account_sealed_key: Buffer | null;
  account_sealed_profile: Buffer;
  account_sealed_subject: Buffer | null;
  account_password_hash: string | null;
  account_password_set_at: Date | null;
  account_disabled_at: Date | null;
  account_groups: string[];
  account_roles: string[];
  account_second_factors: SecondFactorKind[];
  account_epoch: number;
  account_created_at: Date;
  account_updated_at: Date;
}

export function keyPlace(id: string): Place {
  return { table: 'accounts', column: 'sealed_key', row: id };
}

export function profilePlace(id: string): Place {
  return { table: 'accounts', column: 'sealed_profile', row: id };
}

/** As `fromRow` of the store, without opening anything. */
export function credentialsOf(row: Row): Credentials | undefined {
  const found = row as unknown as AccountRow;
  if (!found.account_sealed_key) return undefined;
  return {
    id: found.account_id,
    passwordHash: found.account_password_hash,
    passwordSetAt: found.account_password_set_at,
    disabled: found.account_disabled_at !== null,
    epoch: found.account_epoch,
  };
}
