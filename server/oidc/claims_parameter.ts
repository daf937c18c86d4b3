import { errors } from 'oidc-provider';

/** The `claims` parameter of an authorization request (OpenID Connect Core §5.5), as far as it concerns anybody here. */

/** Claims by the scope under which people know them. */
export type ClaimsByScope = Readonly<Record<string, readonly string[]>>;

/** They say how somebody signed in, or are there in any case: nobody is asked about them. */
const OWN_SCOPE = 'openid';

/**
 * The claims that are asked for one by one, of those that the client may have.
 * @param parameter as it was sent, or undefined; what cannot be read asks for nothing, and is refused elsewhere
 * @param table all that there are
 * @param registered the scopes of the client: what it could not have by scope, it cannot have by name either
 */
export function requestedClaims(
  parameter: unknown,
  table: ClaimsByScope,
  registered: readonly string[],
): Record<string, string[]> {
  const { userinfo, id_token } = readClaims(parameter);
  const asked = new Set(
    Object.entries({ ...userinfo, ...id_token }).flatMap(([name, value]) =>
      value === null || isRecord(value) ? [name] : [],
    ),
  );
  const wanted = Object.entries(table).flatMap(([scope, claims]) => {
    const named = claims.filter((claim) => asked.has(claim));
    return scope !== OWN_SCOPE && registered.includes(scope) && named.length > 0 ? [[scope, named] as const] : [];
  });
  return Object.fromEntries(wanted);
}

export interface RequestedAcr {
  /** Any of them will do. */
  readonly values: readonly string[];
  /** Nothing else will (OpenID Connect Core §5.5.1.1). */
  readonly essential: boolean;
}

/** How an authorization request wants people to sign in: the `acr` claim, or `acr_values` without one. */
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
 * The provider reads what is in there when it makes a token, long after it has taken the request.
 * @throws InvalidRequest for what OpenID Connect Core §5.5.1 does not have, and for an `acr` or `sub` of the wrong type
 */
export async function assertClaimsParameter(_ctx: unknown, parameter: unknown): Promise<void> {
  for (const place of ['id_token', 'userinfo'] as const) {
    const claims = isRecord(parameter) ? parameter[place] : undefined;
    if (!isRecord(claims)) continue;
    for (const [name, asked] of Object.entries(claims)) {
      const wrong = objectionTo(asked, TEXTS_ALONE.has(name));
      if (wrong !== undefined) throw new errors.InvalidRequest(`claims.${place}: what is asked of a claim ${wrong}`);
    }
  }
}

/** Claims that somebody here compares. */
const TEXTS_ALONE = new Set(['acr', 'sub']);

/** @returns what is wrong with what is asked of a claim, in words without its name, which may be anything */
function objectionTo(asked: unknown, isText: boolean): string | undefined {
  if (asked === null) return undefined;
  if (!isRecord(asked)) return 'must be null or an object (OpenID Connect Core section 5.5.1)';
  const { essential, value, values } = asked;
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
