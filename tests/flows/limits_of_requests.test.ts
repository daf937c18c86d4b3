import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { type LimitName, limitEntries } from '../../server/limit_table.ts';
import { ENDPOINTS } from '../../server/oidc/endpoints.ts';
import { limitCallerAndServer } from '../../server/oidc/steps/limits.ts';
import { browserSession } from '../helpers/browser_session.ts';
import { CIBA_GRANT, cibaMetadata } from '../helpers/ciba.ts';
import { deployment, type Party } from '../helpers/deployment.ts';
import { DEVICE_GRANT } from '../helpers/device.ts';
import { MINUTE_MS } from '../helpers/limits.ts';
import { authorization, authorize, authorizeUrl, redeem } from '../helpers/relying_party.ts';

/** The limits of requests to endpoints: by client, account and address, and for the whole server. */

let at = Math.ceil(Date.now() / MINUTE_MS) * MINUTE_MS;
const nextWindow = () => {
  at += MINUTE_MS;
};
const CLIENT = 3;
const ADDRESS = 4;
const ACCOUNT = 2;
const SERVER = 20;
const NAMES: readonly LimitName[] = ['token', 'introspection', 'revocation', 'userinfo', 'par', 'device', 'ciba'];
const limits = [
  ...NAMES.flatMap((name) => [`${name}.client=${CLIENT}`, `${name}.address=${ADDRESS}`]),
  `authorize.account=${ACCOUNT}`,
  `authorize.address=${ADDRESS}`,
  `logout.address=${ADDRESS}`,
  `pages.address=${ADDRESS}`,
].join(',');
const scope = { after };
const env = { CARDEA_TRUSTED_PROXIES: '127.0.0.1', CARDEA_LIMITS: limits };
const app = await deployment(scope, { env, now: () => at });
const { issuer } = app;
const metadata = cibaMetadata({
  redirect_uris: ['https://rp.example.com/callback'],
  grant_types: ['authorization_code', 'client_credentials', DEVICE_GRANT, CIBA_GRANT],
});
const [busy, calm] = [await app.seed.party({ metadata }), await app.seed.party({ metadata })];
const open = await app.seed.party({
  public: true,
  metadata: { grant_types: ['authorization_code', DEVICE_GRANT] },
});
const [ada, bob] = [await app.seed.person(), await app.seed.person()];
const firstParty = await app.seed.party({ firstParty: true });

