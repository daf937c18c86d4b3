import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Csrf } from './csrf.ts';
import { AppError } from './errors.ts';
import { pathBelow } from './issuer.ts';

/** The fields of a submitted form. */
export type Fields = Readonly<Record<string, unknown>>;

/** A field as text; any other type (a list, from a repeated field) counts as missing. */
export function textField(fields: Fields, name: string): string {
  const value = fields[name];
  return typeof value === 'string' ? value : '';
}

/**
 * The fields of a form that this server showed to this person.
 * @param subjects the subjects that the CSRF token may be for
 * @throws AppError 403 `cross_site_form` for a form on another site, `form_expired` when the token is not valid
 */
export function readForm(request: FastifyRequest, csrf: Csrf, ...subjects: readonly string[]): Fields {
  assertSameOrigin(request);
  const fields = (request.body ?? {}) as Fields;
  if (!subjects.some((subject) => csrf.isValid(subject, fields.csrf))) {
    throw new AppError('form_expired', 'the form is no longer valid; go back and try again', { field: 'csrf' });
  }
  return fields;
}

/** Browsers send where a form came from (Fetch Metadata); a form on another site is refused before it is read. */
function assertSameOrigin(request: FastifyRequest): void {
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    throw new AppError('cross_site_form', 'the form was sent from another site');
  }
}

/**
 * Redirects to one of this server's own paths, or to a URL elsewhere, as a GET (RFC 9110 §15.4.4). The prefix of the routes
 * is the issuer's path (app.ts).
 */
export function redirectTo(reply: FastifyReply, to: string): FastifyReply {
  return reply.redirect(pathBelow(reply.server.prefix, to), 303);
}

export function sendPage(reply: FastifyReply, status: number, html: string): FastifyReply {
  return reply.code(status).type('text/html; charset=utf-8').send(html);
}

/** A file that the browser saves (RFC 6266). @param file its `name` in ASCII, without quotation marks */
export function sendFile(
  reply: FastifyReply,
  { name, type, body }: { readonly name: string; readonly type: string; readonly body: Buffer },
): FastifyReply {
  return reply.header('content-disposition', `attachment; filename="${name}"`).type(type).send(body);
}
