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
 * The absolute end of a session, which use does not extend (NIST SP 800-63B-4 §2.2.3, ASVS 7.3.2), in seconds since the
 * epoch. It depends on the time of the sign-in and the current limit, so a shorter limit also applies to existing sessions.
 * @param session the stored session; one without a person has no absolute end
 */
export function sessionEnd(
  session: { readonly loginTs?: number | undefined },
  { sessionAbsolute }: SessionLimit,
): number {
  return session.loginTs === undefined ? Number.POSITIVE_INFINITY : session.loginTs + sessionAbsolute;
}

export type SessionLimit = Pick<Lifetimes, 'sessionAbsolute'>;
