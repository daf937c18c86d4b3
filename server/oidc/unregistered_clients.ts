import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import { hostOf } from '../clients/registration_policy.ts';
import type { Pages, WayBack } from './pages.ts';
import { responseModesOf } from './seams.ts';

export interface UnregisteredParts {
  /** Whether the operator made that client. */
  isRegistered(clientId: string): Promise<boolean>;
  readonly pages: Pick<Pages, 'error'>;
}

/**
 * Anybody can describe a client whose redirect URI is a page of theirs. Were an error sent there, each link to us would be a
 * link to that page (RFC 9700 §4.11.2). So the person is told of the error here, with a link that names the host. Who has
 * signed in and consented to the client is sent on: that is how an app renews tokens silently.
 */
export function tellErrorsOnPages(provider: Provider, { isRegistered, pages }: UnregisteredParts): void {
  const responseModes = responseModesOf(provider);
  for (const [mode, send] of [...responseModes]) {
    responseModes.set(mode, async (ctx, redirectUri, answer) => {
      await send(ctx, redirectUri, answer);
      if (answer.error === undefined || (await isExpected(ctx, isRegistered))) return;
      const back = wayBack(ctx, redirectUri, mode, answer);
      ctx.remove('location');
      // Who says no has done nothing wrong.
      ctx.status = answer.error === 'access_denied' ? 200 : 400;
      pages.error(ctx, { error: answer.error, ...describe(answer) }, undefined, back);
    });
  }
}

/** Whether a browser may be sent to a place of this client's: it is the operator's, or the person knows it. */
export async function isExpected(
  { oidc }: KoaContextWithOIDC,
  isRegistered: UnregisteredParts['isRegistered'],
): Promise<boolean> {
  const { client, session, provider } = oidc;
  if (!client || (await isRegistered(client.clientId))) return true;
  // Not by `grantIdFor`, which notes the client in the session.
  const grantId = session?.authorizations?.[client.clientId]?.grantId;
  if (!session?.accountId || grantId === undefined) return false;
  const grant = await provider.Grant.find(grantId);
  return grant?.accountId === session.accountId;
}

type AnsweredError = Readonly<Record<string, string>>;

function describe({ error_description }: AnsweredError): { error_description?: string } {
  return error_description === undefined ? {} : { error_description };
}

/** What the browser would have been made to do. */
function wayBack(ctx: KoaContextWithOIDC, redirectUri: string, mode: string, answer: AnsweredError): WayBack {
  const host = hostOf(redirectUri);
  const location = ctx.response.get('location');
  if (location) return { host, href: location };
  // A JWT has no character that HTML would have to escape.
  const jwt = mode.includes('jwt') ? /name="response" value="([\w.-]+)"/.exec(String(ctx.body))?.[1] : undefined;
  return { host, href: redirectUri, fields: jwt === undefined ? textsOf(answer) : { response: jwt } };
}

function textsOf(answer: AnsweredError): AnsweredError {
  return Object.fromEntries(Object.entries(answer).map(([name, value]) => [name, String(value)]));
}
