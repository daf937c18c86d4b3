import type { Exchange, Step, Steps } from './exchange.ts';
import { presentError } from './present_error.ts';
import { respondWithStored } from './steps/refresh.ts';

/**
 * Runs the steps of a request's route. The unit of work is committed after the provider has made its response
 * and before that leaves, so a response that the database did not confirm is never sent.
 * @param provide lets the provider make its response
 */
export async function runEndpoint(steps: Steps, exchange: Exchange, provide: () => Promise<unknown>): Promise<void> {
  try {
    await respond(steps, exchange, provide);
  } finally {
    await runAll(steps.finally, exchange);
  }
}

async function respond(steps: Steps, exchange: Exchange, provide: () => Promise<unknown>): Promise<void> {
  try {
    await run(steps.before, exchange);
    await provide();
    await run(steps.after, exchange);
    await commitOrDiscard(steps, exchange);
  } catch (error) {
    exchange.unit.discard();
    exchange.error = error;
    await run(steps.onError, exchange).catch((failure) => {
      exchange.error = failure;
    });
    if (exchange.error !== undefined) presentError(exchange, exchange.error);
  }
}

async function run(steps: readonly Step[], exchange: Exchange): Promise<void> {
  for (const step of steps) {
    const pending = step(exchange);
    // Most steps wait for nothing, and an await for each of them would cost every request processor time.
    if (pending !== undefined) await pending;
  }
}

/** Each of the steps. By now the response is committed: one that fails is logged, and neither replaces it nor stops the others. */
async function runAll(steps: readonly Step[], exchange: Exchange): Promise<void> {
  for (const step of steps)
    await run([step], exchange).catch((failure) => exchange.services.logFailure(exchange.ctx, failure));
}

async function commitOrDiscard({ beforeCommit }: Steps, exchange: Exchange): Promise<void> {
  const { ctx, unit } = exchange;
  if (exchange.isDiscarded || ctx.status >= 500) return unit.discard();
  await run(beforeCommit, exchange);
  // When equal refreshes arrive at the same time one is committed, and all of them get its response.
  const stored = await unit.commit();
  if (stored !== undefined) respondWithStored(exchange, stored);
}
