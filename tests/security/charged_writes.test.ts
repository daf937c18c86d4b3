import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { begin } from '../flows/support.ts';
import { formOf } from '../helpers/browser_session.ts';
import { documentSite } from '../helpers/client_documents.ts';
import { deployment, neighbour } from '../helpers/deployment.ts';
import { DEVICE_GRANT } from '../helpers/device.ts';
import { authorizeUrl } from '../helpers/relying_party.ts';

/** Each request without a sign-in that stores something is charged to its address: on a node where nothing may be stored, it is refused. */
const scope = { after };
const documents = await documentSite(scope);
const env = {
  CARDEA_REGISTRATION: 'open',
  CARDEA_SIGN_UP: 'true',
};
const app = await deployment(scope, { env });
const strict = await neighbour(scope, app, { env: { ...env, CARDEA_LIMITS: 'writes.address=1' } });
const party = await app.seed.party({ public: true });
const device = await app.seed.party({ metadata: { redirect_uris: [], grant_types: [DEVICE_GRANT] }, public: true });
const asked = new URL(authorizeUrl({ issuer: app.issuer, party }, 'v'.repeat(43))).searchParams;
const visit = await begin(app, party);
const signIn = formOf(visit.page);
const email = 'somebody@example.com';

interface Sent {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: URLSearchParams | string;
}

const form = (path: string, fields: Record<string, string>, cookie = ''): Sent => ({
  path,
  headers: { cookie },
  body: new URLSearchParams(fields),
});

/** A form of a page, as a browser sends it. */
async function formAt(path: string): Promise<Sent> {
  const response = await fetch(app.issuer + path, { headers: { accept: 'text/html' } });
  const cookie = response.headers.getSetCookie().map((one) => one.split(';', 1)[0]);
  const csrf = /name="csrf" value="([^"]+)"/.exec(await response.text())?.[1] ?? '';
  return form(path, { csrf, identifier: email, email }, cookie.join('; '));
}

const WRITES: Readonly<Record<string, Sent>> = {
  'a visit': { path: `/authorize?${asked}` },
  'a visit by a form': form('/authorize', Object.fromEntries(asked)),
  'a pushed request': form('/par', Object.fromEntries(asked)),
  'a device code': form('/device_authorization', { client_id: device.id, scope: 'openid' }),
  'an anonymous session': { path: '/device' },
  'a registration': {
    path: '/register',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ redirect_uris: ['https://app.example/cb'] }),
  },
  // Its request is refused, so that nothing else of it is stored.
  'the document of a client': form('/par', {
    client_id: documents.put('/client.json', {
      client_name: 'Agent',
      redirect_uris: [`${documents.origin}/cb`],
      grant_types: ['authorization_code'],
      token_endpoint_auth_method: 'none',
    }),
    response_type: 'none',
  }),
  'a mail for a forgotten password': await formAt('/account/forgot'),
  'a mail to sign up': await formAt('/account/sign-up'),
  'a guess at a password': form(
    signIn.action,
    { ...signIn.fields, identifier: email, password: 'wrong', action: 'signin' },
    visit.browser.signedCookies('cardea_interaction'),
  ),
};

for (const [what, { path, headers, body }] of Object.entries(WRITES)) {
  test(`${what} is charged`, async () => {
    const send = async (to: string) => {
      const method = body === undefined ? 'GET' : 'POST';
      const response = await fetch(to + path, {
        method,
        redirect: 'manual',
        headers: { accept: 'text/html', ...headers },
        ...(body === undefined ? {} : { body }),
      });
      await response.body?.cancel();
      return response;
    };
    const refused = await send(strict.app.http.listeningOrigin);
    assert.equal(refused.status, 429);
    assert.match(refused.headers.get('ratelimit') ?? '', /"writes\.address";r=/);
    assert.notEqual((await send(app.issuer)).status, 429, 'the same where it may be stored');
  });
}
