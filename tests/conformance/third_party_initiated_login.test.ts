import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { deployment } from '../helpers/deployment.ts';
import { rememberAll } from '../helpers/secrets.ts';

/** OpenID Connect Core §4: a third party or a list of apps links to this URL to make an app start a sign-in. */
const app = await deployment({ after }, { env: { CARDEA_PROFILE: 'oidc', CARDEA_REGISTRATION: 'open' } });

async function register(initiate_login_uri: string) {
  const response = await fetch(`${app.issuer}/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ redirect_uris: ['https://rp.example.com/callback'], initiate_login_uri }),
  });
  return { status: response.status, body: rememberAll((await response.json()) as Record<string, string>) };
}

test('initiate_login_uri comes back from the registration and from the client configuration endpoint (Dynamic Client Registration §2)', async () => {
  const uri = 'https://rp.example.com/start';
  const { status, body } = await register(uri);
  assert.deepEqual([status, body.initiate_login_uri], [201, uri]);
  const headers = { authorization: `Bearer ${body.registration_access_token}` };
  const read = (await (await fetch(String(body.registration_client_uri), { headers })).json()) as Record<
    string,
    string
  >;
  assert.equal(read.initiate_login_uri, uri);
});

test('initiate_login_uri that is not https is refused (Dynamic Client Registration §2)', async () => {
  const { status, body } = await register('http://rp.example.com/start');
  assert.deepEqual([status, body.error], [400, 'invalid_client_metadata']);
  assert.match(String(body.error_description), /initiate_login_uri/);
});
