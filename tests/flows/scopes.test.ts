import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodeJwt } from 'jose';
import { checkPolicy } from '../../server/clients/registration_policy.ts';
import { type BrowserSession, browserSession } from '../helpers/browser_session.ts';
import { cibaMetadata } from '../helpers/ciba.ts';
import { createRegistrationTokens } from '../helpers/client_stores.ts';
import { deployment, neighbour, type Party } from '../helpers/deployment.ts';
import { DEVICE_GRANT } from '../helpers/device.ts';
import { message } from '../helpers/messages.ts';
import { partyOf, register } from '../helpers/registration.ts';
import { authorization, authorize, redeem, refresh, signIn, token } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';
import { keyedParty } from './keyed_party.ts';
import { begin, callbackOf, post, refusal, shown, submit, submitPassword, tokensFor } from './support.ts';

/** What a request for scopes gets, and that it is told before any page (RFC 6749 §3.3, §4.1.2.1, §5.1). */
const scope = { after };
const app = await deployment(scope);
const MAIL = 'https://mail.example.com';
const FILES = 'https://files.example.com';
await app.seed.resourceServer({
  identifier: MAIL,
  name: 'Mail',
  scopes: ['mail:read', 'mail:send', 'shared'],
  open: true,
});
await app.seed.resourceServer({ identifier: FILES, name: 'Files', scopes: ['files:read', 'shared'] });
const person = await app.seed.person();
const metadata = { scope: 'openid email offline_access mail:read files:read shared nowhere' };
const party = await app.seed.party({ metadata });
const tv = await app.seed.party({ public: true, metadata: { ...metadata, grant_types: [DEVICE_GRANT] } });
const callCentre = await app.seed.party({ metadata: { ...cibaMetadata(), ...metadata } });
const policy = checkPolicy({ scopes: 'openid mail:read' });
const initial = await createRegistrationTokens({ db: app.db, now: Date.now }).create({
  policy,
  uses: 9,
  lifetime: 600,
});
const registered = await register(
  app,
  { client_name: 'Agent', redirect_uris: ['https://agent.example/cb'], scope: 'openid mail:read' },
  { token: remember('other', initial.token) },
);
const agent = partyOf(registered.body);
const auth0 = await neighbour(scope, app, { env: { CARDEA_AUDIENCE_PARAMETER: 'true' } });
const INVALID_SCOPE = { status: 400, error: 'invalid_scope' };
const MACHINE = { grant_type: 'client_credentials' };

type Fields = Record<string, string>;

/** How each flow asks for scopes; all refuse at the first request. */
const FLOWS: Readonly<Record<string, (fields: Fields) => Promise<{ error: unknown; description: unknown }>>> = {
  authorization: async (fields) => {
    const answer = callbackOf((await begin(app, party, { scope: undefined, ...fields })).page);
    return { error: answer.error, description: answer.error_description };
  },
  'pushed authorization': (fields) =>
    ask('/par', party, {
      response_type: 'code',
      redirect_uri: party.redirectUri,
      code_challenge: 'x'.repeat(43),
      code_challenge_method: 'S256',
      ...fields,
    }),
  device: (fields) => ask('/device_authorization', tv, fields),
  backchannel: (fields) => ask('/backchannel_authentication', callCentre, { login_hint: person.email, ...fields }),
  'client credentials': (fields) => ask('/token', party, { ...MACHINE, ...fields }),
};

async function ask(path: string, client: Party, fields: Fields) {
  const { body } = await post(app, path, { client_id: client.id, ...fields }, authorization(client));
  return { error: body.error, description: body.error_description };
}

for (const [flow, send] of Object.entries(FLOWS)) {
  const refused: readonly (readonly [why: string, names: string, fields: Fields])[] = [
    ['the asked resource does not have', 'files:read', { scope: 'openid files:read', resource: MAIL }],
    ['the client is not registered for', 'mail:send', { scope: 'openid mail:read mail:send', resource: MAIL }],
    ['no resource server has', 'nowhere', { scope: 'openid nowhere' }],
    ['several resource servers have', 'shared', { scope: 'openid shared' }],
    ['no single resource server has together', 'files:read', { scope: 'openid mail:read files:read' }],
  ];
  for (const [why, name, fields] of refused) {
    test(`${flow}: a scope that ${why} is invalid_scope, which names it`, async () => {
      const { error, description } = await send(fields);
      assert.equal(error, 'invalid_scope');
      assert.match(String(description), new RegExp(name));
      assert.match(String(description), /resource/, 'and says what to do');
    });
  }
}

