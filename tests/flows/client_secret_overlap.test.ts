import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { deployment, neighbour, type Party } from '../helpers/deployment.ts';
import { token } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';
import { until } from '../helpers/waiting.ts';

const clock = { ms: Date.now() };
const now = () => clock.ms;
const scope = { after };
const one = await deployment(scope, { now });
const other = await neighbour(scope, one, { now });
const GRANT = { grant_type: 'client_credentials' };
const { clients } = one.seed;

/** The status of a token request at each node. */
async function statuses(party: Party): Promise<number[]> {
  return Promise.all([one, other].map(async (node) => (await token(node.issuer, party, GRANT)).status));
}

const arrived = (party: Party) =>
  until('both nodes accept the secret', async () => `${await statuses(party)}` === '200,200');

const rotated = async (party: Party, overlapSeconds: number): Promise<Party> => {
  const { secret } = await clients.rotateSecret(party.id, { overlapSeconds });
  return { ...party, secret: remember('client_secret', secret) };
};

for (const method of ['client_secret_basic', 'client_secret_post'] as const) {
  test(`${method}: both secrets work on all nodes until the overlap ends, then the new one alone`, async () => {
    const party = await one.seed.party({ metadata: { token_endpoint_auth_method: method } });
    assert.deepEqual(await statuses(party), [200, 200], 'each node has the client in its cache');
    const renewed = await rotated(party, 3_600);
    await arrived(renewed);
    assert.deepEqual(await statuses(party), [200, 200]);
    clock.ms += 3_600_000;
    assert.deepEqual(
      [await statuses(party), await statuses(renewed)],
      [
        [401, 401],
        [200, 200],
      ],
    );
  });
}

test('an operator ends the old secret before its time, on all nodes', async () => {
  const party = await one.seed.party();
  assert.deepEqual(await statuses(party), [200, 200]);
  const renewed = await rotated(party, 3_600);
  await arrived(renewed);
  await clients.endOverlap(party.id, 'old');
  await until('both nodes refuse the old secret', async () => `${await statuses(party)}` === '401,401');
  assert.deepEqual(await statuses(renewed), [200, 200]);
});
