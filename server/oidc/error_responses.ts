import { errors } from 'oidc-provider';
import { AppError, faultOfSender, isUnavailable, unavailable } from '../platform/errors.ts';
import { challengeForProof, INVALID_PROOF } from './dpop.ts';
import { ROUTES } from './routes.ts';

export interface ErrorResponse {
  status: number;
  body: { error: string; error_description: string };
  /** WWW-Authenticate (RFC 9110 §11.6.1) */
  challenge?: string;
}

/** RFC 6749 §5.2 for what only the database, or a counter, could decide; the status is the error's own. */
const OAUTH_ERRORS: Readonly<Record<string, string>> = {
  already_used: 'invalid_grant',
  credentials_changed: 'interaction_expired',
  grant_revoked: 'invalid_grant',
  malformed_value: 'invalid_request',
  out_of_range: 'invalid_request',
  rate_limited: 'temporarily_unavailable',
  replayed: 'invalid_client',
  request_uri_worn_out: 'invalid_request_uri',
};

/** @param path at which it happened */
export function errorResponse(thrown: unknown, path: string): ErrorResponse {
  // The provider failed to say so in the way that the client had asked for: encrypted, when that was what failed.
  if (thrown instanceof errors.OIDCProviderError && thrown.statusCode < 500) {
    const { statusCode: status, error, error_description = 'the request is invalid' } = thrown;
    return { status, body: { error, error_description } };
  }
  const error = faultOfSender(thrown) ?? thrown;
  if (!(error instanceof AppError) || (error.status >= 500 && !isUnavailable(error)))
    return { status: 500, body: { error: 'server_error', error_description: 'something went wrong' } };
  const { status } = error;
  const description = status === 503 ? unavailable('a service that Cardea needs').message : error.message;
  const body = { error: OAUTH_ERRORS[error.code] ?? error.code, error_description: description };
  // To a resource, which /userinfo is, a proof is part of the authorization (RFC 9449 §7.1).
  if (error.code === INVALID_PROOF && path === ROUTES.userinfo)
    return { status: 401, body, challenge: challengeForProof(description) };
  return { status, body };
}
