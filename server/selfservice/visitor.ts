import { randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Csrf } from '../platform/csrf.ts';

/**
 * Identifies the browser that a form was shown to, where there is no session. The forms' tokens are made for a random
 * cookie, which another site can neither read nor, with its `__Host-` prefix, write.
 */
export interface Visitors {
  /** The browser's cookie; gives it one when it has none. */
  readOrCreate(request: FastifyRequest, reply: FastifyReply): string;
  /** Empty when it has none: then no form is valid. */
  read(request: FastifyRequest): string;
}

const SECONDS = 3_600;
const subjectOf = (id: string) => `visitor ${id}`;

export function visitorCookie(secure: boolean): string {
  return secure ? '__Host-cardea_visitor' : 'cardea_visitor';
}

/** @param csrf signs the cookies, so that one that was planted into a browser is not accepted */
export function createVisitors(secure: boolean, csrf: Csrf): Visitors {
  const name = visitorCookie(secure);
  const read = (request: FastifyRequest): string => {
    const [id = '', proof] = request.cookies[name]?.split('.', 2) ?? [];
    return csrf.isValid(subjectOf(id), proof) ? id : '';
  };
  return {
    read,
    readOrCreate(request, reply) {
      const id = read(request) || randomBytes(32).toString('base64url');
      // Lax: it is sent when a person follows a link from a mail, and not with a form of another site.
      reply.setCookie(name, `${id}.${csrf.tokenFor(subjectOf(id))}`, {
        path: '/',
        httpOnly: true,
        sameSite: 'lax',
        secure,
        maxAge: SECONDS,
      });
      return id;
    },
  };
}
