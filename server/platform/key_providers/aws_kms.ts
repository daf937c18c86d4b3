import type { KMSClient, KMSClientConfig } from '@aws-sdk/client-kms';
import { type KeyProvider, KeyProviderError } from './provider.ts';

export interface AwsKmsSettings {
  /** The ARN of the key or of an alias, which names the region. */
  readonly key: string;
  /** A VPC endpoint. Default: the endpoint of the region. */
  readonly endpoint: string | undefined;
  /** Default: as the SDK finds them, in the environment, a profile, or the role of the machine. */
  readonly credentials?: NonNullable<KMSClientConfig['credentials']>;
}

export const AWS_KMS_PREFIX = 'aws-kms:';

/** Part of what KMS encrypts, and of its log: a ciphertext of another use of the same key does not open. */
const CONTEXT = { application: 'cardea', purpose: 'master key' };
const TIMEOUT_MS = 5_000;

/** Errors that another try does not end (AWS KMS API reference, Decrypt: Errors). */
const REFUSED: Readonly<Record<string, string>> = {
  AccessDeniedException: 'the credentials may not use this key',
  CredentialsProviderError: 'there are no credentials of AWS',
  DisabledException: 'the key is disabled',
  ExpiredTokenException: 'the credentials have expired',
  IncompleteSignatureException: 'the credentials are not valid',
  IncorrectKeyException: 'it was encrypted with another key',
  InvalidCiphertextException: 'it did not encrypt this value for Cardea; correct CARDEA_MASTER_KEY',
  InvalidGrantTokenException: 'the grant token is not valid',
  InvalidKeyUsageException: 'the key does not encrypt',
  InvalidSignatureException: 'the credentials are not valid',
  KMSInvalidStateException: 'the key is not enabled',
  NotFoundException: 'there is no such key; correct CARDEA_AWS_KMS_KEY',
  UnrecognizedClientException: 'the credentials are not valid',
  ValidationException: 'it did not encrypt this value for Cardea; correct CARDEA_MASTER_KEY',
};

/** AWS KMS: a symmetric key encrypts master keys (`Encrypt` and `Decrypt`; AWS KMS API reference). */
export async function createAwsKms({ key, endpoint, credentials }: AwsKmsSettings): Promise<KeyProvider> {
  // Its modules are loaded by who uses them alone.
  const { DecryptCommand, EncryptCommand, KMSClient } = await import('@aws-sdk/client-kms');
  const region = regionOf(key);

  async function use<Result>(work: (client: KMSClient) => Promise<Result>): Promise<Result> {
    const client = new KMSClient({
      region,
      maxAttempts: 1,
      requestHandler: { connectionTimeout: TIMEOUT_MS, requestTimeout: TIMEOUT_MS },
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(credentials ? { credentials } : {}),
    });
    try {
      return await work(client);
    } catch (error) {
      throw refusal(error);
    } finally {
      client.destroy();
    }
  }

  return {
    about: `AWS KMS in ${region}`,
    async wrap(masterKey) {
      const { CiphertextBlob: blob } = await use((client) =>
        client.send(new EncryptCommand({ KeyId: key, Plaintext: masterKey, EncryptionContext: CONTEXT })),
      );
      return `${AWS_KMS_PREFIX}${Buffer.from(blob ?? []).toString('base64')}`;
    },
    async unwrap(wrapped) {
      const blob = Buffer.from(wrapped.slice(AWS_KMS_PREFIX.length), 'base64');
      const { Plaintext: plain } = await use((client) =>
        client.send(new DecryptCommand({ KeyId: key, CiphertextBlob: blob, EncryptionContext: CONTEXT })),
      );
      return Buffer.from(plain ?? []);
    },
  };
}

/** `arn:partition:kms:region:account:key/…` */
export function regionOf(arn: string): string {
  return arn.split(':')[3] ?? '';
}

function refusal(error: unknown): KeyProviderError {
  const { name = '', code } = error as { readonly name?: string; readonly code?: string };
  const reason = REFUSED[name];
  return reason === undefined
    ? new KeyProviderError(`it does not answer (${code ?? name})`, { passing: true, cause: error })
    : new KeyProviderError(reason, { passing: false, cause: error });
}
