import type { S3Client } from '@aws-sdk/client-s3';
import { missing, type Storage, storageFailed } from './storage.ts';

/** Of an upload in parts: S3 takes 10,000 of them, so that an object may have 160 GB. */
const PART_BYTES = 16 * 1_024 * 1_024;

/**
 * Backups in a bucket of S3 or of a server with the same API. Credentials and region are found as the SDKs of AWS find them.
 * @param place `s3://bucket/prefix`
 * @param endpoint the URL of a server that is not AWS, whose buckets are in the path
 */
export async function createS3Storage(place: string, endpoint?: string): Promise<Storage> {
  const s3 = await import('@aws-sdk/client-s3');
  const { hostname: bucket, pathname } = new URL(place);
  const prefix = pathname === '/' || pathname === '' ? '' : `${pathname.replaceAll(/^\/|\/$/g, '')}/`;
  const client = new s3.S3Client({
    // A region is needed to sign, also for servers that have none.
    ...(endpoint ? { endpoint, forcePathStyle: true, region: process.env.AWS_REGION ?? 'us-east-1' } : {}),
    // Servers of others do not know the newer checksums; what is stored has its own.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  const at = (name: string) => ({ Bucket: bucket, Key: `${prefix}${name}` });

  async function failing<T>(doing: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw storageFailed(place, doing, error);
    }
  }

  return {
    place,
    put: (name, content) => failing(`write ${name}`, () => upload(client, at(name), content)),
    async *get(name) {
      let body: AsyncIterable<Uint8Array>;
      try {
        const { Body } = await client.send(new s3.GetObjectCommand(at(name)));
        body = Body as AsyncIterable<Uint8Array>;
      } catch (error) {
        throw (error as Error).name === 'NoSuchKey'
          ? missing(place, name)
          : storageFailed(place, `read ${name}`, error);
      }
      try {
        yield* body;
      } catch (error) {
        throw storageFailed(place, `read ${name}`, error);
      }
    },
    list: (start) =>
      failing('list its objects', async () => {
        const found: { name: string; bytes: number }[] = [];
        for (let token: string | undefined; ; ) {
          const page = await client.send(
            new s3.ListObjectsV2Command({ Bucket: bucket, Prefix: `${prefix}${start}`, ContinuationToken: token }),
          );
          for (const { Key = '', Size = 0 } of page.Contents ?? [])
            found.push({ name: Key.slice(prefix.length), bytes: Size });
          token = page.IsTruncated ? page.NextContinuationToken : undefined;
          if (token === undefined) return found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
        }
      }),
    remove: (name) =>
      failing(`remove ${name}`, async () => void (await client.send(new s3.DeleteObjectCommand(at(name))))),
  };
}

interface Target {
  readonly Bucket: string;
  readonly Key: string;
}

/** An object that is larger than a part is there only when its last part is. */
async function upload(client: S3Client, target: Target, content: AsyncIterable<Uint8Array>): Promise<void> {
  const s3 = await import('@aws-sdk/client-s3');
  const parts = inParts(content);
  const first = await parts.next();
  const second = first.done ? first : await parts.next();
  if (second.done) {
    await client.send(new s3.PutObjectCommand({ ...target, Body: first.value ?? Buffer.alloc(0) }));
    return;
  }
  const { UploadId } = await client.send(new s3.CreateMultipartUploadCommand(target));
  try {
    const done: { ETag: string | undefined; PartNumber: number }[] = [];
    for (let next: IteratorResult<Buffer, void> = first; !next.done; ) {
      const PartNumber = done.length + 1;
      const { ETag } = await client.send(
        new s3.UploadPartCommand({ ...target, UploadId, PartNumber, Body: next.value ?? Buffer.alloc(0) }),
      );
      done.push({ ETag, PartNumber });
      next = PartNumber === 1 ? second : await parts.next();
    }
    await client.send(new s3.CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts: done } }));
  } catch (error) {
    // Otherwise the parts stay, and are paid for.
    await client.send(new s3.AbortMultipartUploadCommand({ ...target, UploadId })).catch(() => {});
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
