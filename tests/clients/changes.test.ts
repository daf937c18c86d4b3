import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { matchesSecrets } from '../../server/clients/secrets.ts';
import { carryOut } from '../../server/platform/planned.ts';
import { endRecordsOfClient } from '../../server/records/ended.ts';
import { createClients, createRegistrationTokens, createResourceServers } from '../helpers/client_stores.ts';
import { database } from '../helpers/postgres.ts';
import { remember } from '../helpers/secrets.ts';

const START = Date.UTC(2026, 0, 1);
const WEB = { name: 'Shop', metadata: { redirect_uris: ['https://app.example/cb'] } };
const API = 'https://api.example';

const { db } = await database({ after });
const clock = { ms: START };
const now = () => clock.ms;
const clients = createClients({ db, now, endRecordsOf: endRecordsOfClient });
const servers = createResourceServers({ db, now });
const tokens = createRegistrationTokens({ db, now });

async function makeClient(input: Partial<Parameters<typeof clients.create>[0]> = {}) {
  const { client, secret = '' } = await clients.create({ ...WEB, ...input });
  if (secret) remember('client_secret', secret);
  return { ...client, secret };
}

const rotate = async (id: string, overlapSeconds?: number) => {
  const { secret, client } = await clients.rotateSecret(id, overlapSeconds === undefined ? {} : { overlapSeconds });
  return { secret: remember('client_secret', secret), client };
};

/** Which of the secrets the stored client accepts. */
async function accepted(id: string, secrets: readonly string[]): Promise<boolean[]> {
  const client = await clients.find(id);
  assert.ok(client);
  return secrets.map((secret) => matchesSecrets(client, secret, now()));
}

describe('a plan', () => {
  test('changes nothing, and says what there is once its statements have run', async () => {
    const made = await clients.creating({
      ...WEB,
      id: 'planned',
      claimMapping: [{ claim: 'tenant', into: ['id_token'], from: { static: 'a' } }],
      introspectsAll: true,
      managedBy: 'file',
    });
    remember('client_secret', made.secret ?? '');
    assert.equal(await clients.find('planned'), undefined);
    await carryOut(db, made);
    assert.deepEqual(await clients.find('planned'), made.client);
    assert.equal(made.client.managedBy, 'file');

    const renamed = await clients.updating('planned', { name: 'Other', claimMapping: [], managedBy: null });
    assert.deepEqual(await clients.find('planned'), renamed.before);
    await carryOut(db, renamed);
    assert.deepEqual(await clients.find('planned'), renamed.client);
    assert.deepEqual([renamed.client.version, renamed.client.name, renamed.client.claimMapping], [2, 'Other', []]);

    const removed = await clients.removing('planned');
    assert.equal((await clients.find('planned'))?.name, 'Other');
    await carryOut(db, removed);
    assert.equal(await clients.find('planned'), undefined);
  });

  test('of what is so already changes nothing, not even the version', async () => {
    const { id } = await makeClient();
    const before = await clients.find(id);
    clock.ms += 1_000;
    const { client } = await clients.update(id, { name: 'Shop', metadata: { ...WEB.metadata } });
    assert.deepEqual([client, await clients.find(id)], [before, before]);
  });

  test('is refused once something else was changed, and by a dry run nothing is', async () => {
    const { id } = await makeClient();
    const planned = [
      await clients.updating(id, { name: 'Late' }),
      await clients.updating(id, {}),
      await clients.rotatingSecret(id),
      await clients.removing(id),
    ];
    await clients.update(id, { firstParty: true });
    for (const one of planned) await assert.rejects(carryOut(db, one), { code: 'conflict', status: 409 });
    assert.deepEqual([(await clients.find(id))?.name, (await clients.find(id))?.version], ['Shop', 2]);
    await clients.remove(id);
    await assert.rejects(clients.updating(id, {}), { code: 'not_found', status: 404 });
  });

  test('is refused for Cardea’s own clients', async () => {
    await clients.ensureBuiltin({ id: 'cardea-pages', name: 'Cardea', metadata: WEB.metadata });
    for (const plan of [
      () => clients.updating('cardea-pages', { name: 'Mine' }),
      () => clients.rotatingSecret('cardea-pages'),
      () => clients.removing('cardea-pages'),
    ]) {
      await assert.rejects(plan(), { code: 'not_found', status: 404 });
    }
  });

  test('of 50 that were made for one version, one is carried out', async () => {
    const { id } = await makeClient();
    const planned = await Promise.all(
      Array.from({ length: 50 }, (_, i) => clients.updating(id, { name: `Name ${i}` })),
    );
    const settled = await Promise.allSettled(planned.map((one) => carryOut(db, one)));
    const won = settled.flatMap(({ status }, i) => (status === 'fulfilled' ? [i] : []));
    assert.equal(won.length, 1);
    const client = await clients.find(id);
    assert.deepEqual([client?.name, client?.version], [`Name ${won[0]}`, 2]);
  });
});

