import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { begin, shown, submit, submitPassword } from '../flows/support.ts';
import { deployment, type Person } from '../helpers/deployment.ts';
import { authorize } from '../helpers/relying_party.ts';

/** A lock applies wherever a password is asked for, and guesses are counted together (Keycloak CVE-2026-9798). */
const app = await deployment({ after });
const party = await app.seed.party();
const own = await app.seed.party({ firstParty: true });

/** Forms that ask for a person's password, each in a browser that the person has not used. */
const PATHWAYS: Readonly<Record<string, (person: Person) => ReturnType<typeof begin>>> = {
  'another app': () => begin(app, own),
  'prompt=login': () => begin(app, party, { prompt: 'login' }),
  'max_age=0': () => begin(app, party, { max_age: '0' }),
  login_hint: (person) => begin(app, party, { login_hint: person.email }),
  'another person’s session': async () => {
    const { browser } = await authorize({ issuer: app.issuer, party, person: await app.seed.person() });
    return begin(app, party, { prompt: 'login' }, browser);
  },
};

for (const [name, open] of Object.entries(PATHWAYS)) {
  test(`a locked account cannot sign in by ${name}`, async () => {
    const person = await app.seed.person();
    const { browser, page } = await begin(app, party);
    for (let i = 0; i < 3; i += 1) {
      await submit(browser, page, { identifier: person.email, password: 'wrong', action: 'signin' });
    }
    const way = await open(person);
    assert.equal((await submitPassword(way.browser, way.page, person)).status, 400);
  });

  test(`wrong guesses by ${name} lock the account`, async () => {
    const person = await app.seed.person();
    const way = await open(person);
    for (let i = 0; i < 3; i += 1) {
      await submit(way.browser, way.page, { identifier: person.email, password: 'wrong', action: 'signin' });
    }
    const { browser, page } = await begin(app, party);
    assert.equal((await submitPassword(browser, page, person)).status, 400);
  });
}

test('an account that is not locked signs in by each of them', async () => {
  for (const [name, open] of Object.entries(PATHWAYS)) {
    const person = await app.seed.person();
    const way = await open(person);
    assert.match(shown(await submitPassword(way.browser, way.page, person)), /^(consent|callback)$/, name);
  }
});
