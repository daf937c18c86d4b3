import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { PERMISSION_SCOPES } from '../../server/operations/permissions.ts';
import { type ApiAnswer, bearer, callApi } from '../helpers/admin_api.ts';
import { startNode } from '../helpers/processes.ts';
import { token as tokenOf } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';
import { until } from '../helpers/waiting.ts';
import { randomness, Tally } from './randomness.ts';
import { NO_LIMIT, stage } from './stage.ts';

/**
 * A server is killed while it carries out POSTs of the admin API. Each is repeated on another node with its `Idempotency-Key`, whether
 * or not it was answered: there is one creation, and the answer is that of it.
 */
const IS_LONG = process.env.TEST_CHAOS_LONG === 'true';
const ROUNDS = IS_LONG ? 40 : 1;
/** On a loaded machine responses arrive together, and a kill may miss all requests: then further rounds follow. */
const MOST_ROUNDS = 4 * ROUNDS;
/** Of each kind. */
const REQUESTS = 8;
/** The server is killed this long at most after some of the requests were answered. */
const LATER_MS = 10;

const on = await stage({ after }, { nodes: 1 });
const { issuer } = on;
const [keeper] = on.nodes;
const NAME = 'admin-victim';
const victim = await startNode(
  { after },
  {
    databaseUrl: `${on.databaseUrl}?application_name=${NAME}`,
    env: { ...NO_LIMIT, CARDEA_MASTER_KEY: on.masterKey, CARDEA_ISSUER: issuer },
  },
);
const scope = PERMISSION_SCOPES.join(' ');
const party = await on.seed.party({ metadata: { redirect_uris: [], grant_types: ['client_credentials'], scope } });
const granted = await tokenOf(issuer, party, { grant_type: 'client_credentials', scope });
const authorization = bearer(granted.body.access_token ?? '');

/** What is created: the member of its answer that is its id, and a body with a name of its own. */
const KINDS: readonly { readonly path: string; readonly id: string; body(name: string): object }[] = [
  { path: '/users', id: 'id', body: (name) => ({ email: `${name}@example.com` }) },
  {
    path: '/clients',
    id: 'client_id',
    body: (name) => ({ client_name: name, redirect_uris: ['https://shop.example/callback'] }),
  },
  { path: '/groups', id: 'name', body: (name) => ({ name }) },
];

interface Posted {
  readonly kind: (typeof KINDS)[number];
  readonly key: string;
  readonly body: object;
  /** Of the server that was killed. */
  answer: ApiAnswer | undefined;
}

const post = ({ kind, key, body }: Posted, reach: string): Promise<ApiAnswer> =>
  callApi({ issuer: reach }, kind.path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key, ...authorization },
    body: JSON.stringify(body),
  });

/** @param answers `answered` resolves after this many */
function launch(answers: number) {
  const all: Posted[] = Array.from({ length: REQUESTS }, () => KINDS)
    .flat()
    .map((kind) => {
      const key = randomUUID();
      return { kind, key, body: kind.body(`n-${key}`), answer: undefined };
    });
  const answered = Promise.withResolvers<void>();
  let missing = answers;
  if (missing === 0) answered.resolve();
  const ended = all.map(async (one) => {
    one.answer = await post(one, victim.url).catch(() => undefined);
    missing -= 1;
    if (missing === 0) answered.resolve();
  });
  return { all, answered: answered.promise, ended: Promise.all(ended) };
}

const creationsOf = async (path: string, id: string) =>
  on.count("SELECT count(*) FROM audit WHERE action = $1 AND outcome = 'done' AND target_id = $2", [
    `${path.slice(1)}.create`,
    id,
  ]);
const allCreations = () => on.count("SELECT count(*) FROM audit WHERE action LIKE '%.create' AND outcome = 'done'");

/** The database may still be running what the killed server had sent. */
function disconnected(): Promise<unknown> {
  return until('the database has finished what the killed server had sent', async () => {
    return (await on.count('SELECT count(*) FROM pg_stat_activity WHERE application_name = $1', [NAME])) === 0;
  });
}

/** Repeats a request, twice at the same moment, and compares the answers. */
async function settle(posted: Posted, committed: ReadonlySet<string>, tally: Tally): Promise<void> {
  const { kind, answer } = posted;
  const [again, oncemore] = await Promise.all([post(posted, keeper.url), post(posted, keeper.url)]);
  assert.equal(again.status, 201, JSON.stringify(again.body));
  assert.deepEqual(oncemore.body, again.body);
  const id: string = again.body[kind.id];
  const { client_secret: secret } = again.body;
  if (typeof secret === 'string') remember('client_secret', secret);
  if (answer) assert.deepEqual([answer.status, answer.body], [201, again.body]);
  assert.equal(await creationsOf(kind.path, id), 1);
  const shown = await callApi({ issuer: keeper.url }, `${kind.path}/${encodeURIComponent(id)}`, {
    headers: authorization,
  });
  assert.equal(shown.status, 200);
  if (answer) return tally.add('answered');
  tally.add(committed.has(id) ? 'lost after commit, answered again' : 'lost before commit, created elsewhere');
}

test(`kill -9 during POSTs with Idempotency-Key, ${ROUNDS} rounds: each creates once, also when it is repeated on another node`, {
  timeout: 60_000 + MOST_ROUNDS * 15_000,
}, async (t) => {
  const random = randomness();
  t.diagnostic(`TEST_CHAOS_SEED=${random.seed}`);
  const tally = new Tally();
  const hits = () => tally.of('lost after commit, answered again') + tally.of('lost before commit, created elsewhere');
  for (let round = 0; round < ROUNDS || (round < MOST_ROUNDS && hits() === 0); round += 1) {
    if (!victim.isRunning()) await victim.restart();
    const before = await allCreations();
    const { all, answered, ended } = launch(Math.floor(random.next() * KINDS.length * REQUESTS * 0.8));
    await answered;
    const moment = (random.next() * 2 - 1) * LATER_MS;
    if (moment > 0) await pause(moment);
    await victim.kill();
    // In half of the rounds the repetitions meet transactions of the killed server.
    if (random.next() < 0.5) await disconnected();
    await ended;
    const statement = {
      name: '',
      text: "SELECT target_id FROM audit WHERE action LIKE '%.create' AND outcome = 'done'",
    };
    const committed = new Set((await on.db.run<{ target_id: string }>(statement, [])).map((row) => row.target_id));
    await Promise.all(all.map((one) => settle(one, committed, tally)));
    assert.equal(await allCreations(), before + all.length);
  }
  t.diagnostic(`${tally}`);
  assert.ok(hits() > 0, `the kills did not test anything (${tally})`);
});
