import { type Static, Type } from 'typebox';
import type { DeadLetter } from '../audit/dead_letters.ts';
import { notFound } from '../platform/errors.ts';
import { change, read } from './operation.ts';
import { LIST_QUERY, pageOf, shownPage } from './pages.ts';
import { Id, strict, Time } from './schema.ts';
import type { Services } from './services.ts';

const Letter = strict(
  {
    id: Id,
    destination_id: Id,
    first_index: Type.Integer({ minimum: 0, description: 'of a head: the index of the last event in it' }),
    last_index: Type.Integer({ minimum: 0 }),
    is_head: Type.Boolean({ description: 'a signed head, and not an event' }),
    reason: Type.String({
      description:
        'such as status_500; event_removed, event_changed or leaf_missing when the audit does not have the events as they were',
    }),
    attempts: Type.Integer({ minimum: 0 }),
    wanted: Type.Boolean({ description: 'it is sent again at the next turn of the destination' }),
    created_at: Time,
  },
  { title: 'DeadLetter', description: 'Events, or a signed head, that a destination did not get.' },
);

const EXAMPLE: Static<typeof Letter> = {
  id: '0d3e7f5a-13c4-4c3d-8d7e-0a9b8c7d6e5f',
  destination_id: '5b1f0e6c-6f6a-4a0e-9d0c-2b7f3f0a9c11',
  first_index: 1041,
  last_index: 1041,
  is_head: false,
  reason: 'status_500',
  attempts: 10,
  wanted: false,
  created_at: '2026-11-01T08:00:00.000Z',
};
const PARAMS = strict({ id: Id });
const FOR_ONE = { params: { id: EXAMPLE.id } };

/** Events of the audit that could not be delivered. */
export const deadLetters = {
  list: read({
    name: 'dead_letters.list',
    permission: 'audit:read',
    summary: 'List events of the audit that could not be delivered, the oldest first',
    description: 'Filter by destination_id, reason or created_at.',
    schemas: { query: strict(LIST_QUERY), output: pageOf(Letter, 'Dead letters') },
    example: {
      input: { query: { filter: `destination_id eq "${EXAMPLE.destination_id}"` } },
      output: { items: [EXAMPLE] },
    },
    run: async (services, { query }) => shownPage(await services.deadLetters.list(query), shown),
  }),

  show: read({
    name: 'dead_letters.show',
    permission: 'audit:read',
    summary: 'Show a dead letter',
    schemas: { params: PARAMS, output: Letter },
    example: { input: FOR_ONE, output: EXAMPLE },
    run: async (services, { params: { id } }) => shown(await existing(services, id)),
  }),

  retry: change({
    name: 'dead_letters.retry',
    permission: 'audit:write',
    target: 'dead_letter',
    summary: 'Send a dead letter again; it stays when that fails',
    schemas: { params: PARAMS, output: Letter },
    example: { input: FOR_ONE, output: { ...EXAMPLE, wanted: true } },
    async plan(services, { params: { id } }) {
      const before = await existing(services, id);
      return {
        ...services.deadLetters.retrying(before),
        target: { kind: 'dead_letter', id },
        changes: { wanted: { before: before.wanted, after: true } },
        result: () => shown({ ...before, wanted: true }),
      };
    },
  }),

  drop: change({
    name: 'dead_letters.drop',
    permission: 'audit:write',
    target: 'dead_letter',
    summary: 'Drop a dead letter: the destination does not get it',
    schemas: { params: PARAMS, output: Letter },
    example: { input: FOR_ONE, output: EXAMPLE },
    async plan(services, { params: { id } }) {
      const before = await existing(services, id);
      const { destinationId, firstIndex, lastIndex, reason } = before;
      return {
        ...services.deadLetters.dropping(before),
        target: { kind: 'dead_letter', id },
        changes: {
          destination_id: { before: destinationId },
          first_index: { before: firstIndex },
          last_index: { before: lastIndex },
          reason: { before: reason },
        },
        result: () => shown(before),
      };
    },
  }),
};

async function existing({ deadLetters: letters }: Pick<Services, 'deadLetters'>, id: string): Promise<DeadLetter> {
  const found = await letters.find(id);
  if (!found) throw notFound('dead letter', id);
  return found;
}

function shown(letter: DeadLetter): Static<typeof Letter> {
  return {
    id: letter.id,
    destination_id: letter.destinationId,
    first_index: letter.firstIndex,
    last_index: letter.lastIndex,
    is_head: letter.isHead,
    reason: letter.reason,
    attempts: letter.attempts,
    wanted: letter.wanted,
    created_at: letter.createdAt.toISOString(),
  };
}
