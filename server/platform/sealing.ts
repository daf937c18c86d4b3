import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hash,
  hkdfSync,
  type KeyObject,
  randomFillSync,
} from 'node:crypto';
import { AppError } from './errors.ts';

/**
 * Sealing: AES-256-GCM with a master key that is never in the database.
 *
 * A sealed value is `version(1) ‖ master key id(4) ‖ iv(12) ‖ ciphertext ‖ tag(16)`. Each place (table, column, row)
 * has a key of its own, derived from the master key, so a random 96-bit IV stays far from its birthday bound (NIST SP
 * 800-38D §8.3) for any number of rows. The place is also additional data, so a value that is copied to another row,
 * column or table cannot be opened.
 */
export interface Sealer {
  seal(place: Place, plaintext: Uint8Array): Buffer;
  /** @throws AppError `sealed_value_unreadable` when the key is not in the list, the value was changed or it was moved */
  open(place: Place, sealed: Uint8Array): Buffer;
  /** True when the value is not sealed with the first (current) master key; `master-key rotate` seals those again. */
  isStale(sealed: Uint8Array): boolean;
  /** The ids of the keys, the current one first. They are in sealed values too, and tell nothing about the keys. */
  readonly keyIds: readonly string[];
}

export interface Place {
  table: string;
  column: string;
  /** The primary key of the row, as text. */
  row: string;
}

export const MASTER_KEY_BYTES = 32;

const VERSION = 1;
const KEY_ID_BYTES = 4;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + KEY_ID_BYTES;
/** In place of the id of a master key. */
const NO_MASTER_KEY = Buffer.alloc(KEY_ID_BYTES);

interface MasterKey {
  id: Buffer;
  /** A key object: node:crypto is four times slower with bytes. */
  sealing: KeyObject;
}

/**
 * @param masterKeys 32 bytes each; the first seals, all of them open
 */
export function createSealer(masterKeys: readonly Uint8Array[]): Sealer {
  return sealerUnder(
    masterKeys.map((secret) => {
      const key = deriveSealingKey(secret);
      try {
        return masterKeyOf(key);
      } finally {
        key.bytes.fill(0);
      }
    }),
  );
}

/** What a sealer needs of a key. Its bytes can be overwritten, which those of a `KeyObject` cannot. */
export interface OpenedKey {
  readonly id: Buffer;
  readonly bytes: Buffer;
}

/** @param secret 32 bytes, which the caller may overwrite afterwards */
export function deriveSealingKey(secret: Uint8Array): OpenedKey {
  if (secret.length !== MASTER_KEY_BYTES) throw new Error(`a master key is ${MASTER_KEY_BYTES} bytes`);
  const id = Buffer.from(hkdfSync('sha256', secret, '', 'cardea key id', KEY_ID_BYTES));
  return { id, bytes: Buffer.from(hkdfSync('sha256', secret, '', 'cardea sealing', 32)) };
}

/** A sealer with a copy of the key, which Node clears when it collects the sealer. */
export function createOpenedSealer(key: OpenedKey): Sealer {
  return sealerUnder([masterKeyOf(key)]);
}

/**
 * A sealer with a bearer token of 256 random bits as its key: only the holder of the token can open the values; the
 * database and the master keys are not enough.
 */
export function createTokenSealer(token: string): Sealer {
  // The token is as random as a key, so one step is enough: HMAC with the place, as HKDF-Expand does (RFC 5869 §2.3).
  return sealerUnder([{ id: NO_MASTER_KEY, sealing: createSecretKey(Buffer.from(`cardea sealed by token ${token}`)) }]);
}

