import type { examine } from '../../server/cli/doctor.ts';
import type { State } from '../../server/doctor/check.ts';
import { makeIdentity } from '../helpers/certificates.ts';
import { freePort } from '../helpers/waiting.ts';
import type { DoctorWorld, Env } from './doctor_world.ts';

type Overrides = Parameters<typeof examine>[2];

const DAY_MS = 86_400_000;

export interface Case {
  readonly check: string;
  readonly broken: string;
  readonly env?: Env | (() => Promise<Env>);
  /** In place of the whole deployment. */
  readonly whole?: Env;
  readonly overrides?: Overrides;
  readonly state: State;
  readonly found: RegExp;
  readonly remedy?: RegExp;
}

/** Of an identity that no one keeps. */
const BACKUPS: Env = {
  CARDEA_BACKUP_TO: '/nowhere',
  CARDEA_BACKUP_RECIPIENTS: 'age1g9hpa5earzpjm5c9r8nhcdm54h76t5t3m2aulepaw3x5gkhfme5qaenzem',
};

const at = (later: number): Overrides => ({ now: () => Date.now() + later });
/** What is broken, and what the check finds. */
export function doctorCases(world: DoctorWorld): readonly Case[] {
  const { app, offline, schemas, redis, role, withoutKey, anotherKey, silentPort } = world;
  const { site, tlsSite, proxied, smtp, issuerOf, databaseAs, inFile } = world;
  return [
    { check: 'node', broken: 'Node is old', overrides: { nodeVersion: '18.19.0' }, state: 'error', found: /18\.19/ },
    { check: 'node', broken: 'Node is odd', overrides: { nodeVersion: '25.1.0' }, state: 'warning', found: /25\.1/ },
    {
      check: 'settings',
      broken: 'one is wrong',
      env: { CARDEA_PORT: 'x' },
      state: 'error',
      found: /CARDEA_PORT must be/,
    },
    {
      check: 'settings',
      broken: 'demo data is on',
      env: { CARDEA_DEMO: 'true' },
      state: 'warning',
      found: /demo data/,
    },
    {
      check: 'secret files',
      broken: 'all may read one',
      whole: { ...withoutKey, CARDEA_MASTER_KEY_FILE: inFile('CARDEA_MASTER_KEY', 0o644) },
      state: 'warning',
      found: /CARDEA_MASTER_KEY\) can be read by every user/,
      remedy: /chmod o-r/,
    },
    {
      check: 'secret files',
      broken: 'others may write one',
      whole: { ...withoutKey, CARDEA_MASTER_KEY_FILE: inFile('CARDEA_MASTER_KEY', 0o662) },
      state: 'error',
      found: /can be written/,
      remedy: /chmod go-w/,
    },
    {
      check: 'secret files',
      broken: 'nothing',
      whole: { ...withoutKey, CARDEA_MASTER_KEY_FILE: inFile('CARDEA_MASTER_KEY', 0o640) },
      state: 'ok',
      found: /1 files/,
    },
    {
      check: 'database',
      broken: 'the password is wrong',
      env: databaseAs(role, 'wrong'),
      state: 'error',
      found: /refuses the password of user.*28P01/,
    },
    {
      check: 'database',
      broken: 'nothing listens',
      env: async () => ({ CARDEA_DATABASE_URL: `postgres://a:b@127.0.0.1:${await freePort()}/c` }),
      state: 'error',
      found: /nothing listens at 127/,
    },
    {
      check: 'database',
      broken: 'it answers nothing',
      env: { CARDEA_DATABASE_URL: `postgres://a:b@localhost:${silentPort}/c`, CARDEA_DATABASE_TIMEOUT_MS: '300' },
      state: 'error',
      found: /does not answer/,
    },
    {
      check: 'schema',
      broken: 'the database is gone',
      env: databaseAs(role, 'wrong'),
      state: 'skipped',
      found: /it needs the database/,
    },
    {
      check: 'database settings',
      broken: 'a crash loses data',
      state: 'error',
      found: /^fsync is off/,
      remedy: /Set it to on/,
    },
    {
      check: 'database settings',
      broken: 'commits are not waited for',
      env: { CARDEA_DATABASE_URL: schemas.url },
      state: 'error',
      found: /^synchronous_commit is off/,
    },
    {
      check: 'database connections',
      broken: 'there are too few',
      env: { CARDEA_DATABASE_POOL: '400' },
      state: 'error',
      found: /41\d connections for 1 servers, of 297/,
      remedy: /max_connections/,
    },
    {
      check: 'database role',
      broken: 'it has no rights',
      env: databaseAs(role, 'doctor'),
      state: 'error',
      found: /may not read accepted_texts, account/,
      remedy: /roles\.sql/,
    },
    { check: 'database role', broken: 'it has all rights', state: 'warning', found: /SUPERUSER/, remedy: /roles\.sql/ },
    {
      check: 'schema',
      broken: 'a migration is missing, and one is unknown',
      env: { CARDEA_DATABASE_URL: schemas.url },
      state: 'error',
      found: /later version.*9999-later/,
    },
    {
      check: 'keys',
      broken: 'the schema is another one',
      env: { CARDEA_DATABASE_URL: schemas.url },
      state: 'skipped',
      found: /schema of this version/,
    },
    {
      check: 'installation',
      broken: 'the issuer is another one',
      env: issuerOf('http://localhost:1'),
      state: 'error',
      found: /belongs to the issuer/,
    },
    {
      check: 'clock',
      broken: 'it is late by a minute',
      overrides: at(-60_000),
      state: 'error',
      found: /60\.\d seconds apart/,
      remedy: /NTP/,
    },
    {
      check: 'clock',
      broken: 'it is ahead by three seconds',
      overrides: at(3_000),
      state: 'warning',
      found: /[23]\.\d seconds apart/,
    },
    {
      check: 'master key',
      broken: 'it is another one',
      env: { CARDEA_MASTER_KEY: anotherKey },
      state: 'error',
      found: /cannot be opened: its master key is not in CARDEA_MASTER_KEY/,
    },
    {
      check: 'master key',
      broken: 'servers lack the new one',
      env: { CARDEA_MASTER_KEY: `${anotherKey},${app.masterKey}` },
      state: 'warning',
      found: /1 of 1 running servers/,
    },
    { check: 'servers', broken: 'none runs', whole: offline.env, state: 'warning', found: /no server runs/ },
    { check: 'keys', broken: 'there are none', whole: offline.env, state: 'error', found: /no key of cookie signs/ },
    {
      check: 'keys',
      broken: 'they are old',
      overrides: at(60 * DAY_MS),
      state: 'error',
      found: /the key of RS256 has signed for (59|60) days/,
    },
    {
      check: 'audit',
      broken: 'no server signs it',
      whole: offline.env,
      overrides: at(DAY_MS),
      state: 'error',
      found: /have waited for a signature since/,
    },
    {
      check: 'audit destinations',
      broken: 'the server has disabled one',
      whole: offline.env,
      state: 'error',
      found: /the destination all was disabled \(dead_letters\)/,
    },
    {
      check: 'mail queue',
      broken: 'no server takes mails up',
      whole: offline.env,
      overrides: at(DAY_MS / 2),
      state: 'error',
      found: /no server takes them up/,
    },
    {
      check: 'backups',
      broken: 'none was made',
      env: BACKUPS,
      state: 'error',
      found: /no backup was ever made/,
      remedy: /cardea backup create/,
    },
    {
      check: 'backups',
      broken: 'the last good one is too old',
      whole: { ...offline.env, ...BACKUPS },
      overrides: at(2 * DAY_MS),
      state: 'error',
      found: /the last good backup is 49 hours old/,
    },
    {
      check: 'backups',
      broken: 'the newest failed',
      whole: { ...offline.env, ...BACKUPS },
      state: 'warning',
      found: /the newest backup failed \(backup_storage\); the last good one is 1 hours old/,
      remedy: /cardea backup status/,
    },
    {
      check: 'backups',
      broken: 'they are not configured in production',
      env: { NODE_ENV: 'production' },
      state: 'warning',
      found: /no backups are made/,
    },
    {
      check: 'cleanup',
      broken: 'no server removes rows',
      whole: offline.env,
      overrides: at(10 * DAY_MS),
      state: 'error',
      found: /expired rows are \d+ minutes old/,
    },
    {
      check: 'name',
      broken: 'the host has no address',
      env: issuerOf('http://nothing.test'),
      state: 'error',
      found: /nothing\.test has no address/,
    },
    {
      check: 'TLS',
      broken: 'the certificate has expired',
      env: async () => issuerOf(await tlsSite({ validDays: [-9, -2] })),
      state: 'error',
      found: /expired [23] days ago: /,
    },
    {
      check: 'TLS',
      broken: 'the authority is unknown',
      env: async () => issuerOf(await tlsSite({ validDays: [-1, 90] })),
      state: 'error',
      found: /DEPTH_ZERO_SELF_SIGNED_CERT/,
      remedy: /NODE_EXTRA_CA_CERTS/,
    },
    {
      check: 'TLS',
      broken: 'it is no TLS',
      env: issuerOf(`https://localhost:${silentPort}`),
      state: 'error',
      found: /no result within 1 seconds/,
    },
    {
      check: 'discovery',
      broken: 'nothing listens',
      env: async () => issuerOf(`http://localhost:${await freePort()}`),
      state: 'error',
      found: /ECONNREFUSED/,
      remedy: /Start the proxy/,
    },
    {
      check: 'discovery',
      broken: 'it redirects',
      env: async () => issuerOf(await site((_, response) => response.writeHead(301, { location: '/' }).end())),
      state: 'error',
      found: /redirects/,
    },
    {
      check: 'discovery',
      broken: 'something else answers',
      env: async () => issuerOf(await site((_, response) => response.end('hello'))),
      state: 'error',
      found: /answers 200, and no discovery document/,
    },
    {
      check: 'discovery',
      broken: 'another issuer answers',
      env: async () => issuerOf(await site((_, response) => response.end('{"issuer":"http://other"}'))),
      state: 'error',
      found: /is of the issuer http:\/\/other/,
    },
    {
      check: 'discovery',
      broken: 'the clock of its server is wrong',
      env: async () => {
        const issuer: string = await site((_, response) =>
          response
            .writeHead(200, { date: new Date(Date.now() - 90_000).toUTCString() })
            .end(JSON.stringify({ issuer })),
        );
        return issuerOf(issuer);
      },
      state: 'error',
      found: /issuer are \d+\.\d seconds apart/,
    },
    {
      check: 'JWKS',
      broken: 'it has other keys',
      env: async () => ({ ...issuerOf(await site((_, response) => response.end('{"keys":[{"kid":"foreign"}]}'))) }),
      state: 'error',
      found: /lacks 1 keys of the database, and has 1 others/,
    },
    {
      check: 'trusted proxies',
      broken: 'everybody is one',
      env: { CARDEA_TRUSTED_PROXIES: '0.0.0.0/0' },
      state: 'error',
      found: /nearly everybody/,
    },
    { check: 'proxy', broken: 'nothing', state: 'ok', found: /no proxy is in front/ },
    {
      check: 'proxy',
      broken: 'another deployment answers',
      env: { CARDEA_MASTER_KEY: anotherKey },
      state: 'error',
      found: /does not know this probe/,
    },
    {
      check: 'proxy',
      broken: 'it is not trusted',
      env: () => proxied({}, (sent) => `${sent}, 192.0.2.9`),
      state: 'error',
      found: /X-Forwarded-For is not believed/,
      remedy: /Add (::1|127\.0\.0\.1|::ffff:127\.0\.0\.1) to CARDEA_TRUSTED_PROXIES/,
    },
    {
      check: 'proxy',
      broken: 'it tells no address',
      env: () => proxied({ CARDEA_TRUSTED_PROXIES: '127.0.0.1,::1' }, () => undefined),
      state: 'error',
      found: /does not tell the address/,
    },
    {
      check: 'proxy',
      broken: 'nothing behind one that replaces',
      env: () => proxied({ CARDEA_TRUSTED_PROXIES: '127.0.0.1,::1' }, () => '192.0.2.9'),
      state: 'ok',
      found: /they cannot choose it/,
    },
    {
      check: 'proxy',
      broken: 'it passes certificates on',
      env: () =>
        proxied(
          { CARDEA_TRUSTED_PROXIES: '127.0.0.1,::1', CARDEA_CLIENT_CERTIFICATE_HEADER: 'Client-Cert' },
          () => '192.0.2.9',
        ),
      state: 'error',
      found: /can claim any certificate/,
    },
    {
      check: 'mail',
      broken: 'the password is wrong',
      env: async () => ({ CARDEA_SMTP_URL: await smtp({ onAuth: (_, __, done) => done(new Error('no')) }) }),
      state: 'error',
      found: /EAUTH 535/,
      remedy: /user and password/,
    },
    {
      check: 'mail',
      broken: 'nothing listens',
      env: async () => ({ CARDEA_SMTP_URL: `smtp://127.0.0.1:${await freePort()}` }),
      state: 'error',
      found: /cannot be used \(ESOCKET|ECONNECTION/,
    },
    {
      check: 'mail',
      broken: 'the certificate is unknown',
      env: async () => {
        const { pem: cert, keyPem: key } = await makeIdentity();
        return { CARDEA_SMTP_URL: (await smtp({ secure: true, cert, key })).replace('smtp:', 'smtps:') };
      },
      state: 'error',
      found: /cannot be used/,
    },
    {
      check: 'mail',
      broken: 'it never greets',
      env: { CARDEA_SMTP_URL: `smtp://localhost:${silentPort}` },
      state: 'error',
      found: /no result within 1 seconds/,
    },
    {
      check: 'redis',
      broken: 'nothing listens',
      env: async () => ({ CARDEA_REDIS_URL: `redis://127.0.0.1:${await freePort()}` }),
      state: 'error',
      found: /each server counts for itself/,
      remedy: /Start it/,
    },
    {
      check: 'redis',
      broken: 'the password is wrong',
      env: { CARDEA_REDIS_URL: redis.url.replace('://', '://nobody:x@') },
      state: 'error',
      found: /WRONGPASS/,
    },
    {
      check: 'redis',
      broken: 'counters may be evicted',
      env: { CARDEA_REDIS_URL: redis.url },
      state: 'warning',
      found: /allkeys-lru/,
    },
  ];
}
