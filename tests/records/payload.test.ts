import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sessionEnd } from '../../server/records/lifetimes.ts';
import { payloadOf } from '../../server/records/payload.ts';

const text = { kind: 'RefreshToken', exp: 1_000, jti: 'of the text', authorizations: { a: {} } };
const json = JSON.stringify(text);

test('what is stored beside the text of a record overrides it', () => {
  assert.deepEqual(payloadOf({ json }), text);
  assert.deepEqual(payloadOf({ json, jti: '', consumed: 0 }), { ...text, jti: '', consumed: 0 });
  assert.deepEqual(payloadOf({ json, authorizations: '{"b":{"sid":"s"}}' }).authorizations, { b: { sid: 's' } });
  assert.notEqual(payloadOf({ json }), payloadOf({ json }), 'each caller may change its own');
});

test('a record ends at the later of the two times, rounded up, and one without an end has none', () => {
  const ends = (expiresNotBefore: number) => payloadOf({ json, expiresNotBefore }).exp;
  assert.deepEqual([999, 1_000, 1_000.2, 2_000, 0].map(ends), [1_000, 1_000, 1_001, 2_000, 1_000]);
  assert.deepEqual(payloadOf({ json: '{}', expiresNotBefore: 2_000 }), {});
});

test('a session ends so long after the sign-in, and never without one', () => {
  assert.equal(sessionEnd({ loginTs: 100 }, { sessionAbsolute: 60 }), 160);
  assert.equal(sessionEnd({ loginTs: 0 }, { sessionAbsolute: 60 }), 60);
  assert.equal(sessionEnd({}, { sessionAbsolute: 60 }), Number.POSITIVE_INFINITY);
});
