import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { checkPolicy } from '../../server/clients/registration_policy.ts';
import { createRegistrationTokens } from '../helpers/client_stores.ts';
import { deployment, type Party } from '../helpers/deployment.ts';
import { type Answer, partyOf, register } from '../helpers/registration.ts';
import { authorize, introspect, redeem, userinfo } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';
import { begin, errorOn } from './support.ts';

const scope = { after };
const app = await deployment(scope, { env: { CARDEA_REGISTRATION: 'open' } });
const person = await app.seed.person();
const BASIC = { client_name: 'Agent', redirect_uris: ['https://agent.example/cb'] };

/** A registered client, and a request to its configuration endpoint. */
async function managed(input: object = {}, initial?: string) {
  const { body, status } = await register(app, { ...BASIC, ...input }, { token: initial });
  assert.equal(status, 201, JSON.stringify(body));
  const path = new URL(body.registration_client_uri).pathname;
  const token: string = body.registration_access_token;
  return {
    body,
    path,
    token,
    read: (other = token) => register(app, undefined, { method: 'GET', path, token: other }),
    update: (change: object, other = token) =>
      register(app, { client_id: body.client_id, ...BASIC, ...change }, { method: 'PUT', path, token: other }),
    remove: (other = token) => register(app, undefined, { method: 'DELETE', path, token: other }),
  };
}

