import { createClient, createCluster, createSentinel } from 'redis';
import type { Clock } from './clock.ts';
import { type Counter, createMemoryCounter } from './limits.ts';
import type { Logger } from './log.ts';
import { redisPlace } from './redis_url.ts';
import type { Tracing } from './tracing.ts';

/** The commands that are used, for all topologies. */
interface RedisCommands {
  connect(): Promise<unknown>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  get(key: string): Promise<string | null>;
  sendCommand(args: string[]): Promise<unknown>;
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  destroy(): void;
}

export interface RedisCounter extends Counter {
  /** Asks Redis. False while limits are counted per node. */
  isConnected(): Promise<boolean>;
  close(): void;
}

const PREFIX = 'cardea:';
const COMMAND_TIMEOUT_MS = 250;

/** Counts and sets the expiry in one step: a key without a TTL would count forever. */
const INCREMENT = `
  local count = redis.call('INCRBY', KEYS[1], ARGV[2])
  if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
  return count`;

/** Only while the window exists. */
const DECREMENT = `
  if redis.call('EXISTS', KEYS[1]) == 1 then return redis.call('DECR', KEYS[1]) end
  return 0`;

/**
 * A counter shared by all nodes. Redis makes it exact over nodes, but is not required: while it is down each node
 * counts for itself, so limits still apply and no request waits.
 */
export async function createRedisCounter(options: {
  /** A function is called for each connection, so that a new password needs no restart. */
  url: string | (() => string);
  log: Logger;
  now: Clock;
  tracing?: Pick<Tracing, 'asks'> | undefined;
}): Promise<RedisCounter> {
  const { log, now, tracing } = options;
  const memory = createMemoryCounter(now);
  const redis = connectTo(options.url);
  let isAway = false;
  redis.on('error', (error) => {
    if (!isAway) log.warn({ error }, 'Redis is away; limits are counted per node');
    isAway = true;
  });
  // Limited wait: a node also starts without Redis.
  await Promise.race([redis.connect().catch(() => {}), delay(COMMAND_TIMEOUT_MS * 4)]);

  async function orMemory<T>(command: Promise<T>, fallback: () => Promise<T>): Promise<T> {
    try {
      const limited = () => timeLimited(command);
      const result = await (tracing ? tracing.asks('redis', { 'db.system.name': 'redis' }, limited) : limited());
      if (isAway) log.info('Redis is back');
      isAway = false;
      return result;
    } catch {
      return fallback();
    }
  }

  return {
    async get(key) {
      const local = await memory.get(key);
      const shared = await orMemory(
        redis.get(PREFIX + key).then((value) => Number(value ?? 0)),
        async () => 0,
      );
      // The counts of this node from while Redis was down still apply.
      return Math.max(local, shared);
    },
    async increment(key, windowMs, by = 1) {
      const local = await memory.increment(key, windowMs, by);
      const shared = await orMemory(
        redis.eval(INCREMENT, { keys: [PREFIX + key], arguments: [String(windowMs), String(by)] }).then(Number),
        async () => 0,
      );
      return Math.max(local, shared);
    },
    async decrement(key) {
      await memory.decrement(key);
      await orMemory(redis.eval(DECREMENT, { keys: [PREFIX + key], arguments: [] }), async () => 0);
    },
    isConnected: () =>
      orMemory(
        redis.get(`${PREFIX}connected`).then(() => true),
        async () => false,
      ),
    close: () => redis.destroy(),
  };
}

/**
 * What a Redis tells about itself (INFO): a text for each name.
 * @throws Error of the client or of Redis
 */
export const askRedis = (url: string, signal: AbortSignal): Promise<Readonly<Record<string, string>>> =>
  onRedis(url, signal, async (send) => {
    const told = String(await send(['INFO']));
    return Object.fromEntries(
      told.split(/\r?\n/).flatMap((line) => {
        const colon = line.indexOf(':');
        return colon > 0 ? [[line.slice(0, colon), line.slice(colon + 1)]] : [];
      }),
    );
  });

/**
 * Sends commands by a connection of their own.
 * @throws Error of the client or of Redis
 */
export async function onRedis<T>(
  url: string,
  signal: AbortSignal,
  work: (send: (command: string[]) => Promise<unknown>) => Promise<T>,
): Promise<T> {
  const redis = connectTo(url);
  const failed = Promise.withResolvers<never>();
  redis.on('error', failed.reject);
  signal.addEventListener('abort', () => failed.reject(new Error('timed out')), { once: true });
  try {
    const done = redis.connect().then(() => work((command) => redis.sendCommand(command)));
    return await Promise.race([done, failed.promise]);
  } finally {
    redis.destroy();
  }
}

/**
 * redis://…, rediss://…, redis+sentinel://host:port,host:port/master-name, redis+cluster://host:port,host:port; each with
 * `user:password@` before the hosts. The hosts are those of the first URL, user and password those of the URL at the time.
 */
export function connectTo(source: string | (() => string)): RedisCommands {
  const urlNow = typeof source === 'function' ? source : () => source;
  const { kind, secure, hosts, path, credentials } = redisPlace(urlNow());
  const common = {
    disableOfflineQueue: true,
    socket: { connectTimeout: COMMAND_TIMEOUT_MS * 4 },
    ...(credentials
      ? {
          credentialsProvider: {
            type: 'async-credentials-provider' as const,
            credentials: async () => redisPlace(urlNow()).credentials ?? credentials,
          },
        }
      : {}),
  };
  const scheme = secure ? 'rediss' : 'redis';
  // The three client types differ in unused generics; their commands are the same.
  switch (kind) {
    case 'sentinel':
      return createSentinel({
        name: path === '' ? 'mymaster' : path,
        sentinelRootNodes: hostList(hosts, 26_379),
        nodeClientOptions: common,
      }) as unknown as RedisCommands;
    case 'cluster': {
      const rootNodes = hostList(hosts, 6_379).map(({ host, port }) => ({ url: `${scheme}://${host}:${port}` }));
      return createCluster({ rootNodes, defaults: common }) as unknown as RedisCommands;
    }
    default:
      return createClient({ url: `${scheme}://${hosts}/${path}`, ...common }) as unknown as RedisCommands;
  }
}

function hostList(hosts: string, defaultPort: number): { host: string; port: number }[] {
  return hosts.split(',').map((one) => {
    const [host = '', port] = one.split(':');
    return { host, port: Number(port ?? defaultPort) };
  });
}

function timeLimited<T>(command: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, failed) => {
    timer = setTimeout(() => failed(new Error('Redis did not answer in time')), COMMAND_TIMEOUT_MS);
  });
  return Promise.race([command, limit]).finally(() => clearTimeout(timer));
}

function delay(ms: number): Promise<void> {
  return new Promise((wake) => setTimeout(wake, ms).unref());
}
