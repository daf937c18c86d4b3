import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { PROBE_HEADER, probeToken, type Seen } from '../../server/platform/probe.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { deployment } from '../helpers/deployment.ts';

/** What a server sees of a request, and how its jobs run, is told to the holder of the master key alone, and for a minute. */

let at = Date.now();
const app = await deployment({ after }, { now: () => at });
const sealer = createSealer([Buffer.from(app.masterKey, 'base64')]);
const ask = async (token: string) =>
  (await fetch(`${app.issuer}/healthz`, { headers: { [PROBE_HEADER]: token, forwarded: 'for=203.0.113.9' } })).json();
const HOUR_MS = 3_600_000;
const isWarning = (line: string) => line.includes('a forwarded address was ignored');
const NOTHING = { status: 'ok' };

test('the holder of the master key gets what the server saw', async () => {
  const { seen } = (await ask(probeToken(sealer, app.issuer, () => at))) as { seen: Record<string, unknown> };
  assert.equal(seen.forwarded, 'for=203.0.113.9');
  assert.equal(seen.trusted, false);
  assert.match(String(seen.peer), /127\.0\.0\.1|::1/);
  assert.ok(!app.logLines.some(isWarning), 'its headers say nothing about a proxy, so no line warns of one');
});

test('the holder learns which jobs of the server are late', async () => {
  const jobs = async () => {
    const { seen } = (await ask(probeToken(sealer, app.issuer, () => at))) as { seen: Seen };
    return seen.jobs ?? [];
  };
  assert.deepEqual(
    (await jobs()).filter(({ isLate }) => isLate),
    [],
  );
  at += HOUR_MS;
  const late = (await jobs()).filter(({ isLate }) => isLate).map(({ name }) => name);
  // Those that run once an hour are not late yet.
  assert.ok(late.includes('unused clients') && late.includes('erasures') && !late.includes('months of the audit'));
});

test('strangers get what everybody gets', async () => {
  const other = createSealer([randomBytes(32)]);
  const good = probeToken(sealer, app.issuer, () => at);
  const sealedElsewhere = sealer
    .seal({ table: 'links', column: 'sealed', row: 'doctor' }, Buffer.from(JSON.stringify({ issuer: app.issuer, at })))
    .toString('base64url');
  for (const token of [
    '',
    'x',
    'x'.repeat(10_000),
    probeToken(other, app.issuer, () => at),
    probeToken(sealer, 'https://other.example.com', () => at),
    `${good}${'A'.repeat(300)}`,
    good.slice(0, -2),
    sealedElsewhere,
  ])
    assert.deepEqual(await ask(token), NOTHING);
  assert.ok(app.logLines.some(isWarning), 'a stranger who pretends to be a probe is warned of');
  assert.deepEqual(await (await fetch(`${app.issuer}/healthz`)).json(), NOTHING);
  at += 61_000;
  assert.deepEqual(await ask(good), NOTHING, 'a token that is a minute old');
});
