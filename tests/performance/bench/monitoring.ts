/**
 * Measures what metrics and traces cost (`make bench`): servers on one database, one without both, one with metrics, one with a tenth of all
 * traces, and another one without both, which shows how much two processes of the same code differ. They answer the same requests in
 * turns, and the processor time of each for a request is compared with that of the first; then all are started again.
 * node tests/performance/bench/monitoring.ts [--starts=3] [--rounds=4] [--scale=1]
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
import { CONNECTIONS, clientCredentialsJwt, jwksRequest, type Target } from './cases.ts';
import { run } from './load.ts';
import { median } from './measure.ts';
import { launch, type Server } from './servers.ts';

const RESOURCE = { identifier: 'https://api.example.com', scopes: ['api:read'] };
const READINGS = 50;
const COUNTED = 2_000_000;

/** Requests of a round of some seconds: spans are sent several times within it. */
const ROUTES = [
  { title: 'JWKS', requests: 30_000, request: jwksRequest },
  { title: 'token, client credentials, RS256 JWT', requests: 2_500, request: clientCredentialsJwt },
] as const;

const VARIANTS = ['neither', 'metrics', 'traces', 'neither again'] as const;
type Variant = (typeof VARIANTS)[number];
/** For each variant the times of its rounds, in microseconds. */
type Times = Record<Variant, number[]>;

const { values } = parseArgs({
  options: {
    starts: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '4' },
    scale: { type: 'string', default: '1' },
  },
});
const [starts, rounds, scale] = [Number(values.starts), Number(values.rounds), Number(values.scale)];

await scoped(async (scope) => {
  const place = await prepare(scope);
  const times = ROUTES.map((): Times => ({ neither: [], metrics: [], traces: [], 'neither again': [] }));
  const readings: number[] = [];
  for (let started = 0; started < starts; started += 1) {
    await scoped(async (ofStart) => {
      const { servers, metricsUrl } = await startAll(ofStart, place);
      for (const [i, route] of ROUTES.entries()) await compare(route, servers, place.bench, times[i] as Times);
      readings.push(await timeOfReading(servers.metrics, metricsUrl));
    });
  }
  console.log(`processor time for a request, medians of ${starts * rounds} rounds in turns, over ${starts} starts`);
  for (const [i, { title }] of ROUTES.entries()) print(title, times[i] as Times);
  const each = median(readings);
  const share = ((each / 15) * 100).toFixed(2);
  console.log(`a reading of the metrics: ${(each * 1_000).toFixed(1)} ms, each 15 seconds ${share} % of a processor`);
  console.log(`counting a response, which the page /status needs too: ${counting().toFixed(0)} ns`);
});

async function scoped(work: (scope: Scope) => Promise<void>): Promise<void> {
  const ends: (() => void | Promise<void>)[] = [];
  try {
    await work({ after: (end) => void ends.push(end) });
  } finally {
    for (const end of ends.reverse()) await end();
  }
}

async function compare(
  { requests, request }: (typeof ROUTES)[number],
  servers: Readonly<Record<Variant, Server>>,
  bench: Target['bench'],
  times: Times,
): Promise<void> {
  const count = Math.ceil(requests * scale);
  // The first round warms up; another server begins each time.
  for (let round = -1; round < rounds; round += 1) {
    for (const at of VARIANTS.keys()) {
      const name = VARIANTS[(at + round + 1) % VARIANTS.length] as Variant;
      const used = await measured(servers[name], request({ server: servers[name], bench }), count);
      if (round >= 0) times[name].push(used);
    }
  }
}

function print(title: string, times: Times): void {
  for (const name of VARIANTS) {
    const ratios = times[name].map((time, i) => time / (times.neither[i] ?? Number.NaN)).toSorted((a, b) => a - b);
    const quarter = (part: number) => percent(ratios[Math.floor((part * ratios.length) / 4)] ?? Number.NaN);
    const more =
      name === 'neither' ? '' : `${percent(median(ratios))} (half of the rounds: ${quarter(1)} to ${quarter(3)})`;
    console.log(`${title.padEnd(38)} ${name.padEnd(14)} ${median(times[name]).toFixed(1).padStart(7)} µs  ${more}`);
  }
}

/** @returns seconds of the processor */
async function timeOfReading(server: Server, url: string): Promise<number> {
  await (await fetch(url)).text();
  const before = await server.cpuSeconds();
  for (let i = 0; i < READINGS; i += 1) await (await fetch(url)).text();
  return ((await server.cpuSeconds()) - before) / READINGS;
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

interface Prepared {
  readonly folder: string;
  readonly dataDir: string;
  readonly issuer: string;
  readonly receiver: string;
  readonly bench: Target['bench'];
}

/** A database with a client, which a server of its own has started, and a receiver of traces. */
async function prepare(scope: Scope): Promise<Prepared> {
  const folder = mkdtempSync(join(tmpdir(), 'cardea-bench-'));
  chmodSync(folder, 0o711); // Postgres runs as another user when this runs as root, and needs access
  scope.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const dataDir = join(folder, 'data');
  const collector = createServer((request, response) => request.resume().on('end', () => response.end('{}')));
  await new Promise<void>((ready) => collector.listen(0, '127.0.0.1', ready));
  scope.after(() => void collector.close().closeAllConnections());
  const receiver = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  const port = await freePort();
  const { issuer } = await launched(scope, { folder, dataDir, issuer: `http://localhost:${port}` }, 'database', {
    port,
  });
  const { url } = await startEmbeddedPostgres({ dataDir });
  const db = createDb({ url, poolSize: 1 });
  const seed = await createSeeder(db, readFileSync(join(dataDir, 'master.key'), 'utf8').trim());
  await seed.resourceServer({ ...RESOURCE, name: 'API', scopes: [...RESOURCE.scopes] });
  const metadata = { scope: RESOURCE.scopes.join(' '), grant_types: ['client_credentials'], redirect_uris: [] };
  const { secret = '', ...party } = await seed.party({ firstParty: true, metadata });
  await db.close();
  const bench = { party: { ...party, secret }, people: [], resource: RESOURCE };
  return { folder, dataDir, issuer, receiver, bench };
}

async function startAll(scope: Scope, place: Prepared) {
  const metricsPort = await freePort();
  const own: Readonly<Record<Variant, Readonly<Record<string, string>>>> = {
    neither: {},
    metrics: { CARDEA_METRICS_PORT: String(metricsPort) },
    traces: {
      OTEL_EXPORTER_OTLP_ENDPOINT: place.receiver,
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.1',
    },
    'neither again': {},
  };
  const servers: Partial<Record<Variant, Server>> = {};
  for (const name of VARIANTS)
    servers[name] = await launched(scope, place, name, { port: await freePort(), env: own[name] });
  return {
    servers: servers as Readonly<Record<Variant, Server>>,
    metricsUrl: `http://127.0.0.1:${metricsPort}/metrics`,
  };
}

function launched(
  scope: Scope,
  { folder, dataDir, issuer }: Pick<Prepared, 'folder' | 'dataDir' | 'issuer'>,
  name: string,
  { port, env = {} }: { readonly port: number; readonly env?: Readonly<Record<string, string>> },
): Promise<Server> {
  return launch(scope, {
    name: 'cardea',
    file: 'server/main.ts',
    port,
    log: join(folder, `${name}.log`),
    path: '/healthz',
    env: {
      CARDEA_PORT: String(port),
      CARDEA_ISSUER: issuer,
      CARDEA_DATA_DIR: dataDir,
      CARDEA_DEMO: 'false',
      ...env,
    },
  });
}
