import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { begin } from '../flows/support.ts';
import { browserSession, formOf } from '../helpers/browser_session.ts';
import { type Deployment, deployment } from '../helpers/deployment.ts';
import { DEVICE_GRANT } from '../helpers/device.ts';
import { LONG } from '../helpers/long.ts';
import { authorize, authorizeUrl, redeem } from '../helpers/relying_party.ts';

/**
 * A flood of requests without a sign-in at every public endpoint, from one address and from many: rows and bytes stay within
 * the configured bounds, and sign-ins of others go on. `make chaos` floods with the default bounds in mind: 1,000 addresses,
 * for ten seconds each.
 */

const ADDRESSES = LONG ? 1_000 : 15;
const FLOOD_MS = 10_000;
const SLOWEST_MS = 180_000;
/** Requests of the short form, after one to each endpoint: more than the bounds admit. */
const REQUESTS = 80;
const AT_ONCE = 16;
const BY_ADDRESS = LONG ? 1_000_000 : 100_000;
const IN_ALL = LONG ? 10_000_000 : 500_000;
/** Rows of one kind that are kept. */
const KEPT = LONG ? 4_000 : 300;

const env = {
  CARDEA_TRUSTED_PROXIES: '127.0.0.1',
  CARDEA_REGISTRATION: 'open',
  CARDEA_REGISTRATION_QUOTA: '5',
  CARDEA_SIGN_UP: 'true',
  CARDEA_TOKEN_STATUS_LIST: 'true',
  CARDEA_LIMITS: `writes.address=${BY_ADDRESS},writes.server=${IN_ALL},unfinished.server=${KEPT}`,
};
/** Below these, requests without credentials are refused whatever they send. */
const CLOSED = /^\/(api\/|account(?!\/(forgot|sign-up)$)|register\/|logout|userinfo|demo)/;

// The clock stands, so that no window ends during the test.
const at = Math.floor(Date.now() / 3_600_000) * 3_600_000 + 1_800_000;
const floods = await Promise.all(
  (['one address', 'many addresses'] as const).map(async (from) => {
    const app = await deployment({ after }, { env, now: () => at });
    return { from, app, requests: await requestsTo(app), others: await othersOf(app) };
  }),
);

interface Shot {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: URLSearchParams | string;
}

/**
 * What a stranger can send to each route of the table: as long as is accepted, and each time another one. A route that
 * is sent something, and has no entry, fails the test, unless it refuses all without credentials.
 */
async function requestsTo(
  app: Deployment,
): Promise<{ all: readonly (() => Shot)[]; storing: readonly (() => Shot)[] }> {
  const party = await app.seed.party({ public: true });
  const device = await app.seed.party({ metadata: { redirect_uris: [], grant_types: [DEVICE_GRANT] }, public: true });
  const visit = await begin(app, party);
  const long = () => ({
    state: randomBytes(1_000).toString('hex'),
    nonce: randomBytes(500).toString('hex'),
    claims: `{"userinfo":{"${'c'.repeat(4_000)}":null}}`,
    acr_values: 'a'.repeat(1_000),
  });
  const asked = () => new URL(authorizeUrl({ issuer: app.issuer, party, params: long() }, 'v'.repeat(43)));
  const form = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}): Shot => ({
    method: 'POST',
    path,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(fields),
  });
  const { action, fields } = formOf(visit.page);
  const visitCookie = visit.browser.signedCookies('cardea_interaction');
  const pages = new Map<string, Awaited<ReturnType<typeof formPageOf>>>();
  for (const path of ['/account/forgot', '/account/sign-up']) pages.set(path, await formPageOf(app, path));
  const someone = () => `${randomBytes(6).toString('hex')}@example.com`;

  const special: Readonly<Record<string, () => Shot>> = {
    'GET /authorize': () => ({ method: 'GET', path: `/authorize?${asked().searchParams}` }),
    'POST /authorize': () => form('/authorize', Object.fromEntries(asked().searchParams)),
    'POST /par': () => form('/par', Object.fromEntries(asked().searchParams)),
    'POST /token': () => form('/token', { client_id: party.id, grant_type: 'authorization_code', code: someone() }),
    'POST /introspect': () => form('/introspect', { client_id: party.id, token: someone() }),
    'POST /revoke': () => form('/revoke', { client_id: party.id, token: someone() }),
    'POST /device_authorization': () => form('/device_authorization', { client_id: device.id, scope: 'openid' }),
    'POST /backchannel_authentication': () =>
      form('/backchannel_authentication', { client_id: party.id, login_hint: 'x' }),
    'GET /device': () => ({ method: 'GET', path: '/device' }),
    'POST /device': () => form('/device', { xsrf: 'x', user_code: 'BCDF-GHJK' }),
    'POST /register': () => ({
      method: 'POST',
      path: '/register',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        client_name: 'x'.repeat(40),
        redirect_uris: [`https://${randomBytes(4).toString('hex')}.example/cb`],
      }),
    }),
    'POST /login/:uid': () =>
      form(action, { ...fields, identifier: someone(), password: 'wrong', action: 'signin' }, { cookie: visitCookie }),
    ...Object.fromEntries(
      [...pages].map(([path, { cookie, csrf }]) => [
        `POST ${path}`,
        () => form(path, { csrf, identifier: someone(), email: someone() }, { cookie }),
      ]),
    ),
  };
  const all: (() => Shot)[] = [];
  for (const [route, { methods }] of app.app.http.routeTable) {
    for (const method of methods) {
      if (method === 'HEAD' || method === 'OPTIONS') continue;
      const name = `${method} ${route}`;
      const plain = () => ({
        method,
        path: route.replaceAll(/:\w+/g, 'x'),
        ...(method === 'GET' ? {} : { headers: {} }),
      });
      const shot = special[name] ?? (method === 'GET' || CLOSED.test(route) ? plain : undefined);
      assert.ok(shot, `${name}: say in this test what a stranger can send there`);
      all.push(shot);
    }
  }
  const large = ['GET /authorize', 'POST /authorize', 'POST /par'].flatMap((name) => Array(5).fill(special[name]));
  return { all, storing: [...Object.values(special), ...large] };
}

