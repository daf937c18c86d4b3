import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { strFromU8, unzipSync } from 'fflate';
import en from '../../server/views/messages/en.json' with { type: 'json' };
import { runCli } from '../cli/run_cli.ts';
import { openAccount, press } from '../helpers/account.ts';
import { apiOf, bearer, machine } from '../helpers/admin_api.ts';
import { deployment } from '../helpers/deployment.ts';
import { textOf } from '../helpers/html.ts';
import { environmentOf } from '../helpers/operations.ts';
import { token } from '../helpers/relying_party.ts';
import { defer } from '../helpers/scope.ts';
import { until } from '../helpers/waiting.ts';

/** The same export by HTTP, by the command line and from the account page. */

const clock = { ms: Date.now() };
const app = await deployment({ after }, { now: () => clock.ms });
const person = await app.seed.person({ name: 'Ada Lovelace' });
const { browser } = await openAccount(app, person);
const folder = mkdtempSync(join(tmpdir(), 'cardea-test-export-'));
defer({ after }, () => rmSync(folder, { recursive: true, force: true }));
const SCOPES = 'cardea:privacy:write cardea:users:read:pii';
const client = await machine(app, SCOPES);
const { access_token: access } = await (async () => {
  const answer = await token(app.issuer, client, {
    grant_type: 'client_credentials',
    resource: apiOf(app),
    scope: SCOPES,
  });
  return answer.body as { access_token: string };
})();

const contentOf = (zip: Uint8Array) => {
  const files = unzipSync(zip);
  assert.deepEqual(Object.keys(files).sort(), ['personal-data.html', 'personal-data.json']);
  return JSON.parse(strFromU8(files['personal-data.json'] ?? new Uint8Array()));
};

function post(headers: Record<string, string> = {}) {
  return fetch(`${apiOf(app)}/users/${person.id}/data-export`, {
    method: 'POST',
    headers: { ...bearer(access), ...headers },
  });
}

test('POST /users/{id}/data-export answers with a ZIP that no cache keeps', async () => {
  const answer = await post();
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-type'), 'application/zip');
  assert.match(answer.headers.get('content-disposition') ?? '', /^attachment; filename="personal-data\.zip"$/);
  assert.match(answer.headers.get('cache-control') ?? '', /no-store/);
  const { account, profile } = contentOf(new Uint8Array(await answer.arrayBuffer()));
  assert.deepEqual([account.id, profile.email], [person.id, person.email]);
});

test('the answer is not stored for a retry, so that no copy of the data stays', async () => {
  const answer = await post({ 'idempotency-key': 'again' });
  assert.equal(answer.status, 400);
  assert.equal((await app.db.run({ name: '', text: 'SELECT 1 FROM operation_results' }, [])).length, 0);
});

test('cardea users data-export writes the file for its owner alone, and never over another one', async () => {
  const out = join(folder, 'ada.zip');
  const env = environmentOf(app);
  const ran = await runCli(['users', 'data-export', person.email, '--out', out], { env });
  assert.equal(ran.code, 0, ran.stderr);
  assert.equal(contentOf(readFileSync(out)).account.id, person.id);
  assert.equal(statSync(out).mode & 0o777, 0o600);
  writeFileSync(out, 'other');
  const again = await runCli(['users', 'data-export', person.email, '--out', out], { env });
  assert.equal(again.code, 2);
  assert.match(again.stderr, /--out: .* is there already, and is not overwritten: remove it first/);
  assert.equal(readFileSync(out, 'utf8'), 'other');
});

test('the person downloads it after a fresh sign-in, a few times a day', async () => {
  const page = await browser.get('/account/data');
  assert.equal(page.status, 200);
  const before = await exportsInAudit();
  const download = await press(browser, page, 'download');
  assert.equal(download.status, 200);
  assert.match(
    download.headers.get('content-disposition') ?? '',
    /^attachment; filename="personal-data-\d{4}-\d\d-\d\d\.zip"$/,
  );
  const after = await exportsInAudit();
  assert.equal(after.length, before.length + 1);
  assert.equal(after.at(-1)?.actor_id, person.id);
  let last = download;
  for (let i = 1; i <= 10; i += 1) last = await press(browser, await browser.get('/account/data'), 'download');
  assert.equal(last.status, 400);
  assert.equal(textOf(last, '#problem-message'), en['account.problem.export_limit']);
});

test('an older sign-in has to be repeated first', async () => {
  clock.ms += 6 * 60_000;
  assert.equal((await browser.get('/account/data')).status, 303);
});

function exportsInAudit() {
  const text = "SELECT actor_id FROM audit WHERE action = 'users.export_data' AND actor_kind = 'person' ORDER BY id";
  return app.db.run<{ actor_id: string }>({ name: '', text }, []);
}

test('a person who is erased while the export is made gets none, and no error of the server', async () => {
  const leaving = await app.seed.person();
  const own = (await openAccount(app, leaving)).browser;
  const page = await own.get('/account/data');
  let download: ReturnType<typeof press> | undefined;
  await app.db.transaction(async (send) => {
    await send([app.seed.accounts.plans.deleting(leaving.id)]);
    download = press(own, page, 'download');
    const text = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    await until('the download waits', async () => (await app.db.run({ name: '', text }, [])).length > 0);
  });
  assert.equal((await download)?.status, 404);
});
