/** How long things live, in seconds. */
export interface Lifetimes {
  readonly accessToken: number;
  readonly idToken: number;
  readonly authorizationCode: number;
  /** A refresh token that is not used for this long ends. */
  readonly refreshTokenIdle: number;
  /** However much it is used, a chain of refresh tokens ends after this. */
  readonly refreshTokenAbsolute: number;
  readonly session: number;
  readonly interaction: number;
}
