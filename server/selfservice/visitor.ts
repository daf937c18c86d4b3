import { randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type CookieDefinition, issuerCookie } from '../platform/cookies.ts';
import type { Csrf } from '../platform/csrf.ts';
import type { Issuer } from '../platform/issuer.ts';

/**
 * Identifies the browser that a form was shown to, where there is no session. The forms' tokens are made for a random
 * cookie, which another site can neither read nor, where its name has the prefix `__Host-`, write.
 */
export interface Visitors {
  /** The browser's cookie; gives it one when it has none. */
  readOrCreate(request: FastifyRequest, reply: FastifyReply): string;
  /** Empty when it has none: then no form is valid. */
  read(request: FastifyRequest): string;
}

const SECONDS = 3_600;
const subjectOf = (id: string) => `visitor ${id}`;

export function visitorCookie(issuer: Issuer): CookieDefinition {
  return issuerCookie(issuer, 'cardea_visitor');
}

/** @param csrf signs the cookies, so that one that was planted into a browser is not accepted */
export function createVisitors(issuer: Issuer, csrf: Csrf): Visitors {
  const { name, options } = visitorCookie(issuer);
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
        ...options,
        maxAge: SECONDS,
      });
      return id;
    },
  };
}
