import type { FastifyInstance, RouteShorthandOptions } from 'fastify';
import { HEALTH_PATHS, type Issuer } from '../platform/issuer.ts';
import type { Probe } from '../platform/probe.ts';
import { PATHS } from '../views/paths.ts';
import type { View, Views } from '../views/views.ts';

interface HomeData {
  issuer: string;
  version: string;
  docsUrl: string;
  /** Development mode only: the seeded person. */
  demo?: { email: string; password: string };
}

export const homeView: View<HomeData> = { template: 'home', layout: 'page', title: 'home.title' };

export interface HomeOptions {
  readonly views: Views;
  readonly issuer: Issuer;
  readonly version: string;
  /** Development only: an account to try. */
  readonly demo: { email: string; password: string } | undefined;
  /** Limits on reading pages. */
  readonly readLimit: RouteShorthandOptions['config'];
  /** @throws when the database cannot be reached */
  isReady(): Promise<void>;
  readonly probe: Pick<Probe, 'look'>;
}

/** The front page, static files and health checks. */
export async function homeRoutes(app: FastifyInstance, options: HomeOptions): Promise<void> {
  const { views, issuer, version, demo, readLimit } = options;

  app.get(PATHS.home, { config: { ...readLimit } }, async (request, reply) => {
    const locale = views.negotiate(undefined, request.headers['accept-language']);
    const data = { issuer: issuer.identifier, version, docsUrl: PATHS.documentation, ...(demo ? { demo } : {}) };
    return reply.type('text/html; charset=utf-8').send(views.render(homeView, data, locale));
  });

  for (const [path, asset] of views.assets) {
    app.get(path, { config: { quiet: true } }, async (_request, reply) =>
      reply
        .header('cache-control', 'public, max-age=31536000, immutable')
        .header('etag', asset.etag)
        .type(asset.type)
        .send(asset.body),
    );
  }

  healthRoutes(app, options);
}

export function healthRoutes(app: FastifyInstance, { isReady, probe }: Pick<HomeOptions, 'isReady' | 'probe'>): void {
  /**
   * Liveness: says nothing about dependencies, so that a database outage does not restart the process. `cardea doctor` also asks here
   * how its requests arrive, and how jobs run.
   */
  app.get(HEALTH_PATHS.alive, { config: { quiet: true } }, async (request) => {
    const seen = probe.look(request);
    return seen ? { status: 'ok', seen } : { status: 'ok' };
  });

  /** Readiness: whether it can serve sign-ins. */
  app.get(HEALTH_PATHS.ready, { config: { quiet: true } }, async () => {
    await isReady();
    return { status: 'ok' };
  });
}
