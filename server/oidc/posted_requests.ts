import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AppError } from '../platform/errors.ts';
import type { Issuer } from '../platform/issuer.ts';
import { preferredLanguages } from '../platform/languages.ts';
import type { Units } from '../records/unit.ts';
import { onwardView } from '../views/provider_pages.ts';
import type { Views } from '../views/views.ts';
import { pinned } from './pinned_request.ts';
import { ROUTES } from './routes.ts';
import type { Serving } from './serving.ts';

/** Endpoints that browsers are sent to, and that must accept a form as well. */
const NAVIGATED = [ROUTES.authorization, ROUTES.end_session];

/** The maximum length of the whole form. */
const FORM_LIMIT = 56 * 1024;

/** The most fields that the page of a form from another site repeats: it is longer than the form. */
const FIELDS_MAX = 100;

export interface PostedRequestParts {
  readonly issuer: Issuer;
  readonly units: Units;
  readonly serving: Serving;
  readonly views: Pick<Views, 'render' | 'negotiate'>;
}

/**
 * OpenID Connect Core §3.1.2.1 and RP-Initiated Logout §2 demand POST as well. Browsers do not send SameSite=Lax cookies
 * with a form of another site, so a page of this site sends the same form again, with which they do. Nothing of it is in
 * a URL, which could be too long and would be logged by proxies.
 */
export function mountPostedRequests(app: FastifyInstance, { issuer, units, serving, views }: PostedRequestParts): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: FORM_LIMIT },
    (_request, body, done) => done(null, body),
  );
  for (const path of NAVIGATED) {
    app.post(path, { config: { responseMode: 'raw' } }, async (request, reply) => {
      const form = new URLSearchParams(typeof request.body === 'string' ? request.body : '');
      if (!isFromAnotherSite(request, issuer)) {
        reply.hijack();
        return units.run(() =>
          serving.current().handle(asGet(pinned(request, issuer), issuer.path(path), form), reply.raw),
        );
      }
      const fields = [...form];
      if (fields.length > FIELDS_MAX)
        throw new AppError('invalid_request', `the form must have at most ${FIELDS_MAX} fields`);
      const locale = views.negotiate(
        form.get('ui_locales') ?? preferredLanguages(request),
        request.headers['accept-language'],
      );
      const page = views.render(onwardView, { purpose: 'request', action: path, fields }, locale);
      return reply.type('text/html; charset=utf-8').send(page);
    });
  }
}

/** @returns false also for a client that is no browser, and for a browser of which nothing is known */
function isFromAnotherSite({ headers }: FastifyRequest, issuer: Issuer): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'cross-site';
  // Browsers before 2023. For the page above they may send `null`, which must not lead to it again.
  const { origin } = headers;
  return origin !== undefined && /^https?:/.test(origin) && origin !== issuer.origin;
}

/** The request as if the form was its query, for the provider: the steps and bounds are those of a GET. */
function asGet(request: IncomingMessage, path: string, form: URLSearchParams): IncomingMessage {
  const url = { value: `${path}?${form}` };
  return Object.create(request, { method: { value: 'GET' }, url, originalUrl: url });
}
