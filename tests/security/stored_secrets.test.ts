import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, test } from 'node:test';
import { begin, shown, submitPassword, tokensFor } from '../flows/support.ts';
import { deployment } from '../helpers/deployment.ts';
import { authorize, introspect, redeem, refresh, userinfo } from '../helpers/relying_party.ts';
import { dumpDatabase } from '../helpers/secrets.ts';

/** No stored value can be used as a secret, and none works in another row. */

const scope = { after };
const app = await deployment(scope);
const { issuer } = app;
const sql = (text: string, values: unknown[] = []) =>
  app.db.run({ name: createHash('sha1').update(text).digest('hex'), text }, values);

test('a client secret is stored only as its SHA-256 (plaintext client secrets)', async () => {
  const party = await app.seed.party();
  const [row] = await sql('SELECT * FROM clients WHERE id = $1', [party.id]);
  assert.ok(party.secret && row);
  assert.deepEqual(row.secret_hash, createHash('sha256').update(party.secret).digest());
  assert.ok(!JSON.stringify(row).includes(party.secret));
});

test('no column contains a bearer secret, address, name or session id, as text or as bytes', async () => {
  const party = await app.seed.party({ metadata: { scope: 'openid profile email offline_access' } });
  const person = await app.seed.person({ name: 'Grace Unmistakable Hopper', email: 'grace.unmistakable@example.com' });
  const { browser, tokens } = await tokensFor(app, party, person);
  const pending = await begin(app, party);
  const granted = await authorize({ issuer, party, person });
  const dump = (await dumpDatabase(app.databaseUrl)).toLowerCase();
  const secrets = [
    person.email,
    person.password,
    'Unmistakable',
    party.secret,
    granted.code,
    tokens.access_token,
    tokens.refresh_token,
    tokens.id_token,
  ]
    .concat(browser.cookies(), pending.browser.cookies())
    .filter((one): one is string => one !== undefined && one.length > 8);
  assert.ok(secrets.length >= 12, `${secrets.length}`);
  const ids = new Set(secrets);
  for (const secret of ids) {
    for (const form of [secret, Buffer.from(secret).toString('base64'), Buffer.from(secret).toString('hex')]) {
      assert.ok(!dump.includes(form.toLowerCase()), `a secret of ${secret.length} characters is in the dump`);
    }
  }
});

test('a record copied into another’s row cannot be opened, and gives no rights of another', async () => {
  const party = await app.seed.party();
  const [rich, poor] = [await app.seed.person(), await app.seed.person()];
  const theirs = (await tokensFor(app, party, rich)).tokens;
  const mine = (await tokensFor(app, party, poor)).tokens;
  const hash = (token: string) => createHash('sha256').update(token).digest();
  const move = 'UPDATE records SET sealed = (SELECT sealed FROM records WHERE id_hash = $2) WHERE id_hash = $1';
  await sql(move, [hash(mine.access_token), hash(theirs.access_token)]);
  await sql(move, [hash(mine.refresh_token ?? ''), hash(theirs.refresh_token ?? '')]);
  const answer = await userinfo(issuer, mine.access_token);
  assert.deepEqual([answer.status, answer.body.sub], [500, undefined]);
  assert.equal((await introspect(issuer, party, mine.access_token)).active, undefined);
  assert.equal((await refresh(issuer, party, mine.refresh_token ?? '')).status, 500);
  assert.equal((await userinfo(issuer, theirs.access_token)).body.sub, rich.id, 'its owner is not affected');
});

test('a profile and its key cannot be opened in another account’s row', async () => {
  const party = await app.seed.party({ firstParty: true });
  const profile =
    'UPDATE accounts a SET sealed_profile = o.sealed_profile FROM accounts o WHERE a.id = $1 AND o.id = $2';
  const key =
    'UPDATE data_keys a SET sealed_key = o.sealed_key FROM data_keys o WHERE a.account_id = $1 AND o.account_id = $2';
  for (const moves of [[profile], [key], [key, profile]]) {
    const [rich, poor] = [await app.seed.person(), await app.seed.person()];
    for (const move of moves) await sql(move, [poor.id, rich.id]);
    const { browser, page } = await begin(app, party);
    assert.equal(shown(page), 'sign-in');
    const answer = await submitPassword(browser, page, poor);
    assert.deepEqual([answer.status, shown(answer)], [500, 'error'], moves.join());
  }
});

test('a session, a grant and a code copied into another’s row cannot be opened', async () => {
  const party = await app.seed.party({ firstParty: true });
  const [rich, poor] = [await app.seed.person(), await app.seed.person()];
  const theirs = await authorize({ issuer, party, person: rich });
  const mine = await authorize({ issuer, party, person: poor });
  for (const table of ['sessions', 'grants']) {
    const key = table === 'sessions' ? 'uid' : 'id';
    await sql(
      `UPDATE ${table} SET sealed = other.sealed FROM ${table} AS other WHERE ${table}.account_id = $1 AND other.account_id = $2 AND other.${key} <> ${table}.${key}`,
      [poor.id, rich.id],
    );
  }
  assert.equal((await redeem(issuer, party, mine)).status, 500);
  const { page } = await begin(app, party, { prompt: 'none' }, mine.browser);
  assert.deepEqual([page.status, page.location], [500, undefined]);
  assert.equal((await redeem(issuer, party, theirs)).status, 200);
  const hash = (code: string) => createHash('sha256').update(code).digest();
  const [first, second] = [
    await authorize({ issuer, party, person: rich }),
    await authorize({ issuer, party, person: rich }),
  ];
  const move = 'UPDATE records SET sealed = (SELECT sealed FROM records WHERE id_hash = $2) WHERE id_hash = $1';
  await sql(move, [hash(first.code), hash(second.code)]);
  assert.equal((await redeem(issuer, party, first)).status, 500);
  assert.equal((await redeem(issuer, party, second)).status, 200);
});