test('a request without any scope is invalid_scope before any page (RFC 6749 §3.3)', async () => {
  for (const fields of [{}, { resource: MAIL }] as Fields[]) {
    assert.equal((await FLOWS.authorization?.(fields))?.error, 'invalid_scope');
    assert.equal((await FLOWS['pushed authorization']?.(fields))?.error, 'invalid_scope');
    assert.equal((await FLOWS.device?.(fields))?.error, 'invalid_scope');
  }
});

// ---- scopes select their resource server ----

test('scopes of exactly one resource server select it', async () => {
  const { tokens } = await tokensFor(app, party, person, { params: { scope: 'openid mail:read' } });
  const { aud, scope: granted } = decodeJwt(tokens.access_token);
  assert.ok([aud].flat().includes(MAIL));
  assert.match(String(granted), /mail:read/);
  const machine = await token(app.issuer, party, { ...MACHINE, scope: 'shared files:read' });
  const claims = decodeJwt(machine.body.access_token ?? '');
  assert.deepEqual([claims.aud, claims.scope, machine.body.scope], [FILES, 'shared files:read', 'shared files:read']);
});

test('the person consents to the resource server that the scopes select', async () => {
  const someone = await app.seed.person();
  const granted = await authorize({ issuer: app.issuer, party, person: someone, params: { scope: 'openid' } });
  const { page } = await begin(app, party, { scope: 'openid files:read' }, granted.browser);
  assert.equal(shown(page), 'consent');
  assert.match(page.body, /Files/);
});

test('a client that registered itself selects only among the resource servers that are open to it', async () => {
  const only = await app.seed.clients.update(agent.id, { openedScopes: [] });
  assert.equal(only.client.kind, 'dynamic');
  const { tokens } = await tokensFor(app, agent, person, { params: { scope: 'openid mail:read' } });
  assert.ok([decodeJwt(tokens.access_token).aud].flat().includes(MAIL));
});

// ---- partial grants say so ----

test('a client that registered itself gets what its policy allows, and is told by scope (RFC 6749 §3.3)', async () => {
  const params = { scope: 'openid mail:read mail:send', resource: MAIL };
  const { tokens } = await tokensFor(app, agent, person, { params });
  assert.match(String(tokens.scope), /mail:read/);
  assert.doesNotMatch(String(tokens.scope), /mail:send/);
  const { page } = await begin(app, agent, { scope: 'openid mail:send', resource: MAIL });
  assert.equal(page.status, 400, 'nothing of what it asked for there');
});

test('client credentials: what was granted is in the answer when it differs (RFC 6749 §5.1)', async () => {
  const { body } = await token(app.issuer, party, { ...MACHINE, resource: MAIL, scope: 'openid mail:read' });
  assert.equal(body.scope, 'mail:read');
  const nothing = await token(app.issuer, party, { ...MACHINE, resource: MAIL, scope: 'openid' });
  assert.deepEqual(refusal(nothing), INVALID_SCOPE, 'there is nothing that it could have');
});

// ---- audience ----

test('audience is ignored by default', async () => {
  const { body } = await token(app.issuer, party, { ...MACHINE, audience: FILES, scope: 'mail:read' });
  assert.equal(decodeJwt(body.access_token ?? '').aud, MAIL);
});

test('audience means resource where that is absent, by setting', async () => {
  const machine = await token(app.issuer, party, { ...MACHINE, audience: FILES, scope: 'shared' }, auth0.issuer);
  assert.equal(decodeJwt(machine.body.access_token ?? '').aud, FILES);
  const both = { ...MACHINE, audience: FILES, resource: MAIL, scope: 'shared' };
  const resource = await token(app.issuer, party, both, auth0.issuer);
  assert.equal(decodeJwt(resource.body.access_token ?? '').aud, MAIL);
  const params = { audience: FILES, scope: 'openid shared' };
  const granted = await authorize({ issuer: app.issuer, reach: auth0.issuer, party, person, params });
  const { body } = await redeem(app.issuer, party, granted, auth0.issuer);
  assert.ok([decodeJwt(body.access_token ?? '').aud].flat().includes(FILES));
});

test('an audience that is unknown, repeated or too long is refused', async () => {
  const send = (audiences: string[]) =>
    post(
      auth0,
      '/token',
      [...Object.entries({ ...MACHINE, scope: 'shared' }), ...audiences.map((one) => ['audience', one] as const)],
      authorization(party),
    );
  const INVALID_TARGET = { status: 400, error: 'invalid_target' };
  for (const audiences of [['https://unknown.example.com'], [MAIL, FILES]]) {
    assert.deepEqual(refusal(await send(audiences)), INVALID_TARGET);
  }
  const long = await send([`https://x.example/${'x'.repeat(600)}`]);
  assert.deepEqual(refusal(long), { status: 400, error: 'invalid_request' });
});

