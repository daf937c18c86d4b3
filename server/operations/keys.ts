import { type Static, Type } from 'typebox';
import { KeyError } from '../../keys/errors.ts';
import { COOKIE_RING } from '../../keys/jwks.ts';
import type { Order } from '../../keys/ring.ts';
import { type KeySetPlan, type ListedKey, orderRevocation, type RotationRequest } from '../../keys/rotate.ts';
import type { Target } from '../audit/entries.ts';
import { AppError, invalidInput } from '../platform/errors.ts';
import { LIST_LIMIT_DEFAULT } from '../platform/listing.ts';
import { change, type Plan, read } from './operation.ts';
import { PAGE_QUERY, pageOf } from './pages.ts';
import { Nullable, strict, Time } from './schema.ts';
import type { Services } from './services.ts';

const Key = strict(
  {
    kid: Type.String({ description: 'its id in the JWKS' }),
    alg: Type.String(),
    ring: Type.String({
      description: 'the keys for one purpose, which replace one another; only its algorithm, or cookie',
    }),
    state: Type.String({
      description: 'pending: published; active: signs; retiring: still verifies; retired: withdrawn',
    }),
    revoked: Type.Boolean(),
    created_at: Time,
    activated_at: Nullable(Time),
    retiring_at: Nullable(Time),
    retires_at: Nullable(Time, 'when a retiring key will be withdrawn'),
    retired_at: Nullable(Time),
  },
  { title: 'Key', description: 'without its private half, which nobody can read' },
);

const Done = strict({
  do: Type.String({ description: 'create, expedite, extend, promote, demote or retire' }),
  ring: Type.String(),
  kid: Type.String(),
  state: Type.Optional(Type.String({ description: 'of a key that was created' })),
});

const KeySetChange = strict(
  {
    version: Nullable(Type.Integer(), 'the new version of the key set; null when there was nothing to do'),
    done: Type.Array(Done, { description: 'in this order; in a dry run, the id of a new key is not the later one' }),
  },
  { title: 'KeySetChange' },
);

const KID = 'u4OxYZ0Xk0iP0q9y1Zbq3tV5n7sL2wE8cR6dF4gH1jM';
const CREATED: Static<typeof KeySetChange> = {
  version: 8,
  done: [{ do: 'create', ring: 'RS256', kid: KID, state: 'pending' }],
};

/** The keys that sign tokens and cookies. They rotate by themselves. */
export const keys = {
  list: read({
    name: 'keys.list',
    permission: 'keys:read',
    summary: 'List keys, the oldest first',
    schemas: {
      query: strict({
        ...PAGE_QUERY,
        all: Type.Optional(Type.Boolean({ description: 'with the keys that sign cookies' })),
      }),
      output: pageOf(Key, 'Keys, the oldest first'),
    },
    example: {
      output: {
        items: [
          {
            kid: KID,
            alg: 'RS256',
            ring: 'RS256',
            state: 'active',
            revoked: false,
            created_at: '2026-11-01T08:00:00.000Z',
            activated_at: '2026-11-01T08:00:00.000Z',
            retiring_at: null,
            retires_at: null,
            retired_at: null,
          },
        ],
      },
    },
    async run({ keyRing }, { query: { all = false, cursor, limit = LIST_LIMIT_DEFAULT } }) {
      const listed = (await (await keyRing()).list()).filter(({ ring }) => all || ring !== COOKIE_RING);
      const before = cursor === undefined ? -1 : listed.findIndex(({ kid }) => kid === cursor);
      if (cursor !== undefined && before < 0) throw invalidInput('cursor', 'is not one that a list returned as next');
      const items = listed.slice(before + 1, before + 1 + limit);
      const last = before + 1 + limit < listed.length ? items.at(-1) : undefined;
      return { items: items.map(shown), ...(last ? { next: last.kid } : {}) };
    },
  }),

  rotate: change({
    name: 'keys.rotate',
    permission: 'keys:write',
    target: 'ring',
    summary: 'Replace the active keys',
    description:
      'The next key signs as soon as every node and every verifier can have fetched it. With now, for an emergency, it signs at ' +
      'once, and verifiers refuse its tokens until they fetch the JWKS again.',
    schemas: {
      body: strict({
        ring: Type.Optional(Type.String({ maxLength: 64, description: 'one ring; by default all that sign tokens' })),
        now: Type.Optional(Type.Boolean({ description: 'for an emergency' })),
      }),
      output: KeySetChange,
    },
    example: { input: { body: { ring: 'RS256' } }, output: CREATED },
    async plan(services, { body: { ring, now = false } }) {
      const rings = ring === undefined ? services.config.keys.rings : [ring];
      return planned(services, await orderOf(services, { ring: rings, now }), { kind: 'ring', id: rings.join(' ') });
    },
  }),

  revoke: change({
    name: 'keys.revoke',
    permission: 'keys:write',
    target: 'key',
    summary: 'Revoke a key at once',
    description:
      'Its private half is destroyed, and its signatures are refused from now on, by verifiers as soon as their copy of the JWKS ' +
      'expires. Another key replaces an active one.',
    schemas: { params: strict({ kid: Type.String({ minLength: 1, maxLength: 64 }) }), output: KeySetChange },
    example: {
      input: { params: { kid: KID } },
      output: { version: 9, done: [{ do: 'retire', ring: 'RS256', kid: KID }] },
    },
    plan: async (services, { params: { kid } }) => planned(services, orderRevocation(kid), { kind: 'key', id: kid }),
  }),
};

async function orderOf({ keyRing }: Pick<Services, 'keyRing'>, request: RotationRequest): Promise<Order> {
  try {
    return await (await keyRing()).orderRotation(request);
  } catch (error) {
    throw error instanceof KeyError ? invalidInput('ring', error.message) : error;
  }
}

async function planned(
  services: Pick<Services, 'keyRing'>,
  order: Order,
  target: Target,
): Promise<Plan<Static<typeof KeySetChange>>> {
  const { queries, version = null, done } = await planOf(services, order);
  return {
    statements: queries.map(({ sql, parameters }) => ({ statement: { text: sql }, values: parameters })),
    target,
    changes: done.length === 0 ? {} : { keys: { after: done } },
    result: () => ({ version, done: done.map((one) => ({ ...one })) }),
    // The order names the keys to replace, so that it replaces none of those that another operator made meanwhile.
    again: () => planned(services, order, target),
  };
}

async function planOf({ keyRing }: Pick<Services, 'keyRing'>, order: Order): Promise<KeySetPlan> {
  try {
    return await (await keyRing()).plan(order);
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    throw new AppError(error.status === 404 ? 'not_found' : 'conflict', error.message);
  }
}

function shown(key: ListedKey): Static<typeof Key> {
  const time = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString());
  return {
    kid: key.kid,
    alg: key.alg,
    ring: key.ring,
    state: key.state,
    revoked: key.revoked,
    created_at: new Date(key.createdAt).toISOString(),
    activated_at: time(key.activatedAt),
    retiring_at: time(key.retiringAt),
    retires_at: time(key.retiresAt),
    retired_at: time(key.retiredAt),
  };
}
