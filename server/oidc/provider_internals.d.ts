/*
 * Modules of oidc-provider that its types do not declare. Only seams.ts imports them, and it checks them at start.
 */

declare module 'oidc-provider/lib/helpers/jwt.js' {
  /** Checks the claims of a JWT (RFC 7519 §4.1). @throws Error */
  export function assertPayload(
    payload: unknown,
    options: {
      readonly ignoreExpiration?: boolean;
      readonly audience?: string;
      readonly issuer?: string;
      readonly subject?: boolean;
    },
  ): void;
}

declare module 'oidc-provider/lib/actions/end_session.js' {
  import type { KoaContextWithOIDC } from 'oidc-provider';

  /** The steps of the form by which a person confirms a logout. */
  export const confirm: readonly ((ctx: KoaContextWithOIDC, next?: () => unknown) => unknown)[];
}

declare module 'oidc-provider/lib/helpers/weak_cache.js' {
  import type { KoaContextWithOIDC, Provider } from 'oidc-provider';

  type Send = (
    ctx: KoaContextWithOIDC,
    redirectUri: string,
    answer: Readonly<Record<string, string>>,
  ) => void | Promise<void>;

  import type ServerChallenge from 'oidc-provider/lib/helpers/challenge.js';
  import type Router from 'oidc-provider/lib/helpers/router.js';

  /** The private state of a provider. */
  export default function stateOf(provider: Provider): {
    readonly responseModes: Map<string, Send>;
    readonly router: Router;
    /** Undefined without the feature. */
    DPoPNonces: Pick<ServerChallenge, 'nextChallenge' | 'checkChallenge'> | undefined;
  };
}

declare module 'oidc-provider/lib/helpers/router.js' {
  type Register = (this: Router, name: string, path: string, ...middleware: readonly unknown[]) => Router;

  export default class Router {
    get: Register;
    post: Register;
    put: Register;
    delete: Register;
    options: Register;
    match(method: string, path: string): { readonly route: { readonly name: string } } | undefined;
  }
}

declare module 'oidc-provider/lib/helpers/als.js' {
  import type { AsyncLocalStorage } from 'node:async_hooks';
  import type { KoaContextWithOIDC } from 'oidc-provider';

  /** The request that is being served; `Provider.ctx` reads it. */
  const storage: AsyncLocalStorage<KoaContextWithOIDC>;
  export default storage;
}

declare module 'oidc-provider/lib/helpers/grant_common.js' {
  import type { Grant, Provider, TokenEndpointGrantContext } from 'oidc-provider';

  /** Issues the tokens of a code or the like, and answers with them (RFC 6749 §5.1). */
  export function issueTokens(
    provider: Provider,
    helpers: Readonly<Record<string, unknown>>,
    ctx: TokenEndpointGrantContext,
    source: object,
    grant: Grant,
    parts: {
      readonly gty: string;
      readonly entityLabel: string;
      readonly cert: undefined;
      readonly dPoP: undefined;
    },
  ): Promise<void>;
}

declare module 'oidc-provider/lib/helpers/challenge.js' {
  /** Seconds by which the date of a DPoP proof may differ from now. */
  export const CHALLENGE_OK_WINDOW: number;

  /** Nonces that follow from a secret of 32 bytes and the time. */
  export default class ServerChallenge {
    constructor(secret: Buffer, info: string);
    nextChallenge(): string;
    checkChallenge(challenge: string): boolean;
  }
}

declare module 'oidc-provider/lib/helpers/re_render_errors.js' {
  /** Errors for which a form is shown again. */
  export const NotFoundError: unknown;
}

declare module 'oidc-provider/lib/shared/assemble_params.js' {
  /** Sets `ctx.oidc.params` to those parameters of a request that are in the list. */
  export default function assembleParams(names: ReadonlySet<string>, ctx: object, next: () => unknown): unknown;
}
