import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../server/platform/embedded.ts';
import { hashToken } from '../../server/platform/sealing.ts';
import type { Party } from '../helpers/deployment.ts';
import { clusterTemplate, copyCluster } from '../helpers/embedded.ts';
import { introspect, redeem, refresh, type TokenAnswer, userinfo } from '../helpers/relying_party.ts';
import { defer } from '../helpers/scope.ts';
import { freePort, isAlive, until } from '../helpers/waiting.ts';
import { Tally } from './randomness.ts';
import { stage } from './stage.ts';

/**
 * Promise 4 with Postgres as the victim: on a cluster that writes to disk before it confirms (`fsync` and
 * `synchronous_commit`), every token that a client got survives `kill -9` of the postmaster. Also promise 7: while
 * Postgres is down, no response is a verdict.
 */
const CLIENTS = 8;
const scope = { after };
const dataDir = mkdtempSync(join(tmpdir(), 'cardea-test-durable-'));
chmodSync(dataDir, 0o711); // Postgres runs as another user when the tests run as root, and needs access
const settings = { port: String(await freePort()), shared_buffers: '32MB' };

defer(scope, async () => {
  await endPostmaster('SIGQUIT');
  rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
});
copyCluster(await clusterTemplate(), dataDir);
const postgres = await startEmbeddedPostgres({ dataDir, settings });
const on = await stage(scope, { nodes: 2, databaseUrl: postgres.url });
const { issuer } = on;

function postmaster(): number | undefined {
  try {
    const pid = Number(readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);
    return pid > 0 && isAlive(pid) ? pid : undefined;
  } catch {
    return undefined;
  }
}

async function endPostmaster(signal: NodeJS.Signals): Promise<void> {
  const pid = postmaster();
  if (pid === undefined) return;
  process.kill(pid, signal);
  await until('the postmaster ends', () => !isAlive(pid));
}

/**
 * The children of a killed postmaster hold its shared memory until they notice; a new one starts when they have ended.
 */
function startAgain(): Promise<EmbeddedPostgres> {
  return until(
    'Postgres starts again',
    () => startEmbeddedPostgres({ dataDir, settings }).catch(() => false as const),
    {
      withinMs: 60_000,
    },
  );
}

/** A client that refreshes until it is stopped, and keeps every token that it gets. */
interface Client {
  readonly party: Party;
  readonly given: TokenAnswer[];
  /** The last refresh got no response: only the database can tell if it happened. */
  isUnsure: boolean;
}

test('kill -9 of Postgres during token requests: every token that was issued works after the restart', {
  timeout: 180_000,
}, async (t) => {
  assert.equal(
    await on.count(
      "SELECT count(*) FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'on'",
    ),
    3,
  );
  const clients: Client[] = [];
  for (let made = 0; made < CLIENTS; made += 1) {
    const party = await on.party();
    clients.push({ party, given: [await redeem(issuer, party, await on.code(party))], isUnsure: false });
  }
  const tally = new Tally();
  const last = (client: Client) => client.given.at(-1)?.body.refresh_token ?? '';
  const handedOut = () => clients.reduce((sum, { given }) => sum + given.length, 0);
  let isOver = false;

  async function keepRefreshing(client: Client, reach: string): Promise<void> {
    while (!isOver && !client.isUnsure) {
      const answer = await refresh(issuer, client.party, last(client), reach);
      if (answer.status === 200) {
        client.given.push(answer);
        continue;
      }
      // It must not retry before Postgres is back: reusing a refresh token that was used revokes the grant.
      assert.deepEqual([answer.status, answer.body.error], [503, 'temporarily_unavailable']);
      assert.ok(answer.headers.has('retry-after'));
      client.isUnsure = true;
    }
  }

  const load = clients.map((client, index) => keepRefreshing(client, on.nodes[index % 2]?.url ?? issuer));
  const all = Promise.all(load);
  all.catch(() => {}); // the races below settle the promise
  const start = handedOut();
  const isUnderWay = () => handedOut() >= start + 5 * CLIENTS;
  await Promise.race([all, until('the load has started', isUnderWay, { withinMs: 60_000, everyMs: 1 })]);
  await endPostmaster('SIGKILL');
  const haveHeard = () => clients.every(({ isUnsure }) => isUnsure);
  await Promise.race([all, until('every client has noticed it', haveHeard, { withinMs: 30_000 })]);
  isOver = true;
  await all;
  const down = await refresh(issuer, clients[0]?.party as Party, 'whatever');
  assert.deepEqual(
    [down.status, down.body.error],
    [503, 'temporarily_unavailable'],
    'a lost response is not a verdict either',
  );
  assert.equal((await fetch(`${issuer}/.well-known/jwks.json`)).status, 200);

  await startAgain();
  const [first] = clients;
  await until(
    'the servers are back',
    async () => (await userinfo(issuer, first?.given[0]?.body.access_token ?? '')).status === 200,
  );

  for (const client of clients) {
    for (const [index, { body }] of client.given.entries()) {
      const reach = on.nodes[index % 2]?.url;
      assert.equal(
        (await userinfo(issuer, body.access_token ?? '', reach)).status,
        200,
        'an access token that was issued works',
      );
      tally.add('access tokens alive');
    }
    const used = (await introspect(issuer, client.party, last(client))).active !== true;
    const again = await refresh(issuer, client.party, last(client));
    if (!used) {
      tally.add('refresh had not happened: works');
      assert.equal(again.status, 200);
      continue;
    }
    const at = 'SELECT extract(epoch FROM consumed_at) * 1000 FROM records WHERE id_hash = $1';
    const isRecent = again.status === 200 || Date.now() - (await on.count(at, [hashToken(last(client))])) < 9_000;
    if (isRecent) {
      tally.add('refresh had happened unheard: answered again');
      assert.equal(again.status, 200, again.body.error);
      assert.equal((await userinfo(issuer, again.body.access_token ?? '')).status, 200);
      continue;
    }
    tally.add('refresh had happened unheard, too long ago: refused and revoked');
    assert.equal(again.body.error, 'invalid_grant');
    assert.equal((await userinfo(issuer, client.given.at(-1)?.body.access_token ?? '')).status, 401);
  }
  t.diagnostic(`${tally}`);
});
