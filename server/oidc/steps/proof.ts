import { calculateJwkThumbprint, decodeJwt, decodeProtectedHeader } from 'jose';
import { type Jwk, usableFor } from '../../clients/jwks.ts';
import { conflictsOn } from '../../platform/db.ts';
import { AppError } from '../../platform/errors.ts';
import { hashToken } from '../../platform/sealing.ts';
import { INVALID_PROOF, PROOF_ALGS } from '../dpop.ts';
import type { Exchange } from '../exchange.ts';
import { proofViolation } from '../profiles.ts';
import { PROOF_WINDOW_SECONDS } from '../seams.ts';

/**
 * How long a proof is remembered: the provider accepts it from before its date until after it, and would itself forget it
 * after half of that time, when one that is dated ahead could still be used again.
 */
const PROOF_SECONDS = 2 * PROOF_WINDOW_SECONDS;

/**
 * jose accepts a list with one text for that text when it imports a key, and not when it computes its thumbprint: such a
 * key is refused before the provider sees it. The provider refuses a text that is not a proof.
 * @throws AppError 400 `invalid_dpop_proof`
 */
export async function checkProofKey({ ctx }: Exchange): Promise<void> {
  const proof = ctx.get('dpop');
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
 * Records the proof of a granted request as used, in the same transaction: of any number of requests with the same proof,
 * on any nodes, the database lets one happen (RFC 9449 §11.1).
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
  exchange.proofId = `dpop ${await calculateJwkThumbprint(jwk)} ${jti}`;
  unit.save('ReplayDetection', exchange.proofId, { jti: exchange.proofId }, PROOF_SECONDS);
}

/** Tells a commit that failed because of the proof from one that failed because of a client assertion. */
export async function explainReplayedProof(exchange: Exchange): Promise<void> {
  const { error, proofId } = exchange;
  if (proofId === undefined || !conflictsOn(error, hashToken(proofId))) return;
  exchange.error = new AppError(INVALID_PROOF, 'the DPoP proof was used before', { cause: error });
}
