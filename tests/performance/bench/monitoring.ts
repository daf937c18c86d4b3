/**
 * Measures what metrics and traces cost (`make bench`): three servers on one database, one without both, one with metrics and one with
 * a tenth of all traces. They answer the same requests in turns, and the processor time of each for a request is compared.
 * node tests/performance/bench/monitoring.ts [--rounds=11] [--scale=1]
 */
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createDb } from '../../../server/platform/db.ts';
import { startEmbeddedPostgres } from '../../../server/platform/embedded.ts';
import { createRequestStats } from '../../../server/platform/request_stats.ts';
import { createSeeder } from '../../helpers/deployment.ts';
import type { Scope } from '../../helpers/scope.ts';
import { freePort } from '../../helpers/waiting.ts';
import { CONNECTIONS, clientCredentialsJwt, jwksRequest } from './cases.ts';
import { run } from './load.ts';
import { median } from './measure.ts';
import { type Bench, launch, type Server } from './servers.ts';

const RESOURCE = { identifier: 'https://api.example.com', scopes: ['api:read'] };
const SCRAPES = 50;
const COUNTED = 2_000_000;

/** Requests of a round of some seconds: spans are sent several times within it. */
const ROUTES = [
  { title: 'JWKS', requests: 40_000, request: jwksRequest },
  { title: 'token, client credentials, RS256 JWT', requests: 4_000, request: clientCredentialsJwt },
] as const;

type Variant = 'neither' | 'metrics' | 'traces';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '11' }, scale: { type: 'string', default: '1' } },
});
const [rounds, scale] = [Number(values.rounds), Number(values.scale)];
const ends: (() => void | Promise<void>)[] = [];
try {
  await compare({ after: (end) => void ends.push(end) });
} finally {
  for (const end of ends.reverse()) await end();
}

async function compare(scope: Scope): Promise<void> {
  const { servers, bench, metricsUrl } = await start(scope);
  const names = Object.keys(servers) as Variant[];
  console.log(`processor time for a request, medians of ${rounds} rounds in turns`);
  for (const { title, requests, request } of ROUTES) {
    const count = Math.ceil(requests * scale);
    const times: Record<Variant, number[]> = { neither: [], metrics: [], traces: [] };
    for (let round = -1; round < rounds; round += 1) {
      // Another one begins each time. The first round warms up.
      for (const [at] of names.entries()) {
        const name = names[(at + round + 1) % names.length] as Variant;
        const used = await measured(servers[name], request({ server: servers[name], bench }), count);
        if (round >= 0) times[name].push(used);
      }
    }
    for (const name of names) {
      const ratios = times[name].map((time, i) => time / (times.neither[i] ?? Number.NaN)).toSorted((a, b) => a - b);
      const [low, high] = [ratios[Math.floor(rounds / 4)] ?? 0, ratios[Math.floor((3 * rounds) / 4)] ?? 0];
      const more =
        name === 'neither'
          ? ''
          : `${percent(median(ratios))} (half of the rounds: ${percent(low)} to ${percent(high)})`;
      console.log(`${title.padEnd(38)} ${name.padEnd(8)} ${median(times[name]).toFixed(1).padStart(7)} µs  ${more}`);
    }
  }
  await (await fetch(metricsUrl)).text();
  const before = await servers.metrics.cpuSeconds();
  for (let i = 0; i < SCRAPES; i += 1) await (await fetch(metricsUrl)).text();
  const each = ((await servers.metrics.cpuSeconds()) - before) / SCRAPES;
  console.log(
    `a reading of the metrics takes ${(each * 1_000).toFixed(1)} ms: ${((each / 15) * 100).toFixed(2)} % of a processor, each 15 seconds`,
  );
  console.log(`counting a response, which the page /status needs too, takes ${counting().toFixed(0)} ns`);
}

function percent(ratio: number): string {
  return `${ratio < 1 ? '−' : '+'}${(Math.abs(ratio - 1) * 100).toFixed(1)} %`;
}

/** @returns microseconds for a request */
async function measured(server: Server, request: string, count: number): Promise<number> {
  const before = await server.cpuSeconds();
  await run({ port: server.port, count, connections: CONNECTIONS, request: () => request, expected: 200 });
  return (((await server.cpuSeconds()) - before) * 1e6) / count;
}

/** @returns nanoseconds */
function counting(): number {
  const count = createRequestStats().counterOf('/token');
  const began = process.hrtime.bigint();
  for (let i = 0; i < COUNTED; i += 1) count('POST', 200, i % 30);
  return Number(process.hrtime.bigint() - began) / COUNTED;
}

async function start(scope: Scope) {
  const folder = mkdtempSync(join(tmpdir(), 'cardea-bench-'));
  chmodSync(folder, 0o711); // Postgres runs as another user when this runs as root, and needs access
  scope.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const dataDir = join(folder, 'data');
  const receiver = createServer((request, response) => request.resume().on('end', () => response.end('{}')));
  await new Promise<void>((ready) => receiver.listen(0, '127.0.0.1', ready));
  scope.after(() => void receiver.close().closeAllConnections());
  const ports = { neither: await freePort(), metrics: await freePort(), traces: await freePort() };
  const metricsPort = await freePort();
  const own: Readonly<Record<Variant, Readonly<Record<string, string>>>> = {
    neither: {},
    metrics: { CARDEA_METRICS_PORT: String(metricsPort) },
    traces: {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`,
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.1',
    },
  };
  const launched = (name: Variant) =>
    launch(scope, {
      name: 'cardea',
      file: 'server/main.ts',
      port: ports[name],
      log: join(folder, `${name}.log`),
      path: '/healthz',
      env: {
        CARDEA_PORT: String(ports[name]),
        CARDEA_ISSUER: `http://localhost:${ports.neither}`,
        CARDEA_DATA_DIR: dataDir,
        CARDEA_DEMO: 'false',
        ...own[name],
      },
    });
  // The first one starts the database, which the others join.
  const servers: Readonly<Record<Variant, Server>> = {
    neither: await launched('neither'),
    metrics: await launched('metrics'),
    traces: await launched('traces'),
  };
  const { url } = await startEmbeddedPostgres({ dataDir });
  const db = createDb({ url, poolSize: 1 });
  const seed = await createSeeder(db, readFileSync(join(dataDir, 'master.key'), 'utf8').trim());
  await seed.resourceServer({ ...RESOURCE, name: 'API', scopes: [...RESOURCE.scopes] });
  const metadata = { scope: RESOURCE.scopes.join(' '), grant_types: ['client_credentials'], redirect_uris: [] };
  const { secret = '', ...party } = await seed.party({ firstParty: true, metadata });
  await db.close();
  const bench: Pick<Bench, 'party' | 'people' | 'resource'> = {
    party: { ...party, secret },
    people: [],
    resource: RESOURCE,
  };
  return { servers, bench, metricsUrl: `http://127.0.0.1:${metricsPort}/metrics` };
}
