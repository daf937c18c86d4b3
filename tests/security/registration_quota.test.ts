import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { openAudit } from '../../server/audit/entries.ts';
import { GRACE_MS } from '../../server/clients/capacity.ts';
import { OPEN_POLICY } from '../../server/clients/registration_policy.ts';
import { createRegistrations } from '../../server/clients/registrations.ts';
import { readSelfDescription } from '../../server/clients/self_registration.ts';
import { removalEntries } from '../../server/composition/registration.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { createSeeder, deployment } from '../helpers/deployment.ts';
import { database } from '../helpers/postgres.ts';
import { createRecordSeeder } from '../helpers/records.ts';
import { partyOf, register } from '../helpers/registration.ts';
import { authorize, redeem, refresh } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';

/** The number of clients that registered themselves is limited, and no client in use is removed. */

const DAY_MS = 86_400_000;
const START = Date.parse('2026-01-01T00:00:00Z');
const QUOTA = 100;

const scope = { after };
const { db } = await database(scope);
const clock = { ms: START };
const masterKey = remember('master_key', randomBytes(32).toString('base64'));
const seed = await createSeeder(db, masterKey, () => clock.ms);
const records = createRecordSeeder({ db, masterKey }, () => clock.ms);
const audit = await openAudit({
  db,
  sealer: createSealer([Buffer.from(masterKey, 'base64')]),
  now: () => clock.ms,
  issuer: 'https://id.example.com',
});
const tellRemoved = removalEntries(audit)('the request');
const registrations = createRegistrations({
  db,
  tellRemoved,
  now: () => clock.ms,
  originKey: randomBytes(32),
  kept: { address: QUOTA, network: 5 * QUOTA, host: 10 * QUOTA, server: 100 * QUOTA },
  idleSeconds: 30 * 86_400,
});

function metadataFor(redirect = 'https://agent.example/cb') {
  return readSelfDescription(
    { client_name: 'Agent', redirect_uris: [redirect], token_endpoint_auth_method: 'none' },
    OPEN_POLICY,
  );
}

async function registerAt(address: string, redirect?: string): Promise<string> {
  clock.ms += 1;
  const { client } = await registrations.register({ description: metadataFor(redirect), policy: OPEN_POLICY, address });
  return client.id;
}

const query = <Row extends Record<string, unknown>>(text: string, values: readonly unknown[] = []) =>
  db.run<Row>({ name: '', text }, values);

async function idsLeft(): Promise<string[]> {
  return (await query<{ id: string }>("SELECT id FROM clients WHERE kind <> 'operator'")).map(({ id }) => id);
}

async function grantTo(clientId: string, expiresAt: Date): Promise<void> {
  const { id } = await seed.accounts.create({ email: `${randomBytes(6).toString('hex')}@example.com` });
  await records.grant(id, clientId, { expiresAt });
}

/** In SQL, because a test leaves thousands of them. */
async function clear(): Promise<void> {
  await query("DELETE FROM clients WHERE kind <> 'operator'");
}

/**
 * Clients that accumulated without a quota: all unused, and registered from the same place as `like`. In SQL, because the
 * quota would remove them.
 */
async function pileUp(count: number, like: string): Promise<void> {
  await query(
    `INSERT INTO clients (id, kind, name, metadata, policy, origin, host, created_at, updated_at, expires_at)
     SELECT 'piled-' || n, kind, name, metadata, policy, origin, host, created_at - n * interval '1 ms', updated_at, expires_at
       FROM clients, generate_series(1, $1::int) AS n WHERE id = $2`,
    [count, like],
  );
}

