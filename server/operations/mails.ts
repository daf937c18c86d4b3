import { type Static, Type } from 'typebox';
import type { WaitingMail } from '../accounts/mails.ts';
import { notFound } from '../platform/errors.ts';
import { change, read } from './operation.ts';
import { LIST_QUERY, pageOf, shownPage } from './pages.ts';
import { Id, Nullable, strict, Time } from './schema.ts';
import type { Services } from './services.ts';

const Mail = strict(
  {
    id: Id,
    kind: Nullable(Type.String(), 'such as invitation; null when no master key opens it'),
    user_id: Nullable(
      Type.String({ format: 'uuid' }),
      'the id of the person; null for a mail to an address that somebody has typed',
    ),
    attempts: Type.Integer({ minimum: 0 }),
    next_attempt_at: { ...Time, description: 'while a node sends it, when its time for that is over' },
    expires_at: { ...Time, description: 'when it is given up' },
  },
  {
    title: 'Mail',
    description:
      'Neither address nor text is shown: the text is made when it is sent, and has a link by which its reader could take over the ' +
      'account.',
  },
);

const EXAMPLE: Static<typeof Mail> = {
  id: '7c9e6679-7425-40de-944b-e07fc1f90ae7',
  kind: 'invitation',
  user_id: '019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f',
  attempts: 2,
  next_attempt_at: '2026-11-01T08:15:00.000Z',
  expires_at: '2026-11-04T08:00:00.000Z',
};
const PARAMS = strict({ id: Id });
const FOR_ONE = { params: { id: EXAMPLE.id } };

/** Mails that wait to be sent. */
export const mails = {
  list: read({
    name: 'mails.list',
    permission: 'mails:read',
    summary: 'List mails that wait, those that are tried next before the others',
    description: 'Filter by attempts or next_attempt_at; kind and user_id are sealed.',
    schemas: { query: strict(LIST_QUERY), output: pageOf(Mail, 'Mails that wait') },
    example: { input: { query: { filter: 'attempts gt 3' } }, output: { items: [EXAMPLE] } },
    run: async ({ accountStores }, { query }) => shownPage(await (await accountStores()).mails.list(query), shown),
  }),

  show: read({
    name: 'mails.show',
    permission: 'mails:read',
    summary: 'Show a mail that waits, without its text',
    schemas: { params: PARAMS, output: Mail },
    example: { input: FOR_ONE, output: EXAMPLE },
    run: async (services, { params: { id } }) => shown(await existing(services, id)),
  }),

  retry: change({
    name: 'mails.retry',
    permission: 'mails:write',
    target: 'mail',
    summary: 'Send a mail now, instead of at its next attempt',
    description: 'It is refused while a node sends it, so that nobody gets it twice.',
    schemas: { params: PARAMS, output: Mail },
    example: { input: FOR_ONE, output: { ...EXAMPLE, next_attempt_at: '2026-11-01T08:05:00.000Z' } },
    async plan(services, { params: { id } }) {
      const before = shown(await existing(services, id));
      const after = { ...before, next_attempt_at: new Date(services.now()).toISOString() };
      return {
        ...(await (await services.accountStores()).mails.retrying(id)),
        target: { kind: 'mail', id },
        changes: { next_attempt_at: { before: before.next_attempt_at, after: after.next_attempt_at } },
        result: () => after,
      };
    },
  }),

  drop: change({
    name: 'mails.drop',
    permission: 'mails:write',
    target: 'mail',
    summary: 'Drop a mail: it is not sent',
    description: 'It is refused while a node sends it.',
    schemas: { params: PARAMS, output: Mail },
    example: { input: FOR_ONE, output: EXAMPLE },
    async plan(services, { params: { id } }) {
      const before = shown(await existing(services, id));
      return {
        ...(await (await services.accountStores()).mails.dropping(id)),
        target: { kind: 'mail', id },
        changes: { kind: { before: before.kind }, user_id: { before: before.user_id } },
        result: () => before,
      };
    },
  }),
};

async function existing({ accountStores }: Pick<Services, 'accountStores'>, id: string): Promise<WaitingMail> {
  const { items } = await (await accountStores()).mails.list({ filter: `id eq "${id}"`, limit: 1 });
  if (!items[0]) throw notFound('mail', id);
  return items[0];
}

function shown({ id, kind, accountId, attempts, nextAttemptAt, expiresAt }: WaitingMail): Static<typeof Mail> {
  return {
    id,
    kind: kind ?? null,
    user_id: accountId ?? null,
    attempts,
    next_attempt_at: nextAttemptAt.toISOString(),
    expires_at: expiresAt.toISOString(),
  };
}
