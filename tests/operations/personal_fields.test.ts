import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type TSchema, Type } from 'typebox';
import type { Operation } from '../../server/operations/operation.ts';
import {
  isPersonal,
  maskedOutput,
  maskedPlaces,
  personal,
  personalIn,
} from '../../server/operations/personal_fields.ts';
import { exportsIn } from '../helpers/faces.ts';

const operations = (await exportsIn('server/operations')).flatMap((exported) =>
  typeof exported === 'object' && exported !== null
    ? (Object.values(exported) as Partial<Operation>[]).filter((one): one is Operation => one?.schemas !== undefined)
    : [],
);

const Person = Type.Object({
  id: Type.String(),
  email: Type.String(personal('email')),
  network: Type.Union([Type.String(personal('network')), Type.Null()]),
  address: Type.Object({ country: Type.String(personal('text')) }),
  details: Type.Record(Type.String(), Type.String(), personal('text')),
  phones: Type.Optional(Type.Record(Type.String(), Type.String(personal('text')))),
});
const Page = Type.Object({ items: Type.Array(Type.Partial(Person)), next: Type.String() });
const ADA = {
  id: 'an-id',
  email: 'ada@example.com',
  network: '192.0.2.7',
  address: { country: 'GB' },
  details: { browser: 'Firefox' },
};
const HIDDEN_ADA = {
  id: 'an-id',
  email: 'a•••@e•••.com',
  network: '192.0.•••',
  address: { country: '•••' },
  details: { browser: '•••' },
};

test('what a schema calls personal is masked, in objects, lists and alternatives', () => {
  assert.deepEqual(maskedOutput(Person, ADA), HIDDEN_ADA);
  assert.deepEqual(maskedOutput(Page, { items: [ADA, { id: 'b' }], next: 'c' }), {
    items: [HIDDEN_ADA, { id: 'b' }],
    next: 'c',
  });
  assert.deepEqual(maskedOutput(Person, { ...ADA, network: null }), { ...HIDDEN_ADA, network: null });
  assert.deepEqual(maskedOutput(Person, { ...ADA, phones: { home: '1' } }), { ...HIDDEN_ADA, phones: { home: '•••' } });
});

test('the personal members of a value are named, and those without a value are not', () => {
  assert.deepEqual(personalIn(Page, { items: [{ ...ADA, network: null }], next: '' }), ['email', 'country', 'details']);
  assert.deepEqual(personalIn(Page, { items: [{ id: 'b' }], next: '' }), []);
  assert.deepEqual(personalIn(Person, { id: 'b', phones: { home: '1', work: '' } }), ['home']);
  assert.ok(isPersonal(Page) && !isPersonal(Type.Object({ id: Type.String() })));
});

test('masked values are found where personal data belongs, and nowhere else', () => {
  assert.deepEqual(maskedPlaces(Person, HIDDEN_ADA), ['/email', '/network', '/address/country', '/details/browser']);
  assert.deepEqual(maskedPlaces(Person, { ...ADA, id: '•••' }), []);
  assert.deepEqual(maskedPlaces(Person, { phones: { home: '•••', work: '1' } }), ['/phones/home']);
});

/** Names that members with personal data have, of people and of what belongs to them. */
const PERSONAL_NAMES =
  /^(sub|subject|e?mail|email_address|recipient|user_?name|(full_|given_|family_|middle_|nick_?)?name|profile|picture|website|gender|birthdate|phone(_number)?|address|formatted|street_address|locality|region|postal_code|country|ip|network|remote_address|browser|system|device|user_agent|details|accepted_by)$/;

/** Members of such a name that say nothing of a person, by the operation or its noun. */
const OF_NOBODY: Readonly<Record<string, string>> = {
  'clients profile': 'the security profile of a client',
  'privacy name': 'of a table',
  'settings name': 'of a setting',
  'groups name': 'of a group',
  'roles name': 'of a role',
  'resources name': 'of a resource server',
  'config name': 'of a setting',
  'migrations name': 'of a migration',
  'limits name': 'of a limit',
  'destinations name': 'of a destination of the audit',
  'backups name': 'of a file',
  'secrets name': 'of a secret',
  'destinations details': 'true where they are sent',
};

/** The members that the schema names and does not call personal, as `member.of.member`. */
function unmarked(schema: TSchema | undefined, path: readonly string[] = []): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const {
    properties = {},
    patternProperties = {},
    items,
    anyOf = [],
    allOf = [],
  } = schema as Readonly<Record<string, never>>;
  if ('x-personal' in schema || (schema as { type?: unknown }).type === 'null') return [];
  const own = Object.entries(properties as Record<string, TSchema>).flatMap(([name, one]) =>
    unmarked(one, [...path, name]),
  );
  const parts = [
    items,
    ...Object.values<TSchema>(patternProperties),
    ...(anyOf as TSchema[]),
    ...(allOf as TSchema[]),
  ].flatMap((one) => unmarked(one, path));
  const isLeaf = own.length === 0 && parts.length === 0 && !('properties' in schema) && !items && anyOf.length === 0;
  return isLeaf ? [path.at(-1) ?? ''] : [...own, ...parts];
}

test('every member of an answer whose name is that of personal data says so', () => {
  assert.ok(operations.length > 80);
  const missing = operations.flatMap(({ name, schemas }) => {
    const [noun] = name.split('.');
    return unmarked(schemas.output)
      .filter((member) => PERSONAL_NAMES.test(member) && !(`${noun} ${member}` in OF_NOBODY))
      .map((member) => `${name}: ${member}`);
  });
  assert.deepEqual(missing, [], "mark it by ...personal('text') in its schema");
});

test('the operations that show people are known', () => {
  const shown = operations.filter(({ schemas }) => isPersonal(schemas.output)).map(({ name }) => name);
  for (const name of ['users.list', 'users.search', 'users.show', 'users.sessions', 'users.events', 'users.factors'])
    assert.ok(shown.includes(name), name);
  for (const name of ['users.create', 'users.update', 'users.export', 'sessions.show', 'operators.bootstrap'])
    assert.ok(shown.includes(name), name);
});
