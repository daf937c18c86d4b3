/**
 * Measures lists and searches of a million people in the database (`make bench`): the statements of each page are run by
 * EXPLAIN ANALYZE. Then all pages are walked, while others are added and deleted.
 * node tests/performance/bench/people.ts [--people=1000000]
 */
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { createAccountListing } from '../../../server/accounts/listing.ts';
import { createSearchTokens } from '../../../server/accounts/search_tokens.ts';
import { createDb } from '../../../server/platform/db.ts';
import { deleteAccounts } from '../../helpers/account_changes.ts';
import { freshDatabase } from '../../helpers/postgres.ts';
import { insertUnsealed } from '../people.ts';
import { explain, indexRows, LISTS, nodesOf, openUnsealed, recorded } from '../people_plans.ts';

/** Milliseconds in the database, of each statement of a page. */
const AIM = 20;
const STEP = 50_000;
const START = Date.UTC(2025, 0, 1);

const { values } = parseArgs({ options: { people: { type: 'string', default: '1000000' } } });
const people = Number(values.people);
const database = await freshDatabase();
const db = createDb({ url: database.url, timeoutMs: 300_000 });
try {
  const tokens = createSearchTokens(randomBytes(32));
  const { statements, recording } = recorded(db);
  const open = openUnsealed(START);
  const listing = createAccountListing({ db: recording, tokens, open, holdersOf: async () => new Map() });

  for (let from = 0; from < people; from += STEP) {
    const began = performance.now();
    const to = Math.min(people, from + STEP);
    await insertUnsealed(db, tokens, { from, to, start: START });
    const rate = Math.round((to - from) / ((performance.now() - began) / 1_000));
    console.error(`… ${to} people, ${rate} a second`);
  }
  await db.run({ text: 'VACUUM ANALYZE accounts, account_index' }, []);
  const [size] = await db.run<{ accounts: string; index: string }>(
    {
      text: `SELECT pg_size_pretty(pg_total_relation_size('accounts')) AS accounts,
                    pg_size_pretty(pg_total_relation_size('account_index')) AS index`,
    },
    [],
  );
  console.log(`${people} people: accounts ${size?.accounts}, their index ${size?.index}\n`);

  console.log(`${'page'.padEnd(40)} statements   slowest   rows read`);
  for (const [name, request] of Object.entries(LISTS)) {
    statements.length = 0;
    const { next } = await listing.read(request);
    if (next !== undefined) await listing.read({ ...request, cursor: next });
    const plans = await Promise.all([...statements].map((statement) => explain(db, statement)));
    const slowest = Math.max(...plans.map((plan) => plan['Execution Time']));
    const rows = Math.max(...plans.flatMap(nodesOf).map(indexRows));
    const verdict = slowest > AIM ? `  more than ${AIM} ms` : '';
    console.log(
      `${name.padEnd(40)} ${String(plans.length).padStart(10)} ${slowest.toFixed(1).padStart(6)} ms ${String(Math.round(rows)).padStart(11)}${verdict}`,
    );
  }

  await walk();

  /** @throws unless everybody who exists throughout comes once */
  async function walk(): Promise<void> {
    const began = performance.now();
    const rows = await db.run<{ id: string }>({ text: 'SELECT id FROM accounts' }, []);
    const goes = rows.filter((_, i) => i % 100 === 3).map(({ id }) => id);
    const gone = new Set(goes);
    const seen = new Map(rows.flatMap(({ id }) => (gone.has(id) ? [] : [[id, 0]])));
    let pages = 0;
    for (let cursor: string | undefined; ; ) {
      const page = await listing.read({ limit: 200, cursor });
      statements.length = 0;
      for (const { id } of page.items) if (seen.has(id)) seen.set(id, (seen.get(id) ?? 0) + 1);
      pages += 1;
      cursor = page.next;
      const id = goes.pop();
      if (id !== undefined) await deleteAccounts(db, id);
      await insertUnsealed(db, tokens, { from: people + 2 * pages, to: people + 2 * pages + 1, start: START });
      if (cursor === undefined) break;
    }
    if ([...seen.values()].some((one) => one !== 1)) throw new Error('somebody who stayed came twice, or never');
    const seconds = ((performance.now() - began) / 1_000).toFixed(0);
    console.log(
      `\nall ${seen.size} people who stayed came once, in ${pages} pages and ${seconds} s, while others came and went`,
    );
  }
} finally {
  await db.close();
  await database.drop();
}
