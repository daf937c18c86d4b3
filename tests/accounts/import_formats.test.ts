import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  converterFor,
  type ForeignFormat,
  formatOf,
  parseFirebaseConfig,
} from '../../server/accounts/import_formats.ts';
import type { Converted } from '../../server/accounts/import_readers.ts';
import { lineOf, personOf } from '../../server/operations/user_lines.ts';
import { BCRYPT, keycloak, PBKDF2 } from './exported_users.ts';

const KEY = 'jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==';
const CONSOLE = `hash_config {
  algorithm: SCRYPT,
  base64_signer_key: ${KEY},
  base64_salt_separator: Bw==,
  rounds: 8,
  mem_cost: 14,
}`;

const ADA = {
  sub: '3c1b4a0e-0000-4000-8000-000000000001',
  totpSecret: Buffer.from('aqnK2xAMZhIbHGhqyUMy'),
  email: 'ada@example.com',
  emailVerified: true,
  username: 'ada',
  givenName: 'Ada',
  familyName: 'Lovelace',
  name: 'Ada Lovelace',
  locale: 'de',
  passwordSetAt: new Date(1_693_888_572_700),
  disabled: false,
  groups: ['staff', 'staff/admins'],
  roles: ['editor'],
};

describe('exports of other systems become accounts', () => {
  const cases: readonly (readonly [
    what: string,
    format: ForeignFormat | undefined,
    entry: object,
    expected: object,
  ])[] = [
    [
      'Keycloak with PBKDF2',
      'keycloak',
      keycloak(...PBKDF2),
      {
        ...ADA,
        passwordHash: '$pbkdf2-sha256$i=27500$RaXjs4RiUKgJGkX6kp277w$ng6oDRung/pBLayd5ro7IU3mL/p86pg3WvQNQc+N1Eg',
      },
    ],
    [
      'Keycloak with argon2',
      'keycloak',
      keycloak(
        {
          hashIterations: 5,
          algorithm: 'argon2',
          additionalParameters: {
            hashLength: ['32'],
            memory: ['7168'],
            type: ['id'],
            version: ['1.3'],
            parallelism: ['1'],
          },
        },
        { value: `${'A'.repeat(43)}=`, salt: `${'B'.repeat(22)}==` },
      ),
      { ...ADA, passwordHash: `$argon2id$v=19$m=7168,t=5,p=1$${'B'.repeat(21)}A$${'A'.repeat(43)}` },
    ],
    [
      'Keycloak, disabled, named by the address, without password',
      'keycloak',
      { username: 'ADA@example.com', email: 'ada@example.com', enabled: false, credentials: [] },
      { email: 'ada@example.com', emailVerified: false, disabled: true, groups: [], roles: [] },
    ],
    [
      'Auth0, as its hashes are exported',
      'auth0',
      {
        _id: { $oid: '60425dc43519d90068f82973' },
        email_verified: true,
        email: 'ada@example.com',
        passwordHash: BCRYPT,
        password_set_date: { $date: '2021-03-05T16:34:12.302Z' },
        tenant: 'dev',
        connection: 'Username-Password-Authentication',
        _tmp_is_unique: true,
      },
      {
        email: 'ada@example.com',
        emailVerified: true,
        passwordHash: BCRYPT,
        passwordSetAt: new Date('2021-03-05T16:34:12.302Z'),
        disabled: false,
        sub: 'auth0|60425dc43519d90068f82973',
      },
    ],
    [
      'Auth0, as its own import takes them',
      'auth0',
      {
        email: 'ada@example.com',
        given_name: 'Ada',
        blocked: true,
        custom_password_hash: {
          algorithm: 'scrypt',
          hash: { value: 'ff'.repeat(32), encoding: 'hex' },
          salt: { value: 'NaCl' },
          keylen: 32,
          cost: 16_384,
          blockSize: 8,
          parallelization: 1,
        },
      },
      {
        email: 'ada@example.com',
        emailVerified: false,
        givenName: 'Ada',
        passwordHash: `$scrypt$ln=14,r=8,p=1$TmFDbA$${Buffer.alloc(32, 255).toString('base64').slice(0, -1)}`,
        passwordSetAt: null,
        disabled: true,
      },
    ],
    [
      'Auth0 with PBKDF2',
      'auth0',
      {
        email: 'ada@example.com',
        custom_password_hash: {
          algorithm: 'pbkdf2',
          hash: { value: '$pbkdf2-sha512$i=100000,l=64$TmFDbA==$AAAAAAAAAAAAAAAAAAAAAA==', encoding: 'utf8' },
        },
      },
      {
        email: 'ada@example.com',
        emailVerified: false,
        passwordHash: '$pbkdf2-sha512$i=100000,l=64$TmFDbA$AAAAAAAAAAAAAAAAAAAAAA',
        passwordSetAt: null,
        disabled: false,
      },
    ],
    [
      'Firebase',
      'firebase',
      {
        localId: 'x1',
        email: 'ada@example.com',
        emailVerified: true,
        // web-safe, as the tool writes it
        passwordHash: 'lSrfV15cpx95_sZS2W9c9Kp6i_LVgQNDNC_qzrCnh1SAyZvqmZqAjTdn3aoItz-VHjoZilo78198JAdRuid5lQ==',
        salt: '42xEC-ixf3L2lw==',
        displayName: 'Ada',
        photoUrl: 'https://example.com/ada.png',
        createdAt: '1486324445000',
        providerUserInfo: [],
      },
      {
        sub: 'x1',
        email: 'ada@example.com',
        emailVerified: true,
        name: 'Ada',
        picture: 'https://example.com/ada.png',
        passwordHash:
          '$firebase-scrypt$ln=14,r=8$42xEC+ixf3L2lwc$GgD2pZ/ucgsXtJspFgZrdtKpLi4BkQKDSKaQwhcFVBuXypwaEhbNdDqrHXlI4dNxZ4H8i7ZP/bpvIn5ywVg+/Q',
        passwordSetAt: null,
        disabled: false,
      },
    ],
    [
      'ours',
      undefined,
      {
        email: 'ada@example.com',
        email_verified: true,
        username: 'ada',
        phone_number: '+44 20 7946 0000',
        address: { locality: 'London' },
        password_hash: BCRYPT,
        password_set_at: '2025-01-31T12:00:00Z',
        groups: ['staff'],
        roles: ['editor'],
      },
      {
        email: 'ada@example.com',
        emailVerified: true,
        username: 'ada',
        phoneNumber: '+44 20 7946 0000',
        address: { locality: 'London' },
        passwordHash: BCRYPT,
        passwordSetAt: new Date('2025-01-31T12:00:00Z'),
        disabled: false,
        groups: ['staff'],
        roles: ['editor'],
      },
    ],
  ];
  for (const [what, format, entry, expected] of cases) {
    test(what, () => {
      const convert = format ? converterFor(format, parseFirebaseConfig(CONSOLE)) : personOf;
      const made: Converted = convert(entry);
      if (what === 'Firebase') {
        // foreign_hashes.test.ts verifies the hash; this test checks only that salt and separator are joined.
        assert.match(String(made.passwordHash), /^\$firebase-scrypt\$ln=14,r=8\$42xEC\+ixf3L2lwc\$[\w+/]{86}$/);
        assert.deepEqual({ ...made, passwordHash: '' }, { ...expected, passwordHash: '' });
      } else assert.deepEqual(made, expected);
      assert.equal(formatOf(entry), format);
      assert.deepEqual(
        personOf(JSON.parse(JSON.stringify(lineOf(made)))),
        { groups: [], roles: [], ...made },
        'by a line',
      );
    });
  }

  test('a line has one name for a username, that of the API', () => {
    assert.throws(() => personOf({ email: 'ada@example.com', preferred_username: 'ada' }), {
      code: 'invalid_input',
      field: 'preferred_username',
    });
  });

  test('dates outside of the years 1970 to 9999 are refused in Cardea’s format and ignored in others', () => {
    const hashed = { email: 'ada@example.com', password_hash: BCRYPT };
    for (const time of ['1969-12-31T23:59:59Z', '9999-12-31T23:59:59-01:00']) {
      assert.throws(() => personOf({ ...hashed, password_set_at: time }), { field: 'password_set_at' });
    }
    for (const time of ['1970-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z']) {
      assert.deepEqual(personOf({ ...hashed, password_set_at: time }).passwordSetAt, new Date(time));
    }
    const hash = { passwordHash: BCRYPT };
    for (const $date of [-1, 9e15, 1e300, '+010000-01-01T00:00:00Z', '1969-12-31T23:59:59Z']) {
      const made = converterFor('auth0')({ email: 'ada@example.com', ...hash, password_set_date: { $date } });
      assert.equal(made.passwordSetAt, null, String($date));
    }
    for (const createdDate of [-1, 9e15, 1e300]) {
      const user = keycloak(...PBKDF2);
      const credentials = user.credentials.map((credential) => ({ ...credential, createdDate }));
      const made = converterFor('keycloak')({ ...user, credentials });
      assert.equal(made.passwordSetAt, null, String(createdDate));
    }
  });

  test('parts of another type are refused by the name of their field', () => {
    const [data, secret] = PBKDF2;
    const refused = (format: ForeignFormat, entry: unknown, field: string | undefined) =>
      assert.throws(() => converterFor(format)(entry), { code: 'invalid_input', field }, `${field}`);
    for (const hashIterations of [0, 1.5, '27500', null])
      refused('keycloak', keycloak({ ...data, hashIterations }, secret), 'hashIterations');
    refused('auth0', { email: 'ada@example.com', mfa_factors: [7] }, 'mfa_factors');
    refused('auth0', { email: 'ada@example.com', name: 7 }, 'name');
    refused('auth0', [], undefined);
  });

  test('parts in other forms that their systems write are read', () => {
    const [data, secret] = PBKDF2;
    const { passwordHash, ...rest } = converterFor('keycloak')(keycloak(data, secret));
    const objects = { type: 'password', createdDate: 1_693_888_572_700, credentialData: data, secretData: secret };
    const [otp] = keycloak(data, secret).credentials;
    const entry = keycloak(data, secret, { credentials: [otp, objects] });
    assert.deepEqual(converterFor('keycloak')(entry), { ...rest, passwordHash });
    const additionalParameters = { memory: ['64'], type: ['i'], version: ['1.0'], parallelism: ['1'] };
    const older = keycloak({ hashIterations: 5, algorithm: 'argon2', additionalParameters }, secret, {
      lastName: null,
    });
    const made = converterFor('keycloak')(older);
    assert.match(made.passwordHash ?? '', /^\$argon2i\$v=16\$m=64,t=5,p=1\$/);
    assert.equal(made.name, 'Ada');
    const timed = { email: 'ada@example.com', password_hash: BCRYPT, password_set_at: '2025-01-31T12:00:00.5+01:00' };
    assert.deepEqual(personOf(timed).passwordSetAt, new Date('2025-01-31T11:00:00.5Z'));
  });

  test('the parameters of a Firebase project are read from the text of its console and from JSON', () => {
    const project = parseFirebaseConfig(CONSOLE);
    assert.deepEqual(project, {
      signerKey: Buffer.from(KEY, 'base64'),
      saltSeparator: Buffer.from([7]),
      rounds: 8,
      memCost: 14,
    });
    const json = { base64_signer_key: KEY, base64_salt_separator: 'Bw==', rounds: 8, mem_cost: 14 };
    assert.deepEqual(parseFirebaseConfig(JSON.stringify({ hash_config: json })), project);
    for (const bad of ['', CONSOLE.replace('rounds: 8', 'rounds: 0'), CONSOLE.replace('mem_cost', 'memory')]) {
      assert.throws(() => parseFirebaseConfig(bad), { code: 'firebase_config' });
    }
  });
});

