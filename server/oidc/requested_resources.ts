import { type Client, type Configuration, errors, type KoaContextWithOIDC } from 'oidc-provider';
import { restoreOfflineAccess } from './offline_access.ts';

export interface RequestedResourcesParts {
  /** The scopes of the server itself; all others belong to resource servers. */
  readonly scopes: readonly string[];
  /** `audience` means `resource` where that is absent. */
  readonly audienceParameter: boolean;
  /** Scopes that a client may have at a resource server, out of those that exist there. */
  resourceScopes(clientId: string, resource: string): Promise<readonly string[]>;
  /** True when the operator has registered that client. */
  isRegistered(clientId: string): Promise<boolean>;
  /** Resource servers at which a client may have all of these scopes; of many at least two. */
  resourcesWithScopes(clientId: string, scopes: readonly string[]): Promise<readonly string[]>;
}

type ResourceIndicators = NonNullable<NonNullable<Configuration['features']>['resourceIndicators']>;
type Hooks = Required<Pick<ResourceIndicators, 'defaultResource' | 'useGrantedResource'>>;

export interface RequestedResources extends Hooks {
  /** @throws InvalidScope when a request asks for a scope that none of its resources grants to this client */
  assertGrantable(ctx: KoaContextWithOIDC, client: Client): Promise<void>;
}

/** Routes whose request asks for permissions. The others, such as `resume`, continue one that was checked before. */
const ASKING = new Set([
  'authorization',
  'pushed_authorization_request',
  'device_authorization',
  'backchannel_authentication',
]);

/** The most scopes that an error names. */
const NAMED_MAX = 5;

/**
 * The resource server that a request is for (RFC 8707), and whether it can have the scopes that it asks for: otherwise it is
 * refused with `invalid_scope` before any page (RFC 6749 §4.1.2.1).
 */
export function requestedResources(parts: RequestedResourcesParts): RequestedResources {
  const ownScopes = new Set(parts.scopes);
  const foreign = (scopes: readonly string[]) => scopes.filter((scope) => !ownScopes.has(scope));

  /** The requested scopes; undefined for a request that adds no permission, such as a refresh. */
  function asked({
    oidc,
  }: KoaContextWithOIDC): { readonly scopes: readonly string[]; readonly isMachine: boolean } | undefined {
    const isMachine = oidc.route === 'token' && oidc.params?.grant_type === 'client_credentials';
    if (!isMachine && !ASKING.has(oidc.route)) return undefined;
    const { scope } = oidc.params ?? {};
    return { scopes: typeof scope === 'string' ? scope.split(' ').filter((one) => one !== '') : [], isMachine };
  }

  async function assertGrantable(ctx: KoaContextWithOIDC, client: Client): Promise<void> {
    restoreOfflineAccess(ctx, client);
    const request = asked(ctx);
    if (!request) return;
    assertScopes(ctx, request);
    const resources = [ctx.oidc.params?.resource ?? []].flat().map(String);
    const lists = await Promise.all(resources.map((resource) => parts.resourceScopes(client.clientId, resource)));
    const allowed = new Set(lists.flat());
    const wanted = foreign(request.scopes);
    const refused = wanted.filter((scope) => !allowed.has(scope));
    // A client that registered itself requests all scopes that an API lists (MCP), and no operator can register more for it:
    // it gets the scopes that its policy allows, and `scope` names them (RFC 6749 §3.3).
    const isPartial = refused.length < wanted.length && !(await parts.isRegistered(client.clientId));
    // A token of client credentials has the scopes of its resource alone.
    const isNothingLeft =
      request.isMachine && request.scopes.length > 0 && !request.scopes.some((one) => allowed.has(one));
    if ((refused.length > 0 && !isPartial) || isNothingLeft) {
      throw invalidScope(
        refused.length > 0 ? refused : request.scopes,
        (names) => `${names}: the resource has no such scope, or this client is not registered for it`,
      );
    }
  }

  /** @throws InvalidScope unless exactly one resource server has all the scopes that are not the server's own */
  async function resourceOfScopes(client: Client, scopes: readonly string[]): Promise<string | undefined> {
    const wanted = foreign(scopes);
    if (wanted.length === 0) return undefined;
    const [resource, other] = await parts.resourcesWithScopes(client.clientId, wanted);
    if (resource === undefined) {
      throw invalidScope(
        wanted,
        (names) =>
          `${names}: no single resource server has all of this for this client: register the client for these scopes, or name the resource server by resource`,
      );
    }
    if (other === undefined) return resource;
    throw invalidScope(
      wanted,
      (names) => `${names}: several resource servers have this; name one by resource (RFC 8707)`,
    );
  }

  return {
    assertGrantable,

    async defaultResource(ctx, client, oneOf) {
      // Several were granted: a token is for one, which the client has to name (RFC 8707 §2.2).
      if (oneOf) return oneOf;
      restoreOfflineAccess(ctx, client);
      const request = asked(ctx);
      if (!request) return undefined;
      assertScopes(ctx, request);
      return audienceOf(ctx, parts) ?? (await resourceOfScopes(client, request.scopes));
    },

    /**
     * RFC 8707 §2.2: the only resource that was granted is the one of the token, unless the client has lost all its scopes
     * there. Then the token is for userinfo alone.
     */
    useGrantedResource: async ({ oidc }, { resource }: { readonly resource?: unknown }) =>
      typeof resource === 'string' && (await parts.resourceScopes(oidc.client?.clientId ?? '', resource)).length > 0,
  };
}

/** RFC 6749 §3.3. Otherwise a person would sign in, and then be asked to allow nothing. */
function assertScopes(
  { oidc }: KoaContextWithOIDC,
  request: { readonly scopes: readonly string[]; readonly isMachine: boolean },
): void {
  if (request.scopes.length > 0 || request.isMachine || oidc.params?.authorization_details !== undefined) return;
  throw new errors.InvalidScope('scope is missing: name at least one, such as openid', '');
}

/** The value of `audience`, as Auth0 and others name the resource. */
function audienceOf({ oidc }: KoaContextWithOIDC, { audienceParameter }: RequestedResourcesParts): string | undefined {
  if (!audienceParameter) return undefined;
  // At the token endpoint the provider keeps no parameter that the grant type does not have.
  const audience = oidc.route === 'token' ? oidc.body?.audience : oidc.params?.audience;
  if (audience === undefined || audience === '') return undefined;
  if (typeof audience === 'string') return audience;
  throw new errors.InvalidTarget('audience must be the identifier of one resource server');
}

function invalidScope(scopes: readonly string[], describe: (names: string) => string): Error {
  return new errors.InvalidScope(describe(scopes.slice(0, NAMED_MAX).join(' ')), scopes.join(' '));
}
