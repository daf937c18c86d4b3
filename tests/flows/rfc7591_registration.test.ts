import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { exportJWK, SignJWT } from 'jose';
import * as oauth from 'oauth4webapi';
import { hashToken } from '../../server/platform/sealing.ts';
import { CIBA_GRANT } from '../helpers/ciba.ts';
import { deployment, type Party } from '../helpers/deployment.ts';
import { temporaryFolder } from '../helpers/folders.ts';
import { initialTokens, partyOf, register } from '../helpers/registration.ts';
import { authorize, redeem, token } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';
import { begin, errorOn } from './support.ts';

const scope = { after };
const vouching = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const folder = temporaryFolder(scope);
const statementIssuers = join(folder, 'issuers.json');
writeFileSync(
  statementIssuers,
  JSON.stringify({ 'https://vouches.example': { keys: [await exportJWK(vouching.publicKey)] } }),
);
const clock = { ms: Date.now() };
const app = await deployment(scope, {
  env: { CARDEA_SOFTWARE_STATEMENT_ISSUERS: statementIssuers },
  now: () => clock.ms,
});
const person = await app.seed.person();
await app.seed.resourceServer({
  identifier: 'https://open.example',
  name: 'Open',
  scopes: ['read', 'admin'],
  open: true,
});
await app.seed.resourceServer({ identifier: 'https://closed.example', name: 'Closed', scopes: ['read', 'admin'] });

const initialToken = initialTokens(app, () => clock.ms);
const anything = await initialToken();
const CALLBACK = 'https://agent.example/cb';
const BASIC = { client_name: 'Agent', redirect_uris: [CALLBACK] };
const METADATA_ERROR = 'invalid_client_metadata';

