import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import { ACR, isEnough, type StoredRequiredAcr } from '../accounts/assurance.ts';

export interface SignInParts {
  /** The weakest sign-in of a person that is enough for an app today, whenever it was. */
  readonly requiredAcr: StoredRequiredAcr;
}

type Facts = Parameters<StoredRequiredAcr>[0];
type Asked = Pick<Facts, 'accountId' | 'storedClient'> & { readonly clientId?: string | undefined };

/** A token, code or request that says how the person signed in; an access token says it in its claims. */
export interface SignedInBy {
  readonly clientId?: string | undefined;
  readonly acr?: string | undefined;
  readonly extra?: { readonly acr?: unknown } | undefined;
}

/**
 * A second factor may have been required since the person signed in.
 * @param acr of that sign-in
 */
export async function isStillEnough(
  acr: string | undefined,
  { accountId, clientId = '', storedClient }: Asked,
  { requiredAcr }: SignInParts,
): Promise<boolean> {
  if (acr === ACR.twoFactors) return true;
  return isEnough(acr, await requiredAcr({ clientId, accountId, storedClient }));
}

export function acrOfSource({ acr, extra }: SignedInBy): string | undefined {
  return acr ?? (typeof extra?.acr === 'string' ? extra.acr : undefined);
}

const DESCRIPTION = 'a second factor is required now: the person has to sign in again';

/**
 * Checks the source of the tokens at the token endpoint, and the access token at userinfo.
 * @throws InvalidGrant at the token endpoint, InvalidToken at userinfo
 */
export async function assertStillEnough(
  { oidc }: KoaContextWithOIDC,
  accountId: string,
  source: SignedInBy | undefined,
  parts: SignInParts,
): Promise<void> {
  if (source === undefined || (oidc.route !== 'token' && oidc.route !== 'userinfo')) return;
  if (await isStillEnough(acrOfSource(source), { accountId, clientId: source.clientId }, parts)) return;
  throw oidc.route === 'token' ? new errors.InvalidGrant(DESCRIPTION) : new errors.InvalidToken(DESCRIPTION);
}
