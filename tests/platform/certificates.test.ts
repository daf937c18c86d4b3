import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  canonicalAddress,
  namesOf,
  parseForwardedCertificate,
  readCertificates,
} from '../../server/platform/certificates.ts';
import { readDer, readOid } from '../../server/platform/der.ts';
import { parseName } from '../../server/platform/distinguished_names.ts';

/**
 * Made by OpenSSL: `-multivalue-rdn -utf8 -subj '/C=DE/O=Müller, Söhne \+ "Co"/OU=a\+b+UID=42/CN=client
 * #1/emailAddress=a@example.com/DC=example'` and `-addext` with one alternative name of each kind.
 */
const PEM = `-----BEGIN CERTIFICATE-----
MIIC5DCCAomgAwIBAgIUcRLbOxZ4PJD69v6AQajnj5am/1swCgYIKoZIzj0EAwIw
gZkxCzAJBgNVBAYTAkRFMR8wHQYDVQQKDBZNw7xsbGVyLCBTw7ZobmUgKyAiQ28i
MR4wCgYDVQQLDANhK2IwEAYKCZImiZPyLGQBAQwCNDIxEjAQBgNVBAMMCWNsaWVu
dCAjMTEcMBoGCSqGSIb3DQEJARYNYUBleGFtcGxlLmNvbTEXMBUGCgmSJomT8ixk
ARkWB2V4YW1wbGUwIBcNMjYxMTI1MDEyODE0WhgPMjEyNjExMDEwMTI4MTRaMIGZ
MQswCQYDVQQGEwJERTEfMB0GA1UECgwWTcO8bGxlciwgU8O2aG5lICsgIkNvIjEe
MAoGA1UECwwDYStiMBAGCgmSJomT8ixkAQEMAjQyMRIwEAYDVQQDDAljbGllbnQg
IzExHDAaBgkqhkiG9w0BCQEWDWFAZXhhbXBsZS5jb20xFzAVBgoJkiaJk/IsZAEZ
FgdleGFtcGxlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEuD3rXXWk2xcTYg7h
5XendrvlVU0wcc8Q56tJHqwe+oVP9V+iLTIsVHom+u0SraoCAOCgsl9+Xx4Sz8TO
tTkUVaOBqjCBpzAdBgNVHQ4EFgQUMgSObK04gjowje8eITdqPP9ZF0swHwYDVR0j
BBgwFoAUMgSObK04gjowje8eITdqPP9ZF0swDwYDVR0TAQH/BAUwAwEB/zBUBgNV
HREETTBLgg1BLmV4YW1wbGUuY29thxAgAQ24AAAAAAAAAAAAAAABhwTAAAIBhhNo
dHRwczovL2EuZXhhbXBsZS94gQ1iQGV4YW1wbGUuY29tMAoGCCqGSM49BAMCA0kA
MEYCIQD0l8AsM+qsU8Wui8jjZjBMdoJORQaTXt1XAT353NA8DgIhANC4SgulYUEi
aS/J5Dzbl7qBZ5zCCMmzYsj5CfDr78Qw
-----END CERTIFICATE-----`;
const certificate = new X509Certificate(PEM);
/** The output of `openssl x509 -subject -nameopt RFC2253`. */
const SUBJECT =
  'DC=example,emailAddress=a@example.com,CN=client #1,UID=42+OU=a\\+b,O=M\\C3\\BCller\\, S\\C3\\B6hne \\+ \\"Co\\",C=DE';

