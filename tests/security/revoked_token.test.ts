import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { post, tokensFor } from '../flows/support.ts';
import { deployment, neighbour } from '../helpers/deployment.ts';
import { authorization, introspect, refresh, token, userinfo } from '../helpers/relying_party.ts';

/**
 * A revoked token is rejected once the revocation was confirmed, on every node (Casdoor CVE-2026-9097; RFC 7009 §2).
 */

const scope = { after };
const app = await deployment(scope);
const other = await neighbour(scope, app);
const { issuer } = app;
const party = await app.seed.party();
const stranger = await app.seed.party();
const person = await app.seed.person();

for (const hint of [undefined, 'access_token', 'refresh_token', 'nonsense']) {
  test(`a revoked access token is rejected, with the hint ${hint}`, async () => {
    const { tokens } = await tokensFor(app, party, person);
    for (const node of [app, other]) assert.equal((await userinfo(node.issuer, tokens.access_token)).status, 200);
    const fields = { token: tokens.access_token, ...(hint === undefined ? {} : { token_type_hint: hint }) };
    assert.equal((await post(app, '/revoke', fields, authorization(party))).status, 200);
    for (const node of [app, other]) {
      const { status, body } = await userinfo(node.issuer, tokens.access_token);
      assert.deepEqual([status, body.error], [401, 'invalid_token']);
      assert.deepEqual(await introspect(node.issuer, party, tokens.access_token), { active: false });
    }
  });
}

test('revoking a refresh token also revokes the access tokens of its grant (RFC 7009 §2.1)', async () => {
  const { tokens } = await tokensFor(app, party, person);
  assert.equal((await post(app, '/revoke', { token: tokens.refresh_token ?? '' }, authorization(party))).status, 200);
  for (const node of [app, other]) {
    const refused = await refresh(node.issuer, party, tokens.refresh_token ?? '');
    assert.deepEqual([refused.status, refused.body.error], [400, 'invalid_grant']);
    assert.equal((await userinfo(node.issuer, tokens.access_token)).status, 401);
  }
});

test('a client’s own token, which has no grant, is rejected as well', async () => {
  const { body } = await token(issuer, party, { grant_type: 'client_credentials' });
  const own = String(body.access_token);
  for (const node of [app, other]) assert.equal((await introspect(node.issuer, party, own)).active, true);
  assert.equal((await post(app, '/revoke', { token: own }, authorization(party))).status, 200);
  for (const node of [app, other]) assert.deepEqual(await introspect(node.issuer, party, own), { active: false });
});

test('only its own client can revoke a token', async () => {
  const { tokens } = await tokensFor(app, party, person);
  for (const token of [tokens.access_token, tokens.refresh_token ?? '']) {
    const { status, body } = await post(app, '/revoke', { token }, authorization(stranger));
    assert.deepEqual([status, body.error], [400, 'invalid_request']);
    assert.equal((await post(app, '/revoke', { token }, authorization({ ...party, secret: 'wrong' }))).status, 401);
  }
  assert.equal((await userinfo(issuer, tokens.access_token)).status, 200);
  assert.equal((await refresh(issuer, party, tokens.refresh_token ?? '')).status, 200);
});
