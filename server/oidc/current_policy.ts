import { Provider } from 'oidc-provider';
import type { Detail } from '../clients/authorization_details.ts';
import type { Issuer } from '../platform/issuer.ts';
import type { ModelName } from '../records/models.ts';
import type { Payload } from '../records/payload.ts';
import type { ClaimsByScope } from './claims_parameter.ts';
import { isForUserinfo, resourceAudiences } from './userinfo_audience.ts';

/** The permissions that clients have now. */
export interface PolicyParts {
  /** Scopes of the server's own that a client may have. */
  registeredScope(clientId: string): Promise<readonly string[]>;
  /** Scopes that a client may have at a resource server, out of those that exist there. */
  resourceScopes(clientId: string, resource: string): Promise<readonly string[]>;
  /** Types of authorization details (RFC 9396) that a client may ask for. */
  registeredDetails(clientId: string): Promise<readonly string[]>;
  readonly issuer: Pick<Issuer, 'url'>;
}

/** @returns the payload without permissions that its client no longer has; undefined when none is left */
export type ApplyCurrentPolicy = (model: ModelName, payload: Payload) => Promise<Payload | undefined>;

/** Members of stored payloads that contain permissions, or the client that has them. */
interface Permitted extends Payload {
  clientId?: string;
  scope?: string;
  resource?: string | readonly string[];
  aud?: string | readonly string[];
  rar?: readonly Detail[];
  claims?: NamedClaims;
  params?: { client_id?: string; scope?: string; resource?: string | readonly string[] };
  openid?: { scope?: string; claims?: readonly string[] };
  resources?: Readonly<Record<string, string>>;
  expiresWithSession?: boolean;
  sessionUid?: string;
}

type NamedClaims = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
type Part = (payload: Permitted) => Promise<Partial<Permitted>>;

/** The scope with which tokens outlive the session that they come from (OpenID Connect Core §11). */
const OFFLINE = 'offline_access';

/**
 * Each record is read without the permissions that its client has lost since. So a permission that the operator takes away
 * is in no token that is issued or introspected afterwards, for any grant type. (Keycloak GHSA-895x-rfqp-jh5c, Pocket ID
 * CVE-2026-43983)
 * @param table claims by the scope with which a client may request them by name
 */
export function createCurrentPolicy(parts: PolicyParts, table: ClaimsByScope): ApplyCurrentPolicy {
  const scopeOfClaim = new Map(Object.entries(table).flatMap(([scope, names]) => names.map((name) => [name, scope])));

  const ownScopes = new Set([...Object.keys(table), OFFLINE]);

  const intersect = (scope: string, allowed: readonly string[]) =>
    scope
      .split(' ')
      .filter((one) => allowed.includes(one))
      .join(' ');

  async function allowedAt(clientId: string, resources: Permitted['resource']): Promise<string[]> {
    const scopes = [resources ?? []].flat().map((resource) => parts.resourceScopes(clientId, resource));
    return (await Promise.all(scopes)).flat();
  }

  async function isAllowedClaim(clientId: string): Promise<(name: string) => boolean> {
    const registered = await parts.registeredScope(clientId);
    // Claims about the sign-in belong to `openid`, which each client that signs people in has.
    return (name) => registered.includes(scopeOfClaim.get(name) ?? 'openid') || !scopeOfClaim.has(name);
  }

  async function claimsOf({ clientId = '', claims }: Permitted): Promise<Partial<Permitted>> {
    if (claims === undefined) return {};
    const isAllowed = await isAllowedClaim(clientId);
    const entries = Object.entries(claims).map(([target, named]) => [
      target,
      Object.fromEntries(Object.entries(named ?? {}).filter(([name]) => isAllowed(name))),
    ]);
    return { claims: Object.fromEntries(entries) as NamedClaims };
  }

  async function detailsOf({ clientId = '', rar }: Permitted): Promise<Partial<Permitted>> {
    if (rar === undefined) return {};
    const types = await parts.registeredDetails(clientId);
    return { rar: rar.filter((one) => types.includes(one.type)) };
  }

  const scopeOfToken: Part = async ({ clientId = '', scope, resource, aud, ...token }) => {
    if (scope === undefined) return {};
    const isForCardea = aud === undefined || isForUserinfo(aud, parts.issuer);
    const all = isForCardea ? await parts.registeredScope(clientId) : [];
    const registered = aud === undefined ? all : all.filter((one) => ownScopes.has(one));
    const resources = aud === undefined ? resource : resourceAudiences(aud, parts.issuer);
    const remaining = intersect(scope, [...registered, ...(await allowedAt(clientId, resources))]);
    const wasOffline = scope.split(' ').includes(OFFLINE) && !remaining.split(' ').includes(OFFLINE);
    return {
      scope: remaining,
      ...(wasOffline ? { expiresWithSession: true, sessionUid: token.sessionUid ?? '' } : {}),
    };
  };

  const paramsOf: Part = async ({ params, clientId = params?.client_id ?? '' }) => {
    if (params?.scope === undefined) return {};
    const registered = await parts.registeredScope(clientId);
    const scope = intersect(params.scope, [...registered, ...(await allowedAt(clientId, params.resource))]);
    return { params: { ...params, scope } };
  };

  const grantOf: Part = async ({ clientId = '', openid, resources = {} }) => {
    const isAllowed = await isAllowedClaim(clientId);
    const registered = await parts.registeredScope(clientId);
    const resourceScopes = Object.entries(resources).map(
      async ([resource, scope]) => [resource, intersect(scope, await allowedAt(clientId, resource))] as const,
    );
    return {
      ...(openid === undefined
        ? {}
        : {
            openid: {
              ...openid,
              ...(openid.scope === undefined ? {} : { scope: intersect(openid.scope, registered) }),
              ...(openid.claims === undefined ? {} : { claims: openid.claims.filter(isAllowed) }),
            },
          }),
      resources: Object.fromEntries((await Promise.all(resourceScopes)).filter(([, scope]) => scope !== '')),
    };
  };

  /** A resource server cares for its own scopes, although a token for it may also be for userinfo. */
  const permits = ({ scope = '', rar = [], aud }: Permitted) => {
    const isForBoth = isForUserinfo(aud, parts.issuer);
    return rar.length > 0 || scope.split(' ').some((one) => one !== '' && !(isForBoth && ownScopes.has(one)));
  };

  const token = [scopeOfToken, claimsOf, detailsOf];
  const partsOf: Partial<Record<ModelName, readonly Part[]>> = {
    Grant: [grantOf, detailsOf],
    Interaction: [paramsOf],
    AuthorizationCode: token,
    DeviceCode: [...token, paramsOf],
    BackchannelAuthenticationRequest: [...token, paramsOf],
    RefreshToken: token,
    AccessToken: token,
    ClientCredentials: token,
  };

  return async (model, payload) => {
    const before: Permitted = payload;
    // A client may revoke a token of which it has lost all permissions (RFC 7009).
    if (Provider.ctx?.oidc?.route === 'revocation') return payload;
    const changes = await Promise.all((partsOf[model] ?? []).map((part) => part(before)));
    const after: Permitted = Object.assign({ ...before }, ...changes);
    if (permits(before) && !permits(after) && model !== 'Grant') return undefined;
    if (after.rar?.length === 0) delete after.rar;
    return after;
  };
}
