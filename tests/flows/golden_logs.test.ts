import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { READ_IN_FULL } from '../../server/operations/full_reads.ts';
import { bearer, callApi, machine, machineToken } from '../helpers/admin_api.ts';
import { ROOT } from '../helpers/artifacts.ts';
import { browserSession, formOf } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { mailbox } from '../helpers/mailbox.ts';
import { personalFinder } from '../helpers/personal_logs.ts';
import { authorize, redeem, token } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';
import { until } from '../helpers/waiting.ts';
import { begin, submit } from './support.ts';

/**
 * The log of a sign-in, a reset, a refused mail, a call of the admin API and a failure, line by line (tests/golden/logs.json). What differs
 * from run to run is replaced by its kind. A new member of a line is a decision about personal data: edit the file by hand.
 */
const scope = { after };
const post = await mailbox(scope);
const app = await deployment(scope, {
  env: { CARDEA_SMTP_URL: post.url, CARDEA_MAIL_FROM: 'Cardea <door@id.example.com>' },
});
const NAME = 'Wilhelmina Quist';
const person = await app.seed.person({ email: 'wilhelmina.quist@example.com', username: 'w.quist.77', name: NAME });
const party = await app.seed.party({ firstParty: true });
const SCOPE = 'cardea:users:read cardea:users:read:pii cardea:users:write';
const script = await machine(app, SCOPE);
const access = await machineToken(app, script, SCOPE);
const golden = JSON.parse(readFileSync(join(ROOT, 'tests/golden/logs.json'), 'utf8')) as Record<string, unknown>;

/** The last line of each mail. */
const isOfMail = ({ msg }: Readonly<Record<string, unknown>>) =>
  /^a mail was (sent|refused for good)$/.test(String(msg));

const KINDS: readonly (readonly [RegExp, string])[] = [
  [/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, '(id)'],
  [/^\d{4}-\d\d-\d\dT[\d:.]+Z$/, '(time)'],
  [/^\s+at /, '(frames)'],
];

/** A value as it is in each run. */
function steady(name: string, value: unknown): unknown {
  if (value === script.id || value === party.id) return '(client)';
  if (typeof value === 'string') return KINDS.find(([pattern]) => pattern.test(value))?.[1] ?? value;
  if (typeof value === 'number' && /ms|bytes|seconds/i.test(name)) return '(number)';
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([member, one]) => [member, steady(member, one)]));
}

/** The lines of requests in their order, then those of jobs that send mails, which run at any time. */
async function linesDuring(work: () => Promise<unknown>, mails: number): Promise<unknown[]> {
  app.logLines.length = 0;
  await work();
  const ended = await callApi(app, '/users', { headers: bearer(access), method: 'OPTIONS' });
  const last = String(ended.headers.get('x-request-id'));
  const logged = () => app.logLines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  await until(
    'the last line is logged',
    () => app.logLines.some((line) => line.includes(last)) && logged().filter(isOfMail).length === mails,
  );
  const lines = logged();
  const told = lines.filter(
    ({ requestId, mail }) => requestId !== undefined && requestId !== last && mail === undefined,
  );
  const sent = lines.filter(isOfMail);
  const kindOf = ({ kind }: Readonly<Record<string, unknown>>) => String(kind);
  const sorted = sent.toSorted((a, b) => kindOf(b).localeCompare(kindOf(a)));
  return [...told, ...sorted].map((line) => steady('', line));
}

async function resetPassword(): Promise<void> {
  const asked = browserSession(app.issuer);
  const form = formOf(await asked.get('/account/forgot'));
  await asked.post(form.action, { ...form.fields, identifier: person.email });
  const { link } = await post.next(person.email);
  const browser = browserSession(app.issuer);
  const { action, fields } = formOf(await browser.follow(await browser.get(link)));
  const password = remember('password', 'Another-Horse-Battery-10');
  await browser.follow(await browser.post(action, { ...fields, new_password: password }));
}

async function failToMail(): Promise<void> {
  post.behave({ kind: 'refuse', code: 550, at: 'rcpt' });
  const browser = browserSession(app.issuer);
  const form = formOf(await browser.get('/account/forgot'));
  await browser.post(form.action, { ...form.fields, identifier: person.email });
}

async function callAdminApi(): Promise<void> {
  const headers = bearer(access);
  const found = JSON.stringify({ filter: `email eq "${person.email}"` });
  const json = { ...headers, 'content-type': 'application/json' };
  assert.equal((await callApi(app, '/users/search', { method: 'POST', headers: json, body: found })).status, 200);
  const patch = {
    method: 'PATCH',
    headers: { ...json, 'if-match': '*' },
    body: JSON.stringify({ name: 'Mina Quist' }),
  };
  assert.equal((await callApi(app, `/users/${person.id}`, patch)).status, 200);
}

async function fail(): Promise<void> {
  const { browser, page } = await begin(app, party);
  await submit(browser, page, { identifier: person.email, password: 'not the password', action: 'signin' });
  await token(app.issuer, { ...party, secret: 'not-the-secret-of-the-client' }, { grant_type: 'client_credentials' });
  await app.db.run(
    { name: '', text: `ALTER TABLE audit ADD CONSTRAINT broken CHECK (action <> '${READ_IN_FULL}') NOT VALID` },
    [],
  );
  try {
    assert.equal((await callApi(app, `/users/${person.id}`, { headers: bearer(access) })).status, 500);
  } finally {
    await app.db.run({ name: '', text: 'ALTER TABLE audit DROP CONSTRAINT broken' }, []);
  }
}

const CASES: Readonly<Record<string, { readonly work: () => Promise<unknown>; readonly mails: number }>> = {
  'sign-in': {
    work: async () => redeem(app.issuer, party, await authorize({ issuer: app.issuer, party, person })),
    mails: 0,
  },
  failure: { work: fail, mails: 0 },
  reset: { work: resetPassword, mails: 2 },
  'mail that is refused': { work: failToMail, mails: 1 },
  'admin call': { work: callAdminApi, mails: 0 },
};

for (const [name, { work, mails }] of Object.entries(CASES)) {
  test(`the log of a ${name} has these lines, and nothing of the person`, async () => {
    const lines = await linesDuring(work, mails);
    assert.deepEqual(lines, golden[name], JSON.stringify(lines));
    assert.deepEqual(personalFinder([NAME, 'w.quist.77', 'Mina Quist'])(app.logLines.join('')), []);
  });
}
