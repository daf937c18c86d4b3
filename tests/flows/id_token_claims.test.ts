import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, describe, test } from 'node:test';
import en from '../../server/views/messages/en.json' with { type: 'json' };
import { askPerson, CIBA_GRANT, cibaMetadata, decideRequest, fetchTokens } from '../helpers/ciba.ts';
import { deployment, type Party, type Person } from '../helpers/deployment.ts';
import { askForCode, DEVICE_GRANT, decide, poll, typeCode } from '../helpers/device.ts';
import { textOf, textsOf } from '../helpers/html.ts';
import { redeem, refresh, type TokenAnswer, token, userinfo } from '../helpers/relying_party.ts';
import { rememberAll } from '../helpers/secrets.ts';
import { begin, callbackOf, idTokenOf, shown, signedIn, submitPassword, tokensFor } from './support.ts';

/** The claims of ID tokens, of each grant and response type (OpenID Connect Core §2, §5.4), and `at_hash` (§3.1.3.6). */
const API = 'https://api.example.com';
const app = await deployment({ after }, { env: { CARDEA_PROFILE: 'oidc' } });
const { issuer, seed } = app;
await seed.resourceServer({ identifier: API, name: 'API', scopes: ['api:read'] });
const person = await seed.person({ name: 'Ada Lovelace' });
await seed.accounts.setGroups(person.id, ['staff']);
await seed.accounts.setRoles(person.id, ['auditor']);
const many = await seed.person({ name: 'Grace Hopper' });
const names = Array.from({ length: 200 }, (_, index) => `department-${index}`);
await seed.accounts.setGroups(many.id, names);
const scope = 'openid profile email groups roles offline_access api:read';
const metadata = {
  scope,
  grant_types: ['authorization_code', 'implicit', 'refresh_token', DEVICE_GRANT],
  response_types: ['code', 'id_token', 'id_token token', 'code id_token', 'code token', 'code id_token token'],
};
const full = await seed.party({ firstParty: true, metadata });
const minimal = await seed.party({ firstParty: true, metadata: { ...metadata, id_token_claims: 'minimal' } });
const calls = await seed.party({ metadata: { ...cibaMetadata(), scope } });
const quietCalls = await seed.party({ metadata: { ...cibaMetadata(), scope, id_token_claims: 'minimal' } });
const asked = await seed.party({ metadata: { scope } });
const askedMinimal = await seed.party({ metadata: { scope, id_token_claims: 'minimal' } });
const mapped = await seed.party({ firstParty: true, metadata: { scope, id_token_claims: 'minimal' } });
const RULES = [
  { claim: 'units', into: ['id_token'], from: { groups: { prefix: 'd' } } },
  { claim: 'tenant', into: ['id_token'], from: { static: 'north' } },
];
await seed.clients.update(mapped.id, { claimMapping: RULES });
const browser = await signedIn(app, full, person);

const OF_PERSON = {
  email: person.email,
  email_verified: true,
  name: 'Ada Lovelace',
  groups: ['staff'],
  roles: ['auditor'],
};

/** Those of `OF_PERSON` that a token has. */
const told = (claims: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(claims).filter(([name]) => name in OF_PERSON));

/** OpenID Connect Core §3.1.3.6, for RS256. */
const halfHash = (text = '') => createHash('sha256').update(text).digest().subarray(0, 16).toString('base64url');

type Body = TokenAnswer['body'];

async function byDevice(party: Party): Promise<Body> {
  const { body } = await askForCode(issuer, party, { scope });
  const page = await decide(browser.clone(), await typeCode(browser.clone(), body.user_code), 'confirm');
  assert.equal(textOf(page, 'h1'), en['device-done.approved.title']);
  return (await poll(issuer, party, body.device_code)).body;
}

async function byCall(party: Party): Promise<Body> {
  const { body } = await askPerson(issuer, party, { scope, login_hint: person.email });
  await decideRequest(app, person, 'approve');
  return (await fetchTokens(issuer, party, body.auth_req_id)).body;
}

const byCode = async (party: Party, params = {}, who: Person = person) =>
  (await tokensFor(app, party, who, { params: { scope, nonce: 'n-0S6_WzA2Mj', ...params } })).tokens;

const GRANTS: Readonly<Record<string, () => Promise<{ full: Body; minimal: Body }>>> = {
  authorization_code: async () => ({ full: await byCode(full), minimal: await byCode(minimal) }),
  refresh_token: async () => {
    const again = async (party: Party) =>
      (await refresh(issuer, party, (await byCode(party)).refresh_token ?? '')).body;
    return { full: await again(full), minimal: await again(minimal) };
  },
  [DEVICE_GRANT]: async () => ({ full: await byDevice(full), minimal: await byDevice(minimal) }),
  [CIBA_GRANT]: async () => ({ full: await byCall(calls), minimal: await byCall(quietCalls) }),
};

for (const [grant, run] of Object.entries(GRANTS)) {
  test(`${grant}: the claims of granted scopes by default, none with id_token_claims minimal, at_hash always`, async () => {
    const answers = await run();
    const { full: more, minimal: less } = { full: idTokenOf(answers.full), minimal: idTokenOf(answers.minimal) };
    assert.deepEqual(told(more), OF_PERSON);
    assert.deepEqual(told(less), {});
    assert.equal(more.at_hash, halfHash(answers.full.access_token));
    assert.equal(less.at_hash, halfHash(answers.minimal.access_token));
    assert.equal(less.sub, person.id);
    const { body } = await userinfo(issuer, answers.minimal.access_token ?? '');
    assert.deepEqual(told(body), OF_PERSON, 'userinfo has them in both cases');
  });
}

