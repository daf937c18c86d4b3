import type { Scope } from '../../helpers/scope.ts';
import { CASES, type Case, CONNECTIONS, clientCredentialsJwt, createTarget, loginForms, type Target } from './cases.ts';
import { type Measured, percentile, run } from './load.ts';
import { type Bench, type ServerName, startServers } from './servers.ts';

export interface BenchOptions {
  /** The number of pairs of rounds for each case. */
  readonly rounds: number;
  /** The share of its requests that a round sends. */
  readonly scale: number;
  /** The number of people with a session and a grant. */
  readonly people: number;
  /** Names of cases; default: all. */
  readonly only?: readonly string[];
  /** Called with what is being measured. */
  progress?(what: string): void;
}

/** One server in one case, over all rounds: medians of the rounds' numbers. */
export interface Side {
  /** Requests a second. */
  readonly rate: number;
  readonly rates: readonly number[];
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Processor time of the server process for a request, in microseconds, without Postgres; null where unknown. */
  readonly cpuMicroseconds: number | null;
}

export interface CaseResult {
  readonly name: string;
  readonly title: string;
  readonly requestsPerRound: number;
  readonly rounds: number;
  readonly cardea: Side;
  readonly bare: Side;
  /**
   * Cardea's rate divided by the bare provider's: the median over pairs of rounds, so that drift of the machine cancels
   * out.
   */
  readonly ratio: number;
  readonly ratios: readonly number[];
  readonly aim: { readonly atLeast: number; readonly met: boolean } | null;
}

export interface HashingResult {
  readonly name: string;
  readonly title: string;
  /** Connections that request tokens, one request at a time on each. */
  readonly connections: number;
  readonly requestsPerRound: number;
  readonly rounds: number;
  /** Sign-ins in progress. */
  readonly inFlight: number;
  readonly hashesPerSecond: number;
  /** Milliseconds, medians over the rounds. */
  readonly unloaded: { readonly p50: number; readonly p99: number };
  readonly loaded: { readonly p50: number; readonly p99: number };
  /** p99 with hashes in progress divided by p99 without: the median over pairs of rounds. */
  readonly ratio: number;
  readonly ratios: readonly number[];
  readonly aim: { readonly atMost: number; readonly met: boolean };
}

export interface BenchResult {
  readonly postgres: Bench['postgres'];
  readonly connections: number;
  readonly people: number;
  readonly cases: readonly CaseResult[];
  readonly hashing: readonly HashingResult[];
}

/** Starts both servers and measures them in turn; only one is under load at a time. */
export async function measure(scope: Scope, options: BenchOptions): Promise<BenchResult> {
  const { progress = () => {}, only } = options;
  progress('starting the servers, signing everybody in');
  const bench = await startServers(scope, options.people);
  const targets = {
    cardea: await createTarget(bench.cardea, bench),
    bare: await createTarget(bench.bare, bench),
  };
  const wanted = (name: string) => only === undefined || only.includes(name);
  const cases: CaseResult[] = [];
  for (const one of CASES.filter(({ name }) => wanted(name))) {
    progress(one.title);
    cases.push(await measureCase(one, targets, options));
  }
  const hashing: HashingResult[] = [];
  for (const connections of HASHING_CONNECTIONS) {
    const name = `hashing_${connections}`;
    if (!wanted(name)) continue;
    progress(`tokens over ${connections} connections with ${IN_FLIGHT} password hashes in flight`);
    hashing.push(await measureHashing(name, connections, targets.cardea, options));
  }
  return { postgres: bench.postgres, connections: CONNECTIONS, people: options.people, cases, hashing };
}

// ---- rates ----

export interface Round extends Measured {
  readonly cpuSeconds: number | undefined;
}

async function measureCase(
  one: Case,
  targets: Readonly<Record<ServerName, Target>>,
  { rounds, scale }: BenchOptions,
): Promise<CaseResult> {
  const count = Math.ceil(one.requests * scale);
  const measured: Record<ServerName, Round[]> = { cardea: [], bare: [] };
  // Code is compiled, caches are filled and connections are open before anything counts.
  for (const name of ['cardea', 'bare'] as const) await round(one, targets[name], Math.ceil(count / 2));
  for (let i = 0; i < rounds; i += 1) {
    const order = i % 2 === 0 ? (['cardea', 'bare'] as const) : (['bare', 'cardea'] as const);
    for (const name of order) measured[name].push(await round(one, targets[name], count));
  }
  return caseResult(one, count, measured);
}

/** @param measured as many rounds of one server as of the other, in the order of measurement */
export function caseResult(
  one: Pick<Case, 'name' | 'title' | 'aim'>,
  count: number,
  measured: Readonly<Record<ServerName, readonly Round[]>>,
): CaseResult {
  const cardea = sideOf(measured.cardea);
  const bare = sideOf(measured.bare);
  const ratios = cardea.rates.map((rate, i) => rate / (bare.rates[i] ?? Number.NaN));
  const ratio = median(ratios);
  return {
    name: one.name,
    title: one.title,
    requestsPerRound: count,
    rounds: cardea.rates.length,
    cardea,
    bare,
    ratio,
    ratios,
    aim: one.aim === undefined ? null : { atLeast: one.aim, met: ratio >= one.aim },
  };
}

