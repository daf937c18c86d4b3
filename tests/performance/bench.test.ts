import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { measureAudit, memoryLine } from './bench/audit_log.ts';
import { run } from './bench/load.ts';
import { caseResult, hashingResult, measure, type Round } from './bench/measure.ts';
import { earlierReport, type Report, report, table, writeReport } from './bench/report.ts';

/** Tests that the bench works, not its results: speed depends on the machine, and `make bench` reports it. */
const ROUNDS = 1;
const CASES = [
  ...['jwks', 'discovery', 'client_credentials_opaque', 'client_credentials_jwt'],
  ...['code_redemption', 'refresh', 'introspection', 'userinfo'],
];
const AIMS = { jwks: 2, discovery: 2, client_credentials_jwt: 0.9, code_redemption: 0.6, refresh: 0.6 };

// One number of connections for the password hashes, which take most of the time.
const only = [...CASES, 'hashing_4'];
const written = await report(() => measure({ after }, { rounds: ROUNDS, scale: 0.02, people: 2, only }));
const path = writeReport(written, 'bench-short.json');
const kept = JSON.parse(readFileSync(path, 'utf8')) as Report;

const audit = { printed: [] as string[], told: [] as string[] };
await measureAudit(
  { after },
  {
    entries: 3_000,
    print: (line) => audit.printed.push(line),
    progress: (line) => audit.told.push(line),
    progressEvery: 1_000,
  },
);

/** A round in which all responses took the same time, except for one in ten. */
function roundOf(seconds: number, usual: number, slow: number): Round {
  const latencies = Float64Array.from({ length: 100 }, (_, at) => (at < 90 ? usual : slow));
  return { requests: 100, seconds, latencies, cpuSeconds: seconds / 10 };
}

test('the result of a case is the median of its rounds, and of the ratios of pairs of rounds', () => {
  const measured = {
    cardea: [roundOf(1, 2, 9), roundOf(2, 4, 12), roundOf(4, 3, 10)],
    bare: [roundOf(2, 1, 5), roundOf(8, 2, 6), roundOf(2, 3, 7)],
  };
  const found = caseResult({ name: 'one', title: 'One', aim: 2 }, 100, measured);
  assert.deepEqual([found.rounds, found.requestsPerRound], [3, 100]);
  assert.deepEqual(found.cardea, { rate: 50, rates: [100, 50, 25], p50: 3, p99: 10, cpuMicroseconds: 2_000 });
  assert.deepEqual(found.bare, { rate: 50, rates: [50, 12.5, 50], p50: 2, p99: 6, cpuMicroseconds: 2_000 });
  assert.deepEqual(
    [found.ratios, found.ratio],
    [[2, 4, 0.5], 2],
    'the ratio is taken in pairs, not 50 to 50, so that drift cancels out',
  );
  assert.deepEqual(found.aim, { atLeast: 2, met: true });
  assert.equal(caseResult({ name: 'one', title: 'One', aim: 2.01 }, 100, measured).aim?.met, false);
});

test('the wait for password hashes is a median of pairs, and at most twice as long', () => {
  const pair = (unloaded: number, loaded: number, hashesPerSecond: number) => ({
    unloaded: roundOf(1, 1, unloaded),
    loaded: roundOf(1, 2, loaded),
    hashesPerSecond,
  });
  const found = hashingResult('hashing_4', 4, 100, [pair(4, 8, 30), pair(2, 8, 10), pair(6, 6, 20)]);
  assert.deepEqual([found.ratios, found.ratio, found.hashesPerSecond], [[2, 4, 1], 2, 20]);
  assert.deepEqual(
    [found.unloaded, found.loaded],
    [
      { p50: 1, p99: 4 },
      { p50: 2, p99: 8 },
    ],
  );
  assert.deepEqual(found.aim, { atMost: 2, met: true });
  assert.equal(hashingResult('hashing_4', 4, 100, [pair(4, 8.1, 30)]).aim.met, false);
});

