import { errors } from 'oidc-provider';
import { AppError, faultOfSender, isUnavailable, unavailable } from '../platform/errors.ts';
import { challengeForProof, INVALID_PROOF } from './dpop.ts';
import type { Route } from './routes.ts';

export interface ErrorResponse {
  status: number;
  body: { error: string; error_description: string };
  /** WWW-Authenticate (RFC 9110 §11.6.1) */
  challenge?: string;
}

/** The codes of RFC 6749 §5.2 for errors of the database and of counters; the status is the error's own. */
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

export function errorResponse(thrown: unknown, route: Route): ErrorResponse {
  // A refusal that the provider could not send in the form that the client had asked for, such as encrypted.
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
  // /userinfo is a protected resource, where a proof is part of the authorization (RFC 9449 §7.1).
  if (error.code === INVALID_PROOF && route === 'userinfo')
    return { status: 401, body, challenge: challengeForProof(description) };
  return { status, body };
}
