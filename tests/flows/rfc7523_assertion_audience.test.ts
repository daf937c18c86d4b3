import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { ProfileName } from '../../server/clients/vocabulary.ts';
import { CIBA_GRANT } from '../helpers/ciba.ts';
import { deployment } from '../helpers/deployment.ts';
import { DEVICE_GRANT } from '../helpers/device.ts';
import { type KeyedParty, keyedParty } from './keyed_party.ts';
import { post } from './support.ts';

/** The audience of client assertions (RFC 7523 §3), at each endpoint that authenticates clients. */

const scope = { after };
const oidc = await deployment(scope, { env: { CARDEA_PROFILE: 'oidc' } });
const { databaseUrl, masterKey } = oidc;
const oauth = await deployment(scope, { databaseUrl, masterKey });
const { issuer } = oauth;

const metadata = (profile?: ProfileName) => ({
  token_endpoint_auth_method: 'private_key_jwt',
  grant_types: ['authorization_code', 'client_credentials', DEVICE_GRANT, CIBA_GRANT],
  backchannel_token_delivery_mode: 'poll',
  ...(profile === 'fapi2' && { backchannel_authentication_request_signing_alg: 'ES256' }),
  profile,
});
const parties = {
  oidc: { app: oidc, keyed: await keyedParty(oidc, { metadata: metadata() }) },
  oauth21: { app: oauth, keyed: await keyedParty(oauth, { metadata: metadata() }) },
  fapi2: { app: oauth, keyed: await keyedParty(oauth, { metadata: metadata('fapi2') }) },
};

const ENDPOINTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '/token': { grant_type: 'client_credentials' },
  '/par': { response_type: 'code' },
  '/introspect': { token: 'unknown' },
  '/revoke': { token: 'unknown' },
  '/device_authorization': { scope: 'openid' },
  '/backchannel_authentication': { scope: 'openid', login_hint: 'nobody@example.com' },
};

/** Whether the client was authenticated; the request can be refused later for another reason. */
async function isAuthenticated(
  app: { readonly issuer: string },
  keyed: KeyedParty,
  path: string,
  aud: unknown,
  headers: Record<string, string> = {},
): Promise<boolean> {
  const assertion = await keyed.assertion({ aud });
  const { status, body } = await post(app, path, { ...ENDPOINTS[path], ...assertion }, headers);
  assert.ok(status < 500, `${path}: ${status}`);
  assert.equal(status === 401, body.error === 'invalid_client', `${path}: ${status} ${body.error}`);
  return status !== 401;
}

const other = (path: string) => (path === '/par' ? '/revoke' : '/par');

for (const profile of ['oidc', 'oauth21'] as const) {
  const { app, keyed } = parties[profile];
  test(`${profile}: issuer, token endpoint and the endpoint itself, one or a list of only these (OpenID Connect Core §9, RFC 9126 §2, CIBA Core §7.1)`, async () => {
    for (const path of Object.keys(ENDPOINTS)) {
      const [token, own] = [`${app.issuer}/token`, `${app.issuer}${path}`];
      for (const aud of [app.issuer, token, own, [app.issuer], [own], [app.issuer, token, own]])
        assert.equal(await isAuthenticated(app, keyed, path, aud), true, `${path} ${JSON.stringify(aud)}`);
    }
  });

  test(`${profile}: no other audience, alone or in a list, as another server could use the assertion here (RFC 7523 §3)`, async () => {
    for (const path of Object.keys(ENDPOINTS)) {
      for (const aud of [
        'https://other.example.com',
        `${app.issuer}${other(path)}`,
        `${app.issuer}/`,
        `${app.issuer}${path}/`,
        `${app.issuer}${path}?x`,
        `${app.issuer}/userinfo`,
        path,
        [],
        ['https://other.example.com'],
        [app.issuer, 'https://other.example.com'],
        [`${app.issuer}${path}`, null],
        [[app.issuer]],
        { 0: app.issuer },
        undefined,
      ])
        assert.equal(await isAuthenticated(app, keyed, path, aud), false, `${path} ${JSON.stringify(aud)}`);
    }
  });
}

test('fapi2: the issuer as a string, at each endpoint, and nothing else (FAPI 2.0 §5.3.2.1)', async () => {
  const { app, keyed } = parties.fapi2;
  for (const path of Object.keys(ENDPOINTS)) {
    assert.equal(await isAuthenticated(app, keyed, path, app.issuer), true, path);
    for (const aud of [[app.issuer], `${app.issuer}/token`, `${app.issuer}${path}`, [`${app.issuer}${path}`]])
      assert.equal(await isAuthenticated(app, keyed, path, aud), false, `${path} ${JSON.stringify(aud)}`);
  }
});

test('the URLs are made from the issuer, whatever host the request names', async () => {
  const { app, keyed } = parties.oauth21;
  const headers = { 'x-forwarded-host': 'evil.test', 'x-forwarded-proto': 'https', forwarded: 'host=evil.test' };
  for (const path of Object.keys(ENDPOINTS)) {
    for (const host of ['http://evil.test', 'https://evil.test'])
      assert.equal(await isAuthenticated(app, keyed, path, `${host}${path}`, headers), false, path);
    assert.equal(await isAuthenticated(app, keyed, path, `${issuer}${path}`, headers), true, path);
  }
});
