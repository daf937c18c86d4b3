import { invalidInput } from '../platform/errors.ts';
import type { Condition, FieldValue, FilterValue } from '../platform/filter.ts';
import type { CompileComparison, ListField } from '../platform/listing.ts';
import type { Account } from './account.ts';
import { normaliseName } from './profile.ts';
import { type AttributeKind, attributeToken, type SEARCHED, type SearchTokens, searchForm } from './search_tokens.ts';

/* The fields by which lists of accounts are filtered, searched and sorted. */

export interface AccountField extends ListField {
  /** The values of the field for an account. */
  readonly read: (account: Account) => FieldValue;
  /** The tokens of which an account that matches has one: comparisons with such a field are ranges of `account_index`. */
  readonly token?: (value: FilterValue) => string | undefined;
  /** The profile is sealed: the database finds some too many, which are left out when the profile is opened. */
  readonly sealed?: true;
}

export type AccountFields = Readonly<Record<string, AccountField>>;

/** Said with the refusal of an operator that is possible for others. */
const RESTRICTED = 'beginnings, and given and family names, need the permission users:read:pii';

/**
 * @param whole texts of a profile are compared as a whole alone. For somebody who must not see them: comparisons with beginnings would
 *   give away one letter after the other, and a list of given names would give away all of them
 */
export function accountFields(tokens: SearchTokens, whole = false): AccountFields {
  const text = (member: (typeof SEARCHED)[number]): AccountField => ({
    type: 'text',
    ...(whole
      ? { operators: WHOLE.includes(member) ? ['eq'] : [], otherwise: RESTRICTED }
      : { operators: ['eq', 'sw'] }),
    normalise: searchForm,
    sealed: true,
    read: (account) => (account[member] === undefined ? undefined : searchForm(account[member])),
    token: (value) => tokens.ofBeginning(String(value)),
    sql: beginning(tokens),
  });
  return {
    id: { type: 'id', operators: ['eq'], sql: 'a.id', read: ({ id }) => id },
    email: text('email'),
    username: text('username'),
    name: text('name'),
    given_name: text('givenName'),
    family_name: text('familyName'),
    groups: {
      ...attribute('group', 'texts', 'a.groups', ({ groups }) => groups),
      normalise: normaliseName,
    },
    roles: attribute('role', 'texts', 'a.roles', ({ roles }) => roles),
    second_factors: attribute('second_factor', 'texts', 'a.second_factors', ({ secondFactors }) => secondFactors),
    disabled: attribute('disabled', 'boolean', '(a.disabled_at IS NOT NULL)', ({ disabled }) => disabled),
    has_password: attribute(
      'has_password',
      'boolean',
      '(a.password_hash IS NOT NULL)',
      ({ passwordHash }) => passwordHash !== null,
    ),
    deletion_planned: whereTrue(
      'deletion_planned',
      '(a.deletion_due_at IS NOT NULL)',
      ({ deletion }) => deletion !== undefined,
    ),
    restricted: whereTrue(
      'restricted',
      '(a.restricted_at IS NOT NULL)',
      ({ restriction }) => restriction !== undefined,
    ),
    deletion_due_at: time('a.deletion_due_at', ({ deletion }) => deletion?.dueAt),
    created_at: time('a.created_at', ({ createdAt }) => createdAt),
    updated_at: time('a.updated_at', ({ updatedAt }) => updatedAt),
  };
}

/** Too many rather than too few: the others are left out when the profile is opened. */
function beginning(tokens: SearchTokens): CompileComparison {
  return (_op, value, add, negated) => {
    if (negated) return 'false';
    const token = tokens.ofBeginning(String(value));
    return token === undefined
      ? 'true'
      : `a.search_tokens IS NULL OR a.search_tokens @> ARRAY[${add(token, 'bigint')}]`;
  };
}

function attribute(
  kind: AttributeKind,
  type: 'texts' | 'boolean',
  sql: string,
  read: AccountField['read'],
): AccountField {
  return { type, operators: ['eq'], sql, read, token: (value) => attributeToken(kind, value as string | boolean) };
}

/** An attribute that is indexed only where it is true. */
function whereTrue(kind: AttributeKind, sql: string, read: AccountField['read']): AccountField {
  const field = attribute(kind, 'boolean', sql, read);
  return { ...field, token: (value) => (value === true ? field.token?.(value) : undefined) };
}

function time(sql: string, read: AccountField['read']): AccountField {
  return { type: 'time', operators: ['eq', 'gt', 'ge', 'lt', 'le'], sql, read };
}

const SEARCH_MAX = 254;

/** The members of a profile that somebody who knows them may find a person by. */
const WHOLE: readonly (typeof SEARCHED)[number][] = ['email', 'username', 'name'];

/**
 * The condition that one of the searched texts begins so.
 * @param whole that an e-mail address, username or full name is so
 * @throws AppError 400 `invalid_input`, field `search`
 */
export function searchCondition(search: string, whole = false): Condition | undefined {
  if (search.length > SEARCH_MAX) throw invalidInput('search', `must have at most ${SEARCH_MAX} characters`);
  const value = searchForm(search);
  if (value === '') return undefined;
  const fields = whole ? WHOLE : ['email', 'username', 'name', 'given_name', 'family_name'];
  return { op: 'or', all: fields.map((field) => ({ op: whole ? 'eq' : 'sw', field, value })) };
}
