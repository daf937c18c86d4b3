import { invalidInput } from '../platform/errors.ts';
import { checkItems } from '../platform/faults.ts';
import { type Accepted, createCheck, withoutMessages } from '../platform/json_schema.ts';
import { checkResourceIdentifier } from './uris.ts';

const IDENTIFIERS = {
  type: 'array',
  maxItems: 100,
  items: { type: 'string', minLength: 1, maxLength: 2_000 },
  must: 'must be a list of at most 100 texts',
} as const;

/** The policy of a client for token exchange (RFC 8693). A client without one may not exchange tokens. */
const POLICY = {
  type: 'object',
  additionalProperties: false,
  required: ['targets'],
  must: 'must be an object, or null',
  properties: {
    /** Clients whose access tokens it may present. */
    subject_clients: IDENTIFIERS,
    /** Resource servers for which the presented access token may have been issued. Either list admits a token. */
    subject_audiences: IDENTIFIERS,
    /** Resource servers for which it may get a token. */
    targets: { ...IDENTIFIERS, minItems: 1, must: 'must be a list of 1 to 100 resource servers' },
    /** It may act on behalf of a person, and be named as the actor (RFC 8693 §1.1). */
    delegation: { type: 'boolean' },
    /** It may be that person: the token does not say that another party acts (RFC 8693 §1.1). */
    impersonation: { type: 'boolean' },
  },
} as const;

export const EXCHANGE_POLICY_SCHEMA = withoutMessages(POLICY);
export const EXCHANGE_POLICY_MEMBERS = Object.keys(POLICY.properties);

export type ExchangePolicy = Required<Accepted<typeof POLICY>>;

const checkPolicy = createCheck(POLICY);

/**
 * @param value the policy as an operator wrote it; null for none
 * @throws AppError 400 `invalid_input`; the field is the wrong member, such as `token_exchange.targets`
 */
export function checkExchangePolicy(value: unknown): ExchangePolicy | null {
  if (value === null) return null;
  const field = 'token_exchange';
  const { delegation = false, impersonation = false, ...lists } = checkPolicy(field, value);
  const subject_clients = [...new Set(lists.subject_clients)];
  const subject_audiences = resources(`${field}.subject_audiences`, lists.subject_audiences);
  const targets = resources(`${field}.targets`, lists.targets);
  if (subject_clients.length + subject_audiences.length === 0) {
    throw invalidInput(`${field}.subject_clients`, 'or subject_audiences must name whose tokens may be presented');
  }
  if (!delegation && !impersonation) throw invalidInput(`${field}.delegation`, 'or impersonation must be true');
  return { subject_clients, subject_audiences, targets, delegation, impersonation };
}

function resources(field: string, identifiers: readonly string[] = []): string[] {
  return [...new Set(checkItems(field, identifiers, (one) => checkResourceIdentifier(field, one)))];
}
