import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { createClient } from 'redis';
import { SMTPServer } from 'smtp-server';
import { type Config, loadConfig } from '../../server/config.ts';
import { type FreshSecret, freshSecret } from '../../server/fresh_secrets.ts';
import { createDb } from '../../server/platform/db.ts';
import { sqlState } from '../../server/platform/db_errors.ts';
import { createLog } from '../../server/platform/log.ts';
import { createSmtpMailer } from '../../server/platform/mail.ts';
import { createRedisCounter } from '../../server/platform/redis.ts';
import { redisPlace, redisUrl } from '../../server/platform/redis_url.ts';
import { database } from '../helpers/postgres.ts';
import { freshRedis } from '../helpers/redis.ts';
import { defer } from '../helpers/scope.ts';
import { remember } from '../helpers/secrets.ts';
import { freePort, until } from '../helpers/waiting.ts';
import { configFiles } from './config_problems.ts';

/** Secrets in files that are replaced while a server runs: the next connection has the new one. */

const scope = { after };
const { file } = configFiles(scope);
const { url, db: admin } = await database(scope);
const redis = await freshRedis(scope);
const secret = () => remember('other', randomBytes(12).toString('hex'));
const role = `fresh_${randomBytes(4).toString('hex')}`;
const setPassword = (password: string) =>
  admin.run({ name: '', text: `ALTER ROLE ${role} PASSWORD '${password}'` }, []);
await admin.run({ name: '', text: `CREATE ROLE ${role} LOGIN` }, []);
defer(scope, async () => void (await admin.run({ name: '', text: `DROP ROLE ${role}` }, [])));

const as = (password: string) => {
  const own = new URL(url);
  [own.username, own.password] = [role, password];
  return own.href;
};
const source = (name: string, value: string) => {
  const path = file(name, `${value}\n`);
  return { path, config: loadConfig({ [`${name}_FILE`]: path }) };
};
function reading<Name extends FreshSecret>(config: Config, name: Name) {
  const read = freshSecret(config, name);
  return typeof read === 'function' ? read : assert.fail('it comes from a file');
}
const WHO = { name: 'who', text: 'SELECT 1 AS one' };

test('new connections to the database have the new password, and none fails while it is changed', async () => {
  const passwords = [secret(), secret(), secret()] as const;
  await setPassword(passwords[0]);
  const { path, config } = source('CARDEA_DATABASE_URL', as(passwords[0]));
  const db = createDb({ url: freshSecret(config, 'CARDEA_DATABASE_URL') ?? '', poolSize: 3 });
  let made = 0;
  let stopped = false;
  const busy = [0, 1].map(async () => {
    for (; !stopped; made += 1) {
      await (await db.connect()).end();
      await db.run(WHO, []);
    }
  });
  const more = () => until('more connections', () => made > 10);
  try {
    await more();
    for (const password of passwords.slice(1)) {
      await setPassword(password);
      writeFileSync(path, as(password));
      made = 0;
      await more();
    }
    stopped = true;
    await Promise.all(busy);
  } finally {
    stopped = true;
    await Promise.allSettled(busy);
    await db.close();
  }
});

test('a file may change to another role, so that two take turns; both have connections until the last is made anew', async () => {
  const [one, two] = [secret(), secret()] as const;
  await setPassword(one);
  const next = `${role}_2`;
  await admin.run({ name: '', text: `CREATE ROLE ${next} LOGIN INHERIT IN ROLE ${role} PASSWORD '${two}'` }, []);
  const { path, config } = source('CARDEA_DATABASE_URL', as(one));
  const db = createDb({ url: freshSecret(config, 'CARDEA_DATABASE_URL') ?? '', poolSize: 1 });
  const who = async () => (await db.run({ name: '', text: 'SELECT current_user AS name' }, []))[0]?.name;
  try {
    assert.equal(await who(), role);
    writeFileSync(path, as(two).replace(`${role}:`, `${next}:`));
    await admin.run({ name: '', text: `ALTER ROLE ${role} PASSWORD NULL` }, []);
    assert.equal(await who(), role, 'an open connection goes on');
    const fresh = await db.connect();
    const { rows } = await fresh.query('SELECT current_user AS name');
    await fresh.end();
    assert.equal(rows[0].name, next);
  } finally {
    await db.close();
    await admin.run({ name: '', text: `DROP ROLE ${next}` }, []);
  }
});

test('a password that is in no file is refused at once', async () => {
  const db = createDb({ url: as('wrong') });
  const started = performance.now();
  await assert.rejects(db.run(WHO, []), (error) => sqlState(error) === '28P01');
  assert.ok(performance.now() - started < 1_500);
  await db.close();
});

