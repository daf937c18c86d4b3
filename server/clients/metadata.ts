import { invalidInput } from '../platform/errors.ts';
import { checkJwks, type Jwks } from './jwks.ts';
import { checkRedirectUri, checkWebUri, kindOfUri } from './uris.ts';

/** Client metadata in the names of RFC 7591 §2, complete: every default is written out. */
export interface ClientMetadata {
  readonly redirect_uris: readonly string[];
  readonly post_logout_redirect_uris: readonly string[];
  readonly grant_types: readonly GrantType[];
  readonly response_types: readonly 'code'[];
  readonly token_endpoint_auth_method: AuthMethod;
  readonly application_type: 'web' | 'native';
  /** Separated by spaces; what the client may ask for at most. */
  readonly scope: string;
  readonly jwks?: Jwks;
  readonly jwks_uri?: string;
  readonly client_uri?: string;
  readonly logo_uri?: string;
  readonly policy_uri?: string;
  readonly tos_uri?: string;
}

/** The same, as somebody asks for it: nothing is certain, not even the types. */
export type MetadataInput = { readonly [Name in keyof ClientMetadata]?: unknown };

const GRANT_TYPES = ['authorization_code', 'refresh_token', 'client_credentials'] as const;
export type GrantType = (typeof GRANT_TYPES)[number];

const AUTH_METHODS = ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'] as const;
export type AuthMethod = (typeof AUTH_METHODS)[number];

const APPLICATION_TYPES = ['web', 'native'] as const;
const RESPONSE_TYPES = ['code'] as const;
const WEB_URIS = ['client_uri', 'logo_uri', 'policy_uri', 'tos_uri'] as const;
const KNOWN: ReadonlySet<string> = new Set<keyof ClientMetadata>([
  'redirect_uris',
  'post_logout_redirect_uris',
  'grant_types',
  'response_types',
  'token_endpoint_auth_method',
  'application_type',
  'scope',
  'jwks',
  'jwks_uri',
  ...WEB_URIS,
]);

export const DEFAULT_SCOPE = 'openid profile email phone address offline_access';
const ITEMS_MAX = 100;
const SCOPE_MAX = 4_000;
// RFC 6749 §3.3
const SCOPE_TOKEN = /^[\x21\x23-\x5B\x5D-\x7E]+$/;

/**
 * Checks what a client is to be, and completes it. A field that is not known is refused, so that nothing rides along
 * and no typing mistake turns into a default.
 * @throws AppError 400 `invalid_input` with the field
 */
export function checkMetadata(input: MetadataInput): ClientMetadata {
  for (const name of Object.keys(input)) if (!KNOWN.has(name)) throw invalidInput(name, 'is not supported');
  const redirect_uris = uris('redirect_uris', input.redirect_uris);
  const post_logout_redirect_uris = uris('post_logout_redirect_uris', input.post_logout_redirect_uris);
  const token_endpoint_auth_method = oneOf(
    'token_endpoint_auth_method',
    input.token_endpoint_auth_method ?? 'client_secret_basic',
    AUTH_METHODS,
  );
  const isPublic = token_endpoint_auth_method === 'none';
  const grant_types = grantTypes(input.grant_types, { isPublic, hasRedirect: redirect_uris.length > 0 });
  const response_types = responseTypes(input.response_types, grant_types);
  return {
    redirect_uris,
    post_logout_redirect_uris,
    grant_types,
    response_types,
    token_endpoint_auth_method,
    application_type: applicationType(input.application_type, [...redirect_uris, ...post_logout_redirect_uris]),
    scope: checkScope('scope', input.scope ?? DEFAULT_SCOPE).join(' '),
    ...clientKeys(input, token_endpoint_auth_method),
    ...webUris(input),
  };
}

/**
 * @param value scope tokens separated by spaces (RFC 6749 §3.3), or a list of them
 * @returns them, each once
 * @throws AppError 400 `invalid_input` with the field
 */
export function checkScope(field: string, value: unknown): string[] {
  const tokens = typeof value === 'string' ? value.split(' ').filter((one) => one !== '') : value;
  const bad = invalidInput(field, 'must be scope names separated by spaces');
  if (!Array.isArray(tokens) || !tokens.every((one) => typeof one === 'string' && SCOPE_TOKEN.test(one))) throw bad;
  if (tokens.join(' ').length > SCOPE_MAX) throw invalidInput(field, `must have at most ${SCOPE_MAX} characters`);
  return [...new Set<string>(tokens)];
}

