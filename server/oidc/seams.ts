import {
  type Client,
  type Grant,
  interactionPolicy,
  type KoaContextWithOIDC,
  type Provider,
  type TokenEndpointGrantContext,
} from 'oidc-provider';
import * as endSessionActions from 'oidc-provider/lib/actions/end_session.js';
import als from 'oidc-provider/lib/helpers/als.js';
import * as challenge from 'oidc-provider/lib/helpers/challenge.js';
import * as grantCommon from 'oidc-provider/lib/helpers/grant_common.js';
import * as grants from 'oidc-provider/lib/helpers/grants.js';
import * as jwt from 'oidc-provider/lib/helpers/jwt.js';
import * as formErrors from 'oidc-provider/lib/helpers/re_render_errors.js';
import Router from 'oidc-provider/lib/helpers/router.js';
import stateOf from 'oidc-provider/lib/helpers/weak_cache.js';
import assembleParams from 'oidc-provider/lib/shared/assemble_params.js';
import manifest from 'oidc-provider/package.json' with { type: 'json' };
import type { Jwk } from '../clients/jwks.ts';
import { AppError } from '../platform/errors.ts';

/*
 * Everything that Cardea uses of oidc-provider although the library does not promise to keep it. `assertSeams` checks all
 * of it when a provider is made, because a part that was renamed would otherwise be missing without an error: a check that
 * Cardea adds would never be called. How to upgrade the library: ops/docs/upgrading_oidc_provider.md
 */

/** The version that the tests have seen. Any other is refused at start, because a patch of one version may break a defence. */
export const TESTED_VERSION = '9.13.3';

/** Methods that are replaced or called, by their path from a provider, with their parameters. */
const METHODS = {
  'AccessToken.prototype.save': '()',
  'Claims.prototype.result': '()',
  'Client.find': '(id)',
  'Client.prototype.backchannelLogout': '(sub, sid)',
  'Client.prototype.backchannelPing': '(backchannelAuthenticationRequest)',
  'Client.prototype.compareClientSecret': '(actual)',
  'DeviceCode.findByUserCode': '(userCode, { ignoreExpiration = false } = {})',
  'IdToken.prototype.issue': '({ use, expiresAt = null } = {})',
  'IdToken.prototype.payload': '()',
  'IdToken.prototype.set': '(key, value)',
  'IdToken.validate': '(jwt, client)',
} as const;

/** Functions of the library's own modules that are called. */
const FUNCTIONS: Readonly<Record<string, readonly [fn: unknown, parameters: string]>> = {
  assertPayload: [
    jwt.assertPayload,
    '(payload, { clockTolerance = 0, audience, ignoreExpiration, ignoreAzp, ignoreIssued, ignoreNotBefore, issuer, subject = false, } = {})',
  ],
  checkDpopReplay: [grants.checkDpopReplay, '(provider, ctx, dPoP, clientId, ErrorClass = InvalidGrant)'],
  checkDpopRequired: [grants.checkDpopRequired, '(provider, ctx, dPoP, ErrorClass = InvalidGrant)'],
  checkMtlsCert: [grants.checkMtlsCert, '(provider, ctx, ErrorClass = InvalidGrant)'],
  endSession: [endSessionStep(), '(ctx)'],
  issueTokens: [grantCommon.issueTokens, '(provider, helpers, ctx, source, grant, { gty, entityLabel, cert, dPoP })'],
  resolveRequestedResources: [grants.resolveRequestedResources, '(provider, ctx)'],
  validateDpop: [grants.validateDpop, '(provider, ctx, accessToken)'],
};

/** Members of stored models that are read, or that decide where a record is stored (server/records/payload.ts). */
const PAYLOADS = {
  AccessToken: 'accountId aud claims clientId expiresWithSession extra grantId gty jkt rar scope sessionUid x5t#S256',
  AuthorizationCode:
    'accountId acr amr authTime claims clientId consumed expiresWithSession grantId rar resource scope sessionUid',
  BackchannelAuthenticationRequest:
    'accountId acr amr authTime claims clientId consumed error expiresWithSession grantId nonce params rar resource scope sessionUid',
  ClientCredentials: 'aud clientId exp extra iat jkt jti kind rar scope x5t#S256',
  DeviceCode:
    'accountId acr amr authTime claims clientId consumed deviceInfo error expiresWithSession grantId inFlight params rar resource scope sessionUid userCode',
  Grant: 'accountId clientId openid rar resources',
  Interaction: 'grantId lastSubmission parJti params prompt result returnTo session trusted',
  PushedAuthorizationRequest: 'consumed',
  RefreshToken:
    'accountId acr amr authTime claims clientId consumed expiresWithSession grantId gty jkt rar resource scope sessionUid x5t#S256',
  Session: 'accountId acr amr authorizations loginTs state uid',
} as const;