async function round(one: Case, target: Target, count: number): Promise<Round> {
  const request = await one.prepare(target, count);
  const bodies: string[] = [];
  const cpuBefore = await target.server.cpuSeconds();
  const measured = await run({
    port: target.server.port,
    count,
    connections: CONNECTIONS,
    request,
    expected: 200,
    ...(one.collect ? { answered: (_index: number, _head: string, body: string) => void bodies.push(body) } : {}),
  });
  const cpuAfter = await target.server.cpuSeconds();
  one.collect?.(target, bodies);
  return { ...measured, cpuSeconds: cpuAfter - cpuBefore };
}

function sideOf(rounds: readonly Round[]): Side {
  const rates = rounds.map(({ requests, seconds }) => requests / seconds);
  const cpu = rounds.flatMap(({ requests, cpuSeconds: seconds }) =>
    seconds === undefined ? [] : [(seconds / requests) * 1e6],
  );
  return {
    rate: median(rates),
    rates,
    p50: median(rounds.map((one) => percentile(one, 0.5))),
    p99: median(rounds.map((one) => percentile(one, 0.99))),
    cpuMicroseconds: cpu.length > 0 ? median(cpu) : null,
  };
}

// ---- waiting for passwords ----

const IN_FLIGHT = 32;
const AT_MOST = 2;
/** Busy as in the other cases, where requests queue anyway, and lightly loaded, where each delay shows. */
const HASHING_CONNECTIONS = [CONNECTIONS, 4];
const HASHING_REQUESTS = 2_000;
/** Fewer would be answered before a hash is. */
const HASHING_LEAST = 200;
/** More sign-ins than the server can process during the measurement. */
const ENDLESS = 100_000;

async function measureHashing(
  name: string,
  connections: number,
  target: Target,
  { rounds, scale }: BenchOptions,
): Promise<HashingResult> {
  const count = Math.max(HASHING_LEAST, Math.ceil(HASHING_REQUESTS * scale));
  const request = clientCredentialsJwt(target);
  const tokens = () => run({ port: target.server.port, count, connections, request: () => request, expected: 200 });
  const forms = await loginForms(target, IN_FLIGHT);
  await tokens();
  const pairs: HashingPair[] = [];
  for (let i = 0; i < rounds; i += 1) {
    const unloaded = await tokens();
    const { result: loaded, hashesPerSecond } = await whileHashing(target, forms, tokens);
    pairs.push({ unloaded, loaded, hashesPerSecond });
  }
  return hashingResult(name, connections, count, pairs);
}

export interface HashingPair {
  readonly unloaded: Pick<Measured, 'latencies'>;
  readonly loaded: Pick<Measured, 'latencies'>;
  readonly hashesPerSecond: number;
}

export function hashingResult(
  name: string,
  connections: number,
  count: number,
  pairs: readonly HashingPair[],
): HashingResult {
  const ratios = pairs.map(({ unloaded, loaded }) => percentile(loaded, 0.99) / percentile(unloaded, 0.99));
  const over = (pick: (pair: HashingPair) => number) => median(pairs.map(pick));
  const ratio = median(ratios);
  return {
    name,
    title: `token p99 with ${IN_FLIGHT} hashes in flight, ${connections} connections`,
    connections,
    requestsPerRound: count,
    rounds: pairs.length,
    inFlight: IN_FLIGHT,
    hashesPerSecond: over((pair) => pair.hashesPerSecond),
    unloaded: { p50: over((pair) => percentile(pair.unloaded, 0.5)), p99: over((p) => percentile(p.unloaded, 0.99)) },
    loaded: { p50: over((pair) => percentile(pair.loaded, 0.5)), p99: over((p) => percentile(p.loaded, 0.99)) },
    ratio,
    ratios,
    aim: { atMost: AT_MOST, met: ratio <= AT_MOST },
  };
}

/** Runs work while that many sign-ins are in progress: after each response another one is sent. */
async function whileHashing<T>(
  target: Target,
  forms: readonly string[],
  work: () => Promise<T>,
): Promise<{ result: T; hashesPerSecond: number }> {
  const stop = new AbortController();
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let answers = 0;
  const hashing = run({
    port: target.server.port,
    count: ENDLESS,
    connections: forms.length,
    // One form for each connection, since few parallel guesses at one account are allowed.
    request: (_index, connection) => forms[connection] ?? '',
    expected: 400, // a wrong password
    answered() {
      answers += 1;
      (answers === 1 ? first : second).resolve();
    },
    signal: stop.signal,
  });
  hashing.catch((error) => {
    first.reject(error);
    second.reject(error);
  });
  second.promise.catch(() => {}); // it is waited for below
  await first.promise;
  const began = performance.now();
  try {
    const result = await work();
    // On a busy machine short work ends before the first of these hashes.
    await second.promise;
    const hashesPerSecond = ((answers - 1) * 1_000) / (performance.now() - began);
    return { result, hashesPerSecond };
  } finally {
    stop.abort();
    await hashing;
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low, high] = [sorted[Math.max(0, middle - 1)] ?? Number.NaN, sorted[middle] ?? Number.NaN];
  return sorted.length % 2 === 1 ? high : (low + high) / 2;
}
