import { type Static, Type } from 'typebox';
import type { Account } from '../accounts/account.ts';
import { EVENT_KINDS } from '../accounts/events.ts';
import { type Accepted, acceptedAt } from '../accounts/texts.ts';
import { invalidInput, notFound } from '../platform/errors.ts';
import { LIST_LIMIT_DEFAULT } from '../platform/listing.ts';
import { pageOf as cutPage, type Position, readPosition } from '../platform/pages.ts';
import { refusedBy } from '../platform/planned.ts';
import type { AppOverview, SessionOverview } from '../records/overview.ts';
import { AcceptedText, shownAccepted } from './accepted_texts.ts';
import { endedWith } from './ended.ts';
import { change, read } from './operation.ts';
import { PAGE_QUERY, pageOf } from './pages.ts';
import { personal } from './personal_fields.ts';
import { Id, strict, Time } from './schema.ts';
import type { AccountStores } from './services.ts';
import { changeableUser, existingUser, OF_USER, userPlan } from './user_plans.ts';
import { EXAMPLE_USER } from './user_schema.ts';

const BROWSER = {
  browser: Type.Optional(Type.String({ description: 'such as Firefox', ...personal('text') })),
  system: Type.Optional(Type.String({ description: 'such as Linux', ...personal('text') })),
};

const Session = strict(
  {
    uid: Type.String({ description: 'the id of the session' }),
    ...BROWSER,
    network: Type.Optional(Type.String({ description: 'an IPv4 address, or an IPv6 /64', ...personal('network') })),
    signed_in_at: Type.Optional(Time),
    last_seen_at: Type.Optional(Time),
    amr: Type.Array(Type.String(), { description: 'how the person signed in (RFC 8176)' }),
    clients: Type.Array(Type.String(), { description: 'the clients that it has signed in to' }),
    expires_at: Type.String({ format: 'date-time', description: 'moves forward when the session is used' }),
    ends_at: Type.Optional(Type.String({ format: 'date-time', description: 'does not move' })),
  },
  { title: 'UserSession' },
);

const Grant = strict(
  {
    client_id: Type.String(),
    scopes: Type.Array(Type.String()),
    resources: Type.Record(Type.String(), Type.Array(Type.String()), {
      description: 'scopes by resource indicator (RFC 8707)',
    }),
    created_at: Type.Optional({ ...Time, description: 'of the first of its grants' }),
    last_used_at: Type.Optional(Time),
    accepted_texts: Type.Array(AcceptedText, {
      description: 'the versions of texts that the person had accepted when the first of its grants was given',
    }),
    expires_at: { ...Time, description: 'of the last of its grants' },
  },
  { title: 'UserGrant' },
);

const Event = strict(
  {
    id: Id,
    at: Time,
    kind: Type.Enum([...EVENT_KINDS]),
    details: Type.Record(Type.String(), Type.String(), {
      description: 'browser, system, address, and the subject of the event',
      ...personal('text'),
    }),
  },
  { title: 'UserEvent' },
);

const OF_SESSION = strict({
  ...OF_USER.properties,
  uid: Type.String({ minLength: 1, maxLength: 100, description: 'the uid of the session' }),
});
const OF_GRANT = strict({
  ...OF_USER.properties,
  client_id: Type.String({ minLength: 1, maxLength: 2_000, description: 'the client_id, percent-encoded' }),
});
const Ended = strict({ id: Id, sessions_ended: Type.Integer({ minimum: 0 }) });
const Revoked = strict({ id: Id, client_id: Type.String() });

const AT = '2026-11-01T08:00:00.000Z';
const SESSION: Static<typeof Session> = {
  uid: 'V1StGXR8_Z5jdHi6B-myT',
  browser: 'Firefox',
  system: 'Linux',
  network: '192.0.2.1',
  signed_in_at: AT,
  last_seen_at: AT,
  amr: ['pwd'],
  clients: ['console'],
  expires_at: '2026-11-15T08:00:00.000Z',
  ends_at: '2026-12-01T08:00:00.000Z',
};

