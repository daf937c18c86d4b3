import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * A token that only this server can make, for one subject: a visit, a session, a browser. An HttpOnly cookie binds the
 * subject to the browser, so a form on another site has neither. Each token differs, so it also identifies the page
 * that it was made for, and with it a form that is submitted twice (form_repeats.ts).
 */
export interface Csrf {
  tokenFor(subject: string): string;
  isValid(subject: string, token: unknown): boolean;
}

const NONCE_BYTES = 16;
/** 16 random bytes and the 32 of the MAC, in base64url. */
const TOKEN = /^[A-Za-z0-9_-]{64}$/;

export function createCsrf(secret: Uint8Array): Csrf {
  const macOf = (nonce: Uint8Array, subject: string) =>
    createHmac('sha256', secret).update(nonce).update(subject).digest();
  return {
    tokenFor(subject) {
      const nonce = randomBytes(NONCE_BYTES);
      return Buffer.concat([nonce, macOf(nonce, subject)]).toString('base64url');
    },
    isValid(subject, token) {
      if (typeof token !== 'string' || !TOKEN.test(token)) return false;
      const presented = Buffer.from(token, 'base64url');
      const nonce = presented.subarray(0, NONCE_BYTES);
      return timingSafeEqual(presented.subarray(NONCE_BYTES), macOf(nonce, subject));
    },
  };
}
