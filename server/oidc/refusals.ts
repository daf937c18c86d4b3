import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Logger } from '../platform/log.ts';

/** An error of the provider that a client or a browser caused. */
export interface RefusalError {
  readonly error?: string;
  readonly error_description?: string;
  /** For the operator alone: the provider keeps it from the client. */
  readonly error_detail?: string;
}

/** Of two errors of one request the last is the one that was answered. */
const refusals = new WeakMap<KoaContextWithOIDC, { event: string; error: RefusalError }>();

export function noteRefusal(ctx: KoaContextWithOIDC, event: string, error: RefusalError): void {
  refusals.set(ctx, { event, error });
}

/**
 * One line a refused request: what was refused and why, what was sent and what is registered. Nothing secret: parameters
 * are named one by one below, texts are cut and stripped of what could be part of a token.
 */
export function logRefusal(ctx: KoaContextWithOIDC, log: Logger): void {
  const noted = refusals.get(ctx);
  if (!noted) return;
  const { event, error } = noted;
  const clientId = ctx.oidc.client?.clientId;
  log.info(
    {
      event,
      requestId: ctx.res.getHeader('x-request-id'),
      clientId: clientId ?? legible(ctx.oidc.params?.client_id),
      ...(clientId === undefined ? { knownClient: false } : {}),
      reason: error.error,
      description: legible(error.error_description),
      detail: legible(error.error_detail),
      ...OFFENDING[offenceOf(error)]?.(ctx),
    },
    'refused',
  );
}

/** What the provider says too little of to the client: RFC 6749 §5.2 leaves `error_description` to us. */
export function explainRefusal(ctx: KoaContextWithOIDC): void {
  const noted = refusals.get(ctx);
  const body = ctx.body as { error?: unknown } | null;
  if (!noted || typeof body !== 'object' || body?.error !== noted.error.error) return;
  const explain = REMEDIES.find(
    ({ error, detail }) => error === noted.error.error && detail.test(noted.error.error_detail ?? ''),
  );
  if (explain) ctx.body = { ...body, error_description: explain.description };
}

/**
 * By error and the provider's own detail. Unknown, expired, used and foreign tokens are told in one sentence, so that
 * nobody learns from it that a token of somebody else is good.
 */
const REMEDIES: readonly { error: string; detail: RegExp; description: string }[] = [
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
    error: 'invalid_client',
    detail: /mechanism does not match/,
    description: 'authenticate in the way that is registered as token_endpoint_auth_method of this client',
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

/** What was sent, and what is registered, by the kind of offence. */
const OFFENDING: Readonly<Record<string, (ctx: KoaContextWithOIDC) => Record<string, unknown>>> = {
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

function offenceOf({ error, error_description: description = '', error_detail: detail = '' }: RefusalError): string {
  if (/post_logout_redirect_uri/.test(description)) return 'post_logout_redirect_uri';
  if (/redirect_uri mismatch/.test(detail)) return 'invalid_redirect_uri';
  return error ?? '';
}

/** How a client tried to authenticate, never with what. */
function presentedMethod(authorization: string | undefined, body: Record<string, unknown> | undefined): string {
  if (authorization !== undefined)
    return `authorization header: ${/^(basic|bearer|dpop)\b/i.exec(authorization)?.[0] ?? 'other'}`;
  if (body?.client_assertion !== undefined) return 'client_assertion';
  return body?.client_secret === undefined ? 'client_id alone' : 'client_secret in the body';
}

const MAX_CHARACTERS = 200;
const MAX_REGISTERED = 10;
/** A run that long may be a token, a code or a part of one. */
const LONG_RUN = /[A-Za-z0-9_~+/=-]{25,}/g;

/** @returns undefined unless it is a text; cut, with everything out of it that could be secret or break a line */
function legible(text: unknown): string | undefined {
  if (typeof text !== 'string') return undefined;
  return text
    .slice(0, MAX_CHARACTERS)
    .replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '?')
    .replaceAll(/\S+@\S+/g, '[address]')
    .replaceAll(LONG_RUN, '[long]');
}

/** A URI with the names of its query, whose values may be personal, and without user, password and fragment. */
function withoutValues(uri: unknown): string | undefined {
  if (typeof uri !== 'string') return undefined;
  const [place = '', query = ''] = uri
    .slice(0, MAX_CHARACTERS)
    .replace(/#.*$/s, '')
    .split(/\?(.*)/s);
  const names = [...new URLSearchParams(query).keys()].map((name) => `${name}=…`).join('&');
  return legible(`${place.replace(/\/\/[^/]*@/, '//')}${names === '' ? '' : `?${names}`}`);
}
