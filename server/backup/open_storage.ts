import type { Storage } from './storage.ts';

export interface StorageOptions {
  /** Of S3-compatible servers other than AWS. */
  readonly s3Endpoint?: string | undefined;
  /** The setting or option that names the place, for messages; default: `CARDEA_BACKUP_TO`. */
  readonly setting?: string | undefined;
  /** Gives up what is asked of a server. */
  readonly signal?: AbortSignal | undefined;
}

/** @param place a folder, or `s3://bucket/prefix` */
export async function openStorage(
  place: string,
  { s3Endpoint, setting, signal }: StorageOptions = {},
): Promise<Storage> {
  if (!place.startsWith('s3:')) return (await import('./folder_storage.ts')).createFolderStorage(place, { setting });
  return (await import('./s3_storage.ts')).createS3Storage(place, { endpoint: s3Endpoint, setting, signal });
}
