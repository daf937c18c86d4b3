import { freePort } from '../helpers/waiting.ts';
import type { Case, DoctorWorld, Env } from './doctor_world.ts';

const DAY_MS = 86_400_000;

/** Of an identity that no one keeps. */
const BACKUPS: Env = {
  CARDEA_BACKUP_TO: '/nowhere',
  CARDEA_BACKUP_RECIPIENTS: 'age1g9hpa5earzpjm5c9r8nhcdm54h76t5t3m2aulepaw3x5gkhfme5qaenzem',
};

const LATE_JOBS = [
  { name: 'unused clients', seconds: 3 * 3_600, failed: 7, isLate: true },
  { name: 'erasures', seconds: 600, failed: 0, isLate: true },
  { name: 'cleanup', seconds: 20, failed: 1, isLate: false },
];

function onAnyAddress(url: string): string {
  const changed = new URL(url);
  changed.hostname = '0.0.0.0';
  return changed.href;
}

const at = (later: number): Case['overrides'] => ({ now: () => Date.now() + later });
/** What is broken, and what the check finds. */
export function doctorCases(world: DoctorWorld): readonly Case[] {
  const { app, folder, offline, schemas, role, withoutKey, anotherKey, silentPort } = world;
  const { site, issuerOf, databaseAs, inFile, withLeftFile } = world;
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
      check: 'secret files',
      broken: 'a rotation that was killed has left one',
      env: { CARDEA_PASSWORD_PEPPER_FILE: withLeftFile() },
      state: 'warning',
      found: /a rotation of CARDEA_PASSWORD_PEPPER that did not end has left .*\.0123abcd/,
      remedy: /Remove it/,
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
      check: 'database TLS',
      broken: 'the connection to another machine is not encrypted',
      // The same database by an address that is none of loopback.
      env: { CARDEA_DATABASE_URL: onAnyAddress(schemas.url) },
      state: 'warning',
      found: /the connection to 0\.0\.0\.0 is not encrypted/,
      remedy: /sslmode=verify-full/,
    },
    {
      check: 'disk',
      broken: 'it is full',
      env: { CARDEA_AUDIT_FILE_DIR: '/proc' },
      state: 'error',
      found: /^0 MiB are free in \/proc/,
    },
    {
      check: 'disk',
      broken: 'that of backups is full',
      env: { ...BACKUPS, CARDEA_BACKUP_TO: '/proc' },
      state: 'error',
      found: /^0 MiB are free in \/proc/,
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
      check: 'audit receivers',
      broken: 'the address of one is not allowed',
      whole: { ...offline.env, CARDEA_OUTBOUND_ALLOW: '192.0.2.1' },
      state: 'error',
      found: /siem is not reached at 127\.0\.0\.1:\d+ \(address\)$/,
      remedy: /CARDEA_OUTBOUND_ALLOW/,
    },
    {
      check: 'audit receivers',
      broken: 'nothing listens there',
      whole: { ...offline.env, CARDEA_OUTBOUND_ALLOW: '127.0.0.1' },
      state: 'error',
      found: /\(connection\)/,
      remedy: /firewall/,
    },
    {
      check: 'deliveries',
      broken: 'no server takes them up',
      whole: offline.env,
      overrides: at(DAY_MS / 2),
      state: 'error',
      found: /messages to apps have waited since .* no server takes them up/,
    },
    {
      check: 'jobs',
      broken: 'one fails, and one has not run',
      env: async () =>
        issuerOf(await site((_, response) => response.end(JSON.stringify({ seen: { jobs: LATE_JOBS } })))),
      state: 'error',
      found: /^the job "unused clients" has not succeeded for 3 hours, and has failed 7 times/,
    },
    {
      check: 'jobs',
      broken: 'one was stopped',
      env: async () =>
        issuerOf(await site((_, response) => response.end(JSON.stringify({ seen: { jobs: LATE_JOBS } })))),
      state: 'warning',
      found: /^the job "erasures" has not succeeded for 10 minutes$/,
    },
    { check: 'jobs', broken: 'nothing', state: 'ok', found: /^all 1\d background jobs .* run in time/ },
    {
      check: 'backup storage',
      broken: 'it is no folder',
      env: { ...BACKUPS, CARDEA_BACKUP_TO: inFile('CARDEA_ISSUER', 0o600) },
      state: 'error',
      found: /cannot list its files: it is no folder: correct CARDEA_BACKUP_TO \(ENOTDIR\)/,
    },
    {
      check: 'backup storage',
      broken: 'the folder is not there, as the share is not mounted',
      env: BACKUPS,
      state: 'error',
      found: /^\/nowhere: .* does not exist: mount what should be there, correct CARDEA_BACKUP_TO, or make it .*mkdir/,
    },
    {
      check: 'backup storage',
      broken: 'it can be listed, and not written',
      env: { ...BACKUPS, CARDEA_BACKUP_TO: '/proc/self/fdinfo' },
      state: 'error',
      found: /^\/proc\/self\/fdinfo: cannot write cardea-probe-\S+: /,
    },
    {
      check: 'backup storage',
      broken: 'nothing',
      env: { ...BACKUPS, CARDEA_BACKUP_TO: folder },
      state: 'ok',
      found: /can be listed, written and read, and files removed/,
    },
    {
      check: 'traces',
      broken: 'nothing listens',
      env: async () => ({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}` }),
      state: 'error',
      found: /v1\/traces cannot be reached \(ECONNREFUSED\)/,
      remedy: /OTEL_EXPORTER_OTLP_ENDPOINT/,
    },
    {
      check: 'traces',
      broken: 'the receiver refuses the headers',
      env: async () => ({
        OTEL_EXPORTER_OTLP_ENDPOINT: await site(({ url, headers: { key } }, response) =>
          response.writeHead(url === '/v1/traces' && key === 'a b' ? 401 : 404).end(),
        ),
        OTEL_EXPORTER_OTLP_HEADERS: 'key=a%20b',
      }),
      state: 'warning',
      found: /answers 401: traces are lost/,
      remedy: /OTEL_EXPORTER_OTLP_HEADERS/,
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
      found: /no backup was ever made, and the newest attempt failed \(backup_storage\)/,
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
      broken: 'the last good one is gone from its place',
      whole: { ...offline.env, ...BACKUPS, CARDEA_BACKUP_TO: folder },
      state: 'error',
      found: /^the last good backup, cardea-\S+, is not whole in \//,
      remedy: /mounted.*CARDEA_BACKUP_TO/,
    },
    {
      check: 'backups',
      broken: 'it is not set for whom they are encrypted',
      env: { CARDEA_BACKUP_TO: folder },
      state: 'warning',
      found: /CARDEA_BACKUP_TO is set, and CARDEA_BACKUP_RECIPIENTS is not/,
      remedy: /Set CARDEA_BACKUP_RECIPIENTS too/,
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
  ];
}
