import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, type TestContext, test } from 'node:test';
import { createDb } from '../../server/platform/db.ts';
import { browserSession, formOf } from '../helpers/browser_session.ts';
import { childrenOf } from '../helpers/children.ts';
import { askPerson, CIBA_GRANT, cibaMetadata } from '../helpers/ciba.ts';
import { createSeeder, type Party } from '../helpers/deployment.ts';
import { ownPostgres } from '../helpers/embedded.ts';
import { mailbox } from '../helpers/mailbox.ts';
import { type StartedHere, startHere } from '../helpers/processes.ts';
import { authorization, authorize, authorizeUrl, redeem, refresh, token, userinfo } from '../helpers/relying_party.ts';
import { defer } from '../helpers/scope.ts';
import { remember } from '../helpers/secrets.ts';
import { freePort, until } from '../helpers/waiting.ts';

/** Promise 7: without Postgres, responses are honest about the failure. */

const VERIFIER = 'v'.repeat(43);
const OPERATING = 'cardea:groups:read cardea:groups:write';
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
/** Longer than the statement timeout of the node, and shorter than a hang. */
const ANSWER_WITHIN_MS = 8_000;

const postgres = ownPostgres({ after });
const port = await freePort();
const CARDEA_PORT = String(await freePort());
const masterKey = remember('master_key', randomBytes(32).toString('base64'));

/** A node on a Postgres that comes back on the same port, with every token and code that clients hold. */
async function situation(t: TestContext) {
  const post = await mailbox(t);
  post.behave({ kind: 'hang' });
  const { url } = await postgres.start(port);
  const node = await startHere(t, {
    CARDEA_PORT,
    CARDEA_DATABASE_URL: url,
    CARDEA_MASTER_KEY: masterKey,
    CARDEA_DATABASE_TIMEOUT_MS: '500',
    CARDEA_KEY_POLL: '2s',
    CARDEA_CODE_TTL: '10m',
    CARDEA_REGISTRATION: 'open',
    CARDEA_SMTP_URL: post.url,
  });
  const { issuer } = node;
  const db = createDb({ url });
  // Closed first, since these connections are not under test.
  const seed = await createSeeder(db, masterKey);
  const resource = `https://${randomBytes(6).toString('hex')}.example.com`;
  await seed.resourceServer({ identifier: resource, name: 'Orders', scopes: ['orders:read'] });
  const party = await seed.party({ firstParty: true, metadata: { scope: 'openid profile email orders:read' } });
  const cold = await seed.party({ firstParty: true });
  const television = await seed.party({ public: true, metadata: { redirect_uris: [], grant_types: [DEVICE_GRANT] } });
  const callCentre = await seed.party({ metadata: cibaMetadata() });
  const robot = await seed.party({
    metadata: { redirect_uris: [], grant_types: ['client_credentials'], scope: OPERATING },
  });
  const person = await seed.person();
  await db.close();

  const { browser, ...granted } = await authorize({ issuer, party, person });
  const tokens = await redeem(issuer, party, await authorize({ issuer, party, person, browser }));
  assert.equal(tokens.status, 200);
  const { status, body } = await clientCredentials({ issuer, party, resource });
  assert.equal(status, 200);
  const machine = await token(issuer, robot, {
    grant_type: 'client_credentials',
    resource: `${issuer}/api/v1`,
    scope: OPERATING,
  });
  assert.equal(machine.status, 200);
  const device = await ask(new URL('/device_authorization', issuer), {
    method: 'POST',
    body: new URLSearchParams({ client_id: television.id, scope: 'openid' }),
  });
  assert.equal(device.status, 200);
  const waiting = await askPerson(issuer, callCentre, { login_hint: person.email });
  assert.equal(waiting.status, 200);
  const stranger = browserSession(issuer);
  const loginPage = await stranger.follow(await stranger.get(authorizeUrl({ issuer, party }, VERIFIER)));
  const profilePage = await browser.get('/account/profile');
  const forgotPage = await stranger.get('/account/forgot');
  await until('the mail about the waiting request is being sent', () => post.hanging() === 1);
  return {
    post,
    node,
    issuer,
    resource,
    party,
    cold,
    person,
    granted,
    browser,
    tokens: tokens.body,
    operating: machine.body.access_token ?? '',
    jwt: body.access_token ?? '',
    television,
    deviceCode: (JSON.parse(device.body) as { device_code: string }).device_code,
    callCentre,
    authReqId: waiting.body.auth_req_id,
    stranger,
    loginPage,
    profilePage,
    forgotPage,
  };
}

