import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { checkMetadata } from '../../server/clients/metadata.ts';
import { checkSector } from '../../server/clients/sector_identifier.ts';
import { createOutbound } from '../../server/platform/outbound.ts';
import { deployment } from '../helpers/deployment.ts';
import { ssrf } from '../helpers/ssrf_cases.ts';

/** Server-side request forgery by `sector_identifier_uri`, which is fetched when a client is registered. */
const scope = { after };
const hostile = await ssrf(scope);
const outbound = createOutbound({ allow: ['127.0.0.1'], timeoutMs: 500 });
const client = checkMetadata({ redirect_uris: ['https://rp.example.com/cb'] });

const refusalOf = (uri: string) =>
  checkSector({ ...client, sector_identifier_uri: uri }, outbound, { chosenBy: 'stranger' }).then(
    () => undefined,
    (error: { code?: string; field?: string; message?: string }) => error,
  );

test('a document is fetched from a public sector_identifier_uri', async () => {
  hostile.answer = { status: 200, body: JSON.stringify(client.redirect_uris) };
  assert.equal(await refusalOf(hostile.reachable), undefined);
  assert.equal(hostile.arrived.length, 1);
});

// In parallel, since some of them last until the timeout.
const outcomes = new Map(hostile.cases.map(({ name, url }) => [name, refusalOf(url)] as const));

for (const { name, url } of hostile.cases) {
  test(`${name} (${new URL(url).hostname}) is not fetched, and the response does not tell more`, async () => {
    const refusal = (await outcomes.get(name)) ?? assert.fail('it was fetched');
    assert.deepEqual(
      { code: refusal.code, field: refusal.field, message: refusal.message },
      {
        code: 'invalid_input',
        field: 'sector_identifier_uri',
        message: 'sector_identifier_uri: must lead to a JSON list of redirect URIs',
      },
    );
    assert.equal(hostile.connections(), 0);
  });
}

test('over HTTP only https is accepted, and a document that cannot be fetched refuses the registration (OpenID Connect Core §8.1)', async () => {
  const app = await deployment(scope, { env: { ...hostile.env, CARDEA_REGISTRATION: 'open' } });
  const register = async (sector_identifier_uri: string) => {
    const response = await fetch(`${app.issuer}/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...client, subject_type: 'pairwise', sector_identifier_uri }),
    });
    return [response.status, ((await response.json()) as { error?: string }).error];
  };
  const { port } = new URL(hostile.reachable);
  for (const uri of [
    hostile.reachable,
    `https://127.0.0.1:${port}/`,
    'https://[::1]:1/',
    'https://10.0.0.1/sector.json',
  ]) {
    assert.deepEqual(await register(uri), [400, 'invalid_client_metadata'], uri);
  }
  assert.deepEqual((await app.seed.clients.list()).items, []);
});
