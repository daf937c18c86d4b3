import type { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import { AppError } from '../platform/errors.ts';
import { BACKUP_TO, missing, type Storage, storageFailed } from './storage.ts';

/** Of an upload in parts: S3 takes 10,000 of them, so that an object may have 160 GB. */
const PART_BYTES = 16 * 1_024 * 1_024;
/** A second one is for servers that were restarted just then. */
const ATTEMPTS = 2;
/** A server that does not answer is given up after `ATTEMPTS` of these, which is less than a minute. */
const SILENT_MS = 25_000;
/** The time that a server that is stopping has to remove what it has sent, in milliseconds. */
const STOPPING_MS = 2_000;

interface S3Options {
  /** The URL of a server that is not AWS, whose buckets are in the path. */
  readonly endpoint?: string | undefined;
  /** How long a server may take to be connected to, and then send or take no byte. */
  readonly silentMs?: number;
  /** The setting or option that names the place, for messages. */
  readonly setting?: string | undefined;
  /** Gives up what is asked of the server. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Backups in a bucket of S3 or of a server with the same API. Credentials and region are found as the SDKs of AWS find them.
 * @param place `s3://bucket/prefix`
 */
export async function createS3Storage(
  place: string,
  { endpoint, silentMs = SILENT_MS, setting = BACKUP_TO, signal }: S3Options = {},
): Promise<Storage> {
  const s3 = await import('@aws-sdk/client-s3');
  const { hostname: bucket, pathname } = new URL(place);
  const prefix = pathname === '/' || pathname === '' ? '' : `${pathname.replaceAll(/^\/|\/$/g, '')}/`;
  const options = {
    maxAttempts: ATTEMPTS,
    // A region is needed to sign, also for servers that have none.
    ...(endpoint ? { endpoint, forcePathStyle: true, region: process.env.AWS_REGION ?? 'us-east-1' } : {}),
    // Servers of others do not know the newer checksums; what is stored has its own.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  } as const;
  const client = new s3.S3Client({
    ...options,
    requestHandler: { connectionTimeout: silentMs, socketTimeout: silentMs },
  });
  // Its sockets are idle also while a restore is busy with what it has read, so that `get` measures the time itself.
  const reader = new s3.S3Client(options);
  for (const { middlewareStack } of [client, reader]) {
    middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        refuseHtml(result.response);
        return result;
      },
      { step: 'deserialize', priority: 'low' },
    );
  }
  const how = signal ? { abortSignal: signal } : {};
  const at = (name: string) => ({ Bucket: bucket, Key: `${prefix}${name}` });

  async function failing<T>(doing: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw failed(doing, error);
    }
  }

  function failed(doing: string, error: unknown): AppError {
    if (error instanceof AppError) return error;
    const why = reasonOf(error as Error, silentMs, error instanceof s3.S3ServiceException);
    return storageFailed(place, doing, why ?? explained(error as Error, setting), error);
  }

  return {
    place,
    put: (name, content) => failing(`write ${name}`, () => upload(client, at(name), content, { silentMs, signal })),
    async *get(name) {
      const silence = new AbortController();
      const wait = () => setTimeout(() => silence.abort(), silentMs);
      let timer = wait();
      try {
        const abortSignal = AbortSignal.any([silence.signal, ...(signal ? [signal] : [])]);
        const { Body } = await reader.send(new s3.GetObjectCommand(at(name)), { abortSignal });
        for await (const chunk of Body as Readable) {
          clearTimeout(timer);
          yield chunk;
          timer = wait();
        }
      } catch (error) {
        if ((error as Error).name === 'NoSuchKey') throw missing(place, name);
        const cause = silence.signal.aborted ? Object.assign(new Error(), { name: 'TimeoutError' }) : error;
        throw failed(`read ${name}`, cause);
      } finally {
        clearTimeout(timer);
      }
    },
    list: (start) =>
      failing('list its objects', async () => {
        const found: { name: string; bytes: number }[] = [];
        for (let token: string | undefined; ; ) {
          const page = await client.send(
            new s3.ListObjectsV2Command({ Bucket: bucket, Prefix: `${prefix}${start}`, ContinuationToken: token }),
            how,
          );
          for (const { Key = '', Size = 0 } of page.Contents ?? [])
            found.push({ name: Key.slice(prefix.length), bytes: Size });
          token = page.IsTruncated ? page.NextContinuationToken : undefined;
          if (token === undefined) return found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
        }
      }),
    remove: (name) =>
      failing(`remove ${name}`, async () => void (await client.send(new s3.DeleteObjectCommand(at(name)), how))),
  };
}

interface Target {
  readonly Bucket: string;
  readonly Key: string;
}

/**
 * A page of a proxy: otherwise the SDK takes one with status 200 for an object that was written, or for a list of none.
 * The objects here have another type.
 */
function refuseHtml(response: unknown): void {
  const { statusCode, headers, body } = response as {
    statusCode: number;
    headers: Readonly<Record<string, string>>;
    body: Readable;
  };
  if (!headers['content-type']?.startsWith('text/html')) return;
  body.destroy();
  // The SDK tries 502, 503 and 504 again.
  throw Object.assign(new Error(`HTML with status ${statusCode}`), {
    $metadata: { httpStatusCode: statusCode },
    $response: response,
  });
}

