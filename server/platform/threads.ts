import { availableParallelism } from 'node:os';

/** libuv lets name lookups use half of its threads: with two, one remains for signing when a lookup hangs. */
const LEAST = 2;
/** More threads are not needed: one main thread cannot start more signatures, even of RSA-4096. */
const MOST = 8;

/** @returns the number of libuv threads for signatures, besides the main thread */
export function signingThreads(processors: number): number {
  return Math.min(MOST, Math.max(LEAST, processors - 1));
}

/**
 * Sets the size of libuv's pool to the number of processors, instead of four: more threads only compete with the main
 * thread. Call it before anything uses the pool; a value set by the operator is not changed.
 */
export function sizeThreadPool(): void {
  process.env.UV_THREADPOOL_SIZE ??= String(signingThreads(availableParallelism()));
}
