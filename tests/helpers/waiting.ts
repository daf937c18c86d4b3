import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

export { isAlive } from '../../server/platform/embedded.ts';

/**
 * Waits for an event that a test cannot be told of. Not a sleep: it returns as soon as the condition holds.
 * @returns what the condition returned
 * @throws when it does not hold within the deadline
 */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  options: { withinMs?: number; everyMs?: number } = {},
): Promise<NonNullable<Exclude<T, false>>> {
  const withinMs = options.withinMs ?? 10_000;
  const deadline = performance.now() + withinMs;
  for (;;) {
    const value = await condition();
    if (value) return value as NonNullable<Exclude<T, false>>;
    if (performance.now() > deadline) throw new Error(`waited ${withinMs} ms in vain: ${what}`);
    await new Promise((wake) => setTimeout(wake, options.everyMs ?? 20));
  }
}

// Below the ports that Linux and others hand out for outgoing connections (32768 and up): a port that was free stays so.
const FIRST_PORT = 20_000;
const LAST_PORT = 32_000;

/** A TCP port of the loopback interface that nobody listens on. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST_PORT, LAST_PORT);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', () => done(false));
    server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
  });
}
