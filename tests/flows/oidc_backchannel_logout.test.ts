import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { after, beforeEach, describe, test } from 'node:test';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import type { AuditRow } from '../../server/audit/entries.ts';
import { createDb } from '../../server/platform/db.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { createDeliveries, LOGOUT } from '../../server/records/deliveries.ts';
import { endSessions } from '../../server/records/overview.ts';
import { openAccount, press } from '../helpers/account.ts';
import type { BrowserSession } from '../helpers/browser_session.ts';
import { deployment, neighbour, type Party, type Person } from '../helpers/deployment.ts';
import { attributeOf } from '../helpers/html.ts';
import { type LogoutListener, logoutListener } from '../helpers/logout_listener.ts';
import { NO_PEOPLE } from '../helpers/no_people.ts';
import { defer } from '../helpers/scope.ts';
import { until as waitFor } from '../helpers/waiting.ts';
import { begin, callbackOf, idTokenOf, submit, submitPassword, tokensFor } from './support.ts';

/** OpenID Connect Back-Channel Logout 1.0. */
const scope = { after };
const clock = { ms: Date.now() };
const app = await deployment(scope, { now: () => clock.ms });
const keys = createRemoteJWKSet(new URL(`${app.issuer}/.well-known/jwks.json`));
const EVENT = 'http://schemas.openid.net/event/backchannel-logout';

const [rp, otherRp] = [await logoutListener(scope), await logoutListener(scope)];
const metadata = (listener: LogoutListener, sessionRequired = true) => ({
  backchannel_logout_uri: listener.uri,
  backchannel_logout_session_required: sessionRequired,
});
const party = await app.seed.party({ firstParty: true, metadata: metadata(rp) });
const other = await app.seed.party({ firstParty: true, metadata: metadata(otherRp) });

/** Longer than the interval after which a node checks by itself, in case its database was too busy to answer. */
const until: typeof waitFor = (what, condition) => waitFor(what, condition, { withinMs: 40_000 });

beforeEach(async () => {
  // Removes deliveries that the test before has left.
  await app.db.run({ name: 'empty', text: 'DELETE FROM deliveries' }, []);
  for (const one of [rp, otherRp]) Object.assign(one, { status: 200 }).received.length = 0;
});

interface SignedIn {
  readonly browser: BrowserSession;
  readonly person: Person;
  readonly sid: unknown;
}

/** A person who has signed in to an app. */
async function signIn(client: Party = party, person?: Person, browser?: BrowserSession): Promise<SignedIn> {
  const who = person ?? (await app.seed.person());
  const signedIn = await tokensFor(app, client, who, browser ? { browser } : {});
  return { browser: signedIn.browser, person: who, sid: idTokenOf(signedIn.tokens).sid };
}

async function signOut(browser: BrowserSession): Promise<void> {
  await submit(browser, await browser.get('/logout'), { logout: 'yes' });
}

/** Waits for the one logout token that an app gets. */
async function receivedLogoutToken(listener: LogoutListener): Promise<Record<string, unknown>> {
  await until('the app to be notified', () => listener.received.length > 0);
  await settled();
  assert.equal(listener.received.length, 1);
  return decodeJwt(listener.received[0]?.token ?? '');
}

interface Waiting {
  readonly client_id: string;
  readonly attempts: number;
  readonly next_attempt_at: Date;
}

async function queuedDeliveries(): Promise<Waiting[]> {
  const text = 'SELECT client_id, attempts, next_attempt_at FROM deliveries ORDER BY client_id';
  return app.db.run<Waiting>({ name: 'waiting', text }, []);
}

/** Waits until no delivery is in progress or due. */
async function settled(): Promise<void> {
  await until('the queue to settle', async () => (await queuedDeliveries()).length === 0);
}

async function wake(): Promise<void> {
  await app.db.run({ name: 'wake', text: "SELECT pg_notify('cardea_deliveries', '')" }, []);
}

test('discovery announces it, with sessions (§2.1)', async () => {
  const document = (await (await fetch(`${app.issuer}/.well-known/openid-configuration`)).json()) as Record<
    string,
    unknown
  >;
  assert.equal(document.backchannel_logout_supported, true);
  assert.equal(document.backchannel_logout_session_supported, true);
});

