import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import { systemClock } from '../platform/clock.ts';
import { AppError, faultOfSender, isUnavailable } from '../platform/errors.ts';
import type { Logger } from '../platform/log.ts';
import { createRecently } from '../platform/recently.ts';

/** Failures that any sender can cause are logged once in this time, so that they cannot flood the log. */
const LOG_EVERY_MS = 60_000;

/** Logs a failure at the level that fits its cause. */
export type LogFailure = (ctx: KoaContextWithOIDC, error: unknown) => void;

export function createFailureLog(log: Logger): LogFailure {
  const wasLogged = createRecently({ everyMs: LOG_EVERY_MS, now: systemClock });
  return (ctx, error) => {
    const about = { ...describeRequest(ctx), route: ctx.oidc?.route };
    const fault = faultOfSender(error);
    if (fault) {
      // An earlier check should have refused this: the line shows where one is missing.
      if (!wasLogged(`${about.route} ${codeOf(fault.cause)}`))
        log.warn({ ...about, error: fault }, 'a value was refused where it was used');
    } else if (isUnusableMetadata(error)) {
      if (!wasLogged(`${about.clientId} ${error.error}`))
        log.warn({ ...about, reason: error.error, error }, 'a client cannot be served: see to its keys and metadata');
    } else if (!(error instanceof AppError && error.status < 500) && !isUnavailable(error)) {
      log.error({ ...about, error }, 'a request failed');
    }
  };
}

/** True for mistakes in what the client's operator has registered or publishes. */
export function isUnusableMetadata(error: unknown): error is InstanceType<typeof errors.InvalidClientMetadata> {
  return error instanceof errors.InvalidClientMetadata;
}

function describeRequest(ctx: KoaContextWithOIDC): { requestId: unknown; clientId: string | undefined } {
  return { requestId: ctx.res.getHeader('x-request-id'), clientId: ctx.oidc?.client?.clientId };
}

function codeOf(cause: unknown): string {
  return String((cause as { code?: unknown } | undefined)?.code ?? '');
}
