/** The cost of a password hash. */
export interface Argon2Parameters {
  /** KiB */
  readonly memory: number;
  /** Passes over the memory. */
  readonly iterations: number;
  /** Lanes. */
  readonly parallelism: number;
}

/**
 * OWASP's recommendation for argon2id with little memory: 19 MiB, two passes, one lane. Set here, so that an upgrade of
 * the library cannot change it unnoticed. Hashes contain their parameters: after a change the old ones stay valid and are
 * renewed at the next sign-in.
 */
export const ARGON2: Argon2Parameters = { memory: 19_456, iterations: 2, parallelism: 1 };

/** The least memory in KiB by the number of passes (OWASP Password Storage Cheat Sheet); more passes need no less. */
const LEAST_MEMORY: readonly number[] = [47_104, 19_456, 12_288, 9_216, 7_168];

/** @returns the minimum memory in KiB for a number of passes */
export function leastMemory(iterations: number): number {
  return LEAST_MEMORY[Math.min(iterations, LEAST_MEMORY.length) - 1] ?? 0;
}

/** Argon2id; the library's enum exists in its types alone. */
export const ARGON2ID = 2;
/** bytes */
export const ARGON2_OUTPUT = 32;

/** The beginning of every hash with these parameters. */
export function argon2Prefix({ memory, iterations, parallelism }: Argon2Parameters): string {
  return `$argon2id$v=19$m=${memory},t=${iterations},p=${parallelism}$`;
}

const SALT_CHARACTERS = 22; // 16 bytes
const HASH_CHARACTERS = 43; // 32 bytes

/**
 * Verified in place of a stored hash where there is none: it is well-formed, takes as long as any other hash, and no
 * password with this hash can be found.
 */
export function dummyHash(parameters: Argon2Parameters): string {
  return `${argon2Prefix(parameters)}${'A'.repeat(SALT_CHARACTERS)}$${'A'.repeat(HASH_CHARACTERS)}`;
}
