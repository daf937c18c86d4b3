import type { BoundStatement, Db, Row } from './db.ts';
import { failedGuard, type Guard } from './db_errors.ts';
import type { AppError } from './errors.ts';

/**
 * A change that was checked and has not happened: the statements of one transaction. The one that opens the transaction
 * may add statements of its own, such as an entry in the audit.
 */
export interface PlannedChange {
  /** Empty when there is nothing to change. */
  readonly statements: readonly BoundStatement[];
  /** @returns the error for the caller, when the transaction has failed with the given one */
  refuse(error: unknown): unknown;
}

/** Makes the change, in a transaction of its own. @returns the rows of each statement */
export async function carryOut(db: Pick<Db, 'transact'>, planned: PlannedChange): Promise<Row[][]> {
  try {
    return (await db.transact(planned.statements)) as Row[][];
  } catch (error) {
    throw planned.refuse(error);
  }
}

/** The `refuse` of a change that a guard refuses. @param otherwise the error for the caller, by guard, with its cause */
export function refusedBy(
  otherwise: Readonly<Partial<Record<Guard, (cause: unknown) => AppError>>>,
): PlannedChange['refuse'] {
  return (error) => {
    const guard = failedGuard(error);
    return (guard && otherwise[guard]?.(error)) ?? error;
  };
}
