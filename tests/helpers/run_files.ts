import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec, type TestEvent } from 'node:test/reporters';
import { pathToFileURL } from 'node:url';
import { ROOT } from './artifacts.ts';
import { createQueue } from './queue.ts';

/** Test files that run at the same time, with their limits. */
export interface Phase {
  readonly files: readonly string[];
  /** The number of files that run at the same time. */
  readonly concurrency: number;
  /** The time limit of a file, in milliseconds. */
  readonly timeout: number;
  /** `each`: one process for each file. `shared`: a process runs several files in turn. */
  readonly processes: 'each' | 'shared';
  /** The folder for what shared processes note of the code that ran (tests/coverage). */
  readonly coverage?: string | undefined;
}

const counters = ['tests', 'suites', 'passed', 'failed', 'cancelled', 'skipped', 'todo'] as const;
export type Total = Record<(typeof counters)[number], number>;

export interface Run {
  readonly total: Total;
  /** Milliseconds by file, for files that shared a process. */
  readonly durations: Map<string, number>;
  /** Runs phases in turn. A place for a process in which no file of one phase is left to begin goes on with the next. */
  phases(phases: readonly Phase[], signal: AbortSignal): Promise<void>;
  /** Lists the failures. */
  end(): Promise<void>;
}

/** Prints and counts the results of tests as they arrive, grouped by file. */
export function startRun(): Run {
  const total = Object.fromEntries(counters.map((name) => [name, 0])) as Total;
  const durations = new Map<string, number>();
  const reported = new PassThrough({ objectMode: true });
  const shown = reported.compose(spec());
  shown.pipe(process.stdout, { end: false });

  /** The results of a process are printed after each outermost test, since other processes report at the same time. */
  function createBlock() {
    let events: TestEvent[] = [];
    const print = () => {
      for (const event of events) reported.write(event);
      events = [];
    };
    return {
      events: () => events,
      print,
      add(event: TestEvent) {
        events.push(event);
        if ((event.type === 'test:pass' || event.type === 'test:fail') && event.data.nesting === 0) print();
      },
    };
  }

  /** Runs node's test runner once; the summary numbers of each phase are removed and added up. */
  async function runOnce(options: Parameters<typeof run>[0], onEvent: (event: TestEvent) => void): Promise<void> {
    let failures = 0;
    for await (const event of run({ cwd: ROOT, ...options })) {
      if (event.type === 'test:fail') failures += 1;
      if (event.type === 'test:summary' && event.data.file === undefined) {
        for (const name of counters) total[name] += (event.data.counts as Partial<Total>)[name] ?? 0;
        if (!event.data.success && failures === 0) {
          // For example an error after a file's last test, which shows only in the exit code of its process.
          total.failed += 1;
          console.error('a test process failed, though its tests passed: see what it wrote');
        }
      }
      const isNumber = event.type === 'test:diagnostic' && event.data.nesting === 0 && NUMBERS.test(event.data.message);
      if (!isNumber && event.type !== 'test:summary') onEvent(event);
    }
  }

  /** @returns what one place does until no file is left to begin; several places share the files */
  function shareFiles({ files, timeout, coverage }: Phase, signal: AbortSignal): () => Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'queue-'));
    const queue = createQueue(folder, files);
    const isContainer = (name: string) => name === WORKER || files.includes(name);
    let started = 0;
    return async () => {
      while (!signal.aborted && queue.isWaiting()) {
        const name = `process-${++started}`;
        const block = createBlock();
        const options = { files: [WORKER], argv: [folder, name, String(timeout)], signal, ...withCoverage(coverage) };
        await runOnce(options, (event) => {
          const isEnd = (event.type === 'test:pass' || event.type === 'test:fail') && event.data.nesting === 0;
          if (isEnd && isContainer(event.data.name)) discount(total, event);
          if ((event.type === 'test:start' || event.type === 'test:pass') && event.data.name === WORKER) return;
          if (isEnd && event.type === 'test:pass' && files.includes(event.data.name))
            durations.set(event.data.name, event.data.details.duration_ms);
          block.add(event);
        });
        const unfinished = queue.unfinished(name);
        if (unfinished !== undefined && !signal.aborted) {
          total.failed += 1;
          for (const event of brokenOff(block.events(), unfinished)) block.add(event);
        }
        block.print();
      }
    };
  }

  async function runEach({ files, concurrency, timeout }: Phase, signal: AbortSignal): Promise<void> {
    const block = createBlock();
    await runOnce({ files: files.map((file) => join(ROOT, file)), concurrency, timeout, signal }, block.add);
    block.print();
  }

  return {
    total,
    durations,
    async phases(phases, signal) {
      for (const phase of phases.filter(({ processes }) => processes === 'each')) await runEach(phase, signal);
      const shared = phases.filter(({ processes }) => processes === 'shared');
      const shares = shared.map((phase) => shareFiles(phase, signal));
      const places = Math.max(0, ...shared.map(({ concurrency, files }) => Math.min(concurrency, files.length)));
      await Promise.all(
        Array.from({ length: places }, async () => {
          for (const share of shares) await share();
        }),
      );
    },
    async end() {
      reported.end();
      await finished(shown, { writable: false });
    },
  };
}

const WORKER = join(ROOT, 'tests/worker.ts');
const COLLECT = pathToFileURL(join(ROOT, 'tests/coverage/collect.ts')).href;

/** The processes use all processors already; to collect garbage in several threads takes a tenth more of their time. */
const FLAGS = ['--single-threaded-gc'];

function withCoverage(folder: string | undefined): Parameters<typeof run>[0] {
  if (folder === undefined) return { execArgv: FLAGS };
  const env = { ...process.env, TEST_COVERAGE: folder, NODE_DISABLE_COMPILE_CACHE: '1' };
  return { execArgv: [...FLAGS, '--import', COLLECT], env };
}
const NUMBERS = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/;

type Ended = Extract<TestEvent, { type: 'test:pass' | 'test:fail' }>;

/**
 * In a shared process, file and process are tests themselves; they count only when they fail outside of the tests in
 * files.
 */
function discount(total: Total, { type, data }: Ended): void {
  const error = type === 'test:fail' ? (data.details.error as { failureType?: string }) : undefined;
  if (error && error.failureType !== 'subtestsFailed') return;
  total.tests -= 1;
  total[error ? 'failed' : 'passed'] -= 1;
}

/** The missing end events of a process that ended early: of its unfinished tests and of the file. */
function brokenOff(events: readonly TestEvent[], file: string): TestEvent[] {
  const begun: { name: string; nesting: number }[] = [];
  for (const event of events) {
    if (event.type === 'test:start') begun.push(event.data);
    if (event.type === 'test:pass' || event.type === 'test:fail') begun.pop();
  }
  const start = { name: file, nesting: 0 };
  const isFileBegun = begun[0]?.name === file;
  if (!isFileBegun) begun.unshift(start);
  const details = { duration_ms: 0, type: 'test', error: new Error('the process ended before the test did') };
  const ends = begun.reverse().map((data) => ({ type: 'test:fail', data: { ...data, testNumber: 0, details } }));
  return [...(isFileBegun ? [] : [{ type: 'test:start', data: start }]), ...ends] as unknown as TestEvent[];
}
