import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { begin } from '../flows/support.ts';
import { formOf } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';

/** Another spelling of an identifier, or another identifier, gives no further guesses (Authelia CVE-2026-47203). */
const app = await deployment({ after });
const party = await app.seed.party();

test('case, Unicode form, white space, e-mail address and username are counted together', async () => {
  const person = await app.seed.person({ email: 'Zoë.Ångström@example.com', username: 'zoë' });
  const { browser, page } = await begin(app, party);
  const { action, fields } = formOf(page);
  const post = (identifier: string, password: string) =>
    browser.post(action, { ...fields, identifier, password, action: 'signin' });
  const spellings = [person.email.toUpperCase(), person.email.normalize('NFD'), ' ZOË '];
  for (const spelling of spellings) assert.equal((await post(spelling, 'wrong')).status, 400);
  for (const spelling of [...spellings, person.email, 'zoë', 'zoe\u0308', 'ｚｏë']) {
    assert.equal((await post(spelling, person.password)).status, 400, `locked by every name: ${spelling}`);
  }
});
