import type { FastifyInstance } from 'fastify';
import { ERROR_TEXTS } from '../platform/error_texts.ts';
import { AppError, ERROR_STATUSES, type ErrorCode } from '../platform/errors.ts';
import { ERROR_CODES, isErrorCode, PROBLEMS_PATH } from '../platform/problems.ts';
import type { Views } from '../views/views.ts';
import { type ProblemRow, problemsView, problemView } from './views.ts';

export function problemRow(code: ErrorCode): ProblemRow {
  return { code, status: ERROR_STATUSES[code], ...ERROR_TEXTS[code] };
}

/** The page of each error code, which the `type` of a problem (RFC 9457 §3.1.1) leads to, and a list of all. */
export async function problemRoutes(app: FastifyInstance, { views }: { views: Views }): Promise<void> {
  const all = { problems: ERROR_CODES.map(problemRow) };

  app.get(PROBLEMS_PATH, async (request, reply) => {
    const locale = views.negotiate(undefined, request.headers['accept-language']);
    return reply.type('text/html; charset=utf-8').send(views.render(problemsView, all, locale));
  });

  app.get<{ Params: { code: string } }>(`${PROBLEMS_PATH}/:code`, async (request, reply) => {
    const { code } = request.params;
    if (!isErrorCode(code)) throw new AppError('not_found', 'there is no such error code');
    const locale = views.negotiate(undefined, request.headers['accept-language']);
    return reply.type('text/html; charset=utf-8').send(views.render(problemView, problemRow(code), locale));
  });
}
