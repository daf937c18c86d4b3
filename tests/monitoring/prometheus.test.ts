import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createDb } from '../../server/platform/db.ts';
import { ROOT } from '../helpers/artifacts.ts';
import { createSeeder, type Deployment, deployment, neighbour, type Party } from '../helpers/deployment.ts';
import { LONG } from '../helpers/long.ts';
import { databaseUrl } from '../helpers/postgres.ts';
import { startNode } from '../helpers/processes.ts';
import { startPrometheus, type TestPrometheus } from '../helpers/prometheus.ts';
import { authorize, redeem } from '../helpers/relying_party.ts';
import { defer } from '../helpers/scope.ts';
import { remember } from '../helpers/secrets.ts';
import { freePort, until } from '../helpers/waiting.ts';

/** A real Prometheus reads real nodes; `make chaos` lets it do so for ten minutes of load. */

const scope = { after };
const LOAD_MS = 600_000;
const RULES = join(ROOT, 'ops/monitoring/alerts.yaml');
const folder = await mkdtemp(join(tmpdir(), 'cardea-test-rules-'));
defer(scope, () => rm(folder, { recursive: true, force: true }));
/** The same rules, which do not wait. */
const atOnce = join(folder, 'alerts.yaml');
writeFileSync(atOnce, readFileSync(RULES, 'utf8').replaceAll(/^ +for: .*\n/gm, ''));

const one = LONG ? undefined : await shortForm();
const two = LONG ? await longForm() : undefined;

async function shortForm() {
  const CARDEA_METRICS_PORT = String(await freePort());
  const env = { CARDEA_METRICS_PORT };
  const app = await deployment(scope, { env });
  const target = `127.0.0.1:${CARDEA_METRICS_PORT}`;
  return { app, env, target, prometheus: await startPrometheus(scope, { targets: [target], rules: atOnce }) };
}

async function longForm() {
  const url = await databaseUrl(scope);
  const masterKey = remember('master_key', randomBytes(32).toString('base64'));
  const ports = [await freePort(), await freePort()];
  const [first = 0, second = 0] = ports;
  const a = await startNode(scope, {
    databaseUrl: url,
    env: { CARDEA_MASTER_KEY: masterKey, CARDEA_METRICS_PORT: String(first) },
  });
  const b = await startNode(scope, {
    databaseUrl: url,
    env: { CARDEA_MASTER_KEY: masterKey, CARDEA_METRICS_PORT: String(second), CARDEA_ISSUER: a.issuer },
  });
  const db = createDb({ url });
  defer(scope, () => db.close());
  const seed = await createSeeder(db, masterKey);
  const party = await seed.party({ firstParty: true });
  const targets = ports.map((port) => `127.0.0.1:${port}`);
  const prometheus = await startPrometheus(scope, { targets, rules: RULES });
  return { a, b, seed, party, targets, prometheus };
}

const firing = async (prometheus: TestPrometheus, name: string) =>
  (await prometheus.alerts())
    .filter((alert) => alert.name === name && alert.state === 'firing')
    .map(({ instance }) => instance);

async function isUp(prometheus: TestPrometheus, count: number): Promise<boolean> {
  const samples = await prometheus.query('up{job="cardea"}');
  return samples.length === count && samples.every(({ value }) => value === 1);
}

async function signIn({ seed }: Pick<Deployment, 'seed'>, issuer: string, party: Party): Promise<void> {
  const tokens = await redeem(issuer, party, await authorize({ issuer, party, person: await seed.person() }));
  assert.equal(tokens.status, 200);
}

if (one) {
  const { app, env, target, prometheus } = one;
  test('Prometheus reads a node, and the alert of a node that is down fires and resolves', async () => {
    await signIn(app, app.issuer, await app.seed.party({ firstParty: true }));
    await until('the node is read', () => isUp(prometheus, 1));
    await until('the sign-in is counted', async () => {
      const [sample] = await prometheus.query('sum(cardea_sign_ins_total{outcome="done"})');
      return sample?.value === 1;
    });
    const [buckets] = await prometheus.query(
      'sum(cardea_http_request_duration_seconds_bucket{route="/token",le="+Inf"}) == sum(cardea_http_request_duration_seconds_count{route="/token"})',
    );
    assert.equal(buckets?.value, 1, 'the histogram is whole');
    assert.deepEqual(await firing(prometheus, 'CardeaNodeDown'), []);
    await app.close();
    await until('the alert fires', async () => (await firing(prometheus, 'CardeaNodeDown')).includes(target));
    await neighbour(scope, app, { env });
    await until('the alert resolves', async () => (await firing(prometheus, 'CardeaNodeDown')).length === 0);
  });
}

if (two) {
  const { a, b, seed, party, targets, prometheus } = two;
  const [first = '', second = ''] = targets;
  test('Prometheus reads two nodes for ten minutes of load; a node that ends fires an alert, which resolves', async () => {
    const endsAt = performance.now() + LOAD_MS;
    let signIns = 0;
    let isLoaded = true;
    const load = Array.from({ length: 4 }, async () => {
      while (isLoaded) {
        await signIn({ seed }, a.url, party);
        signIns += 1;
      }
    });
    try {
      await until('both nodes are read', () => isUp(prometheus, 2), { withinMs: 60_000 });
      await b.stop();
      const options = { withinMs: 180_000, everyMs: 1_000 };
      await until(
        'the alert fires',
        async () => (await firing(prometheus, 'CardeaNodeDown')).includes(second),
        options,
      );
      await b.restart();
      await until(
        'the alert resolves',
        async () => !(await firing(prometheus, 'CardeaNodeDown')).includes(second),
        options,
      );
      await until('the load has lasted', () => performance.now() >= endsAt, { withinMs: LOAD_MS * 2, everyMs: 1_000 });
    } finally {
      isLoaded = false;
      await Promise.all(load);
    }
    await until('the last sign-in is counted', async () => {
      const [counted] = await prometheus.query(`cardea_sign_ins_total{outcome="done",instance="${first}"}`);
      return counted?.value === signIns;
    });
    const [read] = await prometheus.query(`count_over_time(up{instance="${first}"}[10m])`);
    assert.ok((read?.value ?? 0) > 500, `${read?.value} scrapes`);
    const [missed] = await prometheus.query(`min_over_time(up{instance="${first}"}[10m])`);
    assert.equal(missed?.value, 1, 'every scrape was parsed');
    const [rate] = await prometheus.query('sum(rate(cardea_http_requests_total[5m]))');
    assert.ok((rate?.value ?? 0) > 1);
  });
}
