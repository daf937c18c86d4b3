import type { JWK } from 'jose';
import Keygrip from 'keygrip';
import { type Client, type ClientMetadata, type Configuration, errors, type KoaContextWithOIDC } from 'oidc-provider';
import type { DetailsTypes } from '../clients/authorization_details.ts';
import type { ClaimRule } from '../clients/claim_mapping.ts';
import type { ServerPolicy } from '../clients/profiles.ts';
import { SUBJECT_TYPES, type TokenTyp } from '../clients/vocabulary.ts';
import { ACR_VALUES } from '../platform/acr.ts';
import type { Clock } from '../platform/clock.ts';
import { issuerCookie } from '../platform/cookies.ts';
import type { Issuer } from '../platform/issuer.ts';
import { type Lifetimes, sessionEnd } from '../records/lifetimes.ts';
import type { Units } from '../records/unit.ts';
import type { UserCodes } from '../records/user_codes.ts';
import { PATHS } from '../views/paths.ts';
import { createAdapterFactory } from './adapter.ts';
import { assertAdminApiFlow } from './admin_api_flows.ts';
import { richAuthorizationRequests } from './authorization_details.ts';
import { BACKCHANNEL_LOGOUT } from './backchannel_logout.ts';
import { type CibaParts, cibaFeature, mayHaveRefreshToken, requestLifetime } from './ciba.ts';
import { assertClientAssertion } from './client_assertions.ts';
import type { ClientCertificates } from './client_certificates.ts';
import { loadGrant } from './consent.ts';
import { clientBasedCORS } from './cors.ts';
import { createCurrentPolicy, type PolicyParts } from './current_policy.ts';
import { DEVICE_CODE_SECONDS, deviceFlow } from './device_flow.ts';
import type { DevicePages } from './device_pages.ts';
import { type DpopOptions, dpopFeature, PROOF_ALGS } from './dpop.ts';
import type { Fetching } from './fetching.ts';
import { createLogoutSource } from './hinted_logout.ts';
import { type IntrospectionParts, mayIntrospect, mayRevoke, nameMachineSubject } from './introspection.ts';
import type { JwtAccessTokens } from './jwt_access_tokens.ts';
import type { TimeLimit } from './jwt_times.ts';
import type { Pages } from './pages.ts';
import { profileConfiguration, profileOfClient } from './profiles.ts';
import { createPrompts, type PromptParts } from './prompts.ts';
import { type RegistrationInDiscovery, registrationMetadata } from './registration.ts';
import { type RequestedResourcesParts, requestedResources } from './requested_resources.ts';
import { algorithms, requestFeatures } from './requests.ts';
import { routesOf } from './routes.ts';
import { createHintReader, createSubjects, type SubjectParts } from './subjects.ts';
import { assertStillEnough } from './sufficient_sign_in.ts';
import { createTokenClaims, withMappedClaims } from './token_claims.ts';
import { tokenTypFor, writeTokenTyp } from './token_typ.ts';

/** OpenID Connect Core §5.4. `acr` and `amr` come with the subject, so an app need not ask for them (§2). */
export const CLAIMS = {
  openid: ['sub', 'acr', 'amr'],
  profile: [
    'name',
    'family_name',
    'given_name',
    'middle_name',
    'nickname',
    'preferred_username',
    'profile',
    'picture',
    'website',
    'gender',
    'birthdate',
    'zoneinfo',
    'locale',
    'updated_at',
  ],
  email: ['email', 'email_verified'],
  phone: ['phone_number', 'phone_number_verified'],
  address: ['address'],
  groups: ['groups'],
  roles: ['roles'],
} as const;

export const SCOPES = ['openid', 'offline_access', 'profile', 'email', 'phone', 'address', 'groups', 'roles'] as const;

export interface AccountForClaims {
  readonly accountId: string;
  claims(): Record<string, unknown> & { sub: string };
}

export interface ResourceServerForTokens {
  readonly identifier: string;
  readonly scopes: readonly string[];
  readonly tokenTyp: TokenTyp;
  /** See admin_api_flows.ts. */
  readonly adminApi?: true;
}

