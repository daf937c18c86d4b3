import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { hashToken } from '../../server/platform/sealing.ts';
import type { Party } from '../helpers/deployment.ts';
import { type ServerNode, startNode } from '../helpers/processes.ts';
import { introspect, redeem, type TokenAnswer, userinfo } from '../helpers/relying_party.ts';
import { until } from '../helpers/waiting.ts';
import { type Randomness, randomness, Tally } from './randomness.ts';
import { bearerOf, NO_LIMIT, present, stage, type Ticket } from './stage.ts';

/**
 * Promise 4: a crash loses nothing and doubles nothing. Servers are killed during token requests; another server on the
 * same database must then accept every token that a client got, and must not issue anything twice.
 */
const ROUNDS = Number(process.env.TEST_CHAOS_ROUNDS ?? 2);
/** On a loaded machine responses arrive together, and a kill may miss all requests: then further rounds follow. */
const MOST_ROUNDS = Math.max(18, 3 * ROUNDS);
/** In `make chaos` victims restart while the others are being killed, so that no round waits for a start. */
const VICTIMS = process.env.TEST_CHAOS_LONG === 'true' ? 3 : 1;
/** Starting a server takes longer than many requests, so that one kill interrupts many. */
const CODES = 6;
const REFRESHES = 6;
/** A server is killed this long at most after some of the requests were answered. */
const LATER_MS = 20;

const scope = { after };
const on = await stage(scope, { nodes: 1 });
const { issuer } = on;
const [keeper] = on.nodes;

interface Victim {
  readonly node: ServerNode;
  /** The application name of its connections, by which the database can tell when all of them have ended. */
  readonly name: string;
  ready: Promise<void>;
}

const victims: Victim[] = await Promise.all(
  Array.from({ length: VICTIMS }, async (_, index) => {
    const name = `victim-${index}`;
    const env = { ...NO_LIMIT, CARDEA_MASTER_KEY: on.masterKey, CARDEA_ISSUER: issuer };
    const node = await startNode(scope, { databaseUrl: `${on.databaseUrl}?application_name=${name}`, env });
    return { node, name, ready: Promise.resolve() };
  }),
);

/** A client and its latest token response. */
interface Holder {
  readonly party: Party;
  readonly answer: TokenAnswer;
  /** The number of refresh tokens that its grant has had. */
  readonly generation: number;
}

/** The tokens of this response work on a node that did not issue them. */
async function assertWorks({ party, answer }: Holder): Promise<void> {
  const { access_token = '', refresh_token = '', id_token = '' } = answer.body;
  const { status, body } = await userinfo(issuer, access_token, keeper.url);
  assert.deepEqual([status, body.sub], [200, on.person.id]);
  assert.equal((await introspect(issuer, party, refresh_token, keeper.url)).active, true);
  const verified = await jwtVerify(id_token, keys, { issuer, audience: party.id });
  assert.equal(verified.payload.sub, on.person.id);
}

const keys = createLocalJWKSet((await (await fetch(`${keeper.url}/.well-known/jwks.json`)).json()) as JSONWebKeySet);

interface Attempt {
  readonly ticket: Ticket;
  /** The tokens that the client had before it refreshed. */
  readonly holder: Holder | undefined;
  answer: TokenAnswer | undefined;
}

/**
 * Requests in progress at one node; each ends with a response, or without one when the node is killed.
 * @param answers `answered` resolves after this many
 */
function launch(tickets: readonly { ticket: Ticket; holder?: Holder }[], node: ServerNode, answers: number) {
  const attempts: Attempt[] = tickets.map(({ ticket, holder }) => ({ ticket, holder, answer: undefined }));
  const answered = Promise.withResolvers<void>();
  let missing = answers;
  if (missing === 0) answered.resolve();
  const ended = attempts.map(async (attempt) => {
    attempt.answer = await present(issuer, attempt.ticket, node.url).catch(() => undefined);
    missing -= 1;
    if (missing === 0) answered.resolve();
  });
  return { attempts, answered: answered.promise, ended: Promise.all(ended) };
}

/** Tells if a ticket was used, and which tokens of its grant are stored. */
async function stored(ticket: Ticket) {
  const text = `SELECT r.consumed_at IS NOT NULL AS used, r.consumed_at, r.grant_id,
                       (SELECT count(*)::int FROM records o WHERE o.grant_id = r.grant_id AND o.model = 'RefreshToken') AS refresh_tokens,
                       (SELECT count(*)::int FROM records o WHERE o.grant_id = r.grant_id AND o.model = 'AccessToken') AS access_tokens
                  FROM records r WHERE r.id_hash = $1`;
  const [row] = await on.db.run<{
    used: boolean;
    consumed_at: Date | null;
    grant_id: string;
    refresh_tokens: number;
    access_tokens: number;
  }>({ name: 'chaos_stored', text }, [hashToken(bearerOf(ticket))]);
  return row;
}

/** The killed process is gone at once, but the database may still be running its last statements. */
function disconnected(name: string): Promise<unknown> {
  return until('the database has finished what the killed server had sent', async () => {
    return (await on.count('SELECT count(*) FROM pg_stat_activity WHERE application_name = $1', [name])) === 0;
  });
}

async function kill({ node, name }: Victim): Promise<void> {
  await node.kill();
  await disconnected(name);
}

/** Starts the victim again on its port. */
function restart(victim: Victim): void {
  victim.ready = victim.node.restart();
  victim.ready.catch(() => {}); // the round that waits for it gets the error
}

