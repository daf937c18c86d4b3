import type { Db, Row } from '../platform/db.ts';
import { LEAST_UUID, pagesByKey } from '../platform/key_pages.ts';
import type { Account } from './account.ts';
import type { AccountRow } from './rows.ts';
import type { SearchTokens } from './search_tokens.ts';
import { ACCOUNT_STATEMENTS } from './statements.ts';

/** Few enough that no row is locked for long. */
const BATCH = 200;

export interface Indexed {
  readonly indexed: number;
  /** Accounts whose profile cannot be opened. */
  readonly unreadable: readonly string[];
}

/**
 * Indexes the accounts without search tokens, which a node of the version before has written. Two nodes that do so at the same
 * time do no harm: only the first one changes a row.
 * @param parts `open` reads the row of an account
 */
export async function indexAccounts(parts: {
  readonly db: Pick<Db, 'query'>;
  readonly tokens: SearchTokens;
  readonly open: (row: Row) => Account | undefined;
  /** Asked after each batch. */
  readonly goesOn: () => boolean;
}): Promise<Indexed> {
  const { db, tokens, open, goesOn } = parts;
  const unreadable: string[] = [];
  let indexed = 0;
  const pages = pagesByKey<AccountRow, string>({
    size: BATCH,
    from: LEAST_UUID,
    keyOf: (row) => row.account_id,
    read: async (from, limit) =>
      (await db.query(ACCOUNT_STATEMENTS.notIndexed.bind({ from, limit }))) as unknown as AccountRow[],
  });
  for await (const rows of pages) {
    const opened = rows.flatMap((row) => {
      const account = opened_(row);
      return account
        ? [{ id: account.id, profile: row.account_sealed_profile, tokens: `{${tokens.of(account).join()}}` }]
        : [];
    });
    if (opened.length > 0) {
      await db.query(
        ACCOUNT_STATEMENTS.index.bind({
          ids: opened.map(({ id }) => id),
          profiles: opened.map(({ profile }) => profile),
          tokens: opened.map((one) => one.tokens),
        }),
      );
    }
    indexed += opened.length;
    if (!goesOn()) break;
  }
  return { indexed, unreadable };

  function opened_(row: AccountRow): Account | undefined {
    try {
      return open(row as unknown as Row);
    } catch {
      unreadable.push(row.account_id);
      return undefined;
    }
  }
}
