/**
 * What the provider hands its adapter: plain JSON. Only the members that decide where and how a record is kept are
 * named here; everything else passes through sealed and unread.
 */
export interface Payload {
  [member: string]: unknown;
  jti?: string;
  uid?: string;
  kind?: string;
  /** Seconds since the epoch. */
  exp?: number;
  iat?: number;
  /** Seconds since the epoch at which a single-use record was used. */
  consumed?: number;
  accountId?: string;
  clientId?: string;
  grantId?: string;
  sessionUid?: string;
  authorizations?: Record<string, SessionAuthorization>;
}

/** What a session knows of one relying party that it has signed in to. */
export interface SessionAuthorization {
  sid?: string;
  grantId?: string;
  persistsLogout?: boolean;
}

/** A copy that later changes of the original do not reach, as it will be once stored. */
export function copy<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