describe('registration (RFC 7591)', () => {
  test('cannot choose the claims of its ID tokens, which the operator alone may', async () => {
    const { status, body } = await register(app, { ...BASIC, id_token_claims: 'minimal' }, { token: anything });
    const client = await app.seed.clients.find(String(body.client_id));
    assert.deepEqual([status, client?.metadata.id_token_claims], [201, undefined]);
  });

  test('cannot switch PKCE off, which the operator alone may', async () => {
    const { status, body } = await register(app, { ...BASIC, pkce: 'off' }, { token: anything });
    assert.deepEqual([status, body.pkce], [201, undefined]);
    const { page } = await begin(app, partyOf(body), { code_challenge: undefined, code_challenge_method: undefined });
    assert.equal(errorOn(page), 'invalid_request');
  });

  test('is refused without an initial access token, by default (§3)', async () => {
    const { status, body, headers } = await register(app, BASIC);
    assert.deepEqual([status, body.error, headers.get('www-authenticate')], [401, 'invalid_token', 'Bearer']);
    const wrong = await register(app, BASIC, { token: 'x'.repeat(43) });
    assert.deepEqual(
      [wrong.status, wrong.headers.get('www-authenticate')],
      [401, 'Bearer error="invalid_token"'],
      'RFC 6750 §3',
    );
  });

  test('returns the whole registration, with defaults (§3.2.1)', async () => {
    const { status, body, headers } = await register(app, BASIC, { token: anything });
    assert.equal(status, 201);
    assert.equal(headers.get('cache-control'), 'no-store');
    const { client_id, client_secret, client_id_issued_at, registration_access_token, ...rest } = body;
    assert.match(client_secret, /^[\w-]{43}$/);
    assert.match(registration_access_token, /^[\w-]{43}$/);
    assert.equal(client_id_issued_at, Math.floor(clock.ms / 1000));
    assert.deepEqual(rest, {
      client_secret_expires_at: 0,
      registration_client_uri: `${app.issuer}/register/${client_id}`,
      client_name: 'Agent',
      redirect_uris: [CALLBACK],
      post_logout_redirect_uris: [],
      grant_types: ['authorization_code'],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_basic',
      application_type: 'web',
      scope: 'openid profile email phone address offline_access',
    });
    const [row] = await app.db.run<Record<string, unknown>>(
      { name: '', text: 'SELECT secret_hash, management_token_hash, first_party, kind FROM clients WHERE id = $1' },
      [client_id],
    );
    assert.deepEqual(row, {
      secret_hash: hashToken(client_secret),
      management_token_hash: hashToken(registration_access_token),
      first_party: false,
      kind: 'dynamic',
    });
  });

  test('works with oauth4webapi, and the new client signs people in', async () => {
    const insecure = { [oauth.allowInsecureRequests]: true };
    const issuer = new URL(app.issuer);
    const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure));
    const response = await oauth.dynamicClientRegistrationRequest(
      server,
      { ...BASIC, grant_types: ['authorization_code', 'refresh_token'] },
      { ...insecure, initialAccessToken: anything },
    );
    const made = await oauth.processDynamicClientRegistrationResponse(response);
    const party = partyOf(made);
    remember('client_secret', party.secret ?? '');
    remember('other', String(made.registration_access_token));
    const { status, body } = await redeem(app.issuer, party, await authorize({ issuer: app.issuer, party, person }));
    assert.equal(status, 200);
    assert.ok(body.id_token && body.refresh_token);
  });

  test('ignores unknown fields and fields that only the operator may set (§2; mass assignment)', async () => {
    const { status, body } = await register(
      app,
      {
        ...BASIC,
        software_id: 'x',
        'client_name#de': 'Agent',
        first_party: true,
        firstParty: true,
        builtin: true,
        demo: true,
        kind: 'operator',
        second_factor_required: true,
        profile: 'oidc',
        client_id: 'chosen',
        client_secret: 'chosen',
        expires_at: '2999-01-01',
        policy: { grantTypes: ['client_credentials'] },
        jwks_uri: null,
        __proto__: { scope: 'x' },
      },
      { token: anything },
    );
    assert.equal(status, 201);
    assert.notEqual(body.client_id, 'chosen');
    assert.notEqual(body.client_secret, 'chosen');
    const client = await app.seed.clients.find(body.client_id);
    assert.deepEqual(
      [client?.firstParty, client?.builtin, client?.demo, client?.kind, client?.secondFactorRequired],
      [false, false, false, 'dynamic', false],
    );
    assert.equal('profile' in (client?.metadata ?? {}), false);
  });

  for (const [why, field, code, change] of [
    ['a redirect to a script', 'redirect_uris', 'invalid_redirect_uri', { redirect_uris: ['javascript:alert(1)'] }],
    ['a redirect by http', 'redirect_uris', 'invalid_redirect_uri', { redirect_uris: ['http://agent.example/cb'] }],
    ['no redirect', 'redirect_uris', 'invalid_redirect_uri', { redirect_uris: [] }],
    ['a redirect with a fragment', 'redirect_uris', 'invalid_redirect_uri', { redirect_uris: [`${CALLBACK}#x`] }],
    ['a grant unknown', 'grant_types', METADATA_ERROR, { grant_types: ['password'] }],
    ['a grant without a person', 'grant_types', METADATA_ERROR, { grant_types: ['client_credentials'] }],
    ['a way unknown', 'token_endpoint_auth_method', METADATA_ERROR, { token_endpoint_auth_method: 'tls' }],
    ['a private key', 'jwks', METADATA_ERROR, { jwks: { keys: [{ kty: 'oct', k: 'AA' }] } }],
    ['a name that hides', 'client_name', METADATA_ERROR, { client_name: 'Bank\u202eevil' }],
    [
      'a signature that no key here can make',
      'id_token_signed_response_alg',
      METADATA_ERROR,
      { id_token_signed_response_alg: 'ES256' },
    ],
    ['a page by http', 'tos_uri', METADATA_ERROR, { tos_uri: 'http://agent.example/' }],
  ] as const) {
    test(`names the field of ${why} (§3.2.2)`, async () => {
      const { status, body } = await register(app, { ...BASIC, ...change }, { token: anything });
      assert.deepEqual([status, body.error], [400, code]);
      assert.match(body.error_description, new RegExp(field));
      assert.match(body.error_description, /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/, 'RFC 6749 §5.2');
    });
  }

  test('answers 400 to a body that is not a JSON object, and 415 to another media type', async () => {
    for (const body of ['[]', '"x"', 'null', '{', '{"__proto__": {}}']) {
      const { status } = await register(app, body, { token: anything });
      assert.equal(status, 400, body);
    }
    const form = await register(app, 'redirect_uris=x', {
      token: anything,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    assert.equal(form.status, 415);
  });

  test('drops the address of another host, and one that it would call there (§5)', async () => {
    const pages = {
      client_uri: 'https://bank.example/',
      policy_uri: 'https://bank.example/policy',
      tos_uri: 'https://agent.example/terms',
      logo_uri: 'https://bank.example/logo.png',
      backchannel_logout_uri: 'https://bank.example/logout',
    };
    const { body } = await register(app, { ...BASIC, ...pages }, { token: anything });
    const { client_uri, policy_uri, tos_uri, logo_uri, backchannel_logout_uri } = body;
    assert.deepEqual([client_uri, backchannel_logout_uri], [undefined, undefined]);
    // Pages show them as what they are: tests/conformance/dynamic.test.ts
    assert.deepEqual([policy_uri, tos_uri, logo_uri], [pages.policy_uri, pages.tos_uri, pages.logo_uri]);
  });

  test('can be called by apps in browsers, from any origin', async () => {
    const preflight = await register(app, undefined, {
      method: 'OPTIONS',
      headers: { origin: 'https://agent.example', 'access-control-request-method': 'POST' },
    });
    assert.deepEqual([preflight.status, preflight.headers.get('access-control-allow-origin')], [204, '*']);
    const { headers } = await register(app, BASIC, { token: anything, headers: { origin: 'https://agent.example' } });
    assert.equal(headers.get('access-control-allow-origin'), '*');
  });
});

