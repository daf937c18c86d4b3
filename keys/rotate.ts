import type { Kysely } from 'kysely';
import { KeyError } from './errors.ts';
import { generateKey, type KeyMaterial } from './generate.ts';
import {
  type Action,
  CLOCK_TOLERANCE_SECONDS,
  type Order,
  type Policy,
  plan,
  type RingPolicy,
  type RingState,
  retiresAt,
  silenceSeconds,
} from './ring.ts';
import {
  bumpVersion,
  changeKey,
  deleteNode,
  insertKey,
  type KeyRecord,
  type KeySealer,
  type KeyTables,
  type LoadedKeySet,
  lockKeySet,
  notify,
  type RetiredPolicy,
  readKeySet,
  readRecord,
  readRecords,
  readState,
  revokeRetired,
  saveHeartbeat,
} from './store.ts';

export interface KeyRingOptions {
  readonly db: Kysely<KeyTables>;
  readonly sealer: KeySealer;
  readonly retired: RetiredPolicy;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly policy: Policy;
  readonly log?: { info(fields: object, message: string): void };
}

/** One step that was taken. */
export interface KeyChange {
  readonly do: Action['do'];
  readonly ring: string;
  readonly kid: string;
  /** Of a key that was created. */
  readonly state?: 'pending' | 'active';
}

export interface RotationResult {
  /** Undefined when there was nothing to do. */
  readonly version: number | undefined;
  readonly done: readonly KeyChange[];
}

export interface ListedKey extends KeyRecord {
  /** When a retiring key will be withdrawn, in milliseconds since the epoch. */
  readonly retiresAt: number | undefined;
}

/** The keys of a deployment. Any number of nodes may call any of this at any time. */
export interface KeyRing {
  /** The scheduled work: makes the first keys, and creates, promotes and retires what is due. Safe to repeat. */
  maintain(): Promise<RotationResult>;
  /**
   * Replaces the active key of one ring, or of all. Staged: a pending key is created unless there is one, and takes
   * over (in this call or in a later `maintain`) as soon as every node and verifier can know it. With `now`, an
   * emergency: a new key signs at once, and tokens are refused by verifiers until they fetch the JWKS again.
   * Of callers who saw the same active key one replaces it, and the others find nothing left to do.
   * @throws KeyError 404 `ring_not_configured`
   */
  rotate(request?: { ring?: string; now?: boolean }): Promise<RotationResult>;
  /**
   * Out of the JWKS at once, private half destroyed: what it has signed is refused from now on, by verifiers as soon
   * as their copy of the JWKS expires. An active key is followed by the pending one if there is one, else by a new one.
   * One that is retired already no longer counts for ID tokens that come back as a hint.
   * @throws KeyError 404 `key_not_found`, 409 `key_already_retired` when nothing is left of it
   */
  revoke(kid: string): Promise<RotationResult>;
  /** All keys there ever were, oldest first; nothing secret. */
  list(): Promise<ListedKey[]>;
  /**
   * A node tells which version it serves, and that it is there: once every `pollSeconds`, one call after the other.
   * With 0 it announces itself before it has loaded anything.
   * @returns the current version; when it is another one, `load()` is called for
   */
  acknowledge(nodeId: string, version: number): Promise<number>;
  /** A node that shuts down is not waited for. */
  forgetNode(nodeId: string): Promise<void>;
  /** The keys as they are now, with their private halves. */
  load(): Promise<LoadedKeySet>;
}

