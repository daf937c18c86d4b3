import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { ConfigurationError } from '../../server/configuration/document.ts';
import { FILE, readFile } from '../../server/configuration/file.ts';
import { fileValueOf, keyOf } from '../../server/configuration/kinds/settings.ts';
import { compileSchema } from '../../server/operations/schema.ts';
import { DECLARABLE } from '../../server/operations/settings.ts';
import type { Setting } from '../../server/platform/settings.ts';
import { SETTINGS, type SettingName } from '../../server/settings.ts';
import { anyText } from '../helpers/any_text.ts';
import { all } from '../platform/config_duration_cases.ts';

/** `policies` and `limits` in the JSON Schema of configuration files, which editors check and complete by. */

const schema = compileSchema(FILE);
const sectionOf = (name: SettingName) => (DECLARABLE.limits.includes(name) ? 'limits' : 'policies');
const fits = (name: SettingName, value: unknown) => schema.Check({ [sectionOf(name)]: { [keyOf(name)]: value } });

const schemaOf = (name: SettingName) => (SETTINGS[name] as Setting).read.schema;

const refusal = (name: SettingName, text: string): string | undefined => {
  try {
    SETTINGS[name].read(text);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
};

const problemsOf = (text: string) => {
  try {
    readFile('cardea.yaml', text);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigurationError, String(error));
    return error.problems.map(({ line, column, message }) => `${line}:${column}: ${message}`);
  }
};

/** What a schema cannot say: what is in a file, and that a limit is there once, which a map says by itself. */
const BEYOND: readonly string[] = ['/nowhere', '.', 'package.json', 'LICENSE', 'token.client=1,token.client=2'];

const declarable = all.filter(({ name }) => [...DECLARABLE.policies, ...DECLARABLE.limits].includes(name));

for (const { name, good, bad } of declarable) {
  test(`the schema accepts the values of ${keyOf(name)} that the setting accepts, and refuses the others`, () => {
    assert.ok(schemaOf(name), 'it has a schema');
    for (const text of Object.keys(good)) assert.ok(fits(name, fileValueOf(SETTINGS[name], text)), text);
    const refused = bad.filter((text) => refusal(name, text) !== undefined && !BEYOND.includes(text));
    for (const text of refused) assert.ok(!fits(name, fileValueOf(SETTINGS[name], text)), `refuses ${text}`);
  });

  test(`a wrong value of ${keyOf(name)} in a file is refused at its place, as in the environment`, () => {
    for (const text of bad) {
      const sentence = refusal(name, text);
      if (sentence === undefined || text === 'token.client=1,token.client=2') continue;
      const value = fileValueOf(SETTINGS[name], text);
      const file = stringify({ groups: {}, [sectionOf(name)]: { [keyOf(name)]: value } });
      const [problem = '', ...others] = problemsOf(file);
      assert.deepEqual(others, [], file);
      assert.match(problem, /^[3-5]:\d+: /, file);
      assert.ok(problem.endsWith(`: ${sentence}`) || Array.isArray(value) || typeof value === 'object', problem);
      assert.match(problem, new RegExp(`${sectionOf(name)}\\.${keyOf(name)}\\S*: must `), file);
    }
  });
}

test('every setting that a file may declare is covered here', () => {
  const names = [...DECLARABLE.policies, ...DECLARABLE.limits];
  assert.deepEqual(declarable.map(({ name }) => name).toSorted(), names.toSorted());
});

test('the schema refuses no value that a setting accepts', () => {
  const texts = fc.oneof(
    anyText(),
    fc.tuple(fc.nat(400_000_000), fc.constantFrom('', 's', 'm', 'h', 'd')).map((parts) => parts.join('')),
    fc.tuple(fc.nat(4_000), fc.constantFrom('', 's', 'm', 'h', 'd')).map((parts) => `00${parts.join('')}`),
    fc.webUrl().map((url) => URL.parse(url)?.origin ?? ''),
  );
  fc.assert(
    fc.property(fc.constantFrom(...declarable), texts, ({ name }, text) => {
      const value = fileValueOf(SETTINGS[name], text);
      const isText = ['1', '0'].includes(text) && schemaOf(name)?.type === 'boolean';
      if (isText || refusal(name, text) !== undefined) return;
      if (typeof value !== 'string' || !/^0\d/.test(text)) assert.ok(fits(name, value), `${name}: ${text}`);
    }),
    { numRuns: 3_000 },
  );
});

for (const [what, text, expected] of [
  [
    'all wrong values at once, beside those that a schema sees',
    'policies:\n  password_policy: nst\n  access_token_ttl: 2w\n  confirm_logout: 1\n  authorization_details_types: /nowhere\nlimits:\n  rate_limit: lots\ngroupss: {}\n',
    [
      '2:3: policies.password_policy: must be one of complex, nist',
      '3:3: policies.access_token_ttl: must be a duration such as 90s, 15m, 12h or 30d',
      '4:3: policies.confirm_logout: must be true or false',
      '5:3: policies.authorization_details_types: must be a file of types of authorization details: ENOENT',
      '7:3: limits.rate_limit: must be a whole number from 1 to 1000000',
      '8:1: groupss: is not known here; did you mean groups?',
    ],
  ],
  [
    'an item of a list',
    'policies:\n  key_rings: [ES256, none]\n',
    ['2:22: policies.key_rings.1: must be one of RS256, ES256, EdDSA'],
  ],
  ['a text in place of a list', 'policies:\n  key_rings: ES256,EdDSA\n', ['2:3: policies.key_rings: must be a list']],
  [
    'a limit that there is not',
    'limits:\n  limits:\n    token.client: 5\n    token.clint: 5\n',
    [
      '4:5: limits.limits.token.clint: must name limits that there are: token.clint is none; did you mean token.client?',
    ],
  ],
  [
    'a name',
    'policies:\n  pasword_policy: nist\n',
    ['2:3: policies.pasword_policy: is not known here; did you mean password_policy?'],
  ],
] as const) {
  test(`a file says of ${what} where it is, and what it must be`, () => {
    assert.deepEqual(problemsOf(text), expected);
  });
}
