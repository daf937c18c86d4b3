import { createCipheriv, pbkdf2Sync, scryptSync, timingSafeEqual } from 'node:crypto';
import { constants, setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { hashSync, verifySync } from '@node-rs/argon2';
import bcrypt from '@node-rs/bcrypt';
import { ARGON2_OUTPUT, ARGON2ID, type Argon2Parameters } from './argon2.ts';
import type { createEstimator } from './guessability.ts';
import { type Derived, readHash, type ScryptCost, type StoredHash } from './hash_formats.ts';

/**
 * The thread that hashes passwords: one job at a time and nothing else, at a lower priority than other threads. A
 * signature takes a quarter of a millisecond and should not wait for a hash, which takes eight.
 */
export type WorkerJob =
  | {
      readonly kind: 'hash';
      readonly password: string;
      readonly parameters: Argon2Parameters;
      readonly pepper?: Uint8Array;
    }
  | { readonly kind: 'verify'; readonly hash: string; readonly password: string; readonly pepper?: Uint8Array }
  | { readonly kind: 'estimate'; readonly password: string; readonly words: readonly string[] };

/** A hash, whether one matched, or a number of guesses. */
export type WorkerValue = string | boolean | number;
export type WorkerResult = { readonly ok: true; readonly value: WorkerValue } | { readonly ok: false };

// On Linux a priority belongs to a thread; elsewhere this call would slow the whole process down.
if (process.platform === 'linux') setPriority(0, constants.priority.PRIORITY_BELOW_NORMAL);

const AES_256_KEY_BYTES = 32;
const FIREBASE_DERIVED_BYTES = 64;

let estimate: ReturnType<typeof createEstimator> | undefined;

async function compute(job: WorkerJob): Promise<WorkerValue> {
  if (job.kind === 'estimate') {
    // Loaded on first use: only estimating a new password needs the word lists.
    estimate ??= (await import('./guessability.ts')).createEstimator();
    return estimate(job.password, job.words);
  }
  const secret = job.pepper ? { secret: Buffer.from(job.pepper) } : {};
  if (job.kind === 'hash') {
    const { memory, iterations, parallelism } = job.parameters;
    const cost = { memoryCost: memory, timeCost: iterations, parallelism, outputLen: ARGON2_OUTPUT };
    return hashSync(job.password, { algorithm: ARGON2ID, ...cost, ...secret });
  }
  const stored = readHash(job.hash);
  if (typeof stored === 'string') throw new Error(stored);
  return verify(stored, job.password, secret);
}

function verify(stored: StoredHash, password: string, secret: { secret?: Buffer }): boolean {
  switch (stored.kind) {
    case 'argon2':
      return verifySync(stored.phc, password, secret);
    case 'bcrypt':
      return bcrypt.verifySync(password, stored.text);
    case 'pbkdf2': {
      const { salt, hash, iterations, digest } = stored;
      return timingSafeEqual(pbkdf2Sync(password, salt, iterations, hash.length, digest), hash);
    }
    case 'scrypt':
      return timingSafeEqual(scrypt(stored, password, stored.hash.length), stored.hash);
    case 'firebase-scrypt': {
      const key = scrypt(stored, password, FIREBASE_DERIVED_BYTES).subarray(0, AES_256_KEY_BYTES);
      const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
      return timingSafeEqual(cipher.update(Buffer.alloc(stored.hash.length)), stored.hash);
    }
  }
}

function scrypt({ cost, salt }: Derived & { cost: ScryptCost }, password: string, length: number): Buffer {
  const needed = 128 * cost.r * (cost.N + cost.p + 1);
  return scryptSync(password, salt, length, { ...cost, maxmem: 2 * needed });
}

parentPort?.on('message', async (job: WorkerJob) => {
  let outcome: WorkerResult;
  try {
    outcome = { ok: true, value: await compute(job) };
  } catch {
    // The error itself is not passed on, because messages of parsers quote their input.
    outcome = { ok: false };
  }
  parentPort?.postMessage(outcome);
});
