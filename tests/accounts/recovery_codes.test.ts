import assert from 'node:assert/strict';
import { test } from 'node:test';
import { totpCode } from '../helpers/authenticator.ts';
import { remember } from '../helpers/secrets.ts';
import { factorStores, query } from './factors.ts';

test('ten codes of sixty bits, each accepted once, in any way of typing', async (t) => {
  const { accounts, recoveryCodes } = await factorStores(t);
  const ada = await accounts.create({ email: 'ada@example.com' });
  const eve = await accounts.create({ email: 'eve@example.com' });
  const codes = await recoveryCodes.generate(ada);
  for (const code of codes) remember('recovery_code', code);
  assert.equal(codes.length, 10);
  assert.equal(new Set(codes).size, 10);
  for (const code of codes) assert.match(code, /^[0-9a-hjkmnp-tv-z]{4}(-[0-9a-hjkmnp-tv-z]{4}){2}$/);

  const [first = '', second = '', third = ''] = codes;
  assert.equal(await recoveryCodes.use(eve, first), false, 'another person’s code');
  assert.equal(await recoveryCodes.use(ada, ` ${first.toUpperCase().replaceAll('-', ' ')} `), true);
  assert.equal(await recoveryCodes.use(ada, first), false, 'once');
  assert.equal(await recoveryCodes.use(ada, second.replaceAll('1', 'l').replaceAll('0', 'O')), true);
  const fullWidth = third.replaceAll(/[^-]/g, (letter) => String.fromCodePoint(letter.charCodeAt(0) + 0xfee0));
  assert.equal(
    await recoveryCodes.use(ada, fullWidth.replaceAll('-', '–')),
    true,
    'with digits and letters of another keyboard',
  );
  const [fourth = ''] = codes.slice(3);
  for (const wrong of ['', '-', 'aaaa-aaaa-aaaa', fourth.slice(1), `${fourth}0`, `${fourth.slice(1)}u`]) {
    assert.equal(await recoveryCodes.use(ada, wrong), false, wrong);
  }
  assert.equal(await recoveryCodes.remaining(ada), 7);
  assert.equal(await recoveryCodes.remaining(eve), 0);
});

test('new codes replace the old ones, also when they are requested twice at once', async (t) => {
  const { accounts, recoveryCodes } = await factorStores(t);
  const ada = await accounts.create({ email: 'ada@example.com' });
  const old = await recoveryCodes.generate(ada);
  await Promise.all([recoveryCodes.generate(ada), recoveryCodes.generate(ada), recoveryCodes.generate(ada)]);
  assert.equal(await recoveryCodes.remaining(ada), 10);
  assert.equal(await recoveryCodes.use(ada, old[0] ?? ''), false);
});

test('of parallel uses of one code one succeeds', async (t) => {
  const { accounts, recoveryCodes } = await factorStores(t);
  const ada = await accounts.create({ email: 'ada@example.com' });
  const [code = ''] = await recoveryCodes.generate(ada);
  const answers = await Promise.all(Array.from({ length: 40 }, () => recoveryCodes.use(ada, code)));
  assert.equal(answers.filter(Boolean).length, 1);
});

test('they are removed with the last other factor', async (t) => {
  const { accounts, again, totp, recoveryCodes, clock, db } = await factorStores(t);
  const { id } = await accounts.create({ email: 'ada@example.com' });
  const account = await again(id);
  const { secret, enrolment } = totp.begin(account, '');
  const { codes, bound } = recoveryCodes.prepare(account);
  await totp.confirm(account, '', enrolment, totpCode(secret, clock.ms), bound);
  assert.equal(await recoveryCodes.remaining(account), 10);
  const [row] = await query(db, "SELECT string_agg(encode(lookup, 'escape'), ' ') AS stored FROM recovery_codes");
  for (const code of codes) assert.ok(!String(row?.stored).includes(code));
  await totp.remove(await again(id));
  assert.equal(await recoveryCodes.remaining(account), 0);
  assert.equal(await recoveryCodes.use(account, codes[0] ?? ''), false);
});
