/**
 * The planner decides what to do with the keys now. It is a pure function: no I/O, no randomness, no clock.
 *
 * A ring is the sequence of keys for one purpose (RS256 tokens, cookies…). The states of a key are
 * `pending` (published, not signing) → `active` (signing) → `retiring` (published, not signing) → `retired` (gone).
 * All instants are milliseconds since the epoch, all durations seconds.
 */

export type LiveState = 'pending' | 'active' | 'retiring';

export type KeyAlgorithm = 'RS256' | 'ES256' | 'EdDSA' | 'HMAC';

export interface RingPolicy {
  readonly name: string;
  readonly alg: KeyAlgorithm;
  /** The longest lifetime of anything this ring signs. */
  readonly signsForSeconds: number;
}

export interface Policy {
  /** The first signs by default, and comes first in the JWKS. */
  readonly rings: readonly RingPolicy[];
  /** 2048, 3072 or 4096; of new RSA keys. */
  readonly rsaBits: number;
  /** How long a key signs before the next takes over. */
  readonly rotationSeconds: number;
  /** `max-age` of the JWKS. */
  readonly jwksMaxAgeSeconds: number;
  /** How often a node acknowledges, maintains, and looks for a new key set. */
  readonly pollSeconds: number;
}

/** A key that is not retired. */
export interface RingKey {
  readonly kid: string;
  readonly ring: string;
  readonly state: LiveState;
  readonly createdAt: number;
  readonly activatedAt: number | undefined;
  readonly retiringAt: number | undefined;
  readonly signsForSeconds: number;
  /** The version of the key set in which it first appeared. */
  readonly publishedIn: number;
  /** An operator asked for it: it need not wait until the active key's time is over. */
  readonly expedited: boolean;
}

export interface RingNode {
  /** The version of the key set that it serves. */
  readonly acknowledged: number;
  /** When it began to serve that version; 0 when it has served no older one. */
  readonly acknowledgedAt: number;
  readonly seenAt: number;
  /** Names of the rings that it is configured for. */
  readonly rings: readonly string[];
}

export interface RingState {
  readonly keys: readonly RingKey[];
  readonly nodes: readonly RingNode[];
  /** The latest instant at which any node was seen, also one that does not run any more. */
  readonly lastSeenAt: number;
}

/**
 * A command in addition to the scheduled work. A rotation names the keys that it replaces: a key of them that is not
 * active any more has been replaced by another rotation already, and nothing is done for it.
 */
export type Order =
  | { readonly verb: 'maintain' }
  | { readonly verb: 'rotate'; readonly now: boolean; readonly replaces: ReadonlySet<string> }
  | { readonly verb: 'revoke'; readonly kid: string };

export type Action =
  | { readonly do: 'create'; readonly ring: string; readonly state: 'pending' | 'active'; readonly expedited: boolean }
  | { readonly do: 'expedite'; readonly ring: string; readonly kid: string }
  | { readonly do: 'extend'; readonly ring: string; readonly kid: string; readonly signsForSeconds: number }
  | { readonly do: 'promote'; readonly ring: string; readonly kid: string }
  | { readonly do: 'demote'; readonly ring: string; readonly kid: string; readonly stoppedAt: number }
  | { readonly do: 'retire'; readonly ring: string; readonly kid: string; readonly revoked: boolean };

/** How far the clocks of nodes and verifiers may be apart; what verifiers commonly allow for `exp`. */
export const CLOCK_TOLERANCE_SECONDS = 60;

// A slow query can make a node miss one poll, a restart two; after three in a row it is considered stopped.
const SILENT_POLLS = 3;

/**
 * A node that has not reached the database for this long must stop signing: from then on the others no longer wait
 * for it, and may withdraw the key that it still thinks is the active one.
 */
export function silenceSeconds(policy: Policy): number {
  return SILENT_POLLS * policy.pollSeconds;
}

/** How long a key is published before it signs: until the last node publishes it and the last verifier's copy expires. */
export function publicationSeconds(policy: Policy): number {
  return policy.jwksMaxAgeSeconds + policy.pollSeconds;
}

/** When the last token or cookie that a retiring key signed has expired, by the slowest clock of a verifier. */
export function retiresAt(key: RingKey, policy: Policy): number | undefined {
  if (key.retiringAt === undefined) return undefined;
  return key.retiringAt + 1_000 * (silenceSeconds(policy) + key.signsForSeconds + CLOCK_TOLERANCE_SECONDS);
}

/**
 * @param now milliseconds since the epoch
 * @returns the actions in their order; empty when there is nothing to do
 */
