import { askPerson, connectDevice, followPushed, signInOddly } from './decisions.ts';
import type { Draw } from './draw.ts';
import { exchange, exchangeRaw, hangUp, type Shot } from './exchange.ts';
import { createMeter, type Fault, Judge, SLOW_MS } from './judge.ts';
import { runClientLife } from './lives.ts';
import { drawRaw } from './raw.ts';
import { drawShot } from './shots.ts';
import { renewSession, type World } from './world.ts';

export interface Outcome {
  readonly requests: number;
  readonly faults: readonly Fault[];
  /** Responses by status. */
  readonly statuses: ReadonlyMap<number, number>;
  /** Bytes that stayed in memory since the warm-up. */
  readonly growth: number;
}

interface RunOptions {
  readonly requests: number;
  /** Called with the progress from time to time. */
  readonly onProgress: (line: string) => void;
}

/** The person signs in again after that many batches. */
const RENEW_EVERY = 8;
const PROGRESS_EVERY = 10_000;
/** Scenarios of several requests that depend on each other. */
const LIVES = [runClientLife, runClientLife, runClientLife, connectDevice, askPerson, followPushed, signInOddly];
const PARALLEL = 8;
const BATCH = 64;
/** The share of requests that fill the caches; growth is counted after it. */
const WARM = 0.4;
/** A slow request is repeated alone: a pause of a busy machine does not occur three times. */
const TRIES = 3;

/** Sends generated requests until the number of requests or of violations is reached. */
export async function run(draw: Draw, first: World, { requests, onProgress }: RunOptions): Promise<Outcome> {
  let world = first;
  const { issuer, logLines, statements } = world.app;
  const judge = new Judge(logLines);
  const memory = createMeter();
  let sent = 0;
  let warm: number | undefined;

  async function shoot(shot: Shot) {
    const request = describe(shot);
    const began = performance.now();
    try {
      const answer = await exchange(issuer, shot);
      sent += 1;
      judge.look(answer, request);
      harvest(world, answer);
      return { answer, ms: performance.now() - began };
    } catch (error) {
      judge.report(`no answer: ${(error as Error).message}`, request);
      return { answer: undefined, ms: 0 };
    }
  }

  async function assertQuick(shot: Shot): Promise<void> {
    for (let tries = 1; tries < TRIES; tries += 1) if ((await shoot(shot)).ms <= SLOW_MS) return;
    judge.report(`more than ${SLOW_MS} ms for an answer, ${TRIES} times`, describe(shot));
  }

  async function shootMany(): Promise<void> {
    const shots = Array.from({ length: BATCH }, () => drawShot(draw, world));
    const slow: Shot[] = [];
    const waiting = [...shots];
    const work = async () => {
      for (let shot = waiting.pop(); shot; shot = waiting.pop()) if ((await shoot(shot)).ms > SLOW_MS) slow.push(shot);
    };
    await Promise.all(Array.from({ length: PARALLEL }, work));
    for (const shot of slow) await assertQuick(shot);
  }

  async function shootRaw(): Promise<void> {
    const bytes = drawRaw(draw);
    const answer = await exchangeRaw(issuer, bytes);
    sent += 1;
    // The server may close without a response when it got no request.
    if (answer) judge.look(answer, JSON.stringify(bytes));
    else if (bytes.trim() !== '') judge.report('the connection was closed without an answer', JSON.stringify(bytes));
  }

  async function liveOnce(): Promise<void> {
    await draw.pick(LIVES)(draw, world, async (shot) => {
      const { answer, ms } = await shoot(shot);
      if (ms > SLOW_MS && shot.method === 'GET') await assertQuick(shot);
      if (!answer) throw new Error(`no answer to ${describe(shot)}`);
      return answer;
    });
  }

  try {
    for (let told = 0, turn = 1; sent < requests && !judge.isFull; turn += 1) {
      if (turn % RENEW_EVERY === 0) world = await renewSession(world);
      await shootMany();
      for (let n = 0; n < 4; n += 1) await liveOnce();
      for (let n = 0; n < 8; n += 1) await shootRaw();
      judge.readLog();
      statements.length = 0;
      if (warm === undefined && sent >= requests * WARM) warm = memory();
      if (sent - told < Math.min(PROGRESS_EVERY, requests / 4)) continue;
      told = sent;
      onProgress(`${sent} requests, ${judge.faults.length} faults, ${Math.round(memory() / 2 ** 20)} MiB`);
    }
  } finally {
    hangUp();
  }
  return { requests: sent, faults: judge.faults, statuses: judge.statuses, growth: memory() - (warm ?? memory()) };
}

/** Values in responses are used in later requests. */
function harvest({ seen }: Pick<World, 'seen'>, answer: { body: string; headers: Headers }): void {
  const code = /[?&#]code=([^&]+)/.exec(answer.headers.get('location') ?? '')?.[1];
  if (code !== undefined) seen.add('code', code);
  if (!answer.body.startsWith('{')) return;
  for (const [, name = '', value = ''] of answer.body.matchAll(KEPT)) seen.add(name, value);
}

const KEPT = /"(access_token|refresh_token|id_token|device_code|user_code|auth_req_id|request_uri)":"([^"\\]+)"/g;

/** The request as text, with everything that is needed to repeat it. */
export function describe({ method, target, headers, body }: Shot): string {
  return JSON.stringify({ method, target, headers, body: String(body) }).slice(0, 6_000);
}
