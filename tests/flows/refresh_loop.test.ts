import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { deployment } from '../helpers/deployment.ts';
import { refresh } from '../helpers/relying_party.ts';
import { tokensFor } from './support.ts';

/** A client that refreshes again and again because an API refuses each new token: a refresh cannot widen it (RFC 6749 §6). */
const scope = { after };
const clock = { ms: Date.now() };
const app = await deployment(scope, { now: () => clock.ms });
const party = await app.seed.party({ public: true });
const confidential = await app.seed.party();
const person = await app.seed.person();

/** Refreshes in a chain until it is refused. @returns the last token and the answer */
async function refreshInLoop(first: string, most: number, { passing = 0, by = party } = {}) {
  let value = first;
  for (let granted = 0; granted < most; granted += 1) {
    const answer = await refresh(app.issuer, by, value);
    if (answer.status !== 200) return { value, granted, answer };
    value = answer.body.refresh_token ?? '';
    clock.ms += passing;
  }
  return { value, granted: most, answer: undefined };
}

test('a loop of refreshes is refused with slow_down, and the refresh token stays valid', async () => {
  const { tokens } = await tokensFor(app, party, person);
  const { value, granted, answer } = await refreshInLoop(tokens.refresh_token ?? '', 12);
  assert.ok(granted >= 3 && granted < 9, String(granted));
  assert.deepEqual([answer?.status, answer?.body.error], [400, 'slow_down']);
  assert.match(String(answer?.body.error_description), /authorization endpoint/);
  clock.ms += 11_000;
  assert.equal((await refresh(app.issuer, party, value)).status, 200);
});

test('a client that refreshes every few seconds is no loop, and neither are several clients', async () => {
  const { tokens } = await tokensFor(app, party, person);
  const { granted } = await refreshInLoop(tokens.refresh_token ?? '', 12, { passing: 4_000 });
  assert.equal(granted, 12);
  const many = await Promise.all(Array.from({ length: 4 }, () => tokensFor(app, party, person)));
  for (const one of many) assert.equal((await refreshInLoop(one.tokens.refresh_token ?? '', 2)).granted, 2);
});

test('a repeated refresh whose response got lost does not count', async () => {
  const { tokens } = await tokensFor(app, party, person);
  for (let sent = 0; sent < 8; sent += 1) {
    assert.equal((await refresh(app.issuer, party, tokens.refresh_token ?? '')).status, 200);
  }
});

test('an app with a secret that the operator registered is not limited', async () => {
  const { tokens } = await tokensFor(app, confidential, person);
  assert.equal((await refreshInLoop(tokens.refresh_token ?? '', 12, { by: confidential })).granted, 12);
});
