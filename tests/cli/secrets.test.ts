import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { loadConfig } from '../../server/config.ts';
import { createDb } from '../../server/platform/db.ts';
import { createLog } from '../../server/platform/log.ts';
import { start } from '../../server/start.ts';
import { createSeeder } from '../helpers/deployment.ts';
import { databaseUrl } from '../helpers/postgres.ts';
import { authorize, redeem } from '../helpers/relying_party.ts';
import { defer } from '../helpers/scope.ts';
import { remember } from '../helpers/secrets.ts';
import { freePort, until } from '../helpers/waiting.ts';
import { configFiles } from '../platform/config_problems.ts';
import { postgresProxy } from './postgres_proxy.ts';
import { finished, runCli, startCli } from './run_cli.ts';

/** Secrets are replaced on two running servers while people sign in, and no request fails. */

const scope = { after };
const { file, folder } = configFiles(scope);
const adminUrl = await databaseUrl(scope);
const [first, second] = [0, 1].map(() => remember('master_key', randomBytes(32).toString('base64'))) as [
  string,
  string,
];
const [pepper, nextPepper] = [0, 1].map(() => remember('other', randomBytes(32).toString('base64'))) as [
  string,
  string,
];
const role = `rotated_${randomBytes(4).toString('hex')}`;
const db = createDb({ url: adminUrl });
const sql = (text: string) => db.run({ name: '', text }, []);
await sql(`CREATE ROLE ${role} SUPERUSER LOGIN PASSWORD 'first'`);
defer(scope, () => db.close());
defer(scope, async () => void (await sql(`DROP ROLE ${role}`)));
const own = new URL(adminUrl);
[own.username, own.password] = [role, 'first'];
const alone = new URL(adminUrl);
[alone.username, alone.password] = [`${role}_alone`, 'first'];
await sql(`CREATE ROLE ${alone.username} SUPERUSER LOGIN PASSWORD 'first'`);
defer(scope, async () => void (await sql(`DROP ROLE ${role}_alone`)));
const proxy = await postgresProxy(scope, alone.href);
const aloneFile = file('alone-url', `${proxy.url}\n`);
const urlFile = file('database-url', `${own.href}\n`);
chmodSync(urlFile, 0o640);
const issuer = `http://localhost:${await freePort()}`;
const lines: string[] = [];

/** A server; its load balancer sends it requests until it is taken out. */
interface Running {
  readonly url: string;
  close(): Promise<void>;
}
const serving: Running[] = [];
defer(scope, async () => {
  for (const one of serving) await one.close();
});

const settings = (keys: string, peppers: string) => ({
  CARDEA_DATABASE_URL_FILE: urlFile,
  CARDEA_MASTER_KEY: keys,
  CARDEA_PASSWORD_PEPPER: peppers,
  CARDEA_ISSUER: issuer,
  CARDEA_DEMO: 'false',
  CARDEA_DATA_DIR: folder,
  CARDEA_RATE_LIMIT: '1000000',
  CARDEA_KEY_POLL: '1s',
  CARDEA_JWKS_MAX_AGE: '1s',
});

async function startServer(keys: string, peppers = pepper): Promise<Running> {
  const port = await freePort();
  const env = { ...settings(keys, peppers), CARDEA_PORT: String(port) };
  const opened = new AsyncDisposableStack();
  const log = createLog({ level: 'info', destination: { write: (line: string) => void lines.push(line) } });
  await start(loadConfig(env), log, opened, env);
  return { url: `http://localhost:${port}`, close: () => opened.disposeAsync() };
}

/** As a rolling restart does: a new server is there before an old one is taken out. */
async function restartAll(keys: string, peppers = pepper): Promise<void> {
  for (const old of [...serving]) {
    serving.push(await startServer(keys, peppers));
    serving.splice(serving.indexOf(old), 1);
    await until('its requests have ended', () => (underWay.get(old.url) ?? 0) === 0);
    await old.close();
  }
}

const underWay = new Map<string, number>();
serving.push(await startServer(first), await startServer(first));
const seed = await createSeeder(db, first);
const people = [await seed.person(), await seed.person()];
const party = await seed.party({ firstParty: true });
const cardea = (args: string[], keys = first) => runCli(args, { env: settings(keys, pepper) });

const rotateAlone = ['secrets', 'rotate', 'database-password', '--json'];
const ofAlone = () => ({ ...settings(second, nextPepper), CARDEA_DATABASE_URL_FILE: aloneFile });
const runAlone = (args = rotateAlone) => runCli(args, { env: ofAlone() });
const besideAlone = () => readdirSync(folder).filter((name) => name.startsWith('alone-url.'));

/** The password in the file opens a connection. */
async function aloneOpens(): Promise<void> {
  const url = readFileSync(aloneFile, 'utf8').trim();
  remember('other', new URL(url).password);
  const opened = createDb({ url });
  await opened.run({ name: '', text: 'SELECT 1' }, []).finally(() => opened.close());
}