function grantTypes(value: unknown, client: { isPublic: boolean; hasRedirect: boolean }): GrantType[] {
  const field = 'grant_types';
  const fallback = GRANT_TYPES.filter(
    (type) =>
      (client.hasRedirect || type === 'client_credentials') && !(client.isPublic && type === 'client_credentials'),
  );
  const types = value === undefined ? fallback : listOf(field, value).map((one) => oneOf(field, one, GRANT_TYPES));
  if (types.length === 0) {
    // Only a public client without redirect URIs gets here by itself: there is nothing that it could do.
    throw value === undefined
      ? invalidInput('redirect_uris', 'a public client needs one')
      : invalidInput(field, 'must not be empty');
  }
  if (client.isPublic && types.includes('client_credentials')) {
    throw invalidInput(field, 'a public client cannot use client_credentials (RFC 6749 §4.4)');
  }
  if (types.includes('authorization_code') && !client.hasRedirect) {
    throw invalidInput('redirect_uris', 'authorization_code needs one');
  }
  if (types.includes('refresh_token') && !types.includes('authorization_code')) {
    throw invalidInput(field, 'refresh_token needs authorization_code');
  }
  return types;
}

function responseTypes(value: unknown, grants: readonly GrantType[]): 'code'[] {
  const field = 'response_types';
  const needed = RESPONSE_TYPES.filter(() => grants.includes('authorization_code'));
  if (value === undefined) return needed;
  const types = listOf(field, value).map((one) => oneOf(field, one, RESPONSE_TYPES));
  // RFC 7591 §2.1: the two lists must agree
  if (types.join() !== needed.join()) {
    throw invalidInput(field, `must be ${JSON.stringify(needed)} for these grant_types`);
  }
  return types;
}

/** OpenID Connect Dynamic Client Registration §2: which redirect URIs an application type may have. */
function applicationType(value: unknown, redirects: readonly string[]): 'web' | 'native' {
  const kinds = new Set(redirects.map(kindOfUri));
  // A loopback redirect alone makes no native app: it is what every web app has while it is being developed.
  const likely = kinds.has('private-use') ? 'native' : 'web';
  const type = oneOf('application_type', value ?? likely, APPLICATION_TYPES);
  if (type === 'web' && kinds.has('private-use')) {
    throw invalidInput('application_type', 'must be native for a redirect to a private-use scheme');
  }
  if (type === 'native' && kinds.has('loopback-https')) {
    throw invalidInput('redirect_uris', 'a native client redirects to a loopback address by http (RFC 8252 §7.3)');
  }
  return type;
}

function clientKeys(input: MetadataInput, method: AuthMethod): Pick<ClientMetadata, 'jwks' | 'jwks_uri'> {
  if (input.jwks !== undefined && input.jwks_uri !== undefined) {
    throw invalidInput('jwks', 'must not be given together with jwks_uri (RFC 7591 §2)');
  }
  if (method === 'private_key_jwt' && input.jwks === undefined && input.jwks_uri === undefined) {
    throw invalidInput('jwks', 'private_key_jwt needs jwks or jwks_uri');
  }
  return {
    ...(input.jwks === undefined ? {} : { jwks: checkJwks(input.jwks) }),
    ...(input.jwks_uri === undefined ? {} : { jwks_uri: checkWebUri('jwks_uri', text('jwks_uri', input.jwks_uri)) }),
  };
}

function webUris(input: MetadataInput): Pick<ClientMetadata, (typeof WEB_URIS)[number]> {
  const given = WEB_URIS.filter((name) => input[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, checkWebUri(name, text(name, input[name]))]));
}

// ---- shapes ----

function uris(field: string, value: unknown): string[] {
  return listOf(field, value ?? []).map((one) => checkRedirectUri(field, text(field, one)));
}

function listOf(field: string, value: unknown): unknown[] {
  if (!Array.isArray(value)) throw invalidInput(field, 'must be a list');
  if (value.length > ITEMS_MAX) throw invalidInput(field, `must have at most ${ITEMS_MAX} items`);
  return [...new Set<unknown>(value)];
}

function text(field: string, value: unknown): string {
  if (typeof value !== 'string') throw invalidInput(field, 'must be a text');
  return value;
}

function oneOf<T extends string>(field: string, value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw invalidInput(field, `must be one of ${allowed.join(', ')}`);
  return found;
}
