import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { deployment, type Party } from '../helpers/deployment.ts';
import { authorize, introspect, redeem, token } from '../helpers/relying_party.ts';
import { begin, callbackOf, refusal } from './support.ts';

const app = await deployment({ after });
const person = await app.seed.person();
const confidential = await app.seed.party();
const publicParty = await app.seed.party({ public: true });
const ours = await app.seed.party({ firstParty: true });
const INVALID_GRANT = { status: 400, error: 'invalid_grant' };

const parties: Record<string, Party> = { confidential, public: publicParty, 'first-party': ours };

for (const [kind, party] of Object.entries(parties)) {
  test(`a ${kind} client must use PKCE (RFC 9700 §2.1.1)`, async () => {
    const { page } = await begin(app, party, { code_challenge: undefined, code_challenge_method: undefined });
    const { error, state } = callbackOf(page);
    assert.equal(error, 'invalid_request');
    assert.ok(state);
  });

  test(`a ${kind} client must send the right verifier (RFC 7636 §4.6)`, async () => {
    const granted = await authorize({ issuer: app.issuer, party, person });
    const fields = { grant_type: 'authorization_code', code: granted.code, redirect_uri: party.redirectUri };
    assert.deepEqual(refusal(await token(app.issuer, party, fields)), INVALID_GRANT, 'without a verifier');
    const wrong = randomBytes(32).toString('base64url');
    assert.deepEqual(refusal(await redeem(app.issuer, party, { ...granted, verifier: wrong })), INVALID_GRANT);
    assert.equal((await redeem(app.issuer, party, granted)).status, 200);
  });
}

test('the method plain is refused, and so is a challenge without a method, whose default is plain (RFC 7636 §4.3)', async () => {
  const verifier = randomBytes(32).toString('base64url');
  for (const code_challenge_method of ['plain', undefined, 's256', 'S512', '']) {
    const { page } = await begin(app, publicParty, { code_challenge: verifier, code_challenge_method });
    assert.equal(callbackOf(page).error, 'invalid_request', String(code_challenge_method));
  }
});

test('a challenge that cannot be a SHA-256 is refused', async () => {
  for (const code_challenge of ['', 'x', 'x'.repeat(42), 'x'.repeat(129), `${'x'.repeat(42)}=`, `${'x'.repeat(42)} `]) {
    const { page } = await begin(app, publicParty, { code_challenge });
    assert.equal(callbackOf(page).error, 'invalid_request', JSON.stringify(code_challenge));
  }
});

test('a wrong verifier does not use up the code: a thief can neither redeem nor block it', async () => {
  // RFC 7636 does not decide this. Using up the code would let a thief block the sign-in; a guess succeeds once in
  // 2^256 either way.
  const granted = await authorize({ issuer: app.issuer, party: publicParty, person });
  const wrong = await redeem(app.issuer, publicParty, { ...granted, verifier: randomBytes(32).toString('base64url') });
  assert.deepEqual(refusal(wrong), INVALID_GRANT);
  const right = await redeem(app.issuer, publicParty, granted);
  assert.equal(right.status, 200);
  // A further request with the wrong or the right verifier is a second use of the code.
  assert.deepEqual(refusal(await redeem(app.issuer, publicParty, granted)), INVALID_GRANT);
  assert.equal((await introspect(app.issuer, publicParty, right.body.access_token ?? '')).active, false);
});

test('neither the challenge itself nor a similar value is accepted as a verifier', async () => {
  const granted = await authorize({ issuer: app.issuer, party: publicParty, person });
  const challenge = createHash('sha256').update(granted.verifier).digest('base64url');
  for (const verifier of [
    challenge,
    `${granted.verifier}=`,
    granted.verifier.slice(0, -1),
    granted.verifier.repeat(2),
  ]) {
    const { status, body } = await redeem(app.issuer, publicParty, { ...granted, verifier });
    assert.equal(status, 400);
    assert.ok(body.error === 'invalid_grant' || body.error === 'invalid_request', String(body.error));
  }
  assert.equal((await redeem(app.issuer, publicParty, granted)).status, 200);
});

test('a code is bound to its client and its redirect URI (RFC 6749 §4.1.3)', async () => {
  const two = await app.seed.party({
    metadata: { redirect_uris: ['https://rp.example.com/a', 'https://rp.example.com/b'] },
  });
  const granted = await authorize({ issuer: app.issuer, party: two, person });
  const elsewhere = { ...two, redirectUri: 'https://rp.example.com/b' };
  assert.deepEqual(refusal(await redeem(app.issuer, elsewhere, granted)), INVALID_GRANT);
  assert.deepEqual(
    refusal(await redeem(app.issuer, { ...confidential, redirectUri: two.redirectUri }, granted)),
    INVALID_GRANT,
  );
  assert.equal((await redeem(app.issuer, two, granted)).status, 200);
});
