import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { userinfo } from '../helpers/relying_party.ts';
import { expressOpenidConnectApp } from './express_openid_connect.ts';
import { noteTokens, setUp } from './setting.ts';
import { CLIENTS } from './table.ts';

const setting = await setUp({ after });
const { origin, issuer } = await setting.serve(CLIENTS.expressOpenidConnect, expressOpenidConnectApp);

test('express-openid-connect signs in, refreshes and signs out', async () => {
  const { person } = setting;
  const visitor = setting.visitor();
  const page = await visitor.open(`${origin}/`);
  assert.equal(page.url, `${origin}/`);
  const user = JSON.parse(page.body) as Record<string, unknown>;
  assert.deepEqual([user.sub, user.email, user.name], [person.id, person.email, 'Ada Lovelace']);

  const access_token = JSON.parse((await visitor.send(`${origin}/refresh`, {})).body) as string;
  noteTokens({ access_token });
  assert.equal((await userinfo(issuer, access_token)).body.sub, person.id);

  await visitor.open(`${origin}/logout`);
  assert.equal((await userinfo(issuer, access_token)).status, 401, 'the session has ended, and its tokens with it');
  // The app then sends the person to sign in again, since all its pages need that.
  assert.ok(!visitor.answered.includes('sign-out'), 'it is not asked about signing out');
});
