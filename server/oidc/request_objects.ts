import { decodeJwt } from 'jose';
import { errors } from 'oidc-provider';

/** Parameters that are one text each, wherever they stand (OpenID Connect Core §3.1.2.1, RFC 7636, RFC 9449, CIBA Core). */
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
 * A request object is read before its signature is checked (RFC 9101 §6.2), and what is no text is made one: what an
 * object of JSON makes of that is its sender's to say.
 * @throws InvalidRequestObject for a parameter of the wrong type
 */
export function assertRequestObjectTypes({ request }: Readonly<Record<string, unknown>>): void {
  if (typeof request !== 'string' || request === '') return;
  const claims = claimsOf(request);
  if (!claims) return;
  const isText = (value: unknown) => typeof value === 'string';
  const wrong =
    TEXTS.find((name) => claims[name] !== undefined && !isText(claims[name])) ??
    NUMBERS.find((name) => claims[name] !== undefined && !['number', 'string'].includes(typeof claims[name]));
  if (wrong) throw new errors.InvalidRequestObject(`${wrong} has the wrong type`);
  const { resource, claims: asked, authorization_details: details } = claims;
  if (resource !== undefined && ![resource].flat().every(isText)) {
    throw new errors.InvalidRequestObject('resource must be a text or a list of texts');
  }
  if (asked !== undefined && !isText(asked) && (typeof asked !== 'object' || asked === null || Array.isArray(asked))) {
    throw new errors.InvalidRequestObject('claims must be an object');
  }
  if (details !== undefined && !isText(details) && !Array.isArray(details)) {
    throw new errors.InvalidRequestObject('authorization_details must be a list');
  }
}

/** @returns undefined for what the provider will say itself is no JWT */
function claimsOf(request: string): Record<string, unknown> | undefined {
  try {
    return decodeJwt(request);
  } catch {
    return undefined;
  }
}
