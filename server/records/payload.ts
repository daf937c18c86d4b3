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

/** What a session knows of one relying party that it has signed in to. */
export interface SessionAuthorization {
  sid?: string;
  grantId?: string;
  persistsLogout?: boolean;
}

/**
 * A payload as it is kept: as text, which nobody's later changes reach, and which is parsed for whoever asks. The other
 * members are what is stored beside the text, and go over what the text says.
 */
export interface StoredPayload {
  readonly json: string;
  readonly jti?: string;
  readonly consumed?: number;
  /** Seconds since the epoch; goes over what the text says when it is later. */
  readonly expiresNotBefore?: number;
  /** JSON, too. */
  readonly authorizations?: string;
}

/** A payload of the caller's own. */
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