/** What rotations print without --json. */
const PRINTED: Readonly<Record<string, RegExp>> = {
  'cookie-keys': /^DO +RING +KID +STATE\n(?:\w+ +cookie +[\w-]+ +\w+\n)+$/,
  'signing-keys': /^DO +RING +KID +STATE\n(?:\w+ +RS256 +[\w-]+ +\w+\n)+$/,
  'audit-key': /^key_id +[\w-]{43}\nprevious_key_id +[\w-]{43}\nfrom_size +\d+\n$/,
};

let done = 0;
const failures: unknown[] = [];

/** Signs in and gets tokens, by one server and then by the other. */
async function signIn(turn: number): Promise<void> {
  const at = [serving[turn % serving.length], serving[(turn + 1) % serving.length]].map((one) => one?.url ?? '');
  const [reach = '', next = ''] = at;
  const person = people[turn % people.length] ?? assert.fail();
  for (const url of at) underWay.set(url, (underWay.get(url) ?? 0) + 1);
  try {
    const granted = await authorize({ issuer, reach, party, person });
    const tokens = await redeem(next, party, granted);
    assert.equal(tokens.status, 200, JSON.stringify(tokens.body));
    done += 1;
  } finally {
    for (const url of at) underWay.set(url, (underWay.get(url) ?? 0) - 1);
  }
}

/** @returns what the work returns, when people have signed in before, during and after it without a failure */
async function underLoad<T>(work: () => Promise<T>): Promise<T> {
  let stopped = false;
  const loops = [0, 1].map(async (loop) => {
    for (let turn = loop; !stopped; turn += 1) await signIn(turn).catch((error) => failures.push(error));
  });
  const more = (count: number) => {
    const from = done;
    return until('more people sign in', () => done >= from + count || failures.length > 0, { withinMs: 30_000 });
  };
  try {
    await more(2);
    const result = await work();
    await more(4);
    return result;
  } finally {
    stopped = true;
    await Promise.all(loops);
    assert.deepEqual(failures, []);
  }
}

describe('while people sign in on two servers', () => {
  test('the password of the database is replaced, in its file as well', async () => {
    const before = readFileSync(urlFile, 'utf8');
    const tried = await cardea(['secrets', 'rotate', 'database-password', '--dry-run', '--json']);
    assert.deepEqual(tried.json, { file: urlFile, rotated: false }, tried.stderr);
    assert.equal(readFileSync(urlFile, 'utf8'), before);
    const ran = await underLoad(() => cardea(['secrets', 'rotate', 'database-password', '--json']));
    assert.deepEqual(ran.json, { file: urlFile, rotated: true }, ran.stderr);
    remember('other', new URL(readFileSync(urlFile, 'utf8')).password);
    assert.notEqual(readFileSync(urlFile, 'utf8'), before);
    assert.equal(statSync(urlFile).mode & 0o777, 0o640);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('database-url')),
      ['database-url'],
    );
    const old = createDb({ url: own.href });
    await assert.rejects(old.run({ name: '', text: 'SELECT 1' }, []));
    await old.close();
    // A server that starts now has the new one.
    await (await startServer(first)).close();
  });

  test('the cookie keys, the keys of tokens and the key of the audit are replaced', async () => {
    const active = () => sql("SELECT kid FROM signing_keys WHERE state = 'active' ORDER BY ring");
    const before = await active();
    await underLoad(async () => {
      for (const name of Object.keys(PRINTED)) {
        const ran = await cardea(['secrets', 'rotate', name]);
        assert.equal(ran.code, 0, ran.stderr);
        assert.match(ran.stdout, PRINTED[name] ?? /^$/, 'a table, and no JSON');
      }
      await until('other keys sign', async () =>
        (await active()).every(({ kid }) => before.every((one) => one.kid !== kid)),
      );
    });
  });

  test('master key and pepper are replaced by rolling restarts, and people get the pepper as they sign in', async () => {
    // A server that seals and hashes by the new ones needs others that have them: so first all get them, then all use them.
    const both = `${second},${first}`;
    await underLoad(async () => {
      await restartAll(`${first},${second}`, `${pepper},${nextPepper}`);
      await restartAll(both, `${nextPepper},${pepper}`);
      const ran = await cardea(['master-key', 'rotate'], both);
      assert.equal(ran.code, 0, ran.stderr);
      await restartAll(second, `${nextPepper},${pepper}`);
    });
    assert.equal((await cardea(['master-key', 'rotate', '--dry-run'], second)).code, 0);
    const stored = await sql('SELECT DISTINCT substr(password_hash, 1, 16) AS beginning FROM accounts');
    assert.equal(stored.length, 1, 'all have signed in since');
  });
});

