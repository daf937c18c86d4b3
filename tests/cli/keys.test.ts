import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setUpCli } from './run_cli.ts';

interface Listed {
  kid: string;
  alg: string;
  state: string;
  created_at: string;
}

const states = (keys: readonly Listed[]) => keys.map(({ state }) => state);

describe('keys', () => {
  test('are listed with kid, alg, state and times, those for cookies with an option', async (t) => {
    const { cardea } = await setUpCli(t);
    assert.deepEqual((await cardea(['keys', 'list', '--json'])).json, []);
    assert.equal((await cardea(['keys', 'rotate'])).code, 0);
    const { code, json } = await cardea(['keys', 'list', '--json']);
    assert.equal(code, 0);
    assert.equal(json.length, 1);
    const { kid, created_at, activated_at, ...rest } = json[0];
    assert.match(kid, /^[\w-]{43}$/);
    assert.ok(Date.parse(created_at) && Date.parse(activated_at));
    assert.deepEqual(rest, {
      alg: 'RS256',
      ring: 'RS256',
      state: 'active',
      revoked: false,
      retiring_at: null,
      retires_at: null,
      retired_at: null,
    });
    const all = (await cardea(['keys', 'list', '--all', '--json'])).json as Listed[];
    assert.deepEqual(all.map(({ alg }) => alg).sort(), ['HMAC', 'RS256']);
    assert.match((await cardea(['keys', 'list'])).stdout, new RegExp(`^KID.*\n${kid} +RS256 +active`));
  });

  test('rotate in stages: the next key waits, and a repeated command changes nothing', async (t) => {
    const { cardea } = await setUpCli(t);
    await cardea(['keys', 'rotate']);
    const first = await cardea(['keys', 'rotate', '--json']);
    assert.equal(first.code, 0);
    assert.deepEqual(
      first.json.done.map((one: { do: string; state: string }) => [one.do, one.state]),
      [['create', 'pending']],
    );
    const again = await cardea(['keys', 'rotate', '--json']);
    assert.deepEqual([again.code, again.json], [0, { version: null, done: [] }]);
    assert.deepEqual(states((await cardea(['keys', 'list', '--json'])).json), ['active', 'pending']);
  });

  test('rotate at once in an emergency, ring by ring', async (t) => {
    const { cardea } = await setUpCli(t);
    await cardea(['keys', 'rotate']);
    const [before] = (await cardea(['keys', 'list', '--json'])).json as Listed[];
    assert.equal((await cardea(['keys', 'rotate', '--now', '--ring', 'cookie'])).code, 0);
    assert.deepEqual(states((await cardea(['keys', 'list', '--json'])).json), ['active']);
    assert.equal((await cardea(['keys', 'rotate', '--now'])).code, 0);
    const after = (await cardea(['keys', 'list', '--json'])).json as Listed[];
    assert.deepEqual(states(after), ['retiring', 'active']);
    assert.equal(after[0]?.kid, before?.kid);
  });

  test('are revoked: the key is withdrawn at once, and another key signs', async (t) => {
    const { cardea, db } = await setUpCli(t);
    await cardea(['keys', 'rotate']);
    const [{ kid }] = (await cardea(['keys', 'list', '--json'])).json as [Listed];
    const { code, json } = await cardea(['keys', 'revoke', kid, '--json']);
    assert.equal(code, 0);
    assert.ok(json.version > 1);
    const keys = (await cardea(['keys', 'list', '--json'])).json;
    assert.deepEqual(states(keys), ['retired', 'active']);
    assert.equal(keys[0].revoked, true);
    const rows = await db.run({ name: '', text: 'SELECT sealed FROM signing_keys WHERE kid = $1' }, [kid]);
    assert.deepEqual(rows, [{ sealed: null }]);
    assert.equal((await cardea(['keys', 'revoke', kid])).code, 1);

    // RFC 7638: in base64url, so that one of 64 begins like an option
    const unknown = await cardea(['keys', 'revoke', `-${'k'.repeat(42)}`, '--json']);
    assert.deepEqual([unknown.code, /no key "-k/.test(unknown.stderr)], [1, true]);
    assert.equal((await cardea(['keys', 'revoke', kid, '--jsno'])).code, 2);
  });
});
