import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { type SoftPasskey, softPasskey } from '../helpers/authenticator.ts';
import { factorStores, ISSUER, query } from './factors.ts';

const ORIGIN = ISSUER.origin;
const challenge = () => randomBytes(32).toString('base64url');

const stores = await factorStores({ after });
let people = 0;

function newPerson() {
  people += 1;
  return stores.accounts.create({ email: `person-${people}@example.com`, name: 'Ada' });
}

async function registered(start: Parameters<typeof softPasskey>[0] = {}) {
  const { id } = await newPerson();
  const passkey = softPasskey(start);
  await add(id, passkey);
  const signIn = (more: { account?: string; requireUserVerification?: boolean } = {}, changed = {}) =>
    assertPasskey(passkey, more, changed);
  return { ...stores, id, passkey, signIn };
}

const REQUEST_ORIGIN = { requestId: 'req-1', address: '198.51.100.7', userAgent: undefined };

async function add(id: string, passkey: SoftPasskey, name = 'Laptop') {
  const { passkeys, again } = stores;
  const asked = challenge();
  const options = await passkeys.registrationOptions(await again(id), asked);
  return passkeys.register(await again(id), asked, passkey.create(options, ORIGIN), name);
}

async function assertPasskey(
  passkey: SoftPasskey,
  { account, requireUserVerification = true }: { account?: string; requireUserVerification?: boolean },
  { origin = ORIGIN, answeredTo, ...change }: { origin?: string; answeredTo?: string; userHandle?: string } = {},
) {
  const { passkeys, again } = stores;
  const asked = challenge();
  const expected = account === undefined ? undefined : await again(account);
  const options = await passkeys.assertionOptions(asked, expected);
  const response = passkey.get({ ...options, ...(answeredTo ? { challenge: answeredTo } : {}) }, origin, change);
  return passkeys.verify(asked, response, { account: expected, requireUserVerification, origin: REQUEST_ORIGIN });
}

test('the options for an authenticator (WebAuthn L3 §5.4, §5.5)', async () => {
  const { passkeys, again, id, passkey } = await registered();
  const account = await again(id);
  const asked = challenge();
  const creation = await passkeys.registrationOptions(account, asked);
  assert.equal(creation.challenge, asked);
  assert.deepEqual(creation.rp, { id: 'id.example.com', name: 'Example' });
  assert.equal(Buffer.from(creation.user.id, 'base64url').toString('hex'), id.replaceAll('-', ''));
  assert.equal(creation.attestation, 'none');
  assert.equal(creation.authenticatorSelection?.residentKey, 'required');
  assert.deepEqual(
    creation.excludeCredentials?.map((one) => one.id),
    [passkey.id],
  );
  const anybody = await passkeys.assertionOptions(asked);
  assert.deepEqual([anybody.challenge, anybody.rpId, anybody.userVerification], [asked, 'id.example.com', 'required']);
  assert.equal(anybody.allowCredentials, undefined);
  const own = await passkeys.assertionOptions(asked, account);
  assert.deepEqual(
    own.allowCredentials?.map((one) => one.id),
    [passkey.id],
  );
});

test('a passkey signs its owner in without a username and a password', async () => {
  const { signIn, id, passkey, again, passkeys, clock } = await registered();
  assert.deepEqual([(await again(id)).secondFactors, (await again(id)).epoch], [['passkey'], 1]);
  clock.ms += 1_000;
  const first = await signIn();
  assert.equal(first?.account.id, id);
  assert.deepEqual(first?.amr, ['hwk', 'user']);
  passkey.backedUp = true;
  assert.deepEqual((await signIn())?.amr, ['swk', 'user'], 'a copy exists on another device (RFC 8176)');
  const [listed] = await passkeys.list(await again(id));
  assert.deepEqual([listed?.id, listed?.name, listed?.backedUp], [passkey.id, 'Laptop', true]);
  assert.equal(listed?.lastUsedAt?.getTime(), clock.ms);
});

test('every part of an assertion is verified (WebAuthn L3 §7.2)', async () => {
  const { signIn, passkey, passkeys, id } = await registered();
  assert.equal(await signIn({}, { origin: 'https://evil.example' }), undefined, 'origin');
  assert.equal(await signIn({}, { answeredTo: challenge() }), undefined, 'challenge');
  assert.equal(await signIn({}, { type: 'webauthn.create' }), undefined, 'type');
  assert.equal(await signIn({}, { userHandle: undefined }), undefined, 'the user handle is missing');
  assert.equal(await signIn({}, { userHandle: randomBytes(16).toString('base64url') }), undefined, 'whose');
  assert.equal(await assertPasskey(softPasskey(), {}), undefined, 'the key is not registered');

  const asked = challenge();
  const options = await passkeys.assertionOptions(asked);
  const answer = passkey.get(options, ORIGIN);
  const parsed = JSON.parse(answer);
  const forged = Buffer.from(parsed.response.authenticatorData, 'base64url');
  forged[36] = (forged[36] ?? 0) + 1;
  for (const made of [
    '',
    'null',
    '[]',
    '{}',
    '{"id":"AA"}',
    JSON.stringify({ ...parsed, response: null }),
    JSON.stringify({ ...parsed, response: { ...parsed.response, userHandle: 1 } }),
    JSON.stringify({ ...parsed, response: { ...parsed.response, signature: 'AAAA' } }),
    JSON.stringify({ ...parsed, response: { ...parsed.response, authenticatorData: forged.toString('base64url') } }),
    JSON.stringify({ ...parsed, id: randomBytes(2_000).toString('base64url') }),
    JSON.stringify({ ...parsed, rpId: 'x', response: { ...parsed.response, clientDataJSON: 'AAAA' } }),
  ]) {
    assert.equal(
      await passkeys.verify(asked, made, { requireUserVerification: true, origin: REQUEST_ORIGIN }),
      undefined,
      made.slice(0, 80),
    );
  }
  const wrongSite = passkey.get({ ...options, rpId: 'evil.example' }, ORIGIN);
  assert.equal(
    await passkeys.verify(asked, wrongSite, { requireUserVerification: true, origin: REQUEST_ORIGIN }),
    undefined,
  );
  assert.equal(
    (await passkeys.verify(asked, answer, { requireUserVerification: true, origin: REQUEST_ORIGIN }))?.account.id,
    id,
  );
});

