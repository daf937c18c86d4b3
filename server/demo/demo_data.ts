import type { Passwords } from '../accounts/passwords.ts';
import type { Accounts } from '../accounts/store.ts';
import type { Clients } from '../clients/store.ts';
import { AppError } from '../platform/errors.ts';
import type { Issuer } from '../platform/issuer.ts';
import { PATHS } from '../views/paths.ts';

/** The client and the account that a development server starts with. The password is public. */
export const DEMO_CLIENT_ID = 'demo';
export const DEMO_CLIENT_NAME = 'Cardea Demo App';
export const DEMO_EMAIL = 'demo@example.com';
export const DEMO_PASSWORD = 'Over-the-Threshold-1';

interface SeedParts {
  readonly issuer: Issuer;
  readonly accounts: Pick<Accounts, 'findByIdentifier' | 'create'>;
  readonly clients: Pick<Clients, 'find' | 'create' | 'update'>;
  readonly hash: Passwords['hash'];
}

/**
 * @throws AppError 409 `demo_data` when the demo account can sign in, or a client exists that was made for trying out: the
 *   demo client, or one of a conformance plan
 */
export async function assertNoDemoData(parts: {
  readonly accounts: Pick<Accounts, 'findByIdentifier'>;
  readonly clients: Pick<Clients, 'listDemos'>;
}): Promise<void> {
  const { accounts, clients } = parts;
  const remedies = (await clients.listDemos()).map((id) => `cardea clients delete ${id}`);
  const person = await accounts.findByIdentifier(DEMO_EMAIL);
  if (person && !person.disabled) remedies.push(`cardea users disable ${DEMO_EMAIL}`);
  if (remedies.length === 0) return;
  throw new AppError(
    'demo_data',
    `this database holds demo data, with a password that everybody knows; run "${remedies.join('" and "')}" first`,
  );
}

/** Creates what is missing and updates the redirect URI to the issuer. Runs at every start. */
export async function seedDemo({ issuer, accounts, clients, hash }: SeedParts): Promise<void> {
  const redirectUri = issuer.url(PATHS.demoCallback);
  const metadata = {
    redirect_uris: [redirectUri],
    post_logout_redirect_uris: [issuer.url(PATHS.home)],
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    application_type: 'web',
  };
  const client = await clients.find(DEMO_CLIENT_ID);
  if (!client) await clients.create({ id: DEMO_CLIENT_ID, name: DEMO_CLIENT_NAME, demo: true, metadata });
  else if (!client.metadata.redirect_uris.includes(redirectUri)) await clients.update(DEMO_CLIENT_ID, { metadata });

  if (await accounts.findByIdentifier(DEMO_EMAIL)) return;
  await accounts.create({
    email: DEMO_EMAIL,
    emailVerified: true,
    username: 'demo',
    name: 'Carna Demo',
    givenName: 'Carna',
    familyName: 'Demo',
    passwordHash: await hash(DEMO_PASSWORD),
  });
}
