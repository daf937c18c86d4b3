import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose';

export interface AccessOptions {
  /** The identifier of this server, as clients name it in `resource` (RFC 8707), and the tokens' `aud`. */
  readonly resource: string;
  /** The issuer of its tokens. */
  readonly issuer: string;
  readonly scopes: readonly string[];
}

/** What a request may do, or the answer that it gets instead (RFC 6750 §3). */
export type Access =
  | { readonly claims: JWTPayload & { sub: string; client_id?: unknown } }
  | { readonly status: 401 | 403; readonly challenge: string };

/** Where a client learns which authorization server looks after this one (RFC 9728 §3.1). */
export function metadataPath(resource: string): string {
  const { pathname } = new URL(resource);
  return `/.well-known/oauth-protected-resource${pathname === '/' ? '' : pathname}`;
}

/** RFC 9728 §2 */
export function resourceMetadata({ resource, issuer, scopes }: AccessOptions): Record<string, unknown> {
  return {
    resource,
    authorization_servers: [issuer],
    scopes_supported: scopes,
    bearer_methods_supported: ['header'],
    resource_name: 'Example MCP server',
  };
}

/**
 * Judges access tokens: JWTs by RFC 9068, of this issuer, for this very resource. A token for another resource is as
 * good as none, or a server that gets one could use it here.
 */
export function createAccess(options: AccessOptions) {
  const { resource, issuer } = options;
  const attempts = countAttempts();
  const metadataUrl = new URL(metadataPath(resource), resource).href;
  let jwks: Promise<ReturnType<typeof createRemoteJWKSet>> | undefined;

  /** Found once, by RFC 8414. */
  function keys(): Promise<ReturnType<typeof createRemoteJWKSet>> {
    jwks ??= discover().catch((error) => {
      jwks = undefined;
      throw error;
    });
    return jwks;
  }

  async function discover() {
    const { origin, pathname } = new URL(issuer);
    // RFC 8414 §3.1: before the path of the issuer
    const path = `/.well-known/oauth-authorization-server${pathname === '/' ? '' : pathname}`;
    const response = await fetch(new URL(path, origin));
    if (!response.ok) throw new Error(`discovery answered ${response.status}`);
    const metadata = (await response.json()) as { issuer: string; jwks_uri: string };
    if (metadata.issuer !== issuer) throw new Error('discovery names another issuer');
    return createRemoteJWKSet(new URL(metadata.jwks_uri));
  }

  const refuse = (status: 401 | 403, ...words: string[]): Access => ({
    status,
    challenge: `Bearer ${[...words, `resource_metadata="${metadataUrl}"`].join(', ')}`,
  });

  /** @throws when the authorization server cannot be reached: that is no verdict on the token */
  return async function judge(authorization: string | undefined, scope: string): Promise<Access> {
    const token = /^bearer +([^ ]+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) return refuse(401, `scope="${scope}"`);
    try {
      const { payload } = await jwtVerify(token, await keys(), {
        issuer,
        audience: resource,
        typ: 'at+jwt',
        algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
        requiredClaims: ['sub', 'exp'],
      });
      const granted = typeof payload.scope === 'string' ? payload.scope.split(' ') : [];
      if (!granted.includes(scope)) {
        // With those that it has: a client asks for exactly these, and a token with one alone would be of less use.
        const wanted = options.scopes.filter((one) => one === scope || granted.includes(one)).join(' ');
        const attempt = attempts.next(`${payload.sub} ${payload.client_id}`);
        const description = `error_description="a refreshed token has no more scopes: authorize again (attempt ${attempt})"`;
        return refuse(403, 'error="insufficient_scope"', `scope="${wanted}"`, description);
      }
      return { claims: { ...payload, sub: String(payload.sub) } };
    } catch (error) {
      if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError)) throw error;
      return refuse(401, 'error="invalid_token"', `scope="${scope}"`);
    }
  };
}

const ATTEMPTS = 12;
const ATTEMPTS_MS = 60_000;
const PEOPLE = 10_000;

/**
 * Numbers the challenges for too few scopes. The MCP SDK 1.x refreshes its token first, which never helps, and gives up when
 * the next challenge is the same; when it is another, it goes on until Cardea refuses the loop, and then asks the person.
 * The number stops at a limit, so that a client with another authorization server ends as well.
 */
function countAttempts() {
  const counts = new Map<string, { count: number; until: number }>();
  return {
    next(key: string): number {
      const now = Date.now();
      const before = counts.get(key);
      const entry = before && before.until > now ? before : { count: 0, until: now + ATTEMPTS_MS };
      entry.count = Math.min(entry.count + 1, ATTEMPTS);
      counts.delete(key);
      counts.set(key, entry);
      const [oldest] = counts.keys();
      if (counts.size > PEOPLE && oldest !== undefined) counts.delete(oldest);
      return entry.count;
    },
  };
}
