import {
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import { canonical } from './canonical.ts';

/** The name of the secret that the first key of the audit is derived from. */
export const AUDIT_SECRET = 'audit';

/** An Ed25519 key (RFC 8037). */
export interface PublicJwk {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  readonly x: string;
  /** RFC 7638 thumbprint. */
  readonly kid: string;
}

/** A key that makes a change of the audit show: one half signs, the other makes MACs. It is never in the database in clear. */
export interface AuditKey {
  readonly publicKey: PublicJwk;
  /** HMAC-SHA-256 over the parts. */
  mac(...parts: readonly Uint8Array[]): Buffer;
  /** In constant time. */
  isMac(mac: Uint8Array, ...parts: readonly Uint8Array[]): boolean;
  /** Ed25519 over the canonical JSON (RFC 8785) of the value. */
  sign(value: object): { readonly text: string; readonly signature: Buffer };
}

/** The keys by which heads and anchors were signed. */
export interface TreeKeys {
  /** The key that has signed something for a tree of this size; undefined when no key of this id signed such a tree. */
  ofTree(keyId: string, size: number): AuditKey | undefined;
}

/** @param secret 32 random bytes */
export function auditKey(secret: Uint8Array): AuditKey {
  const macKey = createSecretKey(derived(secret, 'cardea audit mac'));
  const privateKey = createPrivateKey({
    key: Buffer.concat([PKCS8_ED25519, derived(secret, 'cardea audit signing')]),
    format: 'der',
    type: 'pkcs8',
  });
  const publicKey = jwkOf(createPublicKey(privateKey));
  const mac = (...parts: readonly Uint8Array[]) => {
    const hmac = createHmac('sha256', macKey);
    for (const part of parts) hmac.update(part);
    return hmac.digest();
  };
  return {
    publicKey,
    mac,
    isMac(given, ...parts) {
      const right = mac(...parts);
      return given.length === right.length && timingSafeEqual(given, right);
    },
    sign(value) {
      const bytes = canonical(value);
      return { text: bytes.toString(), signature: sign(null, bytes, privateKey) };
    },
  };
}

/** True when the holder of the key has signed the text. */
export function isSignedBy({ kty, crv, x }: PublicJwk, text: string, signature: Uint8Array): boolean {
  try {
    return verify(null, Buffer.from(text), createPublicKey({ key: { kty, crv, x }, format: 'jwk' }), signature);
  } catch {
    return false;
  }
}

/** Ed25519 in PKCS #8 up to the 32 bytes of the key (RFC 8410 §7). */
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');

function derived(secret: Uint8Array, info: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', info, 32));
}

function jwkOf(key: KeyObject): PublicJwk {
  const { x = '' } = key.export({ format: 'jwk' });
  const required = { crv: 'Ed25519', kty: 'OKP', x } as const;
  return { ...required, kid: thumbprint(required) };
}

/** RFC 7638, of an Ed25519 key (RFC 8037 §2). */
export function thumbprint({ crv, kty, x }: Omit<PublicJwk, 'kid'>): string {
  return createHash('sha256').update(canonical({ crv, kty, x })).digest('base64url');
}
