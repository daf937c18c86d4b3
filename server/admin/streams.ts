import type { IncomingMessage } from 'node:http';
import { finished, Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { jsonLines, NO_LINES } from '../operations/json_lines.ts';
import type { Stream } from '../operations/operation.ts';
import type { Runner } from '../operations/run.ts';
import type { Running } from '../operations/run_stream.ts';
import { described } from '../operations/schema.ts';
import { AppError, invalidParameter, isUnavailable } from '../platform/errors.ts';
import type { Logger } from '../platform/log.ts';
import { type Callers, challengeDenied } from './callers.ts';
import { dryRunAsked, originOf } from './headers.ts';
import { controlsOf, inQuery, operationQuery } from './query.ts';

/* Operations on very many things: lines of JSON in both directions, with no more in memory than is under way. */

export const LINES_TYPE = 'application/x-ndjson';

export interface StreamLimits {
  /** Milliseconds in which something of the input has to arrive. */
  readonly idle: number;
  /** Milliseconds that one may take. */
  readonly total: number;
  /** Streams at once, by node. */
  readonly atOnce: number;
  /** Milliseconds for the end of an answer to arrive, when the input is not read to its end (RFC 9112 §9.6). */
  readonly linger: number;
}

export const STREAM_LIMITS: StreamLimits = { idle: 60_000, total: 4 * 3_600_000, atOnce: 4, linger: 5_000 };

const LINE_MAX = 256 * 1_024;

export interface StreamParts {
  readonly runner: Pick<Runner, 'stream'>;
  readonly log: Pick<Logger, 'error'>;
  readonly callers: Callers;
  readonly limits: StreamLimits;
  /** Aborted when the server stops. */
  readonly stopping: AbortSignal;
}

/** The body of such a request is given as it arrives, and has no limit but that of each line. */
export function acceptLines(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(LINES_TYPE, (_request, payload, done) => done(null, payload));
  app.addContentTypeParser('*', (request, payload, done) => {
    // Programs name a type for a body that they then leave empty.
    if (request.headers['content-length'] === '0') done(null, payload);
    else done(new AppError('unsupported_media_type', notLines(request.routeOptions.config.lines)));
  });
}

function notLines(title: string | undefined): string {
  const what = title === undefined ? '' : `, ${title} in the reference of the API`;
  return `Content-Type: must be ${LINES_TYPE}: JSON, one object a line${what}; an empty body needs none`;
}

// biome-ignore lint/suspicious/noExplicitAny: of any schemas
export function createStreamHandlers(parts: StreamParts): (operation: Stream<any>) => StreamHandler {
  const { runner, log, callers, limits, stopping } = parts;
  let underWay = 0;

  return (operation) => async (request, reply) => {
    const caller = callers.callerOf(request);
    if (operation.changes && request.headers['idempotency-key'] !== undefined)
      throw invalidParameter(
        'Idempotency-Key',
        'is not possible here: people who exist are skipped by a repeated import',
      );
    const query = request.query as Readonly<Record<string, unknown>>;
    const dryRun = operation.changes && (controlsOf(query).dryRun || dryRunAsked(request.headers.prefer));
    if (underWay >= limits.atOnce) throw busy();
    underWay += 1;
    const input = {
      query: operationQuery(operation.schemas.query, query, operation.changes ? ['dryRun'] : []),
      lines: operation.schemas.body ? jsonLines(arriving(request, { limits, stopping }), LINE_MAX) : NO_LINES,
    };
    const running = await runner
      .stream(operation, input, {
        actor: caller,
        actorNow: caller.again,
        requestId: request.id,
        from: originOf(request, caller.owner),
        dryRun,
      })
      .catch((error) => {
        underWay -= 1;
        return challengeDenied(reply, caller, operation)(inQuery(error));
      });
    closeUnread(request.raw, reply, limits);
    if (dryRun) reply.header('preference-applied', 'handling=dry-run');
    const failed = (error: unknown) => {
      if (!isExpected(error)) log.error({ requestId: request.id, error }, 'a stream of the API failed');
    };
    const body = bodyOf(operation, running, stopping, failed);
    finished(reply.raw, () => {
      underWay -= 1;
      body.destroy();
    });
    return reply.type(`${LINES_TYPE}; charset=utf-8`).send(body);
  };
}

type StreamHandler = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;

function busy(): AppError {
  return new AppError(
    'temporarily_unavailable',
    'as many imports and exports as can be are under way; try again later',
    {
      dependency: 'imports and exports',
    },
  );
}

const isExpected = (error: unknown) => isUnavailable(error) || (error instanceof AppError && error.status < 500);

/** The result is made as fast as it is read. */
function bodyOf(
  // biome-ignore lint/suspicious/noExplicitAny: of any schemas
  { schemas }: Stream<any>,
  running: Running<unknown>,
  stopping: AbortSignal,
  failed: (error: unknown) => void,
): Readable {
  const written = (line: unknown) => `${JSON.stringify(described(schemas.output, line))}\n`;
  async function more(): Promise<string | null> {
    for (let lines = await running.next(); lines; lines = await running.next()) {
      if (lines.length > 0) return lines.map(written).join('');
    }
    if (running.failure() !== undefined) failed(running.failure());
    return null;
  }
  return new Readable({
    read() {
      more().then(
        (text) => void this.push(text),
        (error) => {
          failed(error);
          this.destroy(error);
        },
      );
    },
    destroy(error, done) {
      running.stop().then(
        () => done(error),
        (other) => done(other),
      );
    },
    // One that has an input tells of it in its last line.
    ...(schemas.body ? {} : { signal: stopping }),
  });
}

/**
 * The bytes of a body as they arrive, for as long as they do.
 * @throws AppError 408 when nothing comes or it takes too long, 503 when the server stops, 400 when the connection breaks
 */
async function* arriving(
  request: FastifyRequest,
  { limits, stopping }: Pick<StreamParts, 'limits' | 'stopping'>,
): AsyncGenerator<Uint8Array> {
  const source = request.raw.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array>;
  const ends = performance.now() + limits.total;
  request.server.allowSlowBody(request);
  try {
    for (;;) {
      if (performance.now() > ends) throw tooLong(`it took more than ${limits.total / 60_000} minutes`);
      const result = await unless(stopping, limits.idle, source.next());
      if (result.done) return;
      yield result.value;
    }
  } finally {
    // Not awaited: it waits for a chunk that may never come.
    source.return?.().catch(() => {});
  }
}

const tooLong = (why: string) => new AppError('request_timeout', why);

/** @throws AppError 408 after so many milliseconds, 503 when the server stops, 400 when it fails */
function unless<T>(stopping: AbortSignal, ms: number, coming: Promise<T>): Promise<T> {
  return new Promise((done, refuse) => {
    const settle = (act: () => void) => {
      clearTimeout(late);
      stopping.removeEventListener('abort', stop);
      act();
    };
    const stop = () =>
      settle(() => refuse(new AppError('temporarily_unavailable', 'the server stops; go on with another one')));
    const late = setTimeout(() => settle(() => refuse(tooLong(`nothing came for ${ms / 1_000} seconds`))), ms);
    stopping.addEventListener('abort', stop, { once: true });
    if (stopping.aborted) stop();
    coming.then(
      (value) => settle(() => done(value)),
      (cause) =>
        settle(() => refuse(new AppError('invalid_request', 'the connection broke before the input ended', { cause }))),
    );
  });
}

/** A body that is not read to its end must not stay in the connection, nor keep the answer from its sender. */
function closeUnread(raw: IncomingMessage, reply: FastifyReply, { linger }: Pick<StreamLimits, 'linger'>): void {
  reply.raw.once('finish', () => {
    if (raw.complete) return;
    raw.resume();
    // Its sender may have ended it meanwhile, and be using the connection for other requests.
    setTimeout(() => {
      if (!raw.complete) raw.destroy();
    }, linger).unref();
  });
}