type Situation = Awaited<ReturnType<typeof situation>>;

function clientCredentials({ issuer, party, resource }: { issuer: string; party: Party; resource: string }) {
  return token(issuer, party, { grant_type: 'client_credentials', resource, scope: 'orders:read' });
}

/** Every request that needs the database. */
function requests(s: Situation): Record<string, () => Promise<Answer>> {
  const { issuer, party, cold, granted, tokens, stranger, loginPage, profilePage, forgotPage, person, browser } = s;
  const get = (path: string, headers: Record<string, string> = {}) => ask(new URL(path, issuer), { headers });
  const post = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
    ask(new URL(path, issuer), { method: 'POST', headers, body: new URLSearchParams(fields) });
  const refreshing = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token ?? '' };
  const redeeming = {
    grant_type: 'authorization_code',
    code: granted.code,
    code_verifier: granted.verifier,
    redirect_uri: party.redirectUri,
  };
  const { jwt, television, deviceCode, callCentre, authReqId } = s;
  const pushed = Object.fromEntries(new URL(authorizeUrl({ issuer, party }, VERIFIER)).searchParams);
  const polling = { grant_type: DEVICE_GRANT, device_code: deviceCode, client_id: television.id };
  const bearer = { authorization: `Bearer ${tokens.access_token}` };
  const operator = { authorization: `Bearer ${s.operating}` };
  const form = formOf(loginPage);
  const [profile, forgot] = [formOf(profilePage), formOf(forgotPage)];
  const credentials = { ...form.fields, identifier: person.email, password: person.password, action: 'signin' };
  return {
    'refresh, client known': () => post('/token', refreshing, authorization(party)),
    'code, client known': () => post('/token', redeeming, authorization(party)),
    'client credentials, client not seen before': () =>
      post('/token', { grant_type: 'client_credentials' }, authorization(cold)),
    'client credentials, opaque': () => post('/token', { grant_type: 'client_credentials' }, authorization(party)),
    'client credentials, wrong secret of a client not seen before': () =>
      post('/token', { grant_type: 'client_credentials' }, authorization({ ...cold, secret: 'wrong' })),
    introspection: () => post('/introspect', { token: tokens.access_token ?? '' }, authorization(party)),
    revocation: () => post('/revoke', { token: tokens.access_token ?? '' }, authorization(party)),
    'introspection of a JWT': () => post('/introspect', { token: jwt }, authorization(party)),
    'revocation of a JWT': () => post('/revoke', { token: jwt }, authorization(party)),
    userinfo: () => get('/userinfo', { ...bearer, origin: 'https://rp.example.com' }),
    'a pushed request': () => post('/par', pushed, authorization(party)),
    'a device that asks for a code': () => post('/device_authorization', { client_id: television.id }),
    'a device that polls': () => post('/token', polling),
    'an app that asks for a person': () =>
      post('/backchannel_authentication', { scope: 'openid', login_hint: person.email }, authorization(callCentre)),
    'an app that asks what the person decided': () =>
      post('/token', { grant_type: CIBA_GRANT, auth_req_id: authReqId }, authorization(callCentre)),
    'requests that wait for a person': () => browser.clone().get('/account/requests'),
    'the page for codes of devices': () => browser.clone().get('/device'),
    'a registration': () =>
      ask(new URL('/register', issuer), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ redirect_uris: [party.redirectUri] }),
      }),
    'a registration that is read': () =>
      get(`/register/${'0'.repeat(32)}`, { authorization: `Bearer ${'x'.repeat(43)}` }),
    'authorize, stranger': () => get(authorizeUrl({ issuer, party }, VERIFIER)),
    'authorize, signed in': () => browser.clone().get(authorizeUrl({ issuer, party }, VERIFIER)),
    'login page': () => stranger.clone().get(form.action),
    'login form': () => stranger.clone().post(form.action, credentials),
    'the account': () => browser.clone().get('/account'),
    'sessions of the account': () => browser.clone().get('/account/sessions'),
    'a form of the account': () => browser.clone().post(profile.action, { ...profile.fields, name: 'Ada' }),
    'forgotten password': () => stranger.clone().post(forgot.action, { ...forgot.fields, identifier: person.email }),
    'a mailed link': () => get('/account/link/reset_password', { cookie: `cardea_link=${'x'.repeat(43)}` }),
    'the admin API, a list': () => get('/api/v1/groups', operator),
    'the admin API, a change': () =>
      ask(new URL('/api/v1/groups', issuer), {
        method: 'POST',
        headers: { ...operator, 'content-type': 'application/json', 'idempotency-key': 'outage' },
        body: JSON.stringify({ name: 'outage' }),
      }),
    logout: () => browser.clone().get('/logout'),
    readiness: () => get('/readyz'),
  };
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

