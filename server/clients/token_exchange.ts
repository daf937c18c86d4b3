import { invalidInput } from '../platform/errors.ts';
import { checkResourceIdentifier } from './uris.ts';

/** What a client may do by token exchange (RFC 8693). All of it is refused to a client without such a policy. */
export interface ExchangePolicy {
  /** Clients whose access tokens it may present. */
  readonly subject_clients: readonly string[];
  /** Resource servers for which the presented access token may have been issued. Either list admits a token. */
  readonly subject_audiences: readonly string[];
  /** Resource servers for which it may get a token. */
  readonly targets: readonly string[];
  /** It may act on behalf of a person, and be named as who acts (RFC 8693 §1.1). */
  readonly delegation: boolean;
  /** It may be that person: nobody can see from the token that somebody else acts (RFC 8693 §1.1). */
  readonly impersonation: boolean;
}

const LISTS = ['subject_clients', 'subject_audiences', 'targets'] as const;
const SWITCHES = ['delegation', 'impersonation'] as const;
const ITEMS_MAX = 100;
const ID_MAX = 2_000;

/**
 * @param value the policy as an operator wrote it; null for none
 * @throws AppError 400 `invalid_input`; the field is where the fault is, such as `token_exchange.targets`
 */
export function checkExchangePolicy(value: unknown): ExchangePolicy | null {
  const field = 'token_exchange';
  if (value === null) return null;
  if (typeof value !== 'object' || Array.isArray(value)) throw invalidInput(field, 'must be an object, or null');
  const input = value as Record<string, unknown>;
  for (const name of Object.keys(input)) {
    if (![...LISTS, ...SWITCHES].some((known) => known === name)) {
      throw invalidInput(`${field}.${name}`, 'is not supported');
    }
  }
  const subject_clients = texts(`${field}.subject_clients`, input.subject_clients);
  const subject_audiences = resources(`${field}.subject_audiences`, input.subject_audiences);
  const targets = resources(`${field}.targets`, input.targets);
  const [delegation, impersonation] = SWITCHES.map((name) => isOn(`${field}.${name}`, input[name]));
  if (targets.length === 0) throw invalidInput(`${field}.targets`, 'must name a resource server');
  if (subject_clients.length + subject_audiences.length === 0) {
    throw invalidInput(`${field}.subject_clients`, 'or subject_audiences must name whose tokens may be presented');
  }
  if (!delegation && !impersonation) throw invalidInput(`${field}.delegation`, 'or impersonation must be true');
  return {
    subject_clients,
    subject_audiences,
    targets,
    delegation: delegation === true,
    impersonation: impersonation === true,
  };
}

function resources(field: string, value: unknown): string[] {
  return texts(field, value).map((one) => checkResourceIdentifier(field, one));
}

function texts(field: string, value: unknown = []): string[] {
  const isText = (one: unknown) => typeof one === 'string' && one !== '' && one.length <= ID_MAX;
  if (!Array.isArray(value) || value.length > ITEMS_MAX || !value.every(isText)) {
    throw invalidInput(field, `must be a list of at most ${ITEMS_MAX} texts`);
  }
  return [...new Set<string>(value)];
}

function isOn(field: string, value: unknown = false): boolean {
  if (typeof value !== 'boolean') throw invalidInput(field, 'must be true or false');
  return value;
}
