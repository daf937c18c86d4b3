/**
 * The formats of stored password hashes. New ones are argon2id; the others were imported and are replaced when their
 * owners sign in:
 *
 * - `$argon2id$…`, `$argon2i$…`, `$argon2d$…`, `$2a$…`, `$2b$…`, `$2y$…`: the usual formats of Argon2 and bcrypt
 * - `$pbkdf2-sha256$i=<iterations>$<salt>$<hash>`, also `-sha1` and `-sha512`
 * - `$scrypt$ln=<log2 N>,r=<r>,p=<p>$<salt>$<hash>`
 * - `$firebase-scrypt$ln=<mem_cost>,r=<rounds>$<salt and separator>$<key stream>`: Firebase encrypts a project-wide key
 *   with AES-256-CTR, under a key that scrypt derives from the password. Only the key stream is stored (its hash XOR the
 *   project's key), which is enough to verify a password: the project's key is not in the database.
 * - `$pepper$<id>$argon2id$…`: with the pepper of that id as the secret input of argon2 (RFC 9106 §3.1)
 *
 * Binary parts are base64 without padding. This file computes no hash. It tells how much memory verifying takes and
 * refuses excessive parameters, so that an imported hash cannot overload the server.
 */
export type StoredHash =
  | { readonly kind: 'argon2'; readonly pepper: string | undefined; readonly phc: string; readonly memory: number }
  | { readonly kind: 'bcrypt'; readonly text: string; readonly memory: number }
  | ({
      readonly kind: 'pbkdf2';
      readonly digest: string;
      readonly iterations: number;
      readonly memory: number;
    } & Derived)
  | ({ readonly kind: 'scrypt' | 'firebase-scrypt'; readonly cost: ScryptCost; readonly memory: number } & Derived);

export interface Derived {
  readonly salt: Buffer;
  readonly hash: Buffer;
}

export interface ScryptCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** Why a stored hash can never be verified. */
export type HashFault = 'unreadable' | 'too_expensive';

/**
 * With these values verifying takes one core a second or two, ten times the cost of any sensible hash. More would let
 * cheap sign-in requests overload the server.
 */
const MOST = {
  bcryptCost: 14,
  pbkdf2Iterations: 2_000_000,
  /** Lanes and passes times KiB. */
  argon2Work: 2 ** 21,
  /** N · r · p */
  scryptWork: 2 ** 22,
  /** bytes of salt or hash */
  length: 512,
} as const;

const B64 = '([A-Za-z0-9+/]+)';
const ARGON2_FORM = new RegExp(
  `^\\$(argon2(?:id|i|d))\\$(?:v=(?:16|19)\\$)?m=(\\d{1,9}),t=(\\d{1,6}),p=(\\d{1,4})\\$${B64}\\$${B64}$`,
);
const PEPPER_FORM = /^\$pepper\$([0-9a-f]{8})(\$argon2id\$.+)$/;
const BCRYPT_FORM = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;
const PBKDF2_FORM = new RegExp(`^\\$pbkdf2-(sha1|sha256|sha512)\\$i=(\\d{1,9})(?:,l=\\d{1,4})?\\$${B64}\\$${B64}$`);
const SCRYPT_FORM = new RegExp(`^\\$scrypt\\$ln=(\\d{1,2}),r=(\\d{1,4}),p=(\\d{1,4})\\$${B64}\\$${B64}$`);
const FIREBASE_FORM = new RegExp(`^\\$firebase-scrypt\\$ln=(\\d{1,2}),r=(\\d{1,4})\\$${B64}\\$${B64}$`);

const BCRYPT_MEMORY = 4;
const PBKDF2_MEMORY = 1;

type Reader = (match: RegExpExecArray) => StoredHash | HashFault;

const READERS: readonly (readonly [RegExp, Reader])[] = [
  [ARGON2_FORM, (match) => readArgon2(match, undefined)],
  [
    PEPPER_FORM,
    ([, pepper = '', phc = '']) => {
      const match = ARGON2_FORM.exec(phc);
      return match ? readArgon2(match, pepper) : 'unreadable';
    },
  ],
  [
    BCRYPT_FORM,
    ([text, cost]) => {
      if (Number(cost) > MOST.bcryptCost) return 'too_expensive';
      return Number(cost) < 4 ? 'unreadable' : { kind: 'bcrypt', text, memory: BCRYPT_MEMORY };
    },
  ],
  [
    PBKDF2_FORM,
    ([, digest = '', count, salt, hash]) => {
      const iterations = Number(count);
      if (iterations > MOST.pbkdf2Iterations) return 'too_expensive';
      return derived({ kind: 'pbkdf2', digest, iterations, memory: PBKDF2_MEMORY }, iterations > 0, salt, hash);
    },
  ],
  [SCRYPT_FORM, ([, ln, r, p, salt, hash]) => readScrypt('scrypt', [ln, r, p], salt, hash)],
  [FIREBASE_FORM, ([, ln, r, salt, hash]) => readScrypt('firebase-scrypt', [ln, r, '1'], salt, hash)],
];

