import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { CIBA_GRANT } from '../helpers/ciba.ts';
import { deployment } from '../helpers/deployment.ts';
import { DEVICE_GRANT } from '../helpers/device.ts';
import { basic, post, refusal } from './support.ts';

/** Client authentication that is missing or malformed, at each endpoint that needs it (RFC 6749 §5.2). */

const app = await deployment({ after });
const party = await app.seed.party();
const INVALID_CLIENT = { status: 401, error: 'invalid_client' };
const INVALID_REQUEST = { status: 400, error: 'invalid_request' };

const ENDPOINTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '/token': { grant_type: 'client_credentials' },
  '/token?code': { grant_type: 'authorization_code', code: 'x' },
  '/token?device': { grant_type: DEVICE_GRANT, device_code: 'x' },
  '/token?ciba': { grant_type: CIBA_GRANT, auth_req_id: 'x' },
  '/par': { response_type: 'code' },
  '/introspect': { token: 'x' },
  '/revoke': { token: 'x' },
  '/device_authorization': { scope: 'openid' },
  '/backchannel_authentication': { scope: 'openid', login_hint: 'nobody@example.com' },
};
async function everywhere(send: (path: string, fields: Readonly<Record<string, string>>) => Promise<void>) {
  for (const [path, fields] of Object.entries(ENDPOINTS)) await send(path, fields);
}

test('none at all is invalid_client, without a challenge, as no scheme was used', () =>
  everywhere(async (path, fields) => {
    for (const sent of [fields, {}, { ...fields, client_id: '' }, { ...fields, client_secret: 'x' }]) {
      const answer = await post(app, path, sent);
      assert.deepEqual(refusal(answer), INVALID_CLIENT, path);
      assert.equal(answer.headers.get('www-authenticate'), null, path);
      assert.match(String(answer.body.error_description), /token_endpoint_auth_method/, path);
    }
    // The log shortens long runs of characters, but not the names of fields.
    const last = JSON.parse(app.logLines.findLast((line) => line.includes('"refused"')) ?? '{}');
    assert.match(String(last.description), /token_endpoint_auth_method/, path);
  }));

test('a client_id alone is invalid_client for a client with a secret, and for an unknown one', () =>
  everywhere(async (path, fields) => {
    for (const id of [party.id, 'no-such-client'])
      assert.deepEqual(refusal(await post(app, path, { ...fields, client_id: id })), INVALID_CLIENT, `${path} ${id}`);
  }));

test('an Authorization header that authenticates nobody is invalid_client with a challenge (RFC 9110 §11.6.1)', () =>
  everywhere(async (path, fields) => {
    const base64 = (text: string) => Buffer.from(text).toString('base64');
    for (const header of [
      'Basic',
      'Basic !!!',
      `Basic ${base64('no-colon')}`,
      `Basic ${base64(`${party.id}:`)}`,
      `Basic ${base64(`${party.id}:%zz`)}`,
      'Bearer x',
      'DPoP x',
      'Digest a',
      basic('no-such-client', 'x').authorization as string,
      basic(party.id, 'x').authorization as string,
    ]) {
      const answer = await post(app, path, fields, { authorization: header });
      assert.deepEqual(refusal(answer), INVALID_CLIENT, `${path} ${header}`);
      const challenge = answer.headers.get('www-authenticate') ?? '';
      assert.ok(challenge.startsWith(`Basic realm="${app.issuer}", error="invalid_client"`), `${path} ${header}`);
    }
  }));

test('an assertion that is no JWT is invalid_client (RFC 7521 §4.2.1)', () =>
  everywhere(async (path, fields) => {
    const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
    for (const value of ['x', 'not.a.jwt']) {
      const sent = { ...fields, client_assertion: value, client_assertion_type: type };
      assert.deepEqual(refusal(await post(app, path, sent)), INVALID_CLIENT, `${path} ${value}`);
    }
  }));

test('more than one mechanism stays invalid_request (RFC 6749 §5.2)', () =>
  everywhere(async (path, fields) => {
    const sent = { ...fields, client_id: party.id, client_secret: party.secret ?? '' };
    const answer = await post(app, path, sent, basic(party.id, party.secret ?? ''));
    assert.deepEqual(refusal(answer), INVALID_REQUEST, path);
  }));

test('the log names the way that was tried and no credential', async () => {
  app.logLines.length = 0;
  await post(app, '/token', { grant_type: 'client_credentials' }, { authorization: 'Bearer tried-in-vain' });
  const line = app.logLines.find((one) => one.includes('"refused"'));
  const { reason, sent, detail } = JSON.parse(line ?? '{}') as Record<string, unknown>;
  assert.deepEqual([reason, sent], ['invalid_client', 'authorization header: Bearer']);
  assert.ok(detail);
  assert.ok(!app.logLines.some((one) => one.includes('tried-in-vain')));
});
