import { SMTPServer } from 'smtp-server';
import { onRedis } from '../../server/platform/redis.ts';
import { freshRedis } from '../helpers/redis.ts';
import { defer, type Scope } from '../helpers/scope.ts';
import { freePort } from '../helpers/waiting.ts';

/**
 * A mail server that asks for a password.
 * @param passwords those that it accepts at the time
 * @returns its URL with a password
 */
export async function mailServer(scope: Scope, passwords: ReadonlySet<string>): Promise<(password: string) => string> {
  const port = await freePort();
  const server = new SMTPServer({
    disableReverseLookup: true,
    hideSTARTTLS: true,
    allowInsecureAuth: true,
    logger: false,
    onAuth: ({ username, password }, _session, done) =>
      passwords.has(password ?? '') ? done(null, { user: username }) : done(new Error('refused by the test')),
  });
  server.on('error', () => {}); // a client disconnected in the middle
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
  defer(scope, () => new Promise<void>((closed) => server.close(() => closed())));
  return (password) => `smtp://cardea:${password}@127.0.0.1:${port}`;
}

/** A Redis with the users `cardea`, and `lowly`, who may not change users; the password of both is `first`. */
export async function redisWithUsers(scope: Scope) {
  const redis = await freshRedis(scope);
  const send = (url: string, command: string[]) =>
    onRedis(url, AbortSignal.timeout(10_000), async (sent) => String(await sent(command)));
  const rights = ['on', '>first', '~*', '&*', '+@all'];
  await send(redis.url, ['ACL', 'SETUSER', 'cardea', ...rights]);
  await send(redis.url, ['ACL', 'SETUSER', 'lowly', ...rights, '-acl']);
  return {
    url: (user: string, password: string) => `redis://${user}:${password}@127.0.0.1:${redis.port}`,
    /** As a user who may do everything. */
    send: (...command: string[]) => send(redis.url, command),
    signIn: (url: string) => send(url, ['PING']),
  };
}
