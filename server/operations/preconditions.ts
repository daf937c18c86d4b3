import { AppError } from '../platform/errors.ts';
import type { Call } from './operation.ts';

/** @throws AppError 412 `precondition_failed` when the caller has read another version */
export function assertVersion(what: string, version: number, { ifVersion }: Call): void {
  if (ifVersion === undefined || ifVersion === version) return;
  throw new AppError('precondition_failed', `the ${what} has version ${version} now; read it again`);
}

/**
 * For a store that reads a thing once more when it plans a change: another change may have come between.
 * @throws AppError 409 `changed_meanwhile`, 412 `precondition_failed`
 */
export function assertAsRead(what: string, read: Versioned, again: Versioned | undefined, { ifVersion }: Call): void {
  if (again?.version === read.version) return;
  const code = ifVersion === undefined ? 'changed_meanwhile' : 'precondition_failed';
  throw new AppError(code, `the ${what} was changed meanwhile; read it again`);
}

interface Versioned {
  readonly version: number;
}

/** @throws AppError 409 `managed_by_file` for a change that the configuration file would undo */
export function assertNotManaged(what: string, managedBy: string | null, { force, fromFile }: Call): void {
  if (managedBy !== 'file' || force || fromFile) return;
  throw new AppError(
    'managed_by_file',
    `the ${what} is managed by the configuration file: change it there, or force the change, which shows as drift`,
  );
}

/** Who manages something after a change: the configuration file, from the first change by it. */
export function managedAfter(before: 'file' | null, { fromFile }: Call): 'file' | null {
  return fromFile ? 'file' : before;
}
