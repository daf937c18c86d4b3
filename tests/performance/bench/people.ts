/**
 * Measures a million people (`make bench`): they are streamed through the import of the API, whose rate and memory are printed, and
 * out again by its export. The statements of lists and searches are run by EXPLAIN ANALYZE; so are those of lists of 10,000 clients.
 * Then all pages are walked, while others are added and deleted.
 * node tests/performance/bench/people.ts [--people=1000000]
 * With BENCH_PROFILE=cardea the server leaves a CPU profile in .artifacts/profiles.
 */
import { parseArgs } from 'node:util';
import type { AccountListing } from '../../../server/accounts/listing.ts';
import { CLIENT_LIST, NOT_BUILTIN } from '../../../server/clients/listings.ts';
import type { BoundStatement, Db } from '../../../server/platform/db.ts';
import type { ListRequest } from '../../../server/platform/listing.ts';
import { deleteAccounts } from '../../helpers/account_changes.ts';
import type { Seeder } from '../../helpers/deployment.ts';
import { insertManyClients } from '../../helpers/many_clients.ts';
import type { Scope } from '../../helpers/scope.ts';
import { explain, indexRows, LISTS, nodesOf, recorded } from '../people_plans.ts';
import { type PeopleServer, startPeopleServer } from './people_server.ts';

/** Milliseconds in the database, of each statement of a page. */
const AIM = 20;
const CLIENTS = 10_000;
const TOLD_EVERY = 50_000;

const { values } = parseArgs({ options: { people: { type: 'string', default: '1000000' } } });
const people = Number(values.people);
const ends: (() => void | Promise<void>)[] = [];
const scope: Scope = { after: (end) => void ends.push(end) };
try {
  const started = await startPeopleServer(scope);
  await measureStreams(started);
  const { db } = started;
  const { statements, recording } = recorded(db);
  const seed = await started.seedOn({ ...db, ...recording });
  await insertManyClients(db, CLIENTS, Date.UTC(2026, 0, 1));
  await db.run({ text: 'VACUUM ANALYZE accounts, account_index' }, []);
  await printSizes(db);
  await measurePages(db, seed.accounts.listing, statements);
  await walk(db, seed, statements);
} finally {
  for (const end of ends.reverse()) await end();
}

async function measureStreams({ server, importPeople, exportPeople }: PeopleServer): Promise<void> {
  const idle = await server.peakMemory();
  const imported = await timed('import', server, () => {
    let [began, before] = [performance.now(), 0];
    return importPeople(people, (read) => {
      if (read - before < TOLD_EVERY) return;
      const rate = Math.round((read - before) / ((performance.now() - began) / 1_000));
      console.error(`… ${read} people, ${rate} a second`);
      [began, before] = [performance.now(), read];
    });
  });
  const exported = await timed('export', server, async () => {
    const count = await exportPeople();
    if (count !== people) throw new Error(`${count} of ${people} people were exported`);
  });
  console.log(`${people} people by HTTP; ${idle.toFixed(0)} MiB before`);
  for (const line of [imported, exported]) console.log(line);
}

async function timed(name: string, { cpuSeconds, peakMemory }: PeopleServer['server'], work: () => Promise<void>) {
  const [began, cpu] = [performance.now(), await cpuSeconds()];
  await work();
  const seconds = (performance.now() - began) / 1_000;
  const busy = (((await cpuSeconds()) - cpu) / seconds) * 100;
  const rate = Math.round(people / seconds);
  return `${name}: ${rate} a second, ${seconds.toFixed(0)} s, ${busy.toFixed(0)} % of a processor here, ${(await peakMemory()).toFixed(0)} MiB at most`;
}

async function printSizes(db: Db): Promise<void> {
  const [size] = await db.run<{ accounts: string; index: string }>(
    {
      text: `SELECT pg_size_pretty(pg_total_relation_size('accounts')) AS accounts,
                    pg_size_pretty(pg_total_relation_size('account_index')) AS index`,
    },
    [],
  );
  console.log(`accounts ${size?.accounts}, their index ${size?.index}\n`);
}

/** The statements of a page and of the next one. */
async function measurePages(db: Db, listing: AccountListing, statements: BoundStatement[]): Promise<void> {
  console.log(`${'page'.padEnd(40)} statements   slowest   rows read`);
  for (const [name, request] of Object.entries(LISTS)) {
    statements.length = 0;
    const { next } = await listing.read(request);
    if (next !== undefined) await listing.read({ ...request, cursor: next });
    await print(name, [...statements]);
  }
  const clients: Readonly<Record<string, ListRequest>> = {
    'clients, the oldest': {},
    'clients by name': { sort: 'client_name' },
    'clients of a grant type': { filter: 'grant_types eq "client_credentials"' },
    'clients with a scope': { filter: 'scope eq "orders"' },
  };
  for (const [name, request] of Object.entries(clients)) {
    await print(name, CLIENT_LIST.plan({ limit: 50, ...request }, NOT_BUILTIN).statements);
  }

  async function print(name: string, sent: readonly BoundStatement[]): Promise<void> {
    const plans = await Promise.all(sent.map((statement) => explain(db, statement)));
    const slowest = Math.max(...plans.map((plan) => plan['Execution Time']));
    const rows = Math.max(...plans.flatMap(nodesOf).map(indexRows));
    const verdict = slowest > AIM ? `  more than ${AIM} ms` : '';
    console.log(
      `${name.padEnd(40)} ${String(plans.length).padStart(10)} ${slowest.toFixed(1).padStart(6)} ms ${String(Math.round(rows)).padStart(11)}${verdict}`,
    );
  }
}

/** @throws unless everybody who exists throughout comes once */
async function walk(db: Db, { accounts }: Seeder, statements: BoundStatement[]): Promise<void> {
  const began = performance.now();
  const rows = await db.run<{ id: string }>({ text: 'SELECT id FROM accounts' }, []);
  const goes = rows.filter((_, i) => i % 100 === 3).map(({ id }) => id);
  const gone = new Set(goes);
  const seen = new Map(rows.flatMap(({ id }) => (gone.has(id) ? [] : [[id, 0]])));
  let pages = 0;
  for (let cursor: string | undefined; ; ) {
    const page = await accounts.listing.read({ limit: 200, cursor });
    statements.length = 0;
    for (const { id } of page.items) if (seen.has(id)) seen.set(id, (seen.get(id) ?? 0) + 1);
    pages += 1;
    cursor = page.next;
    const id = goes.pop();
    if (id !== undefined) await deleteAccounts(db, id);
    await accounts.create({ email: `new-${pages}@example.com` });
    if (cursor === undefined) break;
  }
  if ([...seen.values()].some((one) => one !== 1)) throw new Error('somebody who stayed came twice, or never');
  const seconds = ((performance.now() - began) / 1_000).toFixed(0);
  console.log(
    `\nall ${seen.size} people who stayed came once, in ${pages} pages and ${seconds} s, while others came and went`,
  );
}