/** Checks of the library's interaction policy that Cardea replaces by its own, by prompt. */
export const REPLACED_CHECKS = {
  login: ['essential_acrs', 'essential_acr'],
  consent: ['op_claims_missing', 'op_scopes_missing'],
} as const;

/** Names that `ctx.oidc.route` can have. */
const ROUTE_NAMES = [
  'authorization',
  'backchannel_authentication',
  'code_verification',
  'device_authorization',
  'device_resume',
  'end_session',
  'end_session_confirm',
  'end_session_success',
  'introspection',
  'jwks',
  'pushed_authorization_request',
  'resume',
  'revocation',
  'token',
  'userinfo',
] as const;

/** Names of the errors for which the library shows its page for user codes again. */
const FORM_ERRORS = ['AbortedError', 'AlreadyUsedError', 'ExpiredError', 'NoCodeError', 'NotFoundError'] as const;

/** Response modes for which Cardea may answer with a page of its own. */
const RESPONSE_MODES = ['query', 'fragment', 'form_post', 'jwt', 'query.jwt', 'fragment.jwt', 'form_post.jwt'];

/** The seconds before and after its date in which a DPoP proof is accepted (RFC 9449 §11.1). */
export const PROOF_WINDOW_SECONDS = 300;

/** The keys of a client, from its metadata or its `jwks_uri`. */
export interface ClientKeys extends Iterable<Jwk> {
  refresh(): Promise<void>;
  selectForEncrypt(selection: KeySelection): readonly Jwk[];
  selectForVerify(selection: KeySelection): readonly Jwk[];
}

export interface KeySelection {
  readonly alg: string;
  readonly kid?: unknown;
}

const CLIENT_KEYS = { refresh: '()', selectForEncrypt: '(options)', selectForVerify: '(options)' } as const;

/** Members of a client that Cardea reads or changes, with the value that the library gives them for `SAMPLE_CLIENT`. */
const CLIENT_MEMBERS = {
  backchannelTokenDeliveryMode: 'poll',
  scope: 'openid',
  subjectType: 'public',
  sectorIdentifier: 'client.invalid',
  tokenEndpointAuthMethod: 'none',
} as const;

const SAMPLE_CLIENT = {
  client_id: 'sample',
  redirect_uris: ['https://client.invalid/'],
  sector_identifier_uri: 'https://client.invalid/sector.json',
  grant_types: ['authorization_code', 'urn:openid:params:grant-type:ciba'],
  token_endpoint_auth_method: 'none',
  backchannel_token_delivery_mode: 'poll',
  scope: 'openid',
};

type MethodPath = keyof typeof METHODS;
type At<T, Path> = Path extends `${infer Head}.${infer Rest}`
  ? Head extends keyof T
    ? At<T[Head], Rest>
    : never
  : Path extends keyof T
    ? T[Path]
    : never;

/**
 * Replaces a method of the library.
 * @param replace makes the new method from the old one, which is bound to its class when it is static
 * @throws AppError `untested_library` when there is no such method, or one with other parameters
 */
export function replaceMethod<Path extends MethodPath>(
  provider: Provider,
  path: Path,
  replace: (original: At<Provider, Path>) => At<Provider, Path>,
): void {
  const { owner, name, method } = methodAt(provider, path);
  const problem = signatureProblem(method, METHODS[path]);
  if (problem !== undefined) refuse([`${path} ${problem}`]);
  const original = typeof owner === 'function' ? (method as () => unknown).bind(owner) : method;
  (owner as Record<string, unknown>)[name] = replace(original as At<Provider, Path>);
}

/** @throws AppError `untested_library` when the library is not as it is described here */
export function assertSeams(provider: Provider): void {
  const problems = Object.entries(inspectSeams(provider));
  refuse(problems.flatMap(([seam, problem]) => (problem === undefined ? [] : [`${seam} ${problem}`])));
}

/**
 * Nonces for DPoP proofs are made from the first secret, and those of all are accepted, so that the secrets can be replaced while
 * clients have nonces (RFC 9449 §8).
 * @param secrets 32 bytes each
 */
export function acceptNonces(provider: Provider, secrets: readonly Buffer[]): void {
  const [current, ...older] = secrets.map((secret) => new challenge.default(secret, 'DPoP'));
  if (!current) throw new Error('nonces need a secret');
  stateOf(provider).DPoPNonces = {
    nextChallenge: () => current.nextChallenge(),
    checkChallenge: (nonce) => [current, ...older].some((one) => one.checkChallenge(nonce)),
  };
}

