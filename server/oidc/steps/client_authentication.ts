import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Exchange } from '../exchange.ts';

/** @throws AppError 429 for an address from which too many clients have failed to authenticate */
export async function limitFailedAuthentications({ ctx, services }: Exchange): Promise<void> {
  await services.authenticationLimit.assertAllowed(ctx.ip);
}

export async function countFailedAuthentication({ ctx, services }: Exchange): Promise<void> {
  if (ctx.status === 401) await services.authenticationLimit.count(ctx.ip);
}

const HEADER_FORM =
  'Authorization must be Basic, with the form-encoded id and secret joined by a colon, in base64 (RFC 6749 section 2.3.1)';

/** Failed authentications that the provider calls `invalid_request`, by its description, with one that says what to do. */
export const FAILURES: Readonly<Record<string, string>> = {
  'no client authentication mechanism provided':
    'authenticate the client in the way that is registered as its token_endpoint_auth_method; a public client sends its client_id',
  'invalid authorization header value format': HEADER_FORM,
  'client_id and client_secret in the authorization header are not properly encoded': HEADER_FORM,
  'client_secret must be provided in the Authorization header': HEADER_FORM,
  'invalid client_assertion format': 'client_assertion must be a JWT that the client has signed (RFC 7523 section 2.2)',
};

/**
 * RFC 6749 §5.2, RFC 7521 §4.2.1: a missing, malformed or unsupported client authentication is `invalid_client` with 401, and
 * with a challenge when the client used the Authorization header.
 */
export function nameFailedAuthentication(exchange: Exchange): void {
  const { ctx, refusal } = exchange;
  const { error, error_description: reason = '' } = refusal?.error ?? {};
  if (!refusal || error !== 'invalid_request' || !Object.hasOwn(FAILURES, reason)) return;
  const description = FAILURES[reason] as string;
  exchange.refusal = {
    ...refusal,
    error: { error: 'invalid_client', error_description: description, error_detail: reason },
  };
  ctx.status = 401;
  ctx.body = { error: 'invalid_client', error_description: description };
  if (ctx.headers.authorization !== undefined) ctx.set('www-authenticate', challenge(ctx, description));
}

/** RFC 7617 §2: the one scheme by which clients authenticate in this header. */
function challenge({ oidc }: KoaContextWithOIDC, description: string): string {
  return `Basic realm="${oidc.issuer}", error="invalid_client", error_description="${description}"`;
}
