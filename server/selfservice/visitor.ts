import { randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * Who sends a form, where nobody is signed in: the browser that was shown it. The forms' tokens are made for a random
 * cookie, which another site can neither read nor, with its `__Host-` prefix, write.
 */
export interface Visitors {
  /** The browser's cookie; gives it one when it has none. */
  meet(request: FastifyRequest, reply: FastifyReply): string;
  /** Empty when it has none: then no form is its own. */
  known(request: FastifyRequest): string;
}

const ID = /^[A-Za-z0-9_-]{43}$/;
const SECONDS = 3_600;

export function visitorCookie(secure: boolean): string {
  return secure ? '__Host-cardea_visitor' : 'cardea_visitor';
}

export function createVisitors(secure: boolean): Visitors {
  const name = visitorCookie(secure);
  const known = (request: FastifyRequest): string => {
    const id = request.cookies[name] ?? '';
    return ID.test(id) ? id : '';
  };
  return {
    known,
    meet(request, reply) {
      const id = known(request) || randomBytes(32).toString('base64url');
      // Lax: whoever follows a link from a mail brings it along, a form of another site's does not.
      reply.setCookie(name, id, { path: '/', httpOnly: true, sameSite: 'lax', secure, maxAge: SECONDS });
      return id;
    },
  };
}
