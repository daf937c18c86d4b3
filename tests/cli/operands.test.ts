import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setUpCli } from './run_cli.ts';

/* Ids are base64url, so some begin with a hyphen. */

const ID = '-Xk2_9aQd7-LmZ3tY0pRb';
const { cardea } = await setUpCli({ after });

for (const [what, args] of [
  ['alone', ['grants', 'show', ID]],
  ['before options', ['grants', 'revoke', ID, '--dry-run', '--json']],
  ['after another operand', ['users', 'end-sessions', '01990000-0000-7000-8000-000000000000', '--session', ID]],
  ['after a double hyphen', ['sessions', 'show', '--json', '--', ID]],
  ['as the value of an option', ['tokens', 'revoke', '--grant', ID]],
] as const) {
  test(`an id that begins with a hyphen, ${what}, is an id`, async () => {
    const { code, stderr } = await cardea([...args]);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /^cardea: /);
  });
}

test('an unknown option is still wrong usage', async () => {
  for (const option of ['-x', '--unknown', '-json']) {
    const { code, stderr } = await cardea(['grants', 'list', option]);
    assert.equal(code, 2, stderr);
  }
});
