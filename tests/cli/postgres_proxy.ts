import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { defer, type Scope } from '../helpers/scope.ts';

/** A way to Postgres that a test can break at the moment when a change of a password is committed. */
export interface PostgresProxy {
  readonly url: string;
  /**
   * Called once, when Postgres has committed and its answer has not been passed on.
   * @returns `break`: the answer is lost, `close`: new connections are refused as well
   */
  onCommit: (() => Promise<'pass' | 'break' | 'close'>) | undefined;
  open(): void;
}

export async function postgresProxy(scope: Scope, to: string): Promise<PostgresProxy> {
  const sockets = new Set<Socket>();
  let closed = false;
  const target = new URL(to);
  const server = createServer((client) => {
    if (closed) return void client.destroy();
    const upstream = connect(Number(target.port), target.hostname);
    const pair = [client, upstream];
    const end = () => pair.forEach((one) => void one.destroy());
    for (const one of pair) {
      sockets.add(one);
      one.on('error', end).on('close', end);
    }
    let changes = false;
    client.on('data', (chunk) => {
      changes ||= chunk.includes('ALTER ROLE');
      upstream.write(chunk);
    });
    upstream.on('data', async (chunk) => {
      if (!changes || !proxy.onCommit || !chunk.includes('COMMIT\0')) return void client.write(chunk);
      const { onCommit } = proxy;
      proxy.onCommit = undefined;
      const then = await onCommit();
      if (then === 'pass') return void client.write(chunk);
      closed = then === 'close';
      end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  defer(scope, () => {
    for (const one of sockets) one.destroy();
    server.close();
  });
  const url = new URL(to);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as { port: number }).port);
  const proxy: PostgresProxy = {
    url: url.href,
    onCommit: undefined,
    open() {
      closed = false;
    },
  };
  return proxy;
}
