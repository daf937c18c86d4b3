import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openidClientApp } from './openid_client.ts';
import { noteTokens, setUp } from './setting.ts';
import { CLIENTS } from './table.ts';

const setting = await setUp({ after });
const { origin, issuer } = await setting.serve(CLIENTS.openidClient, openidClientApp);

test('openid-client signs in, refreshes and signs out', async () => {
  const { person } = setting;
  const visitor = setting.visitor();
  const json = (page: { body: string }) => JSON.parse(page.body) as Record<string, unknown>;
  const claims = json(await visitor.open(`${origin}/login`));
  assert.deepEqual([claims.sub, claims.iss, claims.email], [person.id, issuer, person.email]);
  const before = json(await visitor.open(`${origin}/`));
  const refreshed = json(await visitor.send(`${origin}/refresh`, {}));
  for (const tokens of [before, refreshed]) noteTokens(tokens);
  assert.notEqual(refreshed.access_token, before.access_token);
  const left = await visitor.open(`${origin}/logout`);
  assert.deepEqual([left.url, left.body], [`${origin}/`, 'null']);
  assert.equal(visitor.browser.cookie('cardea_session'), undefined);
  assert.deepEqual(visitor.answered, ['sign-in', 'consent'], 'it is not asked about signing out');
});
