import assert from 'node:assert/strict';
import { test } from 'node:test';
import { suggestion } from '../../server/platform/nearest_name.ts';

const NAMES = ['client_name', 'redirect_uris', 'jwks', 'username', 'token'];

for (const [given, near] of [
  ['client_nme', 'client_name'],
  ['redirect_uri', 'redirect_uris'],
  ['preferred_username', 'username'],
] as const) {
  test(`${given} is near to ${near}`, () => assert.equal(suggestion(NAMES, given), `; did you mean ${near}?`));
}

test('a name that is near to none gets no suggestion', () => {
  for (const given of ['', 'x', 'something_else_entirely', 'x'.repeat(1_000_000)])
    assert.equal(suggestion(NAMES, given), '');
  assert.equal(suggestion([], 'client_name'), '');
});
