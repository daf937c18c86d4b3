import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { checkMetadata, DEFAULT_SCOPE, type MetadataInput } from '../../server/clients/metadata.ts';
import { makeIdentity } from '../helpers/certificates.ts';

const CALLBACK = 'https://app.example/cb';
const PKI = { token_endpoint_auth_method: 'tls_client_auth' };
const SELF_SIGNED = { token_endpoint_auth_method: 'self_signed_tls_client_auth' };
const CERTIFIED = await makeIdentity();
const [EC_KEY, OTHER_EC_KEY] = [0, 1].map(() =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }),
);
const exported = (type: 'ed25519' | 'x25519' | 'x448' | 'rsa') =>
  (type === 'rsa'
    ? generateKeyPairSync('rsa', { modulusLength: 2_048 })
    : generateKeyPairSync(type as 'ed25519')
  ).publicKey.export({
    format: 'jwk',
  });
const refused = (field: string) => ({ code: 'invalid_input', status: 400, field });

describe('client metadata (RFC 7591 §2)', () => {
  test('is completed for a confidential client', () => {
    assert.deepEqual(checkMetadata({ redirect_uris: [CALLBACK] }), {
      redirect_uris: [CALLBACK],
      post_logout_redirect_uris: [],
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_basic',
      application_type: 'web',
      scope: DEFAULT_SCOPE,
    });
  });

  test('is completed for a public client', () => {
    const metadata = checkMetadata({ redirect_uris: ['com.example.app:/cb'], token_endpoint_auth_method: 'none' });
    assert.deepEqual(metadata.grant_types, ['authorization_code', 'refresh_token']);
    assert.equal(metadata.application_type, 'native');
  });

  test('is completed for a service, which has no redirect', () => {
    const metadata = checkMetadata({});
    assert.deepEqual(metadata.grant_types, ['client_credentials']);
    assert.deepEqual(metadata.response_types, []);
  });

  test('a device needs no redirect URI, and may have refresh tokens (RFC 8628)', () => {
    const grant_types = ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'];
    const metadata = checkMetadata({ grant_types, token_endpoint_auth_method: 'none' });
    assert.deepEqual([metadata.redirect_uris, metadata.response_types], [[], []]);
    assert.deepEqual(metadata.grant_types, grant_types);
  });

  test('is complete: checking it again changes nothing', () => {
    for (const input of [{}, { redirect_uris: [CALLBACK] }, { redirect_uris: ['http://localhost/cb'] }]) {
      const once = checkMetadata(input);
      assert.deepEqual(checkMetadata(once), once);
    }
  });

  for (const [uris, type] of [
    [[CALLBACK], 'web'],
    [['http://localhost/cb'], 'web'],
    [[CALLBACK, 'http://127.0.0.1/cb'], 'web'],
    [['com.example.app:/cb'], 'native'],
    [['https://localhost/cb', 'http://localhost/cb'], 'web'],
    [[], 'web'],
  ] as const) {
    test(`accepts a client with ${uris.join(' and ') || 'no redirect'} for ${type}`, () => {
      assert.equal(checkMetadata({ redirect_uris: uris }).application_type, type);
    });
  }

  const bad: readonly (readonly [why: string, field: string, input: MetadataInput & Record<string, unknown>])[] = [
    ['a field that is not known', 'client_secret', { client_secret: 'mine' }],
    ['another field that is not known', 'redirect_uri', { redirect_uri: CALLBACK }],
    ['redirects that are not a list', 'redirect_uris', { redirect_uris: CALLBACK }],
    ['a redirect that is not text', 'redirect_uris', { redirect_uris: [1] }],
    [
      'very many redirects',
      'redirect_uris',
      { redirect_uris: Array.from({ length: 101 }, (_, i) => `${CALLBACK}${i}`) },
    ],
    [
      'the implicit grant without an implicit response type',
      'response_types',
      { redirect_uris: [CALLBACK], grant_types: ['implicit'] },
    ],
    [
      'an implicit response to a page without TLS',
      'redirect_uris',
      { redirect_uris: ['http://localhost/cb'], grant_types: ['implicit'], response_types: ['id_token'] },
    ],
    ['an algorithm keyed with a secret', 'id_token_signed_response_alg', { id_token_signed_response_alg: 'HS256' }],
    ['no algorithm', 'request_object_signing_alg', { request_object_signing_alg: 'none' }],
    ['encryption to a secret', 'id_token_encrypted_response_alg', { id_token_encrypted_response_alg: 'dir' }],
    ['encryption without keys', 'jwks', { id_token_encrypted_response_alg: 'ECDH-ES' }],
    [
      'an encryption method without a key algorithm',
      'userinfo_encrypted_response_enc',
      { userinfo_encrypted_response_enc: 'A256GCM' },
    ],
    ['signed requests without keys', 'jwks', { require_signed_request_object: true }],
    [
      'an assertion algorithm without assertions',
      'token_endpoint_auth_signing_alg',
      { token_endpoint_auth_signing_alg: 'PS256' },
    ],
    ['a flag that is a text', 'require_auth_time', { require_auth_time: 'true' }],
    ['a negative age', 'default_max_age', { default_max_age: -1 }],
    ['an age beyond all dates', 'default_max_age', { default_max_age: 9e15 }],
    ['a login page without TLS', 'initiate_login_uri', { initiate_login_uri: 'http://localhost/login' }],
    [
      'pairwise subjects over two hosts (OpenID Connect Core §8.1)',
      'subject_type',
      { redirect_uris: [CALLBACK, 'https://other.example/cb'], subject_type: 'pairwise' },
    ],
    [
      'a logout URI with a fragment (OpenID Connect Back-Channel Logout §2.2)',
      'backchannel_logout_uri',
      { backchannel_logout_uri: 'https://rp.example.com/logout#x' },
    ],
    ['a logout URI without TLS', 'backchannel_logout_uri', { backchannel_logout_uri: 'http://rp.example.com/logout' }],
    [
      'a required session without a logout URI',
      'backchannel_logout_session_required',
      { backchannel_logout_session_required: true },
    ],
    ['a profile that is not known', 'profile', { profile: 'none' }],
    ['a name of every object', 'constructor', { constructor: 'x' } as MetadataInput & Record<string, unknown>],
    ['the password grant', 'grant_types', { redirect_uris: [CALLBACK], grant_types: ['password'] }],
    ['no grant', 'grant_types', { redirect_uris: [CALLBACK], grant_types: [] }],
    ['a code without a redirect', 'redirect_uris', { grant_types: ['authorization_code'] }],
    ['a public client without a redirect', 'redirect_uris', { token_endpoint_auth_method: 'none' }],
    [
      'client_credentials of a public client (RFC 6749 §4.4)',
      'grant_types',
      {
        redirect_uris: [CALLBACK],
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'client_credentials'],
      },
    ],
    [
      'pairwise subjects of devices, whose sector nothing tells',
      'subject_type',
      { grant_types: ['urn:ietf:params:oauth:grant-type:device_code'], subject_type: 'pairwise' },
    ],
    ['refresh tokens of nothing', 'grant_types', { grant_types: ['client_credentials', 'refresh_token'] }],
    ['a response type of another flow', 'response_types', { redirect_uris: [CALLBACK], response_types: ['id_token'] }],
    ['response types that do not fit', 'response_types', { redirect_uris: [CALLBACK], response_types: [] }],
    ['a method that is not known', 'token_endpoint_auth_method', { token_endpoint_auth_method: 'client_secret_jwt' }],
    ['a type that is not known', 'application_type', { application_type: 'mobile' }],
    [
      'a web client on a device',
      'application_type',
      { redirect_uris: ['com.example.app:/cb'], application_type: 'web' },
    ],
    [
      'a native client on https loopback',
      'redirect_uris',
      { redirect_uris: ['https://localhost/cb'], application_type: 'native' },
    ],
    ['PKI without a name (RFC 8705 §2.1.2)', 'tls_client_auth_subject_dn', PKI],
    [
      'PKI with two names',
      'tls_client_auth_subject_dn',
      { ...PKI, tls_client_auth_subject_dn: 'CN=a', tls_client_auth_san_dns: 'a.example' },
    ],
    ['a name without PKI', 'tls_client_auth_san_dns', { tls_client_auth_san_dns: 'a.example' }],
    ['a name in the way of OpenSSL', 'tls_client_auth_subject_dn', { ...PKI, tls_client_auth_subject_dn: '/CN=a' }],
    ['a name with a wildcard', 'tls_client_auth_san_dns', { ...PKI, tls_client_auth_san_dns: '*.example' }],
    ['a host for an address', 'tls_client_auth_san_ip', { ...PKI, tls_client_auth_san_ip: 'a.example' }],
    ['a relative URI', 'tls_client_auth_san_uri', { ...PKI, tls_client_auth_san_uri: '/client' }],
    ['self-signed without a certificate', 'jwks', { ...SELF_SIGNED, jwks: { keys: [EC_KEY] } }],
    ['self-signed without keys', 'jwks', SELF_SIGNED],
    [
      'tokens that are bound twice',
      'dpop_bound_access_tokens',
      { dpop_bound_access_tokens: true, tls_client_certificate_bound_access_tokens: true },
    ],
    [
      'bound tokens by a redirect',
      'dpop_bound_access_tokens',
      {
        redirect_uris: [CALLBACK],
        grant_types: ['implicit'],
        response_types: ['id_token token'],
        dpop_bound_access_tokens: true,
      },
    ],
    ['a scope with a quote', 'scope', { scope: 'openid "x"' }],
    ['a scope that is not text', 'scope', { scope: 1 }],
    ['private_key_jwt without keys', 'jwks', { token_endpoint_auth_method: 'private_key_jwt' }],
    ['keys here and there', 'jwks', { jwks: { keys: [] }, jwks_uri: 'https://app.example/jwks' }],
    ['keys over http', 'jwks_uri', { jwks_uri: 'http://app.example/jwks' }],
    ['a logo that runs', 'logo_uri', { logo_uri: 'javascript:alert(1)' }],
    ['a home page of the kind data', 'client_uri', { client_uri: 'data:text/html,x' }],
  ];
  for (const [why, field, input] of bad) {
    test(`refuses ${why}`, () => assert.throws(() => checkMetadata(input), refused(field)));
  }

  test('names every scope once', () => {
    assert.equal(checkMetadata({ scope: ' openid  email openid ' }).scope, 'openid email');
  });
});