test('a passkey alone needs user verification', async () => {
  const { signIn, passkey, id } = await registered({ userVerification: false });
  assert.equal(await signIn(), undefined);
  const second = await signIn({ account: id, requireUserVerification: false });
  assert.deepEqual(second?.amr, ['hwk'], 'after a password, possession is enough');
  passkey.userVerification = true;
  assert.ok(await signIn());
});

test('as a second factor it must belong to that person, and the user handle may be missing', async () => {
  const { signIn, id } = await registered();
  const eve = await newPerson();
  assert.equal(await signIn({ account: eve.id }), undefined);
  assert.ok(await signIn({ account: id }, { userHandle: undefined }));
});

test('a disabled account cannot sign in', async () => {
  const { signIn, accounts, id } = await registered();
  await accounts.disable(id);
  assert.equal(await signIn(), undefined);
});

test('a signature counter that decreases is detected and refused (WebAuthn L3 §6.1.1)', async () => {
  const { signIn, passkey, regressions, id } = await registered({ counter: 10 });
  assert.ok(await signIn());
  passkey.counter = 40;
  assert.ok(await signIn(), 'it may skip');
  assert.deepEqual(regressions, []);
  for (const before of [39, 40, -1]) {
    passkey.counter = before; // the assertion says one more: 41 was accepted last
    assert.equal(await signIn(), undefined, String(before));
  }
  passkey.counter = 41;
  assert.ok(await signIn());
  assert.deepEqual(regressions, [id, id, id]);
});

test('of parallel uses of one assertion one is accepted, when the authenticator counts', async () => {
  const { passkeys, passkey } = await registered({ counter: 0 });
  const asked = challenge();
  const answer = passkey.get(await passkeys.assertionOptions(asked), ORIGIN);
  const answers = await Promise.all(
    Array.from({ length: 20 }, () =>
      passkeys.verify(asked, answer, { requireUserVerification: true, origin: REQUEST_ORIGIN }),
    ),
  );
  assert.equal(answers.filter(Boolean).length, 1);
});

test('a registration is accepted once for its challenge, and its name is sealed', async () => {
  const { passkeys, again, id, passkey, db } = await registered();
  const fresh = softPasskey();
  const asked = challenge();
  const options = await passkeys.registrationOptions(await again(id), asked);
  const code = (wanted: string) => (error: { code?: string }) => error.code === wanted;
  for (const [answer, expected] of [
    [fresh.create({ ...options, challenge: challenge() }, ORIGIN), asked],
    [fresh.create(options, 'https://evil.example'), asked],
    [fresh.create({ ...options, rp: { id: 'evil.example' } }, ORIGIN), asked],
    [fresh.create(options, ORIGIN), challenge()],
    ['{}', asked],
    ['not json', asked],
  ] as const) {
    await assert.rejects(
      async () => passkeys.register(await again(id), expected, answer, 'x'),
      code('passkey_refused'),
    );
  }
  await assert.rejects(add(id, passkey), code('passkey_exists'));
  await assert.rejects(add(id, fresh, ' '), code('invalid_input'));
  assert.equal((await again(id)).epoch, 1, 'none of these changed anything');
  await add(id, fresh, 'Ada’s own phone');
  const dump = JSON.stringify(await query(db, "SELECT encode(sealed_own, 'escape') AS name FROM passkeys"));
  assert.ok(!dump.includes('own phone'));
});

test('passkeys are renamed and removed by their owner only; without the last one the person has none', async () => {
  const { passkeys, again, id, passkey } = await registered();
  const eve = await newPerson();
  const missing = { code: 'not_found' };
  await assert.rejects(passkeys.rename(eve, passkey.id, 'Mine'), missing);
  await assert.rejects(passkeys.remove(eve, passkey.id), missing);
  await assert.rejects(passkeys.remove(eve, ''), missing);
  await passkeys.rename(await again(id), passkey.id, 'Old laptop');
  assert.equal((await passkeys.list(await again(id)))[0]?.name, 'Old laptop');
  const phone = softPasskey();
  await add(id, phone, 'Phone');
  await passkeys.remove(await again(id), passkey.id);
  assert.deepEqual((await again(id)).secondFactors, ['passkey']);
  await passkeys.remove(await again(id), phone.id);
  assert.deepEqual([(await again(id)).secondFactors, (await again(id)).epoch], [[], 4]);
});
