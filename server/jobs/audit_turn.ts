import { type Message, messageOfHead } from '../audit/delivered.ts';
import type { Claimed, DeliveryStore, Lost, Place, Progress, WantedLetter } from '../audit/delivery_store.ts';
import type { Audit } from '../audit/entries.ts';
import type { DisabledReason, NothingToSend } from '../audit/failures.ts';
import { type Failure, pauseAfter } from '../audit/webhooks.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/log.ts';
import type { Sender, Senders } from './audit_senders.ts';

export interface TurnParts {
  readonly store: DeliveryStore;
  readonly senders: Senders;
  /** By index; an event that the destination does not want has none. */
  messagesOf(claimed: Claimed, places: readonly Place[]): Promise<ReadonlyMap<number, Message>>;
  readonly audit: Pick<Audit, 'append'>;
  readonly now: Clock;
  readonly log: Logger;
  /** From 0 to 1. */
  readonly random?: () => number;
  isStopped(): boolean;
}

/** What a destination gets in one turn at most, so that others have theirs. */
const EVENTS = 200;
const HEADS = 20;
/** Few, because they do not make the lease longer. */
const LETTERS = 4;
/** When nothing was sent because of this server. */
const UNTRIED_PAUSE_MS = 30_000;

/** The reason for which a destination is disabled. */
const TOO_MANY: DisabledReason = 'dead_letters';
const GONE: DisabledReason = 'status_410';

/** How far a destination has got, as it is stored, and how often what comes next has failed. */
interface State extends Progress {
  readonly attempts: number;
}

/** What an attempt is about: a head, or events one after the other. */
interface Attempt {
  readonly messages: readonly Message[];
  readonly first: number;
  readonly isHead: boolean;
  /** Where the destination is when all were taken. */
  readonly to: Progress;
}

/**
 * One turn of a destination: dead letters that are wanted, then heads, then events. The position moves on in the statement that also
 * notes what was given up, and only from where this turn has begun: nothing is jumped over without a trace.
 */
