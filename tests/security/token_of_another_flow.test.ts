import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createLinks, LINK_PURPOSES } from '../../server/accounts/links.ts';
import { OPEN_POLICY } from '../../server/clients/registration_policy.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { askForMail, followLink } from '../flows/mailed_links.ts';
import { begin, post as send, tokensFor } from '../flows/support.ts';
import { askPerson, CIBA_GRANT, decideRequest, fetchTokens } from '../helpers/ciba.ts';
import { createRegistrationTokens } from '../helpers/client_stores.ts';
import { deployment } from '../helpers/deployment.ts';
import { askForCode, DEVICE_GRANT, decide, poll, typeCode } from '../helpers/device.ts';
import { mailbox } from '../helpers/mailbox.ts';
import { register } from '../helpers/registration.ts';
import { authorization, authorize, introspect, redeem, refresh, token, userinfo } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';

/** A secret of one flow is refused in every other flow (better-auth CVE-2026-114607). */

const scope = { after };
const post = await mailbox(scope);
const app = await deployment(scope, {
  env: { CARDEA_REGISTRATION: 'open', CARDEA_SMTP_URL: post.url, CARDEA_SIGN_UP: 'true' },
});
const { issuer, seed } = app;
const person = await seed.person();
const party = await seed.party({
  firstParty: true,
  metadata: {
    grant_types: ['authorization_code', 'refresh_token', DEVICE_GRANT, CIBA_GRANT],
    backchannel_token_delivery_mode: 'poll',
  },
});
const { tokens, browser } = await tokensFor(app, party, person);

/** The token of the requested link; notices contain no link. */
async function mailedToken(): Promise<string> {
  const { token: mailed } = await post.next(person.email);
  return mailed === '' ? mailedToken() : mailed;
}

/** All secrets of this client that are valid now, by their purpose. */
async function secrets() {
  const code = await authorize({ issuer, party, person, browser });
  const { body: device } = await askForCode(issuer, party, { scope: 'openid' });
  await decide(browser, await typeCode(browser, device.user_code), 'confirm');
  const { body: asked } = await askPerson(issuer, party, { login_hint: person.email });
  await decideRequest(app, person, 'approve');
  const { body: pushed } = await send(
    app,
    '/par',
    {
      client_id: party.id,
      redirect_uri: party.redirectUri,
      response_type: 'code',
      scope: 'openid',
      code_challenge: 'x'.repeat(43),
      code_challenge_method: 'S256',
    },
    authorization(party),
  );
  assert.ok(pushed.request_uri, JSON.stringify(pushed));
  const { body: registered } = await register(app, { redirect_uris: ['https://other.example/cb'] });
  const initial = await createRegistrationTokens({ db: app.db, now: Date.now }).create({
    policy: OPEN_POLICY,
    uses: 1_000,
    lifetime: 3_600,
  });
  const { page } = await begin(app, await seed.party());
  await askForMail(app, '/account/forgot', person.email);
  return {
    granted: code,
    ownPath: `/register/${registered.client_id}`,
    values: {
      code: code.code,
      'device code': device.device_code,
      auth_req_id: asked.auth_req_id,
      'refresh token': tokens.refresh_token ?? '',
      'access token': tokens.access_token,
      'ID token': tokens.id_token,
      request_uri: String(pushed.request_uri),
      'registration access token': registered.registration_access_token as string,
      'initial access token': remember('other', initial.token),
      'mailed link': await mailedToken(),
      'interaction id': new URL(page.url).pathname.split('/').at(-1) ?? '',
      'user code': device.user_code,
    },
  };
}

const { granted, ownPath, values } = await secrets();
type Name = keyof typeof values;

