import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mountAdmin } from '../../server/admin/mount.ts';
import { LINES_TYPE, STREAM_LIMITS, type StreamLimits } from '../../server/admin/streams.ts';
import type { Actor } from '../../server/operations/actor.ts';
import { audit } from '../../server/operations/audit.ts';
import { auditLog } from '../../server/operations/audit_log.ts';
import { userDataExport } from '../../server/operations/user_data_export.ts';
import { userExport } from '../../server/operations/user_export.ts';
import { userImport } from '../../server/operations/user_import.ts';
import type { Clock } from '../../server/platform/clock.ts';
import { createHttp, type HttpTimeouts } from '../../server/platform/http.ts';
import { createLog } from '../../server/platform/log.ts';
import { limitsOf } from './limits.ts';
import { caller, type OperatedDatabase, operationsOf } from './operations.ts';
import { defer, type Scope } from './scope.ts';

/** The verbs that do the same as the routes of streams. */
export const STREAM_VERBS = [
  { operation: userExport.export, cli: ['users', 'export'] },
  { operation: userImport.import, cli: ['users', 'import'] },
  { operation: audit.export, cli: ['audit', 'export'] },
  { operation: auditLog.verify, cli: ['audit', 'verify'] },
];

/** The verbs of routes whose answer is a file. */
export const FILE_VERBS = [{ operation: userDataExport.export, cli: ['users', 'data-export'] }];

export interface ServedOptions {
  readonly as?: Partial<Actor>;
  readonly streams?: Partial<StreamLimits>;
  readonly timeouts?: HttpTimeouts;
  readonly now?: Clock;
}

/** The admin API on a port, where every request is one of the same actor: streams need connections. */
export async function servedApi(
  scope: Scope,
  app: OperatedDatabase,
  { as = {}, streams, timeouts, now = Date.now }: ServedOptions = {},
) {
  const { runner, services } = await operationsOf(scope, app, now);
  const { issuer } = services.config;
  const logged: string[] = [];
  const log = createLog({ level: 'error', destination: { write: (line: string) => void logged.push(line) } });
  const http = createHttp({ log, secure: false, timeouts, trustedProxies: [], renderError: () => '' });
  await http.register(mountAdmin, {
    issuer,
    runner,
    log,
    limits: limitsOf({}).admin,
    streams: { ...STREAM_LIMITS, ...streams },
    authenticate: async () => caller(as),
  });
  await http.listen({ host: '127.0.0.1', port: 0 });
  let closed: Promise<void> | undefined;
  const close = async () => {
    closed ??= http.close();
    await closed;
  };
  defer(scope, close);
  const { port } = http.server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/api/v1`, runner, services, logged, close };
}

export interface OpenStream {
  /** Waits until the connection takes more. */
  send(text: string | Uint8Array): Promise<void>;
  end(): void;
  answer(): Promise<IncomingMessage>;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into them and asserts what it finds
  next(): Promise<any>;
  /** All that are left. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  rest(): Promise<any[]>;
  destroy(): void;
}

/** A request whose body and answer are lines. */
export function openStream(
  url: string,
  { method = 'POST', headers = {} }: { method?: string; headers?: Readonly<Record<string, string>> } = {},
): OpenStream {
  const sent = request(url, { method, agent: false, headers: { 'content-type': LINES_TYPE, ...headers } });
  sent.flushHeaders();
  sent.on('error', () => {}); // reading the answer fails as well
  const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
  answered.catch(() => {});
  const answer = async () => (await answered)[0];
  async function* read() {
    let rest = '';
    for await (const chunk of (await answer()).setEncoding('utf8')) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) yield JSON.parse(line);
    }
    if (rest !== '') throw new Error('the answer ends within a line');
  }
  const lines = read();
  return {
    async send(text) {
      if (!sent.write(text)) await once(sent, 'drain');
    },
    end: () => void sent.end(),
    answer,
    next: async () => (await lines.next()).value,
    async rest() {
      const left = [];
      for await (const line of lines) left.push(line);
      return left;
    },
    destroy: () => void sent.destroy(),
  };
}

/** Sends all and reads all. */
// biome-ignore lint/suspicious/noExplicitAny: a test looks into them and asserts what it finds
export async function exchanged(url: string, text: string | Uint8Array): Promise<any[]> {
  const stream = openStream(url);
  await stream.send(text);
  stream.end();
  return stream.rest();
}

export { linesIn } from './admin_api.ts';

export const jsonLines = (...values: readonly unknown[]): string =>
  values.map((value) => `${JSON.stringify(value)}\n`).join('');
