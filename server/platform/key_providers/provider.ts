import { setTimeout } from 'node:timers/promises';
import { AppError } from '../errors.ts';
import { MASTER_KEY_BYTES } from '../sealing.ts';

/**
 * A service that encrypts master keys, so that the settings of a server hold none in clear. It is asked when a process starts and
 * never for a request: the master keys are then in memory.
 */
export interface KeyProvider {
  /** For messages: which service, and where. */
  readonly about: string;
  /** @returns the text for CARDEA_MASTER_KEY. @throws KeyProviderError */
  wrap(masterKey: Uint8Array): Promise<string>;
  /** @param wrapped as `wrap` returned it. @throws KeyProviderError */
  unwrap(wrapped: string): Promise<Uint8Array>;
}

export const KEY_PROVIDERS = ['vault', 'aws-kms'] as const;
export type KeyProviderName = (typeof KEY_PROVIDERS)[number];

/** An item of CARDEA_MASTER_KEY that a service has to decrypt. */
export interface WrappedKey {
  readonly provider: KeyProviderName;
  readonly wrapped: string;
}

export type MasterKeySource = Uint8Array | WrappedKey;

export const isWrapped = (key: MasterKeySource): key is WrappedKey => !(key instanceof Uint8Array);

/** The service did not decrypt. `passing`: it may do so when it is asked again. */
export class KeyProviderError extends Error {
  readonly passing: boolean;
  constructor(reason: string, options: { readonly passing: boolean; readonly cause?: unknown }) {
    super(reason, { cause: options.cause });
    this.passing = options.passing;
  }
}

/** Longer than a restart of the service takes, and shorter than supervisors wait for a server to start. */
const RETRIED_FOR_MS = 30_000;
const FIRST_PAUSE_MS = 250;
const PAUSE_MOST_MS = 5_000;

/** How waiting is done; for tests. */
export interface Retrying {
  readonly pause: (ms: number) => Promise<unknown>;
}

/**
 * The master keys themselves. Each service is asked again for half a minute while it does not answer.
 * @throws AppError `key_provider_unavailable`, `key_provider_refused`
 */
export async function unwrapKeys(
  keys: readonly MasterKeySource[],
  providers: (name: KeyProviderName) => Promise<KeyProvider>,
  { pause }: Retrying = { pause: (ms) => setTimeout(ms) },
): Promise<readonly Uint8Array[]> {
  let left = RETRIED_FOR_MS;

  async function unwrap({ provider: name, wrapped }: WrappedKey): Promise<Uint8Array> {
    const provider = await providers(name);
    for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(wait * 2, PAUSE_MOST_MS)) {
      try {
        return lengthChecked(provider, await provider.unwrap(wrapped));
      } catch (error) {
        if (!(error instanceof KeyProviderError)) throw error;
        if (!error.passing || left <= 0) throw failure(provider, error);
        await pause(wait);
        left -= wait;
      }
    }
  }

  const opened: Uint8Array[] = [];
  // One after another, so that the time limit is that of all of them together.
  for (const key of keys) opened.push(isWrapped(key) ? await unwrap(key) : key);
  return opened;
}

/** What an operator has to know about a service that did not do its part. */
export function failure({ about }: Pick<KeyProvider, 'about'>, error: KeyProviderError): AppError {
  return error.passing
    ? new AppError('key_provider_unavailable', `${about} does not open the master key: ${error.message}`, {
        cause: error,
      })
    : new AppError('key_provider_refused', `${about} refuses to open the master key: ${error.message}`, {
        cause: error,
      });
}

function lengthChecked({ about }: KeyProvider, key: Uint8Array): Uint8Array {
  if (key.length === MASTER_KEY_BYTES) return key;
  throw new AppError('key_provider_refused', `${about} opened something that is not ${MASTER_KEY_BYTES} bytes long`);
}
