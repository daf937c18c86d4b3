import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import { onRedis } from '../../server/platform/redis.ts';
import { freshRedis } from '../helpers/redis.ts';
import { defer, type Scope } from '../helpers/scope.ts';
import { freePort } from '../helpers/waiting.ts';

/**
 * A mail server that asks for a password, unless AUTH is disabled.
 * @param passwords those that it accepts at the time
 * @returns its URL with a password
 */
export async function mailServer(
  scope: Scope,
  passwords: ReadonlySet<string>,
  disabledCommands: string[] = [],
): Promise<(password: string) => string> {
  const port = await freePort();
  const server = new SMTPServer({
    disableReverseLookup: true,
    hideSTARTTLS: true,
    allowInsecureAuth: true,
    logger: false,
    disabledCommands,
    onAuth: ({ username, password }, _session, done) =>
      passwords.has(password ?? '') ? done(null, { user: username }) : done(new Error('refused by the test')),
  });
  server.on('error', () => {}); // a client disconnected in the middle
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
  defer(scope, () => new Promise<void>((closed) => server.close(() => closed())));
  return (password) => `smtp://cardea:${password}@127.0.0.1:${port}`;
}

/**
 * A Redis with the users `cardea`, `lowly`, who may not change users, and `open`, who may sign in with any password; the password of the
 * others is `first`. It keeps them in a file.
 */
export async function redisWithUsers(scope: Scope) {
  const folder = mkdtempSync(join(tmpdir(), 'cardea-test-acl-'));
  defer(scope, () => rmSync(folder, { recursive: true, force: true }));
  const aclfile = join(folder, 'users.acl');
  writeFileSync(aclfile, '');
  const redis = await freshRedis(scope, { aclfile });
  const send = (url: string, command: string[]) =>
    onRedis(url, AbortSignal.timeout(10_000), async (sent) => String(await sent(command)));
  const rights = ['on', '>first', '~*', '&*', '+@all'];
  await send(redis.url, ['ACL', 'SETUSER', 'cardea', ...rights]);
  await send(redis.url, ['ACL', 'SETUSER', 'lowly', ...rights, '-acl']);
  await send(redis.url, ['ACL', 'SETUSER', 'open', 'on', 'nopass', '~*', '+@all']);
  await send(redis.url, ['ACL', 'SAVE']);
  return {
    url: (user: string, password: string) => `redis://${user}:${password}@127.0.0.1:${redis.port}`,
    /** As a user who may do everything. */
    send: (...command: string[]) => send(redis.url, command),
    signIn: (url: string) => send(url, ['PING']),
    restart: () => redis.restart(),
    /** It can keep users no longer. */
    loseFolder: () => rmSync(folder, { recursive: true }),
  };
}
