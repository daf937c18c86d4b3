import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { connect } from 'node:tls';
import { decodeJwt } from 'jose';
import * as oauth from 'oauth4webapi';
import { fetchWith, type Identity, type IdentityOptions, makeIdentity, writeFiles } from '../helpers/certificates.ts';
import { deployment, neighbour, type Party } from '../helpers/deployment.ts';
import { authorization, authorize, introspect, type TokenAnswer } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';
import { post, refusal } from './support.ts';

/** OAuth 2.0 Mutual-TLS Client Authentication and Certificate-Bound Access Tokens (RFC 8705), by section. */
const scope = { after };
const authority = await makeIdentity({ subject: 'CN=Clients CA,O=Example', ca: true });
const unlisted = await makeIdentity({ subject: 'CN=Teams CA,O=Example', ca: true, by: authority });
const serving = await makeIdentity({ subject: 'CN=localhost', names: [{ type: 'dns', value: 'localhost' }] });
/** In the trust list, but not a CA. */
const noAuthority = await makeIdentity({ subject: 'CN=No CA,O=Example' });
const files = writeFiles(scope, {
  authority: authority.pem + noAuthority.pem,
  cert: serving.pem,
  key: serving.keyPem,
});

/** Behind a proxy that terminates TLS; this test acts as the proxy. */
const app = await deployment(scope, {
  env: {
    CARDEA_TLS_CLIENT_CA: files.authority,
    CARDEA_CLIENT_CERTIFICATE_HEADER: 'X-SSL-Client-Cert',
    CARDEA_TRUSTED_PROXIES: '127.0.0.1,::1',
  },
});
/** Terminates TLS itself, with another issuer. */
const tls = await deployment(scope, {
  env: { CARDEA_TLS_CERT: files.cert, CARDEA_TLS_KEY: files.key, CARDEA_TLS_CLIENT_CA: files.authority },
});
/** Does not support certificates. */
const off = await neighbour(scope, app);
const person = await app.seed.person();
await app.seed.resourceServer({ identifier: 'https://api.example.com', name: 'API', scopes: ['read'] });

const MACHINE = { grant_type: 'client_credentials' };
const INVALID_CLIENT = { status: 401, error: 'invalid_client' };
const SUBJECT = 'CN=client,O=Example';
const issue = (options: IdentityOptions = {}) => makeIdentity({ subject: SUBJECT, by: authority, ...options });
const identity = await issue();
const bySubject = await withSubject({ tls_client_auth_subject_dn: SUBJECT });
const bySubjectAtTls = await withSubject({ tls_client_auth_subject_dn: SUBJECT }, tls);

function withSubject(metadata: Record<string, unknown>, at = app): Promise<Party> {
  return at.seed.party({
    metadata: { token_endpoint_auth_method: 'tls_client_auth', scope: 'openid email read', ...metadata },
  });
}

/** As nginx forwards it: `$ssl_client_escaped_cert`. */
const certificateHeader = ({ pem }: Identity) => ({ 'x-ssl-client-cert': encodeURIComponent(pem) });

function ask(
  by: Party,
  certificate: Identity | undefined,
  fields: Record<string, string> = MACHINE,
): Promise<TokenAnswer> {
  const method = by.client.metadata.token_endpoint_auth_method;
  return post(app, '/token', method.startsWith('client_secret') ? fields : { client_id: by.id, ...fields }, {
    ...authorization(by),
    ...(certificate ? certificateHeader(certificate) : {}),
  });
}

async function userinfo(access: string, certificate?: Identity) {
  const headers = { authorization: `Bearer ${access}`, ...(certificate ? certificateHeader(certificate) : {}) };
  const response = await fetch(new URL('/userinfo', app.issuer), { headers });
  const { error, sub } = (await response.json()) as Record<string, unknown>;
  return { status: response.status, error, sub };
}

