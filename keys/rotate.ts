import type { Kysely } from 'kysely';
import { KeyError } from './errors.ts';
import { generateKey, type KeyMaterial } from './generate.ts';
import { storedKid } from './jwks.ts';
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

/** An action that was carried out. */
export interface KeyChange {
  readonly do: Action['do'];
  readonly ring: string;
  readonly kid: string;
  /** The state of a key that was created. */
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
   * Replaces the active key of one ring, or of all. A pending key is created unless there is one, and begins to sign (in
   * this call or in a later `maintain`) as soon as every node and verifier has it. With `now`, for an emergency, a new key
   * signs at once, and verifiers refuse its tokens until they fetch the JWKS again. When several callers replace the same
   * active key at the same time, one does it and the others do nothing.
   * @throws KeyError 404 `ring_not_configured`
   */
  rotate(request?: { ring?: string; now?: boolean }): Promise<RotationResult>;
  /**
   * Removes a key from the JWKS at once and destroys its private half: its signatures are refused from now on, by
   * verifiers as soon as their copy of the JWKS expires. The pending key, or else a new one, replaces an active key.
   * A key that is retired already is no longer accepted for `id_token_hint`.
   * @param kid any of the ids that it has in the JWKS
   * @throws KeyError 404 `key_not_found`, 409 `key_already_retired` when it is not accepted for anything any more
   */
  revoke(kid: string): Promise<RotationResult>;
  /** All keys, also retired ones, oldest first; without secrets. */
  list(): Promise<ListedKey[]>;
  /**
   * Records that a node runs, and which version it serves: called once every `pollSeconds`, never in parallel. The
   * version is 0 before the node has loaded a key set.
   * @returns the current version; when it is another one, the node should call `load()`
   */
  acknowledge(nodeId: string, version: number): Promise<number>;
  /** Removes a node that shuts down, so that rotations do not wait for it. */
  forgetNode(nodeId: string): Promise<void>;
  /** The keys as they are now, with their private halves. */
  load(): Promise<LoadedKeySet>;
}

/** @throws (each method) errors of the database and of the sealer */
export function createKeyRing({ db, sealer, retired, now, policy, log }: KeyRingOptions): KeyRing {
  const rings = new Map(policy.rings.map((ring) => [ring.name, ring]));

  async function carryOut(order: Order, seen?: RingState): Promise<RotationResult> {
    const generated: GeneratedKeys = new Map();
    let planned = plan(seen ?? (await readState(db)), now(), policy, order);
    // Generating a key takes long, so the keys that seem to be needed are generated outside of the lock. Inside, the plan
    // is made again; if it needs a key of another ring by then, nothing is done and the loop tries again with one.
    while (planned.length > 0) {
      await generateMissing(generated, planned);
      const result = await db.transaction().execute((tx) => attempt(tx, order, generated));
      if (!('needed' in result)) return result;
      planned = result.needed;
    }
    return { version: undefined, done: [] };
  }

  async function generateMissing(generated: GeneratedKeys, planned: readonly Action[]): Promise<void> {
    for (const { ring } of planned.filter(isCreation)) {
      if (!generated.has(ring)) generated.set(ring, await generateKey(policyOf(ring).alg, policy.rsaBits));
    }
  }

  async function attempt(
    tx: Kysely<KeyTables>,
    order: Order,
    generated: GeneratedKeys,
  ): Promise<RotationResult | { needed: Action[] }> {
    await lockKeySet(tx);
    const state = await readState(tx);
    const at = now();
    const actions = plan(state, at, policy, order);
    if (actions.some((action) => isCreation(action) && !generated.has(action.ring))) return { needed: actions };
    if (actions.length === 0) return { version: undefined, done: [] };
    const version = await bumpVersion(tx);
    const done: KeyChange[] = [];
    for (const action of actions) done.push(await apply(tx, action, generated, at, version));
    await notify(tx, version);
    return { version, done };
  }

  async function apply(
    tx: Kysely<KeyTables>,
    action: Action,
    generated: GeneratedKeys,
    at: number,
    version: number,
  ): Promise<KeyChange> {
    if (!isCreation(action)) {
      await changeKey(tx, action, at, { sealer, retired });
      return { do: action.do, ring: action.ring, kid: action.kid };
    }
    const material = generated.get(action.ring);
    if (!material) throw new Error(`no key was generated for ${action.ring}`);
    const { signsForSeconds } = policyOf(action.ring);
    await insertKey(tx, sealer, action, material, { at, version, signsForSeconds });
    return { do: 'create', ring: action.ring, kid: material.kid, state: action.state };
  }

  function policyOf(name: string): RingPolicy {
    const ring = rings.get(name);
    if (!ring) throw new KeyError('ring_not_configured', 404, `no ring ${JSON.stringify(name)} is configured`);
    return ring;
  }

  /** A retired key is accepted for `id_token_hint` until it is revoked. */
  async function revokeRetiredKey(tx: Kysely<KeyTables>, kid: string): Promise<RotationResult | undefined> {
    await lockKeySet(tx);
    const record = await readRecord(tx, kid);
    if (!record || !(await revokeRetired(tx, kid))) return undefined;
    const version = await bumpVersion(tx);
    await notify(tx, version);
    log?.info({ change: 'revoke', ring: record.ring, kid, version }, 'key set changed');
    return { version, done: [{ do: 'retire', ring: record.ring, kid }] };
  }

  async function perform(order: Order, seen?: RingState): Promise<RotationResult> {
    const performed = await carryOut(order, seen);
    for (const { do: change, ring, kid } of performed.done)
      log?.info({ change, ring, kid, version: performed.version }, 'key set changed');
    return performed;
  }

  return {
    maintain: () => perform({ verb: 'maintain' }),

    async rotate({ ring, now: atOnce = false } = {}) {
      const named = ring === undefined ? [...rings.keys()] : [policyOf(ring).name];
      const seen = await readState(db);
      const active = seen.keys.filter((key) => key.state === 'active' && named.includes(key.ring));
      return perform({ verb: 'rotate', now: atOnce, replaces: new Set(active.map((key) => key.kid)) }, seen);
    },

    async revoke(published) {
      const kid = storedKid(published);
      const performed = await perform({ verb: 'revoke', kid });
      if (performed.done.some((done) => done.do === 'retire' && done.kid === kid)) return performed;
      const revoked = await db.transaction().execute((tx) => revokeRetiredKey(tx, kid));
      if (revoked) return revoked;
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

/** Generated keys that a plan may need, by ring: it creates at most one in each. */
type GeneratedKeys = Map<string, KeyMaterial>;

type Creation = Extract<Action, { do: 'create' }>;

function isCreation(action: Action): action is Creation {
  return action.do === 'create';
}

function isRetiring(record: KeyRecord): record is KeyRecord & { state: 'retiring' } {
  return record.state === 'retiring';
}
