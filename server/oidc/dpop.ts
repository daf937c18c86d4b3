import { calculateJwkThumbprint, decodeJwt, decodeProtectedHeader } from 'jose';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { type Jwk, usableFor } from '../clients/jwks.ts';
import { conflictsOn } from '../platform/db.ts';
import { AppError } from '../platform/errors.ts';
import { hashToken } from '../platform/sealing.ts';
import type { Unit } from '../records/unit.ts';
import { objectionToProof } from './profiles.ts';
import { ROUTES } from './routes.ts';
import { PROOF_WINDOW_SECONDS } from './seams.ts';

/** RFC 9449 §5.1: asymmetric ones alone. */
export const PROOF_ALGS = ['ES256', 'EdDSA', 'Ed25519', 'PS256', 'RS256'] as const;

/** RFC 9449 §5 */
export const INVALID_PROOF = 'invalid_dpop_proof';

/** The server secret from which all nodes make the same nonces. */
export const NONCE_SECRET = 'dpop-nonce';

export interface DpopOptions {
  /** 32 bytes, the same on all nodes and after a restart. */
  readonly nonceSecret: Buffer;
  /** Whether each proof has to carry a nonce of ours (RFC 9449 §8), so that none can be made in advance. */
  readonly nonceRequired: boolean;
}

/** RFC 9449 as the provider does it. Whether a proof is new is decided here (`spendProof`) and by the database. */
export function dpopFeature({ nonceSecret, nonceRequired }: DpopOptions) {
  return { enabled: true, nonceSecret, requireNonce: () => nonceRequired, allowReplay: true };
}

/** Endpoints at which the provider checks a proof, whenever there is one. Nowhere else does one count for anything. */
const PROVED = new Set<string>([ROUTES.pushed_authorization_request, ROUTES.token, ROUTES.userinfo]);

/** From the moment at which a proof that is dated ahead begins to count to the one at which it does no more; nonces live shorter. */
const PROOF_SECONDS = 2 * PROOF_WINDOW_SECONDS;

/**
 * jose takes a list of one text for that text when it imports a key, and does not when it names one: what can be used for
 * the one and not for the other is refused before anybody looks. What is no proof at all the provider refuses itself.
 * @throws AppError 400 `invalid_dpop_proof`
 */
export function assertReadableProof(ctx: Pick<KoaContextWithOIDC, 'get' | 'path'>): void {
  const proof = PROVED.has(ctx.path) ? ctx.get('dpop') : '';
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
 * Uses up the proof of a request that was granted, as part of its unit of work: of any number of requests with the
 * same one, on any nodes, the database lets one happen (RFC 9449 §11.1).
 * @returns what it is remembered by; undefined when there is no proof that counted
 * @throws AppError 400 `invalid_dpop_proof` when it is not signed as the client's profile has it
 */
export async function spendProof(ctx: KoaContextWithOIDC, unit: Unit): Promise<string | undefined> {
  const proof = ctx.get('dpop');
  if (proof === '' || ctx.status >= 400 || !PROVED.has(ctx.path)) return undefined;
  // The provider has verified all of it by now.
  const { jwk, alg } = decodeProtectedHeader(proof);
  const { jti } = decodeJwt(proof);
  const { client } = ctx.oidc;
  if (!jwk || !jti || !client) throw new Error('a proof was accepted without key, id or client');
  const objection = objectionToProof(client, alg);
  if (objection !== undefined) throw new AppError(INVALID_PROOF, objection);
  // By the key that made it: nobody can use up another's proofs by guessing their ids.
  const id = `dpop ${await calculateJwkThumbprint(jwk)} ${jti}`;
  unit.save('ReplayDetection', id, { jti: id }, PROOF_SECONDS);
  return id;
}

/** Says of a commit that failed whether it did because of the proof, rather than of a client assertion. */
export function explainReplay(error: unknown, proofId: string | undefined): unknown {
  if (proofId === undefined || !conflictsOn(error, hashToken(proofId))) return error;
  return new AppError(INVALID_PROOF, 'the DPoP proof was used before', { cause: error });
}

/** RFC 9449 §7.1: what a resource says to somebody whose proof it does not take. */
export function challengeForProof(description: string): string {
  return `DPoP error="${INVALID_PROOF}", error_description="${description}", algs="${PROOF_ALGS.join(' ')}"`;
}
