import { invalidInput } from '../platform/errors.ts';
import { checkScope } from './readers.ts';

/** Where a mapped claim goes: the ID token, the userinfo answer, or access tokens (and so introspection). */
export const CLAIM_TARGETS = ['id_token', 'userinfo', 'access_token'] as const;
export type ClaimTarget = (typeof CLAIM_TARGETS)[number];

/** Where its value comes from. What an account lacks leaves the claim out. */
export type ClaimSource =
  /** The same for everybody, and for tokens without a person. */
  | { readonly static: unknown }
  /** A standard claim of the account (OpenID Connect Core §5.1), by its name there. */
  | { readonly account: string }
  /** What the operator says of the person. */
  | { readonly groups: NamesTaken }
  | { readonly roles: NamesTaken };

export type NamesTaken =
  /** All of them. */
  | true
  /** Those that begin so, without that beginning. */
  | { readonly prefix: string }
  /** Those that are named, by the name given to them here. */
  | { readonly map: Readonly<Record<string, string>> };

export interface ClaimRule {
  readonly claim: string;
  readonly into: readonly ClaimTarget[];
  readonly from: ClaimSource;
  /** Only when this scope was granted. */
  readonly scope?: string;
}

/** What a token says by itself, or will: nobody who reads these may be told something else. */
const RESERVED: ReadonlySet<string> = new Set([
  // RFC 7519 §4.1, OpenID Connect Core §2, RFC 7800, RFC 8417, RFC 8693 §4, RFC 9068 §2.2, RFC 9396 §9
  ...['iss', 'sub', 'aud', 'exp', 'iat', 'nbf', 'jti', 'auth_time', 'nonce', 'acr', 'amr', 'azp', 'at_hash', 'c_hash'],
  ...['s_hash', 'sid', 'client_id', 'scope', 'cnf', 'act', 'may_act', 'events', 'authorization_details'],
  // RFC 7662 §2.2, OpenID Connect Core §5.6.2, draft-ietf-oauth-status-list
  ...['active', 'token_type', '_claim_names', '_claim_sources', 'status'],
  // ours, see server/oidc/jwt_access_tokens.ts
  'cardea_grant',
  // FAPI-CIBA and the like bind further things by a URN of their own
  'urn:openid:params:jwt:claim:auth_req_id',
  'urn:openid:params:jwt:claim:rt_hash',
]);

export const ACCOUNT_CLAIMS = [
  ...['email', 'email_verified', 'preferred_username', 'name', 'given_name', 'family_name', 'middle_name', 'nickname'],
  ...['profile', 'picture', 'website', 'gender', 'birthdate', 'zoneinfo', 'locale', 'phone_number'],
  ...['phone_number_verified', 'address'],
] as const;

const SOURCES = ['static', 'account', 'groups', 'roles'];

const RULES_MAX = 50;
const CLAIM_MAX = 200;
const VALUE_MAX = 2_000;
const NAMES_MAX = 200;
// Printable, without what JSON would have to escape; a name such as __proto__ is nobody's claim.
const CLAIM_NAME = /^(?!__)[\x21\x23-\x5B\x5D-\x7E]+$/;

/**
 * @param value a list of rules, as an operator wrote them
 * @throws AppError 400 `invalid_input`; the field is where the fault is, such as `claim_mapping[0].claim`
 */
export function checkClaimMapping(value: unknown): ClaimRule[] {
  const field = 'claim_mapping';
  if (!Array.isArray(value)) throw invalidInput(field, 'must be a list of rules');
  if (value.length > RULES_MAX) throw invalidInput(field, `must have at most ${RULES_MAX} rules`);
  return value.map((rule, index) => checkRule(`${field}[${index}]`, rule));
}

function checkRule(field: string, value: unknown): ClaimRule {
  const { claim, into, from, scope } = members(field, value, ['claim', 'into', 'from', 'scope']);
  if (typeof claim !== 'string' || claim.length > CLAIM_MAX || !CLAIM_NAME.test(claim)) {
    throw invalidInput(`${field}.claim`, `must be a name of at most ${CLAIM_MAX} printable characters`);
  }
  if (RESERVED.has(claim)) throw invalidInput(`${field}.claim`, `${claim} is what tokens say by themselves`);
  const targets = Array.isArray(into) ? CLAIM_TARGETS.filter((one) => into.includes(one)) : [];
  if (!Array.isArray(into) || targets.length === 0 || targets.length !== new Set(into).size) {
    throw invalidInput(`${field}.into`, `must be a list of ${CLAIM_TARGETS.join(', ')}`);
  }
  const rule = { claim, into: targets, from: checkSource(`${field}.from`, from) };
  if (scope === undefined) return rule;
  const [only, ...more] = checkScope(`${field}.scope`, scope);
  if (only === undefined || more.length > 0) throw invalidInput(`${field}.scope`, 'must be one scope name');
  return { ...rule, scope: only };
}

