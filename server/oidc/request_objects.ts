import { decodeJwt } from 'jose';
import { errors } from 'oidc-provider';

/** Parameters that are a string (OpenID Connect Core §3.1.2.1, RFC 7636, RFC 9449, CIBA Core). */
const TEXTS = [
  'acr_values',
  'binding_message',
  'client_id',
  'client_notification_token',
  'code_challenge',
  'code_challenge_method',
  'display',
  'dpop_jkt',
  'id_token_hint',
  'login_hint',
  'login_hint_token',
  'nonce',
  'prompt',
  'redirect_uri',
  'request',
  'request_context',
  'request_uri',
  'response_mode',
  'response_type',
  'scope',
  'state',
  'ui_locales',
  'user_code',
];
const NUMBERS = ['max_age', 'requested_expiry'];

/**
 * The provider reads a request object before it checks the signature (RFC 9101 §6.2), and converts values to strings. A
 * value of another type could become a string that the sender chooses.
 * @throws InvalidRequestObject for a parameter of the wrong type
 */
export function assertRequestObjectTypes({ request }: Readonly<Record<string, unknown>>): void {
  if (typeof request !== 'string' || request === '') return;
  const claims = claimsOf(request);
  if (!claims) return;
  const isText = (value: unknown) => typeof value === 'string';
  const wrongType =
    TEXTS.find((name) => claims[name] !== undefined && !isText(claims[name])) ??
    NUMBERS.find((name) => claims[name] !== undefined && !['number', 'string'].includes(typeof claims[name]));
  if (wrongType) throw new errors.InvalidRequestObject(`${wrongType} has the wrong type`);
  const { resource, claims: requested, authorization_details: details } = claims;
  if (resource !== undefined && ![resource].flat().every(isText)) {
    throw new errors.InvalidRequestObject('resource must be a text or a list of texts');
  }
  if (
    requested !== undefined &&
    !isText(requested) &&
    (typeof requested !== 'object' || requested === null || Array.isArray(requested))
  ) {
    throw new errors.InvalidRequestObject('claims must be an object');
  }
  if (details !== undefined && !isText(details) && !Array.isArray(details)) {
    throw new errors.InvalidRequestObject('authorization_details must be a list');
  }
}

/** @returns undefined for a value that is not a JWT, which the provider refuses */
function claimsOf(request: string): Record<string, unknown> | undefined {
  try {
    return decodeJwt(request);
  } catch {
    return undefined;
  }
}
