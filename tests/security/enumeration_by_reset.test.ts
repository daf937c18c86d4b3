import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createPasswords } from '../../server/accounts/passwords.ts';
import en from '../../server/views/messages/en.json' with { type: 'json' };
import { canSignIn } from '../flows/mailed_links.ts';
import { type BrowserSession, browserSession, formOf, type Page } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { LONG } from '../helpers/long.ts';
import { mailbox } from '../helpers/mailbox.ts';
import { authorize } from '../helpers/relying_party.ts';
import { until } from '../helpers/waiting.ts';

/**
 * The reset and sign-up forms do not tell if an account exists (authentik CVE-2023-39522), by their response,
 * statements or time.
 */
const scope = { after };
const post = await mailbox(scope);
let clock = Date.now();
const app = await deployment(scope, {
  env: { CARDEA_SMTP_URL: post.url, CARDEA_SIGN_UP: 'true' },
  now: () => clock,
});

// All have the same length, so that no byte count can differ.
const [existing, second, locked, disabled] = [
  await app.seed.person({ email: 'existing.1@example.com' }),
  await app.seed.person({ email: 'existing.2@example.com' }),
  await app.seed.person({ email: 'is-locked1@example.com' }),
  await app.seed.person({ email: 'disabled.1@example.com' }),
];
await app.seed.accounts.disable(disabled.id);
const passwordless = await app.seed.accounts.create({ email: 'password.0@example.com', emailVerified: true });
const unverified = await app.seed.accounts.create({ email: 'unverified@example.com' });
for (let i = 0; i < 3; i += 1) await canSignIn(app, locked.email, 'wrong');
assert.equal(await canSignIn(app, locked.email, locked.password), false, 'it is locked');

const run = (text: string) => app.db.run({ name: '', text }, []);
await until('the mail about the lock is gone', async () => (await run('SELECT 1 FROM mails')).length === 0);
// From here on no mail is queued, so all statements are those of requests.
await run('CREATE FUNCTION skip_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$');
await run('CREATE TRIGGER not_taken BEFORE UPDATE ON mails FOR EACH ROW EXECUTE FUNCTION skip_row()');
const CASES: Readonly<Record<string, string>> = {
  existing: existing.email,
  'existing, again': second.email,
  unknown: 'nobody.at1@example.com',
  locked: locked.email,
  disabled: disabled.email,
  passwordless: passwordless.email,
  unverified: unverified.email,
};

interface Form {
  readonly path: string;
  readonly field: string;
  readonly browser: BrowserSession;
  readonly fields: Record<string, string>;
}

async function formAt(path: string, field: string): Promise<Form> {
  const browser = browserSession(app.issuer);
  const { fields } = formOf(await browser.get(path));
  return { path, field, browser, fields };
}

const send = ({ browser, path, field, fields }: Form, whom: string): Promise<Page> =>
  browser.post(path, { ...fields, [field]: whom });

const FORMS = [await formAt('/account/forgot', 'identifier'), await formAt('/account/sign-up', 'email')];

for (const form of FORMS) {
  test(`${form.path}: the response and the statements are the same for known and unknown addresses`, async () => {
    clock += 3_600_000;
    const seen: { name: string; shape: string; sent: string[] }[] = [];
    for (const [name, whom] of Object.entries(CASES)) {
      app.statements.length = 0;
      const answer = await send(form, whom);
      const sent = [...app.statements];
      assert.equal(answer.status, 200, answer.body);
      assert.ok(!answer.body.includes(whom), 'the typed address is not repeated');
      const requestId = answer.headers.get('x-request-id') ?? '';
      const headers = [...answer.headers].filter(([key]) => key !== 'date' && !key.startsWith('x-ratelimit'));
      const shape = JSON.stringify([answer.status, headers, answer.body]).replaceAll(requestId, '*');
      seen.push({ name, shape, sent });
    }
    for (const { name, shape, sent } of seen) {
      assert.equal(shape, seen[0]?.shape, name);
      assert.deepEqual(sent, seen[0]?.sent, name);
      const queued = sent.filter((text) => text.includes('INSERT INTO mails'));
      assert.equal(queued.length, 1, `${name}: the mail is queued`);
      // The mail with its entry in the audit is one transaction; the others store the response for a browser that sends the form twice.
      assert.equal(sent.length, 6, name);
    }
  });
}

