import type { Sealer } from '../platform/sealing.ts';
import { type Audit, type AuditDetails, type AuditRow, openDetails } from './entries.ts';

/**
 * Address and device of entries, by their id; none where there are none, or the person was erased.
 * @param parts `sealersOf`: the own keys of people by account id, without those that are gone
 */
export async function detailsOfEntries(
  parts: Pick<Audit, 'openByMonth'> & {
    sealersOf(accountIds: readonly string[]): Promise<ReadonlyMap<string, Sealer>>;
  },
  rows: readonly AuditRow[],
): Promise<ReadonlyMap<string, AuditDetails>> {
  const ids = new Set(rows.map(({ details_account: id }) => id).filter((id) => id !== null));
  const sealers = ids.size === 0 ? new Map<string, Sealer>() : await parts.sealersOf([...ids]);
  const opened = await Promise.all(
    rows.map(async (row): Promise<[string, AuditDetails | undefined]> => {
      const { id, details_account: account } = row;
      return [id, account === null ? await parts.openByMonth(row) : openDetails(row, sealers.get(account))];
    }),
  );
  return new Map(opened.filter((one): one is [string, AuditDetails] => one[1] !== undefined));
}