describe('an initial access token', () => {
  test('can be used a limited number of times, also by parallel requests, and a failed registration does not count', async () => {
    const twice = await initialToken({}, 2);
    assert.equal((await register(app, { ...BASIC, redirect_uris: [] }, { token: twice })).status, 400);
    const answers = await Promise.all(Array.from({ length: 6 }, () => register(app, BASIC, { token: twice })));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 201, 401, 401, 401, 401]);
  });

  test('expires', async () => {
    const value = await initialToken();
    clock.ms += 3_601_000;
    assert.equal((await register(app, BASIC, { token: value })).status, 401);
    clock.ms -= 3_601_000;
  });

  test('may allow CIBA and its notification endpoint (CIBA Core 1.0 §4)', async () => {
    const ping = {
      redirect_uris: [],
      grant_types: [CIBA_GRANT],
      response_types: [],
      backchannel_token_delivery_mode: 'ping',
      backchannel_client_notification_endpoint: 'https://calls.example.com/answered',
    };
    const refused = await register(app, ping, { token: await initialToken() });
    assert.deepEqual([refused.status, refused.body.error], [400, 'invalid_client_metadata'], 'not by itself');
    const { status, body } = await register(app, ping, { token: await initialToken({ grantTypes: [CIBA_GRANT] }) });
    assert.equal(status, 201, JSON.stringify(body));
    assert.equal(body.backchannel_client_notification_endpoint, ping.backchannel_client_notification_endpoint);
  });

  test('allows only the hosts, grants and scopes of its policy', async () => {
    const narrow = await initialToken({
      redirectHosts: ['agent.example', '*.apps.example'],
      grantTypes: ['authorization_code', 'client_credentials'],
      scopes: 'openid read',
    });
    const tries: readonly (readonly [number, object])[] = [
      [201, {}],
      [201, { redirect_uris: ['https://a.apps.example/cb'] }],
      [400, { redirect_uris: ['https://apps.example/cb'] }],
      [400, { redirect_uris: ['https://evilapps.example/cb'] }],
      [400, { redirect_uris: [CALLBACK, 'https://evil.example/cb'] }],
      [400, { redirect_uris: ['http://127.0.0.1/cb'] }],
      [400, { post_logout_redirect_uris: ['https://evil.example/'] }],
      [201, { grant_types: ['authorization_code', 'client_credentials'] }],
      [400, { grant_types: ['refresh_token'] }],
      [400, { scope: 'openid email' }],
    ];
    for (const [expected, change] of tries) {
      const { status, body } = await register(app, { ...BASIC, ...change }, { token: narrow });
      assert.equal(status, expected, JSON.stringify([change, body]));
      if (status === 201) assert.equal(body.scope, 'openid read');
    }
  });
});