describe('the logout token', () => {
  test('is sent by POST as a form, signed, valid for two minutes, with exactly the required claims (§2.4, §2.5)', async () => {
    const { browser, person, sid } = await signIn();
    const began = Math.floor(Date.now() / 1_000);
    await signOut(browser);
    await receivedLogoutToken(rp);
    const { method, type, token } = rp.received[0] ?? assert.fail();
    assert.deepEqual([method, type], ['POST', 'application/x-www-form-urlencoded']);
    const { payload, protectedHeader } = await jwtVerify(token, keys, { issuer: app.issuer, audience: party.id });
    assert.deepEqual(
      [protectedHeader.typ, protectedHeader.alg, typeof protectedHeader.kid],
      ['logout+jwt', 'RS256', 'string'],
    );
    const { iat = 0, exp = 0, jti = '', ...claims } = payload;
    assert.deepEqual(claims, { iss: app.issuer, aud: party.id, sub: person.id, sid, events: { [EVENT]: {} } });
    assert.equal(typeof sid, 'string');
    assert.ok(iat >= began && exp - iat <= 120 && jti.length >= 20);
  });

  test('has no sid for an app whose ID tokens have none: it signs the person out everywhere (§2.4)', async () => {
    const sessionless = await app.seed.party({ firstParty: true, metadata: metadata(rp, false) });
    const { browser, person, sid } = await signIn(sessionless);
    assert.equal(sid, undefined);
    await signOut(browser);
    const { sub, aud, ...rest } = await receivedLogoutToken(rp);
    assert.deepEqual([sub, aud, 'sid' in rest], [person.id, sessionless.id, false]);
  });
});

describe('recipients', () => {
  test('each app of the session, with its own audience and sid; not an app without the URI, and not another browser', async () => {
    const first = await signIn();
    const second = await signIn(other, first.person, first.browser);
    await signIn(await app.seed.party({ firstParty: true }), first.person, first.browser);
    const elsewhere = await signIn(party, first.person);
    await signOut(first.browser);
    const [one, two] = [await receivedLogoutToken(rp), await receivedLogoutToken(otherRp)];
    assert.deepEqual([one.aud, one.sid, one.sub], [party.id, first.sid, first.person.id]);
    assert.deepEqual([two.aud, two.sid, two.sub], [other.id, second.sid, first.person.id]);
    assert.equal(new Set([first.sid, second.sid, elsewhere.sid]).size, 3);
    assert.notEqual(one.jti, two.jti);
  });

  /** Each way in which a session, or an app's part of it, ends. */
  const ways: Readonly<Record<string, (signedIn: SignedIn) => Promise<unknown>>> = {
    'signing out of one app alone': async ({ browser }) => {
      const page = await browser.get(`/logout?client_id=${party.id}`);
      return submit(browser, page, {});
    },
    'another person signing in in the same browser': async ({ browser }) => {
      const begun = await begin(app, party, { prompt: 'login' }, browser);
      let page = await submitPassword(browser, begun.page, await app.seed.person());
      for (let steps = 0; page.location === undefined && steps < 3; steps += 1) page = await submit(browser, page, {});
      assert.ok(callbackOf(page).code);
    },
    'ending it on the page of sessions': async ({ person }) => {
      const { browser, page } = await openAccount(app, person, '/account/sessions');
      return press(browser, page, attributeOf(page, 'button[id^="end-"]:not(#end-others)', 'id') ?? '');
    },
    'ending all others': async ({ person }) => {
      const { browser, page } = await openAccount(app, person, '/account/sessions');
      return press(browser, page, 'end-others');
    },
    'a new password': async ({ person }) => {
      const { browser, page } = await openAccount(app, person, '/account/password');
      return press(browser, page, 'change', { new_password: 'Another-Horse-Battery-7' });
    },
    'taking access back from the app': async ({ person, browser }) => {
      const { page } = await openAccount(app, person, '/account/apps', browser);
      return press(browser, page, 'revoke-0');
    },
    'an operator disabling the account': async ({ person }) =>
      app.seed.accounts.disable(person.id, endSessions(person.id)),
  };
  for (const [way, end] of Object.entries(ways)) {
    test(`${way} notifies the app`, async () => {
      const signedIn = await signIn();
      await end(signedIn);
      const { aud, sub, sid } = await receivedLogoutToken(rp);
      assert.deepEqual({ aud, sub, sid }, { aud: party.id, sub: signedIn.person.id, sid: signedIn.sid });
    });
  }

  test('an app that signs in again after its access was withdrawn gets another sid', async () => {
    const { person, browser, sid } = await signIn();
    const { page } = await openAccount(app, person, '/account/apps', browser);
    await press(browser, page, 'revoke-0');
    await receivedLogoutToken(rp);
    const again = await signIn(party, person, browser);
    assert.ok(again.sid && again.sid !== sid);
  });

  test('the session that stays after a change of password sends no logout token', async () => {
    const { person, browser } = await signIn();
    const { page } = await openAccount(app, person, '/account/password', browser);
    await press(browser, page, 'change', { new_password: 'Another-Horse-Battery-8' });
    await settled();
    assert.equal(rp.received.length, 0);
  });

  test('an app that signs in at the moment at which the session ends is notified as well', async () => {
    const { person, sid } = await signIn();
    const slow = await app.db.connect();
    try {
      // In SQL, because a sign-in would commit before another request could meet it.
      await slow.query('BEGIN');
      await slow.query(
        `INSERT INTO session_authorizations (session_uid, client_id, sid)
         SELECT uid, $2, 'late' FROM sessions WHERE account_id = $1`,
        [person.id, other.id],
      );
      const ending = app.db.transact(endSessions(person.id));
      await until('it to wait', async () => {
        const text = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        return (await slow.query(text)).rowCount;
      });
      await slow.query('COMMIT');
      await ending;
    } finally {
      await slow.end();
    }
    assert.deepEqual([(await receivedLogoutToken(rp)).sid, (await receivedLogoutToken(otherRp)).sid], [sid, 'late']);
  });
});

