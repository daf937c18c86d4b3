import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { refusal, tokensFor } from '../flows/support.ts';
import { deployment } from '../helpers/deployment.ts';
import { introspect, refresh, userinfo } from '../helpers/relying_party.ts';

/**
 * A used refresh token that is presented later was copied (RFC 9700 §4.14.2): its grant is revoked, and no other. The
 * state is in the database, so it survives a restart (Keycloak CVE-2026-9802) and parallel requests (Keycloak
 * CVE-2026-1035).
 */
const scope = { after };
let offset = 0;
const now = () => Date.now() + offset;
const INVALID_GRANT = { status: 400, error: 'invalid_grant' };
const app = await deployment(scope, { now });
const { databaseUrl, masterKey, issuer } = app;
const restarted = () => deployment(scope, { now, databaseUrl, masterKey, env: { CARDEA_ISSUER: issuer } });
const person = await app.seed.person();
const [party, another] = [await app.seed.party(), await app.seed.party()];

/** A grant with a used refresh token, and unrelated grants. */
async function stealToken() {
  const { tokens, browser } = await tokensFor(app, party, person);
  const used = tokens.refresh_token ?? '';
  const { body: mine } = await refresh(issuer, party, used);
  // Another app in the same browser, and the same app in another browser.
  const others = [
    [another, (await tokensFor(app, another, person, { browser })).tokens],
    [party, (await tokensFor(app, party, person)).tokens],
  ] as const;
  return { used, mine, others };
}

type Stolen = Awaited<ReturnType<typeof stealToken>>;

async function assertEnded({ used, mine, others }: Stolen): Promise<void> {
  assert.equal((await userinfo(issuer, mine.access_token ?? '')).status, 401);
  for (const value of [used, mine.refresh_token ?? '']) {
    assert.deepEqual(await introspect(issuer, party, value), { active: false });
    assert.deepEqual(refusal(await refresh(issuer, party, value)), INVALID_GRANT);
  }
  for (const [one, tokens] of others) {
    assert.equal((await userinfo(issuer, tokens.access_token)).body.sub, person.id);
    assert.equal((await refresh(issuer, one, tokens.refresh_token ?? '')).status, 200);
  }
}

async function afterWindow<T>(work: () => Promise<T>): Promise<T> {
  offset += 10_000;
  return work();
}

test('a replay after ten seconds revokes its grant and no other (RFC 9700 §4.14.2)', async () => {
  const theft = await stealToken();
  assert.deepEqual(refusal(await afterWindow(() => refresh(issuer, party, theft.used))), INVALID_GRANT);
  await assertEnded(theft);
});

test('a replay after a restart is refused and revokes the grant (Keycloak CVE-2026-9802)', async () => {
  const theft = await stealToken();
  const anew = await restarted();
  const reach = anew.app.http.listeningOrigin;
  // Within that time it is a client that lost its response because of that restart.
  const again = await refresh(issuer, party, theft.used, reach);
  assert.deepEqual([again.status, again.body], [200, theft.mine]);
  assert.deepEqual(refusal(await afterWindow(() => refresh(issuer, party, theft.used, reach))), INVALID_GRANT);
  await assertEnded(theft);
  await anew.close();
});

test('20 parallel replays are all refused (Keycloak CVE-2026-1035)', async () => {
  const theft = await stealToken();
  const answers = await afterWindow(() =>
    Promise.all(Array.from({ length: 20 }, () => refresh(issuer, party, theft.used))),
  );
  assert.deepEqual(answers.map(refusal), Array(20).fill(INVALID_GRANT));
  await assertEnded(theft);
});

test('a repetition does not extend the ten seconds', async () => {
  const theft = await stealToken();
  offset += 6_000;
  assert.equal((await refresh(issuer, party, theft.used)).status, 200);
  offset += 6_000;
  assert.deepEqual(refusal(await refresh(issuer, party, theft.used)), INVALID_GRANT);
  await assertEnded(theft);
});

test('a thief and an owner get the same tokens, until one uses them and the other presents the old token again', async () => {
  const { tokens } = await tokensFor(app, party, person);
  const value = tokens.refresh_token ?? '';
  const thief = await refresh(issuer, party, value);
  const owner = await refresh(issuer, party, value);
  assert.deepEqual(owner.body, thief.body);
  const next = await refresh(issuer, party, thief.body.refresh_token ?? '');
  assert.equal(next.status, 200);
  await afterWindow(async () => {
    assert.deepEqual(refusal(await refresh(issuer, party, owner.body.refresh_token ?? '')), INVALID_GRANT);
  });
  assert.equal((await userinfo(issuer, next.body.access_token ?? '')).status, 401, 'the theft has shown');
});
