/**
 * Measures backups of a million people (`make bench`): how long they take, how large they are, and how much processor time and memory
 * the command needs, beside COPY alone, which reads the same rows and does nothing with them. At the end a server starts on what was
 * restored: a person signs in with the same password, and a token from before the backup verifies.
 * node tests/performance/bench/backup.ts [--people=1000000]
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { tablesIn } from '../../../server/backup/catalogue.ts';
import { COPYING, copiedOut } from '../../../server/backup/copy.ts';
import { createDb, type Db } from '../../../server/platform/db.ts';
import { placeFor } from '../../backup/world.ts';
import { runCli } from '../../cli/run_cli.ts';
import { ROOT } from '../../helpers/artifacts.ts';
import { inherited } from '../../helpers/processes.ts';
import { authorize, redeem } from '../../helpers/relying_party.ts';
import { defer, type Scope } from '../../helpers/scope.ts';
import { freePort } from '../../helpers/waiting.ts';
import { person } from '../people.ts';
import { startPeopleServer } from './people_server.ts';
import { launch } from './servers.ts';

const REAL = 1_000;
const BATCH = 50_000;

/**
 * More people, in SQL because a million would take half an hour to seal: rows like those of real ones, whose sealed values have the same
 * beginning and length, and are noise otherwise. Opening one fails at its end, after as much work.
 */
const MORE = `
  WITH sample AS MATERIALIZED (
    SELECT row_number() OVER (ORDER BY a.id) - 1 AS n, a AS account, d.sealed_key FROM accounts a JOIN data_keys d ON d.account_id = a.id
     ORDER BY a.id LIMIT ${REAL}),
  fresh AS MATERIALIZED (
    SELECT gen_random_uuid() AS id, s.account, s.sealed_key, i FROM generate_series(1, $1::int) AS i JOIN sample s ON s.n = i % ${REAL}),
  made AS (
    INSERT INTO accounts SELECT (jsonb_populate_record(account, jsonb_build_object('id', id, 'subject_lookup', NULL,
      'search_tokens', (SELECT jsonb_agg((random() * 9e18)::bigint) FROM unnest((account).search_tokens)),
      'sealed_profile', noise((account).sealed_profile, id)))).* FROM fresh RETURNING 1),
  keys AS (
    INSERT INTO data_keys SELECT id, gen_random_uuid(), noise(sealed_key, id), now() FROM fresh RETURNING 1),
  identifiers AS (
    INSERT INTO account_identifiers (account_id, kind, lookup) SELECT id, kind, sha256((id::text || kind)::bytea)
      FROM fresh, unnest(ARRAY['email', 'username']) AS kind WHERE kind = 'email' OR i % 2 = 0 RETURNING 1)
  SELECT (SELECT count(*) FROM made), (SELECT count(*) FROM keys), (SELECT count(*) FROM identifiers)`;

const NOISE = `
  CREATE FUNCTION noise(like_this bytea, id uuid) RETURNS bytea LANGUAGE sql AS $$
    SELECT substring(like_this FROM 1 FOR 5) || substring(string_agg(sha256((id::text || i)::bytea), ''::bytea) FROM 6 FOR length(like_this) - 5)
      FROM generate_series(1, length(like_this) / 32 + 1) AS i
  $$`;

