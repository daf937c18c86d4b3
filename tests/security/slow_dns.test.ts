import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { exportJWK, generateKeyPair } from 'jose';
import { keyedParty } from '../flows/keyed_party.ts';
import { begin, errorOn, post, refusal, shown } from '../flows/support.ts';
import { browserSession } from '../helpers/browser_session.ts';
import { documentSite } from '../helpers/client_documents.ts';
import { deployment, type Party } from '../helpers/deployment.ts';
import { silentNameServer } from '../helpers/name_server.ts';
import { authorizeUrl } from '../helpers/relying_party.ts';
import { until } from '../helpers/waiting.ts';

/** Names that clients choose, with name servers that never answer, delay only the requests of those clients. */

const scope = { after };
const names = await silentNameServer(scope);
const clock = { aheadMs: 0 };
const app = await deployment(scope, {
  now: () => Date.now() + clock.aheadMs,
  nameServers: [names.server],
  env: { CARDEA_TRUSTED_PROXIES: '127.0.0.1/32,::1/128,::ffff:127.0.0.1/128' },
});
const site = await documentSite(scope);

const partyAt = (id: string): Party => ({
  id,
  secret: undefined,
  redirectUri: `${site.origin}/cb`,
  client: undefined as never,
});

/** Sends an authorization request with this client_id from an address. */
function authorizeWith(id: string, address: string) {
  return browserSession(app.issuer).get(authorizeUrl({ issuer: app.issuer, party: partyAt(id) }, 'verifier'), {
    'x-forwarded-for': address,
  });
}

const { publicKey } = await generateKeyPair('ES256');
const jwksOf = { keys: [{ ...(await exportJWK(publicKey)), kid: 'sig', use: 'sig' }] };

async function partyWithKeysAt(jwks_uri: string) {
  return keyedParty(app, {
    metadata: {
      jwks: undefined,
      jwks_uri,
      token_endpoint_auth_method: 'private_key_jwt',
      grant_types: ['client_credentials'],
      redirect_uris: [],
    },
  });
}

/** More than the number of requests to client-chosen URLs that may run at the same time. */
const MANY = 80;
const attack = Array.from({ length: MANY }, (_, n) => [
  // one address with changing domains, and one domain from changing addresses
  authorizeWith(`https://n.slow-${n}.example/c.json`, '203.0.113.66'),
  authorizeWith(`https://n${n}.slow.example/c.json`, `198.51.100.${n}`),
]).flat();

test('during slow look-ups a client whose keys are elsewhere gets its tokens', async () => {
  await until('names to be asked for', () => names.asked.size >= 9);
  const { publicKey: key, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwks = { keys: [{ ...(await exportJWK(key)), kid: 'sig', use: 'sig' }] };
  const uri = site.answer('/jwks', (_request, response) => response.end(JSON.stringify(jwks)));
  const healthy = await partyWithKeysAt(uri);
  const proof = await healthy.assertion({}, { key: privateKey });
  const { status, body } = await post(app, '/token', { grant_type: 'client_credentials', ...proof });
  assert.equal(status, 200, JSON.stringify(body));
});

test('and a new document is fetched for another address', async () => {
  const id = site.put('/new.json', { redirect_uris: [`${site.origin}/cb`], token_endpoint_auth_method: 'none' });
  const { page } = await begin(app, partyAt(id), {}, browserSession(app.issuer));
  assert.equal(shown(page), 'sign-in');
});

test('look-ups beyond the share of an address or a domain are refused at once, with Retry-After', async () => {
  const refused = await Promise.race(attack);
  assert.deepEqual([refused.status, errorOn(refused)], [503, 'temporarily_unavailable']);
  assert.ok(Number(refused.headers.get('retry-after')) > 0);
});

test('when keys could not be fetched the response is 503, not invalid_client', async () => {
  const party = await partyWithKeysAt('https://keys.slow.example/jwks');
  const proofs = await Promise.all([party.assertion(), party.assertion()]);
  const answers = proofs.map((proof) => post(app, '/token', { grant_type: 'client_credentials', ...proof }));
  await until('the name to be asked for', () => names.asked.has('keys.slow.example'));
  names.fail();
  for (const answer of await Promise.all(answers)) {
    assert.deepEqual(refusal(answer), { status: 503, error: 'temporarily_unavailable' });
    assert.ok(Number(answer.headers.get('retry-after')) > 0);
  }
});

test('a name whose look-up failed is tried again at once only for another address', async () => {
  const id = 'https://docs.failing.example/c.json';
  const questions = () => names.questions('docs.failing.example');
  const come = async (address: string) => {
    const before = questions();
    assert.equal((await authorizeWith(id, address)).status, 503);
    return questions() - before;
  };
  const once = await come('203.0.113.78');
  assert.ok(once > 0);
  assert.equal(await come('203.0.113.78'), 0);
  assert.equal(await come('203.0.113.79'), once);
  clock.aheadMs += 5_000;
  assert.equal(await come('203.0.113.78'), once, 'after the time that Retry-After names');
});

test('when keys were fetched and do not match, the response is invalid_client', async () => {
  const uri = site.answer('/others', (_request, response) => response.end(JSON.stringify(jwksOf)));
  for (const at of [uri, `${site.origin}/nothing`]) {
    const party = await partyWithKeysAt(at);
    const answer = await post(app, '/token', { grant_type: 'client_credentials', ...(await party.assertion()) });
    assert.deepEqual(refusal(answer), { status: 401, error: 'invalid_client' });
  }
});

test('21 documents that never arrive delay no other document', async () => {
  const slow = await documentSite(scope);
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const paths = Array.from({ length: 21 }, (_, n) => `/slow-${n}.json`);
  const coming = paths.map((path) => {
    const id = slow.answer(path, (_request, response) => void released.then(() => response.writeHead(404).end()));
    return authorizeWith(id, '203.0.113.77');
  });
  await until('documents to be asked for', () => paths.filter((path) => slow.hits(path) > 0).length === 8);
  const id = site.put('/meanwhile.json', { redirect_uris: [`${site.origin}/cb`], token_endpoint_auth_method: 'none' });
  const { page } = await begin(app, partyAt(id));
  assert.equal(shown(page), 'sign-in');
  assert.equal(paths.filter((path) => slow.hits(path) > 0).length, 8, 'none of the others has ended');
  release();
  for (const answer of await Promise.all(coming)) assert.equal(errorOn(answer), 'invalid_client');
  for (const path of paths) {
    const warnings = app.logLines.filter(
      (line) => line.includes(`"${slow.origin}${path}"`) && line.includes('document'),
    );
    assert.deepEqual(
      warnings.map((line) => (JSON.parse(line) as { level: string }).level),
      ['warn'],
    );
  }
});

test('none of this is logged as an error', async () => {
  for (const page of await Promise.all(attack)) assert.equal(page.status, 503);
  const lines = app.logLines.map((line) => JSON.parse(line) as { level: string; msg: string; error?: unknown });
  assert.deepEqual(
    lines.filter(({ level, error }) => level !== 'debug' && (level === 'error' || error !== undefined)),
    [],
  );
  assert.ok(lines.some(({ level, msg }) => level === 'warn' && msg.includes('keys of a client')));
});
