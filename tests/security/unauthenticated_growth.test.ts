import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { keyedParty } from '../flows/keyed_party.ts';
import { CIBA_GRANT, cibaMetadata } from '../helpers/ciba.ts';
import { deployment, type Party } from '../helpers/deployment.ts';
import { DEVICE_GRANT } from '../helpers/device.ts';
import { authorization, authorizeUrl } from '../helpers/relying_party.ts';

/** What somebody without an account can make us store is bounded, in bytes and in rows, by address and in all. */

const scope = { after };
const app = await deployment(scope, { env: { CARDEA_TRUSTED_PROXIES: '127.0.0.1' } });
const { issuer } = app;
const rp = await keyedParty(app);
const device = await app.seed.party({ metadata: { redirect_uris: [], grant_types: [DEVICE_GRANT] }, public: true });
const caller = await app.seed.party({ metadata: cibaMetadata({ grant_types: [CIBA_GRANT] }) });
const person = await app.seed.person();

const HTML = { accept: 'text/html' };

interface Refusal {
  readonly status: number;
  readonly location: string | null;
  readonly body: string;
}

async function refusalOf(answer: Promise<Response>): Promise<Refusal> {
  const response = await answer;
  return { status: response.status, location: response.headers.get('location'), body: await response.text() };
}

const get = (path: string, params: Record<string, string>, headers: Record<string, string> = HTML) =>
  fetch(`${issuer}${path}?${new URLSearchParams(params)}`, { redirect: 'manual', headers });

const post = (path: string, party: Party, params: Record<string, string>) =>
  fetch(issuer + path, {
    method: 'POST',
    headers: authorization(party),
    body: new URLSearchParams({ ...(party.secret === undefined ? { client_id: party.id } : {}), ...params }),
  });

const paramsOf = (party: Party): Record<string, string> =>
  Object.fromEntries(new URL(authorizeUrl({ issuer, party }, 'v'.repeat(43))).searchParams);

async function rowsOf(model: string): Promise<number> {
  const text = 'SELECT count(*)::int AS n FROM records WHERE model = $1';
  return (await app.db.run<{ n: number }>({ name: '', text }, [model]))[0]?.n ?? 0;
}

describe('each parameter of a request is bounded, and what is too long is not stored', () => {
  const limits = {
    state: 2_048,
    nonce: 512,
    scope: 2_048,
    login_hint: 320,
    acr_values: 1_024,
    claims: 4_096,
    ui_locales: 256,
    code_challenge: 128,
    resource: 512,
    id_token_hint: 8_192,
  };

  /** In bytes: each of these characters has two. */
  const long = (limit: number) => 'é'.repeat(limit / 2 + 1);
  const named = (name: string, limit: number) => new RegExp(`${name} must not be longer than ${limit} bytes`);

  for (const [name, limit] of Object.entries(limits)) {
    test(`${name} at /authorize, /par and inside a request object: ${limit} bytes`, async () => {
      const params = { ...paramsOf(rp.party), [name]: long(limit) };
      const request = await rp.request({ [name]: long(limit) });
      const asked = limit > 4_096 ? [] : [get('/authorize', params)];
      const answers = await Promise.all(
        [
          ...asked,
          post('/par', rp.party, params),
          post('/par', rp.party, { request }),
          ...(limit > 4_096 ? [] : [get('/authorize', { client_id: rp.party.id, request })]),
        ].map(refusalOf),
      );
      for (const { status, location, body } of answers) {
        assert.deepEqual([status, location], [400, null], body.slice(0, 300));
        assert.match(body, named(name, limit));
      }
      assert.ok(answers.some(({ body }) => body.includes('"error":"invalid_request"')));
    });
  }

  test('as much as the limit, of all that people need, goes through', async () => {
    const before = await rowsOf('Interaction');
    const params = {
      ...paramsOf(rp.party),
      state: 's'.repeat(2_048),
      nonce: 'n'.repeat(512),
      unheard_of: 'x'.repeat(3_000),
    };
    const { status, location, body } = await refusalOf(get('/authorize', params));
    assert.equal(status, 303, body.slice(0, 300));
    assert.match(location ?? '', /\/login\//);
    assert.equal(await rowsOf('Interaction'), before + 1);
  });

  test('parameters that are each short enough are bounded together, and so is how often one is sent (RFC 8707 §2)', async () => {
    const many = {
      state: 's'.repeat(2_000),
      claims: `{"userinfo":{"${'c'.repeat(4_000)}":null}}`,
      acr_values: 'a'.repeat(1_000),
    };
    const all = {
      ...paramsOf(rp.party),
      ...many,
      id_token_hint: 'h'.repeat(8_000),
      scope: `openid ${'s'.repeat(2_000)}`,
    };
    const together = await refusalOf(post('/par', rp.party, all));
    assert.equal(together.status, 400);
    assert.match(together.body, /the parameters must not be longer than 16384 bytes together/);
    const url = new URL(authorizeUrl({ issuer, party: rp.party }, 'v'.repeat(43)));
    for (let n = 0; n < 11; n += 1) url.searchParams.append('resource', `https://api.example/${n}`);
    const often = await refusalOf(fetch(url, { redirect: 'manual', headers: HTML }));
    assert.equal(often.status, 400);
    assert.match(often.body, /resource must not be sent more than 10 times/);
  });

  test('one that is added some day is bounded as well, and no redirect URI is too long to be refused', async () => {
    const request = await rp.request({ authorization_details: [{ type: 'x'.repeat(8_192) }] });
    const details = await refusalOf(post('/par', rp.party, { request }));
    assert.equal(details.status, 400);
    assert.match(details.body, named('authorization_details', 8_192));
    const other = await refusalOf(post('/par', rp.party, { request: await rp.request({ some_day: long(2_048) }) }));
    assert.equal(other.status, 400);
    assert.match(other.body, named('some_day', 2_048));
    const redirect = { ...paramsOf(rp.party), redirect_uri: `${rp.party.redirectUri}?${'r'.repeat(2_048)}` };
    for (const answer of [get('/authorize', redirect), post('/par', rp.party, redirect)]) {
      const { status, location } = await refusalOf(answer);
      assert.deepEqual([status, location], [400, null]);
    }
  });

  test('at the other endpoints, too', async () => {
    const hint = { login_hint: person.email };
    const answers = await Promise.all(
      [
        post('/device_authorization', device, { scope: long(2_048) }),
        post('/backchannel_authentication', caller, { ...hint, scope: 'openid', binding_message: long(256) }),
        post('/token', rp.party, { grant_type: 'authorization_code', code: long(2_048) }),
        post('/token', rp.party, { grant_type: 'authorization_code', code_verifier: long(128) }),
        get('/logout', { state: long(2_048) }),
        get('/logout', { id_token_hint: long(8_192).slice(0, 2_000), ui_locales: long(256) }),
      ].map(refusalOf),
    );
    const wanted = ['scope', 'binding_message', 'code', 'code_verifier', 'state', 'ui_locales'];
    assert.deepEqual(
      answers.map(({ status, body }) => [status, /(\w+) must not be longer than \d+ bytes/.exec(body)?.[1]]),
      wanted.map((name) => [400, name]),
    );
  });

  test('nothing of that was stored', async () => {
    assert.equal(await rowsOf('PushedAuthorizationRequest'), 0);
    assert.equal(await rowsOf('DeviceCode'), 0);
    assert.equal(await rowsOf('BackchannelAuthenticationRequest'), 0);
  });
});
