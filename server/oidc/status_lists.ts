import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import type { FastifyInstance, RouteShorthandOptions } from 'fastify';
import type { Clock } from '../platform/clock.ts';
import { respondToOptions } from '../platform/cors.ts';
import { isUnchanged } from '../platform/documents.ts';
import { AppError } from '../platform/errors.ts';
import { createExpiring } from '../platform/expiring.ts';
import type { Issuer } from '../platform/issuer.ts';
import { LIST_SIZE, type StatusLists, type StatusPlace } from '../records/status_lists.ts';
import type { Sign } from './sign.ts';

export const STATUS_LISTS_PATH = '/status-lists';

/** How long a resource server may use its copy of a list (`ttl`, `max-age`), in seconds. */
const TTL_SECONDS = 60;
/** How long it may use it when it cannot get a newer one, unless tokens live shorter. */
const EXPIRES_SECONDS = 300;
/** How often a node looks whether a list has changed. */
const CHECK_EVERY_MS = 5_000;
const DOCUMENTS_MAX = 200;
const TYPE = 'statuslist+jwt';

/** The value of a token's `status` claim (draft-ietf-oauth-status-list §6.2). */
export function statusClaim(issuer: Issuer, { listId, idx }: StatusPlace) {
  return { status_list: { idx, uri: uriOf(issuer, listId) } };
}

const uriOf = (issuer: Issuer, listId: string) => issuer.url(`${STATUS_LISTS_PATH}/${listId}`);

interface StatusListDocument {
  readonly body: string;
  readonly etag: string;
  readonly cacheControl: string;
  readonly lst: string;
  readonly madeAt: number;
  checkedAt: number;
}

export interface StatusListOptions {
  readonly issuer: Issuer;
  readonly lists: Pick<StatusLists, 'ended'>;
  /** @returns the current one */
  sign(): Sign;
  readonly now: Clock;
  /** Lifetime of tokens, in seconds. A key stays published for that time, and a list must not outlive its key. */
  readonly tokenSeconds: number;
  /** Limits on reading lists. */
  readonly readLimit: RouteShorthandOptions['config'];
  /** @throws AppError 503 when this node may have missed that its key was withdrawn */
  assertCanSign(): void;
}

/** Serves signed status lists (draft-ietf-oauth-status-list §8). Each is made on request and cached for a short time. */
export function mountStatusLists(app: FastifyInstance, options: StatusListOptions): void {
  const { issuer, lists, now } = options;
  const cache = createExpiring<StatusListDocument>({ max: DOCUMENTS_MAX, now });

  async function find(listId: string): Promise<StatusListDocument | undefined> {
    const cached = cache.get(listId);
    if (cached && now() < cached.checkedAt + CHECK_EVERY_MS) return cached;
    const ended = await lists.ended(listId);
    cache.delete(listId);
    if (!ended) return undefined;
    const lst = compress(ended);
    const isFresh = cached?.lst === lst && now() < cached.madeAt + (TTL_SECONDS * 1_000) / 2;
    const document = isFresh ? { ...cached, checkedAt: now() } : await make(listId, lst);
    // A verifier that uses a list requests it again within its `ttl`.
    cache.set(listId, document, now() + TTL_SECONDS * 1_000);
    return document;
  }

  async function make(listId: string, lst: string): Promise<StatusListDocument> {
    const at = now();
    const iat = Math.floor(at / 1_000);
    const claims = {
      iss: issuer.identifier,
      sub: uriOf(issuer, listId),
      iat,
      exp: iat + Math.min(EXPIRES_SECONDS, options.tokenSeconds),
      ttl: Math.min(TTL_SECONDS, options.tokenSeconds),
      status_list: { bits: 1, lst },
    };
    const body = await options.sign()(claims, TYPE);
    const etag = `"${createHash('sha256').update(body).digest('base64url')}"`;
    return { body, etag, cacheControl: `public, max-age=${claims.ttl}`, lst, madeAt: at, checkedAt: at };
  }

  app.get<{ Params: { id: string }; Querystring: { time?: unknown } }>(
    `${STATUS_LISTS_PATH}/:id`,
    { config: { ...options.readLimit, oauth: true, quiet: true } },
    async (request, reply) => {
      options.assertCanSign();
      // §8.4: older states of a list are not stored.
      if (request.query.time !== undefined) throw new AppError('not_implemented', 'there are no lists of the past');
      const document = await find(request.params.id);
      if (!document) throw new AppError('not_found', 'no such status list');
      const { body, etag, cacheControl } = document;
      reply.headers({ 'access-control-allow-origin': '*', 'cache-control': cacheControl, etag });
      if (isUnchanged(request.headers['if-none-match'], etag)) return reply.code(304).send();
      return reply.type(`application/${TYPE}`).send(body);
    },
  );
  app.options(`${STATUS_LISTS_PATH}/:id`, { config: { oauth: true, quiet: true } }, (request, reply) =>
    respondToOptions(request, reply, ['GET', 'HEAD']),
  );
}

/** One bit for each token, the lowest bit of each byte first (§4.1), compressed as ZLIB (RFC 1950). */
function compress(ended: readonly number[]): string {
  const bits = new Uint8Array(LIST_SIZE / 8);
  for (const idx of ended) bits[idx >> 3] = (bits[idx >> 3] ?? 0) | (1 << (idx & 7));
  return deflateSync(bits, { level: 9 }).toString('base64url');
}
