import { AppError } from './errors.ts';
import { openJson, type Sealer, sealJson } from './sealing.ts';

/** A person whose own key seals a value, and a sealer with that key. */
export interface Owner {
  readonly id: string;
  readonly sealer: Sealer;
}

/** Opens the own key of a person, as a row of `data_keys` has it. */
export interface OwnKeys {
  /** @throws AppError `sealed_value_unreadable` */
  sealerFrom(accountId: string, sealedKey: Uint8Array): Sealer;
}

/** The columns of a value that is sealed under a person's own key where it is about a person, or else under the master key. */
export interface SealedColumns {
  readonly account_id: string | null;
  readonly sealed: Buffer | null;
  readonly sealed_own: Buffer | null;
}

/** As a statement reads them, with `ownKeyOf` as `own_key`: null when there is none, or it was destroyed. */
export type ReadColumns = SealedColumns & { readonly own_key: Buffer | null };

/** SQL for the sealed own key of the account that a column names. */
export const ownKeyOf = (column: string) => `(SELECT k.sealed_key FROM data_keys k WHERE k.account_id = ${column})`;

/** The values of a table that has the columns `SealedColumns`. */
export function ownSealing({ sealer, people }: { readonly sealer: Sealer; readonly people: OwnKeys }, table: string) {
  const ownPlace = (row: string) => ({ table, column: 'sealed_own', row });
  const place = (row: string) => ({ table, column: 'sealed', row });
  return {
    /** @param owner undefined when it is about nobody with an account */
    seal(row: string, owner: Owner | undefined, value: unknown): SealedColumns {
      return owner
        ? { account_id: owner.id, sealed: null, sealed_own: sealJson(owner.sealer, ownPlace(row), value) }
        : { account_id: null, sealed: sealJson(sealer, place(row), value), sealed_own: null };
    },

    /** @returns undefined when there is no value. @throws AppError `sealed_value_unreadable` */
    open(row: string, { account_id: accountId, sealed, sealed_own: own, own_key: key }: ReadColumns): unknown {
      if (sealed) return openJson(sealer, place(row), sealed);
      if (!own) return undefined;
      if (accountId === null || !key) {
        throw new AppError('sealed_value_unreadable', `${table}.sealed_own cannot be opened: its key is gone`);
      }
      return openJson(people.sealerFrom(accountId, key), ownPlace(row), own);
    },
  };
}