describe('data that is not imported', () => {
  const converted = converterFor('keycloak');
  const otp = (data: object, value: string) => ({
    type: 'otp',
    secretData: JSON.stringify({ value }),
    credentialData: JSON.stringify({ subType: 'totp', digits: 6, period: 30, algorithm: 'HmacSHA1', ...data }),
  });

  test('is reported by name: parameters of one-time codes, required actions, kinds of credentials', () => {
    const { notes, totpSecret, emailVerified, sub } = converted({
      id: 'f:0f4e:17',
      email: 'ada@example.com',
      emailVerified: true,
      credentials: [otp({ algorithm: 'HmacSHA256', digits: 8 }, 'x'), { type: 'webauthn' }],
      requiredActions: ['UPDATE_PASSWORD', 'VERIFY_EMAIL', 'CONFIGURE_TOTP', 'SECRET WORDS'],
    });
    assert.deepEqual([totpSecret, emailVerified, sub], [undefined, false, 'f:0f4e:17']);
    assert.deepEqual(notes, [
      'one-time codes are not carried over: their algorithm, digits is not supported',
      'required action CONFIGURE_TOTP is not carried over',
      'required action of an unknown kind is not carried over',
      'credential of type webauthn is not carried over',
    ]);
  });

  test('is not part of the sub: Auth0’s sub is the strategy and the id', () => {
    const convert = converterFor('auth0');
    const subOf = (ids: object) => convert({ email: 'ada@example.com', ...ids }).sub;
    assert.equal(subOf({ user_id: 'google-oauth2|117' }), 'google-oauth2|117');
    assert.equal(subOf({ user_id: 'auth0|5f7c' }), 'auth0|5f7c');
    assert.equal(subOf({ user_id: '5f7c' }), 'auth0|5f7c', 'as its own import expects it');
    assert.equal(subOf({ _id: '5f7c' }), 'auth0|5f7c');
    assert.equal(subOf({ _id: { $oid: '5f7c' } }), 'auth0|5f7c', 'as its hashes are exported');
    assert.equal(subOf({}), undefined);
  });

  test('never includes the secret of an authenticator app, in any format', () => {
    const secretOf = (entry: object) => converted({ email: 'ada@example.com', ...entry }).totpSecret?.toString();
    assert.equal(secretOf({ credentials: [otp({}, 'letters')] }), 'letters');
    assert.equal(secretOf({ credentials: [otp({ secretEncoding: 'BASE32' }, 'MZXW6YTBOI======')] }), 'foobar');
    const { totpSecret, notes } = converterFor('auth0')({
      email: 'ada@example.com',
      mfa_factors: [{ totp: { secret: 'MZXW6YTBOI' } }, { phone: { value: '+1' } }],
    });
    assert.deepEqual([totpSecret?.toString(), notes], ['foobar', ['second factor phone is not carried over']]);
  });

  test('of Auth0’s second factors is reported by name: other codes, other kinds, a second secret', () => {
    const convert = converterFor('auth0');
    const secret = 'MZXW6YTBOI';
    const totpAndNotes = (...mfa_factors: readonly object[]) => {
      const { totpSecret, notes } = convert({ email: 'ada@example.com', mfa_factors });
      return [totpSecret?.toString(), ...(notes ?? [])];
    };
    const codes = (what: string) => `one-time codes are not carried over: their ${what} is not supported`;
    for (const algorithm of ['SHA1', 'sha-1', 'HmacSHA1']) {
      assert.deepEqual(totpAndNotes({ totp: { secret, algorithm, digits: 6, period: 30 } }), ['foobar']);
    }
    assert.deepEqual(totpAndNotes({ totp: { secret, algorithm: 'SHA256' } }), [undefined, codes('algorithm')]);
    assert.deepEqual(totpAndNotes({ totp: { secret, algorithm: 7, digits: 8, period: 60 } }), [
      undefined,
      codes('algorithm, digits, period'),
    ]);
    assert.deepEqual(totpAndNotes({ totp: { secret, digits: 8 } }, { totp: { secret } }), ['foobar', codes('digits')]);
    assert.deepEqual(totpAndNotes({ totp: { secret } }, { totp: { secret: 'MZXW6' } }), [
      'foobar',
      codes('number of secrets'),
    ]);
    assert.deepEqual(totpAndNotes({ 'webauthn-roaming': {} }, { 'SECRET WORDS': {} }), [
      undefined,
      'second factor webauthn-roaming is not carried over',
      'second factor of an unknown kind is not carried over',
    ]);
  });
});