/** Makes the fresh codes and refresh tokens of one round. */
async function prepare(holders: Holder[], random: Randomness): Promise<{ ticket: Ticket; holder?: Holder }[]> {
  const codes = Array.from({ length: CODES }, async () => {
    const party = await on.party();
    return { ticket: { kind: 'code', party, granted: await on.code(party) } as const };
  });
  const refreshing = holders.splice(0, REFRESHES).map((holder) => {
    const value = holder.answer.body.refresh_token ?? '';
    return { ticket: { kind: 'refresh', party: holder.party, value } as const, holder };
  });
  // In random order, so that neither kind is always answered before the kill.
  return [...(await Promise.all(codes)), ...refreshing]
    .map((one) => ({ one, at: random.next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one);
}

const generationAfter = ({ holder }: Attempt) => (holder?.generation ?? 0) + 1;

/** Compares an interrupted request with the database, and repeats it. */
async function settle({ ticket, holder, answer }: Attempt, tally: Tally): Promise<Holder | undefined> {
  const attempt = { ticket, holder, answer };
  const generation = generationAfter(attempt);
  const before = await stored(ticket);
  assert.ok(before, 'only a second attempt may revoke');
  const issued = before.used ? generation : generation - 1;
  assert.deepEqual(
    [before.refresh_tokens, before.access_tokens],
    [issued, issued],
    'a ticket is used if and only if its tokens are stored',
  );
  if (answer) {
    assert.equal(answer.status, 200, `a complete response is never an error: ${JSON.stringify(answer.body)}`);
    assert.equal(before.used, true);
    tally.add(`${ticket.kind} answered`);
    const held = { party: ticket.party, answer, generation };
    await assertWorks(held);
    return held;
  }
  const again = await present(issuer, ticket, keeper.url);
  if (!before.used) {
    tally.add(`${ticket.kind} lost before commit, redeemed elsewhere`);
    assert.equal(again.status, 200);
    const held = { party: ticket.party, answer: again, generation };
    await assertWorks(held);
    return held;
  }
  const age = Date.now() - (before.consumed_at?.getTime() ?? 0);
  if (ticket.kind === 'refresh' && (age < 9_000 || again.status === 200)) {
    tally.add('refresh lost after commit, answered again');
    assert.equal(again.status, 200, `${age} ms after it was used: ${JSON.stringify(again.body)}`);
    assert.equal((await stored(ticket))?.refresh_tokens, issued, 'no second successor');
    const held = { party: ticket.party, answer: again, generation };
    await assertWorks(held);
    return held;
  }
  tally.add(`${ticket.kind} lost after commit, refused and revoked`);
  assert.deepEqual([again.status, again.body.error], [400, 'invalid_grant']);
  assert.equal(await on.count('SELECT count(*) FROM grants WHERE id = $1', [before.grant_id]), 0);
  assert.equal(await on.count('SELECT count(*) FROM records WHERE grant_id = $1', [before.grant_id]), 0);
  return undefined;
}

test(`kill -9 during token requests, ${ROUNDS} rounds: the tokens of clients work, and no request succeeds twice`, {
  timeout: 60_000 + MOST_ROUNDS * 10_000,
}, async (t) => {
  const random = randomness();
  t.diagnostic(`TEST_CHAOS_SEED=${random.seed}`);
  const tally = new Tally();
  let holders: Holder[] = [];
  for (let made = 0; made < REFRESHES * 2; made += 1) {
    const party = await on.party();
    holders.push({ party, answer: await redeem(issuer, party, await on.code(party), keeper.url), generation: 1 });
  }

  /** The numbers of code redemptions and refreshes that lost their response. */
  const lost = () =>
    (['code', 'refresh'] as const).map(
      (kind) =>
        tally.of(`${kind} lost before commit, redeemed elsewhere`) +
        tally.of(`${kind} lost after commit, refused and revoked`) +
        tally.of(`${kind} lost after commit, answered again`),
    );
  const hasHitBoth = () => lost().every((count) => count > 0);

  for (let round = 0; round < ROUNDS || (round < MOST_ROUNDS && !hasHitBoth()); round += 1) {
    const victim = victims[round % VICTIMS] as Victim;
    if (round >= ROUNDS) restart(victim);
    await victim.ready;
    const tickets = await prepare(holders, random);
    // In half of the rounds at once, when requests that were committed in one transaction are being answered.
    const [answers, moment] = [Math.floor(random.next() * tickets.length), (random.next() * 2 - 1) * LATER_MS];
    const { attempts, answered, ended } = launch(tickets, victim.node, answers);
    await answered;
    if (moment > 0) await pause(moment);
    await kill(victim);
    if (round + VICTIMS < ROUNDS) restart(victim);
    await ended;
    const settled = await Promise.all(
      attempts.map((attempt) =>
        settle(attempt, tally).catch((cause: unknown) => {
          const when = `${Math.max(0, moment).toFixed(1)} ms after ${answers} responses`;
          throw new Error(`round ${round}, killed ${when}, ${attempt.ticket.kind}`, { cause });
        }),
      ),
    );
    holders = [...holders, ...settled.filter((one) => one !== undefined)];
  }
  t.diagnostic(`${tally}`);

  for (const holder of holders) await assertWorks(holder);
  assert.ok(
    hasHitBoth(),
    `no ${lost()[0] ? 'refresh' : 'code redemption'} was hit: the kills did not test anything (${tally})`,
  );
});
