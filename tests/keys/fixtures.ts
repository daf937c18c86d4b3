import { sql } from 'kysely';
import { COOKIE_RING } from '../../keys/jwks.ts';
import type { Action, Order, Policy, RingKey, RingNode, RingState } from '../../keys/ring.ts';
import { createKeyRing, type KeyRing } from '../../keys/rotate.ts';
import type { KeySealer, KeyTables, RetiredPolicy } from '../../keys/store.ts';
import type { Db } from '../../server/platform/db.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { database } from '../helpers/postgres.ts';
import type { Scope } from '../helpers/scope.ts';

export const START = Date.UTC(2026, 0, 1);
export const HOUR = 3_600;
export const DAY = 24 * HOUR;

export const POLICY: Policy = {
  rings: [{ name: 'RS256', alg: 'RS256', signsForSeconds: HOUR }],
  rsaBits: 2048,
  rotationSeconds: 30 * DAY,
  jwksMaxAgeSeconds: HOUR,
  pollSeconds: 30,
};

/** The time that many seconds after the start. */
export const after = (seconds: number): number => START + 1_000 * seconds;

export function key(kid: string, given: Partial<RingKey> = {}): RingKey {
  return {
    kid,
    ring: 'RS256',
    state: 'active',
    createdAt: START,
    activatedAt: given.state === 'pending' ? undefined : START,
    retiringAt: undefined,
    signsForSeconds: HOUR,
    publishedIn: 1,
    expedited: false,
    ...given,
  };
}

export function node(given: Partial<RingNode> = {}): RingNode {
  return { acknowledged: 1, acknowledgedAt: 0, seenAt: START, rings: ['RS256'], ...given };
}

export const rotation = (replaces: string, now = false): Order => ({
  verb: 'rotate',
  now,
  replaces: new Set([replaces]),
});

/** Applies a plan to values, as the store does to rows. */
export function applied(
  state: RingState,
  actions: readonly Action[],
  made: { at: number; version: number; kid: () => string; signsForSeconds: (ring: string) => number },
): RingState {
  let keys = state.keys;
  const change = (kid: string, given: Partial<RingKey>) => {
    keys = keys.map((one) => (one.kid === kid ? { ...one, ...given } : one));
  };
  for (const action of actions) {
    switch (action.do) {
      case 'create':
        keys = [
          ...keys,
          {
            kid: made.kid(),
            ring: action.ring,
            state: action.state,
            createdAt: made.at,
            activatedAt: action.state === 'active' ? made.at : undefined,
            retiringAt: undefined,
            signsForSeconds: made.signsForSeconds(action.ring),
            publishedIn: made.version,
            expedited: action.expedited,
          },
        ];
        break;
      case 'expedite':
        change(action.kid, { expedited: true });
        break;
      case 'extend':
        change(action.kid, { signsForSeconds: action.signsForSeconds });
        break;
      case 'promote':
        change(action.kid, { state: 'active', activatedAt: made.at });
        break;
      case 'demote':
        change(action.kid, { state: 'retiring', retiringAt: action.stoppedAt });
        break;
      case 'retire':
        keys = keys.filter((one) => one.kid !== action.kid);
    }
  }
  return { ...state, keys };
}

/** The keys of a deployment on a database, at a time that the test sets. */
export interface Bench {
  readonly ring: KeyRing;
  /** Sets the clock to that many seconds after the start. */
  at(seconds: number): void;
}

const sealers = createSealer([Buffer.alloc(32, 7)]);

export const SEALER: KeySealer = {
  seal: (kid, bytes) => sealers.seal({ table: 'signing_keys', column: 'sealed', row: kid }, bytes),
  open: (kid, sealed) => sealers.open({ table: 'signing_keys', column: 'sealed', row: kid }, sealed),
};

export const RETIRED: RetiredPolicy = {
  sealer: {
    seal: (kid, bytes) => sealers.seal({ table: 'signing_keys', column: 'sealed_public', row: kid }, bytes),
    open: (kid, sealed) => sealers.open({ table: 'signing_keys', column: 'sealed_public', row: kid }, sealed),
  },
  seconds: 40 * DAY,
};

export const RINGS: Policy = {
  ...POLICY,
  rings: [
    { name: 'RS256', alg: 'RS256', signsForSeconds: HOUR },
    { name: 'ES256', alg: 'ES256', signsForSeconds: HOUR },
    { name: 'EdDSA', alg: 'EdDSA', signsForSeconds: HOUR },
    { name: COOKIE_RING, alg: 'HMAC', signsForSeconds: DAY },
  ],
};

/** Without RSA, whose keys take long to generate. */
export const QUICK: Policy = { ...RINGS, rings: RINGS.rings.filter((ring) => ring.name !== 'RS256') };

/**
 * One database for a file, since a database for each test takes longer than most tests of keys.
 * @returns removes all keys and nodes, for a test that starts without any
 */
export async function keyDatabase(scope: Scope) {
  const { db, url } = await database(scope);
  const empty = async (): Promise<Db> => {
    await sql`DELETE FROM signing_keys`.execute(db.kysely);
    await sql`DELETE FROM key_nodes`.execute(db.kysely);
    await sql`UPDATE key_set SET version = 0, last_seen_at = 'epoch'`.execute(db.kysely);
    return db;
  };
  return { url, empty };
}

export function bench(db: Db, policy: Policy = RINGS): Bench {
  let clock = START;
  return {
    ring: createKeyRing({
      db: db.kysely.withTables<KeyTables>(),
      sealer: SEALER,
      retired: RETIRED,
      now: () => clock,
      policy,
    }),
    at(seconds) {
      clock = after(seconds);
    },
  };
}

/** The kids of a ring that are in this state. */
export const inState = (keys: readonly { kid: string; ring: string; state: string }[], ring: string, state: string) =>
  keys.filter((one) => one.ring === ring && one.state === state).map((one) => one.kid);