export interface ConfigurationOptions
  extends Pick<IntrospectionParts, 'mayIntrospect'>,
    PolicyParts,
    Omit<RequestedResourcesParts, 'scopes'>,
    PromptParts,
    SubjectParts {
  readonly issuer: Issuer;
  /** The languages of pages, as BCP 47 tags. */
  readonly uiLocales: readonly string[];
  /** Private JWKs. Of those for one algorithm the first signs. */
  readonly jwks: readonly JWK[];
  /** The first signs, all verify. */
  readonly cookieKeys: readonly Buffer[];
  readonly serverPolicy: ServerPolicy;
  readonly lifetimes: Lifetimes;
  readonly now: Clock;
  readonly units: Units;
  readonly userCodes: UserCodes;
  readonly pages: Pages;
  readonly devicePages: DevicePages;
  readonly fetching: Fetching;
  readonly dpop: DpopOptions;
  readonly confirmLogout: boolean;
  /** See unregistered_clients.ts. */
  isRedirectAllowed(ctx: Context): Promise<boolean>;
  readonly certificates: ClientCertificates;
  readonly jwtAccessTokens: JwtAccessTokens;
  /** @returns undefined for an account that does not exist or is disabled */
  findAccount(id: string): Promise<AccountForClaims | undefined>;
  findResourceServer(identifier: string): Promise<ResourceServerForTokens | undefined>;
  readonly registration: RegistrationInDiscovery;
  isFirstParty(clientId: string): Promise<boolean>;
  claimMapping(clientId: string): Promise<readonly ClaimRule[]>;
  readonly detailsTypes: DetailsTypes;
  readonly ciba: CibaParts;
}

type Context = KoaContextWithOIDC;

const SESSION_COOKIE = 'cardea_session';

export function cookieNames(issuer: Issuer) {
  return {
    session: issuerCookie(issuer, SESSION_COOKIE).name,
    interaction: 'cardea_interaction',
    resume: 'cardea_resume',
  };
}

export function createConfiguration(options: ConfigurationOptions): Configuration {
  const { issuer, lifetimes, pages } = options;
  const secure = issuer.protocol === 'https:';
  const times: TimeLimit = { now: options.now, seconds: lifetimes.assertion };
  const profile = profileConfiguration(options.serverPolicy, lifetimes.authorizationCode);
  const resources = requestedResources({ ...options, scopes: SCOPES });
  const readHint = createHintReader(options);
  const grantParts = {
    isFirstParty: options.isFirstParty,
    claims: CLAIMS,
    lifetime: lifetimes.refreshTokenAbsolute,
    now: options.now,
  };
  return {
    adapter: createAdapterFactory(
      options.units,
      options.jwtAccessTokens,
      options.userCodes,
      createCurrentPolicy(options, CLAIMS),
      options.now,
    ),
    acrValues: [...ACR_VALUES],
    // OpenID Connect Core §3.1.2.1 requires it, however many are registered.
    allowOmittingSingleRegisteredRedirectUri: false,
    assertJwtClientAuthClaimsAndHeader: (ctx, claims, header, client) =>
      assertClientAssertion(ctx, claims, header, client, times),
    claims: { ...mutable(CLAIMS), auth_time: null, iss: null, sid: null },
    clientAuthMethods: [
      'client_secret_basic',
      'client_secret_post',
      'private_key_jwt',
      ...options.certificates.authMethods,
      'none',
    ],
    clientBasedCORS,
    clientDefaults: { id_token_signed_response_alg: options.serverPolicy.signingAlgs[0] } as Partial<ClientMetadata>,
    // Each ID token gets the claims of granted scopes, and id_tokens.ts removes those that its client should not get there.
    conformIdTokenClaims: false,
    cookies: {
      names: cookieNames(issuer),
      // keygrip passes its keys to createHmac, which accepts buffers; its types allow strings only
      keys: new Keygrip(options.cookieKeys as unknown as string[], 'sha256', 'base64'),
      long: { ...issuerCookie(issuer, SESSION_COOKIE).options, overwrite: true },
      short: { httpOnly: true, overwrite: true, sameSite: 'lax', secure },
    },
    discovery: {
      // OpenID Connect Core §5.6: see id_token_size.ts
      claim_types_supported: ['normal', 'distributed'],
      ui_locales_supported: [...options.uiLocales],
      ...registrationMetadata(options.registration),
    },
    enabledJWA: { ...algorithms(), dPoPSigningAlgValues: [...PROOF_ALGS] },
    extraClientMetadata: profile.extraClientMetadata,
    extraParams: options.audienceParameter ? { audience: null } : {},
    features: {
      backchannelLogout: BACKCHANNEL_LOGOUT,
      ...requestFeatures(times),
      ciba: cibaFeature(options.ciba),
      clientCredentials: { enabled: true },
      deviceFlow: deviceFlow(options.devicePages),
      devInteractions: { enabled: false },
      dPoP: dpopFeature(options.dpop),
      introspection: {
        enabled: true,
        async allowedPolicy(ctx, client, token) {
          const isAllowed = await mayIntrospect(ctx, client, token, options);
          if (isAllowed) nameMachineSubject(ctx, token);
          return isAllowed;
        },
      },
      mTLS: options.certificates.feature,
      resourceIndicators: {
        enabled: true,
        async getResourceServerInfo(ctx, resource, client) {
          const info = await resourceServer(options, ctx, resource, client);
          await resources.assertGrantable(ctx, client);
          return info;
        },
        defaultResource: resources.defaultResource,
        useGrantedResource: resources.useGrantedResource,
      },
      richAuthorizationRequests: richAuthorizationRequests(options),
      revocation: { enabled: true, allowedPolicy: mayRevoke },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: createLogoutSource({ ...options, subjectOf: createSubjects(options) }),
        postLogoutSuccessSource: pages.loggedOut,
      },
      userinfo: { enabled: true },
    },
    ...options.fetching.configuration,
    extraTokenClaims: createTokenClaims(options),
    findAccount: async (ctx, id, source) => {
      const accountId = await readHint(ctx, id);
      const account = accountId === undefined ? undefined : await options.findAccount(accountId);
      if (account) await assertStillEnough(ctx, account.accountId, source, options);
      return withMappedClaims(ctx, account, options);
    },
    formats: {
      customizers: {
        jwt(_ctx, token, jwt) {
          writeTokenTyp(token, jwt);
          return options.jwtAccessTokens.addClaims(token, jwt.payload);
        },
      },
    },
    interactions: {
      policy: createPrompts(options, CLAIMS),
      url: (_ctx, { uid }) => issuer.path(`${PATHS.login}/${uid}`),
    },
    issueRefreshToken: async (_ctx, client, source) =>
      client.grantTypeAllowed('refresh_token') && mayHaveRefreshToken(source),
    jwks: { keys: options.jwks },
    loadExistingGrant: (ctx) => loadGrant(ctx, grantParts),
    pairwiseIdentifier: createSubjects(options),
    pkce: profile.pkce,
    renderError: pages.error,
    responseTypes: profile.responseTypes,
    rotateRefreshToken: profile.rotateRefreshToken,
    routes: routesOf(issuer),
    scopes: [...SCOPES],
    subjectTypes: [...SUBJECT_TYPES],
    ttl: {
      AccessToken: lifetimes.accessToken,
      AuthorizationCode: profile.ttl.AuthorizationCode,
      BackchannelAuthenticationRequest: (ctx) => requestLifetime(ctx),
      ClientCredentials: lifetimes.accessToken,
      DeviceCode: DEVICE_CODE_SECONDS,
      Grant: lifetimes.refreshTokenAbsolute,
      IdToken: lifetimes.idToken,
      Interaction: lifetimes.interaction,
      RefreshToken: (_ctx, token) =>
        Math.max(1, Math.min(lifetimes.refreshTokenIdle, lifetimes.refreshTokenAbsolute - token.totalLifetime())),
      // Without an account a session only holds the secret of a form for a device.
      Session: (_ctx, session) =>
        session.accountId === undefined ? lifetimes.interaction : sessionSeconds(session, options),
    },
  } as Configuration;
}

