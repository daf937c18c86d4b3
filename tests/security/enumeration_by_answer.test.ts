import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ATTEMPT_STATEMENTS } from '../../server/accounts/attempts.ts';
import { begin } from '../flows/support.ts';
import { formOf, type Page } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { passkeyOptionsOn } from '../helpers/factors.ts';
import { until } from '../helpers/waiting.ts';

/** No response of the sign-in tells whether an account exists (authentik CVE-2023-39522). */

const scope = { after };
const app = await deployment(scope);
const party = await app.seed.party();
const person = await app.seed.person();
const disabled = await app.seed.person();
await app.seed.accounts.disable(disabled.id);
const passwordless = await app.seed.accounts.create({ email: 'passwordless@example.com', emailVerified: true });

const locked = await app.seed.person();

/** Replaces the values that differ with each visit; everything else must be the same. */
async function answerTo(identifier: string, password: string): Promise<{ page: Page; shape: string }> {
  const { browser, page } = await begin(app, party);
  const { action, fields } = formOf(page);
  const answer = await browser.post(action, { ...fields, identifier, password, action: 'signin' });
  const own = [
    action.split('/').at(-1) ?? '',
    fields.csrf ?? '',
    passkeyOptionsOn(page).challenge, // constant during a visit
    answer.headers.get('x-request-id') ?? '',
    identifier,
  ];
  const level = (text: string) => own.reduce((all, one) => (one === '' ? all : all.replaceAll(one, '*')), text);
  const headers = [...answer.headers].filter(([name]) => name !== 'date' && !name.startsWith('x-ratelimit'));
  return {
    page: answer,
    shape: JSON.stringify([answer.status, headers.map(([name, value]) => [name, level(value)]), level(answer.body)]),
  };
}

const same = (length: number) => 'x'.repeat(length);
// All have the same length, so that Content-Length must be the same too.
const WRONG = same(person.password.length);

test('the response is the same, byte by byte, for an unknown, locked, disabled or passwordless account and a wrong password', async () => {
  const reference = await answerTo(person.email, WRONG);
  assert.equal(reference.page.status, 400);
  assert.equal(reference.page.location, undefined);
  for (let i = 0; i < 3; i += 1) await answerTo(locked.email, WRONG);
  const cases: Record<string, [string, string]> = {
    'locked, right password': [locked.email, locked.password],
    'locked, wrong password': [locked.email, WRONG],
    unknown: [`${same(person.email.length - '@example.com'.length)}@example.com`, WRONG],
    'disabled, right password': [disabled.email, disabled.password],
    'disabled, wrong password': [disabled.email, WRONG],
    passwordless: [passwordless.email, WRONG],
    'a password that is too long': [person.email, same(300)],
    'an account id': [person.id, person.password],
  };
  for (const [name, [identifier, password]] of Object.entries(cases)) {
    const { shape } = await answerTo(identifier, password);
    // Content-Length depends on the echoed identifier, so lengths are made equal.
    const level = (text: string) => text.replace(/\["content-length","\d+"\]/, '["content-length","*"]');
    assert.equal(level(shape), level(reference.shape), name);
    if (identifier.length === person.email.length) assert.equal(shape, reference.shape, `${name}: length too`);
  }
});

test('each of these sends the same statements to the database', async () => {
  const passwordOf = async (identifier: string) => {
    const { browser, page } = await begin(app, party);
    const { action, fields } = formOf(page);
    app.statements.length = 0;
    await browser.post(action, { ...fields, identifier, password: WRONG, action: 'signin' });
    return [...app.statements];
  };
  const [fresh, shutOut] = [await app.seed.person(), await app.seed.person()];
  for (let i = 0; i < 3; i += 1) await answerTo(shutOut.email, WRONG);
  // Drafting the mail about that lock sends statements too.
  await until('the mails to be out', async () => {
    const queued = await app.db.run({ name: 'queued_mails', text: 'SELECT 1 FROM mails' }, []);
    return queued.length === 0;
  });
  const reference = await passwordOf(fresh.email);
  assert.equal(reference.length, 3, `the visit, the guess, its result: ${reference.join('\n')}`);
  for (const identifier of ['nobody@example.com', shutOut.email, disabled.email, 'passwordless@example.com']) {
    await app.db.query(ATTEMPT_STATEMENTS.unlock.bind({ accountId: disabled.id }));
    await app.db.query(ATTEMPT_STATEMENTS.unlock.bind({ accountId: passwordless.id }));
    assert.deepEqual(await passwordOf(identifier), reference, identifier);
  }
});

test('a login_hint tells nothing about its account', async () => {
  const pages = await Promise.all(
    [person.email, disabled.email, `${same(person.email.length - '@example.com'.length)}@example.com`].map(
      async (hint) => {
        const { page } = await begin(app, party, { login_hint: hint });
        const { action, fields } = formOf(page);
        return [hint, action, fields.csrf ?? '', passkeyOptionsOn(page).challenge].reduce(
          (all, one) => all.replaceAll(one, '*'),
          page.body,
        );
      },
    ),
  );
  assert.equal(new Set(pages).size, 1);
});

test('the right password still signs in', async () => {
  const { page } = await answerTo(person.email, person.password);
  assert.equal(page.status, 303);
});