describe('names in a certificate', () => {
  const names = namesOf(certificate);

  for (const [how, text] of [
    ['as OpenSSL writes it', SUBJECT],
    ['with its letters as they are', SUBJECT.replace('\\C3\\BC', 'ü').replace('\\C3\\B6', 'ö')],
    ['with object identifiers', SUBJECT.replace('CN=', '2.5.4.3=').replace('UID=', 'OID.0.9.2342.19200300.100.1.1=')],
    ['with types in lower case', SUBJECT.replace('CN=', 'cn=').replace('DC=', 'dc=')],
    ['with spaces between its parts', SUBJECT.replaceAll(/(?<!\\),/g, ' , ')],
    ['with the attributes of a part in another order', SUBJECT.replace('UID=42+OU=a\\+b', 'OU=a\\+b+UID=42')],
    ['with a value in bytes', SUBJECT.replace('client #1', '#0c09636c69656e74202331')],
  ] as const) {
    test(`the subject ${how} is equal (RFC 4514 §2)`, () => assert.equal(parseName(text), names.subject));
  }

  for (const [how, text] of [
    [
      'in another order',
      SUBJECT.split(/(?<!\\),/)
        .reverse()
        .join(','),
    ],
    ['with a part less', SUBJECT.replace('DC=example,', '')],
    ['with a part more', `CN=x,${SUBJECT}`],
    ['with two parts where one has two attributes', SUBJECT.replace('UID=42+OU', 'UID=42,OU')],
    ['with another value', SUBJECT.replace('#1', '#2')],
    ['with another type', SUBJECT.replace('OU=', 'CN=')],
    ['in other letters', SUBJECT.replace('client', 'Client')],
  ] as const) {
    test(`the subject ${how} is not equal`, () => assert.notEqual(parseName(text), names.subject));
  }

  test('a value cannot be read as several parts', () => {
    assert.notEqual(parseName('CN=a\\,O=b'), parseName('CN=a,O=b'));
    assert.notEqual(parseName('CN=a\\+O=b'), parseName('CN=a+O=b'));
    assert.notEqual(parseName('CN=a\\"]\\,[\\"b'), parseName('CN=a,CN=b'));
    assert.notEqual(parseName('CN=#0c0161'), parseName('CN=\\#0c0161'));
    assert.equal(parseName('CN=#0c0161'), parseName('CN=a'));
    // An integer, so its bytes are not text
    assert.notEqual(parseName('CN=#020161'), parseName('CN=a'));
  });

  for (const text of [
    '',
    'client',
    'CN',
    '=client',
    'CN=a,',
    'CN=a+',
    'CN=a;O=b',
    'XX=a',
    'CN="a"',
    'CN=a\\',
    'CN=#0',
    'CN=#',
    '/CN=a/O=b',
    'CN=a\0',
  ])
    test(`${JSON.stringify(text)} is not a valid name (RFC 4514 §3)`, () => assert.throws(() => parseName(text)));

  test('alternative names are read by kind (RFC 5280 §4.2.1.6)', () => {
    const { subject: _, ...alternatives } = names;
    assert.deepEqual(alternatives, {
      dns: ['a.example.com'],
      email: ['b@example.com'],
      uri: ['https://a.example/x'],
      ip: ['2001:db8::1', '192.0.2.1'],
    });
    assert.equal(canonicalAddress('2001:0DB8:0::1'), '2001:db8::1');
    assert.equal(canonicalAddress('192.0.2.1'), '192.0.2.1');
  });
});

test('a name of the maximum length is read quickly', () => {
  const long = `CN=${'a\\ '.repeat(600)}`;
  const started = performance.now();
  assert.throws(() => parseName(`${long}${' '.repeat(2_000)}"`));
  assert.ok(performance.now() - started < 100);
});

test('bytes that are not DER are refused (X.690 §8.1)', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        const whole = readDer(Buffer.from(bytes)).map((one) => one.whole);
        assert.deepEqual(Buffer.concat(whole), Buffer.from(bytes));
      } catch (error) {
        assert.ok(error instanceof Error && error.name === 'Error', String(error));
      }
    }),
  );
  assert.equal(readOid(Buffer.from('2a864886f70d010901', 'hex')), '1.2.840.113549.1.9.1');
  assert.equal(readOid(Buffer.from('0992268993f22c640119', 'hex')), '0.9.2342.19200300.100.1.25');
  assert.equal(readOid(Buffer.from('883703', 'hex')), '2.999.3');
});

test('a header value is either exactly a certificate or nothing', () => {
  assert.equal(parseForwardedCertificate(encodeURIComponent(PEM))?.fingerprint256, certificate.fingerprint256);
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.base64String()), (value) =>
      assert.equal(parseForwardedCertificate(value), undefined),
    ),
  );
});

test('a file of authorities has at least one, and all of them must be readable', () => {
  assert.equal(readCertificates(`# two\n${PEM}\nbetween\n${PEM}\n`).length, 2);
  assert.throws(() => readCertificates('nothing'), /certificates in PEM/);
  assert.throws(() => readCertificates(PEM.replace('MIIC', 'AAAA')), /that can be read/);
});