const { values } = parseArgs({ options: { people: { type: 'string', default: '1000000' } } });
const people = Number(values.people);
const ends: (() => void | Promise<void>)[] = [];
const scope: Scope = { after: (end) => void ends.push(end) };
try {
  const { db, dataDir, seedOn, server } = await startPeopleServer(scope);
  const { issuer } = server;
  const seed = await seedOn(db);
  const { accounts } = seed;
  const party = await seed.party();
  const ada = await seed.person();
  /** @param reach the server that a person signs in at, and that gives the tokens */
  const signedIn = async (reach: string) => {
    const granted = await authorize({ issuer, party, person: ada, reach });
    const { status, body } = await redeem(issuer, party, granted, reach);
    if (status !== 200) throw new Error(`no tokens: ${status} ${body.error}`);
    return body.id_token ?? '';
  };
  const before = await signedIn(issuer);
  await db.run({ text: NOISE }, []);
  await accounts.createAll(Array.from({ length: Math.min(REAL, people) }, (_, i) => person(i)));
  for (let made = REAL; made < people; made += BATCH) {
    await db.run({ text: MORE }, [Math.min(BATCH, people - made)]);
    console.error(`… ${made} people`);
  }
  await db.run({ text: 'VACUUM ANALYZE' }, []);
  const folder = mkdtempSync(join(tmpdir(), 'cardea-bench-backup-'));
  defer(scope, () => rmSync(folder, { recursive: true, force: true }));
  const identity = join(folder, 'identity');
  const made = await runCli(['backup', 'keygen', identity, '--json']);
  const target = new URL(db.url);
  target.pathname = '/restored';
  await db.run({ text: 'CREATE DATABASE restored' }, []);
  const env = {
    CARDEA_MASTER_KEY: readFileSync(join(dataDir, 'master.key'), 'utf8').trim(),
    CARDEA_BACKUP_TO: placeFor(folder, 'backups'),
    CARDEA_BACKUP_RECIPIENTS: made.json.recipient,
    CARDEA_DATABASE_URL: db.url,
    CARDEA_DATA_DIR: folder,
  };
  const copied = await copyAlone(db);
  const shown = (name: string, seconds: number, more: string) =>
    console.log(
      `${name.padEnd(8)} ${seconds.toFixed(1).padStart(7)} s  ${(seconds / copied.seconds).toFixed(1).padStart(5)} × COPY  ${more}`,
    );
  console.log(`${people} people, ${megabytes(copied.bytes)} MB by COPY (binary)`);
  shown('COPY', copied.seconds, '');
  const created = await timed(['create', '--json'], env);
  shown('create', created.seconds, `${created.needed}, ${megabytes(JSON.parse(created.stdout).bytes)} MB encrypted`);
  const verified = await timed(['verify', '--identity', identity, '--json'], env);
  shown('verify', verified.seconds, `${verified.needed}, ${JSON.parse(verified.stdout).opened} values tried`);
  const restored = await timed(['restore', '--identity', identity, '--json'], {
    ...env,
    CARDEA_DATABASE_URL: target.href,
  });
  shown('restore', restored.seconds, `${restored.needed}, ${JSON.parse(restored.stdout).rows} rows`);

  const began = performance.now();
  const port = await freePort();
  const second = await launch(scope, {
    name: 'cardea',
    file: 'server/main.ts',
    port,
    log: join(folder, 'second.log'),
    path: '/healthz',
    env: {
      ...env,
      CARDEA_DATABASE_URL: target.href,
      CARDEA_ISSUER: issuer,
      CARDEA_PORT: String(port),
      CARDEA_DEMO: 'false',
    },
  });
  const after = await signedIn(second.issuer);
  const keys = (await (await fetch(`${second.issuer}/.well-known/jwks.json`)).json()) as JSONWebKeySet;
  for (const token of [before, after]) {
    const { payload } = await jwtVerify(token, createLocalJWKSet(keys), { issuer });
    if (payload.sub !== ada.id) throw new Error('a token is about somebody else');
  }
  shown(
    'sign-in',
    (performance.now() - began) / 1_000,
    'with the start of a server; a token from before the backup verifies',
  );
} finally {
  for (const end of ends.reverse()) await end();
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(0);
}

/** Reads all rows, and does nothing with them. */
async function copyAlone(db: Db): Promise<{ readonly seconds: number; readonly bytes: number }> {
  const own = createDb({ url: db.url, name: 'bench' });
  const client = await own.connect();
  try {
    for (const text of COPYING) await client.query(text);
    const began = performance.now();
    let bytes = 0;
    for (const table of await tablesIn(client)) for await (const rows of copiedOut(client, table)) bytes += rows.length;
    return { seconds: (performance.now() - began) / 1_000, bytes };
  } finally {
    await client.end();
    await own.close();
  }
}

/** Runs the command in a process of its own. @throws when it fails */
async function timed(args: readonly string[], env: Readonly<Record<string, string>>) {
  const began = performance.now();
  // Told by the process itself when it ends: what the system shows of it from outside is gone by then.
  const told = 'process.on("exit",()=>process.stderr.write("USED "+JSON.stringify(process.resourceUsage())))';
  const child = spawn(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(told)}`, 'server/cli.ts', 'backup', ...args],
    {
      cwd: ROOT,
      env: { ...inherited(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk));
  const code = await new Promise((done) => child.once('close', done));
  // The noise cannot be opened, which `verify` finds (3).
  if (code !== 0 && code !== 3) throw new Error(`cardea backup ${args[0]}: ${stderr}`);
  const used = JSON.parse(/USED (\{.*\})/.exec(stderr)?.[1] ?? '{}') as NodeJS.ResourceUsage;
  const needed = `${((used.userCPUTime + used.systemCPUTime) / 1e6).toFixed(0)} s of processor time, ${Math.round(used.maxRSS / 1_024)} MiB at most`;
  return { seconds: (performance.now() - began) / 1_000, needed, stdout };
}
