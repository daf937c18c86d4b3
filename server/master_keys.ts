import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Config } from './config_values.ts';
import { AppError } from './platform/errors.ts';
import {
  failure,
  type KeyProvider,
  KeyProviderError,
  type KeyProviderName,
  type Retrying,
  unwrapKeys,
} from './platform/key_providers/provider.ts';
import { plainKeys } from './platform/key_values.ts';
import { MASTER_KEY_BYTES } from './platform/sealing.ts';

type MasterKeyConfig = Pick<Config, 'masterKeys' | 'vault' | 'awsKms' | 'dataDir'>;

/**
 * The configured master keys, decrypted by the service that has encrypted them, or in development a key that is made once and stored
 * in the data directory (mode 0600).
 * @throws AppError `key_provider_unavailable`, `key_provider_refused`
 */
export async function resolveMasterKeys(config: MasterKeyConfig, retrying?: Retrying): Promise<readonly Uint8Array[]> {
  if (config.masterKeys.length > 0) {
    return unwrapKeys(config.masterKeys, (name) => openKeyProvider(name, config), retrying);
  }
  const file = join(config.dataDir, 'master.key');
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true });
    // 'wx': if two processes start at the same time, one makes the key and the other reads it
    try {
      writeFileSync(file, `${randomBytes(MASTER_KEY_BYTES).toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  return plainKeys(readFileSync(file, 'utf8'));
}

/**
 * A new master key, encrypted: the text for CARDEA_MASTER_KEY.
 * @throws AppError `key_provider_unavailable`, `key_provider_refused`, `invalid_configuration`
 */
export async function makeWrappedKey(name: KeyProviderName, config: MasterKeyConfig): Promise<string> {
  const provider = await openKeyProvider(name, config);
  const key = randomBytes(MASTER_KEY_BYTES);
  try {
    return await provider.wrap(key);
  } catch (error) {
    throw error instanceof KeyProviderError ? failure(provider, error) : error;
  } finally {
    key.fill(0);
  }
}

async function openKeyProvider(name: KeyProviderName, { vault, awsKms }: MasterKeyConfig): Promise<KeyProvider> {
  const { url, token, key, namespace } = vault;
  if (name === 'vault' && url && token && key) {
    const { createVault } = await import('./platform/key_providers/vault.ts');
    return createVault({ url, token, key, namespace });
  }
  if (name === 'aws-kms' && awsKms.key) {
    const { createAwsKms } = await import('./platform/key_providers/aws_kms.ts');
    return createAwsKms({ key: awsKms.key, endpoint: awsKms.endpoint });
  }
  throw missingProvider(name);
}

function missingProvider(name: KeyProviderName): AppError {
  const settings = {
    vault: 'CARDEA_VAULT_URL, CARDEA_VAULT_TOKEN and CARDEA_VAULT_TRANSIT_KEY',
    'aws-kms': 'CARDEA_AWS_KMS_KEY',
  };
  return new AppError('invalid_configuration', `set ${settings[name]} first`);
}
