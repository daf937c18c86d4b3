import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { blindIndex, createSealer } from '../../server/platform/sealing.ts';
import { ACCOUNT_INDEX_SECRET, loadServerSecret } from '../../server/platform/server_secrets.ts';
import { begin, shown } from '../flows/support.ts';
import { formOf } from '../helpers/browser_session.ts';
import { deployment, PASSWORD } from '../helpers/deployment.ts';

/** Two spellings of one address are one mailbox, and so one account (better-auth CVE-2026-134314). */
const app = await deployment({ after });
const party = await app.seed.party({ firstParty: true });
const { accounts } = app.seed;
const TAKEN = { code: 'identifier_taken', status: 409, field: 'email' };

async function signIn(identifier: string) {
  const { browser, page } = await begin(app, party);
  const { action, fields } = formOf(page);
  return shown(
    await browser.follow(await browser.post(action, { ...fields, identifier, password: PASSWORD, action: 'signin' })),
  );
}

const SPELLINGS = [
  'user@bücher.example',
  'USER@BÜCHER.example',
  'user@bu\u0308cher.example',
  'user@xn--bcher-kva.example',
  'user@XN--BCHER-KVA.example',
  'user＠bücher．example',
  'user@bücher。example',
];

test('whoever signed up by one spelling signs in by all, and nobody else has the address', async () => {
  const person = await app.seed.person({ email: 'user@bücher.example' });
  assert.equal((await accounts.findById(person.id))?.email, 'user@xn--bcher-kva.example', 'as mail is sent to it');
  for (const email of SPELLINGS) {
    assert.equal((await accounts.findByIdentifier(email))?.id, person.id, email);
    await assert.rejects(accounts.create({ email }), TAKEN, email);
  }
  assert.equal(await signIn('user@xn--bcher-kva.example'), 'callback');
  const other = await accounts.create({ email: 'other@example.com' });
  await assert.rejects(accounts.update(other, { email: 'user@xn--bcher-kva.example' }), TAKEN);
});

test('an account that an older version found by A-labels signs in by both, and keeps its address to itself', async () => {
  const person = await app.seed.person({ email: 'old@bücher.example' });
  const move = { name: '', text: 'UPDATE account_identifiers SET lookup = $2 WHERE account_id = $1' };
  await app.db.run(move, [person.id, await lookupAsBefore('old@xn--bcher-kva.example')]);
  for (const spelling of ['old@xn--bcher-kva.example', 'old@bücher.example']) {
    assert.equal((await accounts.findByIdentifier(spelling))?.id, person.id, spelling);
    assert.equal(await signIn(spelling), 'callback');
    await assert.rejects(accounts.create({ email: spelling }), TAKEN);
    const other = await accounts.create({ email: `${Math.random()}@example.com` });
    await assert.rejects(accounts.update(other, { email: spelling }), TAKEN);
  }
  const account = await accounts.resolve(person.id);
  await accounts.update(account, { name: 'Ada' });
  assert.equal((await accounts.findByIdentifier('old@bücher.example'))?.name, 'Ada');
});

/** The key under which a version that compared what was typed found an address. */
async function lookupAsBefore(text: string): Promise<Buffer> {
  const sealer = createSealer([Buffer.from(app.masterKey, 'base64')]);
  return blindIndex(await loadServerSecret(app.db, sealer, ACCOUNT_INDEX_SECRET, Date.now), text);
}
