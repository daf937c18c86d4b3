import { createHash, createHmac, createSign, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { textOf, textsOf } from './html.ts';

/**
 * An authenticator app (RFC 6238) and a passkey (WebAuthn), written for the tests from the specifications, without any
 * code of the server.
 */

/**
 * The current code of an authenticator app.
 * @param secret base32
 * @param now milliseconds since the epoch
 */
export function totpCode(secret: string, now: number): string {
  const bits = [...secret].map((letter) =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'),
  );
  const key = Buffer.from((bits.join('').match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Math.floor(now / 30_000)
    .toString(16)
    .padStart(16, '0');
  const mac = createHmac('sha1', key).update(Buffer.from(counter, 'hex')).digest();
  const at = Number.parseInt(mac.toString('hex').slice(-1), 16);
  const number = Number.parseInt(mac.toString('hex').slice(at * 2, at * 2 + 8), 16) % 2 ** 31;
  return String(number).slice(-6).padStart(6, '0');
}

/** The secret that a page shows as text. */
export function secretOn(page: { body: string }): string {
  const secret = textOf(page, '#totp-secret')?.replaceAll(/\s/g, '') ?? '';
  if (!/^[A-Z2-7]+$/.test(secret)) throw new Error(`no secret on the page: ${page.body.slice(0, 1_500)}`);
  return secret;
}

/** The recovery codes that a page shows. */
export function codesOn(page: { body: string }): string[] {
  return textsOf(page, 'code').filter((text) => /^[0-9a-z]{4}(-[0-9a-z]{4}){2}$/.test(text));
}

export interface SoftPasskey {
  readonly id: string;
  /** The next assertion contains this value plus one. Undefined: the authenticator has no counter. */
  counter: number | undefined;
  userVerification: boolean;
  backedUp: boolean;
  /** The response of `navigator.credentials.create()`, as JSON. */
  create(options: { challenge: string; user: { id: string }; rp: { id?: string } }, origin: string): string;
  /** The response of `navigator.credentials.get()`, as JSON. */
  get(
    options: { challenge: string; rpId?: string | undefined },
    origin: string,
    change?: { userHandle?: string | undefined; type?: string },
  ): string;
}

/** A passkey with ES256. */
export function softPasskey(
  start: { counter?: number; userVerification?: boolean; backedUp?: boolean } = {},
): SoftPasskey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const credentialId = randomBytes(24);
  let userHandle = '';

  const passkey: SoftPasskey = {
    id: credentialId.toString('base64url'),
    counter: start.counter,
    userVerification: start.userVerification ?? true,
    backedUp: start.backedUp ?? false,

    create({ challenge, user, rp }, origin) {
      userHandle = user.id;
      const attested = Buffer.concat([Buffer.alloc(16), uint16(credentialId.length), credentialId, coseKey(publicKey)]);
      const authData = Buffer.concat([head(rp.id ?? '', 0x40), attested]);
      const attestationObject = cborMap([
        [cborText('fmt'), cborText('none')],
        [cborText('attStmt'), cborMap([])],
        [cborText('authData'), cborBytes(authData)],
      ]);
      return answer({
        clientDataJSON: clientData('webauthn.create', challenge, origin).toString('base64url'),
        attestationObject: attestationObject.toString('base64url'),
        transports: ['internal'],
      });
    },

    get({ challenge, rpId = '' }, origin, change = {}) {
      if (passkey.counter !== undefined) passkey.counter += 1;
      const authData = head(rpId, 0);
      const data = clientData(change.type ?? 'webauthn.get', challenge, origin);
      const signed = Buffer.concat([authData, createHash('sha256').update(data).digest()]);
      const handle = 'userHandle' in change ? change.userHandle : userHandle;
      return answer({
        clientDataJSON: data.toString('base64url'),
        authenticatorData: authData.toString('base64url'),
        signature: createSign('sha256').update(signed).sign(privateKey).toString('base64url'),
        ...(handle === undefined ? {} : { userHandle: handle }),
      });
    },
  };
  return passkey;

  /** Authenticator data up to the counter (WebAuthn L3 §6.1). */
  function head(rpId: string, flags: number): Buffer {
    const all = flags | 0x01 | (passkey.userVerification ? 0x04 : 0) | (passkey.backedUp ? 0x18 : 0);
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(passkey.counter ?? 0);
    return Buffer.concat([createHash('sha256').update(rpId).digest(), Buffer.of(all), counter]);
  }

  function answer(response: object): string {
    const id = credentialId.toString('base64url');
    return JSON.stringify({ id, rawId: id, type: 'public-key', clientExtensionResults: {}, response });
  }
}

function clientData(type: string, challenge: string, origin: string): Buffer {
  return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }));
}

/** RFC 9053 §7.1.1: kty EC2, alg ES256, crv P-256, x, y. */
function coseKey(key: KeyObject): Buffer {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  return cborMap([
    [cborInteger(1), cborInteger(2)],
    [cborInteger(3), cborInteger(-7)],
    [cborInteger(-1), cborInteger(1)],
    [cborInteger(-2), cborBytes(Buffer.from(x, 'base64url'))],
    [cborInteger(-3), cborBytes(Buffer.from(y, 'base64url'))],
  ]);
}

/** RFC 8949 §3: the part of CBOR that a key needs. */
function cborHead(major: number, value: number): Buffer {
  const type = major << 5;
  if (value < 24) return Buffer.of(type | value);
  return value < 256 ? Buffer.of(type | 24, value) : Buffer.concat([Buffer.of(type | 25), uint16(value)]);
}
const cborInteger = (value: number) => (value < 0 ? cborHead(1, -1 - value) : cborHead(0, value));
const cborBytes = (bytes: Buffer) => Buffer.concat([cborHead(2, bytes.length), bytes]);
const cborText = (text: string) => Buffer.concat([cborHead(3, Buffer.byteLength(text)), Buffer.from(text)]);
const cborMap = (entries: readonly (readonly [Buffer, Buffer])[]) =>
  Buffer.concat([cborHead(5, entries.length), ...entries.flat()]);

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
