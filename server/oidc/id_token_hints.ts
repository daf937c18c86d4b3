import { compactVerify, createLocalJWKSet, decodeProtectedHeader } from 'jose';
import { type Client, errors, type Provider } from 'oidc-provider';
import type { RetiredKey } from '../../keys/store.ts';
import type { Clock } from '../platform/clock.ts';
import { assertPayload, replaceMethod } from './seams.ts';

type Hint = Awaited<ReturnType<Provider['IdToken']['validate']>>;

/**
 * An `id_token_hint` (OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2, CIBA Core §7.1) is an ID token from whenever: apps
 * keep it for as long as their session lasts, and its key may have been retired by then. Retired keys count for such hints
 * alone, and only while what they have signed may still be shown.
 */
export function acceptOlderHints(provider: Provider, retired: readonly RetiredKey[], now: Clock): void {
  replaceMethod(provider, 'IdToken.validate', (validate) => async (jwt, client) => {
    assertType(jwt);
    const hint = await validate(jwt, client).catch(async (error) => {
      const keys = retired.filter(({ until }) => now() < until).map(({ publicJwk }) => publicJwk);
      const older = keys.length === 0 ? undefined : await verify(jwt, client, keys, provider.issuer);
      if (!older) throw error;
      return older;
    });
    assertSignIn(hint);
    return hint;
  });
}

/** We sign more than ID tokens, and for the same audience: most of that has a type of its own (RFC 8725 §3.11). */
function assertType(jwt: string): void {
  const { typ } = decodeProtectedHeader(jwt);
  if (typ !== undefined && typ !== 'JWT') throw notAnIdToken();
}

/** What an ID token says of the sign-in, and no mapping of claims may name (OpenID Connect Core §2). */
const OF_A_SIGN_IN = ['acr', 'amr', 'auth_time', 'nonce', 'sid'];

/**
 * An answer of userinfo (OpenID Connect Core §5.3.2) has no type, and names the same issuer, audience and subject: it tells of
 * the person alone, and each of our ID tokens tells of a sign-in as well (RFC 8725 §3.12).
 */
function assertSignIn({ payload }: Hint): void {
  if (!OF_A_SIGN_IN.some((name) => payload[name] !== undefined)) throw notAnIdToken();
}

const notAnIdToken = () => new errors.InvalidRequest('id_token_hint must be an ID token');

async function verify(
  jwt: string,
  client: Client,
  keys: readonly RetiredKey['publicJwk'][],
  issuer: string,
): Promise<Hint | undefined> {
  try {
    const algorithms = [client.idTokenSignedResponseAlg ?? 'RS256'];
    const set = createLocalJWKSet({ keys: [...keys] });
    const { payload, protectedHeader: header } = await compactVerify(jwt, set, { algorithms });
    const claims = JSON.parse(new TextDecoder().decode(payload)) as Record<string, unknown>;
    assertPayload(claims, { ignoreExpiration: true, audience: client.clientId, issuer, subject: true });
    return { payload: claims, header: { ...header } };
  } catch {
    return undefined;
  }
}
