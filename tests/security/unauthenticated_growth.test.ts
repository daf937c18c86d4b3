import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { createUnfinishedLimits, ORIGIN_SECRET } from '../../server/oidc/unfinished_limits.ts';
import type { BoundStatement } from '../../server/platform/db.ts';
import { createMemoryCounter, subnet, widerSubnet } from '../../server/platform/limits.ts';
import { blindIndex, createSealer } from '../../server/platform/sealing.ts';
import { loadServerSecret } from '../../server/platform/server_secrets.ts';
import { createWriteBounds } from '../../server/platform/write_bounds.ts';
import { dropOldest, UNFINISHED, type UnfinishedModel } from '../../server/records/unfinished.ts';
import { keyedParty } from '../flows/keyed_party.ts';
import { browserSession, cookieJar } from '../helpers/browser_session.ts';
import { CIBA_GRANT, cibaMetadata } from '../helpers/ciba.ts';
import { deployment, type Party } from '../helpers/deployment.ts';
import { DEVICE_GRANT } from '../helpers/device.ts';
import { limitsOf } from '../helpers/limits.ts';
import { database } from '../helpers/postgres.ts';
import { authorization, authorize, authorizeUrl } from '../helpers/relying_party.ts';

/**
 * The data that a person without an account can make Cardea store is limited in bytes and in rows, by address and in
 * total.
 */

const scope = { after };
const app = await deployment(scope, { env: { CARDEA_TRUSTED_PROXIES: '127.0.0.1' } });
const { issuer } = app;
const rp = await keyedParty(app);
const device = await app.seed.party({ metadata: { redirect_uris: [], grant_types: [DEVICE_GRANT] }, public: true });
const caller = await app.seed.party({ metadata: cibaMetadata({ grant_types: [CIBA_GRANT] }) });
const person = await app.seed.person();

const { address: UNFINISHED_BY_ADDRESS, server: UNFINISHED_IN_ALL } = limitsOf({}).unfinished;
const OPENINGS_BY_REQUEST = limitsOf({})['request-uri'].request;

const HTML = { accept: 'text/html' };

interface Refusal {
  readonly status: number;
  readonly location: string | null;
  readonly body: string;
}

async function refusalOf(answer: Promise<Response>): Promise<Refusal> {
  const response = await answer;
  return { status: response.status, location: response.headers.get('location'), body: await response.text() };
}

const get = (path: string, params: Record<string, string>, headers: Record<string, string> = HTML) =>
  fetch(`${issuer}${path}?${new URLSearchParams(params)}`, { redirect: 'manual', headers });

const post = (path: string, party: Party, params: Record<string, string>) =>
  fetch(issuer + path, {
    method: 'POST',
    headers: authorization(party),
    body: new URLSearchParams({ ...(party.secret === undefined ? { client_id: party.id } : {}), ...params }),
  });

const paramsOf = (party: Party): Record<string, string> =>
  Object.fromEntries(new URL(authorizeUrl({ issuer, party }, 'v'.repeat(43))).searchParams);

async function rowsOf(model: string): Promise<number> {
  const text = 'SELECT count(*)::int AS n FROM records WHERE model = $1';
  return (await app.db.run<{ n: number }>({ name: '', text }, [model]))[0]?.n ?? 0;
}