/** The resource server introspects (RFC 7662). */
const resourceServer = await app.seed.party({ introspectsAll: true });
const cnfOf = async (access: string) => (await introspect(app.issuer, resourceServer, access)).cnf;

const names = [
  { type: 'dns', value: 'client.example.com' },
  { type: 'url', value: 'spiffe://example.com/client' },
  { type: 'ip', value: '192.0.2.7' },
  { type: 'ip', value: '2001:db8::7' },
  { type: 'email', value: 'client@example.com' },
] as const;
const named = await issue({ names });
const unnamed = await issue({ subject: 'CN=DNS:client.example.com' });
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const leaf = await issue({ subject: 'CN=Clients CA,O=Example' });

// ---- TLS that the server terminates ----

test('a client library authenticates by its certificate, and its token is bound (RFC 8705 §2.1, §3)', async () => {
  const bound = { tls_client_auth_subject_dn: SUBJECT, tls_client_certificate_bound_access_tokens: true };
  const party = await withSubject(bound, tls);
  const reach = fetchWith({ identity, trusted: serving });
  const custom = {
    [oauth.customFetch]: (
      url: string,
      { body, ...init }: oauth.CustomFetchOptions<string, URLSearchParams | undefined>,
    ) => reach(url, { ...init, ...(body ? { body } : {}) }),
  };
  const discovered = await oauth.discoveryRequest(new URL(tls.issuer), custom);
  const server = await oauth.processDiscoveryResponse(new URL(tls.issuer), discovered);
  assert.equal(server.tls_client_certificate_bound_access_tokens, true, 'RFC 8705 §3.3');
  const client: oauth.Client = { client_id: party.id };
  const answer = await oauth.clientCredentialsGrantRequest(server, client, oauth.TlsClientAuth(), {}, custom);
  const tokens = await oauth.processClientCredentialsResponse(server, client, answer);
  const access = remember('access_token', tokens.access_token);
  const asked = await reach(`${tls.issuer}/introspect`, {
    method: 'POST',
    headers: authorization(await tls.seed.party({ introspectsAll: true })),
    body: new URLSearchParams({ token: access }),
  });
  assert.deepEqual(((await asked.json()) as { cnf?: object }).cnf, { 'x5t#S256': identity.thumbprint });
});

test('a certificate is requested but not required; without one, or with an unknown one, the client is refused (RFC 8705 §2)', async () => {
  const impostor = await makeIdentity({ subject: SUBJECT });
  const body = new URLSearchParams({ client_id: bySubjectAtTls.id, ...MACHINE });
  for (const [shown, status] of [
    [undefined, 401],
    [impostor, 401],
    [identity, 200],
  ] as const) {
    const reach = fetchWith({ trusted: serving, ...(shown ? { identity: shown } : {}) });
    assert.equal((await reach(`${tls.issuer}/.well-known/jwks.json`)).status, 200);
    const answer = await reach(`${tls.issuer}/token`, { method: 'POST', body });
    assert.equal(answer.status, status);
    assert.ok(status === 200 || ((await answer.json()) as { error: string }).error === 'invalid_client');
  }
});

test('TLS 1.2 only with the cipher suites of RFC 9325 §4.2 (FAPI 2.0 §5.2.1)', async () => {
  const port = Number(new URL(tls.issuer).port);
  const handshake = (ciphers: string) =>
    new Promise<string>((done) => {
      const socket = connect({ port, servername: 'localhost', ca: serving.pem, maxVersion: 'TLSv1.2', ciphers });
      socket.once('secureConnect', () => {
        done(socket.getCipher().name);
        socket.destroy();
      });
      socket.once('error', () => done('refused'));
    });
  const recommended = 'ECDHE-ECDSA-AES128-GCM-SHA256';
  assert.equal(await handshake(recommended), recommended);
  for (const other of ['ECDHE-ECDSA-AES128-SHA', 'ECDHE-ECDSA-AES256-SHA384', 'ECDHE-ECDSA-CHACHA20-POLY1305']) {
    assert.equal(await handshake(other), 'refused', other);
  }
});