describe('a client that registered itself', () => {
  /** The scope of the access token that the client gets for a resource server. */
  async function scopeAt(resource: string, party: Party, asked: string): Promise<unknown> {
    const params = { resource, scope: asked };
    const { code, verifier } = await authorize({ issuer: app.issuer, party, person, params });
    const { body } = await token(app.issuer, party, {
      grant_type: 'authorization_code',
      code,
      code_verifier: verifier,
      redirect_uri: party.redirectUri,
      resource,
    });
    return body.scope;
  }

  test('reaches only resource servers that are open to such clients, with any scope (RFC 8707)', async () => {
    for (const named of [undefined, 'openid read admin']) {
      const { body } = await register(app, { ...BASIC, scope: named }, { token: anything });
      const party = partyOf(body);
      assert.equal(await scopeAt('https://open.example', party, 'openid read'), 'openid read');
      const closed = { resource: 'https://closed.example', scope: 'openid read' };
      assert.equal(errorOn((await begin(app, party, closed)).page), 'invalid_target');
    }
  });

  test('may ask for more scopes of an API than it registered (step-up), but not beyond its policy', async () => {
    const { body } = await register(app, { ...BASIC, scope: 'openid read' }, { token: anything });
    assert.equal(await scopeAt('https://open.example', partyOf(body), 'openid read admin'), 'openid read admin');
    const token = await initialToken({ scopes: 'openid read' });
    const limited = await register(app, { ...BASIC, scope: 'openid read' }, { token });
    assert.equal(await scopeAt('https://open.example', partyOf(limited.body), 'openid read admin'), 'openid read');
  });

  test('gets no scope of an API when it registered for sign-in alone', async () => {
    const { body } = await register(app, { ...BASIC, scope: 'openid email' }, { token: anything });
    assert.equal((await app.seed.clients.find(body.client_id))?.openScope, false);
  });

  test('gets no client credentials token unless it registered for the grant', async () => {
    const { body } = await register(app, BASIC, { token: anything });
    const answer = await token(app.issuer, partyOf(body), { grant_type: 'client_credentials' });
    assert.deepEqual([answer.status, answer.body.error], [400, 'unauthorized_client']);
  });
});

describe('a software statement (RFC 7591 §2.3)', () => {
  const statement = (claims: Record<string, unknown>, key = vouching.privateKey, issuer = 'https://vouches.example') =>
    new SignJWT(claims).setProtectedHeader({ alg: 'ES256' }).setIssuer(issuer).sign(key);

  test('has precedence over the other fields, and is returned unchanged (§3.2.1)', async () => {
    const software_statement = await statement({
      client_name: 'Vouched',
      redirect_uris: ['https://vouched.example/cb'],
    });
    const { status, body } = await register(app, { ...BASIC, software_statement }, { token: anything });
    assert.equal(status, 201, JSON.stringify(body));
    assert.deepEqual([body.client_name, body.redirect_uris], ['Vouched', ['https://vouched.example/cb']]);
    assert.equal(body.software_statement, software_statement);
  });

  test('is refused when it is forged, expired, or of an untrusted issuer (§3.2.2)', async () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"iss":"https://vouches.example"}').toString('base64url')}.`;
    for (const [expected, software_statement] of [
      ['invalid_software_statement', await statement({}, other)],
      ['invalid_software_statement', await statement({ exp: Math.floor(clock.ms / 1000) - 60 })],
      ['invalid_software_statement', unsigned],
      ['invalid_software_statement', 'x'],
      ['invalid_software_statement', { iss: 'https://vouches.example' }],
      ['unapproved_software_statement', await statement({}, other, 'https://stranger.example')],
    ] as const) {
      const { status, body } = await register(app, { ...BASIC, software_statement }, { token: anything });
      assert.deepEqual([status, body.error], [400, expected]);
    }
  });
});
