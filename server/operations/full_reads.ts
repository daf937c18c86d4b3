import type { TSchema } from 'typebox';
import type { Action } from '../audit/actions.ts';
import type { AuditEntry, Target } from '../audit/entries.ts';
import { ANY_CALLER, type Call, type InputOf, type Operation, type Schemas } from './operation.ts';
import { type Permission, SEE_IN_FULL } from './permissions.ts';
import { isPersonal, maskedOutput, personalIn } from './personal_fields.ts';

/*
 * Personal data is shown in full to those alone who have `users:read:pii`, and each time it is, an entry of the audit says whose.
 * The runner applies this to every operation, by the schema of its output.
 */

/** The action in the audit. */
export const READ_IN_FULL = 'users.read_pii' satisfies Action;

/** The permissions that an operation needs. */
export function permissionsOf(operation: Operation): Permission[] {
  const { kind, permission, also = [], schemas } = operation;
  const own = permission === ANY_CALLER ? [] : [permission, ...also];
  return kind === 'stream' && isPersonal(schemas.output) && !operation.masks ? [...own, SEE_IN_FULL] : own;
}

/** True for a caller who may see personal data in full. */
export const maySeeInFull = ({ actor }: Pick<Call, 'actor'>): boolean => actor.permissions.has(SEE_IN_FULL);

/** True when the answer has personal data in full. */
export function showsInFull({ schemas }: Operation, call: Call): boolean {
  return isPersonal(schemas.output) && maySeeInFull(call) && !call.masked;
}

/** The answer to somebody who must not see personal data in full. */
export function maskedAnswer<O>({ schemas }: Operation, output: O): O {
  return maskedOutput(schemas.output, output) as O;
}

export type FullRead = Pick<AuditEntry, 'action' | 'outcome' | 'target' | 'changes'>;

/** The entry of a read in full: of one person, or of a list with the number of people and the names of what it was asked by. */
export function fullRead({ name }: Operation, target: Target, about: Readonly<Record<string, unknown>> = {}): FullRead {
  const all = Object.entries({ operation: name, ...about });
  return {
    action: READ_IN_FULL,
    outcome: 'done',
    target,
    changes: Object.fromEntries(all.map(([member, after]) => [member, { after }])),
  };
}

/**
 * @returns the entry for an answer; undefined when it shows nothing of a person. A search by personal data always shows something: repeated
 *   with other values, it finds out what the answer leaves out
 */
export function fullReadOf(operation: Operation, input: InputOf<Schemas>, output: unknown) {
  const asked = askedIn(input);
  const { items } = output as { readonly items?: readonly object[] };
  const { output: schema } = operation.schemas;
  const shown = personalIn(schema, items ? { items: items.map((item) => picked(item, asked.fields)) } : output);
  const compared = asked.filters.some((name) => name === 'search' || isPersonalItem(schema, name));
  if (shown.length === 0 && !(compared && items?.length)) return undefined;
  const list = items ? { count: items.length, filter_fields: asked.filters } : {};
  return fullRead(operation, targetOf(operation, input, output), { fields: shown, ...list });
}

/** The members that leave: one that was asked for leaves with all that is in it. */
function picked(item: object, fields: readonly string[] | undefined): object {
  return fields ? Object.fromEntries(Object.entries(item).filter(([name]) => fields.includes(name))) : item;
}

/** True for a member of the items of a list that has personal data. */
function isPersonalItem(list: TSchema, name: string): boolean {
  const { properties } = list as { readonly properties?: { readonly items?: { readonly items?: TSchema } } };
  const { properties: members = {} } = (properties?.items?.items ?? {}) as {
    readonly properties?: Readonly<Record<string, TSchema>>;
  };
  const member = Object.hasOwn(members, name) ? members[name] : undefined;
  return member !== undefined && isPersonal(member);
}

/** The person; for a list of several, nobody. */
function targetOf({ name }: Operation, { params }: InputOf<Schemas>, output: unknown): Target {
  const { id: inPath = '' } = (params ?? {}) as { readonly id?: string };
  const { user_id: userId } = output as { readonly user_id?: unknown };
  if (typeof userId === 'string') return { kind: 'user', id: userId };
  return { kind: targetKindOf({ name }), id: inPath };
}

/** By the noun of the operation. */
export function targetKindOf({ name }: Pick<Operation, 'name'>): string {
  const [noun = ''] = name.split('.', 1);
  return noun === 'users' ? 'user' : noun;
}

/** What a list was asked by: names alone, since values are personal. */
export function askedIn({ query, body }: { readonly query: unknown; readonly body?: unknown }) {
  const { filter, search, fields } = Object.assign({}, query, body) as Readonly<Record<string, unknown>>;
  const compared = typeof filter === 'string' ? comparedIn(filter) : [];
  return {
    filters: [...compared, ...(typeof search === 'string' ? ['search'] : [])],
    fields: typeof fields === 'string' ? fields.split(',').map((one) => one.trim()) : undefined,
  };
}

/** The names before the operators of a filter that was accepted (RFC 7644 §3.4.2.2). */
function comparedIn(filter: string): string[] {
  const names = filter
    .replaceAll(/"(?:[^"\\]|\\.)*"/g, '""')
    .matchAll(/([\w.]+)\s+(?:eq|ne|co|sw|ew|gt|ge|lt|le|pr)\b/gi);
  return [...new Set([...names].map(([, name = '']) => name.toLowerCase()))];
}
