import { decodeJwt, decodeProtectedHeader } from 'jose';
import { errors, type Provider, type TokenEndpointGrantContext } from 'oidc-provider';
import { AppError } from '../platform/errors.ts';
import type { Unit } from '../records/unit.ts';
import type { ApiCredentials, Challenges } from './api_credentials.ts';
import { INVALID_PROOF } from './dpop.ts';
import { grants } from './seams.ts';
import { assertProofKey, PROOF_SECONDS, proofIdOf } from './steps/proof.ts';

export interface UsedProof {
  readonly thumbprint: string;
  readonly alg: string | undefined;
  /** Of a request that shows the proof a second time: refuses the transaction of the unit. */
  readonly id: string;
  /** For the next proof; undefined while the one in use is still current. */
  readonly nextNonce: string | undefined;
}

/**
 * Checks the DPoP proof of a request to the admin API (RFC 9449 §4.3, §7) by the same code as for userinfo.
 * @param target the method and the URL of the request, which the proof must name
 * @returns undefined without a proof
 * @throws Challenged 401 `invalid_dpop_proof` or `use_dpop_nonce`
 */
export async function checkProof(
  provider: Provider,
  { proof, token }: ApiCredentials,
  target: { readonly method: string; readonly url: string },
  challenges: Challenges,
): Promise<UsedProof | undefined> {
  if (proof === undefined || proof === '') return undefined;
  let nonce: string | undefined;
  const context = {
    method: target.method,
    get: (name: string) => (name.toLowerCase() === 'dpop' ? proof : ''),
    set: (name: string, value: string) => {
      if (name.toLowerCase() === 'dpop-nonce') nonce = value;
    },
    oidc: { provider, route: 'admin_api', urlFor: () => target.url },
  };
  try {
    assertProofKey(proof);
    const checked = await grants.validateDpop(provider, context as unknown as TokenEndpointGrantContext, token);
    if (!checked) throw new errors.InvalidDpopProof('a DPoP proof is needed');
    const { alg } = decodeProtectedHeader(proof);
    const { jti = '' } = decodeJwt(proof);
    return { thumbprint: checked.thumbprint, alg, id: proofIdOf(checked.thumbprint, jti), nextNonce: nonce };
  } catch (error) {
    if (error instanceof errors.UseDpopNonce)
      throw challenges.proof('use_dpop_nonce', 'the DPoP proof needs the nonce of the header DPoP-Nonce', nonce);
    if (error instanceof errors.InvalidDpopProof || (error instanceof AppError && error.code === INVALID_PROOF))
      throw challenges.proof(INVALID_PROOF, 'the DPoP proof is not one for this request, token and time', nonce);
    throw error;
  }
}

/**
 * Records a proof as used. Of several requests with the same one, on any nodes, the database lets only one succeed (RFC 9449
 * §11.1).
 * @throws Challenged 401 `invalid_dpop_proof`
 */
export async function useProof(unit: Unit, { id, nextNonce }: UsedProof, challenges: Challenges): Promise<void> {
  unit.save('ReplayDetection', id, { jti: id }, PROOF_SECONDS);
  try {
    await unit.commit();
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'replayed') throw error;
    throw challenges.proof(INVALID_PROOF, 'the DPoP proof was used before: make one for each request', nextNonce);
  }
}
