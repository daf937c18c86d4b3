/**
 * The cost of a password hash: OWASP's first choice for argon2id, 19 MiB, two passes, one lane. Pinned here so that an
 * upgrade of the library cannot change it unseen; hashes carry their own parameters, so changing these leaves the old
 * ones valid and `isOutdated` tells which to renew at the next sign-in.
 */
export const ARGON2 = {
  /** Argon2id; the library's enum exists in its types alone. */
  algorithm: 2,
  /** KiB */
  memoryCost: 19_456,
  timeCost: 2,
  parallelism: 1,
  /** bytes */
  outputLen: 32,
} as const;

const PREFIX = `$argon2id$v=19$m=${ARGON2.memoryCost},t=${ARGON2.timeCost},p=${ARGON2.parallelism}$`;

/** True when the hash was made with other parameters than today's. */
export function isOutdated(hash: string): boolean {
  return !hash.startsWith(PREFIX);
}

const SALT_CHARACTERS = 22; // 16 bytes
const HASH_CHARACTERS = 43; // 32 bytes

/**
 * What is verified when there is nothing to verify: it parses, costs what every other hash costs, and is the hash of
 * no password that anybody will find.
 */
export const DUMMY_HASH = `${PREFIX}${'A'.repeat(SALT_CHARACTERS)}$${'A'.repeat(HASH_CHARACTERS)}`;
