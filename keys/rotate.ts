import type { CompiledQuery, Kysely } from 'kysely';
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
  retiresAt,
  silenceSeconds,
} from './ring.ts';
import {
  announce,
  callNodes,
  changeKey,
  deleteNode,
  insertKey,
  isChangedMeanwhile,
  type KeyQueries,
  type KeyRecord,
  type KeySealer,
  type KeyTables,
  type LoadedKeySet,
  type RetiredPolicy,
  type RunningNode,
  readKeySet,
  readNodes,
  readRecord,
  readRecords,
  readState,
  requireAsRead,
  revokeRetired,
  saveHeartbeat,
} from './store.ts';

export interface KeyRingOptions {
  readonly db: Kysely<KeyTables>;
  readonly sealer: KeySealer;
  readonly retired: RetiredPolicy;
  /** The ids of the master keys of this process, for the other ones to know (`nodes`). Default: it does not say. */
  readonly masterKeys?: readonly string[];
  /** Fingerprints of other secrets that this process uses at the time, for the other ones to know. Default: it does not say. */
  secrets?(): readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly policy: Policy;
  readonly log?: { info(fields: object, message: string): void };
  /** Queries for the transaction of a change that no operator has asked for. */
  tell?(done: readonly KeyChange[], version: number): readonly CompiledQuery[];
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

export interface RotationRequest {
  /** One or several. Default: all. */
  readonly ring?: string | readonly string[] | undefined;
  readonly now?: boolean | undefined;
}

/** A change of the key set that was planned and has not happened. */
export interface KeySetPlan extends RotationResult {
  /** For one transaction, in this order; none when there is nothing to do. */
  readonly queries: KeyQueries;
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
  rotate(request?: RotationRequest): Promise<RotationResult>;
  /**
   * Removes a key from the JWKS at once and destroys its private half: its signatures are refused from now on, by
   * verifiers as soon as their copy of the JWKS expires. The pending key, or else a new one, replaces an active key.
   * A key that is retired already is no longer accepted for `id_token_hint`.
   * @param kid any of the ids that it has in the JWKS
   * @throws KeyError 404 `key_not_found`, 409 `key_already_retired` when it is not accepted for anything any more
   */
  revoke(kid: string): Promise<RotationResult>;
  /** The order of a rotation, which stays the same when it is planned again. @throws KeyError 404 `ring_not_configured` */
  orderRotation(request: RotationRequest): Promise<Order>;
  /**
   * Plans an order for a transaction of the caller, from the keys as they are now. When that fails with SQLSTATE CD004, another change
   * came first: plan again.
   * @throws KeyError as `revoke` does
   */
  plan(order: Order): Promise<KeySetPlan>;
  /** All keys, also retired ones, oldest first; without secrets. */
  list(): Promise<ListedKey[]>;
  /**
   * Records that a node runs, and which version it serves: called once every `pollSeconds`, never in parallel. The
   * version is 0 before the node has loaded a key set.
   * @returns the current version; when it is another one, the node should call `load()`
   */
  acknowledge(nodeId: string, version: number): Promise<number>;
  /** The servers that run, as far as they have told by `acknowledge`. */
  nodes(): Promise<RunningNode[]>;
  /** Lets the servers that run call `acknowledge` soon. */
  callNodes(): Promise<void>;
  /** Removes a node that shuts down, so that rotations do not wait for it. */
  forgetNode(nodeId: string): Promise<void>;
  /** The keys as they are now, with their private halves. */
  load(): Promise<LoadedKeySet>;
}

/** @throws (each method) errors of the database and of the sealer */
export function createKeyRing({
  db,
  sealer,
  retired,
  masterKeys = [],
  secrets = () => [],
  now,
  policy,
  log,
  tell,
}: KeyRingOptions): KeyRing {
  const rings = new Map(policy.rings.map((ring) => [ring.name, ring]));

  /** @param generated keys that an earlier plan needed, which this one may use */
  async function planOf(order: Order, generated: GeneratedKeys = new Map()): Promise<KeySetPlan> {
    for (;;) {
      const state = await readState(db);
      const at = now();
      const actions = plan(state, at, policy, order);
      // Generating a key takes long: after it the plan is made again, with what is there by then.
      if (await generateMissing(generated, actions)) continue;
      if (order.verb === 'revoke' && !actions.some((action) => action.do === 'retire' && action.kid === order.kid)) {
        return planOfRetired(order.kid, state.version);
      }
      if (actions.length === 0) return { version: undefined, done: [], queries: [] };
      const version = state.version + 1;
      const made = actions.map((action) => apply(action, generated, at, version));
      const changes = await Promise.all(made.map(({ query }) => query));
      return {
        version,
        done: made.map(({ change }) => change),
        queries: [...requireAsRead(db, state.version), ...changes, ...announce(db, version)],
      };
    }
  }

  /** A retired key is accepted for `id_token_hint` until it is revoked. */
  async function planOfRetired(kid: string, read: number): Promise<KeySetPlan> {
    const record = await readRecord(db, kid);
    if (!record) throw new KeyError('key_not_found', 404, `no key ${JSON.stringify(kid)}`);
    if (!record.accepted) {
      throw new KeyError('key_already_retired', 409, `the key ${JSON.stringify(kid)} is retired already`);
    }
    const version = read + 1;
    return {
      version,
      done: [{ do: 'retire', ring: record.ring, kid }],
      queries: [...requireAsRead(db, read), revokeRetired(db, kid), ...announce(db, version)],
    };
  }

  /** @returns true when one had to be generated */
  async function generateMissing(generated: GeneratedKeys, planned: readonly Action[]): Promise<boolean> {
    const missing = planned.filter(isCreation).filter(({ ring }) => !generated.has(ring));
    for (const { ring } of missing) generated.set(ring, await generateKey(policyOf(ring).alg, policy.rsaBits));
    return missing.length > 0;
  }

  function apply(
    action: Action,
    generated: GeneratedKeys,
    at: number,
    version: number,
  ): { readonly change: KeyChange; readonly query: CompiledQuery | Promise<CompiledQuery> } {
    const { ring } = action;
    if (!isCreation(action)) {
      return {
        change: { do: action.do, ring, kid: action.kid },
        query: changeKey(db, action, at, { sealer, retired }),
      };
    }
    const material = generated.get(ring);
    if (!material) throw new Error(`no key was generated for ${ring}`);
    const { signsForSeconds } = policyOf(ring);
    return {
      change: { do: 'create', ring, kid: material.kid, state: action.state },
      query: insertKey(db, sealer, action, material, { at, version, signsForSeconds }),
    };
  }

  function policyOf(name: string): RingPolicy {
    const ring = rings.get(name);
    if (!ring) throw new KeyError('ring_not_configured', 404, `no ring ${JSON.stringify(name)} is configured`);
    return ring;
  }

  async function perform(order: Order): Promise<RotationResult> {
    const generated: GeneratedKeys = new Map();
    for (;;) {
      const { queries, ...planned } = await planOf(order, generated);
      if (queries.length === 0 || planned.version === undefined) return planned;
      const told = tell?.(planned.done, planned.version) ?? [];
      try {
        await db.transaction().execute(async (tx) => {
          for (const query of [...queries, ...told]) await tx.executeQuery(query);
        });
      } catch (error) {
        if (isChangedMeanwhile(error)) continue;
        throw error;
      }
      for (const { do: change, ring, kid } of planned.done)
        log?.info({ change, ring, kid, version: planned.version }, 'key set changed');
      return planned;
    }
  }

  async function orderRotation({ ring, now: atOnce = false }: RotationRequest): Promise<Order> {
    const named = ring === undefined ? [...rings.keys()] : [ring].flat().map((one) => policyOf(one).name);
    const { keys } = await readState(db);
    const active = keys.filter((key) => key.state === 'active' && named.includes(key.ring));
    return { verb: 'rotate', now: atOnce, replaces: new Set(active.map((key) => key.kid)) };
  }

  const goneBefore = (at: number) => at - 1_000 * (silenceSeconds(policy) + CLOCK_TOLERANCE_SECONDS);

  return {
    maintain: () => perform({ verb: 'maintain' }),
    rotate: async (request = {}) => perform(await orderRotation(request)),
    revoke: (published) => perform(orderRevocation(published)),
    orderRotation,
    plan: (order) => planOf(order),

    async list() {
      const records = await readRecords(db);
      return records.map((record) => ({
        ...record,
        retiresAt: isRetiring(record) ? retiresAt(record, policy) : undefined,
      }));
    },

    acknowledge(nodeId, version) {
      const instant = now();
      const beat = { nodeId, version, rings: [...rings.keys()], masterKeys, secrets: secrets(), now: instant };
      return saveHeartbeat(db, { ...beat, goneBefore: goneBefore(instant) });
    },

    nodes: () => readNodes(db, goneBefore(now())),
    callNodes: () => callNodes(db),

    forgetNode: (nodeId) => deleteNode(db, nodeId),
    load: () => readKeySet(db, sealer, [...rings.keys()], { ...retired, now: now() }),
  };
}

/** The order of a revocation. @param published any of the ids that the key has in the JWKS */
export const orderRevocation = (published: string): Order => ({ verb: 'revoke', kid: storedKid(published) });

/** Generated keys that a plan may need, by ring: it creates at most one in each. */
type GeneratedKeys = Map<string, KeyMaterial>;

type Creation = Extract<Action, { do: 'create' }>;

function isCreation(action: Action): action is Creation {
  return action.do === 'create';
}

function isRetiring(record: KeyRecord): record is KeyRecord & { state: 'retiring' } {
  return record.state === 'retiring';
}
