import type { AuditEntry } from '../audit/entries.ts';
import { AppError } from '../platform/errors.ts';
import { permissionsOf } from './full_reads.ts';
import type { Call, InputOf, Operation, Schemas } from './operation.ts';
import { scopeOf } from './permissions.ts';
import { assertValid } from './schema.ts';

/* The checks before any operation. */

export function assertPermitted(operation: Operation, { actor }: Call): void {
  const missing = permissionsOf(operation).find((one) => !actor.permissions.has(one));
  if (missing === undefined) return;
  const { name } = operation;
  throw new AppError('insufficient_scope', `${name} needs the permission ${missing} (scope ${scopeOf(missing)})`);
}

export function assertInput({ params, query, body }: Schemas, input: InputOf<Schemas>): void {
  if (params) assertValid(params, input.params, 'params');
  if (query) assertValid(query, input.query, 'query');
  if (body) assertValid(body, input.body, 'body');
}

/**
 * The entry in the audit of an operation that was not carried out; undefined for a fault of the server, which says nothing of it,
 * and for a dry run that was refused. A dry run that was denied has an entry: it may be an attempt to find a permission.
 */
export function refusedOutcome(
  error: unknown,
  { dryRun = false }: Pick<Call, 'dryRun'>,
): Pick<AuditEntry, 'outcome' | 'reason'> | undefined {
  if (!(error instanceof AppError) || error.status >= 500) return undefined;
  const outcome = error.status === 403 ? 'denied' : 'refused';
  return dryRun && outcome === 'refused' ? undefined : { outcome, reason: error.code };
}