describe('the client configuration endpoint (RFC 7592 §2)', () => {
  test('returns the registration without the secret (§2.1)', async () => {
    const { body, read } = await managed();
    const { client_secret: _, ...rest } = body;
    const { status, body: current, headers } = await read();
    assert.deepEqual([status, headers.get('cache-control')], [200, 'no-store']);
    assert.deepEqual(current, rest);
  });

  test('replaces all of it: omitted fields get their defaults (§2.2)', async () => {
    const { body, update, read } = await managed({ policy_uri: 'https://agent.example/policy', scope: 'openid' });
    const change = { client_name: 'Other', redirect_uris: ['https://agent.example/other'] };
    const { status, body: changed } = await update(change);
    assert.equal(status, 200, JSON.stringify(changed));
    assert.deepEqual(
      [changed.client_name, changed.redirect_uris, changed.policy_uri, changed.client_secret],
      ['Other', ['https://agent.example/other'], undefined, undefined],
    );
    assert.notEqual(changed.scope, 'openid');
    assert.deepEqual((await read()).body, changed);
    const before: Party = partyOf(body);
    const refused = await begin(app, before);
    assert.equal(errorOn(refused.page), 'invalid_redirect_uri');
    const party = { ...before, redirectUri: 'https://agent.example/other' };
    const granted = await authorize({ issuer: app.issuer, party, person });
    assert.equal((await redeem(app.issuer, party, granted)).status, 200, 'the secret is the same');
  });

  test('accepts only the current secret (§2.2)', async () => {
    const { body, update } = await managed();
    assert.equal((await update({ client_secret: body.client_secret })).status, 200);
    const { status, body: answer } = await update({ client_secret: 'chosen' });
    assert.deepEqual([status, answer.error], [400, 'invalid_request']);
  });

  test('accepts either of two secrets during a rotation, and the new one alone after it (§2.2)', async () => {
    const { body, update } = await managed();
    const { clients } = app.seed;
    const { secret } = await clients.rotateSecret(body.client_id, { overlapSeconds: 3_600 });
    remember('client_secret', secret);
    const status = async (value: string) => (await update({ client_secret: value })).status;
    assert.deepEqual([await status(body.client_secret), await status(secret)], [200, 200]);
    await clients.endOverlap(body.client_id);
    assert.deepEqual([await status(body.client_secret), await status(secret)], [400, 200]);
  });

  test('creates a secret when one becomes necessary, and drops an unnecessary one', async () => {
    const { update, read } = await managed({ token_endpoint_auth_method: 'none' });
    const made = await update({ token_endpoint_auth_method: 'client_secret_post' });
    assert.match(made.body.client_secret, /^[\w-]{43}$/);
    await update({ token_endpoint_auth_method: 'none' });
    const { body } = await read();
    assert.equal('client_secret_expires_at' in body, false);
  });

  for (const [field, value] of [
    ['registration_access_token', 'x'],
    ['registration_client_uri', 'https://x.example'],
    ['client_secret_expires_at', 0],
    ['client_id_issued_at', 0],
    ['client_id', 'another'],
  ] as const) {
    test(`refuses ${field}, which the client may not set (§2.2)`, async () => {
      const { update } = await managed();
      const { status, body } = await update({ [field]: value });
      assert.deepEqual([status, body.error], [400, 'invalid_request']);
      assert.match(body.error_description, new RegExp(field));
    });
  }

  test('applies the policy of the initial access token to a change', async () => {
    const tokens = createRegistrationTokens({ db: app.db, now: Date.now });
    const policy = checkPolicy({ redirectHosts: ['agent.example'], scopes: 'openid' });
    const { token } = await tokens.create({ policy, uses: 1, lifetime: 60 });
    const { update } = await managed({}, remember('other', token));
    const refusals = [
      { redirect_uris: ['https://evil.example/cb'] },
      { scope: 'openid email' },
      { grant_types: ['client_credentials'] },
    ];
    for (const change of refusals) assert.equal((await update(change)).status, 400, JSON.stringify(change));
    assert.equal((await update({})).body.scope, 'openid');
  });

  test('changes nothing that only the operator may set', async () => {
    const { body, update } = await managed();
    await app.seed.clients.update(body.client_id, { secondFactorRequired: true });
    await update({ first_party: true, second_factor_required: false, kind: 'operator' });
    const client = await app.seed.clients.find(body.client_id);
    assert.deepEqual([client?.firstParty, client?.secondFactorRequired, client?.kind], [false, true, 'dynamic']);
    await assert.rejects(app.seed.clients.update(body.client_id, { firstParty: true }), { code: 'invalid_input' });
  });

  test('deletes the client with all of its tokens, and the registration access token (§2.3)', async () => {
    const { body, remove, read } = await managed();
    const party = partyOf(body);
    const { body: issued } = await redeem(app.issuer, party, await authorize({ issuer: app.issuer, party, person }));
    const { status } = await remove();
    assert.equal(status, 204);
    assert.equal((await userinfo(app.issuer, issued.access_token ?? '')).status, 401);
    const resourceServer = await app.seed.party({ introspectsAll: true });
    assert.deepEqual(await introspect(app.issuer, resourceServer, issued.access_token ?? ''), { active: false });
    assert.equal((await read()).status, 401);
    assert.equal((await remove()).status, 401);
  });
});

describe('without the registration access token of that client (RFC 7592 §2)', () => {
  let mine: Awaited<ReturnType<typeof managed>>;
  let other: Awaited<ReturnType<typeof managed>>;
  before(async () => {
    [mine, other] = [await managed(), await managed()];
  });
  const isRefused = ({ status, body, headers }: Answer) => {
    assert.deepEqual([status, body.error], [401, 'invalid_token']);
    assert.match(headers.get('www-authenticate') ?? '', /^Bearer error="invalid_token"$/);
  };

  test('nothing can be read, changed or removed', async () => {
    for (const token of [other.token, 'x', mine.body.client_secret]) {
      isRefused(await mine.read(token));
      isRefused(await mine.update({}, token));
      isRefused(await mine.remove(token));
    }
    const none = await register(app, undefined, { method: 'GET', path: mine.path });
    assert.deepEqual([none.status, none.headers.get('www-authenticate')], [401, 'Bearer']);
  });

  test('a client of the operator gets the same response as an unknown one', async () => {
    const { id } = await app.seed.party();
    for (const path of [`/register/${id}`, '/register/none', '/register/%00', '/register/a%2Fb']) {
      isRefused(await register(app, undefined, { method: 'GET', path, token: mine.token }));
    }
  });
});
