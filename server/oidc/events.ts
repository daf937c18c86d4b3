import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { Logger } from '../platform/log.ts';
import { noteRefusal, type RefusalError } from './refusals.ts';

/** Errors that a client or a browser caused: worth a line when somebody looks, never a stack. */
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
 * Listens for what is worth logging. A listener that throws would turn a saved token into a 500, one that rejects
 * would end the process (design §7): each is wrapped.
 */
export function listen(provider: Provider, log: Logger): void {
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
    on(event, (ctx: KoaContextWithOIDC, error: RefusalError) => noteRefusal(ctx, event, error));
  }
  on('error', (error: Error) => log.debug({ error }, 'a response could not be sent'));
}

export function describe(ctx: KoaContextWithOIDC): { requestId: unknown; clientId: string | undefined } {
  return { requestId: ctx.res.getHeader('x-request-id'), clientId: ctx.oidc?.client?.clientId };
}
