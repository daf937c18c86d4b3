import assert from 'node:assert/strict';
import { createCipheriv, pbkdf2Sync, randomBytes, scryptSync } from 'node:crypto';
import { describe, test } from 'node:test';
import { hashSync } from '@node-rs/argon2';
import bcrypt from '@node-rs/bcrypt';
import { readHash, writeArgon2, writeFirebase, writePbkdf2, writeScrypt } from '../../server/accounts/hash_formats.ts';
import { createPasswords } from '../../server/accounts/passwords.ts';

const passwords = createPasswords({ threads: 1, memory: 128 });
const b64 = (text: string) => Buffer.from(text, 'base64');
const hex = (text: string) => Buffer.from(text, 'hex');

const FIREBASE = {
  signerKey: b64('jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=='),
  saltSeparator: b64('Bw=='),
  rounds: 8,
  memCost: 14,
};

/** From specifications and other implementations, so that Cardea is compared with them and not with itself. */
const VECTORS: readonly (readonly [what: string, hash: string, password: string])[] = [
  // crypt_blowfish's wrapper.c
  ['bcrypt 2a', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', 'U*U'],
  ['bcrypt 2y', '$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', 'U*U'],
  ['bcrypt 2b', '$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', 'U*U'],
  // RFC 6070
  [
    'PBKDF2 with SHA-1',
    writePbkdf2('sha1', 4_096, { salt: Buffer.from('salt'), hash: hex('4b007901b765489abead49d926f721d065a429c1') }),
    'password',
  ],
  // RFC 7914 §11
  [
    'PBKDF2 with SHA-256',
    writePbkdf2('sha256', 80_000, {
      salt: Buffer.from('NaCl'),
      hash: hex(
        '4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56' +
          'a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d',
      ),
    }),
    'Password',
  ],
  [
    'scrypt',
    writeScrypt(
      { N: 1_024, r: 8, p: 16 },
      {
        salt: Buffer.from('NaCl'),
        hash: hex(
          'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162' +
            '2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640',
        ),
      },
    ),
    'password',
  ],
  // the README of github.com/firebase/scrypt
  [
    'scrypt of Firebase',
    writeFirebase(FIREBASE, {
      salt: b64('42xEC+ixf3L2lw=='),
      hash: b64('lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ=='),
    }),
    'user1password',
  ],
  // firebase-admin-go's integration test
  [
    'scrypt of Firebase, of another account',
    writeFirebase(FIREBASE, {
      salt: Buffer.from('NaCl'),
      hash: b64('V358E8LdWJXAO7muq0CufVpEOXaj8aFiC7T/rcaGieN04q/ZPJ08WhJEHGjj9lz/2TT+/86N5VjVoc5DdBhBiw=='),
    }),
    'password',
  ],
  // test.c of the reference implementation of argon2
  ['argon2i 1.0', '$argon2i$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY', 'password'],
  ['argon2i', '$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8', 'password'],
  ['argon2id', '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4', 'password'],
];

const salt = randomBytes(16);
const SECRET = 'Fjörd 7 🔑';
/** Made by other implementations. */
const COMPUTED: readonly (readonly [what: string, hash: string, password: string])[] = [
  ...(['sha1', 'sha256', 'sha512'] as const).map(
    (digest) =>
      [
        `PBKDF2 with ${digest} of Node`,
        writePbkdf2(digest, 1_000, { salt, hash: pbkdf2Sync(SECRET, salt, 1_000, 64, digest) }),
        SECRET,
      ] as const,
  ),
  [
    'scrypt of Node',
    writeScrypt({ N: 2 ** 12, r: 4, p: 2 }, { salt, hash: scryptSync(SECRET, salt, 32, { N: 2 ** 12, r: 4, p: 2 }) }),
    SECRET,
  ],
  [
    'scrypt of more memory than Node allows by default',
    writeScrypt(
      { N: 2 ** 15, r: 8, p: 1 },
      { salt, hash: scryptSync(SECRET, salt, 32, { N: 2 ** 15, r: 8, p: 1, maxmem: 2 ** 28 }) },
    ),
    SECRET,
  ],
  ['argon2d', hashSync(SECRET, { algorithm: 0, memoryCost: 4_096, timeCost: 3, parallelism: 4 }), SECRET],
  ['bcrypt of cost 6', bcrypt.hashSync(SECRET, 6), SECRET],
  ['Firebase with other parameters', firebaseOf({ ...FIREBASE, rounds: 4, memCost: 12 }), SECRET],
];

/** As the documentation describes it: scrypt's key encrypts the project's key. */
function firebaseOf(project: typeof FIREBASE): string {
  const cost = { N: 2 ** project.memCost, r: project.rounds, p: 1 };
  const key = scryptSync(SECRET, Buffer.concat([salt, project.saltSeparator]), 64, cost).subarray(0, 32);
  const hash = createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(project.signerKey);
  return writeFirebase(project, { salt, hash });
}

describe('a hash of another system', () => {
  for (const [what, hash, password] of [...VECTORS, ...COMPUTED]) {
    test(`verifies: ${what}`, async () => {
      assert.equal(passwords.faultOf(hash), undefined);
      assert.equal(await passwords.verify(hash, password), true);
      for (const wrong of [`${password} `, password.toUpperCase() === password ? 'x' : password.toUpperCase()]) {
        assert.equal(await passwords.verify(hash, wrong), false, wrong);
      }
      assert.equal(passwords.isOutdated(hash), true);
    });
  }

  test('of Firebase is stored without the project’s key', () => {
    const hash = VECTORS.find(([what]) => what === 'scrypt of Firebase')?.[1] ?? '';
    const key = FIREBASE.signerKey;
    assert.ok(hash.length > 0);
    for (const form of [key.toString('base64').replace(/=+$/, ''), key.toString('hex')])
      assert.equal(hash.includes(form), false);
    assert.throws(() => writeFirebase(FIREBASE, { salt, hash: Buffer.alloc(63) }), RangeError);
  });
});

describe('a hash that would overload the server', () => {
  const parts = { salt, hash: randomBytes(32) };
  for (const [what, hash, fault] of [
    ['bcrypt of cost 15', `$2b$15$${'A'.repeat(53)}`, 'too_expensive'],
    ['PBKDF2 with 100 million rounds', writePbkdf2('sha512', 100_000_000, parts), 'too_expensive'],
    ['scrypt with 1 GiB', writeScrypt({ N: 2 ** 20, r: 8, p: 1 }, parts), 'too_expensive'],
    ['scrypt with many lanes', writeScrypt({ N: 2 ** 14, r: 8, p: 1_000 }, parts), 'too_expensive'],
    ['scrypt with N = 2^99', writeScrypt({ N: 2 ** 99, r: 8, p: 1 }, parts), 'too_expensive'],
    ['scrypt with large blocks', writeScrypt({ N: 2 ** 2, r: 9_999, p: 9_999 }, parts), 'too_expensive'],
    ['Firebase with 1 GiB', `$firebase-scrypt$ln=20,r=8$AAAA$${'A'.repeat(64)}`, 'too_expensive'],
    [
      'argon2 with 1 GiB',
      writeArgon2('argon2id', 19, { memory: 2 ** 20, iterations: 1, parallelism: 1 }, parts),
      'too_expensive',
    ],
    [
      'argon2 with 129 MiB of 128',
      writeArgon2('argon2id', 19, { memory: 129 * 1_024, iterations: 1, parallelism: 1 }, parts),
      'too_expensive',
    ],
    [
      'argon2 with many passes',
      writeArgon2('argon2id', 19, { memory: 65_536, iterations: 1_000, parallelism: 1 }, parts),
      'too_expensive',
    ],
    ['a kilobyte of salt', writePbkdf2('sha256', 1, { ...parts, salt: randomBytes(1_024) }), 'too_expensive'],
    // these would accept any password, or none
    ['an empty hash', '$pbkdf2-sha256$i=1000$AAAA$', 'unreadable'],
    ['a hash of one byte', writePbkdf2('sha256', 1_000, { ...parts, hash: randomBytes(1) }), 'unreadable'],
    ['no rounds', writePbkdf2('sha256', 0, parts), 'unreadable'],
    ['scrypt with N = 1', writeScrypt({ N: 1, r: 8, p: 1 }, parts), 'unreadable'],
    ['argon2 without memory', '$argon2id$v=19$m=1,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA', 'unreadable'],
    ['bcrypt of cost 3', `$2b$03$${'A'.repeat(53)}`, 'unreadable'],
    ['bcrypt with more after it', `$2b$10$${'A'.repeat(54)}`, 'unreadable'],
    ['MD5', '5f4dcc3b5aa765d61d8327deb882cf99', 'unreadable'],
    ['a password', 'Correct-Horse', 'unreadable'],
    ['nothing', '', 'unreadable'],
    ['an unknown pepper', `$pepper$00000000${VECTORS.at(-1)?.[1]}`, 'pepper_unknown'],
    ['a pepper on something else', `$pepper$00000000$2b$10$${'A'.repeat(53)}`, 'unreadable'],
  ] as const) {
    test(`is refused, at once: ${what}`, async () => {
      assert.equal(passwords.faultOf(hash), fault);
      const start = performance.now();
      await assert.rejects(passwords.verify(hash, 'x'), { code: 'password_hash_unreadable', status: 500 });
      assert.ok(performance.now() - start < 1_000);
    });
  }

  test('is one beyond the bounds, and none at them', () => {
    const bytes = (length: number) => Buffer.alloc(length, 1);
    const bcryptOf = (cost: string) => `$2b$${cost}$${'A'.repeat(53)}`;
    const pbkdf2Of = (rounds: number, saltBytes = 16, hashBytes = 16) =>
      writePbkdf2('sha256', rounds, { salt: bytes(saltBytes), hash: bytes(hashBytes) });
    const argon2Of = (memory: number, iterations: number, parallelism: number) =>
      writeArgon2('argon2id', 19, { memory, iterations, parallelism }, parts);
    const scryptOf = (ln: number, r: number, p: number) => writeScrypt({ N: 2 ** ln, r, p }, parts);
    for (const [at, beyond, fault] of [
      [bcryptOf('14'), bcryptOf('15'), 'too_expensive'],
      [bcryptOf('04'), bcryptOf('03'), 'unreadable'],
      [pbkdf2Of(2_000_000), pbkdf2Of(2_000_001), 'too_expensive'],
      [pbkdf2Of(1), pbkdf2Of(0), 'unreadable'],
      [pbkdf2Of(1, 512), pbkdf2Of(1, 513), 'too_expensive'],
      [pbkdf2Of(1, 16, 512), pbkdf2Of(1, 16, 513), 'too_expensive'],
      [pbkdf2Of(1, 16, 16), pbkdf2Of(1, 16, 15), 'unreadable'],
      [argon2Of(2 ** 20, 2, 1), argon2Of(2 ** 20 + 1, 2, 1), 'too_expensive'],
      [argon2Of(512, 1, 64), argon2Of(520, 1, 65), 'too_expensive'],
      [argon2Of(16, 1, 2), argon2Of(15, 1, 2), 'unreadable'],
      [argon2Of(8, 1, 1), argon2Of(8, 0, 1), 'unreadable'],
      [argon2Of(8, 1, 1), argon2Of(8, 1, 0), 'unreadable'],
      [scryptOf(14, 8, 32), scryptOf(14, 8, 33), 'too_expensive'],
      [scryptOf(1, 1, 1), scryptOf(0, 1, 1), 'unreadable'],
      [scryptOf(1, 1, 1), scryptOf(1, 0, 1), 'unreadable'],
      [scryptOf(1, 1, 1), scryptOf(1, 1, 0), 'unreadable'],
    ] as const) {
      assert.equal(typeof readHash(at), 'object', at);
      assert.equal(readHash(beyond), fault, beyond);
    }
  });

  test('has its memory known to the queue', () => {
    const memoryOf = (hash: string) => {
      const stored = readHash(hash);
      return typeof stored === 'string' ? stored : stored.memory;
    };
    assert.equal(
      memoryOf(writeArgon2('argon2i', 19, { memory: 65_536, iterations: 2, parallelism: 1 }, parts)),
      65_536,
    );
    assert.equal(memoryOf(writeScrypt({ N: 2 ** 14, r: 8, p: 1 }, parts)), 16 * 1_024 + 1);
  });
});

test.after(() => passwords.close());
