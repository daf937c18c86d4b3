import type { Row } from '../platform/db.ts';
import { openJson, type Sealer } from '../platform/sealing.ts';
import type { Account, Profile } from './account.ts';
import type { OpenKeys } from './open_keys.ts';
import { type AccountRow, profilePlace, standingParts } from './rows.ts';
import { standingOf } from './standing.ts';
import { openSubject } from './subjects.ts';

/** Reads rows with the columns of `COLUMNS`. @param keys opens each person's key */
export function createRowReader(keys: OpenKeys) {
  const ownSealers = new WeakMap<Account, Sealer>();

  function read(row: Row, keep: boolean): Account | undefined {
    const columns = row as unknown as AccountRow;
    // Not account_id: a joining query may have a column of that name of its own.
    if (!columns.account_sealed_key) return undefined;
    const id = columns.account_id;
    const accountSealer = keys.sealerOf(id, columns.account_sealed_key, keep);
    const standing = standingParts(columns);
    const account: Account = {
      ...(openJson(accountSealer, profilePlace(id), columns.account_sealed_profile) as Profile),
      id,
      ...(columns.account_sealed_subject
        ? { subject: openSubject(accountSealer, id, columns.account_sealed_subject) }
        : {}),
      passwordHash: columns.account_password_hash,
      passwordSetAt: columns.account_password_set_at,
      ...standing,
      standing: standingOf(standing),
      groups: columns.account_groups,
      roles: columns.account_roles,
      secondFactors: columns.account_second_factors,
      acceptedTexts: columns.account_accepted_texts,
      epoch: columns.account_epoch,
      version: columns.account_version,
      createdAt: columns.account_created_at,
      updatedAt: columns.account_updated_at,
    };
    ownSealers.set(account, accountSealer);
    return account;
  }

  return {
    /** @returns undefined when a LEFT JOIN found no account */
    fromRow: (row: Row): Account | undefined => read(row, true),
    /** The same for many rows, whose keys would drive those of people who are signing in out of the cache. */
    fromListRow: (row: Row): Account | undefined => read(row, false),
    /** @param account as it was read here, or given to `remember` */
    sealerOf(account: Account): Sealer {
      const accountSealer = ownSealers.get(account);
      if (!accountSealer) throw new Error('an account that did not come from here');
      return accountSealer;
    },
    /** Opens a key that a statement has read by itself (`ownKeyOf`). */
    sealerFrom: (id: string, sealedKey: Uint8Array): Sealer => keys.sealerOf(id, Buffer.from(sealedKey), false),
    /** Names the sealer of a new account. */
    remember: (account: Account, accountSealer: Sealer) => void ownSealers.set(account, accountSealer),
  };
}
