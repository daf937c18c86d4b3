import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { until } from '../helpers/waiting.ts';
import { authJsApp } from './auth_js.ts';
import { setUp } from './setting.ts';
import { CLIENTS } from './table.ts';

const setting = await setUp({ after }, { CARDEA_ACCESS_TOKEN_TTL: '1s' });
const { origin } = await setting.serve(CLIENTS.authJs, authJsApp);

test('Auth.js signs in, refreshes, and signs out of the app', async () => {
  const visitor = setting.visitor();
  const read = async (path: string) => JSON.parse((await visitor.open(`${origin}/auth/${path}`)).body);
  const send = async (path: string) =>
    visitor.send(`${origin}/auth/${path}`, {
      csrfToken: (await read('csrf')).csrfToken,
      callbackUrl: `${origin}/auth/session`,
    });
  assert.equal(await read('session'), null);
  const page = await send('signin/cardea');
  assert.equal(page.url, `${origin}/auth/session`);
  const { user } = JSON.parse(page.body) as { user: Record<string, unknown> };
  assert.deepEqual([user.email, user.name], [setting.person.email, 'Ada Lovelace']);
  const statuses = () =>
    setting.cardea.logLines.filter((line) => line.includes('"/token"')).map((line) => JSON.parse(line).status);
  await until('the access token has expired, and is refreshed', async () => {
    assert.equal((await read('session')).user.email, setting.person.email);
    return statuses().length > 1;
  });
  assert.deepEqual(statuses(), [200, 200]);
  await send('signout');
  assert.equal(await read('session'), null);
});
