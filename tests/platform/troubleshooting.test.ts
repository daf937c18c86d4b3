import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { OAUTH_ERRORS } from '../../server/oidc/openapi/responses.ts';
import { emittedDescriptions, emittedLogLines } from '../troubleshooting/emitted.ts';
import { LOG_LINES } from '../troubleshooting/log_lines.ts';
import { advicesByCode } from '../troubleshooting_document.ts';

const textsOf = (emitted: readonly { text: string }[]) => [...new Set(emitted.map(({ text }) => text))].toSorted();
const saidIn = (lines: Iterable<{ said: readonly string[] }>) => [...lines].flatMap(({ said }) => said);

describe('ops/docs/troubleshooting.md', () => {
  test('has each error_description that the code has, and no other', () => {
    const said = saidIn([...advicesByCode().values()].flat());
    assert.deepEqual([...new Set(said)].toSorted(), textsOf(emittedDescriptions()));
    assert.ok(said.length > 200);
  });

  test('has each message of the log that the code has, once, and no other', () => {
    const said = saidIn(Object.values(LOG_LINES).flat());
    assert.deepEqual(said.toSorted(), textsOf(emittedLogLines()));
    assert.ok(said.length > 50);
  });

  test('has a meaning for each error of OAuth, and advice in sentences', () => {
    for (const [code, advices] of advicesByCode()) {
      assert.ok(OAUTH_ERRORS[code], code);
      for (const { said, remedy } of advices) assert.match(remedy, /^[\w`“].*\.$/s, said[0]);
    }
    for (const { said, means, remedy } of Object.values(LOG_LINES).flat()) {
      assert.match(means, /^[\w`“].*\.$/s, said[0]);
      assert.match(remedy, /^[\w`“].*[.?]$/s, said[0]);
    }
  });
});
