import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import { createSharedFacts } from '../../server/monitoring/shared_facts.ts';
import { browserSession, formOf } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { labelsOf, metricNames, scrape } from '../helpers/metrics.ts';
import { freshRedis } from '../helpers/redis.ts';
import { authorize, authorizeUrl, redeem } from '../helpers/relying_party.ts';
import { freePort } from '../helpers/waiting.ts';

const scope = { after };
const CARDEA_METRICS_PORT = String(await freePort());
const redis = await freshRedis(scope);
const POOL = 3;
let passed = 0;
const app = await deployment(scope, {
  env: { CARDEA_METRICS_PORT, CARDEA_REDIS_URL: redis.url, CARDEA_DATABASE_POOL: String(POOL) },
  uptime: () => performance.now() + passed,
});
const { issuer } = app;
const party = await app.seed.party({ firstParty: true });
const person = await app.seed.person();

/** A scrape with a new reading of what all nodes share. */
function fresh() {
  passed += 60_000;
  return scrape(CARDEA_METRICS_PORT);
}

test('metrics are at a port of their own, which has nothing else', async () => {
  const at = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${CARDEA_METRICS_PORT}${path}`, init);
  const response = await at('/metrics');
  assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  await response.text();
  assert.equal((await at('/healthz')).status, 200);
  assert.equal((await at('/')).status, 404);
  assert.equal((await at('/api/v1/users')).status, 404);
  assert.equal((await at('/metrics', { method: 'POST', body: 'x' })).status, 405);
  assert.equal((await fetch(new URL('/metrics', issuer))).status, 404, 'the public port has no metrics');
});

test('requests are counted by route and never by URL, also those that the provider answers itself', async () => {
  const before = await scrape(CARDEA_METRICS_PORT);
  const granted = await authorize({ issuer, party, person });
  assert.equal((await redeem(issuer, party, granted)).status, 200);
  assert.equal((await redeem(issuer, party, granted)).status, 400);
  await fetch(new URL('/.well-known/jwks.json', issuer));
  await fetch(new URL('/nothing/is/here?code=abc', issuer));
  const later = await scrape(CARDEA_METRICS_PORT);
  const grown = (name: string) => (later.get(name) ?? 0) - (before.get(name) ?? 0);
  assert.equal(grown('cardea_http_requests_total{method="POST",route="/token",status="2xx"}'), 1);
  assert.equal(grown('cardea_http_requests_total{method="POST",route="/token",status="4xx"}'), 1);
  assert.equal(grown('cardea_http_requests_total{method="GET",route="/.well-known/jwks.json",status="2xx"}'), 1);
  assert.equal(grown('cardea_http_requests_total{method="GET",route="(none)",status="4xx"}'), 1);
  assert.equal(grown('cardea_http_request_duration_seconds_count{method="POST",route="/token"}'), 2);
  assert.equal(grown('cardea_http_request_duration_seconds_bucket{method="POST",route="/token",le="+Inf"}'), 2);
  assert.ok(grown('cardea_http_request_duration_seconds_sum{method="POST",route="/token"}') > 0);
  const routes = labelsOf(later, 'cardea_http_requests_total').map(({ route }) => route);
  assert.ok(routes.includes('/login/:uid'));
  assert.deepEqual(
    routes.filter((route) => /nothing|\?/.test(route ?? '')),
    [],
  );
});

test('methods and bytes that no client should send make no labels of their own', async () => {
  const send = (text: string) =>
    new Promise<void>((done) => {
      const socket = connect(Number(new URL(issuer).port), '127.0.0.1', () => socket.write(text));
      socket.on('close', () => done()).resume();
    });
  await send('PROPFIND /token HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  await send('?\r\n\r\n');
  const methods = new Set(
    labelsOf(await scrape(CARDEA_METRICS_PORT), 'cardea_http_requests_total').map((one) => one.method),
  );
  assert.ok(methods.has('other'));
  assert.ok(!methods.has('PROPFIND'));
});

test('sign-ins are counted by outcome, lockouts by factor', async () => {
  const before = await scrape(CARDEA_METRICS_PORT);
  const browser = browserSession(issuer);
  const page = await browser.follow(await browser.get(authorizeUrl({ issuer, party }, 'v'.repeat(43))));
  for (let i = 0; i < 6; i += 1) {
    const { action, fields } = formOf(page);
    await browser.post(action, { ...fields, identifier: person.email, password: 'wrong', action: 'signin' });
  }
  await authorize({ issuer, party, person: await app.seed.person() });
  const later = await scrape(CARDEA_METRICS_PORT);
  const grown = (name: string) => (later.get(name) ?? 0) - (before.get(name) ?? 0);
  assert.equal(grown('cardea_sign_ins_total{outcome="done"}'), 1);
  assert.equal(
    grown('cardea_sign_ins_total{outcome="wrong_password"}') + grown('cardea_sign_ins_total{outcome="locked"}'),
    6,
  );
  assert.equal(grown('cardea_lockouts_total{factor="password"}'), 1);
});

test('every metric of the table has samples, except those of what this node does not have', async () => {
  const all = await fresh();
  const names = await metricNames(CARDEA_METRICS_PORT);
  const absent = [...names.keys()].filter(
    (name) => name.startsWith('cardea_') && ![...all.keys()].some((key) => key.split('{')[0]?.startsWith(name)),
  );
  assert.deepEqual(absent.sort(), [
    'cardea_audit_dead_letters',
    'cardea_audit_destination_lag_seconds',
    'cardea_backup_age_seconds',
    'cardea_limit_refusals_total',
    'cardea_tls_certificate_expiry_timestamp_seconds',
  ]);
  assert.equal(all.get('cardea_ready'), 1);
  assert.equal(all.get('cardea_redis_connected'), 1);
  assert.equal(all.get('cardea_keys{ring="RS256",state="active"}'), 1);
  assert.equal(all.get('cardea_keys{ring="RS256",state="pending"}'), 0);
  assert.ok((all.get('cardea_job_lag_seconds{job_name="keys"}') ?? 99) < 60);
  assert.ok((all.get('process_cpu_seconds_total') ?? 0) > 0);
});

test('Redis that is away is told of, and nothing else is missing', async () => {
  await redis.stop();
  const all = await fresh();
  assert.equal(all.get('cardea_redis_connected'), 0);
  assert.equal(all.get('cardea_database_up'), 1);
  await redis.restart();
});

test('what all nodes share is read once for many scrapes', async () => {
  await fresh();
  app.statements.length = 0;
  app.jobStatements.length = 0;
  await Promise.all(Array.from({ length: 20 }, () => scrape(CARDEA_METRICS_PORT)));
  const sent = [...app.statements, ...app.jobStatements].filter((text) => /audit_heads|write_checks/.test(text));
  assert.deepEqual(sent, []);
});

test('a database that hangs costs two seconds at most, and the metrics of this node remain', async (t) => {
  const never = new Promise<never>(() => {});
  const read = createSharedFacts({
    db: { transact: () => never },
    keyRing: { list: () => never },
    isReady: () => never,
    redis: undefined,
    now: Date.now,
    uptime: () => performance.now(),
    timeoutMs: 20,
  });
  const { shared, ready, redis: asked } = await read();
  assert.deepEqual([shared, ready, asked], [undefined, false, undefined]);
  // Every connection of the pool is in use.
  const release = Promise.withResolvers<void>();
  const held = Array.from({ length: POOL }, () => app.db.transaction(() => release.promise));
  t.after(() => {
    release.resolve();
    return Promise.all(held).then(() => {});
  });
  const all = await fresh();
  assert.equal(all.get('cardea_database_up'), 0);
  assert.equal(all.has('cardea_mails_waiting'), false);
  assert.ok(all.has('cardea_http_requests_total{method="POST",route="/token",status="2xx"}'));
  assert.equal(all.get('cardea_database_pool_connections{state="busy"}'), POOL);
  assert.ok((all.get('cardea_database_pool_waiting') ?? 0) > 0);
});
