import { type Static, Type } from 'typebox';
import { notFound } from '../platform/errors.ts';
import type { WaitingDelivery } from '../records/deliveries.ts';
import { change, read } from './operation.ts';
import { LIST_QUERY, pageOf, shownPage } from './pages.ts';
import { Id, Nullable, strict, Time } from './schema.ts';
import type { Services } from './services.ts';

const Delivery = strict(
  {
    id: Id,
    kind: Type.String({ description: 'such as logout, of OpenID Connect Back-Channel Logout 1.0' }),
    client_id: Type.String(),
    user_id: Nullable(Type.String({ format: 'uuid' }), 'the person that it is about'),
    attempts: Type.Integer({ minimum: 0 }),
    next_attempt_at: { ...Time, description: 'while a node sends it, when its time for that is over' },
    expires_at: Nullable(Time, 'when it is given up; null before the first attempt, from which that is counted'),
  },
  {
    title: 'Delivery',
    description:
      'Its content is not shown: it is for the client alone, and may have tokens. Nor is what the client answered.',
  },
);

const EXAMPLE: Static<typeof Delivery> = {
  id: '7c9e6679-7425-40de-944b-e07fc1f90ae7',
  kind: 'logout',
  client_id: 'notes',
  user_id: '019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f',
  attempts: 3,
  next_attempt_at: '2026-11-01T08:15:00.000Z',
  expires_at: '2026-11-02T08:00:00.000Z',
};
const PARAMS = strict({ id: Id });
const FOR_ONE = { params: { id: EXAMPLE.id } };

/** Messages to clients that wait to be delivered. */
export const deliveries = {
  list: read({
    name: 'deliveries.list',
    permission: 'deliveries:read',
    summary: 'List deliveries that wait, those that are tried next before the others',
    description: 'Filter by kind, client_id, user_id, attempts or next_attempt_at.',
    schemas: { query: strict(LIST_QUERY), output: pageOf(Delivery, 'Deliveries that wait') },
    example: { input: { query: { filter: 'client_id eq "notes"' } }, output: { items: [EXAMPLE] } },
    run: async ({ accountStores }, { query }) => shownPage(await (await accountStores()).deliveries.list(query), shown),
  }),

  show: read({
    name: 'deliveries.show',
    permission: 'deliveries:read',
    summary: 'Show a delivery that waits, without its content',
    schemas: { params: PARAMS, output: Delivery },
    example: { input: FOR_ONE, output: EXAMPLE },
    run: async (services, { params: { id } }) => shown(await existing(services, id)),
  }),

  retry: change({
    name: 'deliveries.retry',
    permission: 'deliveries:write',
    target: 'delivery',
    summary: 'Deliver now, instead of at the next attempt',
    description: 'It is refused while a node delivers it, so that the client does not get it twice.',
    schemas: { params: PARAMS, output: Delivery },
    example: { input: FOR_ONE, output: { ...EXAMPLE, next_attempt_at: '2026-11-01T08:05:00.000Z' } },
    async plan(services, { params: { id } }) {
      const before = shown(await existing(services, id));
      const after = { ...before, next_attempt_at: new Date(services.now()).toISOString() };
      return {
        ...(await (await services.accountStores()).deliveries.retrying(id)),
        target: { kind: 'delivery', id },
        changes: { next_attempt_at: { before: before.next_attempt_at, after: after.next_attempt_at } },
        result: () => after,
      };
    },
  }),

  drop: change({
    name: 'deliveries.drop',
    permission: 'deliveries:write',
    target: 'delivery',
    summary: 'Drop a delivery: the client is not told',
    description: 'It is refused while a node delivers it.',
    schemas: { params: PARAMS, output: Delivery },
    example: { input: FOR_ONE, output: EXAMPLE },
    async plan(services, { params: { id } }) {
      const before = shown(await existing(services, id));
      const { kind, client_id, user_id } = before;
      return {
        ...(await (await services.accountStores()).deliveries.dropping(id)),
        target: { kind: 'delivery', id },
        changes: { kind: { before: kind }, client_id: { before: client_id }, user_id: { before: user_id } },
        result: () => before,
      };
    },
  }),
};

async function existing({ accountStores }: Pick<Services, 'accountStores'>, id: string): Promise<WaitingDelivery> {
  const { items } = await (await accountStores()).deliveries.list({ filter: `id eq "${id}"`, limit: 1 });
  if (!items[0]) throw notFound('delivery', id);
  return items[0];
}

function shown({ id, kind, accountId, attempts, ...rest }: WaitingDelivery): Static<typeof Delivery> {
  return {
    id,
    kind,
    client_id: rest.clientId,
    user_id: accountId ?? null,
    attempts,
    next_attempt_at: rest.nextAttemptAt.toISOString(),
    expires_at: rest.expiresAt?.toISOString() ?? null,
  };
}
