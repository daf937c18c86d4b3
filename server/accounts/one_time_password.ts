import { createHmac, timingSafeEqual } from 'node:crypto';
import { readTypedCode } from '../platform/typed_codes.ts';

/** RFC 6238 with the parameters that every authenticator app supports: SHA-1, six digits, thirty seconds. */
export const STEP_SECONDS = 30;
const DIGITS = 6;
/** Steps that a clock may be off, in either direction (RFC 6238 §5.2). */
const DRIFT = 1;

/** The value for a counter (RFC 4226 §5.3). @param digits 6 to 8 */
export function hotp(secret: Uint8Array, counter: number, digits: number = DIGITS): string {
  const message = Buffer.alloc(8);
  message.writeBigUInt64BE(BigInt(counter));
  const digest = createHmac('sha1', secret).update(message).digest();
  const offset = digest.readUInt8(digest.length - 1) & 0xf;
  const truncated = digest.readUInt32BE(offset) & 0x7fff_ffff;
  return String(truncated % 10 ** digits).padStart(digits, '0');
}

/** The time step of a moment (RFC 6238 §4.2). @param now milliseconds since the epoch */
export function stepAt(now: number): number {
  return Math.floor(now / 1000 / STEP_SECONDS);
}

/** The six digits of a typed code; undefined when the input cannot be such a code. */
export function readOneTimeCode(typed: string): string | undefined {
  const code = readTypedCode(typed);
  return /^[0-9]{6}$/.test(code) ? code : undefined;
}

/**
 * The latest step around now that has this code; undefined for none. All steps are compared, each in constant time, so
 * that the time reveals nothing about a guess.
 * @param typed see `readOneTimeCode`
 */
export function matchingStep(secret: Uint8Array, typed: string, now: number): number | undefined {
  const code = readOneTimeCode(typed);
  if (code === undefined) return undefined;
  const presented = Buffer.from(code);
  let match: number | undefined;
  for (let step = Math.max(0, stepAt(now) - DRIFT); step <= stepAt(now) + DRIFT; step += 1) {
    if (timingSafeEqual(presented, Buffer.from(hotp(secret, step)))) match = step;
  }
  return match;
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** RFC 4648 §6, without padding, as authenticator apps take secrets. */
export function base32(bytes: Uint8Array): string {
  let bits = 0;
  let value = 0;
  let text = '';
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += BASE32[(value >>> bits) & 31];
      value &= (1 << bits) - 1;
    }
  }
  return bits === 0 ? text : text + BASE32[(value << (5 - bits)) & 31];
}

/** Decodes `base32`, also in small letters and with spaces and padding; undefined for anything else. */
export function fromBase32(text: string): Buffer | undefined {
  const letters = text.toUpperCase().replaceAll(/[\s=]/g, '');
  if (!/^[A-Z2-7]*$/.test(letters)) return undefined;
  const bits = [...letters].map((letter) => BASE32.indexOf(letter).toString(2).padStart(5, '0')).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}

/**
 * The URI for authenticator apps in a QR code ("Key Uri Format"). Omitted parameters have the values that apps assume
 * by default.
 * @param issuer shown above the code; it must not contain a colon, which separates it from the account
 */
export function otpauthUri(parts: { issuer: string; account: string; secret: string }): string {
  const issuer = parts.issuer.replaceAll(':', ' ');
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(parts.account)}`;
  const query = `secret=${parts.secret}&issuer=${encodeURIComponent(issuer)}&algorithm=SHA1&digits=${DIGITS}&period=${STEP_SECONDS}`;
  return `otpauth://totp/${label}?${query}`;
}
