import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { deployment } from '../helpers/deployment.ts';
import { authorize, redeem, refresh, token, userinfo } from '../helpers/relying_party.ts';
import { basic, begin, callbackOf, idTokenOf, post, refusal, shown, signedIn, submit, tokensFor } from './support.ts';

/** Resource indicators (RFC 8707) and their JWT access tokens (RFC 9068). */
const app = await deployment({ after });
const MAIL = 'https://mail.example.com';
const FILES = 'https://files.example.com/v1';
const USERINFO = `${app.issuer}/userinfo`;
await app.seed.resourceServer({ identifier: MAIL, name: 'Mail API', scopes: ['mail:read', 'mail:send', 'shared'] });
await app.seed.resourceServer({ identifier: FILES, name: 'Files API', scopes: ['files:read', 'shared'] });
const person = await app.seed.person();
const party = await app.seed.party({
  metadata: { scope: 'openid profile email offline_access mail:read files:read shared' },
});
const INVALID_TARGET = { status: 400, error: 'invalid_target' };
const MACHINE = { grant_type: 'client_credentials' };

function code(granted: { code: string; verifier: string }, more: Record<string, string> = {}) {
  return token(app.issuer, party, {
    grant_type: 'authorization_code',
    code: granted.code,
    redirect_uri: party.redirectUri,
    code_verifier: granted.verifier,
    ...more,
  });
}

test('an unknown resource is invalid_target, at /authorize and at /token (RFC 8707 §2)', async () => {
  const browser = await signedIn(app, party, person);
  for (const resource of [
    'https://unknown.example.com',
    `${MAIL}/`,
    'not a uri',
    `${MAIL}#x`,
    app.issuer,
    '/relative',
  ]) {
    const { page } = await begin(app, party, { resource }, browser);
    assert.equal(callbackOf(page).error, 'invalid_target', resource);
    assert.deepEqual(refusal(await token(app.issuer, party, { ...MACHINE, resource })), INVALID_TARGET, resource);
  }
});

test('a client gets no scope beyond its registered one from any resource server', async () => {
  const { body } = await token(app.issuer, party, { ...MACHINE, resource: MAIL, scope: 'mail:read shared' });
  assert.equal(body.scope, 'mail:read shared');
  assert.equal(decodeJwt(body.access_token ?? '').scope, 'mail:read shared');
  const wider = await token(app.issuer, party, { ...MACHINE, resource: MAIL, scope: 'mail:read mail:send' });
  assert.deepEqual(refusal(wider), { status: 400, error: 'invalid_scope' });
  const asked = await begin(app, party, { resource: MAIL, scope: 'openid mail:read mail:send' });
  const { error, error_description: description = '' } = callbackOf(asked.page);
  assert.equal(error, 'invalid_scope');
  assert.match(description, /mail:send/);
});

test('a client without any scope of a resource server gets invalid_target', async () => {
  const outsider = await app.seed.party({ metadata: { scope: 'openid email' } });
  assert.deepEqual(refusal(await token(app.issuer, outsider, { ...MACHINE, resource: MAIL })), INVALID_TARGET);
  assert.equal(
    callbackOf((await begin(app, outsider, { resource: MAIL, scope: 'openid' })).page).error,
    'invalid_target',
  );
});

test('a client that is registered only for scopes of resource servers gets no identity scope', async () => {
  const machine = await app.seed.party({ metadata: { scope: 'mail:read' } });
  for (const scope of ['openid', 'openid email', 'email mail:read']) {
    assert.equal(callbackOf((await begin(app, machine, { scope })).page).error, 'invalid_scope', scope);
    const refused = await token(app.issuer, machine, { ...MACHINE, scope });
    assert.deepEqual(refusal(refused), { status: 400, error: 'invalid_scope' }, scope);
  }
  const { body } = await token(app.issuer, machine, { ...MACHINE, resource: MAIL, scope: 'mail:read' });
  assert.equal(body.scope, 'mail:read');
});

test('consent names each resource server and is asked for each', async () => {
  const browser = await signedIn(app, party, person);
  const first = await begin(app, party, { resource: MAIL, scope: 'openid mail:read' }, browser);
  assert.match(first.page.body, /Mail API/);
  await submit(browser, first.page, { action: 'allow' });
  assert.equal(
    shown((await begin(app, party, { resource: MAIL, scope: 'openid mail:read' }, browser)).page),
    'callback',
  );
  const second = await begin(app, party, { resource: FILES, scope: 'openid files:read' }, browser);
  assert.equal(shown(second.page), 'consent');
  assert.match(second.page.body, /Files API/);
});

