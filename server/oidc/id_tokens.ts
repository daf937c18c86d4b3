import type { AccessToken, Client, IdToken, KoaContextWithOIDC, Provider } from 'oidc-provider';
import { boundClaims } from './id_token_size.ts';
import { replaceMethod } from './seams.ts';
import { addedClaims } from './token_claims.ts';

/** Members of the library's ID tokens that its types do not declare. */
interface IdTokenParts {
  scope?: string;
  /** Claims that the request names (OpenID Connect Core §5.5). */
  mask?: Readonly<Record<string, unknown>>;
}

/** The scope of an ID token that only says who signed in and how. */
const MINIMAL = 'openid';

/** How an ID token reaches its client, and what comes with it. */
type Delivery = 'token endpoint' | 'redirect with more' | 'redirect alone';

/**
 * Decides for each ID token which claims about the person are in it, and adds `at_hash` wherever an access token comes with
 * it (OpenID Connect Core §3.1.3.6).
 * @param claims the claims of each scope
 * @param userinfo the URL of the endpoint
 */
export function completeIdTokens(
  provider: Provider,
  claims: Readonly<Record<string, readonly string[]>>,
  userinfo: string,
): void {
  const values = new WeakMap<object, string>();
  const ofPerson = Object.entries(claims).flatMap(([scope, names]) => (scope === MINIMAL ? [] : names));
  const isIdToken = new WeakSet<object>();

  replaceMethod(
    provider,
    'AccessToken.prototype.save',
    (save) =>
      async function saveAndKeep(this: AccessToken) {
        const value = await save.call(this);
        values.set(this, value);
        return value;
      },
  );
  replaceMethod(
    provider,
    'IdToken.prototype.issue',
    (issue) =>
      async function issueComplete(this: IdToken, options) {
        if (options.use !== 'idtoken') return issue.call(this, options);
        isIdToken.add(this);
        const delivery = deliveryOf(this.ctx);
        if (delivery === 'redirect with more' || (delivery === 'token endpoint' && isMinimal(this.client))) {
          Object.assign(this, { scope: MINIMAL });
        }
        const accessToken = values.get(this.ctx.oidc.entities.AccessToken ?? {});
        // The library makes a hash of it. With a redirect it has set the one of that redirect.
        if (delivery === 'token endpoint' && accessToken !== undefined) this.set('at_hash', accessToken);
        return issue.call(this, options);
      },
  );
  replaceMethod(
    provider,
    'IdToken.prototype.payload',
    (payload) =>
      async function payloadWithinBound(this: IdToken) {
        const all = await payload.call(this);
        // Without an access token userinfo cannot be asked.
        if (!isIdToken.has(this) || deliveryOf(this.ctx) === 'redirect alone') return all;
        const { mask = {} } = this as IdTokenParts;
        const mapped = Object.keys(addedClaims(this.available).mapped ?? {});
        const byScope = ofPerson.filter((name) => !Object.hasOwn(mask, name) && !mapped.includes(name));
        return boundClaims(all, { mapped, byScope }, userinfo);
      },
  );
}

/**
 * OpenID Connect Core §5.4: claims of scopes are in an ID token that comes alone. With an access token or a code they are at
 * userinfo or in the ID token of the token endpoint, and not in the redirect, which passes through the browser's history.
 */
function deliveryOf({ oidc }: KoaContextWithOIDC): Delivery {
  if (oidc.route === 'token') return 'token endpoint';
  return oidc.params?.response_type === 'id_token' ? 'redirect alone' : 'redirect with more';
}

/** The setting that `applyProfile` has completed. Only a client that says so gets more than the least. */
function isMinimal(client: Client): boolean {
  return client.id_token_claims !== 'full';
}
