import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadConfig } from '../../server/config.ts';
import { SETTINGS } from '../../server/settings.ts';
import { anyText } from '../helpers/any_text.ts';
import { all } from './config_duration_cases.ts';
import { problem, problems } from './config_problems.ts';

for (const { name, read, good, bad } of all) {
  test(`${name} accepts valid values and explains invalid ones`, () => {
    for (const [text, expected] of Object.entries(good))
      assert.deepEqual(read(loadConfig({ [name]: text })), expected, text);
    for (const text of bad) assert.match(problem({ [name]: text }), new RegExp(`^${name} must `), text);
  });
}

test('each setting is covered by this file', () => {
  assert.deepEqual(all.map(({ name }) => name).sort(), Object.keys(SETTINGS).sort());
});

test('every text is accepted or refused with a ConfigError', () => {
  const names = Object.keys(SETTINGS);
  fc.assert(
    fc.property(fc.constantFrom(...names), anyText(), (name, text) => {
      assert.ok(problems({ [name]: text }).every((one) => one.startsWith(`${name} `)));
    }),
  );
});
