import { createHmac, createSecretKey, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * A token that only this server can make, for one subject: a visit, a session, a browser. An HttpOnly cookie binds the
 * subject to the browser, so a form on another site has neither. Each token differs, so it also identifies the page
 * that it was made for, and with it a form that is submitted twice (form_repeats.ts).
 */
export interface Csrf {
  tokenFor(subject: string): string;
  isValid(subject: string, token: unknown): boolean;
  /** From now on the first secret makes tokens, and those of all are valid. */
  renew(secrets: readonly Uint8Array[]): void;
}

const NONCE_BYTES = 16;
/** 16 random bytes and the 32 of the MAC, in base64url. */
const TOKEN = /^[A-Za-z0-9_-]{64}$/;

/** @param accepted a secret whose tokens stay valid beside those of `renew` */
export function createCsrf(accepted?: Uint8Array): Csrf {
  const older = accepted === undefined ? [] : [createSecretKey(accepted)];
  let keys: readonly KeyObject[] = older;
  const macOf = (key: KeyObject, nonce: Uint8Array, subject: string) =>
    createHmac('sha256', key).update(nonce).update(subject).digest();
  return {
    tokenFor(subject) {
      const [current] = keys;
      if (!current) throw new Error('there is no secret for forms yet');
      const nonce = randomBytes(NONCE_BYTES);
      return Buffer.concat([nonce, macOf(current, nonce, subject)]).toString('base64url');
    },
    isValid(subject, token) {
      if (typeof token !== 'string' || !TOKEN.test(token)) return false;
      const presented = Buffer.from(token, 'base64url');
      const nonce = presented.subarray(0, NONCE_BYTES);
      const mac = presented.subarray(NONCE_BYTES);
      return keys.some((key) => timingSafeEqual(mac, macOf(key, nonce, subject)));
    },
    renew(secrets) {
      keys = [...secrets.map((secret) => createSecretKey(secret)), ...older];
    },
  };
}
