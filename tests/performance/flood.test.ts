import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { createDb } from '../../server/platform/db.ts';
import { begin } from '../flows/support.ts';
import { browserSession, formOf } from '../helpers/browser_session.ts';
import { createSeeder } from '../helpers/deployment.ts';
import { databaseUrl } from '../helpers/postgres.ts';
import { startNode } from '../helpers/processes.ts';
import { defer } from '../helpers/scope.ts';

/** A flood of sign-ins must not use up the memory or block other requests. */
const LOGINS = 200;
/** The memory that a server process may use for 200 sign-ins in progress, without the hashes. */
const REQUESTS_MIB = 64;

const scope = { after };
const url = await databaseUrl(scope);
const node = await startNode(scope, {
  databaseUrl: url,
  env: { CARDEA_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'), CARDEA_PASSWORD_QUEUE: '60' },
});
const db = createDb({ url });
defer(scope, () => db.close());
const seed = await createSeeder(db, Buffer.alloc(32, 7).toString('base64'));
const party = await seed.party();

/** Resident memory of the server, in MiB. */
async function residentMiB(): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(node.pid())]);
  return Number(stdout) / 1_024;
}

async function prepare() {
  const person = await seed.person();
  const { browser, page } = await begin({ issuer: node.issuer }, party, {}, browserSession(node.issuer));
  const { action, fields } = formOf(page);
  return () =>
    browser.post(action, { ...fields, identifier: person.email, password: person.password, action: 'signin' });
}

test('of 200 sign-ins at once each succeeds or is told to retry, memory stays bounded, and the JWKS responds', async (t) => {
  const logins = await Promise.all(Array.from({ length: LOGINS }, prepare));
  for (const signIn of await Promise.all(Array.from({ length: 8 }, prepare))) await signIn();
  const before = await residentMiB();
  let peak = before;
  let isOver = false;
  const jwks = { asked: 0, answered: 0 };
  const watch = (async () => {
    while (!isOver) {
      jwks.asked += 1;
      const answer = await fetch(`${node.url}/.well-known/jwks.json`);
      await answer.arrayBuffer();
      if (answer.status === 200) jwks.answered += 1;
      peak = Math.max(peak, await residentMiB());
    }
  })();
  const answers = await Promise.all(logins.map((signIn) => signIn()));
  isOver = true;
  await watch;

  const succeeded = answers.filter(({ status }) => status === 303).length;
  const refused = answers.filter(({ status }) => status === 503);
  t.diagnostic(`${succeeded} signed in, ${refused.length} asked to come back; ${jwks.answered} JWKS meanwhile`);
  t.diagnostic(`memory ${before.toFixed(0)} → ${peak.toFixed(0)} MiB`);
  assert.equal(succeeded + refused.length, LOGINS);
  assert.ok(succeeded >= 60, 'requests that fit into the queue are served');
  assert.ok(refused.length > 0, 'some requests are refused, otherwise the flood was too small');
  for (const { headers } of refused) assert.ok(Number(headers.get('retry-after')) > 0);
  assert.equal(jwks.answered, jwks.asked);
  assert.ok(jwks.answered > 10);
  assert.ok(peak - before < REQUESTS_MIB, `${(peak - before).toFixed(0)} MiB more`);
  const [counted] = await db.run<{ n: number }>(
    { name: '', text: 'SELECT coalesce(sum(in_flight + failures), 0)::int AS n FROM attempts' },
    [],
  );
  assert.equal(counted?.n, 0, 'a password that was never verified does not count as a guess');
  // A refused request does not count as a guess, so the person can sign in after the flood.
  const again = logins[answers.findIndex(({ status }) => status === 503)];
  assert.equal((await again?.())?.status, 303);
});