/** Endpoints and forms that accept a kind of secret, and that kind. */
const PLACES: Readonly<Record<string, { takes: Name; isTaken(value: string): Promise<boolean> }>> = {
  'the code grant': {
    takes: 'code',
    isTaken: async (code) => (await redeem(issuer, party, { ...granted, code })).status === 200,
  },
  'the refresh grant': {
    takes: 'refresh token',
    isTaken: async (value) => (await refresh(issuer, party, value)).status === 200,
  },
  'the device grant': {
    takes: 'device code',
    isTaken: async (value) => (await poll(issuer, party, value)).status === 200,
  },
  'the CIBA grant': {
    takes: 'auth_req_id',
    isTaken: async (value) => (await fetchTokens(issuer, party, value)).status === 200,
  },
  userinfo: { takes: 'access token', isTaken: async (value) => (await userinfo(issuer, value)).status === 200 },
  'the registration of a client': {
    takes: 'registration access token',
    async isTaken(value) {
      return (await register(app, undefined, { method: 'GET', path: ownPath, token: value })).status === 200;
    },
  },
  'a registration': {
    takes: 'initial access token',
    async isTaken(value) {
      return (await register(app, { redirect_uris: ['https://other.example/cb'] }, { token: value })).status === 201;
    },
  },
  'the page of a mailed link': {
    takes: 'mailed link',
    async isTaken(value) {
      return (await followLink(app, `${issuer}/account/link/reset_password?token=${value}`)).page.status === 200;
    },
  },
  'an id_token_hint': {
    takes: 'ID token',
    isTaken: async (value) =>
      (await browser.clone().get(`/logout?${new URLSearchParams({ id_token_hint: value })}`)).status === 303,
  },
  'a client assertion': {
    takes: 'ID token',
    async isTaken(value) {
      const { status } = await token(
        issuer,
        { ...party, secret: undefined },
        {
          grant_type: 'refresh_token',
          refresh_token: values['refresh token'],
          client_assertion: value,
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        },
      );
      return status === 200;
    },
  },
  'a request object': {
    takes: 'ID token',
    async isTaken(value) {
      const { page } = await begin(app, party, { request: value }, browser.clone());
      return page.location !== undefined && new URL(page.location).searchParams.has('code');
    },
  },
  'a pushed request': {
    takes: 'request_uri',
    async isTaken(value) {
      const uri = value.startsWith('urn:') ? value : `urn:ietf:params:oauth:request_uri:${value}`;
      const query = new URLSearchParams({ client_id: party.id, request_uri: uri });
      const { location } = await browser.clone().get(`/authorize?${query}`);
      return location !== undefined && new URL(location, issuer).searchParams.has('code');
    },
  },
};

/** An ID token belongs to a client but does not authenticate it: it is neither an assertion nor a request object. */
const NEVER = ['a client assertion', 'a request object'];

test('each kind of token is refused where another kind is expected', async () => {
  for (const [place, { takes, isTaken }] of Object.entries(PLACES)) {
    for (const [name, value] of Object.entries(values)) {
      if (name === takes && !NEVER.includes(place)) continue;
      assert.equal(await isTaken(value), false, `${name} at ${place}`);
    }
  }
  // None of the refusals was an internal error.
  assert.deepEqual(
    app.logLines.filter((line) => line.includes('"level":"error"')),
    [],
  );
});

test('a mailed link is refused at the page of another purpose', async () => {
  const sealer = createSealer([Buffer.from(app.masterKey, 'base64')]);
  const links = createLinks({ db: app.db, sealer, people: seed.accounts, now: Date.now });
  const account = (await seed.accounts.findById(person.id)) ?? assert.fail();
  const about = { account, payload: { email: person.email, epoch: account.epoch } };
  for (const purpose of LINK_PURPOSES) {
    const { token: made, bound } = links.create(purpose, purpose === 'sign_up' ? { payload: about.payload } : about);
    await app.db.transact([bound]);
    remember('other', made);
    for (const place of LINK_PURPOSES) {
      const { page } = await followLink(app, `${issuer}/account/link/${place}?token=${made}`);
      assert.equal(page.status, place === purpose ? 200 : 410, `${purpose} at ${place}`);
    }
  }
});

test('introspection and revocation accept access and refresh tokens only (RFC 7662 §2.1, RFC 7009 §2.1)', async () => {
  for (const [name, value] of Object.entries(values)) {
    const isKnown = name === 'access token' || name === 'refresh token';
    assert.equal((await introspect(issuer, party, value)).active, isKnown, name);
    if (!isKnown) await send(app, '/revoke', { token: value }, authorization(party));
  }
});

test('afterwards each of them still works for its own purpose', async () => {
  for (const place of [
    'the code grant',
    'the device grant',
    'the CIBA grant',
    'userinfo',
    'a pushed request',
    'the registration of a client',
    'a registration',
    'the page of a mailed link',
    'the refresh grant',
    // It ends the session.
    'an id_token_hint',
  ]) {
    const { takes, isTaken } = PLACES[place] ?? assert.fail();
    assert.equal(await isTaken(values[takes]), true, place);
  }
});
