import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { createDocument, type Document, mountDocument } from '../platform/documents.ts';
import { AppError } from '../platform/errors.ts';
import { fixedHeaders } from '../platform/http.ts';
import { type OpenApi, operationsOf } from '../platform/openapi.ts';
import { PATHS } from '../views/paths.ts';
import type { Views } from '../views/views.ts';
import { modelOf, operationId } from './model.ts';
import { problemRoutes } from './problem_pages.ts';
import { proseOf } from './prose.ts';
import { type DocumentLink, type FoundOperation, referenceView, searchView } from './views.ts';

/** A description that the page shows. */
export interface Described {
  /** As in `/api/docs?document=oauth`. */
  readonly name: string;
  readonly title: string;
  /** Where the document is. */
  readonly path: string;
  /** Called once, when the first one asks. */
  read(): Promise<OpenApi>;
}

export interface ReferenceOptions {
  readonly views: Views;
  /** The first is shown first. */
  readonly documents: readonly Described[];
  /** Other files that programs read, such as a JSON Schema. */
  readonly files: readonly { readonly path: string; read(): object }[];
  readonly secure: boolean;
}

const QUERY_MAX = 100;
const FOUND_MAX = 100;
/** A new version of the server is known within that time, in seconds. */
const MAX_AGE = 300;

/** The descriptions, a page that shows them, and a page for each error code. */
export async function referenceRoutes(app: FastifyInstance, options: ReferenceOptions): Promise<void> {
  const { views, documents, files, secure } = options;
  const read = documents.map((one) => ({ ...one, read: once(one.read) }));
  /** The pages by document and language: a stranger's request must not cost a rendering. */
  const pages = new Map<string, string>();

  for (const { path, read: made } of read) {
    const file = once(async () => jsonDocument(await made(), secure));
    mountDocument(app, path, file);
  }
  for (const { path, read: made } of files) {
    const file = once(() => jsonDocument(made(), secure));
    mountDocument(app, path, file);
  }
  await problemRoutes(app, { views });

  app.get<{ Querystring: { q?: unknown; document?: unknown } }>(
    PATHS.apiDocs,
    { config: { produces: ['text/html'] } },
    async (request, reply) => {
      const { q, document } = request.query;
      const page = await (typeof q === 'string' && q !== '' ? search(request, q) : shown(request, document));
      return reply.type('text/html; charset=utf-8').send(page);
    },
  );

  async function shown(request: FastifyRequest, name: unknown): Promise<string> {
    const chosen = name === undefined ? read[0] : read.find((one) => one.name === name);
    if (!chosen) throw new AppError('not_found', 'there is no such description');
    const locale = localeOf(request);
    const key = `${chosen.name} ${locale}`;
    let page = pages.get(key);
    if (page === undefined) {
      const data = { documents: linksOf(documents, chosen.name), model: modelOf(await chosen.read()), proseOf };
      page = views.render(referenceView, data, locale);
      pages.set(key, page);
    }
    return page;
  }

  async function search(request: FastifyRequest, query: string): Promise<string> {
    const wanted = query.slice(0, QUERY_MAX).toLowerCase().split(/\s+/);
    const all = await Promise.all(read.map(async (one) => findIn(one.name, await one.read(), wanted)));
    const found = all.flat().slice(0, FOUND_MAX);
    const data = { query: query.slice(0, QUERY_MAX), documents: linksOf(documents, undefined), found };
    return views.render(searchView, data, localeOf(request));
  }

  const localeOf = (request: FastifyRequest) => views.negotiate(undefined, request.headers['accept-language']);
}

/** Operations that have all the words. */
function findIn(name: string, document: OpenApi, wanted: readonly string[]): FoundOperation[] {
  return operationsOf(document).flatMap(({ path, method, operation }) => {
    const { summary = '', description = '', tags = [], parameters = [] } = operation;
    const id = operationId(path, method, operation);
    const names = parameters.map((one) => one.name);
    const text = [method, path, id, summary, description, ...tags, ...names].join(' ').toLowerCase();
    if (!wanted.every((word) => text.includes(word))) return [];
    return [{ method: method.toUpperCase(), path, summary, href: `${pageOf(name)}#${id}` }];
  });
}

const pageOf = (name: string): string => `${PATHS.apiDocs}?document=${encodeURIComponent(name)}`;

function linksOf(documents: readonly Described[], open: string | undefined): DocumentLink[] {
  return documents.map(({ name, title, path }) => ({
    name,
    title,
    href: pageOf(name),
    file: path,
    isOpen: name === open,
  }));
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function jsonDocument(value: unknown, secure: boolean): Document {
  const body = JSON.stringify(value);
  const etag = `"${createHash('sha256').update(body).digest('base64url')}"`;
  const type = 'application/json; charset=utf-8';
  return createDocument({ body, etag, type, cacheControl: `public, max-age=${MAX_AGE}` }, fixedHeaders(secure));
}
