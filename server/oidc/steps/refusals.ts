import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import { COMPLETED, OPTIONAL } from '../../clients/metadata_fields.ts';
import { type Exchange, exchangeOf, type RefusalError } from '../exchange.ts';
import { responseModesOf } from '../seams.ts';

/**
 * Logs one line for a refused request: the refusal and its reason, what was sent and what is registered. Nothing secret:
 * parameters are named one by one below, texts are cut and stripped of what could be part of a token.
 */
export function logRefusal({ ctx, refusal, isReplay, services }: Exchange): void {
  if (!refusal || isReplay) return;
  const { event, error } = refusal;
  const clientId = ctx.oidc.client?.clientId;
  services.log.info(
    {
      event,
      requestId: ctx.res.getHeader('x-request-id'),
      clientId: clientId ?? legible(ctx.oidc.params?.client_id),
      ...(clientId === undefined ? { knownClient: false } : {}),
      reason: error.error,
      description: legible(error.error_description),
      detail: legible(error.error_detail),
      ...REFUSED_VALUES[refusedValue(error)]?.(ctx),
    },
    'refused',
  );
}

/** Replaces the provider's `error_description` (RFC 6749 §5.2) by one that says what to do. */
export function explainRefusal({ ctx, refusal }: Exchange): void {
  const body = ctx.body as { error?: unknown } | null;
  if (!refusal || typeof body !== 'object' || body?.error !== refusal.error.error) return;
  const description = remedyOf(refusal.error);
  if (description !== undefined) ctx.body = { ...body, error_description: description };
}

/** Does the same for errors that a browser takes to the client (RFC 6749 §4.1.2.1), in all response modes. */
export function explainRedirectedErrors(provider: Provider): void {
  const responseModes = responseModesOf(provider);
  for (const [mode, send] of [...responseModes]) {
    responseModes.set(mode, (ctx, redirectUri, answer) => {
      const { error = {} } = exchangeOf(ctx)?.refusal ?? {};
      const description = answer.error !== undefined && answer.error === error.error ? remedyOf(error) : undefined;
      return send(ctx, redirectUri, description === undefined ? answer : { ...answer, error_description: description });
    });
  }
}

function remedyOf({ error, error_detail = '', error_description = '' }: RefusalError): string | undefined {
  return REMEDIES.find(
    ({ error: code, detail, said }) =>
      code === error && (detail?.test(error_detail) ?? true) && (said?.test(error_description) ?? true),
  )?.description;
}

/**
 * Descriptions by the provider's error, its detail, and what it says itself. Unknown, expired, used and foreign tokens share one sentence, so that
 * it does not tell whether another client's token is valid.
 */
