import { invalidInput } from '../platform/errors.ts';
import { type Accepted, createCheck, withoutMessages } from '../platform/json_schema.ts';

/** The targets of a mapped claim: the ID token, the userinfo response, or access tokens (and so introspection). */
export const CLAIM_TARGETS = ['id_token', 'userinfo', 'access_token'] as const;
export type ClaimTarget = (typeof CLAIM_TARGETS)[number];

export const ACCOUNT_CLAIMS = [
  ...['email', 'email_verified', 'preferred_username', 'name', 'given_name', 'family_name', 'middle_name', 'nickname'],
  ...['profile', 'picture', 'website', 'gender', 'birthdate', 'zoneinfo', 'locale', 'phone_number'],
  ...['phone_number_verified', 'address'],
] as const;

const NAME = { type: 'string', minLength: 1, maxLength: 200, must: 'must be a text of 1 to 200 characters' } as const;

/** Which groups or roles become the value of a claim. */
const NAME_SELECTION = {
  must: 'must be true, or have prefix or map',
  anyOf: [
    /** All of them. */
    { const: true },
    {
      type: 'object',
      additionalProperties: false,
      minProperties: 1,
      maxProperties: 1,
      properties: {
        /** Those that begin with it, without it. */
        prefix: NAME,
        /** The members, by another name. */
        map: {
          type: 'object',
          minProperties: 1,
          maxProperties: 200,
          additionalProperties: NAME,
          must: 'must have 1 to 200 members',
        },
      },
    },
  ],
} as const;

const RULE = {
  type: 'object',
  additionalProperties: false,
  required: ['claim', 'into', 'from'],
  must: 'must be an object',
  properties: {
    claim: {
      type: 'string',
      maxLength: 200,
      // Printable, without characters that JSON escapes, and not __proto__.
      pattern: '^(?!__)[\\x21\\x23-\\x5B\\x5D-\\x7E]+$',
      must: 'must be a name of at most 200 printable characters',
    },
    into: {
      type: 'array',
      minItems: 1,
      items: { enum: CLAIM_TARGETS },
      must: `must be a list of ${CLAIM_TARGETS.join(', ')}`,
    },
    /** The source of the value. A claim without a value is left out. */
    from: {
      type: 'object',
      additionalProperties: false,
      minProperties: 1,
      maxProperties: 1,
      must: 'must have one of static, account, groups, roles',
      properties: {
        /** The same in all tokens, also in those without a person. */
        static: {},
        /** A standard claim of the account (OpenID Connect Core §5.1), by its name there. */
        account: { enum: ACCOUNT_CLAIMS },
        groups: NAME_SELECTION,
        roles: NAME_SELECTION,
      },
    },
    /** Only when this scope was granted (RFC 6749 §3.3). */
    scope: {
      type: 'string',
      maxLength: 4_000,
      pattern: '^[\\x21\\x23-\\x5B\\x5D-\\x7E]+$',
      must: 'must be one scope name',
    },
  },
} as const;

const RULES = { type: 'array', maxItems: 50, items: RULE, must: 'must be a list of at most 50 rules' } as const;

export const CLAIM_MAPPING_SCHEMA = withoutMessages(RULES);

export type ClaimRule = Accepted<typeof RULE>;
type ClaimSource = ClaimRule['from'];
type NameSelection = NonNullable<ClaimSource['groups']>;

/** Claims with a fixed meaning: a rule must not change what a verifier reads in them. */
const RESERVED: ReadonlySet<string> = new Set([
  // RFC 7519 §4.1, OpenID Connect Core §2, RFC 7800, RFC 8417, RFC 8693 §4, RFC 9068 §2.2, RFC 9396 §9
  ...['iss', 'sub', 'aud', 'exp', 'iat', 'nbf', 'jti', 'auth_time', 'nonce', 'acr', 'amr', 'azp', 'at_hash', 'c_hash'],
  ...['s_hash', 'sid', 'client_id', 'scope', 'cnf', 'act', 'may_act', 'events', 'authorization_details'],
  // RFC 7662 §2.2, OpenID Connect Core §5.6.2, draft-ietf-oauth-status-list
  ...['active', 'token_type', '_claim_names', '_claim_sources', 'status'],
  // Cardea's own, see server/oidc/jwt_access_tokens.ts
  'cardea_grant',
  // FAPI-CIBA binds tokens to requests by these URNs
  'urn:openid:params:jwt:claim:auth_req_id',
  'urn:openid:params:jwt:claim:rt_hash',
]);

const VALUE_MAX = 2_000;

const checkRules = createCheck(RULES);

/**
 * @param value a list of rules, as an operator wrote them
 * @throws AppError 400 `invalid_input`; the field is the wrong member, such as `claim_mapping[0].claim`
 */
export function checkClaimMapping(value: unknown): ClaimRule[] {
  const field = 'claim_mapping';
  return checkRules(field, value).map((rule, index) => {
    const { claim, into, from } = rule;
    if (RESERVED.has(claim)) throw invalidInput(`${field}[${index}].claim`, `${claim} has a fixed meaning in tokens`);
    const size = 'static' in from ? (JSON.stringify(from.static)?.length ?? 0) : 0;
    if ('static' in from && (from.static === null || size === 0 || size > VALUE_MAX)) {
      const message = `must be a JSON value of at most ${VALUE_MAX} characters, and not null`;
      throw invalidInput(`${field}[${index}].from.static`, message);
    }
    return { ...rule, into: CLAIM_TARGETS.filter((one) => into.includes(one)) };
  });
}

/** The account and the scopes of a token. */
export interface MappedSubject {
  readonly scopes: ReadonlySet<string>;
  /** All claims of the account, including `groups` and `roles`; undefined for a token without a person. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * The claims that a client's rules add to a token or response. A claim without a value is left out, never null or empty
 * (OpenID Connect Core §5.3.2). Of several rules for a claim the last one with a value applies.
 */
export function mappedClaims(
  rules: readonly ClaimRule[],
  target: ClaimTarget,
  subject: MappedSubject,
): Record<string, unknown> {
  const claims: Record<string, unknown> = {};
  for (const { claim, into, from, scope } of rules) {
    if (!into.includes(target) || (scope !== undefined && !subject.scopes.has(scope))) continue;
    const value = mappedValue(from, subject.claims);
    if (value !== undefined) claims[claim] = value;
  }
  return claims;
}

function mappedValue(from: ClaimSource, claims: MappedSubject['claims']): unknown {
  if ('static' in from) return from.static;
  if (from.account !== undefined) return claims?.[from.account];
  const [names, selection] = from.groups === undefined ? [claims?.roles, from.roles] : [claims?.groups, from.groups];
  const selected = [...new Set(select(selection, Array.isArray(names) ? (names as string[]) : []))];
  return selected.length > 0 ? selected : undefined;
}

function select(selection: NameSelection | undefined, names: readonly string[]): string[] {
  if (selection === undefined || selection === true) return [...names];
  const { prefix, map = {} } = selection;
  if (prefix !== undefined) {
    return names.filter((one) => one.startsWith(prefix) && one !== prefix).map((one) => one.slice(prefix.length));
  }
  return names.flatMap((one) => (Object.hasOwn(map, one) ? [map[one] as string] : []));
}
