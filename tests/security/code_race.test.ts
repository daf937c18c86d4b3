import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { deployment, neighbour } from '../helpers/deployment.ts';
import { authorize, introspect, redeem, refresh } from '../helpers/relying_party.ts';

/**
 * A code that is redeemed many times at the same moment (NocoDB CVE-2026-47386: find, then mark as used). The database
 * decides, for any number of nodes. With a hundred requests and two processes: tests/chaos/races.test.ts.
 */
const scope = { after };
const app = await deployment(scope);
const { issuer } = app;
const other = await neighbour(scope, app);
const person = await app.seed.person();
const party = await app.seed.party({ firstParty: true });

test('of twenty parallel redemptions of one code on two nodes one succeeds, and its tokens are revoked (CVE-2026-47386)', async () => {
  const granted = await authorize({ issuer, party, person });
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, at) => redeem(issuer, party, granted, at % 2 === 0 ? issuer : other.issuer)),
  );
  const winners = answers.filter(({ status }) => status === 200);
  assert.equal(winners.length, 1, 'the database lets one through, and no race ends without a winner');
  for (const { status, body } of answers) {
    if (status !== 200) assert.deepEqual([status, body.error], [400, 'invalid_grant']);
  }
  for (const { body } of winners) {
    assert.deepEqual(await introspect(issuer, party, body.access_token ?? ''), { active: false });
    assert.equal((await refresh(issuer, party, body.refresh_token ?? '', other.issuer)).body.error, 'invalid_grant');
  }
});

test('a second redemption on another node is refused and revokes the tokens of the first', async () => {
  const granted = await authorize({ issuer, party, person });
  const first = await redeem(issuer, party, granted);
  assert.equal(first.status, 200);
  assert.equal((await redeem(issuer, party, granted, other.issuer)).body.error, 'invalid_grant');
  assert.deepEqual(await introspect(issuer, party, first.body.access_token ?? ''), { active: false });
});
