import { setTimeout } from 'node:timers/promises';
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { connecting, observed } from './db_clients.ts';
import { failedGuard, isConnectionError, isPasswordRefused, MOMENTARY, sqlState, translate } from './db_errors.ts';
import { isUnavailable } from './errors.ts';
import { observedPool } from './kysely_pool.ts';
import type { Outages } from './outages.ts';
import type { RequestContext } from './request_context.ts';
import { shapeOf } from './statement_shape.ts';
import type { Tracing } from './tracing.ts';

/**
 * `name` makes Postgres keep the plan of a statement per connection, as all of the hot path do. One whose text depends on
 * a request has none: a connection would keep all texts that it was ever given.
 */
export interface Statement {
  readonly name?: string;
  readonly text: string;
}

/** A statement with its parameters, which returns rows of type `R`. */
export interface BoundStatement<R = unknown> {
  readonly statement: Statement;
  readonly values: readonly unknown[];
  /** Never set: it carries the type. */
  readonly row?: R;
}

export type Row = Record<string, unknown>;

/** Statements that return rows of the types in the tuple `R`, one of each. */
export type BoundStatements<R extends readonly unknown[]> = readonly [...{ [I in keyof R]: BoundStatement<R[I]> }];

/** The rows of each statement. */
export type RowsOf<R extends readonly unknown[]> = { -readonly [I in keyof R]: R[I][] };

/** Sends statements within a transaction. @returns the rows of each */
export type Send = <R extends readonly unknown[]>(bound: BoundStatements<R>) => Promise<RowsOf<R>>;

export interface Db {
  /** With the password. */
  readonly url: string;
  /** For everything that is not on the hot path; narrow it with `.withTables<…>()`. */
  readonly kysely: Kysely<Record<never, never>>;
  /** Runs one statement, which commits by itself. */
  query<R>(bound: BoundStatement<R>): Promise<R[]>;
  /** The same for a statement whose parameters have no names, as tests have. */
  run<R = Row>(statement: Statement, values: readonly unknown[]): Promise<R[]>;
  /**
   * Runs statements as one transaction in one round trip: all are sent before the first answer is read, and all
   * happen or none does. One statement alone needs no BEGIN.
   * @returns the rows of each
   */
  transact<R extends readonly unknown[]>(bound: BoundStatements<R>): Promise<RowsOf<R>>;
  /**
   * Runs a transaction whose statements depend on the rows of earlier ones. Statements that are sent together are one
   * round trip.
   * @param work throws to undo everything
   * @param options `rollBack`: everything is undone in the end, as for a dry run
   */
  transaction<T>(work: (send: Send) => Promise<T>, options?: { readonly rollBack?: boolean }): Promise<T>;
  /** A connection of its own, outside the pool (LISTEN, advisory locks). The caller ends it. */
  connect(): Promise<pg.Client>;
  poolState(): PoolState;
  close(): Promise<void>;
}

/** The connections of the pool at this moment. */
export interface PoolState {
  readonly busy: number;
  readonly idle: number;
  readonly most: number;
  /** Callers that wait for one. */
  readonly waiting: number;
}

export interface DbOptions {
  /** A function is called for each new connection, so that a new password needs no restart. */
  url: string | (() => string);
  /** Connections at most. */
  poolSize?: number;
  /** Milliseconds to wait for a connection, and for a statement. */
  timeoutMs?: number;
  /** The name of the connections that Postgres shows. Default: that of a server. */
  name?: string;
  /** Told of every success, and of every failure that means that Postgres is unavailable. */
  outages?: Outages;
  /** Told of statements and transactions that succeeded and took longer than `slowMs` (default: a second). */
  onSlow?: ((slow: SlowStatement) => void) | undefined;
  slowMs?: number;
  tracing?: Pick<Tracing, 'asks'> | undefined;
  requestContext?: Pick<RequestContext, 'requestId'> | undefined;
  /** Called with the text of each statement sent, BEGIN and COMMIT included. */
  onStatement?: (text: string) => void;
}

export interface SlowStatement {
  /** Their names; texts depend on requests, and are not told. */
  readonly statements: readonly string[];
  readonly ms: number;
  readonly requestId: string | undefined;
}

const SLOW_MS = 1_000;
/** The connections of servers are known by it. */
export const SERVER_NAME = 'cardea';

const DEFAULT_POOL_SIZE = 10;
const DEFAULT_TIMEOUT_MS = 5_000;

const PASSWORD_TRIES = 20;
const PASSWORD_PAUSE_MS = 100;

