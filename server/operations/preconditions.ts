import { AppError } from '../platform/errors.ts';
import type { Call } from './operation.ts';

/** A thing that is deleted and made again has version 1 again: the time of creation tells the two apart. */
interface Versioned {
  readonly version: number;
  readonly createdAt: Date;
}

/** The ETag of a thing as it is (RFC 9110 §8.8.3). */
export function entityTag({ version, createdAt }: Versioned): string {
  return `"${version}-${createdAt.getTime().toString(36)}"`;
}

/** @throws AppError 412 `precondition_failed` when the caller has read another version, or another thing of that name */
export function assertVersion(what: string, current: Versioned, { ifMatch }: Call): void {
  if (ifMatch === undefined || ifMatch === entityTag(current)) return;
  throw new AppError(
    'precondition_failed',
    `the ${what} was changed, or deleted and made again; it has version ${current.version} now: read it again`,
  );
}

/**
 * For a store that reads a thing once more when it plans a change: another change may have come between.
 * @throws AppError 409 `changed_meanwhile`, 412 `precondition_failed`
 */
export function assertAsRead(what: string, read: Versioned, again: Versioned | undefined, { ifMatch }: Call): void {
  if (again && entityTag(again) === entityTag(read)) return;
  const code = ifMatch === undefined ? 'changed_meanwhile' : 'precondition_failed';
  throw new AppError(code, `the ${what} was changed meanwhile; read it again`);
}

/** @throws AppError 409 `managed_by_file` for a change that the configuration file would undo */
export function assertNotManaged(what: string, managedBy: string | null, { force, fromFile }: Call): void {
  if (managedBy !== 'file' || force || fromFile) return;
  throw new AppError(
    'managed_by_file',
    `the ${what} is managed by the configuration file: change it there, or force the change (force=true, or --force), which shows as drift`,
  );
}

/** Who manages something after a change: the configuration file, from the first change by it. */
export function managedAfter(before: 'file' | null, { fromFile }: Call): 'file' | null {
  return fromFile ? 'file' : before;
}
