import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { REDIS } from '../../server/cli/redis_passwords.ts';
import { loadConfig } from '../../server/config.ts';
import { createDb } from '../../server/platform/db.ts';
import { exclusively } from '../../server/platform/exclusive.ts';
import { createLog } from '../../server/platform/log.ts';
import { start } from '../../server/start.ts';
import { receiver } from '../helpers/audit_delivery.ts';
import { createSeeder } from '../helpers/deployment.ts';
import { databaseUrl } from '../helpers/postgres.ts';
import { authorize, redeem } from '../helpers/relying_party.ts';
import { defer } from '../helpers/scope.ts';
import { remember } from '../helpers/secrets.ts';
import { freePort, until } from '../helpers/waiting.ts';
import { configFiles } from '../platform/config_problems.ts';
import { runCli } from './run_cli.ts';
import { mailServer, redisWithUsers } from './secret_services.ts';

/** Secrets are replaced on two running servers while people sign in, and no request fails. */

const scope = { after };
const { file, folder } = configFiles(scope);
const adminUrl = await databaseUrl(scope);
const [first, second] = [0, 1].map(() => remember('master_key', randomBytes(32).toString('base64'))) as [
  string,
  string,
];
const pepper = remember('other', randomBytes(32).toString('base64'));
const role = `rotated_${randomBytes(4).toString('hex')}`;
const db = createDb({ url: adminUrl });
const sql = (text: string) => db.run({ name: '', text }, []);
await sql(`CREATE ROLE ${role} SUPERUSER LOGIN PASSWORD 'first'`);
defer(scope, () => db.close());
defer(scope, async () => void (await sql(`DROP ROLE ${role}`)));
const own = new URL(adminUrl);
[own.username, own.password] = [role, 'first'];
const urlFile = file('database-url', `${own.href}\n`);
chmodSync(urlFile, 0o640);
const redis = await redisWithUsers(scope);
const mailPasswords = new Set(['first']);
const mailUrl = await mailServer(scope, mailPasswords);
const openMailUrl = await mailServer(scope, mailPasswords, ['AUTH']);
const [redisFile, otherRedisFile, lowlyFile] = [
  file('redis-url', redis.url('cardea', 'first')),
  file('other-redis-url', redis.url('cardea', 'first')),
  file('lowly-url', redis.url('lowly', 'first')),
];
const [mailFile, otherMailFile] = [file('smtp-url', mailUrl('first')), file('other-smtp-url', mailUrl('fi@rst'))];
const [pepperFile, otherPepperFile] = [file('pepper', pepper), file('other-pepper', pepper)];
const events = await receiver(scope);
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

const settings = (keys: string) => ({
  CARDEA_DATABASE_URL_FILE: urlFile,
  CARDEA_MASTER_KEY: keys,
  CARDEA_PASSWORD_PEPPER_FILE: pepperFile,
  CARDEA_REDIS_URL_FILE: redisFile,
  CARDEA_SMTP_URL_FILE: mailFile,
  CARDEA_OUTBOUND_ALLOW: '127.0.0.0/8',
  CARDEA_ISSUER: issuer,
  CARDEA_DEMO: 'false',
  CARDEA_DATA_DIR: folder,
  CARDEA_RATE_LIMIT: '1000000',
  CARDEA_KEY_POLL: '1s',
  CARDEA_JWKS_MAX_AGE: '1s',
});

async function startServer(keys: string): Promise<Running> {
  const port = await freePort();
  const env = { ...settings(keys), CARDEA_PORT: String(port) };
  const opened = new AsyncDisposableStack();
  const log = createLog({ level: 'info', destination: { write: (line: string) => void lines.push(line) } });
  await start(loadConfig(env), log, opened, env);
  return { url: `http://localhost:${port}`, close: () => opened.disposeAsync() };
}

/** As a rolling restart does: a new server is there before an old one is taken out. */
async function restartAll(keys: string): Promise<void> {
  for (const old of [...serving]) {
    serving.push(await startServer(keys));
    serving.splice(serving.indexOf(old), 1);
    await until('its requests have ended', () => (underWay.get(old.url) ?? 0) === 0);
    await old.close();
  }
}

const underWay = new Map<string, number>();
serving.push(await startServer(first), await startServer(first));
const seed = await createSeeder(db, first);
const people = [await seed.person(), await seed.person()];
const absent = await seed.person();
/** The same app, with each secret that it has. */
const parties = [await seed.party({ firstParty: true })];
const [{ id: clientId, secret: oldSecret = '' } = assert.fail()] = parties;
const cardea = (args: string[], { keys = first, env = {}, input = '' } = {}) =>
  runCli(args, { env: { ...settings(keys), ...env }, input });
