import { createHash } from 'node:crypto';
import { type Dirent, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { FastifyInstance, RouteShorthandOptions } from 'fastify';
import { isUnchanged } from '../platform/documents.ts';
import { AppError } from '../platform/errors.ts';
import { redirectTo } from '../platform/forms.ts';
import { PATHS } from '../views/paths.ts';

/** A file of the documentation. */
export interface SiteFile {
  readonly body: Buffer;
  /** Content-Type. */
  readonly type: string;
  /** Strong, quoted (RFC 9110 §8.8.3). */
  readonly etag: string;
}

export interface SiteOptions {
  /** The folder that `make site` has written. */
  readonly folder: string;
  /** Shown as text where the site was not built. */
  readonly readme: string;
  /** Limits on reading pages. */
  readonly readLimit: RouteShorthandOptions['config'];
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
};

/** An upgraded server is noticed within that time, in seconds. */
const MAX_AGE = 300;

/** The documentation below `/docs`, as it was built with this version. */
export async function siteRoutes(app: FastifyInstance, options: SiteOptions): Promise<void> {
  const { folder, readme, readLimit } = options;
  let read: ReadonlyMap<string, SiteFile> | undefined;
  const files = () => {
    read ??= readSite(folder);
    return read;
  };

  app.get(PATHS.documentation, { config: { ...readLimit } }, async (_request, reply) =>
    files().size === 0
      ? reply.type('text/plain; charset=utf-8').send(readme)
      : redirectTo(reply, `${PATHS.documentation}/index.html`),
  );

  app.get<{ Params: { file: string } }>(
    `${PATHS.documentation}/:file`,
    { config: { ...readLimit, produces: ['text/html'] } },
    async (request, reply) => {
      const { file: name } = request.params;
      // People write the name of a page, or of its document.
      const file = files().get(name || 'index.html') ?? files().get(`${name.replace(/\.md$/, '')}.html`);
      if (!file) throw new AppError('not_found', 'there is no such page of the documentation');
      reply.header('cache-control', `public, max-age=${MAX_AGE}`).header('etag', file.etag);
      if (isUnchanged(request.headers['if-none-match'], file.etag)) return reply.code(304).send();
      return reply.type(file.type).send(file.body);
    },
  );
}

/**
 * All files of the site by their names, such as `audit.html`; only these are ever sent.
 * @returns an empty map where the site was not built
 */
export function readSite(folder: string): ReadonlyMap<string, SiteFile> {
  return new Map(
    entriesOf(folder).flatMap((entry): [string, SiteFile][] => {
      const type = TYPES[extname(entry.name)];
      if (!entry.isFile() || type === undefined) return [];
      const body = readFileSync(join(folder, entry.name));
      const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 16)}"`;
      return [[entry.name, { body, type, etag }]];
    }),
  );
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
