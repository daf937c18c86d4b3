import type { AccessToken, ClientCredentials, KoaContextWithOIDC, Provider } from 'oidc-provider';
import { type ClaimRule, type MappedSubject, mappedClaims } from '../clients/claim_mapping.ts';
import { claimsOfPushed } from './ciba_push.ts';
import { pick, withoutRoom } from './id_token_size.ts';
import { replaceMethod } from './seams.ts';

interface AccountWithClaims {
  claims(): Record<string, unknown> & { sub: string };
}

interface Parts {
  findAccount(id: string): Promise<AccountWithClaims | undefined>;
  claimMapping(clientId: string): Promise<readonly ClaimRule[]>;
}

/** The library chooses claims by scope. Claims without a scope are passed under this key and added after its choice. */
const ADDED = Symbol('added claims');

interface Added {
  /** By the operator's rules. */
  readonly mapped?: Readonly<Record<string, unknown>>;
  readonly pushed?: Readonly<Record<string, unknown>>;
}

interface WithAdded {
  readonly [ADDED]?: Added;
}

/**
 * Further claims of an access token: how the person signed in (RFC 9068 §2.2.1), and what the operator maps (RFC 9068
 * §2.2.2, §2.2.3.1). For an opaque token introspection returns them (RFC 9470 §6.2).
 */
export function createTokenClaims(parts: Parts) {
  return async (ctx: KoaContextWithOIDC, token: AccessToken | ClientCredentials) => {
    const { accountId, extra } = token as { accountId?: string; extra?: Record<string, unknown> };
    const rules = await parts.claimMapping(token.clientId ?? '');
    const account = accountId === undefined || rules.length === 0 ? undefined : await parts.findAccount(accountId);
    const claims = mappedClaims(rules, 'access_token', { scopes: token.scopes, claims: account?.claims() });
    // A token that was exchanged for another one (RFC 8693) brings its claims about the sign-in with it.
    const signIn = extra ?? (accountId === undefined ? {} : signedInBy(ctx));
    const all = { ...claims, ...signIn };
    return Object.keys(all).length > 0 ? all : undefined;
  };
}

interface SignIn {
  readonly acr?: string;
  readonly amr?: readonly string[];
  readonly authTime?: number;
}

/** How the person signed in, from the source of the token: a code, a refresh token or the like, or the session. */
function signedInBy({ oidc }: KoaContextWithOIDC): Record<string, unknown> {
  const entities = oidc.entities as Record<string, SignIn | undefined>;
  const source =
    entities.AuthorizationCode ??
    entities.RefreshToken ??
    entities.DeviceCode ??
    entities.BackchannelAuthenticationRequest;
  const { acr, amr, authTime } = source ?? sessionOf(oidc);
  return {
    ...(authTime === undefined ? {} : { auth_time: authTime }),
    ...(acr === undefined ? {} : { acr }),
    ...(amr === undefined || amr.length === 0 ? {} : { amr }),
  };
}

function sessionOf({ session }: KoaContextWithOIDC['oidc']): SignIn {
  const { acr, amr, loginTs: authTime } = session ?? {};
  return {
    ...(acr === undefined ? {} : { acr }),
    ...(amr === undefined ? {} : { amr }),
    ...(authTime === undefined ? {} : { authTime }),
  };
}

/** The account of which the provider asks claims, with those that the claim mapping of the client adds. */
export async function withMappedClaims<T extends AccountWithClaims>(
  ctx: KoaContextWithOIDC,
  account: T | undefined,
  parts: Pick<Parts, 'claimMapping'>,
) {
  if (!account) return undefined;
  return {
    ...account,
    async claims(use: string, scope: string) {
      const claims = account.claims();
      if (use !== 'id_token' && use !== 'userinfo') return claims;
      const rules = await parts.claimMapping(ctx.oidc.client?.clientId ?? '');
      const subject = { scopes: new Set(scope.split(' ')), claims };
      const mapped = mappedClaims(rules, use, subject);
      const added: Added =
        use === 'id_token'
          ? { mapped, pushed: claimsOfPushed(ctx) }
          : { mapped: { ...tooLargeForIdToken(rules, subject), ...mapped } };
      return { ...claims, [ADDED]: added };
    },
  };
}

/** Claims of rules for ID tokens that do not fit into one: userinfo has them in its place (id_token_size.ts). */
function tooLargeForIdToken(rules: readonly ClaimRule[], subject: MappedSubject): Record<string, unknown> {
  const claims = mappedClaims(rules, 'id_token', subject);
  return pick(claims, withoutRoom(claims));
}

/** @param available the claims that `withMappedClaims` has returned, of which a token gets a part */
export function addedClaims(available: object = {}): Added {
  return (available as WithAdded)[ADDED] ?? {};
}

/** ID tokens and userinfo responses, signed or not, get their claims from this class. */
export function addClaimsOfMappings(provider: Provider): void {
  replaceMethod(
    provider,
    'Claims.prototype.result',
    (result) =>
      async function withMapped(this: { readonly available?: object }) {
        const { mapped, pushed } = addedClaims(this.available);
        return { ...(await result.call(this as never)), ...mapped, ...pushed };
      },
  );
}