export function plan(state: RingState, now: number, policy: Policy, order: Order = { verb: 'maintain' }): Action[] {
  // If the clock was set back, keys have signed until a later time than it shows now.
  const stoppedAt = Math.max(now, state.lastSeenAt);
  const live = state.nodes.filter((node) => isLive(node, now, policy));
  const acknowledged = Math.min(...live.map((node) => node.acknowledged));
  const configured = new Map(policy.rings.map((ring) => [ring.name, ring]));
  const wanted = new Set([...configured.keys(), ...live.flatMap((node) => node.rings)]);

  return [...new Set([...configured.keys(), ...state.keys.map((key) => key.ring)])].flatMap((name) => {
    const keys = state.keys.filter((key) => key.ring === name);
    const withdrawn = keys.flatMap((key) => withdraw(key, now, policy, order));
    const left = keys.filter((key) => !withdrawn.some((action) => action.kid === key.kid));
    if (!wanted.has(name)) return [...withdrawn, ...left.flatMap((key) => abandon(key, stoppedAt))];
    const ring = configured.get(name);
    // A ring of other nodes only: they know its algorithm and lifetimes, and maintain it.
    if (!ring) return withdrawn;
    const active = left.find((key) => key.state === 'active');
    const pending = left.find((key) => key.state === 'pending');
    const ordered = order.verb === 'rotate' && active !== undefined && order.replaces.has(active.kid);
    const situation: Situation = {
      name,
      stoppedAt,
      active,
      pending,
      replaceNow: ordered && order.now,
      replaceSoon: ordered && !order.now,
      isPropagated:
        pending !== undefined &&
        hasPassed(pending.createdAt, publicationSeconds(policy), now) &&
        acknowledged >= pending.publishedIn &&
        // A node that acknowledged late has served the earlier key set until then: verifiers' copies of it must have expired.
        live.every((node) => hasPassed(node.acknowledgedAt, policy.jwksMaxAgeSeconds, now)),
      isDue: hasPassed(active?.activatedAt, policy.rotationSeconds, now),
      // One poll earlier, because the node that creates the key runs only once in a poll.
      needsPending: hasPassed(
        active?.activatedAt,
        policy.rotationSeconds - publicationSeconds(policy) - policy.pollSeconds,
        now,
      ),
    };
    return [...withdrawn, ...left.flatMap((key) => extend(key, ring)), ...succeed(situation)];
  });
}

/** A node that was seen "later" than now is live: a clock that was set back must not make nodes disappear. */
function isLive(node: RingNode, now: number, policy: Policy): boolean {
  return !hasPassed(node.seenAt, silenceSeconds(policy) + CLOCK_TOLERANCE_SECONDS, now);
}

function hasPassed(since: number | undefined, seconds: number, now: number): boolean {
  return since !== undefined && now >= since + 1_000 * seconds;
}

type Retirement = Extract<Action, { do: 'retire' }>;

/** Removes a revoked or expired key from the JWKS. */
function withdraw(key: RingKey, now: number, policy: Policy, order: Order): Retirement[] {
  if (order.verb === 'revoke' && order.kid === key.kid) return [retire(key, true)];
  const over = key.state === 'retiring' ? retiresAt(key, policy) : undefined;
  return over !== undefined && now >= over ? [retire(key, false)] : [];
}

/** No live node is configured for this ring any more: it stops signing; signatures stay valid until they expire. */
function abandon(key: RingKey, stoppedAt: number): Action[] {
  if (key.state === 'active') return [demote(key, stoppedAt)];
  return key.state === 'pending' ? [retire(key, false)] : [];
}

/** Extends keys after an increase of lifetimes. Never shortens them: they may have signed tokens with the longer one. */
function extend(key: RingKey, ring: RingPolicy): Action[] {
  if (key.state === 'retiring' || key.signsForSeconds >= ring.signsForSeconds) return [];
  return [{ do: 'extend', ring: key.ring, kid: key.kid, signsForSeconds: ring.signsForSeconds }];
}

interface Situation {
  readonly name: string;
  readonly stoppedAt: number;
  readonly active: RingKey | undefined;
  readonly pending: RingKey | undefined;
  /** An operator ordered it, for an emergency. */
  readonly replaceNow: boolean;
  /** An operator ordered it, as soon as every node and verifier has the pending key. */
  readonly replaceSoon: boolean;
  /** Every live node publishes the pending key, and every verifier that honours max-age has it. */
  readonly isPropagated: boolean;
  /** The active key has signed for long enough. */
  readonly isDue: boolean;
  /** A pending key is needed now, so that it can replace the active one in time. */
  readonly needsPending: boolean;
}

/** Which key replaces which: the first rule that returns actions decides. */
const SUCCESSION: readonly ((ring: Situation) => Action[] | undefined)[] = [
  // No key signs (a new ring, or the active key was revoked): a published key, or else a new one, signs at once.
  ({ name, active, pending }) =>
    active
      ? undefined
      : pending
        ? [promote(pending)]
        : [{ do: 'create', ring: name, state: 'active', expedited: false }],

  // In an emergency no existing key is trusted. The pending key has signed nothing, so it is retired at once.
  ({ name, active, pending, replaceNow, stoppedAt }) =>
    active && replaceNow
      ? [
          ...(pending ? [retire(pending, false)] : []),
          demote(active, stoppedAt),
          { do: 'create', ring: name, state: 'active', expedited: false },
        ]
      : undefined,

  ({ active, pending, isPropagated, isDue, replaceSoon, stoppedAt }) =>
    active && pending && isPropagated && (isDue || replaceSoon || pending.expedited)
      ? [demote(active, stoppedAt), promote(pending)]
      : undefined,

  ({ pending, replaceSoon }) =>
    pending && replaceSoon && !pending.expedited
      ? [{ do: 'expedite', ring: pending.ring, kid: pending.kid }]
      : undefined,

  ({ name, pending, needsPending, replaceSoon }) =>
    !pending && (needsPending || replaceSoon)
      ? [{ do: 'create', ring: name, state: 'pending', expedited: replaceSoon }]
      : undefined,
];

function succeed(situation: Situation): Action[] {
  for (const rule of SUCCESSION) {
    const actions = rule(situation);
    if (actions) return actions;
  }
  return [];
}

const promote = (key: RingKey): Action => ({ do: 'promote', ring: key.ring, kid: key.kid });
const demote = (key: RingKey, stoppedAt: number): Action => ({ do: 'demote', ring: key.ring, kid: key.kid, stoppedAt });
const retire = (key: RingKey, revoked: boolean): Retirement => ({
  do: 'retire',
  ring: key.ring,
  kid: key.kid,
  revoked,
});
