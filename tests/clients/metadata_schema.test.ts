import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { COMPLETED, OPTIONAL } from '../../server/clients/metadata_fields.ts';
import { METADATA_PROPERTIES } from '../../server/clients/metadata_schema.ts';
import type { Reader } from '../../server/clients/readers.ts';

/** The JSON Schemas of client metadata, which the description of the API shows, beside the readers that check the values. */

const READERS = Object.entries<Reader<unknown>>({ ...COMPLETED, ...OPTIONAL });

const ajv = new Ajv({ strict: true, allowUnionTypes: true, formats: { uri: true, hostname: true } });

const KEY = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo', alg: 'EdDSA', use: 'sig' };

/** Values of many forms, so that each field finds some that are allowed and many that are not. */
const VALUES: readonly unknown[] = [
  ...['', 'a', 'a b', 'https://rp.example.com/callback', 'CN=rp', '192.0.2.1', 'rp.example.com', 'openid email'],
  ...['x'.repeat(2_001), 'a '.repeat(2_500), 'code', 'web', 'none', 'pairwise', 'RS256', 'RSA-OAEP', 'A128GCM', 'poll'],
  ...['fapi2', 'required', 'minimal', 0, -1, 1.5, 60, 1e300, true, false, null, {}, [], [1], [''], [null]],
  ...[['https://rp.example.com/callback'], ['authorization_code'], ['code'], ['urn:cardea:acr:2fa'], ['payment']],
  ...[
    Array.from({ length: 101 }, (_, i) => `https://rp.example.com/${i}`),
    { keys: [KEY] },
    { keys: 1 },
    { keys: [1] },
  ],
];

test('each field of client metadata has a JSON Schema and a description', () => {
  assert.deepEqual(Object.keys(METADATA_PROPERTIES).toSorted(), READERS.map(([field]) => field).toSorted());
  for (const [field, { description }] of Object.entries(METADATA_PROPERTIES))
    assert.match(String(description), /^[A-Z].*\.$/, field);
});

for (const [field, read] of READERS) {
  test(`${field}: the schema allows what the reader accepts, and refuses other types`, () => {
    const { description: _, ...schema } = METADATA_PROPERTIES[field] ?? {};
    const validate = ajv.compile(schema);
    const accepted = VALUES.filter((value) => {
      try {
        read(field, value);
        return true;
      } catch {
        return false;
      }
    });
    assert.ok(accepted.length > 0, 'some value is allowed');
    for (const value of accepted) assert.ok(validate(value), JSON.stringify(value).slice(0, 80));
    assert.equal(validate(null), false);
    assert.ok(VALUES.filter((value) => !validate(value)).length > VALUES.length / 4);
  });
}
