import { AppError } from './errors.ts';
import { faultsOf, pointerOf } from './problems.ts';

/** Runs the checks of several values, so that a request is told all that is wrong, not only the first. */
export interface Checks {
  /** @returns the value; undefined when the check refused it, so that `end` throws */
  run<T>(check: () => T): T | undefined;
  /** @throws AppError 400 `invalid_input` with all wrong values */
  end(): void;
}

export function createChecks(): Checks {
  const refused: AppError[] = [];
  return {
    run(check) {
      try {
        return check();
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'invalid_input') throw error;
        refused.push(error);
        return undefined;
      }
    },
    end() {
      const [first, ...others] = refused;
      if (!first) return;
      if (others.length === 0) throw first;
      const { field } = first;
      const message = refused.map((one) => one.message).join('; ');
      const errors = refused.flatMap(faultsOf);
      throw new AppError('invalid_input', message, { ...(field === undefined ? {} : { field }), errors });
    },
  };
}

/** Checks each item of a list. @throws AppError 400 `invalid_input` with the place of each wrong one */
export function checkItems<Item, T>(field: string, items: readonly Item[], check: (item: Item) => T): T[] {
  const checks = createChecks();
  const checked = items.map((item, index) => checks.run(() => inItem(field, index, () => check(item))));
  checks.end();
  return checked as T[];
}

function inItem<T>(field: string, index: number, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'invalid_input') throw error;
    const list = pointerOf(field);
    const errors = faultsOf(error).map((one) =>
      'pointer' in one && one.pointer === list ? { ...one, pointer: `${list}/${index}` } : one,
    );
    throw new AppError('invalid_input', error.message, { field, errors });
  }
}

/** @param at the place of the item below the field, such as an index, or `keys/0` */
export function invalidItem(field: string, at: number | string, message: string): AppError {
  const errors = [{ pointer: `${pointerOf(field)}/${at}`, detail: message }];
  return new AppError('invalid_input', `${field}: ${message}`, { field, errors });
}
