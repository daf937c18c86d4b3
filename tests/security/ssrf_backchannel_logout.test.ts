import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodeJwt } from 'jose';
import { browserSession } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { authorize } from '../helpers/relying_party.ts';
import { ssrf } from '../helpers/ssrf_cases.ts';
import { until } from '../helpers/waiting.ts';

/**
 * Server-side request forgery by `backchannel_logout_uri` (Zitadel CVE-2026-55671): whoever registers a client names a
 * URL, and whoever signs out has something posted there.
 */
const scope = { after };
const hostile = await ssrf(scope);
const app = await deployment(scope, { env: hostile.env });
const person = await app.seed.person();
const browser = browserSession(app.issuer);

/** Signs the person in, in the one browser, to an app that says it is to be told there. */
async function partyAt(backchannel_logout_uri: string) {
  const party = await app.seed.party({ firstParty: true, metadata: { backchannel_logout_uri } });
  await authorize({ issuer: app.issuer, party, person, browser });
  return party;
}

interface Waiting {
  readonly client_id: string;
  readonly attempts: number;
  readonly pause: number;
}

async function waiting(): Promise<Waiting[]> {
  const text = `SELECT client_id, attempts, extract(epoch FROM next_attempt_at)::float8 - $1::float8 AS pause FROM deliveries`;
  return app.db.run<Waiting>({ name: 'waiting', text }, [Date.now() / 1_000]);
}

const good = await partyAt(hostile.reachable);
const names = new Map<string, string>();
for (const { name, url } of hostile.cases) names.set((await partyAt(url)).id, name);
const page = await browser.get('/logout');
const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.body)?.[1] ?? '';
await browser.post('/logout/confirm', { xsrf, logout: 'yes' });
/** A lease is a minute, the first pause ten seconds at most: what has the latter has been tried. */
const tried = await until(
  'everything to be tried',
  async () => {
    const rows = await waiting();
    return rows.length === names.size && rows.every(({ attempts, pause }) => attempts > 0 && pause < 30) && rows;
  },
  { withinMs: 30_000 },
);

test('an app that is where it may be is told, whatever becomes of the others', () => {
  assert.equal(hostile.arrived.length, 1);
  const { method, body } = hostile.arrived[0] ?? assert.fail();
  assert.equal(method, 'POST');
  assert.equal(decodeJwt(new URLSearchParams(body).get('logout_token') ?? '').aud, good.id);
});

for (const name of new Set(names.values())) {
  test(`backchannel_logout_uri: ${name} is not gone to`, () => {
    const ids = [...names].filter(([, one]) => one === name).map(([id]) => id);
    const rows = tried.filter(({ client_id }) => ids.includes(client_id));
    assert.equal(rows.length, ids.length, 'it is not taken for told');
    assert.equal(hostile.connections(), 0);
  });
}

test('a body without an end is cut off', () => {
  assert.ok(hostile.bytesOfEndless() > 0 && hostile.bytesOfEndless() < 16_000_000, `${hostile.bytesOfEndless()} bytes`);
});

test('what was asked and answered is in no log: whoever reads it learns of the app alone', () => {
  const lines = app.logLines.filter((line) => line.includes('could not be told'));
  assert.ok(lines.length >= names.size);
  for (const line of lines) assert.doesNotMatch(line, /https?:\/\/|ECONN|127\.0|169\.254/);
});
