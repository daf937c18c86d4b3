import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, beforeEach, describe, test } from 'node:test';
import { generateKeyPair, UnsecuredJWT } from 'jose';
import { askPerson, CIBA_GRANT, cibaMetadata, openRequests } from '../helpers/ciba.ts';
import { textsOf } from '../helpers/html.ts';
import { cibaDeployment } from './ciba_deployment.ts';
import { keyedParty } from './keyed_party.ts';
import { tokensFor } from './support.ts';

/** How a client asks by OpenID Connect Client-Initiated Backchannel Authentication Core 1.0, by section. */
const { app, issuer, callCentre, person, startRequest, refusalOf, countWaiting, removeRequests } = await cibaDeployment(
  {
    after,
  },
);
const web = await app.seed.party({ firstParty: true });

beforeEach(removeRequests);

describe('metadata (§4)', () => {
  test('discovery names the endpoint, the modes and the algorithms, and no user code', async () => {
    const discovery = (await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()) as Record<
      string,
      string[]
    >;
    assert.equal(discovery.backchannel_authentication_endpoint, `${issuer}/backchannel_authentication`);
    assert.deepEqual(discovery.backchannel_token_delivery_modes_supported, ['poll', 'ping', 'push']);
    assert.equal(discovery.backchannel_user_code_parameter_supported, false);
    assert.ok(discovery.backchannel_authentication_request_signing_alg_values_supported?.includes('PS256'));
    assert.ok(discovery.grant_types_supported?.includes(CIBA_GRANT));
  });

  const broken: [string, Record<string, unknown>, string][] = [
    ['no delivery mode', { backchannel_token_delivery_mode: undefined }, 'backchannel_token_delivery_mode'],
    ['an unknown delivery mode', { backchannel_token_delivery_mode: 'fax' }, 'backchannel_token_delivery_mode'],
    [
      'ping without a notification endpoint',
      { backchannel_token_delivery_mode: 'ping' },
      'backchannel_client_notification_endpoint',
    ],
    [
      'an endpoint without TLS',
      { backchannel_client_notification_endpoint: 'http://rp.example.com/' },
      'backchannel_client_notification_endpoint',
    ],
    ['a public client', { token_endpoint_auth_method: 'none' }, 'grant_types'],
    ['pairwise without keys that tell the sector', { subject_type: 'pairwise' }, 'jwks_uri'],
    ['signed without a key', { backchannel_authentication_request_signing_alg: 'PS256' }, 'jwks'],
    [
      'push with bound tokens',
      {
        backchannel_token_delivery_mode: 'push',
        backchannel_client_notification_endpoint: 'https://rp.example.com/n',
        dpop_bound_access_tokens: true,
      },
      'backchannel_token_delivery_mode',
    ],
    [
      'the profile fapi2 without signed requests (FAPI-CIBA §5.2.2)',
      {
        profile: 'fapi2',
        token_endpoint_auth_method: 'private_key_jwt',
        jwks_uri: 'https://rp.example.com/jwks',
      },
      'backchannel_authentication_request_signing_alg',
    ],
    [
      'the profile fapi2 does not push (FAPI-CIBA §5.2.2)',
      {
        profile: 'fapi2',
        token_endpoint_auth_method: 'private_key_jwt',
        jwks_uri: 'https://rp.example.com/jwks',
        backchannel_token_delivery_mode: 'push',
        backchannel_client_notification_endpoint: 'https://rp.example.com/n',
      },
      'backchannel_token_delivery_mode',
    ],
  ];
  for (const [why, metadata, field] of broken) {
    test(`is refused, with its field: ${why}`, async () => {
      const metadataOf = cibaMetadata(metadata);
      await assert.rejects(app.seed.clients.create({ name: 'x', metadata: metadataOf }), {
        code: 'invalid_input',
        field,
      });
    });
  }
});

