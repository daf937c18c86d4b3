import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createDb } from '../../server/platform/db.ts';
import { createSeeder } from '../helpers/deployment.ts';
import { startCluster } from '../helpers/processes.ts';
import { partyOf, register } from '../helpers/registration.ts';
import { authorize, redeem, refresh } from '../helpers/relying_party.ts';
import { defer } from '../helpers/scope.ts';

/**
 * A flood of registrations (RFC 7591) from one address over two nodes: the number of clients is bounded, and no client
 * in use is removed.
 */
const [FLOOD, QUOTA] = process.env.TEST_CHAOS_LONG === 'true' ? [10_000, 100] : [200, 20];
const PARALLEL = 20;
/** Registrations in progress do not remove each other. */
const MOST = QUOTA + PARALLEL + 1;

const scope = { after };
const cluster = await startCluster(scope, {
  env: {
    CARDEA_REGISTRATION: 'open',
    CARDEA_REGISTRATION_QUOTA: String(QUOTA),
    CARDEA_RATE_LIMIT: '1000000',
  },
});
const db = createDb({ url: cluster.databaseUrl });
defer(scope, () => db.close());
const { issuer } = cluster;
const urls = cluster.nodes.map(({ url }) => url);

const count = async () =>
  Number(
    (await db.run<{ n: string }>({ name: '', text: "SELECT count(*) AS n FROM clients WHERE kind = 'dynamic'" }, []))[0]
      ?.n,
  );

test(`${FLOOD} registrations from one address leave at most ${MOST} clients, and keep the client with a live grant`, async () => {
  const person = await (await createSeeder(db, cluster.masterKey)).person();
  const description = { token_endpoint_auth_method: 'none', grant_types: ['authorization_code', 'refresh_token'] };
  const first = await register({ issuer }, { ...description, redirect_uris: ['https://agent.example/cb'] });
  assert.equal(first.status, 201);
  const party = { ...partyOf(first.body), secret: undefined };
  const tokens = await redeem(issuer, party, await authorize({ issuer, party, person }));
  assert.equal(tokens.status, 200);

  let most = 0;
  for (let done = 0; done < FLOOD; done += PARALLEL) {
    const answers = await Promise.all(
      Array.from({ length: PARALLEL }, (_, n) =>
        register(
          { issuer: urls[n % urls.length] ?? issuer },
          { ...description, redirect_uris: [`https://h${done + n}.example/cb`] },
        ),
      ),
    );
    for (const { status } of answers) assert.equal(status, 201);
    if (done % (2 * QUOTA) === 0) most = Math.max(most, await count());
  }
  most = Math.max(most, await count());
  assert.ok(most <= MOST, `there were ${most} clients at a time`);
  assert.equal((await refresh(issuer, party, tokens.body.refresh_token ?? '')).status, 200);
});