test('one code for several resources: one access token for one at a time, besides userinfo', async () => {
  const several = await authorizeSeveral();
  const first = await code(several, { resource: MAIL });
  assert.equal(first.status, 200);
  const mail = decodeJwt(first.body.access_token ?? '');
  assert.deepEqual([mail.aud, mail.scope], [[MAIL, USERINFO], 'openid mail:read shared']);
  const second = await token(app.issuer, party, {
    grant_type: 'refresh_token',
    refresh_token: first.body.refresh_token ?? '',
    resource: FILES,
  });
  const files = decodeJwt(second.body.access_token ?? '');
  assert.deepEqual([files.aud, files.scope], [[FILES, USERINFO], 'openid files:read shared']);
  assert.equal(files.sub, person.id);

  const both = [
    ['grant_type', 'refresh_token'],
    ['refresh_token', second.body.refresh_token ?? ''],
    ['resource', MAIL],
    ['resource', FILES],
  ] as const;
  assert.deepEqual(refusal(await post(app, '/token', both, basic(party.id, party.secret ?? ''))), INVALID_TARGET);
  const twice = [
    ['grant_type', 'client_credentials'],
    ['resource', MAIL],
    ['resource', FILES],
  ] as const;
  assert.deepEqual(refusal(await post(app, '/token', twice, basic(party.id, party.secret ?? ''))), INVALID_TARGET);
});

async function authorizeSeveral() {
  const browser = await signedIn(app, party, person);
  const verifier = randomBytes(32).toString('base64url');
  const url = new URL('/authorize', app.issuer);
  url.search = new URLSearchParams([
    ['client_id', party.id],
    ['redirect_uri', party.redirectUri],
    ['response_type', 'code'],
    ['scope', 'openid mail:read files:read shared'],
    ['code_challenge', createHash('sha256').update(verifier).digest('base64url')],
    ['code_challenge_method', 'S256'],
    ['resource', MAIL],
    ['resource', FILES],
  ]).toString();
  const asked = await browser.follow(await browser.get(url.href));
  if (shown(asked) === 'consent') assert.match(asked.body, /Mail API[\s\S]*Files API/);
  const page = shown(asked) === 'consent' ? await submit(browser, asked, { action: 'allow' }) : asked;
  return { code: callbackOf(page).code ?? '', verifier };
}

test('a resource that was not granted is invalid_target when the code or the refresh token is used (RFC 8707 §2.2)', async () => {
  const options = { issuer: app.issuer, party, person, params: { resource: MAIL, scope: 'openid mail:read' } };
  const granted = await authorize(options);
  assert.deepEqual(refusal(await code(granted, { resource: FILES })), INVALID_TARGET);
  const { body, status } = await code(granted, { resource: MAIL });
  assert.equal(status, 200, 'a refused request does not use up the code');
  const refused = await token(app.issuer, party, {
    grant_type: 'refresh_token',
    refresh_token: body.refresh_token ?? '',
    resource: FILES,
  });
  assert.deepEqual(refusal(refused), INVALID_TARGET);
  const again = await refresh(app.issuer, party, body.refresh_token ?? '');
  assert.equal(again.status, 200, 'a refused refresh does not use up the refresh token');
  const reused = await refresh(app.issuer, party, body.refresh_token ?? '');
  assert.equal(reused.body.refresh_token, again.body.refresh_token, 'the same response, as it is repeated');
});

test('resource at /authorize alone is enough: the token of the code and those of its refreshes are for it (§2.2)', async () => {
  const params = { resource: MAIL, scope: 'openid email mail:read' };
  const { tokens } = await tokensFor(app, party, person, { params });
  assert.equal(decodeProtectedHeader(tokens.access_token).typ, 'at+jwt');
  assert.deepEqual(decodeJwt(tokens.access_token).aud, [MAIL, USERINFO]);
  assert.equal((await userinfo(app.issuer, tokens.access_token)).body.email, person.email);
  assert.match(String(tokens.scope), /mail:read/);
  assert.equal(idTokenOf(tokens).sub, person.id);
  const next = await refresh(app.issuer, party, tokens.refresh_token ?? '');
  assert.deepEqual(decodeJwt(next.body.access_token ?? '').aud, [MAIL, USERINFO]);
});

test('of several resources none is chosen: without resource the token is for Cardea', async () => {
  const { body } = await code(await authorizeSeveral());
  assert.equal(body.access_token?.includes('.'), false, 'opaque');
  assert.equal(body.scope, 'openid');
  assert.equal((await userinfo(app.issuer, body.access_token ?? '')).body.sub, person.id);
});

test('without openid the only granted resource can be omitted', async () => {
  const params = { resource: MAIL, scope: 'mail:read' };
  const answer = await redeem(app.issuer, party, await authorize({ issuer: app.issuer, party, person, params }));
  assert.equal(decodeJwt(answer.body.access_token ?? '').aud, MAIL);
  assert.equal(answer.body.id_token, undefined);
  const next = await refresh(app.issuer, party, answer.body.refresh_token ?? '');
  assert.equal(decodeJwt(next.body.access_token ?? '').aud, MAIL);
});