test('the load generator sends the given number of requests, waits for each response, and accepts one status only', async (t) => {
  let requests = 0;
  let serverMs = 0;
  const connections = new Set<number | undefined>();
  const server = createServer((request, response) => {
    const came = performance.now();
    requests += 1;
    connections.add(request.socket.remotePort);
    // Delayed, so that there is something to measure.
    setImmediate(() => {
      serverMs += performance.now() - came;
      response.statusCode = request.url === '/fails' ? 500 : 200;
      response.setHeader('content-length', 2);
      response.end('{}');
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  t.after(() => server.closeAllConnections());
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const load = (path: string) =>
    run({ port, count: 60, connections: 3, request: () => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`, expected: 200 });
  const measured = await load('/');
  const waited = measured.latencies.reduce((sum, one) => sum + one, 0);
  assert.deepEqual([measured.requests, measured.latencies.length, requests, connections.size], [60, 60, 60, 3]);
  assert.ok(waited >= serverMs, `waited ${waited} ms for requests that took ${serverMs} ms`);
  assert.ok(waited <= measured.seconds * 1_000 * 3, 'one request at a time on each connection');
  assert.deepEqual(
    [...measured.latencies],
    [...measured.latencies].sort((a, b) => a - b),
  );
  await assert.rejects(load('/fails'), /answered 500 instead of 200/);
});

test('the bench measures every case on both servers, and its report states the goals', () => {
  assert.deepEqual(
    kept.cases.map(({ name }) => name),
    CASES,
  );
  assert.deepEqual(Object.fromEntries(kept.cases.flatMap(({ name, aim }) => (aim ? [[name, aim.atLeast]] : []))), AIMS);
  for (const { name, requestsPerRound, rounds, cardea, bare, ratio } of kept.cases) {
    assert.ok(requestsPerRound >= 8, name);
    assert.equal(rounds, ROUNDS, name);
    for (const side of [cardea, bare]) {
      assert.equal(side.rates.length, ROUNDS, name);
      assert.ok(side.rate > 0 && Number.isFinite(side.rate), name);
      assert.ok(side.p50 > 0 && side.p50 <= side.p99, name);
    }
    assert.ok(ratio > 0 && Number.isFinite(ratio), name);
  }
});

test('the bench keeps password hashes running during token requests', () => {
  assert.deepEqual(
    kept.hashing.map(({ connections }) => connections),
    [4],
  );
  for (const { name, inFlight, hashesPerSecond, unloaded, loaded, ratio, aim } of kept.hashing) {
    assert.ok(ratio > 0 && Number.isFinite(ratio), name);
    assert.equal(inFlight, 32, name);
    assert.ok(hashesPerSecond > 0, name);
    for (const { p50, p99 } of [unloaded, loaded]) assert.ok(p50 > 0 && p50 <= p99, name);
    assert.equal(aim.atMost, 2, name);
  }
});

test('the bench measures Cardea on a database that commits to disk', () => {
  const { server_version: version, ...durability } = kept.postgres;
  assert.deepEqual(durability, { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' });
  assert.match(version, /^\d+/);
});

test('the report states the machine and the versions, and prints a table of ratios', () => {
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
  const [first, ...others] = kept.cases;
  assert.ok(first);
  const lineFor = (met: boolean) => {
    const cases = [{ ...first, ratio: 1.234, aim: { atLeast: 1.5, met } }, ...others];
    return table({ ...kept, cases })
      .split('\n')
      .find((line) => line.startsWith(first.title));
  };
  assert.match(lineFor(true) ?? '', / 1\.23 +≥ 1\.5 +met /);
  assert.match(lineFor(false) ?? '', / 1\.23 +≥ 1\.5 +NOT MET /);
});

test('without an earlier run the ratios from before the audit log are printed beside those of this run', () => {
  const baseline = earlierReport('bench-that-never-ran.json');
  assert.deepEqual(
    baseline.cases.map(({ name }) => name),
    CASES,
  );
  const lines = table(kept, baseline).split('\n');
  assert.ok(lines.includes('before: the ratios of 0.x before the audit log, 2026-11-28'));
  for (const { name, title, ratio } of kept.cases) {
    const before = baseline.cases.find((one) => one.name === name)?.ratio.toFixed(2);
    const line = lines.find((one) => one.startsWith(title));
    assert.match(line ?? '', new RegExp(` ${ratio.toFixed(2)} +${before} `), name);
  }
  assert.equal(earlierReport('bench-short.json').at, kept.at, 'that of an earlier run comes first');
});

test('the bench of the audit prints rates, progress and memory, and fails when memory grows with the entries', () => {
  const rates = audit.printed.slice(0, 3);
  assert.deepEqual(
    rates.map((line) => /^3000 entries (\w+): [1-9]\d* a second, /.exec(line)?.[1]),
    ['appended', 'sealed', 'verified'],
  );
  assert.match(audit.printed[3] ?? '', /^memory of the verification: -?\d+ MiB more, [1-9]\d* in all$/);
  assert.deepEqual(audit.told, ['2000 of 3000 entries verified', '3000 of 3000 entries verified']);
  const mib = 2 ** 20;
  assert.match(memoryLine(200 * mib, 328 * mib), /128 MiB more, 328 in all/);
  assert.throws(() => memoryLine(200 * mib, 329 * mib), /129 MiB more.*at most 128/);
});