describe('client keys', () => {
  const check = (jwks: unknown) => checkMetadata({ token_endpoint_auth_method: 'private_key_jwt', jwks });
  const rsa = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength });

  test('are public RSA, EC or OKP keys', () => {
    const keys = [rsa(2_048), generateKeyPairSync('ec', { namedCurve: 'P-256' }), generateKeyPairSync('ed25519')].map(
      ({ publicKey }) => ({ ...publicKey.export({ format: 'jwk' }), kid: 'mine' }),
    );
    assert.deepEqual(check({ keys }).jwks, { keys });
  });

  test('may come with their certificates (RFC 7517 §4.7)', () => {
    assert.deepEqual(check({ keys: [CERTIFIED.jwk] }).jwks, { keys: [CERTIFIED.jwk] });
  });

  for (const [why, jwks] of [
    ['no set', []],
    ['an empty set', { keys: [] }],
    ['a private key', { keys: [generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })] }],
    ['a shared secret', { keys: [{ kty: 'oct', k: randomBytes(32).toString('base64url') }] }],
    ['a short RSA key', { keys: [rsa(1_024).publicKey.export({ format: 'jwk' })] }],
    ['a key with the certificate of another', { keys: [{ ...OTHER_EC_KEY, x5c: CERTIFIED.jwk.x5c }] }],
    ['a key with a certificate that is none', { keys: [{ ...EC_KEY, x5c: ['AAAA'] }] }],
    ['a key without certificates where they should be', { keys: [{ ...EC_KEY, x5c: [] }] }],
    ['nonsense', { keys: [{ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }] }],
    ['members of the wrong type', { keys: [{ ...EC_KEY, x: [EC_KEY?.x] }] }],
    ['a kid that is a number', { keys: [{ ...EC_KEY, kid: 7 }] }],
    ['a kid that Postgres cannot hold', { keys: [{ ...EC_KEY, kid: 'a\0' }] }],
    ['a kid with half a surrogate pair', { keys: [{ ...EC_KEY, kid: '\ud800' }] }],
    ['ext that is not a boolean', { keys: [{ ...EC_KEY, ext: 'true' }] }],
    ['key_ops that are none', { keys: [{ ...EC_KEY, key_ops: 'verify' }] }],
    ['key_ops twice', { keys: [{ ...EC_KEY, key_ops: ['verify', 'verify'] }] }],
    ['a use that there is not', { keys: [{ ...EC_KEY, use: 'tls' }] }],
    ['a use and key_ops that exclude each other', { keys: [{ ...EC_KEY, use: 'sig', key_ops: ['encrypt'] }] }],
    ['an algorithm of other keys', { keys: [{ ...EC_KEY, alg: 'RS256' }] }],
    ['to encrypt with a key that signs', { keys: [EC_KEY, { ...exported('ed25519'), use: 'enc' }] }],
    ['on a curve that nothing here uses', { keys: [EC_KEY, exported('x448')] }],
    ['two for the same without a kid', { keys: [EC_KEY, OTHER_EC_KEY] }],
    [
      'two for the same with one kid',
      {
        keys: [
          { ...EC_KEY, kid: 'a' },
          { ...OTHER_EC_KEY, kid: 'a' },
        ],
      },
    ],
    [
      'too long to be verified with',
      { keys: [{ kty: 'RSA', n: Buffer.alloc(2_048, 255).toString('base64url'), e: 'AQAB' }] },
    ],
    ['slow to be verified with', { keys: [{ ...exported('rsa'), e: Buffer.alloc(200, 255).toString('base64url') }] }],
  ] as const) {
    test(`are not ${why}`, () => assert.throws(() => check(jwks), refused('jwks')));
  }

  test('are stored with known members only', () => {
    const known = { ...EC_KEY, use: 'sig', alg: 'ES256', key_ops: ['verify'], ext: true };
    assert.deepEqual(check({ keys: [{ ...known, extra: { deep: ['\0'] } }], more: '\0' }).jwks, { keys: [known] });
  });

  for (const [field, alg, jwk] of [
    ['id_token_encrypted_response_alg', 'RSA-OAEP', EC_KEY],
    ['id_token_encrypted_response_alg', 'ECDH-ES', { ...EC_KEY, use: 'sig' }],
    ['userinfo_encrypted_response_alg', 'ECDH-ES+A128KW', exported('ed25519')],
    ['introspection_encrypted_response_alg', 'RSA-OAEP-256', { ...exported('rsa'), key_ops: ['verify'] }],
    ['authorization_encrypted_response_alg', 'ECDH-ES', { ...EC_KEY, alg: 'ECDH-ES+A256KW' }],
    ['request_object_signing_alg', 'EdDSA', EC_KEY],
    ['request_object_signing_alg', 'PS256', { ...exported('rsa'), alg: 'RS256' }],
    ['backchannel_authentication_request_signing_alg', 'ES256', { ...EC_KEY, use: 'enc' }],
    ['require_signed_request_object', true, exported('x25519')],
  ] as const) {
    test(`are refused when none can be used for ${field} ${alg}`, () => {
      const signed = field.startsWith('userinfo') ? { userinfo_signed_response_alg: 'RS256' } : {};
      assert.throws(() => checkMetadata({ jwks: { keys: [jwk] }, ...signed, [field]: alg }), refused('jwks'));
    });
  }

  test('are refused when none can authenticate the client', () => {
    assert.throws(() => check({ keys: [exported('x25519')] }), refused('jwks'));
    const pinned = { token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: 'EdDSA' };
    assert.throws(() => checkMetadata({ ...pinned, jwks: { keys: [EC_KEY] } }), refused('jwks'));
    assert.doesNotThrow(() => checkMetadata({ ...pinned, jwks: { keys: [exported('ed25519')] } }));
  });
});
