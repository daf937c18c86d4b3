import { createTokenSealer, hashToken, type Place } from '../platform/sealing.ts';
import type { FoundResponse } from './rows.ts';
import type { NewResponse } from './statements.ts';

/** The response that a single-use record was used for, stored for a client that did not get it and retries. */
export interface StoredResponse {
  /** Equal for requests that are the same. */
  readonly requestFingerprint: string;
  readonly response: string;
  /** The id of the record that the response carries: once that is used, the response has arrived. */
  readonly successor: string;
  readonly expiresAt: Date;
}

/** A stored response as it is read along with its record. */
export interface SealedResponse {
  readonly sealed: Uint8Array;
  readonly expiresAt: Date;
  /** Undefined when the successor was used or does not exist any more. */
  readonly successorExpiresAt: Date | undefined;
}

const responsePlace = (id: string): Place => ({
  table: 'repeated_answers',
  column: 'sealed_by_token',
  row: hashToken(id).toString('hex'),
});

/** Sealed under the record's own id, a bearer secret: only a request that presents it can read the response. */
export function sealResponse(
  id: string,
  { requestFingerprint, response, successor, expiresAt }: StoredResponse,
): NewResponse {
  const plain = Buffer.from(JSON.stringify([requestFingerprint, response]));
  return {
    id_hash: hashToken(id),
    successor_hash: hashToken(successor),
    sealed_by_token: createTokenSealer(id).seal(responsePlace(id), plain),
    expires_at: expiresAt,
  };
}

export function sealedResponseIn(row: FoundResponse): SealedResponse | undefined {
  const { answer_sealed: sealed, answer_expires_at: expiresAt, successor_expires_at: successorExpiresAt } = row;
  if (sealed === null || expiresAt === null) return undefined;
  return { sealed, expiresAt, successorExpiresAt: successorExpiresAt ?? undefined };
}

/**
 * @param now milliseconds since the epoch
 * @returns the response, when the same request is repeated in time and the successor was not used yet
 * @throws AppError `sealed_value_unreadable` when the stored value was changed or moved
 */
export function openResponse(
  id: string,
  stored: SealedResponse,
  requestFingerprint: string,
  now: number,
): string | undefined {
  const isLive = (until: Date | undefined) => until !== undefined && until.getTime() > now;
  if (!isLive(stored.expiresAt) || !isLive(stored.successorExpiresAt)) return undefined;
  const plain = createTokenSealer(id).open(responsePlace(id), stored.sealed).toString();
  const [fingerprint, response] = JSON.parse(plain) as [string, string];
  return fingerprint === requestFingerprint ? response : undefined;
}
