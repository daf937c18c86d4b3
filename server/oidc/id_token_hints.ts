import { compactVerify, createLocalJWKSet, decodeProtectedHeader } from 'jose';
import { type Client, errors, type Provider } from 'oidc-provider';
import type { RetiredKey } from '../../keys/store.ts';
import type { Clock } from '../platform/clock.ts';
import { assertPayload, replaceMethod } from './seams.ts';

type Hint = Awaited<ReturnType<Provider['IdToken']['validate']>>;

/**
 * An `id_token_hint` (OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2, CIBA Core §7.1) can be as old as the session of
 * an app, and its key may have been retired. Retired keys verify hints alone, until a fixed time.
 */
export function acceptHintsOfRetiredKeys(provider: Provider, retired: readonly RetiredKey[], now: Clock): void {
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

/**
 * Other JWTs of Cardea have the same issuer, and most have a `typ` (RFC 8725 §3.11); ID tokens of Cardea have none. `JWT` is the
 * type of access tokens for some resource servers (token_typ.ts).
 */
function assertType(jwt: string): void {
  const { typ } = decodeProtectedHeader(jwt);
  if (typ !== undefined) throw notAnIdToken();
}

/** Claims about the sign-in (OpenID Connect Core §2), which no claim mapping can set. */
const SIGN_IN_CLAIMS = ['acr', 'amr', 'auth_time', 'nonce', 'sid'];

/**
 * A signed userinfo response (OpenID Connect Core §5.3.2) has no `typ`, and the same issuer, audience and subject. Unlike an ID
 * token of Cardea it has no claims about the sign-in (RFC 8725 §3.12).
 */
function assertSignIn({ payload }: Hint): void {
  if (!SIGN_IN_CLAIMS.some((name) => payload[name] !== undefined)) throw notAnIdToken();
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
