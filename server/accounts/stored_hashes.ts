import { sql } from 'kysely';
import type { Db } from '../platform/db.ts';
import { LEAST_UUID, pagesByKey } from '../platform/key_pages.ts';
import { statement } from '../platform/statement.ts';
import { readHash } from './hash_formats.ts';
import type { Passwords } from './passwords.ts';

/** The number of passwords that are stored in one way. */
export interface CountedHashes {
  kind: string;
  pepper: string | null;
  state: string;
  people: number;
}

/** A person with such a hash can sign in. */
export const USABLE_HASH_STATES: readonly string[] = ['current', 'renewed_at_sign_in'];
const PAGE = 5_000;

interface StoredHash {
  readonly id: string;
  readonly password_hash: string;
}

export const STORED_HASH_STATEMENTS = {
  hashesFrom: statement(
    'passwords.status',
    ($: { from: string; limit: number }) => sql<StoredHash>`
      SELECT id, password_hash FROM accounts
       WHERE password_hash IS NOT NULL AND id >= ${$.from} ORDER BY id LIMIT ${$.limit}`,
  ),
};

/** The most frequent first. */
export async function countStoredHashes(
  db: Pick<Db, 'query'>,
  passwords: Pick<Passwords, 'faultOf' | 'isOutdated'>,
): Promise<CountedHashes[]> {
  const counts = new Map<string, CountedHashes>();
  const pages = pagesByKey<StoredHash, string>({
    size: PAGE,
    from: LEAST_UUID,
    keyOf: (row) => row.id,
    read: (from, limit) => db.query(STORED_HASH_STATEMENTS.hashesFrom.bind({ from, limit })),
  });
  for await (const rows of pages) {
    for (const { password_hash: hash } of rows) {
      const state = passwords.faultOf(hash) ?? (passwords.isOutdated(hash) ? 'renewed_at_sign_in' : 'current');
      const stored = readHash(hash);
      const kind = typeof stored === 'string' ? 'unknown' : stored.kind;
      const pepper = typeof stored !== 'string' && stored.kind === 'argon2' ? (stored.pepper ?? null) : null;
      const key = JSON.stringify([kind, pepper, state]);
      const counted = counts.get(key) ?? { kind, pepper, state, people: 0 };
      counted.people += 1;
      counts.set(key, counted);
    }
  }
  return [...counts.values()].sort((a, b) => b.people - a.people);
}
