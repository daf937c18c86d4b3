import { type Client, errors, type KoaContextWithOIDC } from 'oidc-provider';
import { type TimeLimit, timesViolation } from './jwt_times.ts';
import { assertAssertionAlg, profileOfClient } from './profiles.ts';
import { ROUTES } from './routes.ts';

/**
 * The checks of a client assertion that depend on Cardea's profiles and limits (RFC 7523 §3); the provider does the others.
 * @throws InvalidClientAuth
 */
export async function assertClientAssertion(
  ctx: KoaContextWithOIDC,
  claims: Record<string, unknown>,
  header: Record<string, unknown>,
  client: Client,
  times: TimeLimit,
): Promise<void> {
  const violation = timesViolation(claims, times);
  if (violation !== undefined) {
    const description = `the client assertion is not accepted: ${violation}`;
    throw Object.assign(new errors.InvalidClientAuth(violation), { error_description: description });
  }
  assertAudience(ctx, claims.aud, client);
  assertAssertionAlg(client, header);
}

/**
 * FAPI 2.0 §5.3.2.1: the issuer, as a string. In other profiles also the token endpoint and the endpoint that is called
 * (OpenID Connect Core §9, RFC 9126 §2, CIBA Core §7.1), and a list of only these: an assertion that another server
 * accepts as well could be used there by the server that receives it here.
 */
function assertAudience({ oidc }: KoaContextWithOIDC, aud: unknown, client: Client): void {
  const { issuer, route } = oidc;
  if (profileOfClient(client).assertionAudiences === 'issuer') {
    if (aud === issuer) return;
    throw new errors.InvalidClientAuth('audience (aud) must equal the issuer identifier');
  }
  const accepted: readonly unknown[] = [issuer, urlOf(issuer, 'token'), urlOf(issuer, route)];
  const given = [aud].flat();
  if (given.length === 0 || !given.every((one) => one !== undefined && accepted.includes(one)))
    throw new errors.InvalidClientAuth('audience (aud) must contain the issuer or URLs of its endpoints alone');
}

/** From the issuer, never from the request, whose Host header anybody chooses. */
function urlOf(issuer: string, route: string): string | undefined {
  return Object.hasOwn(ROUTES, route) ? `${issuer}${ROUTES[route as keyof typeof ROUTES]}` : undefined;
}
