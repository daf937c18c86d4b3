/**
 * The size of what an ID token says about a person, in bytes of JSON. With it an ID token with the usual claims about the
 * sign-in and an RSA signature stays below 4,096 bytes: apps keep ID tokens in cookies, which browsers limit to that
 * (RFC 6265 §6.1), and send them as a hint in URLs, which servers often limit to 8 KiB.
 */
export const PERSON_BYTES_MAX = 2_000;

/** The name by which a distributed claim refers to userinfo. */
const SOURCE = 'userinfo';

type Claims = Readonly<Record<string, unknown>>;

/**
 * The claims that do not fit: the largest one, then the next largest, until the others fit.
 * @param taken the bytes that other claims take
 */
export function withoutRoom(claims: Claims, taken = 0): string[] {
  const sizes = Object.entries(claims).map(([name, value]) => [name, bytesOf({ [name]: value })] as const);
  const left: string[] = [];
  let total = sizes.reduce((sum, [, bytes]) => sum + bytes, taken);
  for (const [name, bytes] of sizes.sort(([, a], [, b]) => b - a)) {
    if (total <= PERSON_BYTES_MAX) break;
    left.push(name);
    total -= bytes;
  }
  return left;
}

/**
 * The claims of an ID token without those that are too large for it, which userinfo has. They become distributed claims of
 * userinfo (OpenID Connect Core §5.6.2), so that an app can tell “no groups” from “too many groups”.
 * @param movable `mapped`: claims of the operator's rules, of which userinfo has those that are too large for themselves;
 *   `byScope`: claims that userinfo has in any case
 */
export function boundClaims(
  claims: Claims,
  movable: { readonly mapped: readonly string[]; readonly byScope: readonly string[] },
  userinfo: string,
): Record<string, unknown> {
  const mapped = pick(claims, movable.mapped);
  const tooLarge = withoutRoom(mapped);
  const taken = bytesOf(
    pick(
      claims,
      movable.mapped.filter((name) => !tooLarge.includes(name)),
    ),
  );
  const moved = [...tooLarge, ...withoutRoom(pick(claims, movable.byScope), taken)];
  if (moved.length === 0) return { ...claims };
  return {
    ...Object.fromEntries(Object.entries(claims).filter(([name]) => !moved.includes(name))),
    _claim_names: Object.fromEntries(moved.map((name) => [name, SOURCE])),
    _claim_sources: { [SOURCE]: { endpoint: userinfo } },
  };
}

export function pick(claims: Claims, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.flatMap((name) => (Object.hasOwn(claims, name) ? [[name, claims[name]]] : [])));
}

function bytesOf(claims: Claims): number {
  return Buffer.byteLength(JSON.stringify(claims)) - '{}'.length;
}
