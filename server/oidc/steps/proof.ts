import { calculateJwkThumbprint, decodeJwt, decodeProtectedHeader } from 'jose';
import { type Jwk, usableFor } from '../../clients/jwks.ts';
import { conflictsOn } from '../../platform/db_errors.ts';
import { AppError } from '../../platform/errors.ts';
import { hashToken } from '../../platform/sealing.ts';
import { INVALID_PROOF, PROOF_ALGS } from '../dpop.ts';
import type { Exchange } from '../exchange.ts';
import { proofAlgsOf, proofViolation } from '../profiles.ts';
import { PROOF_WINDOW_SECONDS } from '../seams.ts';

/**
 * How long a proof is remembered: for as long as the provider accepts it, which is this window before and after its date.
 * The provider itself would remember it for one window only, so a proof with a date in the future could be used again.
 */
export const PROOF_SECONDS = 2 * PROOF_WINDOW_SECONDS;

/**
 * Refuses a key that has a list with one text in place of a text. jose accepts it when it imports the key, but not when it
 * computes the thumbprint. (The provider refuses what is not a proof at all.)
 * @throws AppError 400 `invalid_dpop_proof`
 */
export function checkProofKey({ ctx }: Exchange): void {
  assertProofKey(ctx.get('dpop'));
}

/** @param proof the header `DPoP`; empty when there is none. @throws AppError as above */
export function assertProofKey(proof: string): void {
  const { jwk, alg = '' } = proof === '' ? {} : headerOf(proof);
  if (jwk === undefined || !(PROOF_ALGS as readonly string[]).includes(alg)) return;
  if (typeof jwk !== 'object' || jwk === null || !usableFor(jwk as Jwk, alg === 'Ed25519' ? 'EdDSA' : alg))
    throw new AppError(INVALID_PROOF, `the key in the DPoP proof is not one for ${alg}`);
}

function headerOf(proof: string): { jwk?: unknown; alg?: string } {
  try {
    return decodeProtectedHeader(proof);
  } catch {
    return {};
  }
}

/**
 * Records the proof of a granted request as used, in the same transaction. When several requests have the same proof, on
 * any nodes, the database lets only one succeed (RFC 9449 §11.1).
 * @throws AppError 400 `invalid_dpop_proof` when it is not signed as the client's profile demands
 */
export async function recordProof(exchange: Exchange): Promise<void> {
  const { ctx, unit } = exchange;
  const proof = ctx.get('dpop');
  if (proof === '' || ctx.status >= 400) return;
  // The provider has verified all of it by now.
  const { jwk, alg } = decodeProtectedHeader(proof);
  const { jti } = decodeJwt(proof);
  const { client } = ctx.oidc;
  if (!jwk || !jti || !client) throw new Error('a proof was accepted without key, id or client');
  const violation = proofViolation(client, alg);
  if (violation !== undefined) throw new AppError(INVALID_PROOF, violation);
  // With the thumbprint, so that no one can use up the proofs of another key by guessing their ids.
  exchange.proofId = proofIdOf(await calculateJwkThumbprint(jwk), jti);
  unit.save('ReplayDetection', exchange.proofId, { jti: exchange.proofId }, PROOF_SECONDS);
}

/** The id under which a proof is recorded as used. */
export const proofIdOf = (thumbprint: string, jti: string): string => `dpop ${thumbprint} ${jti}`;

/** Tells a commit that failed because of the proof from one that failed because of a client assertion. */
export function explainReplayedProof(exchange: Exchange): void {
  const { error, proofId } = exchange;
  if (proofId === undefined || !conflictsOn(error, hashToken(proofId))) return;
  exchange.error = new AppError(INVALID_PROOF, 'the DPoP proof was used before', { cause: error });
}

const ALGS = /\balgs="[\w -]*"/g;

/** A challenge names the algorithms of the client's profile (RFC 9449 §7.1); the provider names those of all profiles. */
export function limitProofAlgs({ ctx, services }: Exchange): void {
  const challenges = ctx.response.headers['www-authenticate'];
  if (challenges === undefined) return;
  const algs = `algs="${proofAlgsOf(ctx.oidc?.client, services.profile).join(' ')}"`;
  const limited = [challenges].flat().map((one) => String(one).replaceAll(ALGS, algs));
  ctx.set('www-authenticate', limited);
}
