import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * The port that self-service needs: whose browser it is, and a way to ask. `server/oidc` fulfils it; this folder knows
 * nothing of how.
 */
export interface Sessions {
  /** @returns undefined when nobody is signed in */
  current(request: FastifyRequest, reply: FastifyReply): Promise<SignedIn | undefined>;
  /**
   * Where to send a browser for its person to sign in.
   * @param options `returnTo`: a path of ours; `fresh`: although they are signed in; `acr`: what it must be worth
   */
  signInUrl(options: { returnTo: string; fresh?: boolean; acr?: string; locale?: string }): string;
  /** The path out of the `state` that came back from there; undefined for one that is not ours. */
  returnTo(state: unknown): string | undefined;
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