test('/account/forgot: also when the limit of mails is reached, in a browser in which the person has signed in before', async () => {
  clock += 3_600_000;
  const party = await app.seed.party({ firstParty: true });
  const { browser } = await authorize({ issuer: app.issuer, party, person: second });
  const { fields } = formOf(await browser.get('/account/forgot'));
  const form: Form = { path: '/account/forgot', field: 'identifier', browser, fields };
  for (let i = 0; i < 20; i += 1) await send(form, `somebody.${i}@example.com`);
  const seen: unknown[] = [];
  for (const [name, whom] of Object.entries(CASES).filter(([, one]) => one !== second.email)) {
    app.statements.length = 0;
    const answer = await send(form, whom);
    const body = answer.body.replaceAll(answer.headers.get('x-request-id') ?? '', '*');
    assert.equal(answer.status, 429, name);
    seen.push([body, ...[...app.statements]]);
  }
  for (const one of seen) assert.deepEqual(one, seen[0]);
});

/** Of one measurement: a multiple of the number of cases, so that each case has each place in a round equally often. */
const ROUNDS = 4 * Object.keys(CASES).length;
/** On a busy machine more are needed until a hash is noticed. */
const MOST_ROUNDS = 8 * ROUNDS;
const SPLITS = 300;

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/** The difference between two runs of the same case: its samples are split in two at random, many times. */
function noiseOf(samples: readonly number[]): number {
  let most = 0;
  for (let i = 0; i < SPLITS; i += 1) {
    const halves: [number[], number[]] = [[], []];
    for (const one of samples) halves[Math.random() < 0.5 ? 0 : 1].push(one);
    most = Math.max(most, Math.abs(median(halves[0]) - median(halves[1])));
  }
  return most;
}

/** The control runs in every few rounds: a request with an additional password hash, which the test must notice. */
const CONTROL_EVERY = 4;
const passwords = createPasswords({ threads: 1 });
after(() => passwords.close());

for (const form of FORMS) {
  test(`${form.path}: the time is the same`, async (t) => {
    const times: Times = { cases: new Map(Object.keys(CASES).map((name) => [name, []])), control: [] };
    for (let rounds = 0; rounds < MOST_ROUNDS && (LONG || !isSame(times)); rounds += ROUNDS) await measure(form, times);
    const { noise, differences, control } = compare(times);
    t.diagnostic(`noise between two runs of one case: ${noise.toFixed(3)} ms`);
    t.diagnostic(`with a hash: differs by ${control.toFixed(3)} ms`);
    assert.ok(control > noise, `a hash makes a difference of ${control} ms, noise is ${noise} ms`);
    for (const [name, difference] of differences) {
      t.diagnostic(`${name}: differs by ${difference.toFixed(3)} ms`);
      assert.ok(difference <= noise, `${name} differs by ${difference} ms, noise is ${noise} ms`);
    }
  });
}

interface Times {
  /** Milliseconds of each request, by case. */
  readonly cases: ReadonlyMap<string, number[]>;
  readonly control: number[];
}

async function measure(form: Form, times: Times): Promise<void> {
  const cases = Object.entries(CASES);
  for (let round = 0; round < ROUNDS; round += 1) {
    // Moves past the limits of an address.
    clock += 3_600_000;
    for (const [name, whom] of [...cases.slice(round % cases.length), ...cases.slice(0, round % cases.length)]) {
      const began = performance.now();
      const { status } = await send(form, whom);
      assert.equal(status, 200, name);
      times.cases.get(name)?.push(performance.now() - began);
    }
    if (round % CONTROL_EVERY !== 0) continue;
    const began = performance.now();
    await send(form, existing.email);
    await passwords.verify(null, 'x');
    times.control.push(performance.now() - began);
  }
}

function compare({ cases, control }: Times) {
  const reference = median(cases.get('existing') ?? []);
  return {
    noise: Math.max(...[...cases.values()].map(noiseOf)),
    differences: [...cases].map(([name, samples]) => [name, Math.abs(median(samples) - reference)] as const),
    control: median(control) - reference,
  };
}

function isSame(times: Times): boolean {
  const { noise, differences, control } = compare(times);
  return control > noise && differences.every(([, difference]) => difference <= noise);
}

test('only the mail tells whether the account exists', async () => {
  await run('DROP TRIGGER not_taken ON mails');
  await run("SELECT pg_notify('cardea_mails', '')");
  clock += 24 * 3_600_000; // mails that have waited until now have expired
  for (const form of FORMS) for (const whom of [existing.email, disabled.email]) await send(form, whom);
  await until('the mails', () => {
    const subjects = post.mails.filter(({ to }) => to.includes(existing.email)).map(({ subject }) => subject);
    return subjects.includes(en['mail.reset.subject']) && subjects.includes(en['mail.already_registered.subject']);
  });
  assert.ok(!post.mails.some(({ to }) => to.includes(disabled.email)));
});
