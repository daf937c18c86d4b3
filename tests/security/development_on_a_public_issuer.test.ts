import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, test } from 'node:test';
import { ROOT } from '../helpers/artifacts.ts';
import { browserSession } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { inherited } from '../helpers/processes.ts';
import { freePort } from '../helpers/waiting.ts';

/** The demo person and the page of unsent mails exist only where the server is reached from this machine alone. */

const scope = { after };

test('a public issuer without NODE_ENV=production does not start, and each missing setting is named', () => {
  const { status, stderr, stdout } = spawnSync(process.execPath, ['server/main.ts'], {
    cwd: ROOT,
    encoding: 'utf8',
    timeout: 30_000,
    env: { ...inherited(), CARDEA_ISSUER: 'https://id.example.com' },
  });
  assert.equal(status, 1);
  assert.equal(stdout, '');
  const [reason = '', database = '', masterKey = ''] = stderr.split('\n');
  assert.match(reason, /^cardea: CARDEA_ISSUER=https:\/\/id\.example\.com is not a loopback address/);
  assert.match(database, /^cardea: CARDEA_DATABASE_URL is required/);
  assert.match(masterKey, /^cardea: CARDEA_MASTER_KEY .*is required/);
});

const CASES = {
  'a public issuer': { CARDEA_ISSUER: 'https://id.example.com' },
  'a name that other machines may know': { CARDEA_ISSUER: 'https://cardea.test' },
  'an address that other machines reach': { CARDEA_HOST: '0.0.0.0' },
};

for (const [name, settings] of Object.entries(CASES)) {
  test(`${name}: the page of unsent mails and the demo do not exist`, async () => {
    const port = await freePort();
    await deployment(scope, { env: { CARDEA_PORT: String(port), CARDEA_DEMO: undefined, ...settings } });
    const stranger = browserSession(`http://127.0.0.1:${port}`);
    for (const path of ['/outbox', '/demo']) assert.equal((await stranger.get(path)).status, 404, path);
    const { status, body } = await stranger.get('/');
    assert.equal(status, 200);
    assert.doesNotMatch(body, /demo@example\.com/);
  });
}

test('with a loopback issuer and address both exist', async () => {
  const { issuer } = await deployment(scope, { env: { CARDEA_DEMO: 'true' } });
  const developer = browserSession(issuer);
  assert.equal((await developer.get('/outbox')).status, 200);
  assert.equal((await developer.get('/demo')).status, 303);
  assert.match((await developer.get('/')).body, /demo@example\.com/);
});
