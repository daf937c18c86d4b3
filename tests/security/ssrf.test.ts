import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { deployment } from '../helpers/deployment.ts';
import { ssrf } from '../helpers/ssrf_cases.ts';

/**
 * Server-side request forgery by `jwks_uri`: a client names a URL, and anyone can cause its fetch with an assertion,
 * without a key.
 */
const scope = { after };
const hostile = await ssrf(scope);
const app = await deployment(scope, { env: hostile.env });
const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
hostile.answer = {
  status: 200,
  body: JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k', use: 'sig' }] }),
};

/** Makes the provider fetch the keys of a client with this `jwks_uri`. */
async function authenticate(jwks_uri: string): Promise<{ status: number; text: string }> {
  const party = await app.seed.party({ metadata: { token_endpoint_auth_method: 'private_key_jwt', jwks_uri } });
  const assertion = await new SignJWT({ jti: randomUUID() })
    .setProtectedHeader({ alg: 'ES256', kid: 'k' })
    .setIssuer(party.id)
    .setSubject(party.id)
    .setAudience(app.issuer)
    .setIssuedAt()
    .setExpirationTime('1m')
    .sign(privateKey);
  const answer = await fetch(`${app.issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    }),
  });
  return { status: answer.status, text: await answer.text() };
}

test('the keys of a client are fetched from a public jwks_uri', async () => {
  const { status, text } = await authenticate(hostile.reachable);
  assert.equal(status, 200, text);
  assert.equal(hostile.arrived.length, 1);
});

// In parallel, since some of them last until the timeout.
const outcomes = new Map(hostile.cases.map(({ name, url }) => [name, authenticate(url)] as const));

for (const { name, url } of hostile.cases) {
  test(`jwks_uri: ${name} (${new URL(url).hostname}) is not fetched, and the response does not tell more`, async () => {
    const { status, text } = (await outcomes.get(name)) ?? assert.fail();
    // For forbidden addresses a closed, an open and a slow port must look alike; for allowed ones a slow server may
    // take longer.
    const isSlow = ['silent', 'slow'].includes(name);
    assert.deepEqual(
      { status, ...JSON.parse(text) },
      isSlow
        ? {
            status: 503,
            error: 'temporarily_unavailable',
            error_description: 'a service that Cardea needs is unavailable; try again shortly',
          }
        : { status: 401, error: 'invalid_client', error_description: 'client authentication failed' },
    );
    assert.equal(hostile.connections(), 0);
  });
}

test('an endless body is cut off', () => {
  assert.ok(hostile.bytesOfEndless() > 0 && hostile.bytesOfEndless() < 16_000_000, `${hostile.bytesOfEndless()} bytes`);
});

test('neither request nor response is in the log', () => {
  assert.ok(!app.logLines.some((line) => /169\.254|127\.0\.0\.2|::ffff/.test(line)));
});