async function ask(url: URL, init: RequestInit = {}): Promise<Answer> {
  const answer = await fetch(url, { ...init, redirect: 'manual' });
  return { status: answer.status, headers: answer.headers, body: await answer.text() };
}

/** Sends a request, and expects an honest response in time. */
async function assertHonest(request: () => Promise<Answer>, what: string): Promise<void> {
  const { signal, late } = deadline(what);
  const answer = await Promise.race([request(), late]);
  signal();
  const { body } = answer;
  assert.equal(answer.status, 503, `${what}: ${answer.status} ${body.slice(0, 200)}`);
  assert.match(answer.headers.get('retry-after') ?? '', /^\d+$/, what);
  assert.match(body, /temporarily_unavailable/, what);
  assert.doesNotMatch(body, /invalid_grant|invalid_client|invalid_token|server_error|postgres/i, what);
  assert.equal(answer.headers.get('set-cookie'), null, `${what}: no cookie changes`);
  assert.equal(answer.headers.get('location'), null, what);
  if (what.startsWith('userinfo')) {
    // A script has to see it to try again (Fetch Standard §3.3).
    assert.equal(answer.headers.get('access-control-allow-origin'), 'https://rp.example.com', what);
    assert.match(answer.headers.get('access-control-expose-headers') ?? '', /\bRetry-After\b/, what);
  }
}

function deadline(what: string): { signal: () => void; late: Promise<never> } {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, failed) => {
    timer = setTimeout(() => failed(new Error(`${what}: no answer within ${ANSWER_WITHIN_MS} ms`)), ANSWER_WITHIN_MS);
  });
  return { signal: () => clearTimeout(timer), late };
}

async function assertStillServed({ issuer }: Situation): Promise<void> {
  for (const path of ['/.well-known/jwks.json', '/.well-known/openid-configuration', '/healthz']) {
    assert.equal((await ask(new URL(path, issuer))).status, 200, path);
  }
}

/** Freezes all of Postgres, which keeps its sockets, like a dead host or a network that drops packets. */
function freeze(postmaster: number): () => void {
  process.kill(postmaster, 'SIGSTOP');
  const backends = childrenOf(postmaster);
  for (const pid of backends) process.kill(pid, 'SIGSTOP');
  return () => {
    for (const pid of [...backends, postmaster]) process.kill(pid, 'SIGCONT');
  };
}