/** Sessions, grants and security events of users. */
export const userSessions = {
  list: read({
    name: 'users.sessions',
    permission: 'sessions:read',
    summary: 'List the sessions of a user, the one used last first',
    schemas: { params: OF_USER, query: strict(PAGE_QUERY), output: pageOf(Session, 'Sessions') },
    example: { output: { items: [SESSION] } },
    async run(services, { params: { id }, query }) {
      const stores = await services.accountStores();
      const account = await existingUser(stores, id);
      const { limit, after } = wanted(query);
      const rows = await stores.overview.sessionsOf(id, { limit: limit + 1, after });
      const { items, next } = cutPage(rows, limit, ({ expiresAt, uid }) => ({ at: expiresAt, id: uid }));
      const inForce = items.filter(({ endsAt }) => endsAt === undefined || endsAt.getTime() > services.now());
      return { items: await shownSessions(stores, account, inForce), ...(next === undefined ? {} : { next }) };
    },
  }),

  end: change({
    name: 'users.end_session',
    permission: 'sessions:write',
    target: 'user',
    summary: 'End a session of a user',
    description: 'And sign the person out of the clients that it has signed in to, with their tokens.',
    schemas: { params: OF_SESSION, output: Ended },
    example: { output: { id: EXAMPLE_USER.id, sessions_ended: 1 } },
    async plan(services, { params: { id, uid } }, call) {
      const changeable = await changeableUser(services, id, call, { self: true });
      const { overview, events } = changeable.stores;
      return userPlan(changeable, {
        statements: [...overview.endSession(id, uid), events.append(changeable.before, 'session_ended')],
        changes: { sessions: { before: [uid], after: [] } },
        result: () => ({ id, sessions_ended: 1 }),
        refuse: refusedBy({ require_rows: () => notFound('session', uid) }),
      });
    },
  }),

  endAll: change({
    name: 'users.end_sessions',
    permission: 'sessions:write',
    target: 'user',
    summary: 'End all sessions and tokens of a user',
    description: 'And the trust in their browsers. The person may sign in again.',
    schemas: { params: OF_USER, output: Ended },
    example: { output: { id: EXAMPLE_USER.id, sessions_ended: 2 } },
    async plan(services, { params: { id } }, call) {
      const changeable = await changeableUser(services, id, call, { self: true });
      const { overview, devices, events } = changeable.stores;
      const sessions = await overview.countSessions(id);
      const statements = [
        ...overview.endSessions(id),
        // A trusted browser would get in again without the second factor.
        devices.forgetOthers(id),
        ...(sessions > 0 ? [events.append(changeable.before, 'session_ended')] : []),
      ];
      return userPlan(changeable, {
        statements,
        changes: {},
        counted: endedWith(statements, services.now),
        result: () => ({ id, sessions_ended: sessions }),
      });
    },
  }),

  grants: read({
    name: 'users.grants',
    permission: 'grants:read',
    summary: 'List what a user has allowed to clients',
    schemas: { params: OF_USER, query: strict(PAGE_QUERY), output: pageOf(Grant, 'Clients with access') },
    example: {
      output: {
        items: [
          {
            client_id: 'shop',
            scopes: ['openid'],
            resources: {},
            created_at: AT,
            last_used_at: AT,
            accepted_texts: [{ kind: 'terms', version: '2026-11', accepted_at: AT }],
            expires_at: AT,
          },
        ],
      },
    },
    async run(services, { params: { id }, query }) {
      const stores = await services.accountStores();
      await existingUser(stores, id);
      const { limit, after } = wanted(query);
      const rows = await stores.overview.grantsOf(id, { limit: limit + 1, after });
      const { items, next } = cutPage(rows, limit, ({ until, clientId }) => ({ at: until, id: clientId }));
      const accepted = await services.texts.acceptedBy(id);
      return { items: items.map((app) => shownGrant(app, accepted)), ...(next === undefined ? {} : { next }) };
    },
  }),

  revokeGrants: change({
    name: 'users.revoke_grants',
    permission: 'grants:write',
    target: 'user',
    summary: 'Revoke what a user has allowed to a client',
    description: 'With its tokens. The client is told that the person is signed out there.',
    schemas: { params: OF_GRANT, output: Revoked },
    example: { output: { id: EXAMPLE_USER.id, client_id: 'shop' } },
    async plan(services, { params: { id, client_id: clientId } }, call) {
      const changeable = await changeableUser(services, id, call, { self: true });
      const { overview, events } = changeable.stores;
      return userPlan(changeable, {
        statements: [
          ...overview.revokeApp(id, clientId),
          events.append(changeable.before, 'app_revoked', { subject: clientId }),
        ],
        changes: { clients: { before: [clientId], after: [] } },
        result: () => ({ id, client_id: clientId }),
        refuse: refusedBy({ require_rows: () => notFound('grant of client', clientId) }),
      });
    },
  }),

  events: read({
    name: 'users.events',
    permission: 'users:read',
    summary: 'List the security events of a user, the newest first',
    description: 'Those of the last 90 days, as the person sees them.',
    schemas: { params: OF_USER, query: strict(PAGE_QUERY), output: pageOf(Event, 'Security events') },
    example: {
      output: { items: [{ id: EXAMPLE_USER.id, at: AT, kind: 'signed_in', details: { browser: 'Firefox' } }] },
    },
    async run(services, { params: { id }, query: { cursor, limit = LIST_LIMIT_DEFAULT } }) {
      const stores = await services.accountStores();
      const account = await existingUser(stores, id);
      if (cursor !== undefined && !UUID.test(cursor)) throw wrongCursor();
      const rows = await stores.events.list(account, limit + 1, cursor);
      const items = rows.slice(0, limit);
      const last = rows.length > limit ? items.at(-1) : undefined;
      return {
        items: items.map((event) => ({ ...event, at: event.at.toISOString() })),
        ...(last ? { next: last.id } : {}),
      };
    },
  }),
};

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const wrongCursor = () => invalidInput('cursor', 'is not one that a list returned as next');

