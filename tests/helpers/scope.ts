/**
 * Ends the resources of helpers: a test (`t`), or a file or suite (`const scope = { after }` with `after` of
 * `node:test`; one object for all helpers of that suite).
 */
export interface Scope {
  after(fn: () => void | Promise<void>): void;
}

const stacks = new WeakMap<Scope, (() => void | Promise<void>)[]>();

/**
 * Runs `fn` when the scope ends, in reverse order of registration: a server is stopped before its database is dropped.
 * (`after` hooks of `node:test` run in the order of registration.) An error in one does not stop the others, and fails
 * the test.
 */
export function defer(scope: Scope, fn: () => void | Promise<void>): void {
  const known = stacks.get(scope);
  if (known) {
    known.push(fn);
    return;
  }
  const stack = [fn];
  stacks.set(scope, stack);
  scope.after(async () => {
    const errors: unknown[] = [];
    for (let next = stack.pop(); next; next = stack.pop()) {
      try {
        await next();
      } catch (error) {
        errors.push(error);
      }
    }
    stacks.delete(scope);
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) throw new AggregateError(errors, 'cleaning up failed');
  });
}
