import { availableParallelism } from 'node:os';

/** libuv lets name lookups have half of its threads: with two, one that hangs leaves one to sign with. */
const LEAST = 2;
/** One main thread does not hand over more signatures than that many threads can make, of RSA-4096 either. */
const MOST = 8;

/** @returns how many of libuv's threads make signatures beside the main thread */
export function signingThreads(processors: number): number {
  return Math.min(MOST, Math.max(LEAST, processors - 1));
}

/**
 * Makes libuv's pool as large as there are processors to run it, instead of always four: more threads than that only
 * take turns with the main thread. To be called before anything uses the pool; an operator's own choice stays.
 */
export function sizeThreadPool(): void {
  process.env.UV_THREADPOOL_SIZE ??= String(signingThreads(availableParallelism()));
}