export function createAuditTurns(parts: TurnParts): (claimed: Claimed) => Promise<void> {
  const { store, senders, messagesOf, audit, now, log, random = Math.random, isStopped } = parts;

  const disabledEntry = ({ id }: Claimed, reason: DisabledReason) =>
    audit.append({
      actor: { kind: 'system', id: 'delivery' },
      action: 'destinations.disable',
      target: { kind: 'destination', id },
      outcome: 'done',
      changes: { enabled: { before: true, after: false }, disabled_reason: { after: reason } },
      requestId: id,
    });

  async function turn(claimed: Claimed): Promise<void> {
    const sender = senders[claimed.kind];
    if (!sender) return;
    await sendLetters(claimed, sender);
    let state: State | undefined = claimed;
    if (claimed.heads) state = await sendHeads(claimed, sender, state);
    if (state) await sendEvents(claimed, sender, state);
  }

  async function sendLetters(claimed: Claimed, sender: Sender): Promise<void> {
    for (const letter of await store.wanted(claimed.id, LETTERS)) {
      if (isStopped()) return;
      const message = await messageOf(claimed, letter);
      const failure: Failure | undefined = message
        ? await sender.send(claimed, [message])
        : { reason: 'event_removed' };
      if (failure) await store.failedAgain(claimed, letter, failure.reason);
      else await store.sent(claimed, letter);
    }
  }

  async function messageOf(claimed: Claimed, { isHead, index }: WantedLetter): Promise<Message | undefined> {
    if (isHead) {
      const [head] = await store.heads(index, 1);
      return head && Number(head.tree_size) === index + 1 ? messageOfHead(head) : undefined;
    }
    const places = await store.events(index, 1);
    return (await messagesOf(claimed, places)).get(index);
  }

  /** @returns undefined when the turn is over */
  async function sendHeads(claimed: Claimed, sender: Sender, begin: State): Promise<State | undefined> {
    let state: State | undefined = begin;
    for (const head of await store.heads(begin.headPosition, HEADS)) {
      const size = Number(head.tree_size);
      const to = { position: state.position, headPosition: size };
      state = await attempt(claimed, sender, state, {
        messages: [messageOfHead(head)],
        first: size - 1,
        isHead: true,
        to,
      });
      if (!state) return undefined;
    }
    return state;
  }

  async function sendEvents(claimed: Claimed, sender: Sender, begin: State): Promise<void> {
    const places = await store.events(begin.position, EVENTS);
    const messages = await messagesOf(claimed, places);
    let state: State | undefined = begin;
    let waiting: { index: number; message: Message }[] = [];
    let next = begin.position;

    const flush = async () => {
      const [first] = waiting;
      if (!state || !first) return;
      const to = { position: next, headPosition: state.headPosition };
      const sent = { messages: waiting.map(({ message }) => message), first: first.index, isHead: false, to };
      waiting = [];
      state = await attempt(claimed, sender, state, sent);
    };

    for (const [begins, end, reason] of gapsIn(begin.position, places)) {
      for (const { index } of places.filter((one) => one.index >= next && one.index < begins)) {
        const message = messages.get(index);
        next = index + 1;
        if (message) waiting.push({ index, message });
        if (waiting.length >= sender.most) await flush();
        if (!state) return;
      }
      await flush();
      if (!state || reason === undefined) break;
      state = await lose(claimed, state, { first: begins, last: end - 1, isHead: false, reason, attempts: 0 });
      next = end;
      if (!state) return;
    }
    if (state && state.position < next) {
      await store.advance(claimed, state, { position: next, headPosition: state.headPosition });
    }
  }

  /** @returns where the destination is now; undefined when the turn is over */
  async function attempt(claimed: Claimed, sender: Sender, state: State, sent: Attempt): Promise<State | undefined> {
    if (isStopped()) return undefined;
    const failure = await sender.send(claimed, sent.messages);
    if (failure) return failed(claimed, state, sent, failure);
    return (await store.advance(claimed, state, sent.to)) ? { ...sent.to, attempts: 0 } : undefined;
  }

  async function failed(claimed: Claimed, state: State, sent: Attempt, failure: Failure): Promise<undefined> {
    const { reason, untried = false, gone = false } = failure;
    const about = { destination: claimed.id, kind: claimed.kind, reason };
    if (gone) {
      await store.disable(claimed, GONE, disabledEntry(claimed, GONE));
      log.warn(about, 'a destination of the audit wants nothing more; it was disabled');
      return undefined;
    }
    const attempts = untried ? state.attempts : state.attempts + 1;
    const pause = untried ? UNTRIED_PAUSE_MS : pauseAfter(failure, attempts, random());
    if (pause !== undefined) {
      await store.postpone(claimed, { attempts, reason, until: new Date(now() + pause) });
      log.info({ ...about, attempts }, 'a destination of the audit did not take an entry; it is sent again');
      return undefined;
    }
    // Of events that were sent together, the first alone: the others have not had their attempts.
    const { first, isHead } = sent;
    await lose(claimed, state, { first, last: first, isHead, reason, attempts });
    return undefined;
  }

  async function lose(claimed: Claimed, state: State, lost: Lost): Promise<State | undefined> {
    const { position, headPosition } = state;
    const to = lost.isHead ? { position, headPosition: lost.last + 1 } : { position: lost.last + 1, headPosition };
    if (await store.isFull(claimed)) {
      // Nothing is lost: it goes on from here once dead letters were sent or dropped, and it was enabled again.
      await store.disable(claimed, TOO_MANY, disabledEntry(claimed, TOO_MANY));
      log.warn(
        { destination: claimed.id, kind: claimed.kind },
        'a destination of the audit has too many dead letters; it was disabled',
      );
      return undefined;
    }
    if (!(await store.giveUp(claimed, state, to, lost))) return undefined;
    const { first, last, isHead, reason } = lost;
    log.warn(
      { destination: claimed.id, first, last, isHead, reason },
      'entries of the audit were not delivered: see dead letters',
    );
    return { ...to, attempts: 0 };
  }

  return turn;
}

type Gap = [begin: number, end: number, reason: NothingToSend | undefined];

/**
 * The places without an event: those of leaves that are not there, and of events that were removed or changed. The end of the list is one without
 * a reason.
 */
function gapsIn(from: number, places: readonly Place[]): Gap[] {
  const gaps: Gap[] = [];
  let next = from;
  for (const { index, lost } of places) {
    if (index > next) gaps.push([next, index, 'leaf_missing']);
    const last = gaps.at(-1);
    if (lost && last?.[2] === lost && last[1] === index) last[1] = index + 1;
    else if (lost) gaps.push([index, index + 1, lost]);
    next = index + 1;
  }
  return [...gaps, [next, next, undefined]];
}
