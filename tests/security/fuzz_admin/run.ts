import type { Draw } from '../fuzz/draw.ts';
import { exchange, hangUp } from '../fuzz/exchange.ts';
import { type Fault, Judge } from '../fuzz/judge.ts';
import { describe } from '../fuzz/run.ts';
import type { WireAnswer } from '../wire.ts';
import { cellsOf } from './cells.ts';
import { createDeck } from './deck.ts';
import { type Target, targetAt } from './document.ts';
import { createDrafts, type Draft, shotOf } from './drafts.ts';
import { type Answered, assertAsDescribed, assertShown, bodyOf, hasChanged, repetitionOf, typeOf } from './examine.ts';
import { changedTables, createDigest, type Digests } from './stored.ts';
import { createKept, createValues } from './values.ts';
import type { AdminWorld, ApiCaller } from './world.ts';

export interface Outcome {
  readonly requests: number;
  readonly faults: readonly Fault[];
  readonly statuses: ReadonlyMap<number, number>;
  /** How often each operation succeeded. */
  readonly successes: ReadonlyMap<string, number>;
  /** Requests after which the tables were compared. */
  readonly compared: number;
  /** Kinds of requests that were not sent. */
  readonly unsent: number;
}

interface RunOptions {
  readonly requests: number;
  readonly onProgress: (line: string) => void;
}

/** Requests that ought to change nothing, between two digests. */
const BATCH = 12;
/** So many tries until an operation succeeds, in the first round. */
const TRIES = 5;
const RESTOCK_EVERY = 400;
const PROGRESS_EVERY = 2_000;
/** Operations that take much time, since they make keys, and how rarely they are meant to succeed. */
const COSTLY = /^keys\./;
const COSTLY_SHARE = 0.1;

