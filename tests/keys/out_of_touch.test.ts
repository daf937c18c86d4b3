import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ENDPOINTS } from '../../server/oidc/endpoints.ts';
import { deployment } from '../helpers/deployment.ts';

/**
 * A node that has not reached the database for too long: the others stop waiting for it, and may withdraw the key that
 * it still signs with.
 */

const DAY_MS = 86_400_000;

let isCutOff = false;
let uptime = 0;
const app = await deployment(
  { after },
  {
    uptime() {
      if (isCutOff) uptime += DAY_MS;
      return uptime;
    },
  },
);

test('a node that may sign with a withdrawn key serves no endpoint: 503', async () => {
  const served = Object.values(ENDPOINTS).filter(({ path }) => path !== undefined);
  assert.ok(served.length > 10);
  isCutOff = true;
  for (const { methods, path = '' } of served) {
    for (const method of methods.filter((one) => one !== 'OPTIONS')) {
      const answer = await fetch(app.issuer + path.replace(':uid', 'some-uid'), { method, redirect: 'manual' });
      const { error } = (await answer.json()) as { error: string };
      assert.deepEqual([answer.status, error], [503, 'temporarily_unavailable'], `${method} ${path}`);
      assert.ok(answer.headers.get('retry-after'), path);
    }
  }
});

test('it still serves the keys and the discovery document', async () => {
  for (const path of ['/.well-known/jwks.json', '/.well-known/openid-configuration'])
    assert.equal((await fetch(app.issuer + path)).status, 200, path);
});
