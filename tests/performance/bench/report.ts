import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { artifacts, ROOT } from '../../helpers/artifacts.ts';
import type { BenchResult } from './measure.ts';

export interface Report extends BenchResult {
  /** ISO 8601 */
  readonly at: string;
  readonly seconds: number;
  readonly machine: {
    readonly platform: string;
    readonly processor: string;
    readonly cores: number;
    readonly memoryBytes: number;
    /** Load of the machine in the minute before the bench began. */
    readonly loadBefore: number;
  };
  readonly versions: Readonly<Record<string, string>>;
}

/** The ratios of another state of Cardea, to compare with. */
export interface Earlier {
  /** ISO 8601 */
  readonly at: string;
  /** The state of the code; absent in the report of an earlier run here. */
  readonly state?: string;
  readonly cases: readonly Pick<Report['cases'][number], 'name' | 'ratio'>[];
}

const BASELINE = join(ROOT, 'tests/performance/bench/baseline.json');
const PACKAGES = ['oidc-provider', 'fastify', 'pg', 'pino', 'jose', '@node-rs/argon2'];

/** Runs a bench and records where it ran. */
export async function report(run: () => Promise<BenchResult>): Promise<Report> {
  const loadBefore = loadavg()[0] ?? 0;
  const began = performance.now();
  const result = await run();
  const processors = cpus();
  return {
    at: new Date().toISOString(),
    seconds: Math.round((performance.now() - began) / 1_000),
    machine: {
      platform: `${process.platform} ${process.arch}`,
      processor: processors[0]?.model ?? 'unknown',
      cores: processors.length,
      memoryBytes: totalmem(),
      loadBefore,
    },
    versions: {
      cardea: versionIn(join(ROOT, 'package.json')),
      node: process.versions.node,
      postgres: result.postgres.server_version,
      ...Object.fromEntries(
        PACKAGES.map((name) => [name, versionIn(join(ROOT, 'node_modules', name, 'package.json'))]),
      ),
    },
    ...result,
  };
}

/** @returns the path of the file */
export function writeReport(written: Report, name: string): string {
  const path = join(artifacts(), name);
  writeFileSync(path, `${JSON.stringify(written, null, 2)}\n`);
  return path;
}

/** The report that an earlier run has left, to compare with; without one, the ratios that are kept in the repository. */
export function earlierReport(name: string): Earlier {
  const path = join(artifacts(), name);
  return JSON.parse(readFileSync(existsSync(path) ? path : BASELINE, 'utf8')) as Earlier;
}

/** @param earlier its ratios are shown beside those of this run */
export function table({ cases, hashing, machine, versions, postgres, connections }: Report, earlier?: Earlier): string {
  const ratios = new Map(earlier?.cases.map(({ name, ratio }) => [name, ratio.toFixed(2)]));
  const rates = [
    [
      'requests a second',
      'Cardea',
      'bare',
      'ratio',
      'before',
      'aim',
      '',
      'p50/p99 ms',
      'bare p50/p99',
      'CPU µs',
      'bare CPU',
    ],
    ...cases.map(({ name, title, cardea, bare, ratio, aim }) => [
      title,
      cardea.rate.toFixed(0),
      bare.rate.toFixed(0),
      ratio.toFixed(2),
      ratios.get(name) ?? '',
      aim ? `≥ ${aim.atLeast}` : '',
      aim ? verdict(aim.met) : '',
      `${ms(cardea.p50)} / ${ms(cardea.p99)}`,
      `${ms(bare.p50)} / ${ms(bare.p99)}`,
      cardea.cpuMicroseconds?.toFixed(0) ?? '',
      bare.cpuMicroseconds?.toFixed(0) ?? '',
    ]),
  ];
  const waits = [
    ['milliseconds', 'p99 without', 'p99 with', 'ratio', 'aim', '', 'hashes/s'],
    ...hashing.map(({ title, unloaded, loaded, ratio, aim, hashesPerSecond }) => [
      title,
      ms(unloaded.p99),
      ms(loaded.p99),
      ratio.toFixed(2),
      `≤ ${aim.atMost}`,
      verdict(aim.met),
      hashesPerSecond.toFixed(0),
    ]),
  ];
  return [
    `${machine.cores} × ${machine.processor}, load ${machine.loadBefore.toFixed(1)} before; Node ${versions.node}`,
    `Cardea on Postgres ${versions.postgres} (fsync ${postgres.fsync}, synchronous_commit ${postgres.synchronous_commit}),`,
    `oidc-provider ${versions['oidc-provider']} in memory; ${connections} connections; medians of ${cases[0]?.rounds ?? 0} alternating rounds`,
    ...(earlier ? [`before: the ratios of ${earlier.state ?? 'the run'}, ${earlier.at}`] : []),
    '',
    aligned(rates),
    ...(hashing.length > 0 ? ['', aligned(waits)] : []),
  ].join('\n');
}

const ms = (value: number) => value.toFixed(value < 10 ? 1 : 0);
const verdict = (met: boolean) => (met ? 'met' : 'NOT MET');

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  const [head = [], ...body] = rows.map(line);
  return [head, '-'.repeat(head.length), ...body].join('\n');
}

function versionIn(packageJson: string): string {
  return (JSON.parse(readFileSync(packageJson, 'utf8')) as { version: string }).version;
}