describe('registrations beyond the quota', () => {
  test('10,000 from one network leave a hundred, the latest ones, and one that has a live grant', async () => {
    await clear();
    const granted = await registerAt('192.0.2.1');
    await grantTo(granted, new Date(START + 30 * DAY_MS));
    await pileUp(9_090, granted);
    // Each registration removes a batch of old clients.
    for (let n = 0; n < 10; n += 1) await registerAt('192.0.2.1');
    const made: string[] = [];
    let most = (await idsLeft()).length;
    for (let round = 0; round < 9; round += 1) {
      // Each URL has a host of its own, so the requests share only the network.
      const burst = Array.from({ length: 100 }, (_, n) => registerAt('192.0.2.1', `https://h${round}-${n}.example/cb`));
      made.push(...(await Promise.all(burst)));
      most = Math.max(most, (await idsLeft()).length);
    }
    const ids = await idsLeft();
    assert.ok(most <= QUOTA + 1, `${most} were there at a time`);
    assert.ok(ids.includes(granted));
    assert.ok(made.slice(-50).every((id) => ids.includes(id)));
  });

  test('are counted by the /64 of an IPv6 address, and the database does not contain the address', async () => {
    await clear();
    for (let n = 0; n < QUOTA + 5; n += 1)
      await registerAt(`2001:db8:1:2::${n.toString(16)}`, `https://h${n}.example/`);
    const left = (await idsLeft()).length;
    assert.ok(left > QUOTA / 2 && left <= QUOTA, `${left} are left`);
    const other = await registerAt('2001:db8:1:3::1');
    const rows = await query<{ origin: Buffer }>('SELECT DISTINCT origin FROM clients WHERE origin IS NOT NULL');
    assert.equal(rows.length, 2, other);
    assert.ok(rows.every(({ origin }) => origin.length === 32));
  });

  test('are also counted by the host of their redirect URIs, from any address', async () => {
    await clear();
    const one = await registerAt('192.0.2.1', 'https://swarm.example/cb');
    await pileUp(10 * QUOTA, one);
    // Each from another network.
    await query('UPDATE clients SET origin = sha256(id::bytea)');
    for (let n = 0; n < 3; n += 1) await registerAt(`198.51.100.${n}`, 'https://swarm.example/cb');
    const left = (await idsLeft()).length;
    assert.ok(left > 5 * QUOTA && left <= 10 * QUOTA, `${left} are left`);
  });

  test('never remove a client in use; when there are too many of those, further registrations are refused', async () => {
    await clear();
    const used = await registerAt('192.0.2.1');
    await db.transact([registrations.used(used)]);
    for (let n = 0; n < QUOTA + 5; n += 1) await registerAt('192.0.2.1', `https://h${n}.example/`);
    assert.ok((await idsLeft()).includes(used));
    await pileUp(100 * QUOTA, used);
    await query('UPDATE clients SET used_at = now()');
    await assert.rejects(registerAt('192.0.2.1'), { code: 'rate_limited', status: 429 });
    await registerAt('192.0.2.2');
  });
});

describe('many registrations', () => {
  const SMALL = 10;
  const [SHARED, WIDER] = ['https://shared.example/cb', 5 * SMALL];
  const small = createRegistrations({
    tellRemoved,
    db,
    now: () => clock.ms,
    originKey: randomBytes(32),
    kept: { address: SMALL, network: 5 * SMALL, host: 10 * SMALL, server: 100 * SMALL },
    idleSeconds: 30 * 86_400,
  });

  async function registerFrom(address: string, redirect = SHARED): Promise<string> {
    clock.ms += 1;
    const { client } = await small.register({ description: metadataFor(redirect), policy: OPEN_POLICY, address });
    return client.id;
  }

  test('from twelve networks for one host remove their own clients, and no fresh client of another network', async () => {
    await clear();
    const strangers = [await registerFrom('203.0.113.1'), await registerFrom('203.0.113.2')];
    for (let n = 0; n < 30 * SMALL; n += 1) {
      await registerFrom(`198.51.${n % 12}.1`);
      if (n === 15 * SMALL) strangers.push(await registerFrom('192.0.2.1'));
    }
    const ids = await idsLeft();
    assert.ok(ids.length <= 10 * SMALL + 1, `${ids.length} are left`);
    assert.deepEqual(
      strangers.filter((id) => !ids.includes(id)),
      [],
    );
  });

  test('from many networks of one IPv6 /48 are refused before they remove fresh clients of others there', async () => {
    await clear();
    const made: string[] = [];
    for (let n = 0; n < WIDER; n += 1)
      made.push(await registerFrom(`2001:db8:7:${n.toString(16)}::1`, `https://h${n}.example/`));
    await assert.rejects(registerFrom('2001:db8:7:ffff::1', 'https://h.example/'), {
      code: 'rate_limited',
      status: 429,
    });
    assert.deepEqual((await idsLeft()).toSorted(), made.toSorted());
    await registerFrom('2001:db8:8:1::1', 'https://h.example/');
    clock.ms += GRACE_MS;
    await registerFrom('2001:db8:7:ffff::1', 'https://h.example/');
  });

  test('from everywhere at once get Retry-After, until the first ones are no longer fresh', async () => {
    await clear();
    const made: string[] = [];
    for (let n = 0; n < 10 * SMALL; n += 1) made.push(await registerFrom(`198.18.${n}.1`));
    await assert.rejects(registerFrom('203.0.113.9'), { code: 'temporarily_unavailable', status: 503 });
    assert.deepEqual((await idsLeft()).toSorted(), made.toSorted());
    clock.ms += GRACE_MS;
    const late = await registerFrom('203.0.113.9');
    const ids = await idsLeft();
    assert.ok(ids.includes(late));
    assert.equal(ids.includes(made[0] ?? ''), false, 'the oldest went');
  });
});

