import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * A token that only we can make for one visit. The visit itself is bound to the browser by an HttpOnly cookie, so a
 * form that another site made up has neither.
 */
export interface Csrf {
  tokenFor(uid: string): string;
  isValid(uid: string, token: unknown): boolean;
}

export function createCsrf(secret: Uint8Array): Csrf {
  const digest = (uid: string) => createHmac('sha256', secret).update(uid).digest();
  return {
    tokenFor: (uid) => digest(uid).toString('base64url'),
    isValid(uid, token) {
      if (typeof token !== 'string') return false;
      const presented = Buffer.from(token, 'base64url');
      const expected = digest(uid);
      return presented.length === expected.length && timingSafeEqual(presented, expected);
    },
  };
}
