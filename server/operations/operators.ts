import { type Static, Type } from 'typebox';
import type { Account } from '../accounts/account.ts';
import { ADMINISTRATOR, hasAdministrator, requireNoAdministrator } from '../accounts/administrators.ts';
import type { BoundStatement } from '../platform/db.ts';
import { failedGuard } from '../platform/db_errors.ts';
import { AppError, invalidInput } from '../platform/errors.ts';
import type { PlannedChange } from '../platform/planned.ts';
import { apiResourceOf } from './api_resource.ts';
import { change } from './operation.ts';
import { PERMISSION_SCOPES } from './permissions.ts';
import { strict } from './schema.ts';
import type { Services } from './services.ts';
import { Email } from './user_schema.ts';

const Text = Type.String({ minLength: 1, maxLength: 2_000 });

const Input = strict({
  user: Type.Optional(Type.String({ ...Text, description: 'id, e-mail address or username of a user that exists' })),
  email: Type.Optional(Type.String({ ...Text, description: 'of a new user' })),
  name: Type.Optional(Type.String({ ...Text, description: 'full name, for a new user' })),
  password: Type.Optional(
    Type.String({
      ...Text,
      description: 'for a new user; of another administrator it opens one sign-in, to choose another one',
    }),
  ),
  client: Type.Optional(Type.String({ ...Text, description: 'name of a machine client with all scopes' })),
  console_redirect_uri: Type.Optional(Type.String({ ...Text, description: 'of a client by which people use the API' })),
  another: Type.Optional(Type.Boolean({ description: 'although there is an administrator already' })),
});

const Output = strict({
  api: Type.String({ description: 'the URL of the API, which is the resource of its tokens' }),
  user_id: Type.String(),
  email: Email,
  roles: Type.Array(Type.String()),
  client_id: Type.Union([Type.String(), Type.Null()], { description: 'of the machine client' }),
  client_secret: Type.Union([Type.String(), Type.Null()], { description: 'shown only now' }),
  console_client_id: Type.Union([Type.String(), Type.Null()], { description: 'of the client for people' }),
});

type Made = Pick<PlannedChange, 'statements' | 'refuse'>;

const SCOPE = PERMISSION_SCOPES.join(' ');

/** People and clients that use this API. */
export const operators = {
  bootstrap: change({
    name: 'operators.bootstrap',
    permission: 'roles:write',
    target: 'user',
    summary: 'Make the first administrator',
    description: 'A new person, or one who exists; with clients for the first tokens. For the command line alone.',
    schemas: { body: Input, output: Output },
    example: {
      input: { body: { email: 'ada@example.com', client: 'ops' } },
      output: {
        api: 'https://id.example.com/api/v1',
        user_id: '0199c9d2-6f6e-7c1e-b1a5-2b6f7d9c1e01',
        email: 'ada@example.com',
        roles: [ADMINISTRATOR],
        client_id: 'b5f0c7a1d2e34f56',
        client_secret: 'shown only now',
        console_client_id: null,
      },
    },
    async plan(services, { body }) {
      const { another = false } = body;
      if (!another && (await hasAdministrator(services.db))) throw exists();
      const { account, ...person } = await personOf(services, body);
      const machine = body.client === undefined ? undefined : await machineOf(services, body.client);
      const app =
        body.console_redirect_uri === undefined ? undefined : await appOf(services, body.console_redirect_uri);
      const parts: Made[] = [person, ...(machine ? [machine] : []), ...(app ? [app] : [])];
      return {
        statements: [
          ...(another ? [] : requireNoAdministrator()),
          ...parts.flatMap(({ statements }): readonly BoundStatement[] => statements),
        ],
        target: { kind: 'user', id: account.id },
        changes: { roles: { after: account.roles } },
        refuse(error) {
          if (!another && failedGuard(error) === 'require_rows') return exists(error);
          return parts.reduce<unknown>((refused, { refuse }) => refuse(refused), error);
        },
        result: () => ({
          api: apiResourceOf(services.config.issuer).identifier,
          user_id: account.id,
          email: account.email,
          roles: [...account.roles],
          client_id: machine?.client.id ?? null,
          client_secret: machine?.secret ?? null,
          console_client_id: app?.client.id ?? null,
        }),
      };
    },
  }),
};

/** The first administrator. @throws AppError 400 `invalid_input`, 404 `not_found` */
async function personOf(
  services: Services,
  { user, email, name, password, another }: Static<typeof Input>,
): Promise<Made & { account: Pick<Account, 'id' | 'email' | 'roles'> }> {
  const { accounts } = await services.accountStores();
  if ((user === undefined) === (email === undefined)) throw invalidInput('email', 'give either email or user');
  if (user !== undefined) {
    if (password !== undefined) throw invalidInput('password', 'is for a new user; this one has its own');
    const before = await accounts.resolve(user);
    if (before.standing !== 'active') throw invalidInput('user', `is ${before.standing}: undo that first`);
    const roles = [...new Set([...before.roles, ADMINISTRATOR])];
    return {
      account: { ...before, roles },
      statements: [accounts.plans.requireVersion(before), accounts.plans.settingRoles(before.id, roles)],
      refuse: (error) => error,
    };
  }
  const profile = { email: email ?? '', ...(name === undefined ? {} : { name }) };
  const passwordHash =
    password === undefined ? null : await (await services.passwords()).change.hashFirst(profile, password);
  // The first administrator chooses a password for themselves, and each further one is another person.
  const hasTemporaryPassword = passwordHash !== null && another === true;
  return accounts.plans.creating({ ...profile, passwordHash, hasTemporaryPassword, roles: [ADMINISTRATOR] });
}

function machineOf({ clients }: Services, name: string) {
  const metadata = { redirect_uris: [], grant_types: ['client_credentials'], scope: SCOPE };
  return clients.creating({ name, metadata });
}

/** Public, because it runs on the machine of the person who uses it: PKCE protects its codes. */
function appOf({ clients }: Services, redirectUri: string) {
  const metadata = {
    application_type: /^http:/i.test(redirectUri) ? 'native' : 'web',
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'none',
    scope: `openid ${SCOPE}`,
  };
  return clients.creating({ name: 'Cardea console', firstParty: true, metadata });
}

function exists(cause?: unknown): AppError {
  return new AppError(
    'administrator_exists',
    'there is an administrator already, who can give the role to others; repeat with --force to make another one',
    { cause },
  );
}
