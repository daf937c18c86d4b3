/**
 * The payload that the provider gives its adapter: plain JSON. Only the members that decide where a record is stored are
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
  /** When the person of a session signed in. */
  loginTs?: number;
  /** Seconds since the epoch at which a single-use record was used. */
  consumed?: number;
  accountId?: string;
  clientId?: string;
  grantId?: string;
  sessionUid?: string;
  authorizations?: Record<string, SessionAuthorization>;
}

/** A session's sign-in to one client. */
export interface SessionAuthorization {
  sid?: string;
  grantId?: string;
  persistsLogout?: boolean;
}

/**
 * A payload as text, so that later changes of the object don't affect it; each reader parses it again. The other members
 * are stored beside the text, and override its members.
 */
export interface StoredPayload {
  readonly json: string;
  readonly jti?: string;
  readonly consumed?: number;
  /** Seconds since the epoch; overrides the expiry in the text when it is later. */
  readonly expiresNotBefore?: number;
  /** As JSON. */
  readonly authorizations?: string;
}

/** A new object, which the caller may change. */
export function payloadOf({ json, jti, consumed, expiresNotBefore, authorizations }: StoredPayload): Payload {
  const payload = JSON.parse(json) as Payload;
  if (jti !== undefined) payload.jti = jti;
  if (consumed !== undefined) payload.consumed = consumed;
  if (expiresNotBefore !== undefined && payload.exp !== undefined) {
    payload.exp = Math.max(payload.exp, Math.ceil(expiresNotBefore));
  }
  if (authorizations !== undefined) payload.authorizations = authorizationsOf(authorizations);
  return payload;
}

export function authorizationsOf(json: string): Record<string, SessionAuthorization> {
  return JSON.parse(json) as Record<string, SessionAuthorization>;
}