async function formPageOf(app: Deployment, path: string): Promise<{ cookie: string; csrf: string }> {
  const response = await fetch(app.issuer + path, { headers: { accept: 'text/html' } });
  const cookie = response.headers
    .getSetCookie()
    .map((one) => one.split(';', 1)[0])
    .join('; ');
  return { cookie, csrf: /name="csrf" value="([^"]+)"/.exec(await response.text())?.[1] ?? '' };
}

let browsers = 0;

/** A browser in a network of its own. */
function elsewhere(app: Deployment) {
  browsers += 1;
  return browserSession(app.issuer, app.issuer, [], { 'x-forwarded-for': `192.0.${browsers}.9` });
}

async function othersOf(app: Deployment) {
  const party = await app.seed.party({ firstParty: true });
  const people = [];
  for (let n = 0; n < (LONG ? 10 : 3); n += 1) people.push(await app.seed.person());
  return { party, people };
}

/** Rows, and the bytes of their values, in all tables of the database. */
async function stored(app: Deployment): Promise<{ rows: number; bytes: number }> {
  const run = <Row extends Record<string, unknown>>(text: string) => app.db.run<Row>({ name: '', text }, []);
  const tables = await run<{ name: string }>(
    "SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'kysely%'",
  );
  const sums = tables.map(
    ({ name }) => `SELECT count(*) AS n, coalesce(sum(pg_column_size(t.*)), 0) AS b FROM ${name} AS t`,
  );
  const [sum] = await run<{ rows: number; bytes: number }>(
    `SELECT sum(n)::int AS rows, sum(b)::float8 AS bytes FROM (${sums.join(' UNION ALL ')}) AS each`,
  );
  return sum ?? { rows: 0, bytes: 0 };
}

const addressOf = (n: number) => `10.${n >> 8}.${n & 255}.7`;

for (const { from, app, requests, others } of floods) {
  describe(`a flood from ${from} at each public endpoint`, () => {
    test('stays within the bounds, and sign-ins of others go on', async (t) => {
      const { all, storing } = requests;
      const before = await stored(app);
      const statuses = new Map<number, number>();
      const until = Date.now() + FLOOD_MS;
      let sent = 0;
      const refused = from === 'one address' ? 429 : 503;
      const isRefused = () => (statuses.get(refused) ?? 0) >= 100;
      // A slow machine needs longer to reach the bounds.
      const isLongOver = () => Date.now() > until && (isRefused() || Date.now() > until + SLOWEST_MS);
      const isOver = () => (LONG ? isLongOver() : sent >= all.length + REQUESTS * (from === 'one address' ? 1 : 4));
      const shoot = async () => {
        while (!isOver()) {
          const turn = sent++;
          // Each endpoint, and then those that store something.
          const shot = (all[turn] ?? storing[turn % storing.length])?.();
          if (!shot) return;
          const address = from === 'one address' ? '10.0.0.7' : addressOf(turn % ADDRESSES);
          const response = await fetch(app.issuer + shot.path, {
            method: shot.method,
            redirect: 'manual',
            headers: { accept: 'text/html', 'x-forwarded-for': address, ...shot.headers },
            ...(shot.body === undefined ? {} : { body: shot.body }),
          });
          await response.body?.cancel();
          statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
          assert.ok(
            response.status < 500 || response.status === 503,
            `${shot.method} ${shot.path}: ${response.status}`,
          );
          if (response.status === 429 || response.status === 503)
            assert.ok(Number(response.headers.get('retry-after')) > 0, shot.path);
        }
      };
      const signIns = (async () => {
        for (const person of others.people) {
          const tokens = await redeem(
            app.issuer,
            others.party,
            await authorize({ issuer: app.issuer, party: others.party, person, browser: elsewhere(app) }),
          );
          assert.equal(tokens.status, 200);
        }
      })();
      await Promise.all([signIns, ...Array.from({ length: AT_ONCE }, shoot)]);
      // They also go on afterwards, when the bounds are reached.
      const [person] = others.people;
      assert.ok(person);
      const { party } = others;
      assert.equal(
        (
          await redeem(
            app.issuer,
            party,
            await authorize({ issuer: app.issuer, party, person, browser: elsewhere(app) }),
          )
        ).status,
        200,
      );

      const grown = await stored(app);
      const bytes = grown.bytes - before.bytes;
      const rows = grown.rows - before.rows;
      t.diagnostic(`${sent} requests: ${rows} rows, ${bytes} bytes; ${JSON.stringify(Object.fromEntries(statuses))}`);
      // What the people who signed in have stored is not part of it.
      const own = (others.people.length + 1) * 20_000;
      assert.ok(bytes <= (from === 'one address' ? BY_ADDRESS : IN_ALL) + own, `${bytes} bytes`);
      assert.ok(rows <= 5 * KEPT + IN_ALL / 512, `${rows} rows`);
      assert.ok((statuses.get(refused) ?? 0) > 0, 'the flood was too small');
      const named = app.logLines.filter((line) =>
        line.includes(`"writes.${from === 'one address' ? 'address' : 'server'}"`),
      );
      assert.equal(named.length, 1, 'the log names the bound once a minute');
    });
  });
}