/** @returns what is wrong with each seam, by its name; undefined for one that is as it was tested */
export function inspectSeams(provider: Provider): Readonly<Record<string, string | undefined>> {
  const client = buildClient(provider, SAMPLE_CLIENT);
  const keys = clientKeysOf(client) as Partial<ClientKeys> | undefined;
  const paths = Object.keys(METHODS) as MethodPath[];
  const models = Object.keys(PAYLOADS) as (keyof typeof PAYLOADS)[];
  const listed = (kind: string, names: readonly string[], present: readonly string[]) =>
    names.map((name) => [`${kind} ${name}`, present.includes(name) ? undefined : 'is missing'] as const);
  return Object.fromEntries([
    ['version', manifest.version === TESTED_VERSION ? undefined : `is not ${TESTED_VERSION}`],
    ...paths.map((path) => [path, signatureProblem(methodAt(provider, path).method, METHODS[path])] as const),
    ...Object.entries(FUNCTIONS).map(
      ([name, [fn, parameters]]) => [`function ${name}`, signatureProblem(fn, parameters)] as const,
    ),
    ['DPoPNonces.nextChallenge', signatureProblem(challenge.default.prototype.nextChallenge, '()')],
    ['DPoPNonces.checkChallenge', signatureProblem(challenge.default.prototype.checkChallenge, '(challenge)')],
    ...models.map((model) => [`payload of ${model}`, payloadProblem(provider, model)] as const),
    ...Object.entries(REPLACED_CHECKS).flatMap(([prompt, reasons]) =>
      listed(`check of ${prompt}:`, reasons, checksOf(prompt)),
    ),
    ...listed(
      'route',
      ROUTE_NAMES,
      ROUTE_NAMES.filter((name) => hasRoute(provider, name)),
    ),
    ['router', matchesRoutes(provider) ? undefined : 'does not match requests'],
    ...listed('form error', FORM_ERRORS, Object.keys(formErrors)),
    ...listed('response mode', RESPONSE_MODES, [...(stateOf(provider).responseModes?.keys() ?? [])]),
    ...Object.entries(CLIENT_MEMBERS).map(
      ([name, value]) => [`client member ${name}`, client[name] === value ? undefined : 'is missing'] as const,
    ),
    ...Object.entries(CLIENT_KEYS).map(
      ([name, parameters]) =>
        [`client keys ${name}`, signatureProblem(keys?.[name as keyof typeof CLIENT_KEYS], parameters)] as const,
    ),
    ...Object.entries(contextMembers(provider)).map(
      ([name, isThere]) => [`context member ${name}`, isThere ? undefined : 'is missing'] as const,
    ),
    ['als', typeof als?.run === 'function' ? undefined : 'has no method run'],
    ['proof window', challenge.CHALLENGE_OK_WINDOW === PROOF_WINDOW_SECONDS ? undefined : 'is another'],
  ]);
}

/** @param metadata RFC 7591, which the library checks */
export function buildClient(provider: Provider, metadata: Readonly<Record<string, unknown>>): Client {
  const Constructor = provider.Client as unknown as new (metadata: object) => Client;
  return new Constructor(metadata);
}

export function clientKeysOf(client: Client): ClientKeys {
  return client.asymmetricKeyStore as ClientKeys;
}

const REGISTER = ['get', 'post', 'put', 'delete', 'options'] as const;

/**
 * Makes a provider and lists its routes, of which the library offers no list.
 * @throws AppError `untested_library` when it registers them in another way
 */
export function listRoutes(make: () => Provider): { provider: Provider; names: ReadonlySet<string> } {
  const names = new Set<string>();
  const originals = REGISTER.map((method) => [method, Router.prototype[method]] as const);
  for (const [method, register] of originals) {
    Router.prototype[method] = function (name, ...rest) {
      names.add(name);
      return register.call(this, name, ...rest);
    };
  }
  try {
    const provider = make();
    if (names.size === 0) refuse(['its routes cannot be listed']);
    return { provider, names };
  } finally {
    for (const [method, register] of originals) Router.prototype[method] = register;
  }
}

/** The route that the provider will take for a request. */
export function routeOf(provider: Provider, { method, path }: KoaContextWithOIDC): string | undefined {
  return stateOf(provider).router.match(method, path)?.route.name;
}

