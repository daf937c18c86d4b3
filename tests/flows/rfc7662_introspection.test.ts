import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { deployment, type Party } from '../helpers/deployment.ts';
import { authorization, introspect, refresh, token } from '../helpers/relying_party.ts';
import { until } from '../helpers/waiting.ts';
import { basic, post, refusal, tokensFor } from './support.ts';

const scope = { after };
const app = await deployment(scope);
const person = await app.seed.person();
const party = await app.seed.party();
const api = await app.seed.party({ name: 'A gateway', introspectsAll: true });
const publicParty = await app.seed.party({ public: true });
const stranger = await app.seed.party({ public: true });
const HINTS = [undefined, 'access_token', 'refresh_token', 'id_token', 'nonsense'];

function ask(by: Party, value: string, hint?: string) {
  const own = by.secret === undefined ? { client_id: by.id } : {};
  const hinted = hint === undefined ? {} : { token_type_hint: hint };
  return post(app, '/introspect', { token: value, ...hinted, ...own }, authorization(by));
}

test('an access token: subject, client, scope and expiry, with any hint (RFC 7662 §2.2)', async () => {
  const { tokens } = await tokensFor(app, party, person, { params: { scope: 'openid email' } });
  for (const hint of HINTS) {
    const { status, body } = await ask(api, tokens.access_token, hint);
    assert.equal(status, 200);
    const { exp, iat, sid, jti, auth_time, ...rest } = body;
    assert.ok(Number(auth_time) <= Number(iat), 'and the details of the sign-in (RFC 9470 §6.2)');
    assert.deepEqual(rest, {
      acr: 'urn:cardea:acr:1fa',
      amr: ['pwd'],
      active: true,
      iss: app.issuer,
      sub: person.id,
      client_id: party.id,
      scope: 'openid email',
      token_type: 'Bearer',
    });
    assert.equal(Number(exp) - Number(iat), 3_600);
    for (const id of [sid, jti]) assert.ok(id === undefined || typeof id === 'string');
    assert.notEqual(jti, tokens.access_token);
  }
});

test('a refresh token and a client’s own token, with any hint', async () => {
  const { tokens } = await tokensFor(app, party, person);
  const machine = await token(app.issuer, party, { grant_type: 'client_credentials' });
  for (const hint of HINTS) {
    const known = (await ask(party, tokens.refresh_token ?? '', hint)).body;
    assert.deepEqual([known.active, known.sub, known.client_id], [true, person.id, party.id], hint);
    assert.equal(known.token_type, undefined, 'RFC 7662: token_type is that of an access token');
    const own = (await ask(party, machine.body.access_token ?? '', hint)).body;
    assert.deepEqual([own.active, own.client_id, own.sub], [true, party.id, party.id], hint);
  }
});

test('every inactive token gets { active: false } and nothing more (RFC 7662 §2.2)', async () => {
  const { tokens } = await tokensFor(app, party, person);
  const used = tokens.refresh_token ?? '';
  await refresh(app.issuer, party, used);
  for (const value of [used, 'x'.repeat(43), 'nonsense', '\u0000', 'é', 'x'.repeat(10_000)]) {
    const { status, body } = await ask(party, value);
    assert.equal(status, 200);
    assert.deepEqual(body, { active: false });
  }
});

test('a token of a disabled person is not active', async () => {
  const someone = await app.seed.person();
  const { tokens } = await tokensFor(app, party, someone);
  assert.equal((await introspect(app.issuer, party, tokens.access_token)).active, true);
  await app.seed.accounts.disable(someone.id);
  assert.deepEqual(await introspect(app.issuer, party, tokens.access_token), { active: false });
  assert.deepEqual(await introspect(app.issuer, party, tokens.refresh_token ?? ''), { active: false });
});

test('an expired token is not active', async () => {
  const short = await deployment(scope, { env: { CARDEA_ACCESS_TOKEN_TTL: '1s' } });
  const client = await short.seed.party();
  const { body } = await token(short.issuer, client, { grant_type: 'client_credentials' });
  const value = body.access_token ?? '';
  await until('it expires', async () => (await introspect(short.issuer, client, value)).active === false);
  assert.deepEqual(await introspect(short.issuer, client, value), { active: false });
});

test('codes and interactions are not active', async () => {
  const { browser } = await tokensFor(app, party, person);
  for (const value of browser.cookies()) assert.deepEqual((await ask(party, value)).body, { active: false });
});

test('a public client can introspect only its own tokens, and authentication is required (RFC 7662 §2.1)', async () => {
  const { tokens } = await tokensFor(app, publicParty, person);
  assert.equal((await ask(publicParty, tokens.access_token)).body.active, true);
  assert.deepEqual((await ask(stranger, tokens.access_token)).body, { active: false });
  const { tokens: others } = await tokensFor(app, party, person);
  assert.deepEqual((await ask(publicParty, others.access_token)).body, { active: false });
  assert.deepEqual(refusal(await post(app, '/introspect', { token: others.access_token })), {
    status: 401,
    error: 'invalid_client',
  });
  assert.deepEqual(refusal(await post(app, '/introspect', { token: others.access_token }, basic(party.id, 'wrong'))), {
    status: 401,
    error: 'invalid_client',
  });
});

test('a request without a token, or with two, is invalid_request; responses must not be stored', async () => {
  const headers = authorization(party);
  assert.deepEqual(refusal(await post(app, '/introspect', {}, headers)), { status: 400, error: 'invalid_request' });
  const twice = await post(
    app,
    '/introspect',
    [
      ['token', 'a'],
      ['token', 'b'],
    ],
    headers,
  );
  assert.deepEqual(refusal(twice), { status: 400, error: 'invalid_request' });
  const answer = await ask(party, 'x');
  assert.match(answer.headers.get('cache-control') ?? '', /no-store/);
  assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
});
