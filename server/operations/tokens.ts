import { Type } from 'typebox';
import { ofPerson } from '../audit/delivered.ts';
import type { Endings } from '../records/ending.ts';
import { assertMayChangeClient } from './client_power.ts';
import { change } from './operation.ts';
import { Nullable, strict, Time } from './schema.ts';
import type { Services } from './services.ts';
import { assertMayChangeUser } from './user_plans.ts';

const named = (description: string, maxLength = 256) => Type.String({ minLength: 1, maxLength, description });

/** The kinds of things that are ended, by the member of the body that names one. */
const WHAT = {
  token: named('a token, JWT or opaque; a refresh token ends with its grant (RFC 7009 §2.1)', 65_536),
  jti: named('a JWT access token, by its "jti"'),
  grant: named('all tokens of a grant'),
  session: named('a session, with the tokens of its clients'),
  user_id: Type.String({ format: 'uuid', description: 'all sessions and tokens of a person' }),
  client_id: named('all tokens of a client', 2_048),
};

const KIND_OF = {
  token: 'token',
  jti: 'jti',
  grant: 'grant',
  session: 'session',
  user_id: 'user',
  client_id: 'client',
} as const satisfies Record<keyof typeof WHAT, keyof Endings>;

const Revoked = strict(
  {
    revoked: Type.Enum(Object.values(KIND_OF)),
    jti: Type.Optional(Type.String()),
    kind: Type.Optional(Type.String({ description: 'of an opaque token, such as RefreshToken' })),
    grant: Type.Optional(Nullable(Type.String(), 'the grant that has ended with it')),
    session: Type.Optional(Type.String()),
    user_id: Type.Optional(Type.String({ format: 'uuid' })),
    client_id: Type.Optional(Type.String()),
    grants_ended: Type.Optional(Type.Integer()),
    tokens_ended: Type.Optional(Type.Integer({ description: 'opaque tokens of the client itself' })),
    remembered_until: Type.Optional({
      ...Time,
      description: 'until when the end of JWTs is remembered: the last of them has expired by then',
    }),
  },
  { title: 'RevokedTokens', description: 'never a token itself' },
);

/** Tokens that were issued. They are stored as hashes, or not at all, so they cannot be listed. */
export const tokens = {
  revoke: change({
    name: 'tokens.revoke',
    permission: 'tokens:write',
    target: 'token',
    summary: 'End tokens at once, on all nodes',
    description:
      'One member says which. A resource server that verifies JWTs by itself notices it only by introspection. It is no secret of ' +
      'a URL: a token is sent in the body.',
    schemas: {
      body: Type.Partial(strict(WHAT), { additionalProperties: false, minProperties: 1, maxProperties: 1 }),
      output: Revoked,
    },
    example: {
      input: { body: { client_id: 'notes' } },
      output: {
        revoked: 'client',
        client_id: 'notes',
        grants_ended: 12,
        tokens_ended: 0,
        remembered_until: '2026-11-01T09:00:00.000Z',
      },
    },
    async plan(services, { body }, call) {
      const endings = await services.endings();
      const [member = 'jti', name = ''] = (Object.entries(body) as [keyof typeof WHAT, string][])[0] ?? [];
      const kind = KIND_OF[member];
      const { statements, refuse, target, ended } = await endings[kind](name);
      const user = await userOf(services, kind, target.id);
      if (user !== undefined) await assertMayChangeUser(services, user, call);
      const client = kind === 'client' ? await services.clients.find(name) : undefined;
      if (client) assertMayChangeClient(call.actor, client);
      return {
        statements,
        refuse,
        target,
        changes: { revoked: { after: kind }, ...ofPerson(user) },
        result(rows) {
          const { remembered_until: until, ...rest } = ended(rows);
          return { ...rest, ...(until ? { remembered_until: until.toISOString() } : {}) };
        },
      };
    },
  }),
};

/** The person whose session, grant or tokens are ended; undefined for a client, and where the caller has the token itself. */
async function userOf(services: Services, kind: keyof Endings, id: string): Promise<string | undefined> {
  if (kind === 'user') return id;
  const { lists } = await services.accountStores();
  if (kind === 'session') return (await lists.findSession(id))?.accountId;
  if (kind === 'grant') return (await lists.findGrant(id))?.accountId;
  return undefined;
}
