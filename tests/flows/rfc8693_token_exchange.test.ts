import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, describe, test } from 'node:test';
import {
  calculateJwkThumbprint,
  createRemoteJWKSet,
  decodeJwt,
  exportJWK,
  generateKeyPair,
  jwtVerify,
  SignJWT,
} from 'jose';
import { deployment, type Party } from '../helpers/deployment.ts';
import { authorization, authorize, introspect, token } from '../helpers/relying_party.ts';
import { post, refusal, submit } from './support.ts';

/** RFC 8693, OAuth 2.0 Token Exchange, by section. */
const scope = { after };
const app = await deployment(scope);
const short = await deployment(scope, {
  databaseUrl: app.databaseUrl,
  masterKey: app.masterKey,
  env: { CARDEA_ISSUER: app.issuer, CARDEA_ACCESS_TOKEN_TTL: '100' },
});
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const GATEWAY = 'https://gateway.example.com';
const ORDERS = 'https://orders.example.com';
const PRINTER = 'https://printer.example.com';
await app.seed.resourceServer({ identifier: GATEWAY, name: 'Gateway', scopes: ['gateway', 'orders:read', 'print'] });
await app.seed.resourceServer({ identifier: ORDERS, name: 'Orders', scopes: ['orders:read', 'orders:admin', 'print'] });
await app.seed.resourceServer({ identifier: PRINTER, name: 'Printer', scopes: ['print'] });
const ada = await app.seed.person();
const web = await app.seed.party({ metadata: { scope: 'openid offline_access gateway orders:read print' } });
const granted = await signIn();
const policy = { subject_audiences: [GATEWAY], targets: [ORDERS], delegation: true };
const gateway = await service({ policy });
const printing = await service({ policy: { ...policy, subject_audiences: [ORDERS], targets: [PRINTER] } });
/** May introspect all access tokens. */
const watcher = await app.seed.party({ introspectsAll: true });
const INVALID_REQUEST = { status: 400, error: 'invalid_request' };
const INVALID_TARGET = { status: 400, error: 'invalid_target' };
const UNAUTHORIZED = { status: 400, error: 'unauthorized_client' };

/** A separate sign-in, and so a separate grant. */
function signIn(person = ada) {
  return authorize({ issuer: app.issuer, party: web, person, params: { scope: 'openid offline_access' } });
}

/** A service with a secret, and scopes that no person granted to it. */
async function service(options: { policy?: unknown; scope?: string; secondFactorRequired?: boolean } = {}) {
  const { policy: tokenExchange, scope: registered = 'orders:read orders:admin print', ...more } = options;
  const metadata = { redirect_uris: [], grant_types: ['client_credentials', EXCHANGE], scope: registered };
  const party = await app.seed.party({ ...more, metadata });
  if (tokenExchange) await app.seed.clients.update(party.id, { tokenExchange });
  return party;
}

/** The token that the app in the browser sends to the gateway, from a sign-in of its own. */
async function adasToken(options: { scope?: string; as?: typeof granted; reach?: string } = {}) {
  const asked = { resource: GATEWAY, scope: options.scope ?? 'gateway orders:read print' };
  const { browser } = options.as ?? granted;
  const one = await authorize({ issuer: app.issuer, party: web, person: ada, browser, params: asked });
  const fields = {
    grant_type: 'authorization_code',
    code: one.code,
    redirect_uri: web.redirectUri,
    code_verifier: one.verifier,
  };
  const { body } = await token(app.issuer, web, fields, options.reach);
  return body.access_token ?? '';
}

function exchange(client: Party, subject: string, more: Record<string, string> = {}, reach?: string) {
  const fields = { subject_token: subject, subject_token_type: ACCESS_TOKEN, resource: ORDERS, ...more };
  return token(app.issuer, client, { grant_type: EXCHANGE, ...fields }, reach);
}

async function exchangedToken(answer: ReturnType<typeof exchange>): Promise<string> {
  const { status, body } = await answer;
  assert.equal(status, 200, JSON.stringify(body));
  return body.access_token ?? '';
}

