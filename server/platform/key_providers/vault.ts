import { type KeyProvider, KeyProviderError } from './provider.ts';

export interface VaultSettings {
  /** Without a path. */
  readonly url: string;
  readonly token: string;
  /** The mount of the transit engine, and the name of the key: `transit/cardea`. */
  readonly key: string;
  readonly namespace: string | undefined;
}

const TIMEOUT_MS = 5_000;
/** Sealed, in standby, overloaded, or behind a proxy that does not reach it. */
const PASSING = new Set([429, 472, 473, 500, 502, 503, 504]);

const REASONS: Readonly<Record<number, string>> = {
  400: 'it did not encrypt this value with this key; correct CARDEA_MASTER_KEY or CARDEA_VAULT_TRANSIT_KEY',
  403: 'CARDEA_VAULT_TOKEN has expired, or its policy does not allow it',
  404: 'there is no such transit engine or key; correct CARDEA_VAULT_TRANSIT_KEY',
};

/**
 * HashiCorp Vault or OpenBao: the transit secrets engine encrypts master keys (`POST /v1/:mount/encrypt/:name` and
 * `/decrypt/:name`; https://openbao.org/api-docs/secret/transit/).
 */
export function createVault({ url, token, key, namespace }: VaultSettings): KeyProvider {
  const slash = key.lastIndexOf('/');
  const [mount, name] = [key.slice(0, slash), key.slice(slash + 1)];

  async function ask(what: 'encrypt' | 'decrypt', body: Readonly<Record<string, string>>): Promise<unknown> {
    const response = await fetch(new URL(`/v1/${mount}/${what}/${name}`, url), {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        'X-Vault-Token': token,
        'X-Vault-Request': 'true',
        ...(namespace === undefined ? {} : { 'X-Vault-Namespace': namespace }),
      },
      body: JSON.stringify(body),
      // The token must not follow a redirect to another host.
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch((cause: unknown) => {
      throw new KeyProviderError(unreached(cause), { passing: true, cause });
    });
    const { status } = response;
    if (status >= 300 && status < 400) {
      throw new KeyProviderError('it redirects; set CARDEA_VAULT_URL to the active node', { passing: false });
    }
    if (status !== 200) {
      await response.body?.cancel();
      throw new KeyProviderError(REASONS[status] ?? `it answered ${status}`, { passing: PASSING.has(status) });
    }
    return response.json().catch((cause: unknown) => {
      throw new KeyProviderError('its answer is not JSON', { passing: true, cause });
    });
  }

  return {
    about: `the transit engine of Vault at ${new URL(url).host}`,
    async wrap(masterKey) {
      const answer = await ask('encrypt', { plaintext: Buffer.from(masterKey).toString('base64') });
      return member(answer, 'ciphertext');
    },
    async unwrap(wrapped) {
      return Buffer.from(member(await ask('decrypt', { ciphertext: wrapped }), 'plaintext'), 'base64');
    },
  };
}

function member(answer: unknown, name: 'ciphertext' | 'plaintext'): string {
  const { data } = (answer ?? {}) as { readonly data?: Readonly<Record<string, unknown>> | null };
  const value = data?.[name];
  if (typeof value === 'string') return value;
  throw new KeyProviderError(`its answer has no ${name}`, { passing: false });
}

function unreached(error: unknown): string {
  const { name, cause } = error as { readonly name?: string; readonly cause?: { readonly code?: string } };
  return name === 'TimeoutError' ? 'it does not answer' : `it cannot be reached (${cause?.code ?? name})`;
}
