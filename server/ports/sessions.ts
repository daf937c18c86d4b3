import type { FastifyReply, FastifyRequest } from 'fastify';

/** Needed by the account pages, provided by `server/oidc`. */
export interface Sessions {
  /** @returns undefined when no one is signed in in this browser */
  current(request: FastifyRequest, reply: FastifyReply): Promise<SignedIn | undefined>;
  /** @returns where the browser is sent for its person to sign in */
  signInUrl(options: SignInUrlOptions): string;
  /** @returns the path that `signInUrl` got, from the `state` that came back; undefined for a foreign or expired state */
  returnTo(state: unknown): string | undefined;
}

export interface SignInUrlOptions {
  /** A path of this server. */
  readonly returnTo: string;
  /** Asks for the credentials even when the person is signed in. */
  readonly fresh?: boolean;
  /** The authentication context class that is needed. */
  readonly acr?: string;
  readonly locale?: string;
}

export interface SignedIn {
  readonly sessionUid: string;
  readonly accountId: string;
  /** Seconds since the epoch. */
  readonly authTime: number;
  /** RFC 8176 */
  readonly amr: readonly string[];
  readonly acr: string;
}