/** @throws (each method) AppError 503 when Postgres cannot be reached or does not answer in time */
export function createDb(options: DbOptions): Db {
  const { outages, onSlow, slowMs = SLOW_MS, requestContext, tracing } = options;
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const connection = {
    connectionTimeoutMillis: timeoutMs,
    statement_timeout: timeoutMs,
    // The client gives up a little later than the server, so that a frozen server or network cannot hang a request.
    query_timeout: timeoutMs + 1_000,
    keepAlive: true,
    // Named statements are planned once per connection: by default Postgres plans the large ones again each time, which
    // takes longer than running them. A plan that was made for a small table would use a sequential scan, also after the
    // table has grown; all statements here find rows by a key, so sequential scans are disabled.
    options: '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off',
    application_name: options.name ?? SERVER_NAME,
    pipeline: true,
  };
  const { url } = options;
  const urlNow = typeof url === 'function' ? url : () => url;
  const pool = new pg.Pool({
    ...connection,
    max: options.poolSize ?? DEFAULT_POOL_SIZE,
    Client: connecting(urlNow, observed(options.onStatement)),
  });
  // The pool listens to idle connections only. A connection that breaks while it is in use, but between two statements,
  // would have no listener, which ends the process.
  pool.on('connect', (client) => void client.on('error', (error) => outages?.failed(error)));
  pool.on('error', () => {}); // the listener of the connection has reported it

  /** @returns the error for the caller */
  function failure(error: unknown): unknown {
    const translated = translate(error);
    if (isUnavailable(translated) && !MOMENTARY.test(sqlState(error) ?? '')) outages?.failed(error);
    return translated;
  }

  const connected = () =>
    admitted(() => pool.connect()).catch((error) => {
      throw failure(error);
    });

  /** Tries again for a moment when the password is refused: it may just have been changed, and the file of the URL follows. */
  async function admitted<T>(connect: () => Promise<T>): Promise<T> {
    for (let left = typeof url === 'function' ? PASSWORD_TRIES : 0; ; left -= 1) {
      try {
        return await connect();
      } catch (error) {
        if (left <= 0 || !isPasswordRefused(error)) throw error;
        await setTimeout(PASSWORD_PAUSE_MS);
      }
    }
  }

  /**
   * BEGIN and COMMIT name the request (https://google.github.io/sqlcommenter/spec/). Other statements are prepared by their
   * text, which has to be the same for every request.
   */
  function commented(text: 'BEGIN' | 'COMMIT'): string {
    const requestId = requestContext?.requestId();
    return requestId === undefined ? text : `${text} /*request_id='${encodeURIComponent(requestId)}'*/`;
  }

  /** @param startedAt monotonic milliseconds */
  function tellIfSlow(statements: readonly Statement[], startedAt: number): void {
    const ms = Math.round(performance.now() - startedAt);
    if (ms < slowMs || !onSlow) return;
    onSlow({
      statements: statements.map(({ name = '(unnamed)' }) => name),
      ms,
      requestId: requestContext?.requestId(),
    });
  }

  /** Names and shapes alone: values are secrets and personal data, and texts may depend on requests. */
  function traced<T>(statements: readonly Statement[], work: () => Promise<T>): Promise<T> {
    if (!tracing) return work();
    const names = statements.map(({ name, text }) => name ?? shapeOf(text)).join(' ');
    return tracing.asks(`postgres ${names}`.slice(0, 200), { 'db.system.name': 'postgresql' }, work);
  }

  const run = <R>(statement: Statement, values: readonly unknown[]): Promise<R[]> =>
    traced([statement], () => runOne<R>(statement, values));

  async function runOne<R>(statement: Statement, values: readonly unknown[]): Promise<R[]> {
    const startedAt = performance.now();
    try {
      const query = { ...statement, values: values as unknown[] };
      const result = await admitted(() => pool.query(query));
      // First, since it may be the one that finds the database back.
      tellIfSlow([statement], startedAt);
      outages?.succeeded();
      return result.rows as R[];
    } catch (error) {
      throw failure(error);
    }
  }

  async function transact(bound: readonly BoundStatement[]): Promise<Row[][]> {
    const only = bound[0];
    if (!only) return [];
    if (bound.length === 1) return [await run(only.statement, only.values)];
    return traced(
      bound.map(({ statement }) => statement),
      () => transactAll(bound),
    );
  }

  async function transactAll(bound: readonly BoundStatement[]): Promise<Row[][]> {
    const startedAt = performance.now();
    const client = await connected();
    const sent = [
      client.query(commented('BEGIN')),
      ...bound.map(({ statement, values }) => client.query({ ...statement, values: values as unknown[] })),
      client.query(commented('COMMIT')),
    ];
    const settled = await Promise.allSettled(sent);
    const failed = settled.find((one) => one.status === 'rejected');
    // A connection that broke is not given back; one whose transaction was refused has been rolled back by COMMIT.
    client.release(failed !== undefined && isConnectionError(failed.reason));
    if (failed) throw failure(failed.reason);
    tellIfSlow(
      bound.map(({ statement }) => statement),
      startedAt,
    );
    outages?.succeeded();
    return settled.slice(1, -1).map((one) => (one.status === 'fulfilled' ? one.value.rows : []));
  }

  async function transaction<T>(
    work: (send: Send) => Promise<T>,
    { rollBack = false }: { readonly rollBack?: boolean } = {},
  ): Promise<T> {
    const client = await connected();
    const send = (bound: readonly BoundStatement[]) =>
      traced(
        bound.map(({ statement }) => statement),
        () => sendAll(bound),
      );
    const sendAll = async (bound: readonly BoundStatement[]) => {
      const sent = bound.map(({ statement, values }) => client.query({ ...statement, values: values as unknown[] }));
      const settled = await Promise.allSettled(sent);
      const failed = settled.find((one) => one.status === 'rejected');
      if (failed) throw failure(failed.reason);
      return settled.map((one) => (one.status === 'fulfilled' ? one.value.rows : []));
    };
    let lost = false;
    try {
      await send([bare(commented('BEGIN'))]);
      const result = await work(send as Send);
      await send([rollBack ? ROLLBACK : bare(commented('COMMIT'))]);
      outages?.succeeded();
      return result;
    } catch (error) {
      lost = await send([ROLLBACK]).then(
        () => false,
        () => true,
      );
      throw error;
    } finally {
      client.release(lost);
    }
  }

  return {
    get url() {
      return urlNow();
    },
    kysely: new Kysely<Record<never, never>>({
      dialect: new PostgresDialect({ pool: observedPool(pool, { outages, connected, failure, traced }) }),
    }),
    query: <R>({ statement, values }: BoundStatement<R>) => run<R>(statement, values),
    run,
    transact: transact as Db['transact'],
    transaction,
    async connect() {
      try {
        return await admitted(async () => {
          const own = { ...connection, statement_timeout: 0, query_timeout: 0, pipeline: false };
          const client = new pg.Client({ ...own, connectionString: urlNow() });
          client.on('error', (error) => outages?.failed(error));
          await client.connect();
          return client;
        });
      } catch (error) {
        throw failure(error);
      }
    },
    poolState: () => ({
      busy: pool.totalCount - pool.idleCount,
      idle: pool.idleCount,
      most: pool.options.max,
      waiting: pool.waitingCount,
    }),
    close: () => pool.end(),
  };
}

