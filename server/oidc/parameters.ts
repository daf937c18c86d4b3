import type { Provider } from 'oidc-provider';

/** Looks at the parameters of a request, and may change them. @throws what the request is to be refused with */
export type ReadParameters = (route: string, params: Record<string, unknown>) => void;

const PARAMETERS = Symbol('parameters');

interface Context {
  readonly route?: string;
  [PARAMETERS]?: Record<string, unknown>;
}

/**
 * The provider looks at a request's parameters as soon as it has read them, whichever endpoint it is for, and leaves no
 * place to step in between: so they are looked at when they are set. Where a client proves who it is they are set twice:
 * first those by which it does.
 */
export function onParameters(provider: Provider, readers: readonly ReadParameters[]): void {
  const context = provider.OIDCContext as unknown as { prototype: object };
  Object.defineProperty(context.prototype, 'params', {
    configurable: true,
    get(this: Context) {
      return this[PARAMETERS];
    },
    set(this: Context, params: Record<string, unknown>) {
      // Kept first: the provider looks for the client in them when it tells of an error.
      this[PARAMETERS] = params;
      for (const read of readers) read(this.route ?? '', params);
    },
  });
}
