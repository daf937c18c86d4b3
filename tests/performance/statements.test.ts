import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { createTexts } from '../../server/accounts/texts.ts';
import { browserSession } from '../helpers/browser_session.ts';
import { type Deployment, deployment, type Party, type Person } from '../helpers/deployment.ts';
import {
  authorize,
  authorizeUrl,
  introspect,
  redeem,
  refresh,
  signIn,
  token,
  userinfo,
} from '../helpers/relying_party.ts';

/**
 * Limits for each request: the statements sent to Postgres, including BEGIN and COMMIT, and the transactions that
 * write. They are counted when all caches are filled.
 */
const API = 'https://api.example.com';
// In production without a mail server no mail is sent, so only the statements of the request are counted.
const app = await deployment({ after }, { env: { NODE_ENV: 'production' } });
const person = await app.seed.person();
const party = await app.seed.party({ metadata: { scope: 'openid profile email offline_access api:read' } });
await app.seed.resourceServer({ identifier: API, name: 'API', scopes: ['api:read'] });
const warmUp = await authorize({ issuer: app.issuer, party, person });
const { browser } = warmUp;
await redeem(app.issuer, party, warmUp);
await token(app.issuer, party, { grant_type: 'client_credentials', resource: API, scope: 'api:read' });

// The same where people accept texts, which the nodes read once a minute.
const clock = { ms: Date.now() };
const asking = await deployment({ after }, { env: { NODE_ENV: 'production' }, now: () => clock.ms });
const accepting = await asking.seed.person();
const itsParty = await asking.seed.party({ metadata: { scope: 'openid profile email offline_access' } });
const texts = createTexts({ db: asking.db, now: () => clock.ms });
const version = { kind: 'terms', version: '1', askAgain: true, effectiveFrom: new Date(clock.ms) } as const;
const text = { ...version, language: 'en', title: 'Terms', url: 'https://example.com/terms/1' };
await asking.db.transact([...texts.publishing(text), ...texts.accepting(accepting.id, [text])]);
clock.ms += 61_000;
const warm = await authorize({ issuer: asking.issuer, party: itsParty, person: accepting });
await redeem(asking.issuer, itsParty, warm);

/** Two functions of the schema write too (migration 0022). */
const WRITES = /\b(INSERT|UPDATE|DELETE|reserve_guess|count_failure)\b/i;

async function counted<T>(
  work: () => Promise<T>,
  { statements }: Pick<Deployment, 'statements'> = app,
): Promise<{ result: T; statements: number; commits: number; sent: string[] }> {
  statements.length = 0;
  const result = await work();
  const sent = [...statements];
  const writes = sent.filter((text) => text !== 'BEGIN' && WRITES.test(text)).length;
  const begun = sent.filter((text) => text === 'COMMIT').length;
  const inTransactions = sent.reduce(
    ({ open, inside }, text) => {
      if (text === 'BEGIN') return { open: true, inside };
      if (text === 'COMMIT') return { open: false, inside };
      return { open, inside: inside + (open && WRITES.test(text) ? 1 : 0) };
    },
    { open: false, inside: 0 },
  ).inside;
  return { result, statements: sent.length, commits: begun + (writes - inTransactions), sent };
}

test('statements: JWKS and discovery: none', async () => {
  for (const path of [
    '/.well-known/jwks.json',
    '/.well-known/openid-configuration',
    '/.well-known/oauth-authorization-server',
  ]) {
    const { statements } = await counted(() => fetch(app.issuer + path));
    assert.equal(statements, 0, path);
  }
});

test('statements: client credentials with a JWT: none', async () => {
  const { result, statements } = await counted(() =>
    token(app.issuer, party, { grant_type: 'client_credentials', resource: API, scope: 'api:read' }),
  );
  assert.equal(result.status, 200);
  assert.equal(result.body.access_token?.split('.').length, 3);
  assert.equal(statements, 0);
});

test('statements: client credentials with an opaque token: one, with a commit', async () => {
  const { result, statements, commits } = await counted(() =>
    token(app.issuer, party, { grant_type: 'client_credentials' }),
  );
  assert.equal(result.status, 200);
  assert.deepEqual({ statements, commits }, { statements: 1, commits: 1 });
});

test('statements: code redemption: two, one commit', async () => {
  const granted = await authorize({ issuer: app.issuer, party, person, browser });
  const { result, statements, commits } = await counted(() => redeem(app.issuer, party, granted));
  assert.equal(result.status, 200);
  assert.deepEqual({ statements, commits }, { statements: 2, commits: 1 });
});