/** Sends generated requests to every operation of the document. */
export async function run(draw: Draw, world: AdminWorld, { requests, onProgress }: RunOptions): Promise<Outcome> {
  const { app, document, targets, strongest, callers } = world;
  const judge = new Judge(app.logLines);
  const digest = await createDigest(app.db);
  const kept = createKept();
  const values = createValues(draw, document, kept);
  const successes = new Map(targets.map(({ id }) => [id, 0]));
  const pages = new Map<string, Promise<boolean>>();
  const waiting = createDeck(
    draw,
    targets.map((target) => cellsOf(draw, document, target)),
  );
  let sent = 0;
  let compared = 0;
  /** Getting a token changes tables too. */
  let renewals = 0;

  const drafts = createDrafts({
    draw,
    document,
    targets,
    values,
    kept,
    async get(path) {
      const answer = await getAsStrongest(path);
      if (answer.status !== 200) return undefined;
      kept.keep(bodyOf(answer));
      return { body: bodyOf(answer), etag: answer.headers.get('etag') ?? undefined };
    },
  });

  async function renew(caller: ApiCaller): Promise<void> {
    renewals += 1;
    await caller.renew();
  }

  async function getAsStrongest(path: string): Promise<WireAnswer> {
    const get = () => exchange(app.issuer, { method: 'GET', target: path, headers: strongest.headers(), body: '' });
    const answer = await get();
    if (answer.status !== 401) return answer;
    await renew(strongest);
    return get();
  }

  /** Sends it, and examines what the answer alone tells. */
  async function send(draft: Draft, caller: ApiCaller): Promise<Answered> {
    const shot = () => shotOf(draft, caller.headers());
    const answerTo = () => exchange(app.issuer, shot()).catch(() => undefined);
    let answer = await answerTo();
    // What was changed before may have ended the token, and nothing else may.
    if (answer?.status === 401 && caller.scopes.size > 0 && draft.headers.authorization === undefined) {
      await renew(caller);
      answer = await answerTo();
    }
    sent += 1;
    const request = told(draft, caller);
    if (!answer) return noAnswer(draft, request);
    judge.look(answer, request);
    const answered = { draft, answer, target: reached(draft, answer) };
    await faultIn(request, async () => {
      assertAsDescribed(world, answered);
      if (draft.headers.authorization === undefined) assertAllowed(answered, caller);
      const type = typeOf(answer);
      if (type !== undefined && !(await hasPage(type))) throw new Error(`a problem whose type has no page: ${type}`);
    });
    if (answered.target && answer.status < 300) {
      successes.set(answered.target.id, (successes.get(answered.target.id) ?? 0) + 1);
      kept.keep(bodyOf(answer));
    }
    return answered;
  }

  function noAnswer(draft: Draft, request: string): Answered {
    judge.report('no answer, or one that breaks off', request);
    return { draft, target: undefined, answer: { status: 0, headers: new Headers(), body: '' } };
  }

  /** The operation that a request is one to: another one by another method. */
  function reached({ target, method, params }: Draft, { status }: WireAnswer): Target | undefined {
    if (status === 405 || method === 'HEAD' || method === 'OPTIONS') return undefined;
    const isOther = Object.values(params).some((value) => /^(\.|%2e){1,2}$|^$/i.test(value));
    return isOther ? undefined : targetAt(targets, method, target.path);
  }

  async function faultIn(request: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      judge.report((error as Error).message, request);
    }
  }

  function hasPage(type: string): Promise<boolean> {
    const known =
      pages.get(type) ??
      fetch(type).then(
        async (page) => (await page.text()) !== '' && page.status === 200,
        () => false,
      );
    pages.set(type, known);
    return known;
  }

  /** Examines what a success has changed. */
  async function lookAgain(answered: Answered, caller: ApiCaller): Promise<void> {
    const request = told(answered.draft, caller);
    await faultIn(request, () => assertShown(world, answered, caller, getAsStrongest));
    const again = repetitionOf(answered);
    if (!again) return;
    const [before, known] = [await digest(), renewals];
    const { answer } = await send(again, caller);
    // A key means nothing to another caller.
    if (renewals !== known) return;
    const same = answer.status === answered.answer.status && answer.body === answered.answer.body;
    if (!same) {
      const texts = [answer, answered.answer].map(({ status, body }) => `${status} ${body}`);
      judge.report(`${again.target.id}: a repetition was answered with ${texts.join(', not ')}`, request);
    }
    compare(before, await digest(before), [request]);
  }

  function compare(before: Digests, after: Digests, sentBetween: readonly string[]): void {
    const changed = changedTables(before, after);
    compared += sentBetween.length;
    if (changed.length > 0)
      judge.report(
        `${changed.join(', ')} changed by requests that were refused, dry runs or reads`,
        sentBetween.join('\n    '),
      );
  }

  /** Requests of which most are refused. One that succeeds ends the comparison; those before it are sent once more. */
  async function sendQuiet(all: readonly (readonly [Draft, ApiCaller])[], tries = 2): Promise<void> {
    const [before, known] = [await digest(), renewals];
    for (const [i, [draft, caller]] of all.entries()) {
      const answered = await send(draft, caller);
      const changed = hasChanged(answered);
      if (!changed && renewals === known) continue;
      drafts.forget(draft);
      if (changed) await lookAgain(answered, caller);
      const [earlier, later] = [all.slice(0, i), all.slice(i + 1)];
      if (tries > 0 && earlier.length > 0) await sendQuiet(earlier, tries - 1);
      if (later.length > 0) await sendQuiet(later, tries);
      return;
    }
    compare(
      before,
      await digest(before),
      all.map(([draft, caller]) => told(draft, caller)),
    );
  }

  /** A request that ought to succeed. */
  async function sendValid(target: Target, caller: ApiCaller): Promise<boolean> {
    const draft = await drafts.valid(target);
    const [before, known] = [await digest(), renewals];
    const answered = await send(draft, caller);
    if (hasChanged(answered)) {
      drafts.forget(draft);
      await lookAgain(answered, caller);
    } else if (renewals === known) compare(before, await digest(before), [told(draft, caller)]);
    return answered.answer.status < 300;
  }

  const callerOf = (): ApiCaller => (draw.chance(0.7) ? strongest : draw.pick(callers));
  const isWanted = ({ id, changes }: Target) => !changes || !COSTLY.test(id) || draw.chance(COSTLY_SHARE);

  try {
    for (const target of targets)
      for (let tries = 0; tries < TRIES && !(await sendValid(target, strongest)); tries += 1);
    for (let reported = 0, stocked = 0, shown = 0; sent < requests && !judge.isFull; ) {
      const batch: [Draft, ApiCaller][] = [];
      for (const cell of waiting.take(BATCH)) batch.push([cell.apply(await drafts.valid(cell.target)), callerOf()]);
      await sendQuiet(batch);
      const target = draw.pick(targets);
      if (isWanted(target)) await sendValid(target, callerOf());
      judge.readLog();
      app.statements.length = 0;
      for (; shown < judge.faults.length; shown += 1) onProgress(judge.faults[shown]?.what ?? '');
      if (sent - stocked > RESTOCK_EVERY) {
        stocked = sent;
        await world.restock();
      }
      if (sent - reported < PROGRESS_EVERY) continue;
      reported = sent;
      onProgress(`${sent} requests, ${judge.faults.length} faults, ${waiting.left()} kinds of requests to go`);
    }
  } finally {
    hangUp();
  }
  return {
    requests: sent,
    faults: judge.faults,
    statuses: judge.statuses,
    successes,
    compared,
    unsent: waiting.left(),
  };
}

/** The request as text, without its token. */
const told = (draft: Draft, { name }: ApiCaller) => `${name}: ${describe(shotOf(draft, {}))}`;

/** Fails when somebody succeeds whose token is not good for it. */
function assertAllowed({ target, answer }: Answered, { name, scopes }: ApiCaller): void {
  if (!target || answer.status >= 400) return;
  if (scopes.size > 0 && target.scopes.every((scope) => scopes.has(scope))) return;
  throw new Error(`${target.id}: ${name} was answered with ${answer.status}`);
}