describe('unused clients', () => {
  test('are removed a week after registration, if they were never used', async () => {
    await clear();
    const id = await registerAt('192.0.2.1');
    clock.ms += 7 * DAY_MS - 1_000;
    assert.equal(await registrations.removeIdle(), 0);
    clock.ms += 2_000;
    assert.equal(await registrations.removeIdle(), 1);
    assert.equal((await idsLeft()).includes(id), false);
    assert.deepEqual(await toldOf(id), [{ changes: { because: { after: 'idle' } }, request_id: 'the request' }]);
  });

  const toldOf = (id: string) =>
    query("SELECT changes, request_id FROM audit WHERE action = 'clients.remove_unused' AND target_id = $1", [id]);

  test('are not removed without what the audit tells of it', async () => {
    await clear();
    const id = await registerAt('192.0.2.1');
    clock.ms += 7 * DAY_MS + 1_000;
    await query("ALTER TABLE audit ADD CONSTRAINT closed CHECK (action <> 'clients.remove_unused') NOT VALID");
    await assert.rejects(registrations.removeIdle());
    await query('ALTER TABLE audit DROP CONSTRAINT closed');
    assert.equal((await idsLeft()).includes(id), true);
    assert.equal(await registrations.removeIdle(), 1);
  });

  test('are removed after a month without use, unless they have a live grant', async () => {
    await clear();
    const [idle, granted, lapsed] = [
      await registerAt('192.0.2.1'),
      await registerAt('192.0.2.1'),
      await registerAt('192.0.2.1'),
    ];
    await db.transact([idle, granted, lapsed].map((id) => registrations.used(id)));
    await grantTo(granted, new Date(clock.ms + 180 * DAY_MS));
    await grantTo(lapsed, new Date(clock.ms + DAY_MS));
    clock.ms += 30 * DAY_MS - 1_000;
    assert.equal(await registrations.removeIdle(), 0);
    clock.ms += 2_000;
    assert.equal(await registrations.removeIdle(), 2);
    assert.deepEqual(await idsLeft(), [granted]);
    clock.ms += 150 * DAY_MS;
    assert.equal(await registrations.removeIdle(), 1, 'once its grant has ended');
  });

  test('are removed in small batches, and those of the operator never', async () => {
    await clear();
    // Statistics of a table that was empty, as autovacuum may leave them.
    await query('ANALYZE clients');
    const one = await registerAt('192.0.2.1');
    await pileUp(1_500, one);
    const operators = await seed.party();
    clock.ms += 8 * DAY_MS;
    assert.equal(await registrations.removeIdle(), 1_501);
    assert.ok(await seed.clients.find(operators.id));
  });
});

describe('in a running server', () => {
  test('registrations are limited by minute in all, and refused with 503 and Retry-After beyond that', async (t) => {
    const app = await deployment(t, {
      env: { CARDEA_REGISTRATION: 'open', CARDEA_RATE_LIMIT: '2', CARDEA_TRUSTED_PROXIES: '127.0.0.1' },
      now: () => START,
    });
    const statuses: number[] = [];
    for (let n = 0; n < 11; n += 1) {
      const headers = { 'x-forwarded-for': `198.51.${n}.1` };
      const answer = await register(app, { redirect_uris: ['https://agent.example/cb'] }, { headers });
      statuses.push(answer.status);
      if (answer.status === 503) assert.ok(Number(answer.headers.get('retry-after')) <= 60);
    }
    assert.deepEqual(statuses, [...Array(10).fill(201), 503]);
  });

  test('issuing a token marks its client as used, once a day; and too many requests get 429', async (t) => {
    const at = { ms: Date.now() };
    const app = await deployment(t, {
      env: { CARDEA_REGISTRATION: 'open', CARDEA_RATE_LIMIT: '5' },
      now: () => at.ms,
    });
    const person = await app.seed.person();
    const grant_types = ['authorization_code', 'refresh_token'];
    const { body } = await register(app, { redirect_uris: ['https://agent.example/cb'], grant_types });
    const party = partyOf(body);
    const usedAt = async () => {
      const [row] = await app.db.run<{ used_at: Date | null }>(
        { name: '', text: 'SELECT used_at FROM clients WHERE id = $1' },
        [party.id],
      );
      return row?.used_at?.getTime();
    };
    const granted = await authorize({ issuer: app.issuer, party, person });
    assert.equal(await usedAt(), undefined);
    const { body: first } = await redeem(app.issuer, party, granted);
    const used = await usedAt();
    assert.equal(used, at.ms);
    at.ms += 60_000;
    const { body: second } = await refresh(app.issuer, party, first.refresh_token ?? '');
    assert.equal(await usedAt(), used, 'not again within a day');
    at.ms += DAY_MS;
    await refresh(app.issuer, party, second.refresh_token ?? '');
    assert.equal(await usedAt(), at.ms);

    const answers = [];
    for (let n = 0; n < 6; n += 1) answers.push(await register(app, { redirect_uris: ['https://agent.example/cb'] }));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [201, 201, 201, 201, 201, 429],
    );
    assert.ok(Number(answers.at(-1)?.headers.get('retry-after')) <= 60);
  });
});
