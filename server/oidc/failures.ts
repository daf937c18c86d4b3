import { errors, type KoaContextWithOIDC, type Provider } from 'oidc-provider';
import { systemClock } from '../platform/clock.ts';
import { AppError, faultOfSender, isUnavailable } from '../platform/errors.ts';
import type { Logger } from '../platform/log.ts';
import { createRecently } from '../platform/recently.ts';
import { describe, REFUSALS } from './events.ts';

/** A line about what anybody can cause is for the operator to know of, not to drown in. */
const TELL_EVERY_MS = 60_000;

/** What failed below the provider, which answers to that by itself, and says `server_error` whatever it was. */
export interface Failures {
  /**
   * @throws AppError when it is not the server that failed: what the request sent cannot be used, or what it asks for
   *   cannot be had now
   */
  assertNone(ctx: KoaContextWithOIDC): void;
  /** Writes a failure to the log, as loud as it deserves. */
  logFailure(ctx: KoaContextWithOIDC, error: unknown): void;
}

export function watchFailures(provider: Provider, log: Logger): Failures {
  const noted = new WeakMap<object, unknown>();
  const wasTold = createRecently({ everyMs: TELL_EVERY_MS, now: systemClock });
  const emitter = provider as unknown as NodeJS.EventEmitter;
  emitter.on('server_error', (ctx: KoaContextWithOIDC, error: unknown) => {
    if (!noted.has(ctx)) noted.set(ctx, error);
  });
  for (const event of REFUSALS) {
    emitter.on(event, (ctx: KoaContextWithOIDC, error: unknown) => {
      if (isUnkeyed(error)) tell(ctx, error);
    });
  }

  function tell(ctx: KoaContextWithOIDC, error: unknown): void {
    const about = { ...describe(ctx), route: ctx.oidc?.route };
    const fault = faultOfSender(error);
    if (fault) {
      // Whoever reads it can make it a refusal with a name: nobody has looked at that value before it got so far.
      if (!wasTold(`${about.route} ${reasonOf(fault.cause)}`))
        log.warn({ ...about, error: fault }, 'a value was refused where it was used');
    } else if (isUnkeyed(error)) {
      if (!wasTold(`${about.clientId} ${error.error}`))
        log.warn({ ...about, reason: error.error, error }, 'a client cannot be served: see to its keys and metadata');
    } else if (!(error instanceof AppError && error.status < 500) && !isUnavailable(error)) {
      log.error({ ...about, error }, 'a request failed');
    }
  }

  return {
    logFailure: tell,
    assertNone(ctx) {
      const error = noted.get(ctx);
      if (error === undefined) return;
      const refusal = faultOfSender(error) ?? (error instanceof AppError && error.status !== 500 ? error : undefined);
      if (refusal) throw refusal;
      tell(ctx, error);
    },
  };
}

/** The client is to blame, or its operator: what it has registered or publishes cannot be used. */
function isUnkeyed(error: unknown): error is InstanceType<typeof errors.InvalidClientMetadata> {
  return error instanceof errors.InvalidClientMetadata;
}

function reasonOf(cause: unknown): string {
  return String((cause as { code?: unknown } | undefined)?.code ?? '');
}