const subject = await adasToken();

describe('§2.1, §2.2.1: a token for another service', () => {
  test('the response has type, lifetime and scope, no refresh token, and must not be stored', async () => {
    const { status, body, headers } = await exchange(gateway, subject);
    assert.equal(status, 200, JSON.stringify(body));
    const { access_token, expires_in, ...rest } = body;
    assert.deepEqual(rest, { issued_token_type: ACCESS_TOKEN, token_type: 'Bearer', scope: 'orders:read print' });
    assert.ok(Number(expires_in) > 3_500 && Number(expires_in) <= 3_600);
    assert.match(headers.get('cache-control') ?? '', /no-store/);
    const jwks = createRemoteJWKSet(new URL('/.well-known/jwks.json', app.issuer));
    const options = { issuer: app.issuer, audience: ORDERS, typ: 'at+jwt' };
    const { sub, client_id, scope: told, act, acr, amr } = (await jwtVerify(access_token ?? '', jwks, options)).payload;
    assert.deepEqual([sub, client_id, told], [ada.id, gateway.id, 'orders:read print']);
    assert.deepEqual(act, { sub: gateway.id });
    assert.deepEqual([acr, amr], ['urn:cardea:acr:1fa', ['pwd']], 'it belongs to the same sign-in');
  });

  test('audience and resource both name the target, alone or together', async () => {
    for (const fields of [{ audience: ORDERS }, { audience: ORDERS, resource: ORDERS }]) {
      const given = { subject_token: subject, subject_token_type: ACCESS_TOKEN, ...fields };
      const { body } = await token(app.issuer, gateway, { grant_type: EXCHANGE, ...given });
      assert.equal(decodeJwt(body.access_token ?? '').aud, ORDERS);
    }
  });

  test('the target must be single, registered, and allowed by the policy, otherwise invalid_target (§2.2.2)', async () => {
    for (const resource of [PRINTER, GATEWAY, 'https://unknown.example.com', `${ORDERS}/`, 'orders', '']) {
      assert.deepEqual(refusal(await exchange(gateway, subject, { resource })), INVALID_TARGET, resource);
    }
    const two = { resource: ORDERS, audience: PRINTER };
    assert.deepEqual(refusal(await exchange(gateway, subject, two)), INVALID_TARGET);
    const twice = [
      ...Object.entries({ grant_type: EXCHANGE, subject_token: subject, subject_token_type: ACCESS_TOKEN }),
      ...[ORDERS, PRINTER].map((one) => ['resource', one] as const),
    ];
    assert.deepEqual(refusal(await post(app, '/token', twice, authorization(gateway))), INVALID_TARGET);
  });

  test('missing, repeated and unusable parameters are invalid_request', async () => {
    const wrong: Record<string, string>[] = [
      { subject_token: '' },
      { subject_token_type: '' },
      { subject_token_type: 'urn:ietf:params:oauth:token-type:id_token' },
      { subject_token_type: 'urn:ietf:params:oauth:token-type:saml2' },
      { requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' },
      { actor_token: subject },
      { actor_token_type: ACCESS_TOKEN },
    ];
    for (const more of wrong) {
      assert.deepEqual(refusal(await exchange(gateway, subject, more)), INVALID_REQUEST, JSON.stringify(more));
    }
    const twice = [
      ...Object.entries({ grant_type: EXCHANGE, subject_token_type: ACCESS_TOKEN, resource: ORDERS }),
      ...[subject, subject].map((one) => ['subject_token', one] as const),
    ];
    assert.deepEqual(refusal(await post(app, '/token', twice, authorization(gateway))), INVALID_REQUEST);
  });
});

describe('§2.2.2: a subject token is refused', () => {
  const invalid = async (value: string, why?: string) =>
    assert.deepEqual(refusal(await exchange(gateway, value)), INVALID_REQUEST, why);

  test('when it is not an access token of this server', async () => {
    const { body } = await token(app.issuer, web, {
      grant_type: 'authorization_code',
      code: granted.code,
      redirect_uri: web.redirectUri,
      code_verifier: granted.verifier,
    });
    const [head, claims, signature = ''] = subject.split('.');
    const forged = `${head}.${claims}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
    const unsigned = `${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')}.${claims}.`;
    for (const value of ['nonsense', 'a.b.c', forged, unsigned, body.id_token, body.refresh_token, 'x'.repeat(5_000)]) {
      await invalid(value ?? '', value);
    }
    await invalid(body.access_token ?? '', 'nor one that is for Cardea itself');
  });

  test('when it has no person as subject', async () => {
    const machine = { grant_type: 'client_credentials', resource: GATEWAY, scope: 'gateway' };
    const { body } = await token(app.issuer, web, machine);
    await invalid(body.access_token ?? '');
  });

  test('when its session has ended; the new token ends with the session, too', async () => {
    const own = await authorize({ issuer: app.issuer, party: web, person: ada, params: { scope: 'openid' } });
    const value = await adasToken({ as: own });
    const exchanged = await exchangedToken(exchange(gateway, value));
    await submit(own.browser, await own.browser.get('/logout'), { logout: 'yes' });
    await invalid(value);
    assert.deepEqual(refusal(await exchange(printing, exchanged, { resource: PRINTER })), INVALID_REQUEST);
    assert.equal((await introspect(app.issuer, watcher, exchanged)).active, false);
  });

  test('when it was revoked, on any node', async () => {
    const own = await signIn();
    const value = await adasToken({ as: own });
    await exchangedToken(exchange(gateway, value, {}, reachOf(short)));
    await post(app, '/revoke', { token: value }, authorization(web));
    await invalid(value);
    assert.deepEqual(refusal(await exchange(gateway, value, {}, reachOf(short))), INVALID_REQUEST);
  });

  test('when the account is disabled', async () => {
    const person = await app.seed.person();
    const own = await signIn(person);
    const one = await adasToken({ as: own });
    await app.seed.accounts.disable(person.id);
    await invalid(one);
  });
});

function reachOf(node: typeof app): string {
  const { port } = node.app.http.server.address() as { port: number };
  return `http://localhost:${port}`;
}

describe('§5: denied by default', () => {
  test('a client that is not registered for the grant, or has no policy, is unauthorized_client', async () => {
    assert.deepEqual(refusal(await exchange(web, subject)), UNAUTHORIZED);
    assert.deepEqual(refusal(await exchange(await service(), subject)), UNAUTHORIZED);
  });

  test('a public client cannot even be registered for it', async () => {
    const metadata = { grant_types: ['authorization_code', EXCHANGE] };
    await assert.rejects(app.seed.party({ public: true, metadata }), { field: 'grant_types' });
  });

  test('a token of another app, or for another audience, cannot be exchanged by this client', async () => {
    const other = await service({ policy: { ...policy, subject_audiences: [PRINTER], subject_clients: ['nobody'] } });
    assert.deepEqual(refusal(await exchange(other, subject)), INVALID_REQUEST);
    const named = await service({ policy: { ...policy, subject_audiences: [], subject_clients: [web.id] } });
    assert.equal((await exchange(named, subject)).status, 200);
  });

  test('permission for impersonation does not allow delegation, and the reverse', async () => {
    const mine = await token(app.issuer, gateway, { grant_type: 'client_credentials' });
    const actor = { actor_token: mine.body.access_token ?? '', actor_token_type: ACCESS_TOKEN };
    const { act } = decodeJwt(await exchangedToken(exchange(gateway, subject, actor)));
    assert.deepEqual(act, { sub: gateway.id });
    const impostor = await service({ policy: { ...policy, delegation: false, impersonation: true } });
    assert.equal('act' in decodeJwt(await exchangedToken(exchange(impostor, subject))), false);
    const its = await token(app.issuer, impostor, { grant_type: 'client_credentials' });
    const acting = { actor_token: its.body.access_token ?? '', actor_token_type: ACCESS_TOKEN };
    assert.deepEqual(refusal(await exchange(impostor, subject, acting)), INVALID_REQUEST);
  });

  test('an actor token must be the client’s own, valid, and without an actor', async () => {
    const theirs = await token(app.issuer, printing, { grant_type: 'client_credentials' });
    const delegated = await exchangedToken(exchange(gateway, subject));
    for (const actor_token of [theirs.body.access_token ?? '', 'nonsense', delegated]) {
      const refused = await exchange(gateway, subject, { actor_token, actor_token_type: ACCESS_TOKEN });
      assert.deepEqual(refusal(refused), INVALID_REQUEST, actor_token);
    }
  });

  test('an app that requires two factors gets no token by exchange of one with one factor', async () => {
    const strict = await service({ policy, secondFactorRequired: true });
    assert.deepEqual(refusal(await exchange(strict, subject)), INVALID_REQUEST);
  });
});

describe('§4.1: the actor', () => {
  test('each exchange adds its actor before the earlier ones; impersonation hides none of them', async () => {
    const first = await exchangedToken(exchange(gateway, subject));
    const second = await exchangedToken(exchange(printing, first, { resource: PRINTER }));
    const { act, sub } = decodeJwt(second);
    assert.deepEqual([sub, act], [ada.id, { sub: printing.id, act: { sub: gateway.id } }]);
    const impostor = await service({
      policy: { subject_audiences: [ORDERS], targets: [PRINTER], impersonation: true },
    });
    assert.deepEqual(decodeJwt(await exchangedToken(exchange(impostor, first, { resource: PRINTER }))).act, {
      sub: gateway.id,
    });
  });

  test('a chain has five actors at most', async () => {
    const loop = await service({ policy: { ...policy, subject_audiences: [GATEWAY, ORDERS], targets: [ORDERS] } });
    let value = subject;
    for (let actors = 1; actors <= 5; actors += 1) value = await exchangedToken(exchange(loop, value));
    assert.deepEqual(refusal(await exchange(loop, value)), INVALID_REQUEST);
  });
});

describe('§2.1, §5: never more than the subject token', () => {
  test('a scope that it lacks is invalid_scope, even when the client has it', async () => {
    const narrow = await adasToken({ scope: 'gateway print' });
    for (const wanted of ['orders:read', 'orders:admin', 'print orders:read', 'gateway', 'openid']) {
      const refused = await exchange(gateway, narrow, { scope: wanted });
      assert.deepEqual(refusal(refused), { status: 400, error: 'invalid_scope' }, wanted);
    }
    assert.equal(decodeJwt(await exchangedToken(exchange(gateway, narrow))).scope, 'print');
    assert.equal(decodeJwt(await exchangedToken(exchange(gateway, subject, { scope: 'print' }))).scope, 'print');
  });

  test('the client gets no scope that it is not registered for, and no token without a scope', async () => {
    const printer = await service({ policy, scope: 'print' });
    assert.equal(decodeJwt(await exchangedToken(exchange(printer, subject))).scope, 'print');
    const none = await adasToken({ scope: 'gateway' });
    assert.deepEqual(refusal(await exchange(gateway, none)), INVALID_TARGET);
  });

  test('it does not expire later', async () => {
    const brief = await adasToken({ reach: reachOf(short) });
    const { body } = await exchange(gateway, brief);
    assert.ok(Number(body.expires_in) <= 100, String(body.expires_in));
    assert.ok(Number(decodeJwt(body.access_token ?? '').exp) <= Number(decodeJwt(brief).exp));
  });
});

describe('proof of possession (RFC 9449)', () => {
  /** A key holder: makes a new proof for the token endpoint each time. */
  async function holder() {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const jwk = await exportJWK(publicKey);
    const header = { alg: 'ES256', typ: 'dpop+jwt', jwk };
    const prove = () =>
      new SignJWT({ htm: 'POST', htu: `${app.issuer}/token`, jti: randomUUID() })
        .setIssuedAt()
        .setProtectedHeader(header)
        .sign(privateKey);
    return { prove, jkt: await calculateJwkThumbprint(jwk) };
  }
  type Holder = Awaited<ReturnType<typeof holder>>;

  async function proved(client: Party, fields: Record<string, string>, by: Holder | undefined) {
    const dpop = by === undefined ? {} : { dpop: await by.prove() };
    return post(app, '/token', fields, { ...authorization(client), ...dpop });
  }

  function exchangeProved(value: string, by: Holder | undefined, more: Record<string, string> = {}) {
    const fields = { subject_token: value, subject_token_type: ACCESS_TOKEN, resource: ORDERS, ...more };
    return proved(gateway, { grant_type: EXCHANGE, ...fields }, by);
  }

  test('a bound token can be exchanged only with its key, and the new one is bound to the same key', async () => {
    const [key, other] = await Promise.all([holder(), holder()]);
    const params = { resource: GATEWAY, scope: 'gateway orders:read' };
    const one = await authorize({ issuer: app.issuer, party: web, person: ada, browser: granted.browser, params });
    const code = { code: one.code, redirect_uri: web.redirectUri, code_verifier: one.verifier };
    const { body } = await proved(web, { grant_type: 'authorization_code', ...code }, key);
    const bound = body.access_token ?? '';
    assert.deepEqual(decodeJwt(bound).cnf, { jkt: key.jkt });
    for (const by of [undefined, other]) assert.deepEqual(refusal(await exchangeProved(bound, by)), INVALID_REQUEST);
    const answer = await exchangeProved(bound, key);
    assert.equal(answer.body.token_type, 'DPoP', JSON.stringify(answer.body));
    assert.deepEqual(decodeJwt(answer.body.access_token ?? '').cnf, { jkt: key.jkt });
  });

  test('an unbound token becomes bound to the key that the client proves', async () => {
    const key = await holder();
    const { body } = await exchangeProved(subject, key);
    assert.deepEqual([body.token_type, decodeJwt(body.access_token ?? '').cnf], ['DPoP', { jkt: key.jkt }]);
  });

  test('a bound actor token needs its key as well', async () => {
    const key = await holder();
    const own = await proved(gateway, { grant_type: 'client_credentials' }, key);
    const actor = { actor_token: own.body.access_token ?? '', actor_token_type: ACCESS_TOKEN };
    assert.deepEqual(refusal(await exchangeProved(subject, undefined, actor)), INVALID_REQUEST);
    assert.equal((await exchangeProved(subject, key, actor)).status, 200);
  });
});

describe('the new token', () => {
  test('can be introspected, with its actor, on any node', async () => {
    const value = await exchangedToken(exchange(gateway, subject));
    const { active, sub, client_id, act } = await introspect(app.issuer, watcher, value, reachOf(short));
    assert.deepEqual([active, sub, client_id, act], [true, ada.id, gateway.id, { sub: gateway.id }]);
  });

  test('ends with the grant of the person, and so do tokens exchanged from it', async () => {
    const own = await signIn();
    const one = await exchangedToken(exchange(gateway, await adasToken({ as: own })));
    const two = await exchangedToken(exchange(printing, one, { resource: PRINTER }));
    const isActive = async (value: string) => (await introspect(app.issuer, watcher, value)).active;
    assert.deepEqual([await isActive(one), await isActive(two)], [true, true]);
    await post(app, '/revoke', { token: await adasToken({ as: own }) }, authorization(web));
    assert.deepEqual([await isActive(one), await isActive(two)], [false, false]);
  });

  test('can be revoked by its own client, and nothing else ends with it', async () => {
    const own = await signIn();
    const mine = await adasToken({ as: own });
    const value = await exchangedToken(exchange(gateway, mine));
    const refused = await post(app, '/revoke', { token: value }, authorization(web));
    assert.equal(refused.status, 400, 'another client must not');
    assert.equal((await post(app, '/revoke', { token: value }, authorization(gateway))).status, 200);
    assert.equal((await introspect(app.issuer, watcher, value)).active, false);
    assert.equal((await introspect(app.issuer, watcher, mine)).active, true);
    await exchangedToken(exchange(gateway, mine));
  });
});
