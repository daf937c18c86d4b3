import { errors, type KoaContextWithOIDC } from 'oidc-provider';

export interface SignInParts {
  /** Weakest first. */
  readonly acrValues: readonly string[];
  /** One factor is never enough there. */
  requiresSecondFactor(clientId: string): Promise<boolean>;
}

/** Somebody whom the operator wants two factors of, or not. */
interface Person {
  readonly secondFactorRequired?: boolean;
}

/** What tokens are issued for, or a token: each knows how the person signed in, an access token in its claims. */
export interface SignedInBy {
  readonly clientId?: string | undefined;
  readonly acr?: string | undefined;
  readonly extra?: { readonly acr?: unknown } | undefined;
}

/** Whether a sign-in, however long ago, would be enough today: a second factor may have been required since. */
export async function isSufficient(person: Person, source: SignedInBy, parts: SignInParts): Promise<boolean> {
  if ((source.acr ?? source.extra?.acr) === parts.acrValues.at(-1)) return true;
  return !person.secondFactorRequired && !(await parts.requiresSecondFactor(source.clientId ?? ''));
}

const WHY = 'a second factor is required now: the person has to sign in again';

/**
 * Of whatever tokens are issued for, and of an access token at userinfo.
 * @throws InvalidGrant at the token endpoint, InvalidToken at userinfo
 */
export async function assertSufficient(
  { oidc }: KoaContextWithOIDC,
  person: Person,
  source: SignedInBy | undefined,
  parts: SignInParts,
): Promise<void> {
  if (source === undefined || (oidc.route !== 'token' && oidc.route !== 'userinfo')) return;
  if (await isSufficient(person, source, parts)) return;
  throw oidc.route === 'token' ? new errors.InvalidGrant(WHY) : new errors.InvalidToken(WHY);
}
