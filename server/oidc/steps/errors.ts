import { AppError, faultOfSender } from '../../platform/errors.ts';
import type { Exchange } from '../exchange.ts';

/**
 * Part of the provider answers "not found" or "invalid" when something below it fails, which must not pass for a verdict
 * on the token: the failure itself is thrown.
 * @throws the failure of a read; AppError below 500 when the value or the wish of the sender was to blame
 */
export async function rejectFailures({ ctx, unit, failure, services }: Exchange): Promise<void> {
  if (unit.failure !== undefined) throw unit.failure;
  if (failure === undefined) return;
  const refusal =
    faultOfSender(failure) ?? (failure instanceof AppError && failure.status !== 500 ? failure : undefined);
  if (refusal) throw refusal;
  services.logFailure(ctx, failure);
}
