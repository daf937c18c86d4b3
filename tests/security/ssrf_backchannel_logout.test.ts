import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodeJwt } from 'jose';
import { browserSession } from '../helpers/browser_session.ts';
import { allFailedOnce, assertLoggedSafely, assertStillQueued } from '../helpers/deliveries.ts';
import { deployment } from '../helpers/deployment.ts';
import { fieldValue } from '../helpers/html.ts';
import { authorize } from '../helpers/relying_party.ts';
import { ssrf } from '../helpers/ssrf_cases.ts';

/**
 * Server-side request forgery by `backchannel_logout_uri` (Zitadel CVE-2026-55671): a client names a URL, and a
 * sign-out causes a POST to it.
 */
const scope = { after };
const hostile = await ssrf(scope);
const app = await deployment(scope, { env: hostile.env });
const person = await app.seed.person();
const browser = browserSession(app.issuer);

/** Signs the person in, in the same browser, to an app with this logout URI. */
async function partyAt(backchannel_logout_uri: string) {
  const party = await app.seed.party({ firstParty: true, metadata: { backchannel_logout_uri } });
  await authorize({ issuer: app.issuer, party, person, browser });
  return party;
}

const good = await partyAt(hostile.reachable);
const names = new Map<string, string>();
for (const { name, url } of hostile.cases) names.set((await partyAt(url)).id, name);
const page = await browser.get('/logout');
const xsrf = fieldValue(page, 'xsrf');
await browser.post('/logout/confirm', { xsrf, logout: 'yes' });
const tried = await allFailedOnce(app.db, names.size);

test('an app at an allowed address is notified, even if the others fail', () => {
  assert.equal(hostile.arrived.length, 1);
  const { method, body } = hostile.arrived[0] ?? assert.fail();
  assert.equal(method, 'POST');
  assert.equal(decodeJwt(new URLSearchParams(body).get('logout_token') ?? '').aud, good.id);
});

for (const name of new Set(names.values())) {
  test(`backchannel_logout_uri: ${name} is not requested`, () => {
    const ids = [...names].filter(([, one]) => one === name).map(([id]) => id);
    assertStillQueued(hostile, tried, ids);
  });
}

test('an endless body is cut off, and the log names only the app, neither request nor response', () => {
  assertLoggedSafely(hostile, app.logLines, names.size);
});