test('while the file is missing or wrong the last good value holds', () => {
  const { path, config } = source('CARDEA_DATABASE_URL', 'postgres://a:1@db/c');
  const read = reading(config, 'CARDEA_DATABASE_URL');
  writeFileSync(path, 'postgres://a:2@db/c\n');
  assert.equal(read(), 'postgres://a:2@db/c');
  for (const broken of ['', 'sesame']) {
    writeFileSync(path, broken);
    assert.equal(read(), 'postgres://a:2@db/c');
  }
  rmSync(path);
  assert.equal(read(), 'postgres://a:2@db/c');
  assert.equal(freshSecret(loadConfig({}), 'CARDEA_SMTP_URL'), undefined);
  const given = 'postgres://a:1@db/c';
  assert.equal(freshSecret(loadConfig({ CARDEA_DATABASE_URL: given }), 'CARDEA_DATABASE_URL'), given);
});

test('Redis is connected to with the new password after the old one was removed', async () => {
  const [old, next] = [secret(), secret()] as const;
  const own = `u${randomBytes(4).toString('hex')}`;
  const acl = createClient({ url: redis.url });
  await acl.connect();
  const user = (...rules: string[]) => acl.sendCommand(['ACL', 'SETUSER', own, ...rules]);
  await user('on', '~*', '&*', '+@all', `>${old}`);
  const at = (password: string) => redis.url.replace('://', `://${own}:${password}@`);
  const { path, config } = source('CARDEA_REDIS_URL', at(old));
  const lines: string[] = [];
  const counter = await createRedisCounter({
    url: freshSecret(config, 'CARDEA_REDIS_URL') ?? '',
    log: createLog({ level: 'info', destination: { write: (line: string) => void lines.push(line) } }),
    now: Date.now,
  });
  try {
    assert.equal(await counter.increment('fresh', 60_000), 1);
    assert.equal(await acl.get('cardea:fresh'), '1');
    // Both passwords are valid until each server has the new one.
    await user(`>${next}`);
    writeFileSync(path, at(next));
    await user(`<${old}`);
    await acl.sendCommand(['CLIENT', 'KILL', 'USER', own]);
    await until('the counter is in Redis again', async () => {
      await counter.increment('fresh', 60_000);
      return Number(await acl.get('cardea:fresh')) > 1;
    });
    for (const password of [old, next]) assert.ok(!lines.join('').includes(password));
  } finally {
    counter.close();
    acl.destroy();
  }
});

test('user and password are read from each kind of URL of Redis', () => {
  for (const [given, credentials, hosts] of [
    ['redis://h:6379', undefined, 'h:6379'],
    ['redis://:p%40@h/2', { password: 'p@' }, 'h'],
    ['rediss+cluster://u:p@a:1,b:2', { username: 'u', password: 'p' }, 'a:1,b:2'],
    ['redis+sentinel://u:p@a,b/main', { username: 'u', password: 'p' }, 'a,b'],
  ] as const) {
    const place = redisPlace(given);
    assert.deepEqual([place.credentials, place.hosts], [credentials, hosts], given);
  }
  for (const [wrong, why] of [
    ['redis://u:%zz@h', /%25/],
    ['redis://u:p@q@h', /%40/],
  ] as const)
    assert.throws(() => redisUrl(wrong), why);
});

test('mails are sent with the new password, and the one under way with the old one is sent', async () => {
  const [old, next] = [secret(), secret()] as const;
  let accepted: string = old;
  const users: string[] = [];
  const port = await freePort();
  const server = new SMTPServer({
    hideSTARTTLS: true,
    logger: false,
    onAuth: ({ password }, _session, done) => {
      users.push(password ?? '');
      return password === accepted ? done(null, { user: 'u' }) : done(new Error('refused'));
    },
    onData: (stream, _session, done) => {
      stream.resume();
      stream.on('end', () => done());
    },
  });
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
  const { path, config } = source('CARDEA_SMTP_URL', `smtp://u:${old}@127.0.0.1:${port}`);
  const read = reading(config, 'CARDEA_SMTP_URL');
  const mailer = createSmtpMailer(read, { from: { address: 'a@example.com' }, domain: 'example.com', now: Date.now });
  const mail = { kind: 'test', to: { address: 'b@example.com' }, subject: 's', text: 't', html: 'h', locale: 'en' };
  try {
    await mailer.send({ ...mail, id: '1' });
    const underWay = mailer.send({ ...mail, id: '2' });
    writeFileSync(path, `smtp://u:${next}@127.0.0.1:${port}`);
    accepted = next;
    await mailer.send({ ...mail, id: '3' });
    await underWay;
    assert.deepEqual(users, [old, next]);
  } finally {
    mailer.close();
    await new Promise<void>((closed) => server.close(() => closed()));
  }
});