test('statements: a person’s JWT: no more than an opaque token when issued, one when introspected', async () => {
  const params = { scope: 'openid offline_access api:read', resource: API };
  await authorize({ issuer: app.issuer, party, person, browser, params });
  const granted = await authorize({ issuer: app.issuer, party, person, browser, params });
  const redeemed = await counted(() => redeem(app.issuer, party, granted));
  const refreshed = await counted(() =>
    token(app.issuer, party, {
      grant_type: 'refresh_token',
      refresh_token: redeemed.result.body.refresh_token ?? '',
      resource: API,
    }),
  );
  const jwt = refreshed.result.body.access_token ?? '';
  assert.equal(jwt.split('.').length, 3);
  const introspected = await counted(() => introspect(app.issuer, party, jwt));
  assert.equal(introspected.result.active, true);
  assert.deepEqual(
    [redeemed, refreshed, introspected].map(({ statements, commits }) => [statements, commits]),
    [
      [2, 1],
      [2, 1],
      [1, 0],
    ],
  );
});

test('statements: refresh: two, one commit', async () => {
  const first = await redeem(app.issuer, party, await authorize({ issuer: app.issuer, party, person, browser }));
  const { result, statements, commits } = await counted(() =>
    refresh(app.issuer, party, first.body.refresh_token ?? ''),
  );
  assert.equal(result.status, 200);
  assert.deepEqual({ statements, commits }, { statements: 2, commits: 1 });
});

test('statements: a repeated refresh: one', async () => {
  const first = await redeem(app.issuer, party, await authorize({ issuer: app.issuer, party, person, browser }));
  const value = first.body.refresh_token ?? '';
  const before = await refresh(app.issuer, party, value);
  const { result, statements, commits } = await counted(() => refresh(app.issuer, party, value));
  assert.deepEqual([result.status, result.body], [200, before.body]);
  assert.deepEqual({ statements, commits }, { statements: 1, commits: 0 });
});

test('statements: introspection of an opaque token without a hint: one', async () => {
  const { body } = await redeem(app.issuer, party, await authorize({ issuer: app.issuer, party, person, browser }));
  for (const value of [body.access_token, body.refresh_token]) {
    const { result, statements, commits } = await counted(() => introspect(app.issuer, party, value ?? ''));
    assert.equal(result.active, true);
    assert.deepEqual({ statements, commits }, { statements: 1, commits: 0 });
  }
});

test('statements: userinfo: one', async () => {
  const { body } = await redeem(app.issuer, party, await authorize({ issuer: app.issuer, party, person, browser }));
  const { result, statements, commits } = await counted(() => userinfo(app.issuer, body.access_token ?? ''));
  assert.equal(result.body.sub, person.id);
  assert.deepEqual({ statements, commits }, { statements: 1, commits: 0 });
});

const WHOLE_SIGN_IN = 'a whole sign-in in a new browser with consent, from /authorize to tokens';
for (const [where, at] of [
  ['', { on: app, party, person }],
  [' where a text is in force', { on: asking, party: itsParty, person: accepting }],
] as const) {
  test(`statements: ${WHOLE_SIGN_IN}${where}: at most 22, with at most 5 commits`, (t) => wholeSignIn(t, at));
}

test('statements: a code for a live session: none more where a text is in force', async () => {
  const { statements } = await counted(() => authorize({ issuer: app.issuer, party, person, browser }));
  const again = { issuer: asking.issuer, party: itsParty, person: accepting, browser: warm.browser };
  assert.equal((await counted(() => authorize(again), asking)).statements, statements);
});

// Four of these are for notices and the known browser, and one checks that the credentials have not changed. The
// password guess commits separately, so that a failed request counts too.
async function wholeSignIn(
  t: TestContext,
  { on, party, person }: { on: Deployment; party: Party; person: Person },
): Promise<void> {
  const stranger = browserSession(on.issuer);
  const { statements, commits, sent } = await counted(async () => {
    const verifier = 'v'.repeat(43);
    const page = await signIn(
      stranger,
      await stranger.follow(await stranger.get(authorizeUrl({ issuer: on.issuer, party }, verifier))),
      person,
    );
    const code = new URL(page.location ?? '').searchParams.get('code') ?? '';
    const answer = await redeem(on.issuer, party, { code, verifier });
    assert.equal(answer.status, 200);
  }, on);
  t.diagnostic(`${statements} statements, ${commits} commits`);
  assert.ok(
    statements <= 22 && commits <= 5,
    `${statements} statements, ${commits} commits:\n${sent.map((one) => one.trim().slice(0, 90)).join('\n')}`,
  );
}
