import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodeJwt } from 'jose';
import { deployment, type Party } from '../helpers/deployment.ts';
import { endSessionsAlone } from '../helpers/records.ts';
import { authorize, introspect, redeem, refresh, token } from '../helpers/relying_party.ts';
import { until } from '../helpers/waiting.ts';
import { runCli } from './run_cli.ts';

const app = await deployment({ after });
const { issuer } = app;
const API = 'https://api.example.com';
await app.seed.resourceServer({ identifier: API, name: 'API', scopes: ['api:read'] });
const METADATA = { metadata: { scope: 'openid offline_access api:read' }, firstParty: true };
const party = await app.seed.party(METADATA);

const cardea = (args: readonly string[], input?: string) =>
  runCli(['tokens', 'revoke', ...args], {
    env: { CARDEA_DATABASE_URL: app.databaseUrl, CARDEA_MASTER_KEY: app.masterKey, CARDEA_ISSUER: issuer },
    ...(input === undefined ? {} : { input }),
  });

async function machineJwt(by: Party = party): Promise<string> {
  const { body } = await token(issuer, by, { grant_type: 'client_credentials', resource: API, scope: 'api:read' });
  return String(body.access_token);
}

async function issueTokens(by: Party = party) {
  const person = await app.seed.person();
  const params = { scope: 'openid offline_access api:read', resource: API };
  const { body } = await redeem(issuer, by, await authorize({ issuer, party: by, person, params }));
  const next = await token(issuer, by, {
    grant_type: 'refresh_token',
    refresh_token: String(body.refresh_token),
    resource: API,
  });
  const [opaque, jwt] = [String(body.access_token), String(next.body.access_token)];
  return { person, opaque, jwt, refreshToken: String(next.body.refresh_token) };
}

const gateway = await app.seed.party({ introspectsAll: true });
const isActive = async (value: string) => (await introspect(issuer, gateway, value)).active;
const alive = async ({ opaque, jwt }: { opaque: string; jwt: string }) => [await isActive(opaque), await isActive(jwt)];

test('a token from standard input: a JWT or opaque token ends alone, a refresh token with its whole grant', async () => {
  const [jwt, other, one] = [await machineJwt(), await machineJwt(), await issueTokens()];
  const ran = await cardea(['--token-stdin', '--json'], `${jwt}\n`);
  assert.equal(ran.code, 0, ran.stderr);
  const { remembered_until: until, ...rest } = ran.json;
  assert.deepEqual(rest, { revoked: 'jti', jti: decodeJwt(jwt).jti });
  assert.ok(Date.parse(until) >= (decodeJwt(jwt).exp ?? 0) * 1_000, 'the revocation is kept until the token expires');
  assert.deepEqual([await isActive(jwt), await isActive(other)], [false, true]);
  assert.match((await cardea(['--jti', String(decodeJwt(other).jti)])).stdout, /^revoked +jti$/m);
  assert.equal(await isActive(other), false);
  assert.equal((await cardea(['--token-stdin'], one.opaque)).code, 0);
  assert.deepEqual(await alive(one), [false, true]);
  const { json } = await cardea(['--token-stdin', '--json'], one.refreshToken);
  assert.equal(json.kind, 'RefreshToken');
  assert.deepEqual(await alive(one), [false, false]);
  assert.equal((await refresh(issuer, party, one.refreshToken)).body.error, 'invalid_grant');
});