function sealerUnder(keys: readonly MasterKey[]): Sealer {
  const current = keys[0];
  if (!current) throw new Error('a sealer needs a master key');

  function find(sealed: Uint8Array): MasterKey | undefined {
    if (sealed.length < HEADER_BYTES + IV_BYTES + TAG_BYTES || sealed[0] !== VERSION) return undefined;
    const id = sealed.subarray(1, HEADER_BYTES);
    return keys.find((key) => key.id.equals(id));
  }

  return {
    seal(place, plaintext) {
      const name = placeName(place);
      const iv = nextIv();
      const cipher = createCipheriv('aes-256-gcm', placeKey(current, name), iv).setAAD(name);
      return Buffer.concat([
        Buffer.of(VERSION),
        current.id,
        iv,
        cipher.update(plaintext),
        cipher.final(),
        cipher.getAuthTag(),
      ]);
    },

    open(place, sealed) {
      const key = find(sealed);
      if (!key) throw unreadable(place, 'its master key is not in CARDEA_MASTER_KEY');
      const name = placeName(place);
      const iv = sealed.subarray(HEADER_BYTES, HEADER_BYTES + IV_BYTES);
      const tag = sealed.subarray(sealed.length - TAG_BYTES);
      const decipher = createDecipheriv('aes-256-gcm', placeKey(key, name), iv).setAAD(name).setAuthTag(tag);
      const body = decipher.update(sealed.subarray(HEADER_BYTES + IV_BYTES, sealed.length - TAG_BYTES));
      try {
        return Buffer.concat([body, decipher.final()]);
      } catch (cause) {
        throw unreadable(place, 'it was changed or moved', cause);
      }
    },

    isStale: (sealed) => find(sealed) !== current,
    keyIds: keys.map(({ id }) => id.toString('hex')),
  };
}

/** A sealer for one column; a row is identified by its primary key. */
export function columnSealer(sealer: Sealer, column: Omit<Place, 'row'>) {
  return {
    seal: (row: string, plaintext: Uint8Array) => sealer.seal({ ...column, row }, plaintext),
    open: (row: string, sealed: Uint8Array) => sealer.open({ ...column, row }, sealed),
  };
}

/** Seals JSON. */
export function sealJson(sealer: Sealer, place: Place, value: unknown): Buffer {
  return sealer.seal(place, Buffer.from(JSON.stringify(value)));
}

export function openJson(sealer: Sealer, place: Place, sealed: Uint8Array): unknown {
  return JSON.parse(sealer.open(place, sealed).toString());
}

/**
 * A keyed fingerprint for lookups by values that must not be readable: equal inputs have equal fingerprints, a dump
 * reveals nothing.
 */
export function blindIndex(indexKey: HashKey, value: string): Buffer {
  // By way of text, as in `hashToken`.
  return Buffer.from(createHmac('sha256', indexKey).update(value).digest('hex'), 'hex');
}

/** A key object for many values: node:crypto is four times slower with bytes. */
export type HashKey = KeyObject | Uint8Array;

/** The hash of a bearer token in the database: 256 random bits need neither salt nor slow hash. */
export function hashToken(token: string): Buffer {
  // By way of text: a buffer from OpenSSL has memory of its own, and takes twice as long.
  return Buffer.from(hash('sha256', token, 'hex'), 'hex');
}

function masterKeyOf({ id, bytes }: OpenedKey): MasterKey {
  return { id, sealing: createSecretKey(bytes) };
}

/** Random bytes are generated in advance: generating twelve takes as long as thousands. */
const ivs = Buffer.alloc(512 * IV_BYTES);
let ivsUsed = ivs.length;

function nextIv(): Buffer {
  if (ivsUsed === ivs.length) {
    randomFillSync(ivs);
    ivsUsed = 0;
  }
  // A copy: the next filling must not overwrite it.
  const iv = Buffer.from(ivs.subarray(ivsUsed, ivsUsed + IV_BYTES));
  ivsUsed += IV_BYTES;
  return iv;
}

function placeName(place: Place): Buffer {
  return Buffer.from(`${place.table}\0${place.column}\0${place.row}`);
}

function placeKey(key: MasterKey, name: Buffer): KeyObject {
  const bytes = createHmac('sha256', key.sealing).update(name).digest();
  try {
    return createSecretKey(bytes);
  } finally {
    bytes.fill(0);
  }
}

function unreadable(place: Place, why: string, cause?: unknown): AppError {
  return new AppError('sealed_value_unreadable', `${place.table}.${place.column} cannot be opened: ${why}`, {
    cause,
  });
}