// ---- offline_access (OpenID Connect Core §11) ----

const OFFLINE = { scope: 'openid offline_access' };

/** Whether tokens outlive the session, as `scope` says. */
async function outlives(client: Party, params: Record<string, string>, browser?: BrowserSession) {
  const who = browser ? person : await app.seed.person();
  const { tokens, browser: used } = await tokensFor(app, client, who, { params, ...(browser ? { browser } : {}) });
  const isSaid = String(tokens.scope).split(' ').includes('offline_access');
  await submit(used, await used.get('/logout'), { logout: 'yes' });
  const { status } = await refresh(app.issuer, client, tokens.refresh_token ?? '');
  assert.equal(status === 200, isSaid, 'scope says what happens');
  return isSaid;
}

test('offline_access without prompt=consent is granted when the consent page is shown anyway', async () => {
  const someone = await app.seed.person();
  const begun = await begin(app, party, OFFLINE);
  const consent = await submitPassword(begun.browser, begun.page, someone);
  assert.equal(shown(consent), 'consent');
  assert.ok(consent.body.includes(message('scope.offline_access')), 'and the page says so');
  assert.equal(await outlives(party, OFFLINE), true);
});

test('offline_access never makes the consent page appear, and is then not granted', async () => {
  const granted = await authorize({ issuer: app.issuer, party, person, params: { scope: 'openid' } });
  const { page } = await begin(app, party, OFFLINE, granted.browser);
  assert.equal(shown(page), 'callback');
  assert.equal(await outlives(party, OFFLINE, granted.browser), false);
});

test('offline_access is not granted again without the page, although it was allowed before', async () => {
  const params = { ...OFFLINE, prompt: 'consent' };
  const granted = await authorize({ issuer: app.issuer, party, person, params });
  assert.equal(shown((await begin(app, party, OFFLINE, granted.browser)).page), 'callback');
  assert.equal(await outlives(party, OFFLINE, granted.browser), false);
});

test('a first-party app, which has no consent page, gets offline_access with prompt=consent alone', async () => {
  const ours = await app.seed.party({ firstParty: true, metadata });
  assert.equal(await outlives(ours, OFFLINE), false);
  assert.equal(await outlives(ours, { ...OFFLINE, prompt: 'consent' }), true);
});

test('offline_access in pushed and in signed requests follows the same rule (RFC 9126, RFC 9101)', async () => {
  const keyed = await keyedParty(app, { metadata });
  const challenge = { code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' };
  const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'; // RFC 7636 appendix B
  const { party: signing } = keyed;
  const pushed = await post(
    app,
    '/par',
    { client_id: signing.id, response_type: 'code', redirect_uri: signing.redirectUri, ...OFFLINE, ...challenge },
    authorization(signing),
  );
  const ways = [
    { request_uri: String(pushed.body.request_uri) },
    { request: await keyed.request({ ...OFFLINE, ...challenge }) },
  ];
  for (const way of ways) {
    const url = new URL('/authorize', app.issuer);
    url.search = new URLSearchParams({ client_id: signing.id, ...(way as Record<string, string>) }).toString();
    const browser = browserSession(app.issuer);
    const page = await signIn(browser, await browser.follow(await browser.get(url.href)), await app.seed.person());
    const { code = '' } = callbackOf(page);
    const { body } = await redeem(app.issuer, signing, { code, verifier });
    assert.equal(body.scope, 'openid offline_access', Object.keys(way)[0]);
  }
  const outside = new URL('/authorize', app.issuer);
  const request = await keyed.request({ scope: 'openid', ...challenge });
  outside.search = new URLSearchParams({ client_id: signing.id, request, ...OFFLINE }).toString();
  const browser = browserSession(app.issuer);
  const page = await signIn(browser, await browser.follow(await browser.get(outside.href)), await app.seed.person());
  const { body } = await redeem(app.issuer, signing, { code: callbackOf(page).code ?? '', verifier });
  assert.equal(body.scope, 'openid', 'only signed parameters count');
});

test('offline_access is not for a client without refresh tokens', async () => {
  const without = await app.seed.party({ metadata: { ...metadata, grant_types: ['authorization_code'] } });
  const { tokens } = await tokensFor(app, without, person, { params: OFFLINE });
  assert.equal(tokens.scope, 'openid');
});
