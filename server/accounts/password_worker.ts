import { constants, setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { hashSync, verifySync } from '@node-rs/argon2';
import { ARGON2 } from './argon2.ts';

/**
 * The thread that hashes passwords. It computes nothing else, one job at a time, and yields the processor to whoever
 * wants it: a signature takes a quarter of a millisecond and should not wait for a hash, which takes eight.
 */
export type Job =
  | { readonly kind: 'hash'; readonly password: string }
  | { readonly kind: 'verify'; readonly hash: string; readonly password: string };

export type Outcome = { readonly ok: true; readonly value: string | boolean } | { readonly ok: false };

// On Linux a priority belongs to a thread; elsewhere this call would slow the whole process down.
if (process.platform === 'linux') setPriority(0, constants.priority.PRIORITY_BELOW_NORMAL);

const compute = (job: Job) =>
  job.kind === 'hash' ? hashSync(job.password, ARGON2) : verifySync(job.hash, job.password);

parentPort?.on('message', (job: Job) => {
  let outcome: Outcome;
  try {
    outcome = { ok: true, value: compute(job) };
  } catch {
    // Nothing of the error leaves: messages of parsers quote what they choked on.
    outcome = { ok: false };
  }
  parentPort?.postMessage(outcome);
});
