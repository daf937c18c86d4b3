import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Csrf } from './csrf.ts';
import { AppError } from './errors.ts';

/** What a person sent with a form. */
export type Fields = Readonly<Record<string, unknown>>;

/** A field as text; anything else (a list, from a repeated field) counts as missing. */
export function textField(fields: Fields, name: string): string {
  const value = fields[name];
  return typeof value === 'string' ? value : '';
}

/**
 * The fields of a form of ours, sent by the person who was shown it.
 * @param subjects what the form's token may have been made for
 * @throws AppError 403 `cross_site_form` for a form of another site's, `form_expired` for one whose token is not ours
 */
export function readForm(request: FastifyRequest, csrf: Csrf, ...subjects: readonly string[]): Fields {
  assertSameOrigin(request);
  const fields = (request.body ?? {}) as Fields;
  if (!subjects.some((subject) => csrf.isValid(subject, fields.csrf))) {
    throw new AppError('form_expired', 'the form is no longer valid; go back and try again', { field: 'csrf' });
  }
  return fields;
}

/** Browsers say where a form came from (Fetch Metadata); a form of another site's is refused before it is read. */
function assertSameOrigin(request: FastifyRequest): void {
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    throw new AppError('cross_site_form', 'the form was sent from another site');
  }
}

export function sendPage(reply: FastifyReply, status: number, html: string): FastifyReply {
  return reply.code(status).type('text/html; charset=utf-8').send(html);
}
