import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import { after, test } from 'node:test';
import { decodeJwt } from 'jose';
import { createClients } from '../../server/clients/store.ts';
import { createOutbound } from '../../server/platform/outbound.ts';
import { endRecordsOfClient } from '../../server/records/ended.ts';
import { makeIdentity } from '../helpers/certificates.ts';
import { deployment, type Party } from '../helpers/deployment.ts';
import { authorize, introspect, refresh, token, userinfo } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';
import { listen } from '../helpers/ssrf_cases.ts';
import { begin, callbackOf, idTokenOf, shown, tokensFor } from './support.ts';

/** Pairwise subjects (OpenID Connect Core §8): two apps cannot recognise the same person by `sub`. */
const app = await deployment({ after });
const API = 'https://api.example.com';
await app.seed.resourceServer({ identifier: API, name: 'API', scopes: ['api:read'] });
const person = await app.seed.person();
const scope = 'openid profile email offline_access api:read';
const pairwise = (host: string) =>
  app.seed.party({
    firstParty: true,
    metadata: { redirect_uris: [`https://${host}/cb`], subject_type: 'pairwise', scope },
  });
const [one, sibling, other] = [
  await pairwise('one.example.com'),
  await pairwise('one.example.com'),
  await pairwise('two.example.com'),
];

async function subjectAt(party: Party, who = person): Promise<string> {
  const { tokens } = await tokensFor(app, party, who);
  return String(idTokenOf(tokens).sub);
}

test('a person has a subject for each host, the same for all apps of one host (§8.1)', async () => {
  const [first, again, beside, elsewhere] = [
    await subjectAt(one),
    await subjectAt(one),
    await subjectAt(sibling),
    await subjectAt(other),
  ];
  assert.equal(first, again);
  assert.equal(first, beside);
  assert.notEqual(first, elsewhere);
  assert.notEqual(first, person.id);
  assert.match(first, /^[\w-]{43}$/);
  assert.notEqual(first, await subjectAt(one, await app.seed.person()), 'and no other person has it');
});

test('the app gets it everywhere: ID token, userinfo, introspection, refresh', async () => {
  const { tokens } = await tokensFor(app, one, person, {
    params: { scope: 'openid email offline_access', prompt: 'consent' },
  });
  const { sub } = idTokenOf(tokens);
  assert.equal((await userinfo(app.issuer, tokens.access_token)).body.sub, sub);
  assert.equal((await introspect(app.issuer, one, tokens.access_token)).sub, sub);
  const { body } = await refresh(app.issuer, one, tokens.refresh_token ?? '');
  assert.equal(idTokenOf(body).sub, sub);
});

test('a resource server gets it in a JWT, and by introspection for itself (§8.1)', async () => {
  const sub = await subjectAt(one);
  const params = { scope: 'openid api:read', resource: API };
  const { code, verifier: code_verifier } = await authorize({ issuer: app.issuer, party: one, person, params });
  const { body } = await token(app.issuer, one, {
    grant_type: 'authorization_code',
    code,
    code_verifier,
    redirect_uri: one.redirectUri,
    resource: API,
  });
  assert.equal(decodeJwt(body.access_token ?? '').sub, sub);
  const { tokens: opaque } = await tokensFor(app, one, person);
  assert.equal(
    (await introspect(app.issuer, await app.seed.party({ introspectsAll: true }), opaque.access_token)).sub,
    sub,
  );
});

test('an id_token_hint and a requested sub with it identify that person (§3.1.2.1, §5.5.1)', async () => {
  const { tokens, browser } = await tokensFor(app, one, person);
  const sub = idTokenOf(tokens).sub;
  const claims = (value: unknown) => JSON.stringify({ id_token: { sub: { value } } });
  for (const params of [{ id_token_hint: tokens.id_token }, { claims: claims(sub) }]) {
    assert.ok(callbackOf((await begin(app, one, { prompt: 'none', ...params }, browser.clone())).page).code);
  }
  for (const value of [person.id, await subjectAt(other)]) {
    const { page } = await begin(app, one, { claims: claims(value) }, browser.clone());
    assert.equal(shown(page), 'sign-in');
  }
});

test('hosts of one owner share a subject when the document at sector_identifier_uri lists all redirect URIs (§8.1)', async () => {
  const authority = await makeIdentity({ ca: true });
  const identity = await makeIdentity({ by: authority, names: [{ type: 'dns', value: 'owner.example.com' }] });
  const redirects = ['https://one.example.com/cb', 'https://two.example.com/cb'];
  const named = [...redirects];
  const server = createServer({ cert: identity.pem, key: identity.keyPem }, (_request, response) =>
    response.end(JSON.stringify(named)),
  );
  const port = await listen({ after }, server, '127.0.0.1');
  const outbound = createOutbound({
    allow: ['127.0.0.1'],
    ca: authority.pem,
    resolve: async () => [{ address: '127.0.0.1', family: 4 }],
  });
  const clients = createClients({ db: app.db, now: Date.now, endRecordsOf: endRecordsOfClient, outbound });
  const make = (redirect_uris: string[]) =>
    clients.create({
      name: 'Sector',
      firstParty: true,
      metadata: {
        redirect_uris,
        subject_type: 'pairwise',
        sector_identifier_uri: `https://owner.example.com:${port}/sector.json`,
        scope,
      },
    });
  const partyOf = ({ client, secret }: Awaited<ReturnType<typeof make>>): Party => ({
    id: client.id,
    secret: remember('client_secret', secret ?? ''),
    redirectUri: client.metadata.redirect_uris[0] ?? '',
    client,
  });
  const [both, second] = [partyOf(await make(redirects)), partyOf(await make(redirects.slice(1)))];
  const subject = await subjectAt(both);
  assert.equal(subject, await subjectAt(second), 'one sector for all redirect URIs');
  assert.notEqual(subject, await subjectAt(one), 'and a different one than by host');

  named.pop();
  await assert.rejects(make(redirects), {
    code: 'invalid_input',
    field: 'sector_identifier_uri',
    message: /two\.example/,
  });
  await assert.rejects(clients.update(both.id, { metadata: { client_uri: 'https://one.example.com/' } }), {
    field: 'sector_identifier_uri',
  });
});
