import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { measure, median } from './bench/measure.ts';
import { type Report, report, table, writeReport } from './bench/report.ts';

/**
 * That the bench works, and nothing of what it measures: what a machine is fast enough for is no matter of right and
 * wrong, and `make bench` says it.
 */
const ROUNDS = 1;
const CASES = [
  ...['jwks', 'discovery', 'client_credentials_opaque', 'client_credentials_jwt'],
  ...['code_redemption', 'refresh', 'introspection', 'userinfo'],
];
const AIMS = { jwks: 2, discovery: 2, client_credentials_jwt: 0.9, code_redemption: 0.6, refresh: 0.6 };

const written = await report(() => measure({ after }, { rounds: ROUNDS, scale: 0.2, people: 4 }));
const path = writeReport(written, 'bench-short.json');
const kept = JSON.parse(readFileSync(path, 'utf8')) as Report;

test('the bench measures every case on both servers, and its report says what it aims at', () => {
  assert.deepEqual(
    kept.cases.map(({ name }) => name),
    CASES,
  );
  assert.deepEqual(Object.fromEntries(kept.cases.flatMap(({ name, aim }) => (aim ? [[name, aim.atLeast]] : []))), AIMS);
  for (const { name, requestsPerRound, rounds, cardea, bare, ratio, ratios, aim } of kept.cases) {
    assert.ok(requestsPerRound >= 80, name);
    assert.equal(rounds, ROUNDS, name);
    for (const side of [cardea, bare]) {
      assert.equal(side.rates.length, ROUNDS, name);
      assert.ok(side.rate > 0 && Number.isFinite(side.rate), name);
      assert.ok(side.p50 > 0 && side.p50 <= side.p99, name);
    }
    assert.equal(ratio, median(ratios), name);
    assert.equal(ratio, cardea.rate / bare.rate, name);
    if (aim) assert.equal(aim.met, ratio >= aim.atLeast, name);
  }
});

test('the bench holds password hashes in flight while tokens are asked for', () => {
  assert.deepEqual(
    kept.hashing.map(({ connections }) => connections),
    [32, 4],
  );
  for (const { name, inFlight, hashesPerSecond, unloaded, loaded, ratio, aim } of kept.hashing) {
    assert.equal(inFlight, 32, name);
    assert.ok(hashesPerSecond > 0, name);
    for (const { p50, p99 } of [unloaded, loaded]) assert.ok(p50 > 0 && p50 <= p99, name);
    assert.deepEqual(aim, { atMost: 2, met: ratio <= 2 }, name);
  }
});

test('the bench measures Cardea on a database that commits to disk', () => {
  const { server_version: version, ...durability } = kept.postgres;
  assert.deepEqual(durability, { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' });
  assert.match(version, /^\d+/);
});

test('the report tells the machine and the versions, and prints as a table of ratios', () => {
  assert.ok(kept.machine.cores > 0 && kept.machine.memoryBytes > 0);
  for (const name of ['cardea', 'node', 'postgres', 'oidc-provider', 'fastify', 'pg']) {
    assert.match(kept.versions[name] ?? '', /^\d+\.\d+/, name);
  }
  const lines = table(kept).split('\n');
  for (const { title, ratio } of kept.cases) {
    assert.ok(
      lines.some((line) => line.startsWith(title) && line.includes(` ${ratio.toFixed(2)} `)),
      title,
    );
  }
});
