import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { hashToken } from '../../server/platform/sealing.ts';
import {
  authorization,
  authorize,
  introspect,
  redeem,
  refresh,
  type TokenAnswer,
  userinfo,
} from '../helpers/relying_party.ts';
import { remember, rememberAll } from '../helpers/secrets.ts';
import { bearerOf, elsewhere, isSuccess, present, stage, type Ticket } from './stage.ts';

/** The database decides between two server processes (one is that of the test) that want the same thing at the same moment. */
const on = await stage({ after });
const { issuer } = on;
const urls = on.nodes.map((node) => node.url);
const nodeOf = (index: number) => urls[index % urls.length] ?? issuer;

const IS_LONG = process.env.TEST_CHAOS_LONG === 'true';
/** More than the two nodes have connections to the database. */
const PARALLEL = IS_LONG ? 100 : 30;
const CLIENTS = IS_LONG ? 50 : 20;

async function race(ticket: Ticket): Promise<{ winners: TokenAnswer[]; losers: TokenAnswer[] }> {
  const answers = await Promise.all(
    Array.from({ length: PARALLEL }, (_, index) => present(issuer, ticket, nodeOf(index))),
  );
  return { winners: answers.filter(isSuccess), losers: answers.filter((answer) => !isSuccess(answer)) };
}

async function grantOf(ticket: Ticket): Promise<string> {
  const statement = { name: '', text: 'SELECT grant_id FROM records WHERE id_hash = $1' };
  const [row] = await on.db.run<{ grant_id: string }>(statement, [hashToken(bearerOf(ticket))]);
  assert.ok(row);
  return row.grant_id;
}

/** Every token that was issued for the ticket is revoked, on each node. */
async function assertRevoked(ticket: Ticket, grantId: string, answers: readonly TokenAnswer[]): Promise<void> {
  assert.equal(await on.count('SELECT count(*) FROM grants WHERE id = $1', [grantId]), 0);
  assert.equal(await on.count('SELECT count(*) FROM records WHERE grant_id = $1', [grantId]), 0);
  for (const { body } of answers) {
    for (const reach of urls) {
      assert.equal((await userinfo(issuer, body.access_token ?? '', reach)).status, 401);
      for (const token of [body.access_token, body.refresh_token]) {
        assert.deepEqual(await introspect(issuer, ticket.party, token ?? '', reach), { active: false });
      }
      const next = await present(
        issuer,
        { kind: 'refresh', party: ticket.party, value: body.refresh_token ?? '' },
        reach,
      );
      assert.deepEqual([next.status, next.body.error], [400, 'invalid_grant']);
    }
  }
}

function assertOneWon({ winners, losers }: Awaited<ReturnType<typeof race>>): void {
  assert.equal(winners.length, 1);
  assert.deepEqual(
    losers.map(({ status, body }) => [status, body.error]),
    Array.from({ length: PARALLEL - 1 }, () => [400, 'invalid_grant']),
  );
}

