import type { MasterKeySource } from './key_providers/provider.ts';
import { MASTER_KEY_BYTES } from './sealing.ts';
import { split } from './settings.ts';

/* Reads the values of settings that are keys, or name them. */

/** Keys in base64 or hex, separated by commas. @throws Error that says what they must be */
export function plainKeys(value: string): Uint8Array[] {
  const keys = split(value).map(keyBytes);
  if (keys.length === 0) throw new Error(KEY_FORM);
  return keys;
}

/** Keys, and encrypted ones: the ciphertexts of Vault (`vault:v1:…`), and of AWS KMS in base64 (`aws-kms:…`). */
export function masterKeySources(value: string): MasterKeySource[] {
  const keys = split(value).map((one): MasterKeySource => {
    if (/^vault:v\d+:[\w+/=-]+$/.test(one)) return { provider: 'vault', wrapped: one };
    if (/^aws-kms:[\w+/]+={0,2}$/.test(one)) return { provider: 'aws-kms', wrapped: one };
    return keyBytes(one);
  });
  if (keys.length === 0) throw new Error(KEY_FORM);
  return keys;
}

const KEY_FORM = `must be ${MASTER_KEY_BYTES} bytes in base64 or hex ("openssl rand -base64 32")`;

function keyBytes(text: string): Uint8Array {
  const key = Buffer.from(text, /^[0-9a-f]{64}$/i.test(text) ? 'hex' : 'base64');
  if (key.length !== MASTER_KEY_BYTES) throw new Error(KEY_FORM);
  return key;
}

export function transitKey(value: string): string {
  if (/^([\w-][\w.-]*\/)+[\w-][\w.-]*$/.test(value)) return value;
  throw new Error('must be the path of a transit engine and the name of a key, such as transit/cardea');
}

export function kmsArn(value: string): string {
  if (/^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:(key|alias)\/[\w/-]+$/.test(value)) return value;
  throw new Error('must be the ARN of a key or alias of AWS KMS');
}