/** @returns undefined where the error itself says it */
function reasonOf(
  error: Error & { code?: string; $response?: { statusCode?: number } },
  silentMs: number,
  isOfS3: boolean,
): string | undefined {
  if (error.name === 'TimeoutError' && error.code === undefined)
    return `the server did not answer for ${silentMs / 1_000} s; look whether it runs, and whether a proxy or firewall is in between`;
  // The SDK has this message for an error without the XML of S3.
  if (error.$response && (!isOfS3 || error.message === 'UnknownError'))
    return `what answered is no S3 server (status ${error.$response.statusCode}, no XML of S3); correct CARDEA_BACKUP_S3_ENDPOINT, or the proxy in between`;
  return undefined;
}

const CREDENTIALS = 'correct the credentials (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, or the role of this machine)';
const REGION = 'set AWS_REGION to the region of the bucket';
const ENDPOINT = 'correct CARDEA_BACKUP_S3_ENDPOINT, or open the firewall';

/** By the code of S3, of the SDK or of the connection: what to do. */
const REMEDIES: Readonly<Record<string, string>> = {
  AccessDenied: 'the credentials lack a right: ops/docs/backup.md lists those that are needed',
  AuthorizationHeaderMalformed: REGION,
  PermanentRedirect: REGION,
  CredentialsProviderError: CREDENTIALS,
  ExpiredToken: CREDENTIALS,
  InvalidAccessKeyId: CREDENTIALS,
  InvalidToken: CREDENTIALS,
  SignatureDoesNotMatch: CREDENTIALS,
  RequestTimeTooSkewed: 'correct the clock of this machine',
  SlowDown: 'the server has too much to do: it is tried again',
  EAI_AGAIN: 'see that the name server answers',
  ENOTFOUND: 'correct CARDEA_BACKUP_S3_ENDPOINT, or the name server',
  ECONNREFUSED: ENDPOINT,
  ECONNRESET: ENDPOINT,
  EHOSTUNREACH: ENDPOINT,
  ENETUNREACH: ENDPOINT,
  ETIMEDOUT: ENDPOINT,
  CERT_HAS_EXPIRED: 'renew the certificate of the server',
  ERR_TLS_CERT_ALTNAME_INVALID: 'name the host that its certificate is for in CARDEA_BACKUP_S3_ENDPOINT',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'name its authority in NODE_EXTRA_CA_CERTS',
  SELF_SIGNED_CERT_IN_CHAIN: 'name its authority in NODE_EXTRA_CA_CERTS',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'name its authority in NODE_EXTRA_CA_CERTS',
};

function explained({ name, message, code }: Error & { readonly code?: unknown }, setting: string): string {
  const known = typeof code === 'string' ? code : name;
  const remedy = known === 'NoSuchBucket' ? `make the bucket, or correct ${setting}` : REMEDIES[known];
  const regionless = message === 'Region is missing' ? REGION : remedy;
  return regionless === undefined ? `${known}: ${message}` : `${regionless} (${known}: ${message})`;
}

/** An object that is larger than a part is there only when its last part is. */
async function upload(
  client: S3Client,
  target: Target,
  content: AsyncIterable<Uint8Array>,
  { silentMs, signal }: { readonly silentMs: number; readonly signal: AbortSignal | undefined },
): Promise<void> {
  const s3 = await import('@aws-sdk/client-s3');
  const how = signal ? { abortSignal: signal } : {};
  const parts = inParts(content);
  const first = await parts.next();
  const second = first.done ? first : await parts.next();
  if (second.done) {
    await client.send(new s3.PutObjectCommand({ ...target, Body: first.value ?? Buffer.alloc(0) }), how);
    return;
  }
  const { UploadId } = await client.send(new s3.CreateMultipartUploadCommand(target), how);
  try {
    const done: { ETag: string | undefined; PartNumber: number }[] = [];
    for (let next: IteratorResult<Buffer, void> = first; !next.done; ) {
      const PartNumber = done.length + 1;
      const { ETag } = await client.send(
        new s3.UploadPartCommand({ ...target, UploadId, PartNumber, Body: next.value ?? Buffer.alloc(0) }),
        how,
      );
      done.push({ ETag, PartNumber });
      next = PartNumber === 1 ? second : await parts.next();
    }
    await client.send(
      new s3.CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts: done } }),
      how,
    );
  } catch (error) {
    // Otherwise the parts stay, and are paid for.
    const abortSignal = AbortSignal.timeout(signal?.aborted ? STOPPING_MS : silentMs);
    await client.send(new s3.AbortMultipartUploadCommand({ ...target, UploadId }), { abortSignal }).catch(() => {});
    throw error;
  }
}

async function* inParts(content: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void> {
  let [waiting, size]: [Uint8Array[], number] = [[], 0];
  for await (const chunk of content) {
    waiting.push(chunk);
    size += chunk.length;
    if (size < PART_BYTES) continue;
    yield Buffer.concat(waiting);
    [waiting, size] = [[], 0];
  }
  if (size > 0) yield Buffer.concat(waiting);
}