describe(`${PARALLEL} parallel requests over two nodes`, () => {
  test('redeem one code once, and reusing it revokes the tokens that were issued for it (RFC 6749 §4.1.2)', async () => {
    const party = await on.party();
    const ticket: Ticket = { kind: 'code', party, granted: await on.code(party) };
    const grantId = await grantOf(ticket);
    const outcome = await race(ticket);
    assertOneWon(outcome);
    await assertRevoked(ticket, grantId, outcome.winners);
  });

  test('get the same successor of one refresh token, and no client is logged out', async () => {
    const party = await on.party();
    const first = await redeem(issuer, party, await on.code(party));
    const ticket: Ticket = { kind: 'refresh', party, value: first.body.refresh_token ?? '' };
    const grantId = await grantOf(ticket);
    const fields = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: ticket.value });
    const answers = await Promise.all(
      Array.from({ length: PARALLEL }, async (_, index) => {
        const request = { method: 'POST', headers: authorization(party), body: fields };
        const answer = await fetch(new URL('/token', nodeOf(index)), request);
        return `${answer.status} ${await answer.text()}`;
      }),
    );
    const [only = '', ...others] = new Set(answers);
    assert.deepEqual(others, [], 'byte for byte the same');
    assert.ok(only.startsWith('200 '), only.slice(0, 100));
    const next = rememberAll(JSON.parse(only.slice('200 '.length)) as TokenAnswer['body']);
    const ofGrant = "SELECT count(*) FROM records WHERE grant_id = $1 AND model = 'RefreshToken'";
    assert.equal(await on.count(ofGrant, [grantId]), 2, 'the presented token and one successor');
    for (const reach of urls) assert.equal((await userinfo(issuer, next.access_token ?? '', reach)).status, 200);
    assert.equal((await refresh(issuer, party, next.refresh_token ?? '', nodeOf(1))).status, 200);
    // The successor was used, so the client has received it: another request with the old token is a replay.
    const again = await present(issuer, ticket, nodeOf(1));
    assert.deepEqual([again.status, again.body.error], [400, 'invalid_grant']);
    await assertRevoked(ticket, grantId, [first, { ...again, body: next }]);
  });

  test('leave other grants of the same person alone', async () => {
    const [theirs, mine] = [await on.party(), await on.party()];
    const kept = await redeem(issuer, mine, await on.code(mine));
    await race({ kind: 'code', party: theirs, granted: await on.code(theirs) });
    for (const reach of urls) assert.equal((await userinfo(issuer, kept.body.access_token ?? '', reach)).status, 200);
  });

  test('accept one client assertion once (RFC 7523 §3)', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
    remember('private_key', (await exportJWK(privateKey)).d ?? '');
    const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256', use: 'sig' };
    const party = await on.seed.party({
      metadata: { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [jwk] } },
    });
    const assertion = await new SignJWT({})
      .setProtectedHeader({ alg: 'ES256', kid: 'one' })
      .setIssuer(party.id)
      .setSubject(party.id)
      .setAudience(issuer)
      .setJti(randomUUID())
      .setIssuedAt()
      .setExpirationTime('1m')
      .sign(privateKey);
    const body = {
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    };
    const answers = await Promise.all(
      // Stays below the limit of failures by one address in a minute.
      Array.from({ length: 20 }, async (_, index) => {
        const answer = await fetch(new URL('/token', nodeOf(index)), {
          method: 'POST',
          body: new URLSearchParams(body),
        });
        const { access_token, error } = (await answer.json()) as { access_token?: string; error?: string };
        if (access_token !== undefined) remember('access_token', access_token);
        return [answer.status, error];
      }),
    );
    assert.equal(answers.filter(([status]) => status === 200).length, 1);
    assert.deepEqual(
      answers.filter(([status]) => status !== 200),
      Array.from({ length: 19 }, () => [401, 'invalid_client']),
    );
  });
});

test(`${CLIENTS} parallel authorizations for ${CLIENTS} clients over two nodes stay in one session, and every code works`, async () => {
  const parties = await Promise.all(Array.from({ length: CLIENTS }, () => on.party()));
  const uids = await on.db.run<{ uid: string }>({ name: '', text: 'SELECT uid FROM sessions' }, []);
  assert.equal(uids.length, 1, 'one browser has one session');
  const browsers = urls.map((url) => elsewhere(on.browser, issuer, url));
  const granted = await Promise.all(
    parties.map(async (party, index) => {
      const browser = browsers[index % browsers.length] ?? on.browser;
      return { party, reach: nodeOf(index + 1), code: await authorize({ issuer, party, person: on.person, browser }) };
    }),
  );
  const statement = { name: '', text: 'SELECT client_id FROM session_authorizations WHERE session_uid = $1' };
  const rows = await on.db.run<{ client_id: string }>(statement, [uids[0]?.uid]);
  const inSession = new Set(rows.map((row) => row.client_id));
  assert.deepEqual(new Set(parties.map(({ id }) => id)).difference(inSession), new Set());
  const answers = await Promise.all(granted.map(({ party, reach, code }) => redeem(issuer, party, code, reach)));
  assert.deepEqual(
    answers.map(({ status }) => status),
    Array(CLIENTS).fill(200),
  );
});
