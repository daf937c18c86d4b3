import type { Provider } from 'oidc-provider';

const PARAMETERS = Symbol('parameters');

interface Context {
  readonly ctx: object;
  [PARAMETERS]?: Record<string, unknown>;
}

/**
 * The provider uses the parameters of a request as soon as it has read them, with no hook in between: so `read` is called
 * when they are set. Where a client authenticates they are set twice: first those by which it does.
 * @param read may change the parameters. @throws the error to refuse the request with
 */
export function onParameters(provider: Provider, read: (ctx: object, params: Record<string, unknown>) => void): void {
  const context = provider.OIDCContext as unknown as { prototype: object };
  Object.defineProperty(context.prototype, 'params', {
    configurable: true,
    get(this: Context) {
      return this[PARAMETERS];
    },
    set(this: Context, params: Record<string, unknown>) {
      // Set before they are read: the provider looks for the client in them when it reports an error.
      this[PARAMETERS] = params;
      read(this.ctx, params);
    },
  });
}