/** @throws (each method) what the database or the sealer throws */
export function createKeyRing({ db, sealer, retired, now, policy, log }: KeyRingOptions): KeyRing {
  const rings = new Map(policy.rings.map((ring) => [ring.name, ring]));

  async function carryOut(order: Order, seen?: RingState): Promise<RotationResult> {
    const stock: Stock = new Map();
    let wish = plan(seen ?? (await readState(db)), now(), policy, order);
    // Making a key takes long, so it happens outside of the lock, for what seems to be needed. Inside, the plan is made
    // anew; should it need another ring's key by then, nothing is done and we come back with one.
    while (wish.length > 0) {
      await fill(stock, wish);
      const result = await db.transaction().execute((tx) => attempt(tx, order, stock));
      if (!('lacking' in result)) return result;
      wish = result.lacking;
    }
    return { version: undefined, done: [] };
  }

  async function fill(stock: Stock, wish: readonly Action[]): Promise<void> {
    for (const { ring } of wish.filter(isCreation)) {
      if (!stock.has(ring)) stock.set(ring, await generateKey(policyOf(ring).alg, policy.rsaBits));
    }
  }

  async function attempt(
    tx: Kysely<KeyTables>,
    order: Order,
    stock: Stock,
  ): Promise<RotationResult | { lacking: Action[] }> {
    await lockKeySet(tx);
    const state = await readState(tx);
    const at = now();
    const actions = plan(state, at, policy, order);
    if (actions.some((action) => isCreation(action) && !stock.has(action.ring))) return { lacking: actions };
    if (actions.length === 0) return { version: undefined, done: [] };
    const version = await bumpVersion(tx);
    const done: KeyChange[] = [];
    for (const action of actions) done.push(await apply(tx, action, stock, at, version));
    await notify(tx, version);
    return { version, done };
  }

  async function apply(
    tx: Kysely<KeyTables>,
    action: Action,
    stock: Stock,
    at: number,
    version: number,
  ): Promise<KeyChange> {
    if (!isCreation(action)) {
      await changeKey(tx, action, at, { sealer, retired });
      return { do: action.do, ring: action.ring, kid: action.kid };
    }
    const material = stock.get(action.ring);
    if (!material) throw new Error(`no key was made for ${action.ring}`);
    const { signsForSeconds } = policyOf(action.ring);
    await insertKey(tx, sealer, action, material, { at, version, signsForSeconds });
    return { do: 'create', ring: action.ring, kid: material.kid, state: action.state };
  }

  function policyOf(name: string): RingPolicy {
    const ring = rings.get(name);
    if (!ring) throw new KeyError('ring_not_configured', 404, `no ring ${JSON.stringify(name)} is configured`);
    return ring;
  }

  /** A retired key still counts for hints: until it is revoked. */
  async function revokeLeft(tx: Kysely<KeyTables>, kid: string): Promise<RotationResult | undefined> {
    await lockKeySet(tx);
    const record = await readRecord(tx, kid);
    if (!record || !(await revokeRetired(tx, kid))) return undefined;
    const version = await bumpVersion(tx);
    await notify(tx, version);
    log?.info({ change: 'revoke', ring: record.ring, kid, version }, 'key set changed');
    return { version, done: [{ do: 'retire', ring: record.ring, kid }] };
  }

  async function perform(order: Order, seen?: RingState): Promise<RotationResult> {
    const outcome = await carryOut(order, seen);
    for (const { do: change, ring, kid } of outcome.done)
      log?.info({ change, ring, kid, version: outcome.version }, 'key set changed');
    return outcome;
  }

  return {
    maintain: () => perform({ verb: 'maintain' }),

    async rotate({ ring, now: atOnce = false } = {}) {
      const named = ring === undefined ? [...rings.keys()] : [policyOf(ring).name];
      const seen = await readState(db);
      const active = seen.keys.filter((key) => key.state === 'active' && named.includes(key.ring));
      return perform({ verb: 'rotate', now: atOnce, replaces: new Set(active.map((key) => key.kid)) }, seen);
    },

    async revoke(kid) {
      const outcome = await perform({ verb: 'revoke', kid });
      if (outcome.done.some((done) => done.do === 'retire' && done.kid === kid)) return outcome;
      const left = await db.transaction().execute((tx) => revokeLeft(tx, kid));
      if (left) return left;
      throw (await readRecord(db, kid))
        ? new KeyError('key_already_retired', 409, `the key ${JSON.stringify(kid)} is retired already`)
        : new KeyError('key_not_found', 404, `no key ${JSON.stringify(kid)}`);
    },

    async list() {
      const records = await readRecords(db);
      return records.map((record) => ({
        ...record,
        retiresAt: isRetiring(record) ? retiresAt(record, policy) : undefined,
      }));
    },

    acknowledge(nodeId, version) {
      const instant = now();
      const goneBefore = instant - 1_000 * (silenceSeconds(policy) + CLOCK_TOLERANCE_SECONDS);
      return saveHeartbeat(db, { nodeId, version, rings: [...rings.keys()], now: instant, goneBefore });
    },

    forgetNode: (nodeId) => deleteNode(db, nodeId),
    load: () => readKeySet(db, sealer, [...rings.keys()], { ...retired, now: now() }),
  };
}

/** Keys that were made and may be needed, by ring: a plan creates at most one in each. */
type Stock = Map<string, KeyMaterial>;

type Creation = Extract<Action, { do: 'create' }>;

function isCreation(action: Action): action is Creation {
  return action.do === 'create';
}

function isRetiring(record: KeyRecord): record is KeyRecord & { state: 'retiring' } {
  return record.state === 'retiring';
}