export const REMEDIES: readonly { error: string; detail?: RegExp; said?: RegExp; description: string }[] = [
  {
    error: 'invalid_grant',
    detail: /redirect_uri mismatch/,
    description: 'redirect_uri must be exactly the one of the authorization request',
  },
  {
    error: 'invalid_grant',
    detail: /^(authorization code|client mismatch.*code)/,
    description:
      'the code is unknown, expired, already used or of another client: begin again at the authorization endpoint',
  },
  {
    error: 'invalid_grant',
    detail: /second factor/,
    description: 'a second factor is required now: send the person to the authorization endpoint to sign in again',
  },
  {
    error: 'invalid_grant',
    detail: /DPoP|dpop_jkt|jkt/,
    description: 'the token is bound to a DPoP key: send a proof of the same key (RFC 9449)',
  },
  {
    error: 'invalid_grant',
    detail: /certificate|x5t#S256/,
    description: 'the token is bound to a client certificate: connect with the same one (RFC 8705)',
  },
  {
    error: 'invalid_grant',
    detail: /PKCE|verifier/i,
    description: 'code_verifier does not match the code_challenge of the authorization request (RFC 7636)',
  },
  {
    error: 'invalid_grant',
    detail: /^(refresh token|grant|client mismatch|accountId mismatch|.*account not found)/,
    description:
      'what was presented is unknown, expired, revoked, already used or of another client: ask the person to sign in again',
  },
  {
    error: 'unsupported_response_type',
    description:
      'this response_type is not offered: set the app to response_type=code; the implicit and the hybrid flow need CARDEA_PROFILE=oidc',
  },
  {
    error: 'invalid_request',
    said: /^requested response_type is not allowed/,
    description:
      'this app is not registered for this response_type: set the app to one of its response_types, such as code, or register it for this one',
  },
  {
    error: 'invalid_client',
    detail: /mechanism does not match/,
    description: 'authenticate in the way that is registered as token_endpoint_auth_method of this client',
  },
  {
    error: 'invalid_client',
    detail: /^audience \(aud\) must|^list of audience/,
    description:
      'aud of client_assertion must be the issuer of this server; except in the profile fapi2 also its token endpoint, this endpoint, or a list of only these',
  },
  {
    error: 'invalid_client',
    detail: /unique jti|iss \(|sub \(|aud \(|audience|expiration/,
    description:
      'client_assertion needs iss and sub of this client, aud of this server, exp and a jti (RFC 7523 section 3)',
  },
  {
    error: 'invalid_client',
    detail: /only be used once/,
    description: 'client_assertion was used before: make one with a new jti for each request (RFC 7523 section 3)',
  },
];

/** For each kind of refusal, the refused parameter and what is registered. */
const REFUSED_VALUES: Readonly<Record<string, (ctx: KoaContextWithOIDC) => Record<string, unknown>>> = {
  invalid_redirect_uri: ({ oidc }) => ({
    sent: withoutValues(oidc.params?.redirect_uri),
    registered: oidc.client?.redirectUris?.slice(0, MAX_REGISTERED),
  }),
  post_logout_redirect_uri: ({ oidc }) => ({
    sent: withoutValues(oidc.params?.post_logout_redirect_uri),
    registered: oidc.client?.postLogoutRedirectUris?.slice(0, MAX_REGISTERED),
  }),
  invalid_scope: ({ oidc }) => ({ sent: legible(oidc.params?.scope), registered: oidc.client?.scope }),
  invalid_target: ({ oidc }) => ({ sent: [oidc.params?.resource].flat().map(withoutValues) }),
  unsupported_grant_type: ({ oidc }) => ({
    sent: legible(oidc.params?.grant_type),
    registered: oidc.client?.grantTypes,
  }),
  unauthorized_client: ({ oidc }) => ({
    sent: legible(oidc.params?.grant_type ?? oidc.params?.response_type),
    registered: oidc.client && [...(oidc.client.grantTypes ?? []), ...(oidc.client.responseTypes ?? [])],
  }),
  unsupported_response_type: ({ oidc }) => ({
    sent: legible(oidc.params?.response_type),
    registered: oidc.client?.responseTypes,
  }),
  unsupported_response_mode: ({ oidc }) => ({ sent: legible(oidc.params?.response_mode) }),
  invalid_client: ({ oidc, request }) => ({
    sent: presentedMethod(request.headers.authorization, oidc.body),
    registered: oidc.client?.clientAuthMethod,
  }),
};

function refusedValue({ error, error_description: description = '', error_detail: detail = '' }: RefusalError): string {
  if (/post_logout_redirect_uri/.test(description)) return 'post_logout_redirect_uri';
  if (/redirect_uri mismatch/.test(detail)) return 'invalid_redirect_uri';
  return error ?? '';
}

/** The method by which a client tried to authenticate, without any credential. */
function presentedMethod(authorization: string | undefined, body: Record<string, unknown> | undefined): string {
  if (authorization !== undefined)
    return `authorization header: ${/^(basic|bearer|dpop)\b/i.exec(authorization)?.[0] ?? 'other'}`;
  if (body?.client_assertion !== undefined) return 'client_assertion';
  return body?.client_secret === undefined ? 'client_id alone' : 'client_secret in the body';
}

const MAX_CHARACTERS = 200;
const MAX_REGISTERED = 10;
/** A run of that length may be a token, a code or a part of one. */
const LONG_RUN = /[A-Za-z0-9_~+/=-]{25,}/g;
/** Names that our own descriptions have, and that are as long. */
const FIELDS: ReadonlySet<string> = new Set([...Object.keys(COMPLETED), ...Object.keys(OPTIONAL)]);

/** A message of JSON.parse that quotes what was sent. */
const QUOTED_JSON = /^[\s\S]*is not valid JSON$/;

/** @returns the text cut, without anything that could be secret or break a line; undefined for other types */
function legible(text: unknown): string | undefined {
  if (typeof text !== 'string') return undefined;
  return text
    .replace(QUOTED_JSON, 'it is not valid JSON')
    .slice(0, MAX_CHARACTERS)
    .replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '?')
    .replaceAll(/\S+@\S+/g, '[address]')
    .replaceAll(LONG_RUN, (run) => (FIELDS.has(run) ? run : '[long]'));
}

/** A URI with the names but not the values of its query, which may be personal, and without user, password, fragment. */
function withoutValues(uri: unknown): string | undefined {
  if (typeof uri !== 'string') return undefined;
  const [place = '', query = ''] = uri
    .slice(0, MAX_CHARACTERS)
    .replace(/#.*$/s, '')
    .split(/\?(.*)/s);
  const names = [...new URLSearchParams(query).keys()].map((name) => `${name}=…`).join('&');
  return legible(`${place.replace(/\/\/[^/]*@/, '//')}${names === '' ? '' : `?${names}`}`);
}