function checkSource(field: string, value: unknown): ClaimSource {
  const source = members(field, value, SOURCES);
  const [kind, ...more] = Object.keys(source);
  if (kind === undefined || more.length > 0) throw invalidInput(field, `must have one of ${SOURCES.join(', ')}`);
  if (kind === 'static') {
    const text = JSON.stringify(source.static) ?? '';
    if (text === '' || text === 'null' || text.length > VALUE_MAX) {
      throw invalidInput(`${field}.static`, `must be a JSON value of at most ${VALUE_MAX} characters, and not null`);
    }
    return { static: source.static };
  }
  if (kind === 'groups') return { groups: checkNamesTaken(`${field}.groups`, source.groups) };
  if (kind === 'roles') return { roles: checkNamesTaken(`${field}.roles`, source.roles) };
  const account = ACCOUNT_CLAIMS.find((one) => one === source.account);
  if (account === undefined) {
    throw invalidInput(`${field}.account`, `must be one of ${ACCOUNT_CLAIMS.join(', ')}`);
  }
  return { account };
}

function checkNamesTaken(field: string, value: unknown): NamesTaken {
  if (value === true) return true;
  const { prefix, map } = members(field, value, ['prefix', 'map']);
  if ((prefix === undefined) === (map === undefined)) throw invalidInput(field, 'must be true, or have prefix or map');
  if (prefix !== undefined) {
    if (typeof prefix !== 'string' || prefix === '' || prefix.length > CLAIM_MAX) {
      throw invalidInput(`${field}.prefix`, `must be a text of 1 to ${CLAIM_MAX} characters`);
    }
    return { prefix };
  }
  const names = Object.entries(members(`${field}.map`, map));
  for (const [before, name] of names) {
    if (typeof name !== 'string' || name === '' || name.length > CLAIM_MAX) {
      throw invalidInput(`${field}.map.${before}`, `must be a text of 1 to ${CLAIM_MAX} characters`);
    }
  }
  if (names.length === 0 || names.length > NAMES_MAX) {
    throw invalidInput(`${field}.map`, `must have 1 to ${NAMES_MAX} members`);
  }
  return { map: Object.fromEntries(names) as Record<string, string> };
}

/** @param known members that there may be; every one when not given */
function members(field: string, value: unknown, known?: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidInput(field, 'must be an object');
  }
  for (const name of Object.keys(value)) {
    if (known && !known.includes(name)) throw invalidInput(`${field}.${name}`, 'is not supported');
  }
  return value as Record<string, unknown>;
}

/** Whom a token is about, as far as rules ask. */
export interface MappedSubject {
  readonly scopes: ReadonlySet<string>;
  /** Every claim that the account has a value for, `groups` and `roles` among them; undefined for a token without a person. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * The claims that a client's rules put into a token or an answer. What has no value is left out, never null or empty
 * (OpenID Connect Core §5.3.2). Of rules for the same claim the last one that has a value counts.
 */
export function mappedClaims(
  rules: readonly ClaimRule[],
  target: ClaimTarget,
  subject: MappedSubject,
): Record<string, unknown> {
  const claims: Record<string, unknown> = {};
  for (const { claim, into, from, scope } of rules) {
    if (!into.includes(target) || (scope !== undefined && !subject.scopes.has(scope))) continue;
    const value = found(from, subject.claims);
    if (value !== undefined) claims[claim] = value;
  }
  return claims;
}

function found(from: ClaimSource, claims: MappedSubject['claims']): unknown {
  if ('static' in from) return from.static;
  if ('account' in from) return claims?.[from.account];
  const [names, what] = 'groups' in from ? [claims?.groups, from.groups] : [claims?.roles, from.roles];
  const taken = [...new Set(taking(what, Array.isArray(names) ? (names as string[]) : []))];
  return taken.length > 0 ? taken : undefined;
}

function taking(what: NamesTaken, names: readonly string[]): string[] {
  if (what === true) return [...names];
  if ('prefix' in what) {
    const { prefix } = what;
    return names.filter((one) => one.startsWith(prefix) && one !== prefix).map((one) => one.slice(prefix.length));
  }
  const { map } = what;
  return names.flatMap((one) => (Object.hasOwn(map, one) ? [map[one] as string] : []));
}