const rotating = (name: string, how: Parameters<typeof cardea>[1] = {}, ...more: string[]) =>
  cardea(['secrets', 'rotate', name, '--json', ...more], how);
const made = await cardea([
  'audit',
  'destinations',
  'create',
  '--kind',
  'webhook',
  '--name',
  'events',
  '--url',
  events.url,
  '--json',
]);
remember('other', made.json.secret);

/** What rotations print without --json. */
const PRINTED: Readonly<Record<string, RegExp>> = {
  'cookie-keys': /^DO +RING +KID +STATE\n(?:\w+ +cookie +[\w-]+ +\w+\n)+$/,
  'signing-keys': /^DO +RING +KID +STATE\n(?:\w+ +RS256 +[\w-]+ +\w+\n)+$/,
  'audit-key': /^key_id +[\w-]{43}\nprevious_key_id +[\w-]{43}\nfrom_size +\d+\n$/,
};

let done = 0;
const failures: unknown[] = [];

/** Signs in and gets tokens, by one server and then by the other. */
async function signIn(turn: number, person = people[turn % people.length] ?? assert.fail()): Promise<void> {
  const at = [serving[turn % serving.length], serving[(turn + 1) % serving.length]].map((one) => one?.url ?? '');
  const [reach = '', next = ''] = at;
  const party = parties[turn % parties.length] ?? assert.fail();
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

describe('on two servers, and those that a sign-in depends on while people sign in', () => {
  test('the password of the database is replaced, in its file as well', async () => {
    const before = readFileSync(urlFile, 'utf8');
    const tried = await cardea(['secrets', 'rotate', 'database-password', '--dry-run', '--json']);
    assert.deepEqual(tried.json, { file: urlFile, rotated: false }, tried.stderr);
    assert.equal(readFileSync(urlFile, 'utf8'), before);
    const ran = await underLoad(() => cardea(['secrets', 'rotate', 'database-password', '--json']));
    assert.deepEqual(ran.json, { file: urlFile, rotated: true, servers: 2 }, ran.stderr);
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

  test('the password of Redis is replaced, there as well, and those of rotations that did not end', async () => {
    const before = readFileSync(redisFile, 'utf8');
    const tried = await rotating('redis-password', {}, '--dry-run');
    assert.deepEqual(tried.json, { file: redisFile, rotated: false }, tried.stderr);
    assert.equal(readFileSync(redisFile, 'utf8'), before);
    // No server has this file, so none uses the new password.
    const unread = { env: { CARDEA_REDIS_URL_FILE: otherRedisFile } };
    const unfinished = await rotating('redis-password', unread, '--timeout', '0s');
    assert.deepEqual([unfinished.code, /old one is still valid.*again/.test(unfinished.stderr)], [1, true]);
    const between = readFileSync(otherRedisFile, 'utf8').trim();
    remember('other', new URL(between).password);
    await redis.restart();
    for (const url of [before, between]) assert.equal(await redis.signIn(url), 'PONG', 'kept before the end');
    const leftFile = file('redis-url.0123abcd', between);
    const ran = await rotating('redis-password');
    assert.deepEqual(ran.json, { file: redisFile, rotated: true, servers: 2, ended: 2 }, ran.stderr);
    assert.ok(ran.stderr.includes(leftFile) && !existsSync(leftFile), ran.stderr);
    const after = readFileSync(redisFile, 'utf8').trim();
    remember('other', new URL(after).password);
    await redis.restart();
    assert.equal(await redis.signIn(after), 'PONG');
    for (const url of [before, between]) await assert.rejects(redis.signIn(url), /WRONGPASS/);
    redis.loseFolder();
    assert.match((await REDIS.passwords?.endOthers(after))?.left ?? '', /ACL SAVE and CONFIG REWRITE were refused/);
    const lost = await rotating('redis-password', unread, '--dry-run');
    assert.deepEqual([lost.code, lost.stderr.includes(`refuses the password in ${otherRedisFile}`)], [1, true]);
  });

  test('a user of Redis who may not change passwords gets one from somebody who may', async () => {
    const how = { env: { CARDEA_REDIS_URL_FILE: lowlyFile } };
    for (const args of [[], ['--dry-run']]) {
      const refused = await rotating('redis-password', how, ...args);
      assert.deepEqual([refused.code, /--password-stdin/.test(refused.stderr)], [1, true], refused.stderr);
    }
    const unknown = await rotating('redis-password', { ...how, input: 'second' }, '--password-stdin');
    assert.deepEqual([unknown.code, /refuses the new password/.test(unknown.stderr)], [1, true], unknown.stderr);
    assert.equal(readFileSync(lowlyFile, 'utf8'), redis.url('lowly', 'first'));
    await redis.send('ACL', 'SETUSER', 'lowly', '>second');
    // The servers have another file, so that they are not waited for to the end.
    const ran = await rotating('redis-password', { ...how, input: 'second' }, '--password-stdin', '--timeout', '0s');
    assert.deepEqual([ran.code, /only 0 of 2 running servers use/.test(ran.stderr)], [1, true], ran.stderr);
    assert.equal(readFileSync(lowlyFile, 'utf8').trim(), redis.url('lowly', 'second'));
    const { left = '' } = (await REDIS.passwords?.endOthers(redis.url('lowly', 'second'))) ?? {};
    assert.match(left, /ACL SETUSER lowly resetpass '>NEW'/, 'and no hash of a password');
    const open = { env: { CARDEA_REDIS_URL_FILE: file('open-url', redis.url('open', 'any')) } };
    const refused = await rotating('redis-password', open);
    assert.deepEqual([refused.code, /nopass/.test(refused.stderr)], [1, true], refused.stderr);
    assert.equal(await redis.signIn(redis.url('open', 'another')), 'PONG');
  });

  test('the password of the mail server is tried there before it is in the file', async () => {
    const rotate = (input: string, env = {}, timeout = '30s') =>
      rotating('smtp-password', { input, env }, '--password-stdin', '--timeout', timeout);
    const refused = await rotate('second');
    assert.deepEqual([refused.code, /refuses the new password/.test(refused.stderr)], [1, true], refused.stderr);
    assert.equal((await rotate('')).code, 2);
    const withoutAuth = { CARDEA_SMTP_URL_FILE: file('open-smtp-url', openMailUrl('first')) };
    const untried = await rotate('second', withoutAuth);
    assert.deepEqual([untried.code, /no password can be tried/.test(untried.stderr)], [1, true], untried.stderr);
    assert.equal(readFileSync(mailFile, 'utf8'), mailUrl('first'));
    mailPasswords.add('second').add('third');
    const ran = await rotate('second');
    const left = 'remove the old password at the mail server';
    assert.deepEqual(ran.json, { file: mailFile, rotated: true, servers: 2, left }, ran.stderr);
    assert.equal(readFileSync(mailFile, 'utf8').trim(), mailUrl('second'));
    // The last @ ends a password.
    await rotate('third', { CARDEA_SMTP_URL_FILE: otherMailFile }, '0s');
    assert.equal(readFileSync(otherMailFile, 'utf8').trim(), mailUrl('third'));
  });

  test('the pepper is replaced, and the old one is removed when nobody needs it', async () => {
    await signIn(0, absent); // whose password gets the old one
    const elsewhere = { env: { CARDEA_PASSWORD_PEPPER_FILE: otherPepperFile } };
    const late = await rotating('pepper', elsewhere, '--timeout', '1s');
    assert.match(late.stderr, /has another value: CARDEA_PASSWORD_PEPPER_FILE has to name/);
    assert.deepEqual([late.code, /only 0 of 2 running servers accept/.test(late.stderr)], [1, true], late.stderr);
    assert.equal(
      readFileSync(otherPepperFile, 'utf8').trim(),
      pepper,
      'no server may hash with what others do not know',
    );
    const other = await db.connect();
    await exclusively({ connect: async () => other }, 'rotation of CARDEA_PASSWORD_PEPPER', assert.fail, async () => {
      const second = await rotating('pepper');
      assert.deepEqual([second.code, /another process replaces/.test(second.stderr)], [1, true], second.stderr);
    });
    const ran = await underLoad(() => rotating('pepper'));
    assert.deepEqual([ran.json.rotated, ran.json.servers], [true, 2], ran.stderr);
    const [next = '', old] = readFileSync(pepperFile, 'utf8').trim().split(',');
    remember('other', next);
    assert.equal(old, pepper);
    const refused = await rotating('pepper', {}, '--finish');
    assert.deepEqual([refused.code, /1 people have not signed in/.test(refused.stderr)], [1, true], refused.stderr);
    await signIn(1, absent);
    const removable = await rotating('pepper', {}, '--finish', '--dry-run');
    assert.deepEqual(removable.json, { file: pepperFile, rotated: false, removed: 0, removable: 1 }, removable.stderr);
    const finished = await rotating('pepper', {}, '--finish');
    assert.deepEqual(finished.json, { file: pepperFile, rotated: false, removed: 1, servers: 2 }, finished.stderr);
    assert.equal(readFileSync(pepperFile, 'utf8').trim(), next);
    const noted = await sql("SELECT FROM audit WHERE action = 'secrets.replace' AND target_id LIKE '%PEPPER'");
    assert.equal(noted.length, 4, 'when each rotation began, when one was given up, and when the old one was removed');
    const stored = await sql('SELECT DISTINCT substr(password_hash, 1, 16) AS beginning FROM accounts');
    assert.equal(stored.length, 1, 'all have signed in since');
  });

  test('the secret of a client is replaced, and both work until the overlap ends', async () => {
    await underLoad(async () => {
      const { json } = await cardea(['clients', 'rotate-secret', clientId, '--overlap', '1h', '--json']);
      parties.push({ ...(parties[0] ?? assert.fail()), secret: remember('client_secret', json.client_secret) });
    });
    parties.shift();
    const ended = await cardea(['clients', 'rotate-secret', clientId, '--end', 'old']);
    assert.equal(ended.code, 0, ended.stderr);
    await signIn(0);
    parties.unshift({ ...(parties[0] ?? assert.fail()), secret: oldSecret });
    await assert.rejects(signIn(0), /invalid_client/);
    parties.shift();
  });

  test('the secret of a destination of the audit is replaced, and both sign until the overlap ends', async () => {
    const { id, secret } = made.json;
    const isSignedBy =
      (by: string) =>
      ({ body, headers }: (typeof events.received)[number]) => {
        try {
          return Boolean(new Webhook(by).verify(body, headers as Record<string, string>));
        } catch {
          return false;
        }
      };
    await signIn(0);
    const rotated = await cardea(['audit', 'destinations', 'rotate-secret', id, '--overlap', '1h', '--json']);
    const next = remember('other', rotated.json.secret);
    await signIn(1);
    await until('events have the new signature', () => events.received.some(isSignedBy(next)), { withinMs: 30_000 });
    const from = events.received.findIndex(isSignedBy(next));
    assert.ok(from > 0 && events.received.every(isSignedBy(secret)), 'for a receiver that has the old one');
    assert.ok(events.received.slice(from).every(isSignedBy(next)), 'for a receiver that has the new one');
  });

  test('the master key is replaced by rolling restarts', async () => {
    // A server that seals by the new one needs others that have it: so first all get it, then all use it.
    const both = `${second},${first}`;
    await underLoad(async () => {
      await restartAll(`${first},${second}`);
      await restartAll(both);
      const ran = await cardea(['master-key', 'rotate'], { keys: both });
      assert.equal(ran.code, 0, ran.stderr);
      await restartAll(second);
    });
    assert.equal((await cardea(['master-key', 'rotate', '--dry-run'], { keys: second })).code, 0);
  });
});

test('secrets list names each, where it is and how it is replaced, and no value', async () => {
  const { json, stdout } = await cardea(['secrets', 'list', '--json'], { keys: second });
  const listed = json as { name: string; from: string; since: string | null; rotation: string; servers: unknown }[];
  const of = (name: string) => listed.find((one) => one.name === name) ?? assert.fail(name);
  assert.equal(of('CARDEA_DATABASE_URL').from, urlFile);
  assert.equal(of('CARDEA_MASTER_KEY').from, 'environment');
  for (const name of ['CARDEA_MASTER_KEY', 'CARDEA_PASSWORD_PEPPER', 'CARDEA_REDIS_URL', 'CARDEA_SMTP_URL'])
    assert.deepEqual(of(name).servers, { using: 2, running: 2 }, name);
  const elsewhere = await cardea(['secrets', 'list'], { keys: second, env: { CARDEA_SMTP_URL_FILE: otherMailFile } });
  assert.match(elsewhere.stdout, /CARDEA_SMTP_URL .* 0 of 2 /);
  for (const name of ['cookie keys', 'forms', 'nonces of DPoP proofs', 'signing key RS256', 'account-index', 'audit'])
    of(name);
  assert.ok(listed.every(({ rotation }) => rotation !== ''));
  const password = new URL(readFileSync(urlFile, 'utf8')).password;
  for (const value of [first, second, pepper, password]) assert.ok(!stdout.includes(value));
  assert.ok(!lines.join('').includes(password), 'no log has it');
});

test('a password that is in no file is not replaced, and names that are none are refused', async () => {
  const env = { ...settings(second), CARDEA_DATABASE_URL: readFileSync(urlFile, 'utf8').trim() };
  const { CARDEA_DATABASE_URL_FILE: _, ...inVariable } = env;
  const refused = await runCli(['secrets', 'rotate', 'database-password'], { env: inVariable });
  assert.deepEqual([refused.code, /CARDEA_DATABASE_URL_FILE/.test(refused.stderr)], [2, true]);
  const before = readFileSync(redisFile, 'utf8');
  for (const [name = '', ...options] of [
    ['nothing'],
    ['database-password', '--password-stdin'],
    ['redis-password', '--finish'],
    ['redis-password', '--timeout', '5x'],
    ['signing-keys', '--timeout', '1m'],
  ])
    assert.equal((await cardea(['secrets', 'rotate', name, ...options], { keys: second })).code, 2, name);
  assert.equal(readFileSync(redisFile, 'utf8'), before);
});
