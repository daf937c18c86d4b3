import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createStatements } from '../../server/records/statements.ts';
import { post } from '../flows/support.ts';
import { deployment } from '../helpers/deployment.ts';
import { authorization, introspect, token } from '../helpers/relying_party.ts';

/** The cost of an introspection does not depend on the number of revocations. */
const REVOCATIONS = 10_000;
const API = 'https://api.example.com';
const app = await deployment({ after });
await app.seed.resourceServer({ identifier: API, name: 'API', scopes: ['api:read'] });
const party = await app.seed.party({ metadata: { scope: 'api:read' } });
const fields = { grant_type: 'client_credentials', resource: API, scope: 'api:read' };
const newJwt = async () => String((await token(app.issuer, party, fields)).body.access_token);
const jwt = await newJwt();
const opaque = String((await token(app.issuer, party, { grant_type: 'client_credentials' })).body.access_token);

const ROUNDS = 60;

/** Milliseconds of one introspection without other load, and the number of all statements. */
async function measure(value: string): Promise<{ ms: number; statements: number }> {
  for (let i = 0; i < 10; i += 1) await introspect(app.issuer, party, value);
  app.statements.length = 0;
  const times: number[] = [];
  for (let i = 0; i < ROUNDS; i += 1) {
    const start = performance.now();
    assert.equal((await introspect(app.issuer, party, value)).active, true);
    times.push(performance.now() - start);
  }
  return { ms: times.sort((a, b) => a - b)[ROUNDS / 10] ?? 0, statements: app.statements.length };
}

test('introspection after 10,000 revocations sends one statement, which finds a revoked token by its key', async (t) => {
  const before = { jwt: await measure(jwt), opaque: await measure(opaque) };
  const revoked = await newJwt();
  await post(app, '/revoke', { token: revoked }, authorization(party));
  // The rest are inserted as copies of that row, since a request for each would take most of a minute.
  await app.db.run(
    {
      name: '',
      text: `INSERT INTO ended_tokens (what, issued_until, expires_at)
             SELECT 'jti ' || md5(n::text), e.issued_until, e.expires_at
               FROM ended_tokens e, generate_series(2, $1::int) AS n`,
    },
    [REVOCATIONS],
  );
  assert.equal((await app.db.run({ name: '', text: 'SELECT 1 FROM ended_tokens' }, [])).length, REVOCATIONS);
  const afterwards = { jwt: await measure(jwt), opaque: await measure(opaque) };
  for (const kind of ['jwt', 'opaque'] as const) {
    assert.equal(afterwards[kind].statements, ROUNDS, kind);
    const ratio = afterwards[kind].ms / before[kind].ms;
    t.diagnostic(
      `${kind}: ${before[kind].ms.toFixed(2)} ms before, ${afterwards[kind].ms.toFixed(2)} ms after: × ${ratio.toFixed(2)}`,
    );
  }
  assert.equal((await introspect(app.issuer, party, revoked)).active, false);
});

test('the query plan scans no whole table', async () => {
  const { findTokenStatus } = createStatements(app.seed.accounts.columns);
  const key = JSON.stringify(['jti', party.id, 'grant']);
  const plan = await app.db.run<Record<string, string>>(
    { name: '', text: `EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ${findTokenStatus.text}` },
    [[key]],
  );
  const lines = plan.map((row) => String(row['QUERY PLAN'])).join('\n');
  assert.match(lines, /(on|using) ended_tokens_pkey.*\n *Index Cond: \(what = ANY/, lines);
  assert.doesNotMatch(lines, /Seq Scan/, lines);
  const pages = Number(/Buffers: shared hit=(\d+)/.exec(lines)?.[1]);
  assert.ok(pages < 30, `${pages} pages were read:\n${lines}`);
});