interface Sent {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

async function send(path: string, init: RequestInit, address = '192.0.2.1'): Promise<Sent> {
  const headers = { 'x-forwarded-for': address, ...(init.headers as Record<string, string>) };
  const response = await fetch(issuer + path, { redirect: 'manual', ...init, headers });
  return { status: response.status, headers: response.headers, body: await response.text() };
}

const FIELDS: Readonly<Record<string, (party: Party) => Record<string, string>>> = {
  '/token': () => ({ grant_type: 'client_credentials' }),
  '/introspect': () => ({ token: 'x' }),
  '/revoke': () => ({ token: 'x' }),
  '/par': (party) => Object.fromEntries(new URL(authorizeUrl({ issuer, party }, 'v'.repeat(43))).searchParams),
  '/device_authorization': () => ({ scope: 'openid' }),
  '/backchannel_authentication': () => ({ scope: 'openid', login_hint: ada.email }),
};

const post = (path: string, party: Party, address?: string) => {
  const fields = FIELDS[path]?.(party) ?? {};
  const named = party.secret === undefined ? { client_id: party.id } : {};
  const body = new URLSearchParams({ ...fields, ...named });
  return send(path, { method: 'POST', headers: authorization(party), body }, address);
};

const rateLimit = ({ headers }: Sent) => [headers.get('ratelimit-policy'), headers.get('ratelimit')];

test('every endpoint that is reached has limits, and every limit of requests is one of an endpoint or a page', () => {
  const scopes = new Set(limitEntries().map(({ name, scope: of }) => `${name}.${of}`));
  for (const [route, { path, limit, after: steps }] of Object.entries(ENDPOINTS)) {
    assert.equal(limit === undefined, path === undefined, route);
    if (limit === undefined) continue;
    assert.ok(scopes.has(`${limit}.address`) && scopes.has(`${limit}.server`), `${route}: by address and for all`);
    assert.ok(steps.includes(limitCallerAndServer), route);
  }
});

describe('by client', () => {
  for (const [path, name] of [
    ['/token', 'token'],
    ['/introspect', 'introspection'],
    ['/revoke', 'revocation'],
    ['/par', 'par'],
    ['/device_authorization', 'device'],
    ['/backchannel_authentication', 'ciba'],
  ] as const) {
    test(`${path}: the one that sends too many gets 429 from any address, and another at the same address none`, async () => {
      nextWindow();
      for (let n = 1; n <= CLIENT; n += 1) {
        const answer = await post(path, busy, `192.0.2.${n}`);
        assert.ok(answer.status < 300, answer.body);
        assert.deepEqual(rateLimit(answer), [
          `"${name}.client";q=${CLIENT};w=60`,
          `"${name}.client";r=${CLIENT - n};t=60`,
        ]);
      }
      at += 12_500;
      const refused = await post(path, busy, '192.0.2.77');
      assert.equal(refused.status, 429);
      assert.equal((JSON.parse(refused.body) as { error: string }).error, 'temporarily_unavailable');
      assert.equal(refused.headers.get('retry-after'), '48');
      assert.deepEqual(rateLimit(refused), [`"${name}.client";q=${CLIENT};w=60`, `"${name}.client";r=0;t=48`]);
      const guess = { ...busy, secret: 'wrong' };
      assert.equal((await post(path, guess)).status, 429, 'its credentials are not verified any more');
      assert.ok((await post(path, calm)).status < 300);
      nextWindow();
      at -= 12_500;
      assert.ok((await post(path, busy)).status < 300);
    });
  }

  test('a client is not slowed down by strangers who send its id with a wrong secret', async () => {
    nextWindow();
    for (let n = 0; n <= CLIENT; n += 1)
      assert.equal((await post('/token', { ...busy, secret: 'wrong' }, `198.51.100.${n}`)).status, 401);
    assert.equal((await post('/token', busy)).status, 200);
  });

  test('/userinfo: by the client of the token', async () => {
    nextWindow();
    const granted = await redeem(issuer, busy, await authorize({ issuer, party: busy, person: ada }));
    const headers = { authorization: `Bearer ${granted.body.access_token}` };
    for (let n = 0; n < CLIENT; n += 1)
      assert.equal((await send('/userinfo', { headers }, `192.0.2.${n}`)).status, 200);
    const refused = await send('/userinfo', { headers }, '192.0.2.9');
    assert.equal(refused.status, 429);
    assert.match(refused.headers.get('ratelimit') ?? '', /^"userinfo\.client";r=0;/);
  });
});

describe('by address', () => {
  for (const path of ['/token', '/introspect', '/revoke', '/par', '/device_authorization']) {
    test(`${path}: public clients count for it; a client with a secret at the same address goes on`, async () => {
      nextWindow();
      for (let n = 0; n < ADDRESS; n += 1) assert.notEqual((await post(path, open)).status, 429);
      const refused = await post(path, open);
      assert.equal(refused.status, 429);
      assert.match(refused.headers.get('ratelimit') ?? '', /\.address";r=0;t=60$/);
      assert.ok((await post(path, busy)).status < 300);
      assert.notEqual((await post(path, open, '192.0.2.2')).status, 429);
    });
  }

  for (const path of ['/userinfo', '/logout', '/docs', `/authorize?client_id=${open.id}`, '/device']) {
    test(`${path}: and another address is not affected`, async () => {
      nextWindow();
      const ask = (address?: string) => send(path, { headers: { accept: 'text/html' } }, address);
      for (let n = 0; n < ADDRESS; n += 1) assert.notEqual((await ask()).status, 429);
      const refused = await ask();
      assert.equal(refused.status, 429);
      assert.equal(refused.headers.get('retry-after'), '60');
      assert.notEqual((await ask('192.0.2.2')).status, 429);
    });
  }
});

test('by account: a person who is signed in counts by themselves, and nothing is stored for the request that is refused', async () => {
  nextWindow();
  const at = { 'x-forwarded-for': '203.0.113.1' };
  const ofAda = browserSession(issuer, issuer, [], { 'x-forwarded-for': '203.0.113.2' });
  const ofBob = browserSession(issuer, issuer, [], at);
  await authorize({ issuer, party: firstParty, person: ada, browser: ofAda });
  await authorize({ issuer, party: firstParty, person: bob, browser: ofBob });
  nextWindow();
  const url = authorizeUrl({ issuer, party: firstParty }, 'v'.repeat(43));
  for (let n = 0; n < ACCOUNT; n += 1) assert.equal((await ofAda.get(url, at)).status, 303);
  const before = await codes();
  const refused = await ofAda.get(url, at);
  assert.equal(refused.status, 429);
  assert.match(refused.headers.get('ratelimit') ?? '', /^"authorize\.account";r=0;/);
  assert.equal(await codes(), before);
  assert.equal((await ofBob.get(url, at)).status, 303);
});

async function codes(): Promise<number> {
  const text = "SELECT count(*)::int AS n FROM records WHERE model = 'AuthorizationCode'";
  return (await app.db.run<{ n: number }>({ name: '', text }, []))[0]?.n ?? 0;
}

test('for the whole server: a client that uses most is refused with 503, others go on, and the whole is never exceeded', async (t) => {
  const small = await deployment(t, { env: { CARDEA_LIMITS: `token.server=${SERVER}` }, now: () => at });
  const parties: Party[] = [];
  for (let n = 0; n < 12; n += 1) parties.push(await small.seed.party());
  const ask = async (party: Party | undefined, origin: Record<string, string> = {}) => {
    const body = new URLSearchParams({ grant_type: 'client_credentials' });
    const headers = party && { ...authorization(party), ...origin };
    const answer = await fetch(`${small.issuer}/token`, { method: 'POST', body, ...(headers ? { headers } : {}) });
    await answer.body?.cancel();
    return answer;
  };
  const statuses: number[] = [];
  for (let n = 0; n < SERVER; n += 1) statuses.push((await ask(parties[0])).status);
  assert.deepEqual(statuses, [...Array(SERVER / 2).fill(200), ...Array(SERVER / 2).fill(503)]);
  const refused = await ask(parties[0]);
  assert.equal(refused.headers.get('retry-after'), refused.headers.get('ratelimit')?.split('t=')[1]);
  const foreign = await ask(parties[0], { origin: 'https://evil.test' });
  assert.equal(foreign.status, 503);
  assert.equal(foreign.headers.get('access-control-allow-origin'), null, 'its own origins alone may read it');
  const others: number[] = [];
  for (const party of parties.slice(1)) others.push((await ask(party)).status);
  assert.deepEqual(others, [...Array(10).fill(200), 503]);
  const lines = small.logLines.map((line) => JSON.parse(line) as { level: string; limit?: string });
  assert.deepEqual(
    lines.filter(({ limit }) => limit !== undefined).map(({ level, limit }) => [level, limit]),
    [['warn', 'token.server']],
  );
});
