import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

export { isAlive } from '../../server/platform/embedded.ts';

/**
 * Waits for a condition that sends no event. It is not a sleep: it returns as soon as the condition holds.
 * @returns the value of the condition
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

// Below the ports that Linux and others use for outgoing connections (32768 and up), so that a free port stays free.
const FIRST_PORT = 20_000;
const LAST_PORT = 32_000;

/** A free TCP port of the loopback interface. */
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