const bare = (text: string): BoundStatement => ({ statement: { text }, values: [] });
const ROLLBACK = bare('ROLLBACK');

/** A database whose statements all belong to one transaction. */
export function withinTransaction(send: Send): Db {
  const outside = () => {
    throw new Error('not possible within a transaction');
  };
  return {
    get url() {
      return outside();
    },
    get kysely() {
      return outside();
    },
    query: async <R>(bound: BoundStatement<R>) => (await send<[R]>([bound]))[0],
    run: async <R>(statement: Statement, values: readonly unknown[]) => (await send<[R]>([{ statement, values }]))[0],
    transact: send,
    transaction: (work) => work(send),
    connect: outside,
    poolState: outside,
    close: outside,
  };
}

/**
 * Runs statements as one transaction, of which nothing happens when one that calls `require_rows` finds nothing to change.
 * @returns the rows of each; undefined when nothing happened
 */
export async function transactIfNeeded<R extends readonly unknown[]>(
  db: Pick<Db, 'transact'>,
  bound: BoundStatements<R>,
): Promise<RowsOf<R> | undefined> {
  try {
    return await db.transact(bound);
  } catch (error) {
    if (failedGuard(error) === 'require_rows') return undefined;
    throw error;
  }
}

export const DB_STATEMENTS = {
  ping: { name: 'db.ping', text: 'SELECT 1' },
};

/** @throws AppError 503 when the database does not answer */
export async function ping(db: Db): Promise<void> {
  await db.query({ statement: DB_STATEMENTS.ping, values: [] });
}