test('at_hash also belongs to a JWT access token', async () => {
  const granted = await begin(app, full, { scope, resource: API }, browser.clone());
  const { code = '' } = callbackOf(granted.page);
  const { body } = await token(issuer, full, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: full.redirectUri,
    code_verifier: granted.verifier,
    resource: API,
  });
  assert.equal(body.access_token?.split('.').length, 3);
  assert.equal(idTokenOf(body).at_hash, halfHash(body.access_token));
  assert.deepEqual(told(idTokenOf(body)), OF_PERSON);
});

test('only what was granted: a narrower refresh, and a scope that the operator has taken away', async () => {
  const party = await seed.party({ firstParty: true, metadata: { scope } });
  const first = await byCode(party);
  const narrow = await token(issuer, party, {
    grant_type: 'refresh_token',
    refresh_token: first.refresh_token ?? '',
    scope: 'openid email',
  });
  assert.deepEqual(told(idTokenOf(narrow.body)), { email: person.email, email_verified: true });
  await seed.clients.update(party.id, { metadata: { scope: 'openid groups' } });
  const { body } = await refresh(issuer, party, narrow.body.refresh_token ?? '');
  assert.deepEqual(told(idTokenOf(body)), { groups: ['staff'] });
});

describe('ID tokens in a redirect (§5.4)', () => {
  const ask = async (party: Party, response_type: string) => {
    const { page, verifier } = await begin(app, party, { scope, response_type, nonce: 'n' }, browser.clone());
    const answer: { id_token?: string; access_token?: string; code?: string } = rememberAll(callbackOf(page));
    return { verifier, ...answer };
  };

  for (const party of [full, minimal]) {
    const setting = party === full ? 'full' : 'minimal';
    test(`${setting}: id_token alone has the claims of scopes, because nothing else could be asked for them`, async () => {
      assert.deepEqual(told(idTokenOf(await ask(party, 'id_token'))), OF_PERSON);
    });

    test(`${setting}: with a code or an access token it has none`, async () => {
      for (const type of ['code id_token', 'id_token token', 'code id_token token']) {
        const answer = await ask(party, type);
        assert.deepEqual(told(idTokenOf(answer)), {}, type);
        if (answer.access_token !== undefined) {
          assert.equal(idTokenOf(answer).at_hash, halfHash(answer.access_token));
        }
        if (answer.code === undefined) continue;
        const { body } = await redeem(issuer, party, { code: answer.code, verifier: answer.verifier });
        assert.deepEqual(told(idTokenOf(body)), party === full ? OF_PERSON : {}, type);
        assert.equal(idTokenOf(body).at_hash, halfHash(body.access_token));
      }
    });
  }
});

test('a claim that the request names is in the ID token with both settings (§5.5)', async () => {
  const claims = JSON.stringify({ id_token: { email: null } });
  for (const party of [full, minimal]) {
    assert.equal(idTokenOf(await byCode(party, { scope: 'openid email', claims })).email, person.email);
  }
});

test('the consent page says the same with both settings', async () => {
  const labelsFor = async (party: Party) => {
    const { browser: visitor, page } = await begin(app, party, { scope: 'openid email groups' });
    const consent = await submitPassword(visitor, page, person);
    assert.equal(shown(consent), 'consent');
    return textsOf(consent, '.scope-label');
  };
  const labels = await labelsFor(asked);
  assert.ok(labels.includes(en['scope.email']) && labels.includes(en['scope.groups']));
  assert.deepEqual(await labelsFor(askedMinimal), labels);
});

describe('the size of an ID token', () => {
  const SOURCES = { userinfo: { endpoint: `${issuer}/userinfo` } };

  test('groups that are too many are a distributed claim of userinfo (§5.6.2)', async () => {
    const tokens = await byCode(full, {}, many);
    const claims = idTokenOf(tokens);
    assert.ok(tokens.id_token.length < 4_096, `${tokens.id_token.length} bytes`);
    assert.deepEqual([claims.groups, claims._claim_names], [undefined, { groups: 'userinfo' }]);
    assert.deepEqual(claims._claim_sources, SOURCES);
    assert.deepEqual([claims.email, claims.name], [many.email, 'Grace Hopper'], 'the others stay');
    const { body } = await userinfo(issuer, tokens.access_token);
    assert.deepEqual([body.groups, body._claim_names], [names, undefined]);
  });

  test('so are mapped claims, and userinfo has those that were only mapped into the ID token', async () => {
    const tokens = await byCode(mapped, {}, many);
    const { units, tenant, _claim_names } = idTokenOf(tokens);
    assert.deepEqual([units, tenant, _claim_names], [undefined, 'north', { units: 'userinfo' }]);
    const { body } = await userinfo(issuer, tokens.access_token);
    assert.deepEqual([(body.units as unknown[])?.length, body.tenant], [names.length, undefined]);
  });

  test('an ID token that comes alone has all of them, because there is no access token for userinfo', async () => {
    const other = await signedIn(app, full, many);
    const { page } = await begin(app, full, { scope, response_type: 'id_token', nonce: 'n' }, other);
    assert.deepEqual(idTokenOf(rememberAll(callbackOf(page))).groups, names);
  });
});

test('discovery announces distributed claims', async () => {
  const discovery = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
  assert.deepEqual((discovery as Record<string, unknown>).claim_types_supported, ['normal', 'distributed']);
});
