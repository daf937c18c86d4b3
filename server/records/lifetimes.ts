/** How long things live, in seconds. */
export interface Lifetimes {
  readonly accessToken: number;
  readonly idToken: number;
  readonly authorizationCode: number;
  /** A refresh token that is not used for this long ends. */
  readonly refreshTokenIdle: number;
  /** However much it is used, a chain of refresh tokens ends after this. */
  readonly refreshTokenAbsolute: number;
  /** A session that is not used for this long ends. */
  readonly session: number;
  /** However much it is used, a session ends this long after its person signed in. */
  readonly sessionAbsolute: number;
  readonly interaction: number;
  /** The longest lifetime of what a client signs for one request: an assertion, a request object. */
  readonly assertion: number;
}

/**
 * When a session ends, however much it is used (NIST SP 800-63B-4 §2.2.3, ASVS 7.3.2), in seconds since the epoch. It
 * follows from the sign-in and what the limit is now: one that has been made shorter holds for sessions that there are.
 * @param session what is kept of it; one without a person has no such end
 */
export function sessionEnd(
  session: { readonly loginTs?: number | undefined },
  { sessionAbsolute }: SessionLimit,
): number {
  return session.loginTs === undefined ? Number.POSITIVE_INFINITY : session.loginTs + sessionAbsolute;
}

export type SessionLimit = Pick<Lifetimes, 'sessionAbsolute'>;
