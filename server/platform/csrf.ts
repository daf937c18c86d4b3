import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * A token that only we can make for one subject: a visit, a session, a browser. The subject itself is bound to the
 * browser by an HttpOnly cookie, so a form that another site made up has neither.
 */
export interface Csrf {
  tokenFor(subject: string): string;
  isValid(subject: string, token: unknown): boolean;
}

export function createCsrf(secret: Uint8Array): Csrf {
  const digest = (subject: string) => createHmac('sha256', secret).update(subject).digest();
  return {
    tokenFor: (subject) => digest(subject).toString('base64url'),
    isValid(subject, token) {
      if (typeof token !== 'string') return false;
      const presented = Buffer.from(token, 'base64url');
      const expected = digest(subject);
      return presented.length === expected.length && timingSafeEqual(presented, expected);
    },
  };
}
