import { type Static, Type } from 'typebox';
import { ofPerson } from '../audit/delivered.ts';
import { notFound } from '../platform/errors.ts';
import type { ListedSession } from '../records/listings.ts';
import { change, read } from './operation.ts';
import { LIST_QUERY, pageOf, shownPage } from './pages.ts';
import { personal } from './personal_fields.ts';
import { Id, Nullable, strict, Time } from './schema.ts';
import { assertMayChangeUser } from './user_plans.ts';

const Uid = Type.String({ minLength: 1, maxLength: 128, description: 'its id, which is not the one in the cookie' });
const UserId = Type.String({ format: 'uuid', description: 'the person who is signed in' });

const MEMBERS = {
  uid: Uid,
  user_id: UserId,
  clients: Type.Array(Type.String(), { description: 'the clients that it has signed in to' }),
  signed_in_at: Nullable(Time, 'when the person last authenticated in it'),
  amr: Type.Array(Type.String(), { description: 'how (RFC 8176)' }),
  created_at: Time,
  expires_at: { ...Time, description: 'moves forward whenever the session is used' },
  ends_at: Nullable(Time, 'its absolute end, which does not move'),
};

const Session = strict(MEMBERS, {
  title: 'Session',
  description:
    'Browser and network are not in the list, because they are sealed under the key of each user: a session alone shows them.',
});

const SessionInFull = strict(
  {
    ...MEMBERS,
    browser: Nullable(Type.String(personal('text')), 'as the browser names itself'),
    system: Nullable(Type.String(personal('text'))),
    network: Nullable(
      Type.String(personal('network')),
      'an IPv4 address, or the /64 of an IPv6 address: no more is stored',
    ),
    last_seen_at: Nullable(Time),
  },
  { title: 'SessionInFull', description: 'without its cookie, which is stored as a hash alone' },
);

const UID = 'P0uJ0m6bq3kq2l1o9y8x7w6v5u4t3s2r1q0p9o8n7m6';
const EXAMPLE: Static<typeof Session> = {
  uid: UID,
  user_id: '019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f',
  clients: ['notes'],
  signed_in_at: '2026-11-01T08:00:00.000Z',
  amr: ['pwd', 'otp'],
  created_at: '2026-11-01T08:00:00.000Z',
  expires_at: '2026-11-15T08:00:00.000Z',
  ends_at: '2026-12-01T08:00:00.000Z',
};

/** The browsers in which people are signed in. */
export const sessions = {
  list: read({
    name: 'sessions.list',
    permission: 'sessions:read',
    summary: 'List the sessions of all people, the latest first',
    description: 'Filter by user_id, clients, created_at or expires_at.',
    schemas: { query: strict(LIST_QUERY), output: pageOf(Session, 'Sessions') },
    example: {
      input: { query: { filter: 'user_id eq "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f"' } },
      output: { items: [EXAMPLE] },
    },
    async run({ accountStores, now }, { query }) {
      const page = await (await accountStores()).lists.sessions(query);
      // Expired ones are not read, but the absolute end is sealed.
      const isOver = ({ endsAt }: ListedSession) => endsAt !== undefined && endsAt.getTime() <= now();
      return shownPage({ ...page, items: page.items.filter((one) => !isOver(one)) }, shown);
    },
  }),

  show: read({
    name: 'sessions.show',
    permission: 'sessions:read',
    summary: 'Show a session, with its browser',
    schemas: { params: strict({ uid: Uid }), output: SessionInFull },
    example: {
      input: { params: { uid: UID } },
      output: {
        ...EXAMPLE,
        browser: 'Firefox',
        system: 'Linux',
        network: '192.0.2.7',
        last_seen_at: '2026-11-01T09:00:00.000Z',
      },
    },
    async run({ accountStores }, { params: { uid } }) {
      const { accounts, lists, sessionDetails } = await accountStores();
      const session = await lists.findSession(uid);
      if (!session) throw notFound('session', uid);
      const [details] = await sessionDetails.list(await accounts.resolve(session.accountId), [uid]);
      return {
        ...shown(session),
        browser: details?.browser ?? null,
        system: details?.system ?? null,
        network: details?.network ?? null,
        last_seen_at: details?.lastSeenAt.toISOString() ?? null,
      };
    },
  }),

  end: change({
    name: 'sessions.end',
    permission: 'sessions:write',
    target: 'session',
    summary: 'End a session, with the tokens of its clients',
    description:
      'Clients that want to be told are (OpenID Connect Back-Channel Logout 1.0). The person may sign in again.',
    schemas: { params: strict({ uid: Uid }), output: strict({ uid: Uid, user_id: Id }, { title: 'EndedSession' }) },
    example: { input: { params: { uid: UID } }, output: { uid: UID, user_id: EXAMPLE.user_id } },
    async plan(services, { params: { uid } }, call) {
      const session = await (await services.accountStores()).lists.findSession(uid);
      if (session) await assertMayChangeUser(services, session.accountId, call);
      const { statements, refuse, target, ended } = await (await services.endings()).session(uid);
      return {
        statements,
        refuse,
        target,
        changes: ofPerson(session?.accountId),
        result(rows) {
          return { uid, user_id: ended(rows).user_id ?? '' };
        },
      };
    },
  }),
};

function shown(session: ListedSession): Static<typeof Session> {
  return {
    uid: session.uid,
    user_id: session.accountId,
    clients: [...session.clientIds],
    signed_in_at: session.authTime?.toISOString() ?? null,
    amr: [...session.amr],
    created_at: session.createdAt.toISOString(),
    expires_at: session.expiresAt.toISOString(),
    ends_at: session.endsAt?.toISOString() ?? null,
  };
}
