import { errors } from 'oidc-provider';

/**
 * The longest value of each parameter, in bytes of UTF-8. An authorization request is stored before a person has
 * authenticated, so each part of it is limited to the length that the standards and common practice need. Discovery has
 * no metadata for these limits; errors name the parameter and its limit.
 */
const LIMITS: Readonly<Record<string, number>> = {
  acr_values: 1_024,
  audience: 512,
  authorization_details: 8_192,
  binding_message: 2_048, // 64 characters, with an error of its own (CIBA Core 1.0 §13): see ciba.ts
  claims: 4_096,
  claims_locales: 256,
  client_notification_token: 1_024, // CIBA Core 1.0 §7.1
  // RFC 7636 §4.2 allows 128; the provider's check of the form refuses a slightly longer one, with an error at the client.
  code_challenge: 256,
  code_challenge_method: 32,
  code_verifier: 128, // RFC 7636 §4.1
  display: 32,
  dpop_jkt: 128,
  grant_type: 256,
  login_hint: 320, // RFC 5321 §4.5.3.1: the longest e-mail address
  max_age: 32,
  nonce: 1_024,
  prompt: 128,
  redirect_uri: 2_048,
  request_uri: 512, // RFC 9101 §5.2
  requested_expiry: 32,
  resource: 512,
  response_mode: 64,
  response_type: 128,
  scope: 2_048,
  state: 2_048,
  ui_locales: 256,
  user_code: 128,
  // Tokens, which are longer because of their claims. Of these only id_token_hint is stored.
  access_token: 16_384,
  actor_token: 16_384,
  client_assertion: 16_384,
  id_token_hint: 8_192,
  login_hint_token: 8_192,
  request: 16_384,
  subject_token: 16_384,
  token: 16_384,
};

/** The limit of all other parameters, so that a new one always has a limit. */
const OTHERS = 2_048;

/** How often a parameter may be sent that may be repeated (RFC 8707 §2, RFC 8693 §2.1). */
const MOST_VALUES = 10;

/** The limit of all stored parameters of a request together. */
const ALL_TOGETHER = 16_384;

/** Used in the request itself and not stored. */
const UNSTORED = new Set(['request', 'client_assertion', 'subject_token', 'actor_token', 'token', 'access_token']);

/**
 * @param params of a request, or the claims of a request object (RFC 9101 §4), of which objects count as their JSON
 * @throws InvalidRequest with the parameter's name and its limit
 */
export function assertParameterSizes(params: Readonly<Record<string, unknown>>): void {
  let stored = 0;
  for (const [name, given] of Object.entries(params)) {
    if (given === undefined || given === null) continue;
    const limit = limitOf(name);
    const values = Array.isArray(given) && given.every((one) => typeof one === 'string') ? given : [given];
    if (values.length > MOST_VALUES) throw refusal(`${name} must not be sent more than ${MOST_VALUES} times`);
    for (const value of values) {
      const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
      const bytes = Buffer.byteLength(text);
      if (bytes > limit) throw refusal(`${name} must not be longer than ${limit} bytes`);
      if (!UNSTORED.has(name)) stored += bytes;
    }
  }
  if (stored > ALL_TOGETHER) {
    throw refusal(`the parameters must not be longer than ${ALL_TOGETHER} bytes together`);
  }
}

export const limitOf = (name: string): number => (Object.hasOwn(LIMITS, name) ? (LIMITS[name] ?? OTHERS) : OTHERS);

/** Shown as a page: the client is not sent a request that is too long either. */
function refusal(description: string): Error {
  return Object.assign(new errors.InvalidRequest(description), { allow_redirect: false });
}
