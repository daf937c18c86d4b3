import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { type AuditRow, detailsPlace } from '../../server/audit/entries.ts';
import { migrateAtStart } from '../../server/composition/configuration.ts';
import { loadConfig } from '../../server/config.ts';
import { createDb } from '../../server/platform/db.ts';
import { openJson } from '../../server/platform/sealing.ts';
import { bearer, callApi, console, operator, personToken } from '../helpers/admin_api.ts';
import { askPerson, cibaMetadata, decideRequest, notificationListener } from '../helpers/ciba.ts';
import { deployment } from '../helpers/deployment.ts';
import { databaseUrl } from '../helpers/postgres.ts';
import { authorize, redeem, token } from '../helpers/relying_party.ts';
import { defer } from '../helpers/scope.ts';
import { remember, rememberAll } from '../helpers/secrets.ts';
import { begin, callbackOf, signedIn } from './support.ts';

/** The entries of tokens that no code leads to, of what operators do by the API, and of the start. */
const scope = { after };
const app = await deployment(scope, { env: { CARDEA_PROFILE: 'oidc' } });
const person = await app.seed.person();
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const [GATEWAY, ORDERS] = ['https://gateway.example.com', 'https://orders.example.com'];
await app.seed.resourceServer({ identifier: GATEWAY, name: 'Gateway', scopes: ['gateway', 'orders:read'] });
await app.seed.resourceServer({ identifier: ORDERS, name: 'Orders', scopes: ['orders:read'] });
const admin = await operator(app, 'cardea-admin');
const emptyUrl = await databaseUrl(scope, { name: () => 'cardea_template_empty', make: async () => {} });
const empty = createDb({ url: emptyUrl, timeoutMs: 30_000 });
defer(scope, () => empty.close());

/** Carries out an action. @returns its one entry */
async function audited(action: string, run: () => Promise<unknown>): Promise<AuditRow> {
  const added = await allAudited(action, run);
  assert.equal(added.length, 1);
  return added[0] ?? assert.fail();
}

async function allAudited(action: string, run: () => Promise<unknown>): Promise<AuditRow[]> {
  const text = 'SELECT * FROM audit WHERE action = $1 ORDER BY id';
  const before = await app.db.run<AuditRow>({ text }, [action]);
  await run();
  return (await app.db.run<AuditRow>({ text }, [action])).slice(before.length);
}

function isFamily(entry: AuditRow, clientId: string, grantType: string): void {
  const { actor_kind: kind, actor_id, target_id, outcome, details_account: sealedFor } = entry;
  assert.deepEqual([kind, actor_id, target_id, outcome, sealedFor], ['client', clientId, person.id, 'done', person.id]);
  const { grant_type, grant } = entry.changes as Record<string, { after?: string }>;
  assert.deepEqual([grant_type?.after, typeof grant?.after], [grantType, 'string']);
}

test('an access token from the authorization endpoint begins a family (implicit flow)', async () => {
  const party = await app.seed.party({
    firstParty: true,
    metadata: { grant_types: ['authorization_code', 'implicit'], response_types: ['code', 'id_token token'] },
  });
  const browser = await signedIn(app, party, person);
  const family = await audited('tokens.family', async () => {
    const { page } = await begin(app, party, { response_type: 'id_token token', nonce: 'n-0S6_WzA2Mj' }, browser);
    assert.ok(rememberAll(callbackOf(page)).access_token);
  });
  isFamily(family, party.id, 'implicit');
});

test('an exchanged token begins a family of the service that has exchanged it', async () => {
  const web = await app.seed.party({ firstParty: true, metadata: { scope: 'openid gateway orders:read' } });
  const service = await app.seed.party({
    metadata: { redirect_uris: [], grant_types: ['client_credentials', EXCHANGE], scope: 'orders:read' },
  });
  const tokenExchange = { subject_audiences: [GATEWAY], targets: [ORDERS], delegation: true };
  await app.seed.clients.update(service.id, { tokenExchange });
  const params = { scope: 'gateway orders:read', resource: GATEWAY };
  const granted = await authorize({ issuer: app.issuer, party: web, person, params });
  const { body } = await redeem(app.issuer, web, granted);
  const fields = {
    grant_type: EXCHANGE,
    subject_token: body.access_token ?? '',
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    resource: ORDERS,
  };
  const family = await audited('tokens.family', async () => {
    const { status, body: exchanged } = await token(app.issuer, service, fields);
    assert.equal(status, 200, JSON.stringify(exchanged));
  });
  isFamily(family, service.id, EXCHANGE);
});

test('tokens that are pushed begin a family in the transaction of the approval (CIBA)', async () => {
  const listener = await notificationListener(scope);
  const mode = {
    backchannel_token_delivery_mode: 'push',
    backchannel_client_notification_endpoint: listener.uri,
  };
  const party = await app.seed.party({ metadata: cibaMetadata(mode) });
  const client_notification_token = remember('other', randomBytes(24).toString('base64url'));
  const { status } = await askPerson(app.issuer, party, { login_hint: person.email, client_notification_token });
  assert.equal(status, 200);
  const family = await audited('tokens.family', () => decideRequest(app, person, 'approve'));
  isFamily(family, party.id, 'urn:openid:params:grant-type:ciba');
});

test('from where an operator acts is sealed by their own key, for changes, refusals and streams', async () => {
  const cli = await console(app, 'openid cardea:groups:write cardea:users:write cardea:users:read');
  const access = await personToken(app, cli, admin, 'cardea:groups:write cardea:users:write');
  const call = (path: string, body: unknown, type = 'application/json') =>
    callApi(app, path, {
      method: 'POST',
      headers: { ...bearer(access), 'content-type': type, 'user-agent': 'the desk of an operator' },
      body: `${JSON.stringify(body)}\n`,
    });
  const entries = [
    await audited('groups.create', () => call('/groups', { name: 'staff' })),
    await audited('clients.create', () => call('/clients', { client_name: 'Shop', redirect_uris: [] })),
    ...(await allAudited('users.import', () =>
      call('/users/import', { email: 'new@example.com' }, 'application/x-ndjson'),
    )),
  ];
  assert.ok(entries.length > 2);
  const own = app.seed.accounts.sealerOf(await app.seed.accounts.resolve(admin.id));
  for (const { id, action, actor_id, details_account: account, sealed_details: sealed } of entries) {
    assert.deepEqual([actor_id, account], [admin.id, admin.id], action);
    const details = openJson(own, detailsPlace(id), sealed ?? assert.fail()) as { device?: string };
    assert.equal(details.device, 'the desk of an operator');
  }
});

test('migrations at the start, in their own transaction', async () => {
  const config = loadConfig({
    CARDEA_DATA_DIR: '/nowhere',
    CARDEA_ISSUER: 'http://localhost:3000',
    CARDEA_DATABASE_URL: emptyUrl,
    CARDEA_MASTER_KEY: remember('master_key', randomBytes(32).toString('base64')),
  });
  const names = await migrateAtStart(empty, config);
  const rows = await empty.run<AuditRow>({ text: 'SELECT * FROM audit' }, []);
  assert.deepEqual(
    rows.map(({ actor_kind, actor_id, action, target_id, changes }) => [
      actor_kind,
      actor_id,
      action,
      target_id,
      changes,
    ]),
    [['system', 'start', 'migrations.up', names.at(-1), { migrations: { after: names } }]],
  );
});