const FAILURES: Record<string, (t: TestContext) => Promise<() => Promise<void>>> = {
  async 'that is frozen'(t) {
    const thaw = freeze(postgres.pid() ?? Number.NaN);
    let thawed = false;
    const once = async () => {
      if (!thawed) thaw();
      thawed = true;
    };
    defer(t, once);
    return once;
  },
  async 'that was killed'() {
    await postgres.kill();
    return async () => void (await postgres.start(port));
  },
};

for (const [name, fail] of Object.entries(FAILURES)) {
  test(`with Postgres ${name} every endpoint answers 503, and all tokens work when it is back`, async (t) => {
    const s = await situation(t);
    const recover = await fail(t);
    s.post.release();
    await assertStillServed(s);

    for (const [what, request] of Object.entries(requests(s))) await assertHonest(request, what);
    // In parallel, since requests must not queue for a pool whose connections are gone.
    const burst = Object.entries(requests(s)).flatMap(([what, request]) =>
      [request, request].map((one) => ({ what, one })),
    );
    await Promise.all(burst.map(({ what, one }) => assertHonest(one, `${what}, in parallel`)));
    await assertStillServed(s);

    // A token that needs no database is signed only while this node can be sure of its key.
    await until(
      'the node no longer trusts its key',
      async () => {
        const { status, body } = await clientCredentials(s);
        assert.ok(
          status === 200 || (status === 503 && body.error === 'temporarily_unavailable'),
          `${status} ${body.error}`,
        );
        return status === 503;
      },
      { everyMs: 100 },
    );
    await assertStillServed(s);

    await recover();
    const soon = { withinMs: 20_000, everyMs: 100 };
    const isReady = async () => (await ask(new URL('/readyz', s.issuer))).status === 200;
    await until('the node is ready again', isReady, soon);
    const isTrusted = async () => (await clientCredentials(s)).status === 200;
    await until('the node trusts its key again', isTrusted, soon);
    const refreshed = await refresh(s.issuer, s.party, s.tokens.refresh_token ?? '');
    assert.equal(refreshed.status, 200, refreshed.body.error);
    const redeemed = await redeem(s.issuer, s.party, s.granted);
    assert.equal(redeemed.status, 200, redeemed.body.error);
    assert.equal((await userinfo(s.issuer, s.tokens.access_token ?? '')).status, 200);
    const silent = await s.browser.get(
      authorizeUrl({ issuer: s.issuer, party: s.party, params: { prompt: 'none' } }, VERIFIER),
    );
    assert.ok(new URL(silent.location ?? '').searchParams.get('code'), 'the session is still there');
    const { action, fields } = formOf(s.loginPage);
    const signedIn = await s.stranger.post(action, {
      ...fields,
      identifier: s.person.email,
      password: s.person.password,
    });
    assert.ok(new URL(signedIn.location ?? '').searchParams.get('code'), 'the interrupted sign-in continues');
    const isBack = () => s.node.records().some(({ msg }) => msg === 'the database is back');
    await until('a request after the outage has found it over', async () => (await isReady()) && isBack(), soon);
    assert.deepEqual(
      warnings(s.node).map(({ msg, database }) => [msg, database]),
      [
        ['the database is away; requests that need it are answered with 503', databaseOf(s)],
        ['the database is back', databaseOf(s)],
      ],
      'one line at the beginning, one at the end, none of the mail that was being sent',
    );
    assert.match(String(warnings(s.node)[0]?.reason), /^(ECONN|57P0|TIMEOUT)/);
    assertNothingOfRequests(s);
  });
}

/** No line of the log has a stack, or a value of a request. */
function assertNothingOfRequests({ node, person, tokens, granted }: Situation): void {
  const log = node.lines.join('');
  assert.doesNotMatch(log, /\\n\s+at /);
  for (const secret of [person.email, person.password, tokens.refresh_token ?? '', granted.code]) {
    assert.ok(!log.includes(secret));
  }
}

const warnings = (node: StartedHere) => node.records().filter(({ level }) => level !== 'info');

/** The database as the log names it, without user and password. */
function databaseOf({ node }: Situation): unknown {
  return node.records().find(({ msg }) => msg === 'the database is back')?.database;
}