test('the header is ignored when no proxy is configured', async () => {
  const reach = fetchWith({ trusted: serving });
  const body = new URLSearchParams({ client_id: bySubjectAtTls.id, ...MACHINE });
  for (const name of ['x-ssl-client-cert', 'client-cert', 'x-forwarded-client-cert', 'ssl-client-cert']) {
    const headers = { [name]: encodeURIComponent(identity.pem) };
    assert.equal((await reach(`${tls.issuer}/token`, { method: 'POST', body, headers })).status, 401, name);
  }
});

// ---- §2.1: PKI ----

for (const [property, right, wrong] of [
  ['tls_client_auth_subject_dn', SUBJECT, 'O=Example,CN=client'],
  ['tls_client_auth_subject_dn', '2.5.4.3=client, o=Example', 'CN=client'],
  ['tls_client_auth_san_dns', 'Client.example.com', 'example.com'],
  ['tls_client_auth_san_uri', 'spiffe://example.com/client', 'spiffe://example.com/client/more'],
  ['tls_client_auth_san_ip', '192.0.2.7', '192.0.2.70'],
  ['tls_client_auth_san_ip', '2001:DB8:0:0::7', '2001:db8::8'],
  ['tls_client_auth_san_email', 'client@example.com', 'client@example.org'],
] as const) {
  test(`${property}=${right} authenticates, and ${wrong} does not (RFC 8705 §2.1.2)`, async () => {
    const fitting = await withSubject({ [property]: right });
    assert.equal((await ask(fitting, named)).status, 200);
    assert.deepEqual(refusal(await ask(fitting, unnamed)), INVALID_CLIENT, 'another certificate of the same authority');
    assert.deepEqual(refusal(await ask(await withSubject({ [property]: wrong }), named)), INVALID_CLIENT);
  });
}

for (const [what, certificate, expected] of [
  ['from the authority', issue(), 200],
  ['for clients', issue({ usages: [SERVER_AUTH, CLIENT_AUTH] }), 200],
  ['for servers alone', issue({ usages: [SERVER_AUTH] }), 401],
  ['that has expired', issue({ validDays: [-3, -1] }), 401],
  ['that is not valid yet', issue({ validDays: [1, 3] }), 401],
  ['from an authority that is not listed, although a listed one has signed it', issue({ by: unlisted }), 401],
  ['from a listed issuer that is not a CA', issue({ by: noAuthority }), 401],
  ['from an issuer that is not a CA, with the name of one', issue({ by: leaf }), 401],
  ['that is self-signed', makeIdentity({ subject: SUBJECT }), 401],
  [
    'from an authority of the same name',
    makeIdentity({ subject: 'CN=Clients CA,O=Example', ca: true }).then((by) => issue({ by })),
    401,
  ],
] as const) {
  test(`a certificate ${what} is ${expected === 200 ? 'accepted' : 'refused'} (RFC 8705 §2.1, RFC 5280 §6)`, async () => {
    assert.equal((await ask(bySubject, await certificate)).status, expected);
  });
}

test('a certificate authenticates its own client only (RFC 8705 §2)', async () => {
  const other = await withSubject({ tls_client_auth_subject_dn: 'CN=other' });
  assert.deepEqual(refusal(await ask(other, identity)), INVALID_CLIENT);
  const bySecret = await app.seed.party();
  const answer = await post(app, '/token', { client_id: bySecret.id, ...MACHINE }, certificateHeader(identity));
  assert.deepEqual(refusal(answer), INVALID_CLIENT);
});

// ---- §2.2: self-signed ----

test('a self-signed certificate is recognised by its key (RFC 8705 §2.2)', async () => {
  const own = await makeIdentity({ subject: SUBJECT });
  const party = await app.seed.party({
    metadata: { token_endpoint_auth_method: 'self_signed_tls_client_auth', jwks: { keys: [own.jwk] } },
  });
  assert.equal((await ask(party, own)).status, 200);
  for (const other of [await makeIdentity({ subject: SUBJECT }), identity, undefined])
    assert.deepEqual(refusal(await ask(party, other)), INVALID_CLIENT);
});

