import { type Static, Type } from 'typebox';
import type { DeadLetter, PlannedLetters } from '../audit/dead_letters.ts';
import type { Changes } from '../audit/entries.ts';
import { notFound } from '../platform/errors.ts';
import { change, type Plan, read } from './operation.ts';
import { LIST_QUERY, pageOf, shownPage } from './pages.ts';
import { Id, Nullable, strict, Time } from './schema.ts';
import type { Services } from './services.ts';

const Letter = strict(
  {
    id: Id,
    destination_id: Id,
    first_index: Type.Integer({ minimum: 0, description: 'of a head: the index of the last entry in it' }),
    last_index: Type.Integer({ minimum: 0 }),
    is_head: Type.Boolean({ description: 'a signed head, and not an entry' }),
    first_event_id: Nullable(
      Type.String(),
      'the id of the first entry; null for a head, and where the log has no such place',
    ),
    last_event_id: Nullable(Type.String(), 'the id of the last one, in the same way'),
    action: Nullable(Type.String(), 'of the first entry; null also when the audit does not have it'),
    reason: Type.String({
      description:
        'such as status_500; event_removed, event_changed or leaf_missing when the audit does not have the entries as they were',
    }),
    attempts: Type.Integer({ minimum: 0 }),
    wanted: Type.Boolean({ description: 'it is sent again at the next turn of the destination' }),
    created_at: Time,
  },
  { title: 'DeadLetter', description: 'Entries, or a signed head, that a destination did not get.' },
);

const EXAMPLE: Static<typeof Letter> = {
  id: '0d3e7f5a-13c4-4c3d-8d7e-0a9b8c7d6e5f',
  destination_id: '5b1f0e6c-6f6a-4a0e-9d0c-2b7f3f0a9c11',
  first_index: 1041,
  last_index: 1041,
  is_head: false,
  first_event_id: '019a3e5c-7c00-7000-8000-000000000001',
  last_event_id: '019a3e5c-7c00-7000-8000-000000000001',
  action: 'users.update',
  reason: 'status_500',
  attempts: 10,
  wanted: false,
  created_at: '2026-11-01T08:00:00.000Z',
};
const PARAMS = strict({ id: Id });
const FOR_ONE = { params: { id: EXAMPLE.id } };

const OF_DESTINATION = { params: { id: EXAMPLE.destination_id } };

/** Entries of the audit that could not be delivered. */
export const deadLetters = {
  list: read({
    name: 'dead_letters.list',
    permission: 'audit:read',
    summary: 'List entries of the audit that could not be delivered, the oldest first',
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
        changes: {},
        counted: ([letters = []]) =>
          letters[0]?.wanted_before === true ? {} : { wanted: { before: false, after: true } },
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

  retryAll: change({
    name: 'dead_letters.retry_all',
    permission: 'audit:write',
    target: 'destination',
    summary: 'Send all dead letters of a destination of the audit again; those stay for which that fails',
    schemas: {
      params: PARAMS,
      output: strict(
        {
          destination_id: Id,
          retried: Type.Integer({ minimum: 0, description: 'how many are sent again, beside those that wait already' }),
          nothing_to_send: Type.Integer({
            minimum: 0,
            description: 'how many stay, because the audit does not have their entries any more',
          }),
        },
        { title: 'RetriedDeadLetters' },
      ),
    },
    example: {
      input: OF_DESTINATION,
      output: { destination_id: EXAMPLE.destination_id, retried: 12, nothing_to_send: 0 },
    },
    plan: (services, { params: { id } }) =>
      planAll(services, id, async () => {
        const planned = await services.deadLetters.retryingAll(id);
        const { count: retried, empty: nothing_to_send } = planned;
        return {
          planned,
          changes: retried === 0 ? {} : { retried: { after: retried } },
          shown: { destination_id: id, retried, nothing_to_send },
        };
      }),
  }),

  dropAll: change({
    name: 'dead_letters.drop_all',
    permission: 'audit:write',
    target: 'destination',
    summary: 'Drop all dead letters of a destination of the audit: it does not get them',
    schemas: {
      params: PARAMS,
      output: strict(
        { destination_id: Id, dropped: Type.Integer({ minimum: 0, description: 'how many' }) },
        { title: 'DroppedDeadLetters' },
      ),
    },
    example: { input: OF_DESTINATION, output: { destination_id: EXAMPLE.destination_id, dropped: 12 } },
    plan: (services, { params: { id } }) =>
      planAll(services, id, async () => {
        const planned = await services.deadLetters.droppingAll(id);
        const { count: dropped } = planned;
        return {
          planned,
          changes: dropped === 0 ? {} : { dropped: { before: dropped } },
          shown: { destination_id: id, dropped },
        };
      }),
  }),
};

/** Planned once more when dead letters were sent or dropped meanwhile, or more came. */
async function planAll<Output>(
  services: Pick<Services, 'destinations'>,
  id: string,
  read: () => Promise<{ readonly planned: PlannedLetters; readonly changes: Changes; readonly shown: Output }>,
): Promise<Plan<Output>> {
  if (!(await services.destinations.find(id))) throw notFound('destination', id);
  const { planned, changes, shown } = await read();
  return {
    statements: planned.statements,
    refuse: planned.refuse,
    target: { kind: 'destination', id },
    changes,
    result: () => shown,
    again: () => planAll(services, id, read),
  };
}

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
    first_event_id: letter.firstEventId,
    last_event_id: letter.lastEventId,
    action: letter.action,
    reason: letter.reason,
    attempts: letter.attempts,
    wanted: letter.wanted,
    created_at: letter.createdAt.toISOString(),
  };
}
