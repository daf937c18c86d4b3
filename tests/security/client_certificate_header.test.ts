import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, test } from 'node:test';
import { fetchWith, makeIdentity, writeFiles } from '../helpers/certificates.ts';
import { type Deployment, deployment, neighbour } from '../helpers/deployment.ts';
import { authorization } from '../helpers/relying_party.ts';
import { assertRefusal, send } from './wire.ts';

/**
 * A certificate in a header is accepted from a configured proxy only; from other addresses the header is ignored, and a
 * malformed one is refused (RFC 8705 §6.5, RFC 9440 §4).
 */
const scope = { after };
const authority = await makeIdentity({ ca: true });
const identity = await makeIdentity({ by: authority, subject: 'CN=client' });
const proxyIdentity = await makeIdentity({ by: authority, subject: 'CN=proxy' });
const serving = await makeIdentity({ names: [{ type: 'dns', value: 'localhost' }] });
const files = writeFiles(scope, { authority: authority.pem, cert: serving.pem, key: serving.keyPem });
const env = { CARDEA_TLS_CLIENT_CA: files.authority, CARDEA_CLIENT_CERTIFICATE_HEADER: 'Client-Cert' };

/** Every peer is a trusted proxy here. */
const proxied = await deployment(scope, { env: { ...env, CARDEA_TRUSTED_PROXIES: '127.0.0.0/8' } });
/** No peer is a trusted proxy here. */
const direct = await neighbour(scope, proxied, { env: { ...env, CARDEA_TRUSTED_PROXIES: '10.0.0.0/8' } });
const metadata = { token_endpoint_auth_method: 'tls_client_auth' };
const party = await proxied.seed.party({ metadata: { ...metadata, tls_client_auth_subject_dn: 'CN=client' } });
const bySecret = await proxied.seed.party();

const der = identity.certificate.raw;
const base64 = der.toString('base64');

type Headers = readonly (readonly [string, string])[];

function ask(app: Deployment, headers: Headers, fields: Record<string, string> = { client_id: party.id }) {
  return send(app.issuer, {
    method: 'POST',
    target: '/token',
    headers: [['content-type', 'application/x-www-form-urlencoded'], ...headers],
    body: new URLSearchParams({ grant_type: 'client_credentials', ...fields }).toString(),
  });
}

for (const [form, value] of [
  ['as RFC 9440 §2.2 has it', `:${base64}:`],
  ['as nginx escapes it', encodeURIComponent(identity.pem)],
  ['as Apache folds it', identity.pem.replaceAll('\n', ' ')],
  ['as HAProxy, Caddy and Traefik send it', base64],
  ['as Traefik before 2.9.4 escapes it', encodeURIComponent(base64)],
] as const) {
  test(`accepts a certificate that a proxy passes on ${form}`, async () => {
    assert.equal((await ask(proxied, [['client-cert', value]])).status, 200);
    assert.equal((await ask(proxied, [['CLIENT-CERT', value]])).status, 200);
  });

  test(`ignores the same header, ${form}, from any other address`, async () => {
    const refused = await ask(direct, [['client-cert', value]]);
    assertRefusal(refused, { status: 401, error: 'invalid_client', shape: 'oauth' }, form);
  });
}

test('ignores it from a client that adds a forwarded address itself', async () => {
  for (const claim of [
    ['x-forwarded-for', '10.0.0.1'],
    ['forwarded', 'for=10.0.0.1'],
    ['x-real-ip', '10.0.0.1'],
  ] as const) {
    const refused = await ask(direct, [['client-cert', `:${base64}:`], claim]);
    assertRefusal(refused, { status: 401, error: 'invalid_client', shape: 'oauth' }, claim[0]);
  }
});

test('does not treat a client as a proxy because its forwarded address is that of a proxy', async () => {
  // The peer is the proxy; X-Forwarded-For does not matter either way.
  const headers = [
    ['client-cert', `:${base64}:`],
    ['x-forwarded-for', '198.51.100.7'],
  ] as const;
  assert.equal((await ask(proxied, headers)).status, 200);
});

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const GARBAGE: readonly (readonly [string, string])[] = [
  ['text', 'garbage'],
  ['nothing between colons', '::'],
  ['half a certificate', `:${base64.slice(0, base64.length / 2)}:`],
  ['a certificate and more', `:${Buffer.concat([der, Buffer.from('more')]).toString('base64')}:`],
  ['two certificates', encodeURIComponent(identity.pem + proxyIdentity.pem)],
  ['two certificates, as one that was added to another', `:${base64}:, :${base64}:`],
  ['a chain, as Traefik joins it', `${base64},${base64}`],
  ['a broken escape', '%zz'],
  ['a key', encodeURIComponent(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())],
  ['what Apache says for none', '(null)'],
];

for (const [what, value] of GARBAGE) {
  test(`${what} in place of a certificate: refused from a proxy, ignored from any other address`, async () => {
    // The client needs no certificate, so the error is about the request.
    const secret = Object.entries(authorization(bySecret));
    const refused = await ask(proxied, [['client-cert', value], ...secret], {});
    assertRefusal(refused, { status: 400, error: 'invalid_request', shape: 'oauth' }, what);
    assert.equal((await ask(direct, [['client-cert', value], ...secret], {})).status, 200);
  });
}

test('refuses the header sent twice, as when a proxy adds its own to that of the client', async () => {
  const forged = `:${proxyIdentity.certificate.raw.toString('base64')}:`;
  const refused = await ask(proxied, [
    ['client-cert', forged],
    ['client-cert', `:${base64}:`],
  ]);
  assertRefusal(refused, { status: 400, error: 'invalid_request', shape: 'oauth' }, 'twice');
});

test('an empty or missing header means no certificate', async () => {
  for (const headers of [[['client-cert', '']], []] as const) {
    const refused = await ask(proxied, headers);
    assertRefusal(refused, { status: 401, error: 'invalid_client', shape: 'oauth' }, String(headers));
  }
});

test('the certificate of the proxy’s own TLS connection is never taken for a client’s', async () => {
  const reencrypted = await deployment(scope, {
    env: { ...env, CARDEA_TRUSTED_PROXIES: '127.0.0.1,::1', CARDEA_TLS_CERT: files.cert, CARDEA_TLS_KEY: files.key },
  });
  const reach = fetchWith({ identity: proxyIdentity, trusted: serving });
  const one = await reencrypted.seed.party({ metadata: { ...metadata, tls_client_auth_subject_dn: 'CN=client' } });
  const proxyParty = await reencrypted.seed.party({
    metadata: { ...metadata, tls_client_auth_subject_dn: 'CN=proxy' },
  });
  const from = async (clientId: string, headers: Record<string, string>) => {
    const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId });
    return (await reach(`${reencrypted.issuer}/token`, { method: 'POST', body, headers })).status;
  };
  assert.equal(await from(one.id, { 'client-cert': `:${base64}:` }), 200);
  assert.equal(await from(proxyParty.id, {}), 401);
  assert.equal(await from(proxyParty.id, { 'client-cert': `:${base64}:` }), 401);
});