describe('the request (§7)', () => {
  test('requires a client that is registered for it and authenticates (§7.1)', async () => {
    assert.deepEqual(await refusalOf({ login_hint: person.email }, web), { status: 400, error: 'unauthorized_client' });
    assert.deepEqual(await refusalOf({ login_hint: person.email }, { ...callCentre, secret: 'wrong' }), {
      status: 401,
      error: 'invalid_client',
    });
    assert.equal((await fetch(`${issuer}/backchannel_authentication`)).status, 405);
  });

  const bad: [string, Record<string, string | undefined>, string][] = [
    ['no scope', { login_hint: 'portia', scope: undefined }, 'invalid_request'],
    ['a scope without openid', { login_hint: 'portia', scope: 'profile' }, 'invalid_request'],
    ['no hint', {}, 'invalid_request'],
    ['two hints', { login_hint: 'portia', id_token_hint: 'x' }, 'invalid_request'],
    ['a login_hint_token, which is not supported', { login_hint_token: 'x' }, 'invalid_request'],
    ['a hint for an unknown person (§13)', { login_hint: 'nobody@example.com' }, 'unknown_user_id'],
    ['a hint as long as an address may be', { login_hint: 'x'.repeat(320) }, 'unknown_user_id'],
    ['a hint that is longer', { login_hint: 'x'.repeat(321) }, 'invalid_request'],
    ['an id_token_hint that is not an ID token', { id_token_hint: 'x' }, 'invalid_request'],
    ['requested_expiry that is not a number', { login_hint: 'portia', requested_expiry: 'soon' }, 'invalid_request'],
    ['requested_expiry of zero', { login_hint: 'portia', requested_expiry: '0' }, 'invalid_request'],
    [
      'a very long binding_message',
      { login_hint: 'portia', binding_message: 'x'.repeat(600) },
      'invalid_binding_message',
    ],
    ['a long binding_message', { login_hint: 'portia', binding_message: 'x'.repeat(65) }, 'invalid_binding_message'],
    [
      'a binding_message that reverses the text direction',
      { login_hint: 'portia', binding_message: 'a\u202Eb' },
      'invalid_binding_message',
    ],
    ['a binding_message of two lines', { login_hint: 'portia', binding_message: 'a\nb' }, 'invalid_binding_message'],
    ['an unknown resource', { login_hint: 'portia', resource: 'https://nobody.example.com/' }, 'invalid_target'],
    [
      'an unknown essential acr',
      { login_hint: 'portia', claims: '{"id_token":{"acr":{"essential":true,"value":"gold"}}}' },
      'unmet_authentication_requirements',
    ],
  ];
  for (const [why, params, error] of bad) {
    test(`is refused: ${why}`, async () => {
      assert.deepEqual(await refusalOf(params), { status: 400, error });
      assert.equal(await countWaiting(), 0);
    });
  }

  test('unknown_user_id also for an account that is disabled', async () => {
    const gone = await app.seed.person();
    await app.seed.accounts.disable(gone.id);
    assert.deepEqual(await refusalOf({ login_hint: gone.email }), { status: 400, error: 'unknown_user_id' });
  });

  test('an app that tries many people gets 429, counted by client', async () => {
    const curious = await app.seed.party({ metadata: cibaMetadata() });
    const tries = await Promise.all(
      Array.from({ length: 20 }, (_, n) => refusalOf({ login_hint: `${n}@example.com` }, curious)),
    );
    assert.ok(tries.every(({ error }) => error === 'unknown_user_id'));
    const { status, headers } = await askPerson(issuer, curious, { login_hint: person.email });
    assert.equal(status, 429, 'an existing hint gets the same response');
    assert.ok(Number(headers.get('retry-after')) <= 60);
    // The operator can do nothing about it.
    assert.ok(!app.logLines.some((line) => line.includes('"level":"error"')));
    assert.equal((await askPerson(issuer, callCentre, { login_hint: person.email })).status, 200, 'others go on');
  });

  test('parallel tries count as well; hints that exist do not count', async () => {
    const curious = await app.seed.party({ metadata: cibaMetadata() });
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) => refusalOf({ login_hint: `${n}@example.com` }, curious)),
    );
    const errors = answers.map(({ error }) => error);
    assert.equal(errors.filter((error) => error === 'unknown_user_id').length, 20);
    assert.equal(errors.filter((error) => error === 'temporarily_unavailable').length, 20);
    assert.equal((await refusalOf({ login_hint: person.email }, curious)).status, 429);
    const busy = await app.seed.party({ metadata: cibaMetadata() });
    for (let n = 0; n < 25; n += 1) await refusalOf({ login_hint: person.email, scope: 'openid' }, busy);
    assert.equal((await refusalOf({ login_hint: 'nobody@example.com' }, busy)).error, 'unknown_user_id');
  });

  test('five requests of an app wait for a person at most', async () => {
    for (let n = 0; n < 5; n += 1) await startRequest();
    assert.deepEqual(await refusalOf({ login_hint: person.email }), { status: 400, error: 'access_denied' });
    const another = await app.seed.party({ metadata: cibaMetadata() });
    await startRequest(another);
    assert.equal(await countWaiting(), 6);
  });

  test('lives as long as the app requests, ten minutes at most (§7.1 requested_expiry)', async () => {
    const lifetimes = [undefined, '60', '99999'].map(async (requested_expiry) => {
      const { body } = await askPerson(issuer, callCentre, { login_hint: 'PORTIA', requested_expiry });
      return body.expires_in;
    });
    assert.deepEqual(await Promise.all(lifetimes), [300, 60, 600]);
  });

  test('may be signed, and must be when the client is registered so (§7.1.1); in fapi2 it always must (FAPI-CIBA §5.2.2)', async () => {
    const { party, request, assertion } = await keyedParty(app, {
      metadata: cibaMetadata({
        profile: 'fapi2',
        token_endpoint_auth_method: 'private_key_jwt',
        backchannel_authentication_request_signing_alg: 'ES256',
      }),
    });
    const stranger = await keyedParty(app);
    const at = Math.floor(Date.now() / 1_000);
    const claims = () => ({
      login_hint: person.email,
      binding_message: 'signed',
      redirect_uri: undefined,
      response_type: undefined,
      client_id: undefined,
      iat: at,
      jti: randomBytes(16).toString('hex'),
    });
    const send = async (params: Record<string, string | undefined>) => {
      const { status, body } = await askPerson(issuer, party, { ...params, ...(await assertion()) });
      return { status, error: body.error };
    };
    const sign = async (more: Record<string, unknown>, options = {}) =>
      send({ scope: undefined, request: await request({ ...claims(), ...more }, options) });
    const invalid = { status: 400, error: 'invalid_request' };
    assert.deepEqual(await send({ login_hint: person.email }), invalid, 'unsigned');
    for (const wrong of [
      { aud: 'https://other.example.com' },
      { aud: undefined },
      { iss: stranger.party.id },
      { iss: undefined },
      { exp: at - 120 },
      { exp: at + 4_200 },
      { exp: undefined },
      { nbf: at + 600 },
      { nbf: at - 4_200 },
      { nbf: undefined },
      { iat: undefined },
      { jti: undefined },
    ]) {
      assert.deepEqual(await sign(wrong), invalid, JSON.stringify(wrong));
    }
    assert.deepEqual(await sign({}, { key: stranger.privateKey }), invalid, 'with another client’s key');
    for (const alg of ['RS256', 'PS256']) {
      const { privateKey: key } = await generateKeyPair(alg);
      assert.deepEqual(await sign({}, { alg, key }), invalid, alg);
    }
    const none = new UnsecuredJWT({ ...claims(), iss: party.id, aud: issuer, exp: at + 60, nbf: at, scope: 'openid' });
    assert.deepEqual(await send({ scope: undefined, request: none.encode() }), invalid, 'none');
    const bare = await askPerson(issuer, party, { scope: undefined, request: await request(claims()) });
    assert.deepEqual(
      [bare.status, bare.body.error],
      [401, 'invalid_client'],
      'signed, but without client authentication',
    );
    for (const requested_expiry of [60, '60']) {
      assert.deepEqual(await sign({ requested_expiry }), { status: 200, error: undefined });
    }
    assert.ok(textsOf((await openRequests(app, person)).page, '[id^="message-"]').includes('signed'));
  });

  test('a signed request is recent in every profile (FAPI-CIBA §5.2.2)', async () => {
    const { party, request } = await keyedParty(app, {
      metadata: cibaMetadata({ backchannel_authentication_request_signing_alg: 'ES256' }),
    });
    const at = Math.floor(Date.now() / 1_000);
    const send = async (nbf: number) => {
      const claims = {
        login_hint: person.email,
        redirect_uri: undefined,
        response_type: undefined,
        client_id: undefined,
      };
      const jti = randomBytes(16).toString('hex');
      return (
        await askPerson(issuer, party, { scope: undefined, request: await request({ ...claims, iat: at, jti, nbf }) })
      ).body.error;
    };
    assert.deepEqual([await send(at - 3_500), await send(at - 3_700)], [undefined, 'invalid_request']);
  });

  test('names the person by an ID token, of any age, that this client got', async () => {
    const signIn = await app.seed.party({
      firstParty: true,
      metadata: {
        grant_types: ['authorization_code', CIBA_GRANT],
        backchannel_token_delivery_mode: 'poll',
      },
    });
    const { tokens } = await tokensFor(app, signIn, person);
    const hint = { id_token_hint: tokens.id_token };
    assert.equal((await askPerson(issuer, signIn, hint)).status, 200);
    assert.equal(await countWaiting(), 1);
    assert.deepEqual(await refusalOf(hint), { status: 400, error: 'invalid_request' });
  });
});
