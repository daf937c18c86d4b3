import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { base32, fromBase32, hotp, matchingStep, otpauthUri, stepAt } from '../../server/accounts/one_time_password.ts';
import { totpCode } from '../helpers/authenticator.ts';
import { remember } from '../helpers/secrets.ts';
import { factorStores, query } from './factors.ts';

describe('the algorithm', () => {
  const secret = Buffer.from('12345678901234567890');

  test('matches RFC 4226 appendix D', () => {
    const values = ['755224', '287082', '359152', '969429', '338314', '254676', '287922', '162583', '399871', '520489'];
    assert.deepEqual(
      values.map((_, counter) => hotp(secret, counter)),
      values,
    );
  });

  test('matches RFC 6238 appendix B (SHA-1, eight digits)', () => {
    for (const [seconds, value] of [
      [59, '94287082'],
      [1_111_111_109, '07081804'],
      [1_111_111_111, '14050471'],
      [1_234_567_890, '89005924'],
      [2_000_000_000, '69279037'],
      [20_000_000_000, '65353130'],
    ] as const) {
      assert.equal(hotp(secret, stepAt(seconds * 1000), 8), value, String(seconds));
    }
  });

  test('reads what it has written as base32, and nothing else', () => {
    for (const text of ['', 'f', 'foobar']) {
      assert.equal(fromBase32(`${base32(Buffer.from(text)).toLowerCase()} ==`)?.toString(), text);
    }
    for (const other of ['MZ0W', 'MZXW6-', 'ü']) assert.equal(fromBase32(other), undefined);
  });

  test('writes base32 as in RFC 4648 §10', () => {
    const texts = ['', 'f', 'fo', 'foo', 'foob', 'fooba', 'foobar'];
    const expected = ['', 'MY', 'MZXQ', 'MZXW6', 'MZXW6YQ', 'MZXW6YTB', 'MZXW6YTBOI'];
    assert.deepEqual(
      texts.map((text) => base32(Buffer.from(text))),
      expected,
    );
  });

  const secrets = fc.uint8Array({ minLength: 20, maxLength: 20 });
  const moments = fc.integer({ min: 0, max: 4_000_000_000_000 });

  test('agrees with another implementation, one step off in either direction and no further (RFC 6238 §5.2)', () => {
    fc.assert(
      fc.property(secrets, moments, fc.integer({ min: -4, max: 4 }), (key, now, steps) => {
        const then = now + steps * 30_000;
        fc.pre(then >= 0);
        const code = totpCode(base32(key), then);
        const step = matchingStep(key, code, now);
        const others = [-1, 0, 1].some((near) => near !== steps && totpCode(base32(key), now + near * 30_000) === code);
        fc.pre(!others); // the chance of a collision is one in a few hundred thousand
        assert.equal(step, Math.abs(steps) <= 1 ? stepAt(then) : undefined);
      }),
    );
  });

  test('accepts six digits in any grouping and script, and nothing else', () => {
    const now = 1_700_000_000_000;
    const code = totpCode(base32(secret), now);
    const [head, tail] = [code.slice(0, 3), code.slice(3)];
    const inScript = (zero: number) => code.replaceAll(/\d/g, (digit) => String.fromCodePoint(zero + Number(digit)));
    for (const typed of [
      ` ${head} ${tail}\n`,
      ...['-', '\u00a0', '\u202f', '\u2011', '–', '—', '−', '.', 'ー', '\u00ad'].map(
        (between) => head + between + tail,
      ),
      `\u2068${code}\u2069`,
      inScript(0xff10),
      inScript(0x0660),
      inScript(0x06f0),
      inScript(0x0966),
    ]) {
      assert.equal(matchingStep(secret, typed, now), stepAt(now), JSON.stringify(typed));
    }
    for (const wrong of ['', code.slice(1), `${code}0`, `+${code}`, `${code.slice(0, 5)}x`, 'ⅡⅢⅣⅤⅥⅦ', '½¼¾½¼¾']) {
      assert.equal(matchingStep(secret, wrong, now), undefined, wrong);
    }
    fc.assert(fc.property(fc.string(), (text) => void matchingStep(secret, text, now)));
  });

  test('writes a URI with the account’s name, which cannot inject other parameters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), fc.string({ unit: 'grapheme' }), (issuer, account) => {
        fc.pre(issuer.isWellFormed() && account.isWellFormed());
        const uri = new URL(otpauthUri({ issuer, account, secret: 'ABC' }));
        assert.equal(uri.searchParams.get('issuer'), issuer.replaceAll(':', ' '));
        assert.deepEqual([...uri.searchParams.keys()], ['secret', 'issuer', 'algorithm', 'digits', 'period']);
        assert.equal(decodeURIComponent(uri.pathname.split(':').slice(1).join(':')), account);
      }),
    );
  });
});