describe('two secrets', () => {
  test('work until the end of the overlap, which is shown, and then the new one alone', async () => {
    const { id, secret: first } = await makeClient();
    const { secret: second, client } = await rotate(id, 3_600);
    assert.deepEqual(client.previousSecretUntil, new Date(clock.ms + 3_600_000));
    assert.deepEqual(await accepted(id, [first, second]), [true, true]);
    clock.ms += 3_599_999;
    assert.deepEqual(await accepted(id, [first, second]), [true, true]);
    clock.ms += 1;
    assert.deepEqual(await accepted(id, [first, second]), [false, true]);
    const version = (await clients.find(id))?.version ?? 0;
    assert.equal(await clients.forgetPassedSecrets(), 1);
    const cleaned = await clients.find(id);
    assert.deepEqual([cleaned?.previousSecretHash, cleaned?.previousSecretUntil], [null, null]);
    assert.equal(cleaned?.version, version + 1, 'what is shown has changed');
    assert.equal(await clients.forgetPassedSecrets(), 0);
  });

  test('are not forgotten before their end', async () => {
    const { id } = await makeClient();
    await rotate(id, 60);
    assert.equal(await clients.forgetPassedSecrets(), 0);
    assert.notEqual((await clients.find(id))?.previousSecretHash, null);
    await clients.remove(id);
  });

  test('are never three: a rotation during another is refused, unless it ends both at once', async () => {
    const { id, secret: first } = await makeClient();
    const { secret: second } = await rotate(id, 3_600);
    await assert.rejects(rotate(id, 60), { code: 'rotation_under_way', status: 409 });
    assert.deepEqual(await accepted(id, [first, second]), [true, true]);
    const { secret: third, client } = await rotate(id);
    assert.equal(client.previousSecretUntil, null);
    assert.deepEqual(await accepted(id, [first, second, third]), [false, false, true]);
    await rotate(id, 60);
    clock.ms += 60_000;
    await rotate(id, 60);
  });

  test('are one again when the operator ends the old one, or the new one', async () => {
    const { id, secret: first } = await makeClient();
    await assert.rejects(clients.endOverlap(id), { code: 'no_rotation', status: 409 });
    const { secret: lost } = await rotate(id, 3_600);
    const back = await clients.endOverlap(id, 'new');
    assert.equal(back.previousSecretUntil, null);
    assert.deepEqual(await accepted(id, [first, lost]), [true, false]);
    const { secret: second } = await rotate(id, 3_600);
    await clients.endOverlap(id, 'old');
    assert.deepEqual(await accepted(id, [first, second]), [false, true]);
    await rotate(id, 60);
    clock.ms += 60_000;
    await assert.rejects(clients.endOverlap(id, 'new'), { code: 'no_rotation' }, 'the passed one does not come back');
  });

  test('end both with a method without a secret, and never begin with one', async () => {
    const { id, secret: first } = await makeClient();
    const { secret: second } = await rotate(id, 3_600);
    const without = { token_endpoint_auth_method: 'none', grant_types: undefined };
    const { client } = await clients.update(id, { metadata: without });
    assert.deepEqual([client.secretHash, client.previousSecretHash, client.previousSecretUntil], [null, null, null]);
    assert.deepEqual(await accepted(id, [first, second]), [false, false]);
    const key = {
      kty: 'EC',
      crv: 'P-256',
      x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
      y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
    };
    for (const metadata of [
      { ...WEB.metadata, token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [key] } },
      { ...WEB.metadata, token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_subject_dn: 'CN=shop' },
    ]) {
      const other = await makeClient({ metadata });
      await assert.rejects(rotate(other.id, 60), { code: 'no_secret', status: 409 });
      assert.equal((await clients.find(other.id))?.previousSecretHash, null);
    }
  });

  test('need an overlap that is a number of seconds, and not too long', async () => {
    const { id } = await makeClient();
    for (const seconds of [-1, 0.5, Number.NaN, 90 * 86_400 + 1]) {
      await assert.rejects(rotate(id, seconds), { code: 'invalid_input', field: 'overlap_seconds' });
    }
    await rotate(id, 90 * 86_400);
  });
});

