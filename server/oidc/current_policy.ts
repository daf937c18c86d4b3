import { Provider } from 'oidc-provider';
import type { Detail } from '../clients/authorization_details.ts';
import type { ModelName } from '../records/models.ts';
import type { Payload } from '../records/payload.ts';
import type { ClaimsByScope } from './claims_parameter.ts';

/** What clients may have at this moment. */
export interface PolicyParts {
  /** Scopes of the server's own that a client may have. */
  registeredScope(clientId: string): Promise<readonly string[]>;
  /** Scopes that a client may have at a resource server, out of those that exist there. */
  resourceScopes(clientId: string, resource: string): Promise<readonly string[]>;
  /** Types of authorization details (RFC 9396) that a client may ask for. */
  registeredDetails(clientId: string): Promise<readonly string[]>;
}

/** @returns the payload, or undefined when nothing is left of what it was issued for */
export type HoldToPolicy = (model: ModelName, payload: Payload) => Promise<Payload | undefined>;

/** What tells of permissions, and to which client they were given. */
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

/** The name that a scope has which lets tokens go on after the session that they come from (OpenID Connect Core §11). */
const OFFLINE = 'offline_access';

/**
 * Whatever was granted, asked for or issued is read as what its client may still have: a permission that the operator has
 * taken away is in no token from then on, whichever grant type issues it, and in no answer about one. (Keycloak
 * GHSA-895x-rfqp-jh5c, Pocket ID CVE-2026-43983)
 * @param table claims by the scope under which a client may ask for them by name
 */
export function createPolicy(parts: PolicyParts, table: ClaimsByScope): HoldToPolicy {
  const scopeOfClaim = new Map(Object.entries(table).flatMap(([scope, names]) => names.map((name) => [name, scope])));

  const kept = (scope: string, allowed: readonly string[]) =>
    scope
      .split(' ')
      .filter((one) => allowed.includes(one))
      .join(' ');

  async function allowedAt(clientId: string, resources: Permitted['resource']): Promise<string[]> {
    const reached = [resources ?? []].flat().map((resource) => parts.resourceScopes(clientId, resource));
    return (await Promise.all(reached)).flat();
  }

  async function isAllowedClaim(clientId: string): Promise<(name: string) => boolean> {
    const registered = await parts.registeredScope(clientId);
    // How somebody signed in is told to whoever signs them in.
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
    const registered = aud === undefined ? await parts.registeredScope(clientId) : [];
    const left = kept(scope, [...registered, ...(await allowedAt(clientId, aud ?? resource))]);
    const wasOffline = scope.split(' ').includes(OFFLINE) && !left.split(' ').includes(OFFLINE);
    return {
      scope: left,
      ...(wasOffline ? { expiresWithSession: true, sessionUid: token.sessionUid ?? '' } : {}),
    };
  };

  const asked: Part = async ({ params, clientId = params?.client_id ?? '' }) => {
    if (params?.scope === undefined) return {};
    const registered = await parts.registeredScope(clientId);
    const scope = kept(params.scope, [...registered, ...(await allowedAt(clientId, params.resource))]);
    return { params: { ...params, scope } };
  };

  const granted: Part = async ({ clientId = '', openid, resources = {} }) => {
    const isAllowed = await isAllowedClaim(clientId);
    const registered = await parts.registeredScope(clientId);
    const at = Object.entries(resources).map(
      async ([resource, scope]) => [resource, kept(scope, await allowedAt(clientId, resource))] as const,
    );
    return {
      ...(openid === undefined
        ? {}
        : {
            openid: {
              ...openid,
              ...(openid.scope === undefined ? {} : { scope: kept(openid.scope, registered) }),
              ...(openid.claims === undefined ? {} : { claims: openid.claims.filter(isAllowed) }),
            },
          }),
      resources: Object.fromEntries((await Promise.all(at)).filter(([, scope]) => scope !== '')),
    };
  };

  const token = [scopeOfToken, claimsOf, detailsOf];
  const read: Partial<Record<ModelName, readonly Part[]>> = {
    Grant: [granted, detailsOf],
    Interaction: [asked],
    AuthorizationCode: token,
    DeviceCode: [...token, asked],
    BackchannelAuthenticationRequest: [...token, asked],
    RefreshToken: token,
    AccessToken: token,
    ClientCredentials: token,
  };

  return async (model, payload) => {
    const before: Permitted = payload;
    // What a client ends is ended whole (RFC 7009).
    if (Provider.ctx?.oidc?.route === 'revocation') return payload;
    const changes = await Promise.all((read[model] ?? []).map((part) => part(before)));
    const after: Permitted = Object.assign({ ...before }, ...changes);
    const had = Boolean(before.scope) || (before.rar?.length ?? 0) > 0;
    const has = Boolean(after.scope) || (after.rar?.length ?? 0) > 0;
    if (had && !has && model !== 'Grant') return undefined;
    if (after.rar?.length === 0) delete after.rar;
    return after;
  };
}
