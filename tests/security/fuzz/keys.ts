import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { type Draw, spoil, toJson } from './draw.ts';

/** A key pair of a client. */
export interface Key {
  readonly name: string;
  /** The public half. */
  readonly jwk: Readonly<Record<string, unknown>>;
  readonly privateKey: KeyObject;
}

export type Signer = (data: Buffer, key: KeyObject) => Buffer;

const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
const SIGNERS: Readonly<Record<string, Signer>> = {
  RS256: (data, key) => sign('sha256', data, key),
  PS256: (data, key) => sign('sha256', data, { key, ...PSS }),
  ES256: (data, key) => sign('sha256', data, { key, dsaEncoding: 'ieee-p1363' }),
  EdDSA: (data, key) => sign(null, data, key),
};

/** Usable keys, keys for other purposes, and keys that are too weak. */
export function makeKeys(): readonly Key[] {
  const pairs: [string, { publicKey: KeyObject; privateKey: KeyObject }][] = [
    ['RSA', generateKeyPairSync('rsa', { modulusLength: 2_048 })],
    ['weak RSA', generateKeyPairSync('rsa', { modulusLength: 1_024 })],
    ['P-256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
    ['P-384', generateKeyPairSync('ec', { namedCurve: 'P-384' })],
    ['P-521', generateKeyPairSync('ec', { namedCurve: 'P-521' })],
    ['secp256k1', generateKeyPairSync('ec', { namedCurve: 'secp256k1' })],
    ['Ed25519', generateKeyPairSync('ed25519')],
    ['Ed448', generateKeyPairSync('ed448')],
    ['X25519', generateKeyPairSync('x25519')],
    ['X448', generateKeyPairSync('x448')],
  ];
  return pairs.map(([name, { publicKey, privateKey }]) => ({
    name,
    jwk: publicKey.export({ format: 'jwk' }) as Readonly<Record<string, unknown>>,
    privateKey,
  }));
}

/** JWK members that state the purpose of a key, right and wrong ones. */
export const PURPOSES: readonly Readonly<Record<string, unknown>>[] = [
  {},
  { use: 'sig' },
  { use: 'enc' },
  { use: 'tls' },
  { use: 1 },
  { key_ops: ['verify'] },
  { key_ops: ['encrypt', 'wrapKey'] },
  { key_ops: ['deriveBits'] },
  { key_ops: [] },
  { key_ops: ['sign', 'sign'] },
  { key_ops: 'verify' },
  { key_ops: [{}] },
  { use: 'sig', key_ops: ['encrypt'] },
  { ext: true },
  { ext: false },
  { ext: 'true' },
  { alg: 'RS256' },
  { alg: 'ES256' },
  { alg: 'RSA-OAEP' },
  { alg: 'ECDH-ES' },
  { alg: 'none' },
  { alg: 5 },
  { x5c: [] },
  { x5c: ['AAAA'] },
  { x5u: 'https://a/' },
  { kid: 7 },
  { kid: '' },
  { kid: '\0' },
  { kid: '\ud800' },
  { extra: { deep: ['\0'] } },
];

/** A key set as a client might register it. */
export function oddJwks(draw: Draw, keys: readonly Key[]): unknown {
  if (draw.chance(0.08)) return draw.json();
  const several = Array.from({ length: 1 + draw.int(3) }, (_, index) => {
    const { jwk } = draw.pick(keys);
    const kid = draw.chance(0.8) ? { kid: draw.chance(0.9) ? `k${index}` : 'k0' } : {};
    const key = { ...jwk, ...kid, ...draw.pick(PURPOSES) };
    return draw.chance(0.25) ? spoil(draw, key, 0.25) : key;
  });
  return draw.chance(0.05) ? { keys: several, ...spoil(draw, { a: 1 }) } : { keys: several };
}

/** A JWT with a valid signature and arbitrary header and claims. */
export function signJwt(alg: string, key: Key, header: object, claims: unknown): string {
  const part = (value: unknown) => Buffer.from(typeof value === 'string' ? value : toJson(value)).toString('base64url');
  const data = `${part({ alg, ...header })}.${part(claims)}`;
  const signature = SIGNERS[alg]?.(Buffer.from(data), key.privateKey) ?? Buffer.from('x');
  return `${data}.${signature.toString('base64url')}`;
}

export function keyOf(keys: readonly Key[], name: string): Key {
  const key = keys.find((one) => one.name === name);
  if (!key) throw new Error(`no key ${name}`);
  return key;
}

/** Strings that look like a JWT: broken parts, odd characters, `none`, encrypted ones. */
export function brokenJwt(draw: Draw): string {
  const part = () =>
    draw.pick([
      '',
      'e30',
      'W10',
      'bnVsbA',
      'eyJhbGciOiJub25lIn0',
      'eyJhbGciOiJSUzI1NiJ9',
      'eyJhbGciOltdfQ',
      'eyJhbGciOiJSUzI1NiIsImNyaXQiOlsiYiJdLCJiIjoxfQ',
      'eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkExMjhHQ00ifQ',
      Buffer.from(draw.text()).toString('base64url'),
      Buffer.from(toJson(draw.json())).toString('base64url'),
      Buffer.from([0xff, 0xc0, 0x80]).toString('base64url'),
      'a.b',
    ]);
  return Array.from({ length: draw.pick([1, 2, 3, 3, 3, 3, 5]) }, part).join('.');
}