describe('each parameter of a request is limited in length, and a longer one is not stored', () => {
  const limits = {
    state: 2_048,
    nonce: 1_024,
    scope: 2_048,
    login_hint: 320,
    acr_values: 1_024,
    claims: 4_096,
    ui_locales: 256,
    code_challenge: 256,
    resource: 512,
    id_token_hint: 8_192,
  };

  /** The limit is in bytes, and each of these characters has two. */
  const long = (limit: number) => 'é'.repeat(limit / 2 + 1);
  /** The error names the parameter and then the limit. */
  const named = (name: string, limit: number) => new RegExp(`\\b${name}\\b[^"<]*\\b${limit}\\b`);

  for (const [name, limit] of Object.entries(limits)) {
    test(`${name} at /authorize, /par and inside a request object: ${limit} bytes`, async () => {
      const params = { ...paramsOf(rp.party), [name]: long(limit) };
      const request = await rp.request({ [name]: long(limit) });
      const asked = limit > 4_096 ? [] : [get('/authorize', params)];
      const answers = await Promise.all(
        [
          ...asked,
          post('/par', rp.party, params),
          post('/par', rp.party, { request }),
          ...(limit > 4_096 ? [] : [get('/authorize', { client_id: rp.party.id, request })]),
        ].map(refusalOf),
      );
      for (const { status, location, body } of answers) {
        assert.deepEqual([status, location], [400, null], body.slice(0, 300));
        assert.match(body, named(name, limit));
      }
      assert.ok(answers.some(({ body }) => body.includes('"error":"invalid_request"')));
    });
  }

  test('parameters exactly as long as the limit are accepted', async () => {
    const before = await rowsOf('Interaction');
    const params = {
      ...paramsOf(rp.party),
      state: 's'.repeat(2_048),
      nonce: 'n'.repeat(1_024),
      unheard_of: 'x'.repeat(3_000),
    };
    const { status, location, body } = await refusalOf(get('/authorize', params));
    assert.equal(status, 303, body.slice(0, 300));
    assert.match(location ?? '', /\/login\//);
    assert.equal(await rowsOf('Interaction'), before + 1);
  });

  test('the total length and the number of repetitions are limited as well (RFC 8707 §2)', async () => {
    const many = {
      state: 's'.repeat(2_000),
      claims: `{"userinfo":{"${'c'.repeat(4_000)}":null}}`,
      acr_values: 'a'.repeat(1_000),
    };
    const all = {
      ...paramsOf(rp.party),
      ...many,
      id_token_hint: 'h'.repeat(8_000),
      scope: `openid ${'s'.repeat(2_000)}`,
    };
    const together = await refusalOf(post('/par', rp.party, all));
    assert.equal(together.status, 400);
    assert.match(together.body, /\b16384\b/);
    const url = new URL(authorizeUrl({ issuer, party: rp.party }, 'v'.repeat(43)));
    for (let n = 0; n < 11; n += 1) url.searchParams.append('resource', `https://api.example/${n}`);
    const often = await refusalOf(fetch(url, { redirect: 'manual', headers: HTML }));
    assert.equal(often.status, 400);
    assert.match(often.body, named('resource', 10));
  });

  test('an unknown parameter has a limit too, and a redirect URI that is too long is refused', async () => {
    const request = await rp.request({ authorization_details: [{ type: 'x'.repeat(8_192) }] });
    const details = await refusalOf(post('/par', rp.party, { request }));
    assert.equal(details.status, 400);
    assert.match(details.body, named('authorization_details', 8_192));
    const other = await refusalOf(post('/par', rp.party, { request: await rp.request({ some_day: long(2_048) }) }));
    assert.equal(other.status, 400);
    assert.match(other.body, named('some_day', 2_048));
    const redirect = { ...paramsOf(rp.party), redirect_uri: `${rp.party.redirectUri}?${'r'.repeat(2_048)}` };
    for (const answer of [get('/authorize', redirect), post('/par', rp.party, redirect)]) {
      const { status, location } = await refusalOf(answer);
      assert.deepEqual([status, location], [400, null]);
    }
  });

  test('the limits hold at the other endpoints', async () => {
    const hint = { login_hint: person.email };
    const answers = await Promise.all(
      [
        post('/device_authorization', device, { scope: long(2_048) }),
        post('/backchannel_authentication', caller, {
          ...hint,
          scope: 'openid',
          binding_message: long(2_048),
        }),
        post('/token', rp.party, { grant_type: 'authorization_code', code: long(2_048) }),
        post('/token', rp.party, { grant_type: 'authorization_code', code_verifier: long(128) }),
        get('/logout', { state: long(2_048) }),
        get('/logout', { id_token_hint: long(8_192).slice(0, 2_000), ui_locales: long(256) }),
      ].map(refusalOf),
    );
    const limits = [2_048, 2_048, 2_048, 128, 2_048, 256];
    for (const [at, name] of ['scope', 'binding_message', 'code', 'code_verifier', 'state', 'ui_locales'].entries()) {
      assert.equal(answers[at]?.status, 400, name);
      assert.match(answers[at]?.body ?? '', named(name, limits[at] ?? 0));
    }
  });

  test('none of these requests was stored', async () => {
    assert.equal(await rowsOf('PushedAuthorizationRequest'), 0);
    assert.equal(await rowsOf('DeviceCode'), 0);
    assert.equal(await rowsOf('BackchannelAuthenticationRequest'), 0);
  });
});

describe('records of requests without a sign-in are limited by address, and the oldest is removed first', () => {
  const from = (address: string) => ({ ...HTML, 'x-forwarded-for': address });
  const AT_ONCE = 20;
  const SENT = 100;
  /** Rows are removed in batches, and those in progress stay until then. */
  const MOST = UNFINISHED_BY_ADDRESS + 10 + AT_ONCE;

  /** Sends requests from changing addresses of an IPv6 network, which count as one address (RFC 4291 §2.5.4). */
  async function flood(
    send: (headers: Record<string, string>) => Promise<Response>,
    network: string,
  ): Promise<number[]> {
    const statuses: number[] = [];
    for (let sent = 0; sent < SENT; sent += AT_ONCE) {
      const round = Array.from({ length: AT_ONCE }, (_, n) => send(from(`${network}::${(sent + n).toString(16)}`)));
      for (const { status, body } of await Promise.all(round)) {
        statuses.push(status);
        await body?.cancel();
      }
    }
    return statuses;
  }

  /**
   * Copies each record of this model that has an origin, as if more had arrived right after it. In SQL, because so many
   * requests would take minutes.
   */
  const pileUp = (model: string) =>
    app.db.run(
      {
        name: '',
        text: `INSERT INTO records (id_hash, model, client_id, origin, sealed, expires_at)
               SELECT sha256((n::text || encode(id_hash, 'hex'))::bytea), model, client_id, origin, sealed, expires_at + n * interval '1 us'
                 FROM records, generate_series(1, $2::int) AS n WHERE model = $1 AND origin IS NOT NULL`,
      },
      [model, UNFINISHED_BY_ADDRESS],
    );

  const countOf = async (text: string): Promise<number> =>
    (await app.db.run<{ n: number }>({ name: '', text: `SELECT count(*)::int AS n FROM ${text}` }, []))[0]?.n ?? 0;

  test('unfinished visits: other addresses keep theirs, and a new one of the same address is accepted', async () => {
    await app.db.run({ name: '', text: "DELETE FROM records WHERE model = 'Interaction'" }, []);
    const visit = async (answer: Response) => {
      const jar = cookieJar();
      for (const line of answer.headers.getSetCookie()) jar.setCookieSync(line, answer.url);
      const location = issuer + answer.headers.get('location');
      const cookie = jar.getCookieStringSync(location);
      const page = await fetch(location, { headers: { ...HTML, cookie } });
      await page.body?.cancel();
      return page.status;
    };
    const first = await get('/authorize', paramsOf(rp.party), from('2001:db8:1:2::1'));
    await pileUp('Interaction');
    const mine = await get('/authorize', paramsOf(rp.party), from('198.51.100.1'));
    const statuses = await flood((headers) => get('/authorize', paramsOf(rp.party), headers), '2001:db8:1:2');
    const last = await get('/authorize', paramsOf(rp.party), from('2001:db8:1:2::1'));
    assert.deepEqual(new Set(statuses), new Set([303]), 'no request is refused');
    const kept = await countOf("records WHERE model = 'Interaction'");
    assert.ok(kept <= MOST + 2 && kept > UNFINISHED_BY_ADDRESS, `${kept} are kept`);
    assert.deepEqual([await visit(first), await visit(last), await visit(mine)], [400, 200, 200]);
  });

  test('pushed requests and device codes of public clients, and anonymous sessions', async () => {
    const open = await app.seed.party({ public: true });
    const sendForm = (path: string, params: Record<string, string>) => (headers: Record<string, string>) =>
      fetch(issuer + path, { method: 'POST', headers, body: new URLSearchParams(params) });
    const push = sendForm('/par', paramsOf(open));
    const ask = sendForm('/device_authorization', { client_id: device.id, scope: 'openid' });
    for (const [send, model] of [
      [push, 'PushedAuthorizationRequest'],
      [ask, 'DeviceCode'],
    ] as const) {
      await (await send(from('2001:db8:1:3::1'))).body?.cancel();
      await pileUp(model);
      assert.deepEqual(new Set(await flood(send, '2001:db8:1:3')).size, 1);
      const kept = await countOf(`records WHERE model = '${model}'`);
      assert.ok(kept <= MOST && kept >= UNFINISHED_BY_ADDRESS, `${kept} of ${model}`);
    }
    // Sessions are copied in the same way.
    await (await get('/device', {}, from('2001:db8:1:5::1'))).body?.cancel();
    await app.db.run(
      {
        name: '',
        text: `INSERT INTO sessions (uid, id_hash, origin, sealed, expires_at)
               SELECT uid || n, sha256((uid || n)::bytea), origin, sealed, expires_at FROM sessions, generate_series(1, $1::int) AS n`,
      },
      [UNFINISHED_BY_ADDRESS],
    );
    await flood((headers) => get('/device', {}, headers), '2001:db8:1:5');
    const kept = await countOf('sessions WHERE account_id IS NULL');
    assert.ok(kept <= MOST && kept >= UNFINISHED_BY_ADDRESS, `${kept} sessions`);
  });

  test('addresses are stored as HMAC, with records and with sessions', async () => {
    const sealer = createSealer([Buffer.from(app.masterKey, 'base64')]);
    const key = await loadServerSecret(app.db, sealer, ORIGIN_SECRET, Date.now);
    const originsOf = async (table: string) => {
      const text = `SELECT DISTINCT encode(origin, 'hex') AS origin FROM ${table} WHERE origin IS NOT NULL`;
      return (await app.db.run<{ origin: string }>({ name: '', text }, [])).map(({ origin }) => origin);
    };
    const part = (name: string) => blindIndex(key, name).toString('hex').slice(0, 32);
    const hmacOf = (address: string) => part(`network ${widerSubnet(address)}`) + part(`address ${subnet(address)}`);
    const records = await originsOf('records');
    for (const address of ['2001:db8:1:2::1', '2001:db8:1:3::1', '198.51.100.1']) {
      assert.ok(records.includes(hmacOf(address)), address);
    }
    assert.ok((await originsOf('sessions')).includes(hmacOf('2001:db8:1:5::1')));
  });

  test('one pushed request can be opened a limited number of times (RFC 9126 §4)', async () => {
    const pushed = await post('/par', rp.party, paramsOf(rp.party));
    const { request_uri } = (await pushed.json()) as { request_uri: string };
    const open = async (n: number) =>
      refusalOf(get('/authorize', { client_id: rp.party.id, request_uri }, from(`203.0.113.${n}`)));
    for (let n = 0; n < OPENINGS_BY_REQUEST; n += 1) assert.equal((await open(n)).status, 303);
    const { status, location, body } = await open(OPENINGS_BY_REQUEST);
    assert.deepEqual([status, location], [400, null]);
    assert.match(body, /invalid_request_uri/);
  });

  test('an address that starts too many a minute gets 429, and other addresses do not', async (t) => {
    const env = { CARDEA_RATE_LIMIT: '1', CARDEA_TRUSTED_PROXIES: '127.0.0.1' };
    const strict = await deployment(t, { env, now: () => Date.parse('2026-01-01T00:00:30Z') });
    const client = await strict.seed.party();
    const url = authorizeUrl({ issuer: strict.issuer, party: client }, 'v'.repeat(43));
    const statuses: number[] = [];
    for (const address of [...Array(11).fill('192.0.2.1'), '192.0.2.2']) {
      const { status, headers } = await fetch(url, { redirect: 'manual', headers: from(address) });
      statuses.push(status);
      // The clock of this test stands in the middle of a minute.
      if (status === 429) assert.equal(headers.get('retry-after'), '30');
    }
    assert.deepEqual(statuses, [...Array(10).fill(303), 429, 303]);
  });

  test('a session with a signed-in person is not removed', async () => {
    const browser = browserSession(issuer);
    await browser.get('/device');
    await authorize({ issuer, party: rp.party, person, browser });
    assert.equal(await countOf('sessions WHERE account_id IS NOT NULL'), 1);
    assert.equal(await countOf('sessions WHERE account_id IS NOT NULL AND origin IS NOT NULL'), 0);
  });
});

// The rows are inserted in SQL: the limit reads their number and time alone.
describe('records of requests without a sign-in are limited in total, for any number of addresses', () => {
  test('the newest of each kind stay, and approved ones stay in any case', async () => {
    const { db } = await database(scope);
    const run = (text: string, values: readonly unknown[] = []) => db.run<{ n: number }>({ name: '', text }, values);
    await run(
      `INSERT INTO records (id_hash, model, origin, sealed, expires_at)
       SELECT sha256(n::text::bytea), 'DeviceCode', sha256((n % 7)::text::bytea), '', now() + n * interval '1 s'
         FROM generate_series(1, 40) AS n`,
    );
    await run(`UPDATE records SET origin = NULL WHERE id_hash = sha256('1'::bytea)`);
    await run(
      `INSERT INTO user_codes (lookup, sealed, expires_at, id_hash) SELECT id_hash, '', expires_at, id_hash FROM records`,
    );
    await db.transact([dropOldest('DeviceCode', undefined, 10)]);
    const left = async (table: string) => (await run(`SELECT count(*)::int AS n FROM ${table}`))[0]?.n;
    assert.deepEqual([await left('records'), await left('user_codes')], [11, 11]);
    const [newest] = await run(`SELECT count(*)::int AS n FROM records WHERE expires_at > now() + interval '29 s'`);
    assert.equal(newest?.n, 10);
  });

  test('a network that stores much loses its own records, and the first of another network stays', async () => {
    const { db } = await database(scope);
    const run = <Row extends Record<string, unknown>>(text: string) => db.run<Row>({ name: '', text }, []);
    // One early visit of somebody, then many of a network from ever other addresses.
    await run(
      `INSERT INTO records (id_hash, model, origin, sealed, expires_at)
       SELECT sha256(n::text::bytea), 'Interaction',
              substring(sha256(CASE WHEN n = 0 THEN 'somebody' ELSE 'network' END::bytea), 1, 16)
                || substring(sha256(n::text::bytea), 1, 16),
              '', now() + interval '1 min' + n * interval '1 s'
         FROM generate_series(0, 40) AS n`,
    );
    await db.transact([dropOldest('Interaction', undefined, 10)]);
    const [left] = await run<{ n: number; first: number }>(
      `SELECT count(*)::int AS n, count(*) FILTER (WHERE id_hash = sha256('0'))::int AS first FROM records`,
    );
    assert.deepEqual(left, { n: 10, first: 1 });
  });

  test('a node applies the limit while it accepts requests of any address', async () => {
    const { db } = await database(scope);
    await db.run(
      {
        name: '',
        text: `INSERT INTO records (id_hash, model, origin, sealed, expires_at)
               SELECT sha256(n::text::bytea), 'Interaction', sha256(n::text::bytea), '', now() + n * interval '1 ms'
                 FROM generate_series(1, $1::int) AS n`,
      },
      [UNFINISHED_IN_ALL + 300],
    );
    const limits = createUnfinishedLimits({
      counter: createMemoryCounter(Date.now),
      originKey: randomBytes(32),
      now: Date.now,
      kept: limitsOf({}).unfinished,
      openings: OPENINGS_BY_REQUEST,
      anonymous: limitsOf({}).anonymous.address,
      writes: createWriteBounds(limitsOf({}).writes),
      isRegistered: async () => true,
      lifetimes: Object.fromEntries(UNFINISHED.map((model) => [model, 3_600])) as Record<UnfinishedModel, number>,
    });
    const statements: BoundStatement[] = [];
    const unit = {
      unfinished: () => [{ model: 'Interaction' as const, bytes: 2_000 }],
      countForOrigin: () => {},
      addStatement: (bound: BoundStatement) => void statements.push(bound),
    };
    for (let n = 0; n < UNFINISHED_IN_ALL / 10 + 250; n += 1) {
      const visit = {
        ip: `198.18.${n >> 8}.${n & 255}`,
        oidc: { session: undefined, client: undefined, entities: {} },
      };
      await limits.enforce(visit, unit);
    }
    assert.ok(statements.length > 0 && statements.length < 100, `${statements.length} statements`);
    await db.transact(statements.slice(0, 1));
    const [left] = await db.run<{ n: number }>({ name: '', text: 'SELECT count(*)::int AS n FROM records' }, []);
    assert.equal(left?.n, UNFINISHED_IN_ALL);
  });
});