/** The functions that send a browser back to a client, by response mode. */
export function responseModesOf(provider: Provider) {
  return stateOf(provider).responseModes;
}

/**
 * Issues what the token endpoint would for an approved request, without proof of a key, and sets the response as `ctx.body`.
 * @throws InvalidGrant when the account of the request is gone
 */
export async function issueTokens(
  provider: Provider,
  ctx: TokenEndpointGrantContext,
  source: InstanceType<Provider['BackchannelAuthenticationRequest']>,
  grant: Grant,
  gty: string,
): Promise<void> {
  const helpers = Object.fromEntries(
    Object.entries(grants).map(([name, helper]) => [
      name,
      (helper as (...args: unknown[]) => unknown).bind(undefined, provider),
    ]),
  );
  const parts = { gty, entityLabel: 'request', cert: undefined, dPoP: undefined };
  await grantCommon.issueTokens(provider, helpers, ctx, source, grant, parts);
}

/**
 * Ends the session of a request and what belongs to it, as the form of the logout page does, and redirects the browser: to
 * `postLogoutRedirectUri` in the state of the session, or to a page of Cardea. The parameter `logout` must be set.
 */
export async function endSession(ctx: KoaContextWithOIDC): Promise<void> {
  await endSessionStep()?.(ctx);
}

/** A declaration, as the table of functions above needs it before this line is run. */
function endSessionStep() {
  return endSessionActions.confirm.find(({ name }) => name === 'endSession');
}

export const { assertPayload } = jwt;
export { als, grants };

function refuse(problems: readonly string[]): void {
  if (problems.length === 0) return;
  throw new AppError(
    'untested_library',
    `oidc-provider ${manifest.version} is not the library that Cardea was tested with (${problems.join('; ')}): install ${TESTED_VERSION}, or see ops/docs/upgrading_oidc_provider.md`,
  );
}

function methodAt(provider: Provider, path: MethodPath) {
  const names = path.split('.');
  const name = names.pop() ?? '';
  const owner = names.reduce<unknown>((at, one) => (at as Record<string, unknown> | undefined)?.[one], provider);
  return { owner, name, method: (owner as Record<string, unknown> | undefined)?.[name] };
}

/** @returns what is wrong with a function; undefined when it has exactly these parameters */
function signatureProblem(fn: unknown, parameters: string): string | undefined {
  if (typeof fn !== 'function') return 'is missing';
  const actual = parametersOf(fn);
  return actual === parameters ? undefined : `has the parameters ${actual} in place of ${parameters}`;
}

/** The list of parameters as the source has it, on one line. */
function parametersOf(fn: object): string {
  const source = String(fn);
  const start = source.indexOf('(');
  let depth = 0;
  for (let at = start; at < source.length; at += 1) {
    const character = source.charAt(at);
    if ('([{'.includes(character)) depth += 1;
    if (')]}'.includes(character)) depth -= 1;
    if (depth === 0)
      return source
        .slice(start, at + 1)
        .replaceAll(/\s+/g, ' ')
        .replace(/^\( /, '(')
        .replace(/,? \)$/, ')');
  }
  return '';
}

function payloadProblem(provider: Provider, model: keyof typeof PAYLOADS): string | undefined {
  const { IN_PAYLOAD: declared = [] } = provider[model] as unknown as { readonly IN_PAYLOAD?: readonly string[] };
  const missing = PAYLOADS[model].split(' ').filter((name) => !declared.includes(name));
  return missing.length === 0 ? undefined : `has no ${missing.join(', ')}`;
}

function checksOf(prompt: string): string[] {
  return (
    interactionPolicy
      .base()
      .get(prompt)
      ?.checks.map(({ reason }) => reason) ?? []
  );
}

function hasRoute(provider: Provider, name: string): boolean {
  try {
    return provider.pathFor(name, { uid: 'sample' }).startsWith('/');
  } catch {
    return false;
  }
}

function matchesRoutes(provider: Provider): boolean {
  const { router } = stateOf(provider) as { readonly router?: Partial<Router> };
  return router?.match?.('GET', '/.well-known/openid-configuration')?.route?.name === 'discovery';
}

/** Tells which of the used members of `ctx.oidc` exist after the library has read a request's parameters. */
function contextMembers(provider: Provider): Readonly<Record<'params' | 'route', boolean>> {
  const request = { _matchedRouteName: 'token', method: 'GET', query: { state: 'sample' } };
  const oidc = new provider.OIDCContext(request as never);
  assembleParams(new Set(['state']), { ...request, oidc }, () => undefined);
  return { params: oidc.params?.state === 'sample', route: oidc.route === 'token' };
}
