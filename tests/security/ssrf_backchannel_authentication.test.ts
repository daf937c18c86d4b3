import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { press } from '../helpers/account.ts';
import { askPerson, cibaMetadata, openRequests } from '../helpers/ciba.ts';
import { allFailedOnce, assertLoggedSafely, assertStillQueued } from '../helpers/deliveries.ts';
import { deployment, type Party } from '../helpers/deployment.ts';
import { has } from '../helpers/html.ts';
import { ssrf } from '../helpers/ssrf_cases.ts';

/**
 * Server-side request forgery by `backchannel_client_notification_endpoint` (CIBA Core 1.0 §10.2, §10.3): a client
 * names a URL, and a person's decision causes a POST to it.
 */
const scope = { after };
const hostile = await ssrf(scope);
const app = await deployment(scope, { env: hostile.env });
const person = await app.seed.person();
const TOKEN = 'notification-token';

async function partyAt(backchannel_client_notification_endpoint: string, mode: 'ping' | 'push'): Promise<Party> {
  const party = await app.seed.party({
    metadata: cibaMetadata({ backchannel_token_delivery_mode: mode, backchannel_client_notification_endpoint }),
  });
  const params = { login_hint: person.email, client_notification_token: TOKEN, scope: 'openid' };
  assert.equal((await askPerson(app.issuer, party, params)).status, 200);
  return party;
}

await partyAt(hostile.reachable, 'ping');
const names = new Map<string, string>();
for (const [at, { name, url }] of hostile.cases.entries()) {
  names.set((await partyAt(url, at % 2 === 0 ? 'ping' : 'push')).id, name);
}
const { browser, page: first } = await openRequests(app, person);
// The list has pages, and decided requests are removed from it.
for (let page = first, decided = 0; decided <= names.size; page = await browser.get('/account/requests')) {
  for (let at = 0; has(page, `#approve-${at}`); at += 1, decided += 1)
    assert.equal((await press(browser, page, `approve-${at}`)).status, 303);
}
const tried = await allFailedOnce(app.db, names.size);

test('a client at an allowed address is notified, even if the others fail', () => {
  assert.equal(hostile.arrived.length, 1);
  const { method, body } = hostile.arrived[0] ?? assert.fail();
  assert.equal(method, 'POST');
  assert.deepEqual(Object.keys(JSON.parse(body) as object), ['auth_req_id']);
});

for (const name of new Set(names.values())) {
  test(`backchannel_client_notification_endpoint: ${name} is not requested`, () => {
    const ids = [...names].filter(([, one]) => one === name).map(([id]) => id);
    assertStillQueued(hostile, tried, ids);
  });
}

test('an endless body is cut off, and the log names only the app, neither request nor response', () => {
  assertLoggedSafely(hostile, app.logLines, names.size);
  assert.ok(!app.logLines.some((line) => line.includes(TOKEN) || line.includes(person.email)));
});
