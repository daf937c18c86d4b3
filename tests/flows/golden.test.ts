import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ROOT } from '../helpers/artifacts.ts';
import { deployment, type Party } from '../helpers/deployment.ts';
import { authorization, authorize, redeem, refresh } from '../helpers/relying_party.ts';
import { basic, post } from './support.ts';

/**
 * Responses that client apps depend on, member by member, in tests/golden. A change there affects all apps: edit the
 * file by hand, and mention it in the changelog.
 */
const scope = { after };
const app = await deployment(scope);
const { databaseUrl, masterKey } = app;
const profiles = {
  oidc: await deployment(scope, { databaseUrl, masterKey, env: { CARDEA_PROFILE: 'oidc' } }),
  oauth21: app,
  fapi2: await deployment(scope, { databaseUrl, masterKey, env: { CARDEA_PROFILE: 'fapi2' } }),
};
const closed = await deployment(scope, { databaseUrl, masterKey, env: { CARDEA_REGISTRATION: 'off' } });
const person = await app.seed.person();
const party = await app.seed.party();
const publicParty = await app.seed.party({ public: true });

function golden(name: string): unknown {
  return JSON.parse(readFileSync(join(ROOT, 'tests/golden', name), 'utf8'));
}

async function read(path: string, issuer = app.issuer): Promise<{ text: string; headers: Headers }> {
  const response = await fetch(new URL(path, issuer));
  assert.equal(response.status, 200);
  return { text: await response.text(), headers: response.headers };
}

for (const path of ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server']) {
  for (const [profile, { issuer }] of Object.entries(profiles)) {
    test(`${profile}: discovery at ${path} (OpenID Connect Discovery §3, RFC 8414 §2)`, async () => {
      const { text, headers } = await read(path, issuer);
      const document = JSON.parse(text.replaceAll(issuer, 'https://id.example.com'));
      assert.deepEqual(document, golden(`discovery_${profile}.json`));
      assert.match(headers.get('content-type') ?? '', /^application\/json/);
    });
  }
}

test('discovery names no endpoint that is switched off', async () => {
  const { text } = await read('/.well-known/openid-configuration', closed.issuer);
  const { registration_endpoint, ...rest } = golden('discovery_oauth21.json') as Record<string, unknown>;
  assert.ok(registration_endpoint);
  assert.deepEqual(JSON.parse(text.replaceAll(closed.issuer, 'https://id.example.com')), rest);
});

/** Endpoints that accept POST only. */
const POSTED =
  /^(token|introspection|revocation|registration|device_authorization|backchannel_authentication|pushed_authorization_request)_/;

test('discovery names existing endpoints: none answers 404', async () => {
  const { text } = await read('/.well-known/openid-configuration');
  const endpoints = Object.entries(JSON.parse(text) as Record<string, unknown>).filter(
    ([name]) => name.endsWith('_endpoint') || name === 'jwks_uri',
  );
  assert.ok(endpoints.length >= 7);
  for (const [name, url] of endpoints) {
    const method = POSTED.test(name) ? 'POST' : 'GET';
    const { status } = await fetch(String(url), { method, redirect: 'manual' });
    assert.notEqual(status, 404, name);
    assert.notEqual(status, 405, name);
    assert.ok(status < 500, `${name}: ${status}`);
  }
});

test('the JWKS: public RSA keys, once for each algorithm, and nothing private (RFC 7517, RFC 7638)', async () => {
  const { text, headers } = await read('/.well-known/jwks.json');
  const { keys, ...rest } = JSON.parse(text) as { keys: Record<string, string>[] };
  const shape = keys.map((key) =>
    Object.fromEntries(
      Object.entries(key).map(([name, value]) => [
        name,
        ['kid', 'n'].includes(name) ? `${value.length} characters` : value,
      ]),
    ),
  );
  assert.deepEqual({ keys: shape.slice(0, 2), ...rest }, golden('jwks_shape.json'));
  for (const key of shape) assert.deepEqual(Object.keys(key).sort(), Object.keys(shape[0] ?? {}).sort());
  assert.match(headers.get('content-type') ?? '', /^application\/jwk-set\+json/);
  assert.match(headers.get('cache-control') ?? '', /^public, max-age=3600$/);
});

test('error bodies of /token (RFC 6749 §5.2)', async () => {
  const secret = authorization(party);
  const spent = await authorize({ issuer: app.issuer, party, person });
  const { body } = await redeem(app.issuer, party, spent);
  const { body: next } = await refresh(app.issuer, party, body.refresh_token ?? '');
  await refresh(app.issuer, party, next.refresh_token ?? '');
  const fresh = () => authorize({ issuer: app.issuer, party, person });
  const code = async (more: Record<string, string>, by: Party = party) => {
    const granted = await fresh();
    const fields = { grant_type: 'authorization_code', code: granted.code, code_verifier: granted.verifier };
    return post(app, '/token', { ...fields, redirect_uri: party.redirectUri, ...more }, authorization(by));
  };
  const machine = { grant_type: 'client_credentials' };
  const answers = {
    'no client': await post(app, '/token', machine),
    'unknown client': await post(app, '/token', machine, basic('nobody', 'secret')),
    'wrong secret': await post(app, '/token', machine, basic(party.id, 'wrong')),
    'two authentications': await post(app, '/token', { ...machine, client_secret: 'x' }, secret),
    'no grant type': await post(app, '/token', {}, secret),
    'unknown grant type': await post(app, '/token', { grant_type: 'password' }, secret),
    'grant type of others': await post(app, '/token', { ...machine, client_id: publicParty.id }),
    'no code': await post(app, '/token', { grant_type: 'authorization_code', redirect_uri: 'x' }, secret),
    'unknown code': await code({ code: 'x'.repeat(43) }),
    'wrong redirect URI': await code({ redirect_uri: 'https://rp.example.com/other' }),
    'wrong verifier': await code({ code_verifier: 'v'.repeat(43) }),
    'malformed verifier': await code({ code_verifier: 'short' }),
    'used code': await redeem(app.issuer, party, spent),
    'unknown refresh token': await refresh(app.issuer, party, 'x'.repeat(43)),
    'used refresh token': await refresh(app.issuer, party, body.refresh_token ?? ''),
    'unknown resource': await post(app, '/token', { ...machine, resource: 'https://unknown.example.com' }, secret),
    'scope of others': await post(
      app,
      '/token',
      { ...machine, scope: 'openid' },
      authorization(await app.seed.party({ metadata: { scope: 'email' } })),
    ),
    'parameter twice': await post(
      app,
      '/token',
      [
        ['grant_type', 'client_credentials'],
        ['grant_type', 'client_credentials'],
      ],
      secret,
    ),
  };
  const bodies = Object.fromEntries(
    Object.entries(answers).map(([name, { status, body: answer, headers }]) => {
      assert.match(headers.get('content-type') ?? '', /^application\/json/, name);
      assert.match(headers.get('cache-control') ?? '', /no-store/, name);
      // Texts for people may improve; values that programs compare may not change.
      const members = Object.keys(answer).sort();
      return [name, { status, error: answer.error, members }];
    }),
  );
  assert.deepEqual(bodies, golden('token_errors.json'));
});