test('secrets list names each, where it is and how it is replaced, and no value', async () => {
  const { json, stdout } = await cardea(['secrets', 'list', '--json'], second);
  const listed = json as { name: string; from: string; since: string | null; rotation: string }[];
  const of = (name: string) => listed.find((one) => one.name === name) ?? assert.fail(name);
  assert.equal(of('CARDEA_DATABASE_URL').from, urlFile);
  assert.equal(of('CARDEA_MASTER_KEY').from, 'environment');
  for (const name of ['cookie keys', 'forms', 'nonces of DPoP proofs', 'signing key RS256', 'account-index', 'audit'])
    of(name);
  assert.ok(listed.every(({ rotation }) => rotation !== ''));
  const password = new URL(readFileSync(urlFile, 'utf8')).password;
  for (const value of [first, second, pepper, password]) assert.ok(!stdout.includes(value));
  assert.ok(!lines.join('').includes(password), 'no log has it');
});

test('a password that is in no file is not replaced, and names that are none are refused', async () => {
  const env = { ...settings(second, pepper), CARDEA_DATABASE_URL: readFileSync(urlFile, 'utf8').trim() };
  const { CARDEA_DATABASE_URL_FILE: _, ...inVariable } = env;
  const refused = await runCli(['secrets', 'rotate', 'database-password'], { env: inVariable });
  assert.deepEqual([refused.code, /CARDEA_DATABASE_URL_FILE/.test(refused.stderr)], [2, true]);
  assert.equal((await cardea(['secrets', 'rotate', 'nothing'], second)).code, 2);
});

describe('a rotation of the password of the database that is disturbed', () => {
  test('ends well when the answer to COMMIT is lost', async () => {
    proxy.onCommit = async () => 'break';
    const ran = await runAlone();
    assert.deepEqual(ran.json, { file: aloneFile, rotated: true }, ran.stderr);
    await aloneOpens();
    assert.deepEqual(besideAlone(), []);
  });

  test('keeps and names the new password when the database is gone, and is finished by the next one', async () => {
    const before = readFileSync(aloneFile, 'utf8');
    proxy.onCommit = async () => 'close';
    const ran = await runAlone();
    const [left = ''] = besideAlone();
    assert.equal(ran.code, 1);
    assert.ok(ran.stderr.includes(`mv ${folder}/${left} ${aloneFile}`), ran.stderr);
    assert.equal(readFileSync(aloneFile, 'utf8'), before);
    proxy.open();
    const tried = await runAlone([...rotateAlone, '--dry-run']);
    assert.deepEqual(tried.json, { file: aloneFile, rotated: false, finished: `${folder}/${left}` }, tried.stderr);
    const next = await runAlone();
    assert.deepEqual(next.json, { file: aloneFile, rotated: true, finished: `${folder}/${left}` }, next.stderr);
    await aloneOpens();
    assert.deepEqual(besideAlone(), []);
  });

  test('keeps the new password when the file cannot be replaced and the old password cannot be given back', async () => {
    const before = readFileSync(aloneFile, 'utf8');
    proxy.onCommit = async () => {
      rmSync(aloneFile);
      mkdirSync(aloneFile); // a file cannot be renamed to it
      proxy.onCommit = async () => 'close'; // the answer to the old password
      return 'pass';
    };
    const ran = await runAlone();
    assert.equal(ran.code, 1);
    const [left = ''] = besideAlone();
    assert.ok(ran.stderr.includes(`${folder}/${left}`), ran.stderr);
    rmSync(aloneFile, { recursive: true });
    writeFileSync(aloneFile, before);
    proxy.open();
    await aloneOpens();
    rmSync(`${folder}/${left}`);
  });

  test('by another rotation: the second is refused', async () => {
    proxy.onCommit = async () => {
      const other = await runAlone();
      assert.deepEqual([other.code, /another process replaces/.test(other.stderr)], [1, true], other.stderr);
      return 'pass';
    };
    const ran = await runAlone();
    assert.deepEqual(ran.json, { file: aloneFile, rotated: true }, ran.stderr);
    await aloneOpens();
    assert.deepEqual(besideAlone(), []);
  });

  test('by a kill: the doctor names the file that is left, and the next rotation finishes it', async () => {
    const child = startCli(rotateAlone, ofAlone());
    proxy.onCommit = async () => {
      child.kill('SIGKILL');
      return 'break';
    };
    assert.equal((await finished(child)).code, null);
    const left = `${folder}/${besideAlone()[0]}`;
    const doctor = ['doctor', '--only', 'database', '--json'];
    const [refused] = (await runAlone(doctor)).json as { found: string; remedy: string }[];
    assert.ok(refused?.found.includes(left), refused?.found);
    assert.match(refused?.remedy ?? '', /secrets rotate database-password/);
    const url = readFileSync(left, 'utf8');
    const wrong = new URL(url);
    wrong.password = 'neither';
    writeFileSync(left, wrong.href);
    const neither = await runAlone();
    assert.deepEqual([neither.code, neither.stderr.includes(left)], [1, true], neither.stderr);
    writeFileSync(left, url);
    assert.deepEqual((await runAlone()).json, { file: aloneFile, rotated: true, finished: left });
    await aloneOpens();
    writeFileSync(left, wrong.href);
    const [, unused] = (await runAlone(doctor)).json as { state: string; found: string }[];
    assert.deepEqual([unused?.state, unused?.found.includes(left)], ['warning', true]);
  });
});