describe('a scope that nobody has', () => {
  test('is named in a warning, and is accepted', async () => {
    await servers.create({ identifier: 'https://orders.example', name: 'Orders', scopes: ['orders:read'] });
    const scope = 'openid groups orders:read orders:raed';
    const { client, warnings } = await clients.create({ ...WEB, metadata: { ...WEB.metadata, scope } });
    assert.equal(client.metadata.scope, scope);
    assert.deepEqual(
      warnings.map(({ code, field, value }) => ({ code, field, value })),
      [{ code: 'unknown_scope', field: 'scope', value: 'orders:raed' }],
    );
    assert.deepEqual((await clients.update(client.id, { name: 'Other' })).warnings, [], 'it was accepted before');
    const more = await clients.update(client.id, { metadata: { scope: `${scope} other` } });
    assert.deepEqual(
      more.warnings.map(({ value }) => value),
      ['other'],
    );
  });
});

describe('a resource server', () => {
  test('has a version that each change raises once, also one of its clients', async () => {
    const { id } = await makeClient();
    const planned = await servers.creating({
      identifier: API,
      name: 'API',
      scopes: ['a'],
      clients: [id],
      managedBy: 'file',
    });
    assert.equal(await servers.find(API), undefined);
    await carryOut(db, planned);
    assert.deepEqual(await servers.find(API), planned.server);
    assert.deepEqual([planned.server.version, planned.server.managedBy], [1, 'file']);
    clock.ms += 1_000;
    const changed = await servers.update(API, { name: 'Orders', clients: [], managedBy: null });
    assert.deepEqual(await servers.find(API), changed);
    assert.equal(changed.version, 2);
    const again = await servers.update(API, { clients: [id] });
    assert.deepEqual([await servers.find(API), again.version], [again, 3]);
    assert.deepEqual(await servers.update(API, { name: 'Orders' }), again, 'nothing has changed');
    await clients.remove(id);
    const without = await servers.find(API);
    assert.deepEqual([without?.clients, without?.version], [[], 4]);
  });

  test('is changed by one of many plans for one version', async () => {
    const planned = await Promise.all([
      servers.updating(API, { name: 'One' }),
      servers.updating(API, { scopes: ['b'] }),
      servers.removing(API),
    ]);
    const settled = await Promise.allSettled(planned.map((one) => carryOut(db, one)));
    assert.equal(settled.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const one of settled) if (one.status === 'rejected') assert.equal(one.reason.code, 'conflict');
  });
});

describe('an initial access token', () => {
  const policy = { grantTypes: ['authorization_code'] } as const;

  test('is made and revoked by plans, once', async () => {
    const planned = tokens.creating({ policy, uses: 1, lifetime: 60 });
    const value = remember('other', planned.made.token);
    assert.equal(await tokens.find(value), undefined);
    await carryOut(db, planned);
    const { token: _, ...stored } = planned.made;
    assert.deepEqual([await tokens.find(value), await tokens.findById(stored.id)], [stored, stored]);
    const plans = [await tokens.revoking(stored.id), await tokens.revoking(stored.id)] as const;
    assert.deepEqual(plans[0].before, stored);
    await carryOut(db, plans[0]);
    await assert.rejects(carryOut(db, plans[1]), { code: 'not_found', status: 404 });
    await assert.rejects(tokens.revoking(stored.id), { code: 'not_found' });
    await assert.rejects(tokens.revoking('\u0000'), { code: 'not_found' });
  });
});