describe('delivery', () => {
  test('a delivery is queued in the transaction of its cause', async () => {
    const { person } = await signIn();
    const impossible = { statement: { name: 'impossible', text: 'SELECT 1 / 0' }, values: [] };
    await assert.rejects(app.db.transact([...endSessions(person.id), impossible]));
    assert.deepEqual(await queuedDeliveries(), []);
  });

  for (const status of [0, 500, 404]) {
    test(`is repeated at growing intervals while the app ${status ? `answers ${status}` : 'hangs up'}; each time with a new token`, async () => {
      rp.status = status;
      const { browser, sid } = await signIn();
      await signOut(browser);
      const pauses: number[] = [];
      for (const tries of [1, 2, 3]) {
        await until('an attempt to fail', async () => {
          const [row] = await queuedDeliveries();
          return row?.attempts === tries && row.next_attempt_at.getTime() - clock.ms < 59_000;
        });
        assert.equal(rp.received.length, tries);
        const [row] = await queuedDeliveries();
        pauses.push(((row?.next_attempt_at.getTime() ?? 0) - clock.ms) / 1_000);
        if (tries === 3) rp.status = 204;
        clock.ms = row?.next_attempt_at.getTime() ?? 0;
        await wake();
      }
      for (const [index, pause] of pauses.entries())
        assert.ok(pause >= 5 * 2 ** index && pause <= 10 * 2 ** index, `${pause} s`);
      await settled();
      assert.equal(rp.received.length, 4);
      assert.equal(new Set(rp.received.map(({ token }) => decodeJwt(token).jti)).size, 4);
      for (const { token } of rp.received) {
        const { payload } = await jwtVerify(token, keys, { audience: party.id });
        assert.equal(payload.sid, sid);
      }
    });
  }

  test('one unavailable app delays no other', async () => {
    rp.status = 500;
    const { browser, person } = await signIn();
    await signIn(other, person, browser);
    await signOut(browser);
    await until('the other app to be notified', () => otherRp.received.length === 1);
    await until('the attempt to be put back', async () => {
      const [row, ...others] = await queuedDeliveries();
      return others.length === 0 && row?.attempts === 1 && row.next_attempt_at.getTime() < clock.ms + 59_000;
    });
    clock.ms += 60_000;
    rp.status = 200;
    await wake();
    await settled();
  });

  test('is not repeated when the app refuses it as invalid (§2.8), and the log names only the app', async () => {
    rp.status = 400;
    const { browser, person } = await signIn();
    app.logLines.length = 0;
    await signOut(browser);
    await settled();
    assert.equal(rp.received.length, 1);
    const lines = app.logLines.filter((line) => line.includes('relying party'));
    assert.equal(lines.length, 1);
    assert.ok(lines[0]?.includes(party.id));
    for (const secret of [person.id, rp.uri, rp.received[0]?.token ?? '']) assert.ok(!lines[0]?.includes(secret));
  });

  test('ends after a day, with a warning', async () => {
    rp.status = 503;
    await signOut((await signIn()).browser);
    await until(
      'an attempt to fail',
      async () => (await queuedDeliveries())[0]?.attempts === 1 && rp.received.length === 1,
    );
    await until(
      'it to be put back',
      async () => ((await queuedDeliveries())[0]?.next_attempt_at.getTime() ?? 0) < clock.ms + 59_000,
    );
    clock.ms += 24 * 3_600_000 - 1_000;
    app.logLines.length = 0;
    await wake();
    await settled();
    assert.equal(rp.received.length, 2);
    const [told = assert.fail()] = await app.db.run<Pick<AuditRow, 'outcome' | 'reason' | 'changes'>>(
      { text: "SELECT outcome, reason, changes FROM audit WHERE action = 'logouts.send' ORDER BY id DESC LIMIT 1" },
      [],
    );
    assert.deepEqual([told.outcome, told.reason], ['refused', 'given_up']);
    assert.deepEqual((told.changes as Record<string, object>).attempts, { after: 2 });
    const line = app.logLines.find((one) => one.includes('given up')) ?? '';
    assert.equal(JSON.parse(line).level, 'warn');
    assert.ok(line.includes(party.id));
  });

  test('is dropped when its app was removed meanwhile, or has no URI any more', async () => {
    const gone = await app.seed.party({ firstParty: true, metadata: metadata(rp) });
    rp.status = 500;
    const { browser, person } = await signIn(gone);
    const silent = await app.seed.party({ firstParty: true, metadata: metadata(otherRp) });
    otherRp.status = 500;
    await signIn(silent, person, browser);
    await signOut(browser);
    await until('both attempts to fail', async () => {
      const rows = await queuedDeliveries();
      return (
        rows.length === 2 &&
        rows.every((row) => row.attempts === 1 && row.next_attempt_at.getTime() < clock.ms + 59_000)
      );
    });
    await app.seed.clients.remove(gone.id);
    await app.seed.clients.update(silent.id, {
      metadata: { backchannel_logout_uri: undefined, backchannel_logout_session_required: undefined },
    });
    clock.ms += 60_000;
    await wake();
    await settled();
    assert.deepEqual([rp.received.length, otherRp.received.length], [1, 1]);
  });

  test('a crash between commit and delivery loses nothing: the next node delivers when the lease has expired', async () => {
    const { person, sid } = await signIn();
    // All nodes are gone when this commits, like a node that dies right after.
    await app.close();
    const db = createDb({ url: app.databaseUrl });
    defer(scope, () => db.close());
    await db.transact(endSessions(person.id));
    // Another node has died while it was delivering.
    const sealer = createSealer([Buffer.from(app.masterKey, 'base64')]);
    const dead = createDeliveries({ db, sealer, people: NO_PEOPLE, now: () => clock.ms });
    assert.equal((await dead.claimDue({ kinds: [LOGOUT], limit: 16, leaseMs: 60_000 })).length, 1);

    const next = await neighbour(scope, app, { now: () => clock.ms });
    clock.ms += 59_000;
    const wakeUp = { name: 'wake', text: "SELECT pg_notify('cardea_deliveries', '')" };
    await db.run(wakeUp, []);
    await until(
      'the node to have looked',
      () => next.jobStatements.filter((one) => one.includes('deliveries')).length >= 2,
    );
    assert.equal(rp.received.length, 0);
    clock.ms += 2_000;
    await db.run(wakeUp, []);
    await until('the app to be notified', () => rp.received.length > 0);
    const { port } = next.app.http.server.address() as AddressInfo;
    const nextKeys = createRemoteJWKSet(new URL(`http://localhost:${port}/.well-known/jwks.json`));
    const { payload } = await jwtVerify(rp.received[0]?.token ?? '', nextKeys, { audience: party.id });
    assert.deepEqual([payload.sub, payload.sid], [person.id, sid]);
  });
});
