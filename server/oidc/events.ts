import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { Logger } from '../platform/log.ts';
import { exchangeOf, type RefusalError } from './exchange.ts';
import { isUnusableMetadata, type LogFailure } from './failure_log.ts';

/** Errors that a client or a browser caused. */
export const REFUSALS = [
  'authorization.error',
  'grant.error',
  'introspection.error',
  'pushed_authorization_request.error',
  'revocation.error',
  'userinfo.error',
  'device_authorization.error',
  'code_verification.error',
  'device_resume.error',
  'end_session.error',
  'end_session_confirm.error',
  'end_session_success.error',
  'backchannel_authentication.error',
] as const;

/**
 * Notes the errors that the provider reports in the exchange, for its steps. A listener that throws would turn a saved
 * token into a 500, one that rejects would end the process: each is wrapped.
 */
export function listen(provider: Provider, log: Logger, logFailure: LogFailure): void {
  const emitter = provider as unknown as NodeJS.EventEmitter;
  const on = <Arguments extends unknown[]>(event: string, listener: (...args: Arguments) => void) =>
    emitter.on(event, (...args) => {
      try {
        listener(...(args as Arguments));
      } catch (failure) {
        const { res } = (args[0] ?? {}) as Partial<KoaContextWithOIDC>;
        log.error({ requestId: res?.getHeader('x-request-id'), error: failure, event }, 'an event listener failed');
      }
    });

  for (const event of REFUSALS) {
    on(event, (ctx: KoaContextWithOIDC, error: RefusalError) => {
      const exchange = exchangeOf(ctx);
      if (exchange) exchange.refusal = { event, error };
      if (isUnusableMetadata(error)) logFailure(ctx, error);
    });
  }
  on('server_error', (ctx: KoaContextWithOIDC, error: unknown) => {
    const exchange = exchangeOf(ctx);
    if (exchange) exchange.failure ??= error;
  });
  on('error', (error: Error) => log.debug({ error }, 'a response could not be sent'));
}
