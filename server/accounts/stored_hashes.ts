import { sql } from 'kysely';
import type { Db } from '../platform/db.ts';
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
  hashesAfter: statement(
    'passwords.status',
    ($: { after: string | null }) => sql<StoredHash>`
      SELECT id, password_hash FROM accounts
       WHERE password_hash IS NOT NULL AND (${$.after}::uuid IS NULL OR id > ${$.after}) ORDER BY id LIMIT ${PAGE}`,
  ),
};

/** The most frequent first. */
export async function countStoredHashes(
  db: Pick<Db, 'query'>,
  passwords: Pick<Passwords, 'faultOf' | 'isOutdated'>,
): Promise<CountedHashes[]> {
  const counts = new Map<string, CountedHashes>();
  for (let after: string | null = null; ; ) {
    const rows: StoredHash[] = await db.query(STORED_HASH_STATEMENTS.hashesAfter.bind({ after }));
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
    after = rows.at(-1)?.id ?? null;
    if (rows.length < PAGE) return [...counts.values()].sort((a, b) => b.people - a.people);
  }
}
