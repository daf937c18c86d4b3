import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { endSessions } from '../../server/records/overview.ts';
import { refusal, tokensFor } from '../flows/support.ts';
import { openAccount, press } from '../helpers/account.ts';
import { deleteAccounts } from '../helpers/account_changes.ts';
import { askPerson, CIBA_GRANT, decideRequest, fetchTokens } from '../helpers/ciba.ts';
import { deployment, type Party, type Person } from '../helpers/deployment.ts';
import { askForCode, DEVICE_GRANT, decide, poll, typeCode } from '../helpers/device.ts';
import { authorize, redeem } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';

/**
 * An approval is redeemed only while the account and the client are still allowed to (Keycloak CVE-2026-16103,
 * CVE-2026-88770).
 */

const scope = { after };
const app = await deployment(scope);
const { issuer, seed } = app;
const NEW_PASSWORD = remember('password', 'Another-Horse-Battery-7');

/** Has a person approve a request, and returns the function with which the client redeems it. */
const approvals = {
  async 'a device code'(one: Party, person: Person) {
    const { browser } = await tokensFor(app, await seed.party({ firstParty: true }), person);
    const { body } = await askForCode(issuer, one, { scope: 'openid offline_access' });
    await decide(browser, await typeCode(browser, body.user_code), 'confirm');
    return () => poll(issuer, one, body.device_code);
  },
  async 'a backchannel request'(one: Party, person: Person) {
    const { body } = await askPerson(issuer, one, { login_hint: person.email, scope: 'openid offline_access' });
    await decideRequest(app, person, 'approve');
    return () => fetchTokens(issuer, one, body.auth_req_id);
  },
  async 'a code'(one: Party, person: Person) {
    const granted = await authorize({ issuer, party: one, person });
    return () => redeem(issuer, one, granted);
  },
};

const locks: Record<string, { lock(one: Party, person: Person): Promise<void>; error: string }> = {
  'the account is disabled': {
    lock: (_one, { id }) => seed.accounts.disable(id),
    error: 'invalid_grant',
  },
  'the account is disabled and enabled again': {
    async lock(_one, { id }) {
      await seed.accounts.disable(id, endSessions(id));
      await seed.accounts.enable(id);
    },
    error: 'invalid_grant',
  },
  'the person has another password': {
    async lock(_one, person) {
      const { browser, page } = await openAccount(app, person, '/account/password');
      assert.equal((await press(browser, page, 'change', { new_password: NEW_PASSWORD })).status, 303);
    },
    error: 'invalid_grant',
  },
  'the account is deleted': {
    lock: (_one, { id }) => deleteAccounts(app.db, id),
    error: 'invalid_grant',
  },
  'the client may not use that grant any more': {
    async lock(one) {
      await seed.clients.update(one.id, { metadata: { grant_types: ['client_credentials'], response_types: [] } });
    },
    error: 'unauthorized_client',
  },
  'the client is deleted': { lock: (one) => seed.clients.remove(one.id), error: 'invalid_client' },
};

for (const [what, approve] of Object.entries(approvals)) {
  for (const [when, { lock, error }] of Object.entries(locks)) {
    test(`${what} that was approved gives no token after ${when}`, async () => {
      const person = await seed.person();
      const one = await seed.party({
        firstParty: true,
        metadata: {
          grant_types: ['authorization_code', 'refresh_token', DEVICE_GRANT, CIBA_GRANT],
          backchannel_token_delivery_mode: 'poll',
        },
      });
      const fetchAll = await approve(one, person);
      await lock(one, person);
      const answer = await fetchAll();
      assert.deepEqual(refusal(answer), { status: error === 'invalid_client' ? 401 : 400, error });
      assert.equal(answer.body.access_token, undefined);
    });
  }
}
