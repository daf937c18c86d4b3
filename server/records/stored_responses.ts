import type { Row } from '../platform/db.ts';
import { createTokenSealer, hashToken, type Place } from '../platform/sealing.ts';

/** What a single-use record was used up for, kept for whoever did not get it and asks the same again. */
export interface StoredResponse {
  /** Whatever has to be the same for the question to be the same. */
  readonly requestFingerprint: string;
  readonly response: string;
  /** The id of the record that took its place: once that is used, the answer has arrived. */
  readonly successor: string;
  readonly expiresAt: Date;
}

/** An answer as it is found beside the record that it was given for. */
export interface SealedResponse {
  readonly sealed: Uint8Array;
  readonly expiresAt: Date;
  /** Undefined when its successor was used or is gone. */
  readonly successorExpiresAt: Date | undefined;
}

/** A row of `repeated_answers`. */
export interface StoredResponseRow {
  readonly idHash: Buffer;
  /** Null where an answer carries nothing that is used up. */
  readonly successorHash: Buffer | null;
  readonly sealed: Buffer;
  readonly expiresAt: Date;
}

const answerPlace = (id: string): Place => ({
  table: 'repeated_answers',
  column: 'sealed_by_token',
  row: hashToken(id).toString('hex'),
});

/** Sealed under the record's own id, a bearer secret: who does not present it cannot read what it was used up for. */
export function sealResponse(
  id: string,
  { requestFingerprint: asked, response: answer, successor, expiresAt }: StoredResponse,
): StoredResponseRow {
  const sealed = createTokenSealer(id).seal(answerPlace(id), Buffer.from(JSON.stringify([asked, answer])));
  return { idHash: hashToken(id), successorHash: hashToken(successor), sealed, expiresAt };
}

export function sealedResponseIn(row: Row): SealedResponse | undefined {
  const { answer_sealed: sealed, answer_expires_at: expiresAt, successor_expires_at: successorExpiresAt } = row;
  if (!(sealed instanceof Uint8Array) || !(expiresAt instanceof Date)) return undefined;
  return { sealed, expiresAt, successorExpiresAt: successorExpiresAt instanceof Date ? successorExpiresAt : undefined };
}

/**
 * @param now milliseconds since the epoch
 * @returns the answer, when the same is asked again in time and what was answered is still as good as new
 * @throws AppError `sealed_value_unreadable` when somebody has changed or moved it
 */
export function openResponse(id: string, found: SealedResponse, asked: string, now: number): string | undefined {
  const isLive = (until: Date | undefined) => until !== undefined && until.getTime() > now;
  if (!isLive(found.expiresAt) || !isLive(found.successorExpiresAt)) return undefined;
  const [question, answer] = JSON.parse(createTokenSealer(id).open(answerPlace(id), found.sealed).toString()) as [
    string,
    string,
  ];
  return question === asked ? answer : undefined;
}
