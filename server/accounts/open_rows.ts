import type { Row } from '../platform/db.ts';
import { createSealer, openJson, type Sealer } from '../platform/sealing.ts';
import type { Account, Profile } from './account.ts';
import { type AccountRow, openDataKey, profilePlace } from './rows.ts';
import { openSubject } from './subjects.ts';

const SEALERS_MAX = 2_000;

/** Reads rows with the columns of `COLUMNS`. @param sealer seals each person's key */
export function createRowReader(sealer: Sealer) {
  // Opening a person's key costs more than opening the profile with it. The sealed key itself is part of the cache's key,
  // so a sealer is only found by a caller that could open it anyway, and never after the key was deleted.
  const sealers = new Map<string, Sealer>();
  const ownSealers = new WeakMap<Account, Sealer>();

  function ownSealer(id: string, sealedKey: Buffer, keep: boolean): Sealer {
    const name = `${id} ${sealedKey.toString('latin1')}`;
    const cached = sealers.get(name);
    if (cached) return cached;
    const accountSealer = createSealer([openDataKey(sealer, id, sealedKey)]);
    if (!keep) return accountSealer;
    const oldest = sealers.size >= SEALERS_MAX ? sealers.keys().next().value : undefined;
    if (oldest !== undefined) sealers.delete(oldest);
    sealers.set(name, accountSealer);
    return accountSealer;
  }

  function read(row: Row, keep: boolean): Account | undefined {
    const columns = row as unknown as AccountRow;
    // Not account_id: a joining query may have a column of that name of its own.
    if (!columns.account_sealed_key) return undefined;
    const id = columns.account_id;
    const accountSealer = ownSealer(id, columns.account_sealed_key, keep);
    const account: Account = {
      ...(openJson(accountSealer, profilePlace(id), columns.account_sealed_profile) as Profile),
      id,
      ...(columns.account_sealed_subject
        ? { subject: openSubject(accountSealer, id, columns.account_sealed_subject) }
        : {}),
      passwordHash: columns.account_password_hash,
      passwordSetAt: columns.account_password_set_at,
      disabled: columns.account_disabled_at !== null,
      groups: columns.account_groups,
      roles: columns.account_roles,
      secondFactors: columns.account_second_factors,
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
    sealerFrom: (id: string, sealedKey: Uint8Array): Sealer => ownSealer(id, Buffer.from(sealedKey), false),
    /** Names the sealer of a new account. */
    remember: (account: Account, accountSealer: Sealer) => void ownSealers.set(account, accountSealer),
  };
}
