import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { deployment, type Party } from '../helpers/deployment.ts';
import { authorization, authorize, introspect, redeem, refresh, token, userinfo } from '../helpers/relying_party.ts';
import { basic, post, refusal, tokensFor } from './support.ts';

const app = await deployment({ after });
const person = await app.seed.person();
const party = await app.seed.party();
const another = await app.seed.party();
const publicParty = await app.seed.party({ public: true });
const HINTS = [undefined, 'access_token', 'refresh_token', 'nonsense'];

function revoke(by: Party, value: string, hint?: string) {
  const own = by.secret === undefined ? { client_id: by.id } : {};
  const hinted = hint === undefined ? {} : { token_type_hint: hint };
  return post(app, '/revoke', { token: value, ...hinted, ...own }, authorization(by));
}

for (const [kind, one] of Object.entries({ confidential: party, public: publicParty })) {
  for (const hint of HINTS) {
    test(`a ${kind} client revokes a refresh token, hint ${hint ?? 'none'}: it and its access tokens end (RFC 7009 §2.1)`, async () => {
      const { tokens } = await tokensFor(app, one, person);
      const { status, body } = await revoke(one, tokens.refresh_token ?? '', hint);
      assert.equal(status, 200);
      assert.deepEqual(body, {});
      assert.deepEqual(refusal(await refresh(app.issuer, one, tokens.refresh_token ?? '')), {
        status: 400,
        error: 'invalid_grant',
      });
      assert.equal((await userinfo(app.issuer, tokens.access_token)).status, 401);
      assert.equal((await introspect(app.issuer, one, tokens.access_token)).active, false);
    });
  }
}

test('the response has no content and no media type, which oidc-client-ts would refuse (RFC 7009 §2.2)', async () => {
  const { tokens } = await tokensFor(app, publicParty, person);
  for (const value of [tokens.access_token, tokens.refresh_token ?? '', 'unknown']) {
    const response = await fetch(new URL('/revoke', app.issuer), {
      method: 'POST',
      body: new URLSearchParams({ token: value, client_id: publicParty.id }),
    });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), null);
    assert.equal(response.headers.get('content-length'), '0');
    assert.equal(await response.text(), '');
  }
  const refused = await post(app, '/revoke', { client_id: publicParty.id });
  assert.match(refused.headers.get('content-type') ?? '', /^application\/json/);
});

test('revoking a used refresh token ends the tokens that came of it', async () => {
  const { tokens } = await tokensFor(app, party, person);
  const { body } = await refresh(app.issuer, party, tokens.refresh_token ?? '');
  assert.equal((await revoke(party, tokens.refresh_token ?? '')).status, 200);
  assert.equal((await refresh(app.issuer, party, body.refresh_token ?? '')).status, 400);
  assert.equal((await userinfo(app.issuer, body.access_token ?? '')).status, 401);
});

for (const hint of HINTS) {
  test(`an access token is revoked, hint ${hint ?? 'none'}`, async () => {
    const { tokens } = await tokensFor(app, party, person);
    assert.equal((await revoke(party, tokens.access_token, hint)).status, 200);
    assert.equal((await userinfo(app.issuer, tokens.access_token)).status, 401);
    assert.deepEqual(await introspect(app.issuer, party, tokens.access_token), { active: false });
  });
}

test('the consent stays when an access token is revoked: the person is not asked again', async () => {
  const { tokens, browser } = await tokensFor(app, party, person);
  await revoke(party, tokens.access_token);
  const granted = await authorize({ issuer: app.issuer, party, person, browser, params: { prompt: 'none' } });
  assert.equal((await redeem(app.issuer, party, granted)).status, 200);
});

test('a client’s own token is revoked without others', async () => {
  const first = await token(app.issuer, party, { grant_type: 'client_credentials' });
  const second = await token(app.issuer, party, { grant_type: 'client_credentials' });
  assert.equal((await revoke(party, first.body.access_token ?? '')).status, 200);
  assert.equal((await introspect(app.issuer, party, first.body.access_token ?? '')).active, false);
  assert.equal((await introspect(app.issuer, party, second.body.access_token ?? '')).active, true);
});

test('an unknown token gets 200 (RFC 7009 §2.2)', async () => {
  const { tokens } = await tokensFor(app, party, person);
  await revoke(party, tokens.refresh_token ?? '');
  for (const value of [tokens.refresh_token ?? '', 'x'.repeat(43), 'nonsense', '\u0000', 'é']) {
    assert.equal((await revoke(party, value)).status, 200);
  }
});

test('another client’s token is refused and stays valid (RFC 7009 §2.1)', async () => {
  const { tokens } = await tokensFor(app, party, person);
  const machine = await token(app.issuer, party, { grant_type: 'client_credentials' });
  for (const by of [another, publicParty]) {
    for (const value of [tokens.access_token, tokens.refresh_token ?? '', machine.body.access_token ?? '']) {
      assert.deepEqual(refusal(await revoke(by, value)), { status: 400, error: 'invalid_request' });
      assert.equal((await introspect(app.issuer, party, value)).active, true);
    }
  }
  assert.equal((await refresh(app.issuer, party, tokens.refresh_token ?? '')).status, 200);
});

test('client authentication is required', async () => {
  const { tokens } = await tokensFor(app, party, person);
  const value = tokens.refresh_token ?? '';
  assert.deepEqual(refusal(await post(app, '/revoke', { token: value })), { status: 401, error: 'invalid_client' });
  assert.deepEqual(refusal(await post(app, '/revoke', { token: value, client_id: party.id })), {
    status: 401,
    error: 'invalid_client',
  });
  assert.deepEqual(refusal(await post(app, '/revoke', { token: value }, basic(party.id, 'wrong'))), {
    status: 401,
    error: 'invalid_client',
  });
  assert.deepEqual(refusal(await post(app, '/revoke', {}, authorization(party))), {
    status: 400,
    error: 'invalid_request',
  });
  assert.equal((await introspect(app.issuer, party, value)).active, true);
});

test('an authorization code cannot be revoked, and stays valid', async () => {
  const granted = await authorize({ issuer: app.issuer, party, person });
  assert.equal((await revoke(party, granted.code)).status, 200);
  assert.equal((await redeem(app.issuer, party, granted)).status, 200);
});

test('a revocation and a refresh at once leave no token valid, in any order', async () => {
  for (let round = 0; round < 5; round += 1) {
    const { tokens } = await tokensFor(app, party, person);
    const value = tokens.refresh_token ?? '';
    const [refreshed, revoked] = await Promise.all([refresh(app.issuer, party, value), revoke(party, value)]);
    assert.equal(revoked.status, 200);
    assert.ok(refreshed.status === 200 || refreshed.body.error === 'invalid_grant', JSON.stringify(refreshed.body));
    for (const left of [tokens.access_token, refreshed.body.access_token, refreshed.body.refresh_token]) {
      if (left) assert.equal((await introspect(app.issuer, party, left)).active, false);
    }
  }
});