// ---- §3, §4: bound tokens ----

test('an opaque and a JWT access token contain the thumbprint of their certificate (RFC 8705 §3.1, §3.2)', async () => {
  const party = await app.seed.party({
    metadata: { scope: 'openid read', tls_client_certificate_bound_access_tokens: true },
  });
  const cnf = { 'x5t#S256': identity.thumbprint };
  assert.deepEqual(await cnfOf((await ask(party, identity)).body.access_token ?? ''), cnf);
  const jwt = await ask(party, identity, { ...MACHINE, resource: 'https://api.example.com', scope: 'read' });
  assert.deepEqual(decodeJwt(jwt.body.access_token ?? '').cnf, cnf);
  const without = await ask(party, undefined);
  assert.deepEqual(refusal(without), { status: 400, error: 'invalid_grant' });
  assert.equal(without.body.access_token, undefined);
});

test('a bound token works only with its certificate, and so does a public client’s refresh token (RFC 8705 §3, §4)', async () => {
  const party = await app.seed.party({ public: true, metadata: { tls_client_certificate_bound_access_tokens: true } });
  const { code, verifier } = await authorize({ issuer: app.issuer, party, person });
  const own = await makeIdentity();
  const other = await makeIdentity();
  const redeemed = await ask(party, own, {
    grant_type: 'authorization_code',
    code,
    code_verifier: verifier,
    redirect_uri: party.redirectUri,
  });
  assert.equal(redeemed.status, 200, JSON.stringify(redeemed.body));
  const access = redeemed.body.access_token ?? '';
  assert.deepEqual(await userinfo(access, own), { status: 200, error: undefined, sub: person.id });
  for (const shown of [other, undefined])
    assert.deepEqual(await userinfo(access, shown), { status: 401, error: 'invalid_token', sub: undefined });

  const refresh = { grant_type: 'refresh_token', refresh_token: redeemed.body.refresh_token ?? '' };
  for (const shown of [other, undefined])
    assert.deepEqual(refusal(await ask(party, shown, refresh)), { status: 400, error: 'invalid_grant' });
  assert.equal((await ask(party, own, refresh)).status, 200);
});

test('a client that did not ask for bound tokens gets unbound ones, with or without a certificate (RFC 8705 §3)', async () => {
  assert.equal(await cnfOf((await ask(bySubject, identity)).body.access_token ?? ''), undefined);
});

// ---- discovery, and a server without mTLS ----

test('discovery announces it (RFC 8705 §2.1.1, §2.2.1, §3.3)', async () => {
  const read = async ({ issuer }: { issuer: string }) => {
    const document = (await (
      await fetch(`${issuer}/.well-known/openid-configuration`)
    ).json()) as oauth.AuthorizationServer;
    const methods = document.token_endpoint_auth_methods_supported ?? [];
    return [document.tls_client_certificate_bound_access_tokens, methods.filter((one) => /tls/.test(one))];
  };
  assert.deepEqual(await read(app), [true, ['tls_client_auth', 'self_signed_tls_client_auth']]);
  assert.deepEqual(await read(off), [undefined, []]);
});

test('when it is off, clients that need it are refused: no unbound token is issued', async () => {
  const bound = await app.seed.party({ metadata: { tls_client_certificate_bound_access_tokens: true } });
  assert.equal((await ask(bound, identity)).status, 200);
  const refused = await post(off, '/token', MACHINE, { ...authorization(bound), ...certificateHeader(identity) });
  assert.deepEqual(refusal(refused), INVALID_CLIENT);
  const unknown = await post(off, '/token', { client_id: bySubject.id, ...MACHINE }, certificateHeader(identity));
  assert.deepEqual(refusal(unknown), INVALID_CLIENT);
});
