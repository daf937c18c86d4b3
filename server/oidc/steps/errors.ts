import { AppError, faultOfSender } from '../../platform/errors.ts';
import type { Exchange } from '../exchange.ts';

/**
 * Some parts of the provider respond "not found" or "invalid" when a read fails. That must not count as a verdict on the
 * token, so the failure itself is thrown.
 * @throws the failure of a read; AppError below 500 when the failure was caused by what the request sent or asked for
 */
export function rejectFailures({ ctx, unit, failure, services }: Exchange): void {
  if (unit.failure !== undefined) throw unit.failure;
  if (failure === undefined) return;
  const refusal =
    faultOfSender(failure) ?? (failure instanceof AppError && failure.status !== 500 ? failure : undefined);
  if (refusal) throw refusal;
  services.logFailure(ctx, failure);
}
