import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../platform/errors.ts';
import { sendPage } from '../platform/forms.ts';
import { errorView } from '../views/error_page.ts';
import type { Views } from '../views/views.ts';
import type { Interactions } from './interactions.ts';

/**
 * The error page of a sign-in that was completed, is too old, or was opened without its cookie: explains the reason and
 * links to a page where the person can continue.
 * @throws every other error, and all errors of requests that do not accept a page
 */
export async function showLost(
  error: unknown,
  uid: string,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  parts: { readonly interactions: Pick<Interactions, 'lost'>; readonly views: Views },
): Promise<unknown> {
  const isLost = error instanceof AppError && error.code === 'interaction_expired';
  if (!isLost || reply.sent || !/\btext\/html\b/.test(request.headers.accept ?? '')) throw error;
  const lost = await parts.interactions.lost(request, reply, uid);
  const locale = parts.views.negotiate(request.languages, request.headers['accept-language']);
  const data = { status: error.status, error: error.code, description: error.message, requestId: request.id, lost };
  return sendPage(reply, error.status, parts.views.render(errorView, data, locale));
}
