import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import { hostOf } from '../clients/registration_policy.ts';
import type { ClientLink, Pages } from './pages.ts';
import { responseModesOf } from './seams.ts';

export interface UnregisteredParts {
  /** True when the operator has registered that client. */
  isRegistered(clientId: string): Promise<boolean>;
  readonly pages: Pick<Pages, 'error'>;
}

/**
 * A stranger can describe a client whose redirect URI is any page. If errors were sent there, a link to this server would be
 * an open redirect to that page (RFC 9700 §4.11.2). So the error is shown here, with a link that names the host. A person
 * who is signed in and has consented to the client is redirected: apps renew tokens silently in that way.
 */
export function showErrorsOfUnregisteredClients(provider: Provider, { isRegistered, pages }: UnregisteredParts): void {
  const responseModes = responseModesOf(provider);
  for (const [mode, send] of [...responseModes]) {
    responseModes.set(mode, async (ctx, redirectUri, parameters) => {
      await send(ctx, redirectUri, parameters);
      if (parameters.error === undefined || (await isRedirectAllowed(ctx, isRegistered))) return;
      const link = linkTo(ctx, redirectUri, mode, parameters);
      ctx.remove('location');
      // The person did nothing wrong by refusing.
      ctx.status = parameters.error === 'access_denied' ? 200 : 400;
      pages.error(ctx, { error: parameters.error, ...describe(parameters) }, undefined, link);
    });
  }
}

/** True when a browser may be redirected to this client: the operator has registered it, or the person has consented. */
export async function isRedirectAllowed(
  { oidc }: KoaContextWithOIDC,
  isRegistered: UnregisteredParts['isRegistered'],
): Promise<boolean> {
  const { client, session, provider } = oidc;
  if (!client || (await isRegistered(client.clientId))) return true;
  // Not by `grantIdFor`, which adds the client to the session.
  const grantId = session?.authorizations?.[client.clientId]?.grantId;
  if (!session?.accountId || grantId === undefined) return false;
  const grant = await provider.Grant.find(grantId);
  return grant?.accountId === session.accountId;
}

type ErrorParameters = Readonly<Record<string, string>>;

function describe({ error_description }: ErrorParameters): { error_description?: string } {
  return error_description === undefined ? {} : { error_description };
}

/** The redirect, or the form, that the browser would have got. */
function linkTo(ctx: KoaContextWithOIDC, redirectUri: string, mode: string, parameters: ErrorParameters): ClientLink {
  const host = hostOf(redirectUri);
  const location = ctx.response.get('location');
  if (location) return { host, href: location };
  // A JWT has no character that HTML escapes.
  const jwt = mode.includes('jwt') ? /name="response" value="([\w.-]+)"/.exec(String(ctx.body))?.[1] : undefined;
  return { host, href: redirectUri, fields: jwt === undefined ? textsOf(parameters) : { response: jwt } };
}

function textsOf(parameters: ErrorParameters): ErrorParameters {
  return Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, String(value)]));
}