/** @throws AppError 400, field `cursor` */
function wanted({ cursor, limit = LIST_LIMIT_DEFAULT }: { readonly cursor?: string; readonly limit?: number }) {
  const after: Position | undefined = cursor === undefined ? undefined : readPosition(cursor);
  if (cursor !== undefined && after === undefined) throw wrongCursor();
  return { limit, after };
}

async function shownSessions(
  { sessionDetails }: Pick<AccountStores, 'sessionDetails'>,
  account: Account,
  sessions: readonly SessionOverview[],
): Promise<Static<typeof Session>[]> {
  const details = await sessionDetails.list(
    account,
    sessions.map(({ uid }) => uid),
  );
  return sessions.map(({ uid, authTime, amr, clientIds, expiresAt, endsAt }) => {
    const { browser, system, network, lastSeenAt } = details.find(({ sessionUid }) => sessionUid === uid) ?? {};
    return {
      uid,
      ...(browser === undefined ? {} : { browser }),
      ...(system === undefined ? {} : { system }),
      ...(network === undefined ? {} : { network }),
      ...timeOf('signed_in_at', authTime),
      ...timeOf('last_seen_at', lastSeenAt),
      amr: [...amr],
      clients: [...clientIds],
      expires_at: expiresAt.toISOString(),
      ...timeOf('ends_at', endsAt),
    };
  });
}

function shownGrant(
  { clientId, scopes, resources, since, lastUsedAt, until }: AppOverview,
  accepted: readonly Accepted[],
): Static<typeof Grant> {
  return {
    client_id: clientId,
    scopes: [...scopes],
    resources: Object.fromEntries(Object.entries(resources).map(([resource, list]) => [resource, [...list]])),
    ...timeOf('created_at', since),
    ...timeOf('last_used_at', lastUsedAt),
    accepted_texts: since ? acceptedAt(accepted, since).map(shownAccepted) : [],
    expires_at: until.toISOString(),
  };
}

function timeOf<Name extends string>(name: Name, at: Date | undefined): { [N in Name]?: string } {
  return (at === undefined ? {} : { [name]: at.toISOString() }) as { [N in Name]?: string };
}