test('revoking a grant, a session or all of an app revokes nothing else, and prints JSON', async () => {
  const busy = await app.seed.party(METADATA);
  const [byGrant, bySession, byClient, bystander] = [
    await issueTokens(),
    await issueTokens(),
    await issueTokens(busy),
    await issueTokens(),
  ];
  const own = await machineJwt(busy);
  const grant = String(decodeJwt(byGrant.jwt).cardea_grant).split('.')[0] ?? '';
  const revoked = await cardea(['--grant', grant, '--json']);
  assert.deepEqual(revoked.json, { revoked: 'grant', grant, user_id: byGrant.person.id, client_id: party.id });
  const [row] = await app.db.run({ name: '', text: 'SELECT uid FROM sessions WHERE account_id = $1' }, [
    bySession.person.id,
  ]);
  const session = String(row?.uid);
  const ended = await cardea(['--session', session, '--json']);
  assert.deepEqual(ended.json, { revoked: 'session', session, user_id: bySession.person.id });
  const client = await cardea(['--client', busy.id, '--json']);
  assert.deepEqual([client.json.grants_ended, client.json.tokens_ended], [1, 0]);
  for (const one of [byGrant, bySession, byClient]) assert.deepEqual(await alive(one), [false, false]);
  assert.equal(await isActive(own), false);
  assert.deepEqual(await alive(bystander), [true, true]);
  assert.deepEqual(await introspect(issuer, busy, own), { active: false }, 'the app itself still works');
});

test('a session that ends during its revocation is reported as not found, and nothing else changes', async () => {
  const { person } = await issueTokens();
  const [row] = await app.db.run<{ uid: string }>(
    { name: '', text: 'SELECT uid FROM sessions WHERE account_id = $1' },
    [person.id],
  );
  const other = await app.db.connect();
  try {
    await other.query('BEGIN');
    for (const { statement, values } of endSessionsAlone(person.id)) await other.query(statement.text, [...values]);
    const revoking = cardea(['--session', row?.uid ?? '']);
    await until('it to wait', async () => {
      const text = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
      return (await app.db.run({ name: '', text }, [])).length > 0;
    });
    await other.query('COMMIT');
    const ran = await revoking;
    assert.equal(ran.code, 1);
    assert.equal(ran.stderr.trim().split('\n').length, 1, ran.stderr);
    assert.match(ran.stderr, new RegExp(`no session "${row?.uid}"`));
  } finally {
    await other.end();
  }
  const kinds = await app.db.run({ name: '', text: 'SELECT kind FROM security_events WHERE account_id = $1' }, [
    person.id,
  ]);
  assert.deepEqual(
    kinds.map(({ kind }) => kind),
    ['signed_in'],
    'a refused revocation queues no logout tokens',
  );
  const grants = await app.db.run({ name: '', text: 'SELECT id FROM grants WHERE account_id = $1' }, [person.id]);
  assert.equal(grants.length, 1, 'the whole transaction was refused');
});

test('deleting an app revokes its own JWTs, even when another app gets its name', async () => {
  const gone = await app.seed.party({ ...METADATA, id: 'comes-again' });
  const jwt = await machineJwt(gone);
  const ran = await runCli(['clients', 'delete', 'comes-again'], {
    env: { CARDEA_DATABASE_URL: app.databaseUrl, CARDEA_MASTER_KEY: app.masterKey },
  });
  assert.equal(ran.code, 0, ran.stderr);
  assert.equal(await isActive(jwt), false);
  await app.seed.party({ ...METADATA, id: 'comes-again' });
  assert.equal(await isActive(jwt), false);
});

test('mistakes are reported in one line; wrong usage exits with 2', async () => {
  const foreign = (await machineJwt()).split('.');
  foreign[1] = Buffer.from(JSON.stringify({ iss: 'https://other.example', jti: 'x' })).toString('base64url');
  const cases: readonly (readonly [readonly string[], string | undefined, number, RegExp])[] = [
    [['--jti', 'a', '--grant', 'b'], undefined, 2, /exactly one option/],
    [['--token-stdin'], 'nonsense', 1, /no such token/],
    [['--token-stdin'], foreign.join('.'), 1, /token: was not issued by/],
    [['--session', 'unknown'], undefined, 1, /no session "unknown"/],
    [['--client', 'unknown'], undefined, 1, /no client "unknown"/],
  ];
  for (const [args, input, code, said] of cases) {
    const ran = await cardea(args, input);
    assert.equal(ran.code, code, `${args.join(' ')}: ${ran.stderr}`);
    assert.match(ran.stderr, said);
    assert.equal(ran.stderr.trim().split('\n').length, 1);
  }
});