/** RFC 8707 with RFC 9068: a client gets those scopes of a resource server that it is registered for. */
async function resourceServer(options: ConfigurationOptions, ctx: Context, resource: string, client: Client) {
  const server = await options.findResourceServer(resource);
  const scopes = await options.resourceScopes(client.clientId, resource);
  if (!server || scopes.length === 0)
    throw new errors.InvalidTarget('unknown resource, or this client is registered for none of its scopes');
  if (server.adminApi) await assertAdminApiFlow(ctx, client, options.isFirstParty);
  return {
    scope: scopes.join(' '),
    audience: server.identifier,
    accessTokenFormat: 'jwt' as const,
    accessTokenTTL: options.lifetimes.accessToken,
    // The library keeps this object with the token, and reads `sign` alone.
    jwt: { sign: { alg: signingAlg(options.serverPolicy, client) }, typ: tokenTypFor(server, client) },
  };
}

/** The first algorithm with a key that the client's profile allows. */
function signingAlg({ signingAlgs }: ServerPolicy, client: Client) {
  const allowed = profileOfClient(client).signingAlgs;
  return signingAlgs.find((one) => allowed.includes(one)) ?? 'PS256';
}

/** Seconds until a session expires when it is not used again, within its absolute lifetime. */
function sessionSeconds(session: { loginTs?: number | undefined }, { lifetimes, now }: ConfigurationOptions): number {
  const left = Math.floor(sessionEnd(session, lifetimes) - now() / 1_000);
  return Math.max(1, Math.min(lifetimes.session, left));
}

function mutable<T extends Record<string, readonly string[]>>(table: T): Record<string, string[]> {
  return Object.fromEntries(Object.entries(table).map(([scope, claims]) => [scope, [...claims]]));
}