/** @returns the parts of a stored hash, with the memory in KiB that verifying it takes; or why it cannot be verified */
export function readHash(text: string): StoredHash | HashFault {
  for (const [form, read] of READERS) {
    const match = form.exec(text);
    if (match) return read(match);
  }
  return 'unreadable';
}

function readArgon2(match: RegExpExecArray, pepper: string | undefined): StoredHash | HashFault {
  const [phc, , ...rest] = match;
  const [memory = 0, iterations = 0, lanes = 0] = rest.slice(0, 3).map(Number);
  // RFC 9106 §3.1
  if (iterations < 1 || lanes < 1 || memory < 8 * lanes) return 'unreadable';
  if (memory * iterations > MOST.argon2Work || lanes > 64) return 'too_expensive';
  return { kind: 'argon2', pepper, phc, memory };
}

function readScrypt(
  kind: 'scrypt' | 'firebase-scrypt',
  [ln = 0, r = 0, p = 0]: readonly (string | undefined | 0)[],
  salt: string | undefined,
  hash: string | undefined,
): StoredHash | HashFault {
  const cost = { N: 2 ** Number(ln), r: Number(r), p: Number(p) };
  if (cost.N * cost.r * cost.p > MOST.scryptWork) return 'too_expensive';
  const memory = Math.ceil((128 * cost.r * (cost.N + cost.p)) / 1_024);
  return derived({ kind, cost, memory }, cost.N > 1 && cost.r > 0 && cost.p > 0, salt, hash);
}

function derived<T extends object>(head: T, isValid: boolean, salt = '', hash = ''): (T & Derived) | HashFault {
  const parts = { salt: Buffer.from(salt, 'base64'), hash: Buffer.from(hash, 'base64') };
  if (parts.salt.length > MOST.length || parts.hash.length > MOST.length) return 'too_expensive';
  // An empty hash would match every password; a hash below 128 bits can be matched by trying passwords.
  return isValid && parts.hash.length >= 16 ? { ...head, ...parts } : 'unreadable';
}

// ---- writing imported hashes ----

export function writePbkdf2(digest: 'sha1' | 'sha256' | 'sha512', iterations: number, parts: Derived): string {
  return `$pbkdf2-${digest}$i=${iterations}$${b64(parts.salt)}$${b64(parts.hash)}`;
}

export function writeArgon2(
  kind: 'argon2id' | 'argon2i' | 'argon2d',
  version: 16 | 19,
  { memory, iterations, parallelism }: { memory: number; iterations: number; parallelism: number },
  parts: Derived,
): string {
  const parameters = `m=${memory},t=${iterations},p=${parallelism}`;
  return `$${kind}$v=${version}$${parameters}$${b64(parts.salt)}$${b64(parts.hash)}`;
}

export function writeScrypt(cost: ScryptCost, parts: Derived): string {
  return `$scrypt$ln=${Math.log2(cost.N)},r=${cost.r},p=${cost.p}$${b64(parts.salt)}$${b64(parts.hash)}`;
}

export interface FirebaseParameters {
  readonly signerKey: Buffer;
  readonly saltSeparator: Buffer;
  readonly rounds: number;
  readonly memCost: number;
}

/** @throws RangeError when the length of the hash does not match the project's key */
export function writeFirebase(project: FirebaseParameters, { salt, hash }: Derived): string {
  const { signerKey, saltSeparator, rounds, memCost } = project;
  if (hash.length !== signerKey.length) throw new RangeError('the hash has another length than the signer key');
  const keyStream = Buffer.from(hash.map((byte, i) => byte ^ (signerKey[i] ?? 0)));
  return `$firebase-scrypt$ln=${memCost},r=${rounds}$${b64(Buffer.concat([salt, saltSeparator]))}$${b64(keyStream)}`;
}

function b64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