describe('an authenticator app', () => {
  test('is enrolled with a code, and accepts each code once', async (t) => {
    const { accounts, again, totp, clock, db } = await factorStores(t);
    const { id } = await accounts.create({ email: 'ada@example.com' });
    const begun = totp.begin(await again(id), 'visit');
    remember('totp_secret', begun.secret);
    assert.equal(Buffer.from(begun.secret).length, 32, '160 bits');
    assert.match(begun.uri, /^otpauth:\/\/totp\/Example%20%20Ltd:ada%40example\.com\?/);
    assert.ok(begun.uri.includes(`secret=${begun.secret}&`));
    assert.deepEqual((await again(id)).secondFactors, [], 'nothing yet');

    const code = totpCode(begun.secret, clock.ms);
    const wrong = code === '000000' ? '000001' : '000000';
    assert.equal(await totp.confirm(await again(id), 'visit', begun.enrolment, wrong), undefined);
    assert.deepEqual((await again(id)).secondFactors, []);
    assert.deepEqual(await totp.confirm(await again(id), 'visit', begun.enrolment, code), { epoch: 1 });
    const account = await again(id);
    assert.deepEqual([account.secondFactors, account.epoch], [['totp'], 1]);

    assert.equal(await totp.verify(account, code), false, 'the enrolment has used up the code');
    clock.ms += 30_000;
    const next = totpCode(begun.secret, clock.ms);
    assert.equal(await totp.verify(account, next), true);
    assert.equal(await totp.verify(account, next), false, 'once (RFC 6238 §5.2)');
    assert.equal(await totp.verify(account, code), false, 'and none before it');
    clock.ms += 60_000;
    assert.equal(await totp.verify(account, totpCode(begun.secret, clock.ms + 30_000)), true, 'one step ahead');
    assert.equal(await totp.verify(account, totpCode(begun.secret, clock.ms)), false, 'and then no earlier one');

    const [row] = await query(db, 'SELECT sealed_own FROM totp');
    assert.ok(row?.sealed_own instanceof Buffer && !row.sealed_own.includes(Buffer.from(begun.secret)));
    await totp.remove(account);
    assert.deepEqual([(await again(id)).secondFactors, (await again(id)).epoch], [[], 2]);
    clock.ms += 60_000;
    assert.equal(await totp.verify(account, totpCode(begun.secret, clock.ms)), false);
  });

  test('of parallel uses of one code one succeeds', async (t) => {
    const { accounts, again, totp, clock } = await factorStores(t);
    const { id } = await accounts.create({ email: 'ada@example.com' });
    const { secret, enrolment } = totp.begin(await again(id), '');
    await totp.confirm(await again(id), '', enrolment, totpCode(secret, clock.ms));
    clock.ms += 30_000;
    const account = await again(id);
    const code = totpCode(secret, clock.ms);
    const answers = await Promise.all(Array.from({ length: 40 }, () => totp.verify(account, code)));
    assert.equal(answers.filter(Boolean).length, 1);
  });

  test('an enrolment belongs to one person and one visit, expires after a quarter of an hour, and cannot be forged', async (t) => {
    const { accounts, again, totp, clock } = await factorStores(t);
    const ada = await again((await accounts.create({ email: 'ada@example.com' })).id);
    const eve = await again((await accounts.create({ email: 'eve@example.com' })).id);
    const { secret, enrolment } = totp.begin(ada, 'visit');
    const code = totpCode(secret, clock.ms);
    assert.equal(await totp.confirm(eve, 'visit', enrolment, code), undefined);
    assert.equal(await totp.confirm(ada, 'another', enrolment, code), undefined);
    for (const made of ['', 'AAAA', randomBytes(80).toString('base64url'), `${enrolment.slice(0, -4)}AAAA`]) {
      assert.equal(await totp.confirm(ada, 'visit', made, code), undefined);
      assert.equal(totp.resume(ada, 'visit', made), undefined);
    }
    assert.deepEqual(totp.resume(ada, 'visit', enrolment)?.secret, secret);
    clock.ms += 15 * 60_000;
    assert.equal(totp.resume(ada, 'visit', enrolment), undefined);
    assert.equal(await totp.confirm(ada, 'visit', enrolment, totpCode(secret, clock.ms)), undefined);
  });

  test('cannot be enrolled for an account that has changed, and only once in parallel', async (t) => {
    const { accounts, again, totp, clock } = await factorStores(t);
    const { id } = await accounts.create({ email: 'ada@example.com' });
    const before = await again(id);
    const enrolments = [totp.begin(before, ''), totp.begin(before, '')];
    const outcomes = await Promise.allSettled(
      enrolments.map(({ secret, enrolment }) => totp.confirm(before, '', enrolment, totpCode(secret, clock.ms))),
    );
    assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    const refused = outcomes.find((one) => one.status === 'rejected');
    assert.equal(refused?.reason.code, 'credentials_changed');
    assert.equal((await again(id)).epoch, 1);
  });
});
