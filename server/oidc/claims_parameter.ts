import { errors } from 'oidc-provider';

/** The `claims` parameter of an authorization request (OpenID Connect Core §5.5). */

/** Claims by the scope under which the consent page shows them. */
export type ClaimsByScope = Readonly<Record<string, readonly string[]>>;

/** The scope of claims about the sign-in, which need no consent. */
const SIGN_IN_SCOPE = 'openid';

/**
 * The claims that a request names and the client may have.
 * @param parameter as it was sent, or undefined; one that cannot be parsed names nothing, and the provider refuses it
 * @param table all claims
 * @param registered the scopes of the client: a claim whose scope it may not request it may not request by name either
 */
export function requestedClaims(
  parameter: unknown,
  table: ClaimsByScope,
  registered: readonly string[],
): Record<string, string[]> {
  const { userinfo, id_token } = readClaims(parameter);
  const requested = new Set(
    Object.entries({ ...userinfo, ...id_token }).flatMap(([name, value]) =>
      value === null || isRecord(value) ? [name] : [],
    ),
  );
  const allowed = Object.entries(table).flatMap(([scope, claims]) => {
    const named = claims.filter((claim) => requested.has(claim));
    return scope !== SIGN_IN_SCOPE && registered.includes(scope) && named.length > 0 ? [[scope, named] as const] : [];
  });
  return Object.fromEntries(allowed);
}

export interface RequestedAcr {
  /** Any of them is enough. */
  readonly values: readonly string[];
  /** The request fails when none of them is met (OpenID Connect Core §5.5.1.1). */
  readonly essential: boolean;
}

/** How strong a sign-in an authorization request asks for: by the `acr` claim, or else by `acr_values`. */
export function requestedAcr(params: Readonly<Record<string, unknown>>): RequestedAcr {
  const acr = readClaims(params.claims).id_token?.acr;
  if (isRecord(acr) && (acr.value !== undefined || acr.values !== undefined)) {
    const values = [acr.values ?? acr.value].flat().filter((one) => typeof one === 'string');
    return { values, essential: acr.essential === true };
  }
  const { acr_values: values } = params;
  const list = typeof values === 'string' ? values.split(' ').filter((one) => one !== '') : [];
  return { values: list, essential: false };
}

/**
 * The provider reads the parameter only when it issues tokens, so its form is checked with the request.
 * @throws InvalidRequest for what OpenID Connect Core §5.5.1 does not have, and for an `acr` or `sub` of the wrong type
 */
export async function assertClaimsParameter(_ctx: unknown, parameter: unknown): Promise<void> {
  for (const place of ['id_token', 'userinfo'] as const) {
    const claims = isRecord(parameter) ? parameter[place] : undefined;
    if (!isRecord(claims)) continue;
    for (const [name, request] of Object.entries(claims)) {
      const violation = claimViolation(request, COMPARED_AS_TEXT.has(name));
      if (violation !== undefined)
        throw new errors.InvalidRequest(`claims.${place}: what is asked of a claim ${violation}`);
    }
  }
}

/** Claims whose requested values are compared as text. */
const COMPARED_AS_TEXT = new Set(['acr', 'sub']);

/** @returns what is wrong with the request of one claim, without the claim's name, which the sender chooses */
function claimViolation(request: unknown, isText: boolean): string | undefined {
  if (request === null) return undefined;
  if (!isRecord(request)) return 'must be null or an object (OpenID Connect Core section 5.5.1)';
  const { essential, value, values } = request;
  if (essential !== undefined && typeof essential !== 'boolean') return 'must have true or false as essential';
  if (values !== undefined && !Array.isArray(values)) return 'must have a list as values';
  if (!isText) return undefined;
  if (value !== undefined && typeof value !== 'string') return 'must have a text as value, for acr and sub';
  if (values?.some((one: unknown) => typeof one !== 'string')) return 'must have texts as values, for acr and sub';
  return undefined;
}

/** OpenID Connect Core Error Code unmet_authentication_requirements §1 */
export function unmetRequirements(): Error {
  return new errors.CustomOIDCProviderError(
    'unmet_authentication_requirements',
    'the person has not signed in as the request insists on',
  );
}

interface Claims {
  readonly userinfo?: Readonly<Record<string, unknown>>;
  readonly id_token?: Readonly<Record<string, unknown>>;
}

function readClaims(parameter: unknown): Claims {
  if (typeof parameter !== 'string') return {};
  try {
    const { userinfo, id_token } = (JSON.parse(parameter) ?? {}) as Record<string, unknown>;
    return { ...(isRecord(userinfo) && { userinfo }), ...(isRecord(id_token) && { id_token }) };
  } catch {
    return {};
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
