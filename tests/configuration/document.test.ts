import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigurationError, readDocument } from '../../server/configuration/document.ts';
import { FILE } from '../../server/configuration/file.ts';

const TEXT = '{ title: Terms, url: "https://example.com/terms" }';

const placesOf = (text: string): string[] => {
  try {
    readDocument(FILE, text, 'cardea.yaml');
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigurationError);
    assert.equal(error.status, 400);
    assert.match(error.message, /^cardea\.yaml:\d+:\d+: /);
    return error.problems.map(({ line, column }) => `${line}:${column}`);
  }
};

for (const [what, text, places] of [
  // A file that was cut off or not mounted must not delete all that the one before has declared.
  ['an empty file', '', ['1:1']],
  ['a file of comments', '# nothing yet\n', ['1:1']],
  ['null', '~', ['1:1']],
  ['an empty map', '{}', []],
  ['a set, which has no entries', 'groups: !!set { staff, guests }\n', ['1:9']],
  ['an ordered map', 'groups: !!omap [staff: {}]\n', ['1:9']],
  ['a tag of a program', 'groups: !!js/function "x"\n', ['1:9']],
  ['a key that is a list', 'groups:\n  ? [a, b]\n  : {}\n', ['2:5']],
  ['a key that is an alias', 'groups:\n  &a staff: {}\n  ? *a\n  : {}\n', ['3:5']],
  ['no key', 'groups:\n  ~: {}\n', ['2:3']],
  ['a merge key', 'groups:\n  a: &a { description: x }\n  b: { <<: *a }\n', ['3:8']],
  ['JSON', '{"groups": {"staff": {"description": "all"}}}', []],
  ['an unknown section', 'groupss:\n  staff: {}\n', ['1:1']],
  ['an unknown member', 'groups:\n  staff:\n    descriptoin: all\n', ['3:5']],
  ['a wrong type', 'groups:\n  staff:\n    description: [1]\n', ['3:5']],
  ['two problems', 'groups:\n  a: { description: 1 }\n  b: { x: 1 }\n', ['2:8', '3:8']],
  ['a list where a map must be', '- groups\n', ['1:1']],
  ['a key twice', 'groups:\n  staff: {}\n  staff: {}\n', ['3:3']],
  ['YAML that is broken', 'groups: [\n', ['2:1']],
  ['an unknown policy', 'policies:\n  pasword_policy: nist\n', ['2:3']],
  ['texts', `texts:\n  terms/1/en: ${TEXT}\n  terms/1/de: ${TEXT}\n`, []],
  ['a text without a language', `texts:\n  terms/1: ${TEXT}\n`, ['2:3']],
  ['a text of an unknown kind', `texts:\n  cookies/1/en: ${TEXT}\n`, ['2:3']],
  ['a text without its place', 'texts:\n  terms/1/en: { title: Terms }\n', ['2:3']],
  ['a setting of one process', 'policies:\n  database_url: postgres://x\n', ['2:3']],
] as const) {
  test(`${what}: ${places.length === 0 ? 'accepted' : `refused at ${places.join(' and ')}`}`, () => {
    assert.deepEqual(placesOf(text), places);
  });
}

for (const [what, text, message] of [
  [
    'a permission',
    'roles:\n  support: { permissions: [lockouts:unlock] }\n',
    /roles\.support\.permissions\.0: must be one of users:read, /,
  ],
  [
    'a secret',
    `clients:\n  shop: { client_name: Shop, client_secret: ${'x'.repeat(40)} }\n`,
    /clients\.shop\.client_secret: must be env:NAME or file:\/path, /,
  ],
] as const) {
  test(`${what} that is not allowed is refused with what is`, () => {
    assert.throws(() => readDocument(FILE, text, 'cardea.yaml'), { message });
  });
}

test('aliases cannot make a small file large', () => {
  const doubled = Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`).join('\n');
  assert.throws(() => readDocument(FILE, `a0: &a0 [x]\n${doubled}\n`, 'cardea.yaml'), ConfigurationError);
});
