import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { begin, callbackOf, post, refusal, submitPassword } from '../flows/support.ts';
import { deployment, neighbour } from '../helpers/deployment.ts';
import { authorization, authorize, token } from '../helpers/relying_party.ts';

/**
 * An attacker removes the challenge from a request, or redeems a code without the verifier (authentik CVE-2024-23647;
 * RFC 9700 §4.8.2).
 */
const scope = { after };
const app = await deployment(scope);
const lenient = await neighbour(scope, app, { env: { CARDEA_PROFILE: 'oidc' } });
const person = await app.seed.person();
const INVALID_GRANT = { status: 400, error: 'invalid_grant' };

test('a request whose challenge was removed gets no code that a verifier could redeem', async () => {
  const party = await app.seed.party({ public: true });
  const { page } = await begin(app, party, { code_challenge: undefined, code_challenge_method: undefined });
  const { code, error } = callbackOf(page);
  assert.deepEqual([code, error], [undefined, 'invalid_request']);
});

test('a code with a challenge is not redeemed without a verifier (authorization code injection)', async () => {
  const party = await app.seed.party({ public: true });
  const granted = await authorize({ issuer: app.issuer, party, person });
  const fields = { grant_type: 'authorization_code', code: granted.code, redirect_uri: party.redirectUri };
  assert.deepEqual(refusal(await token(app.issuer, party, fields)), INVALID_GRANT);
  assert.deepEqual(refusal(await token(app.issuer, party, { ...fields, code_verifier: '' })), INVALID_GRANT);
});

test('also where PKCE is optional, for a client with a secret', async () => {
  const party = await lenient.seed.party({ firstParty: true });
  const begun = await begin(lenient, party);
  const { code = '' } = callbackOf(await submitPassword(begun.browser, begun.page, person));
  const fields = { grant_type: 'authorization_code', code, redirect_uri: party.redirectUri };
  assert.deepEqual(refusal(await post(lenient, '/token', fields, authorization(party))), INVALID_GRANT);
});

test('a code without a challenge is refused with a verifier, where PKCE is optional (RFC 9700 §4.8.2)', async () => {
  const party = await lenient.seed.party({ firstParty: true });
  const begun = await begin(lenient, party, { code_challenge: undefined, code_challenge_method: undefined });
  const { code = '' } = callbackOf(await submitPassword(begun.browser, begun.page, person));
  const fields = { grant_type: 'authorization_code', code, redirect_uri: party.redirectUri };
  const injected = await post(lenient, '/token', { ...fields, code_verifier: 'v'.repeat(43) }, authorization(party));
  assert.deepEqual(refusal(injected), INVALID_GRANT);
});
