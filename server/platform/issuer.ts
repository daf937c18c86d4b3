/** The issuer identifier of this server. All its URLs are made here, and its paths as others see them by `pathBelow`. */
export class Issuer {
  /** As clients are configured with it, byte for byte (RFC 8414 §2): `https://example.com` or `https://example.com/auth`. */
  readonly identifier: string;
  /** Scheme, host and port without the path: what browsers take for one site. */
  readonly origin: string;
  readonly protocol: string;
  readonly host: string;
  readonly hostname: string;
  /** `/auth`, or empty for an issuer without a path. */
  readonly basePath: string;

  constructor({ origin, protocol, host, hostname }: URL, basePath: string) {
    this.identifier = origin + basePath;
    this.origin = origin;
    this.protocol = protocol;
    this.host = host;
    this.hostname = hostname;
    this.basePath = basePath;
  }

  /** One of this server's own paths as others see it: `/token` is at `/auth/token`. */
  path(path: string): string {
    return pathBelow(this.basePath, path);
  }

  /** The URL of one of this server's own paths. */
  url(path: string): string {
    return this.origin + this.path(path);
  }
}

/**
 * A path of this server as others ask for it. Everything else that a link can be, such as a URL of an app, is left as it is.
 * @param basePath of the issuer
 */
export function pathBelow(basePath: string, path: string): string {
  return path.startsWith('/') ? basePath + path : path;
}

/** True for the URL of a request (a path with its query) at or below the issuer's path. */
export function isBelow(basePath: string, url: string): boolean {
  return url.startsWith(basePath) && /^(?:[/?]|$)/.test(url.slice(basePath.length));
}

/**
 * Characters that no URL parser, proxy or framework reads in another way than the next one: a path with `%2e`, `;` or `//`
 * is compared differently from part to part. No segment begins with a dot, as `..` and `.well-known` do.
 */
const PATH = /^(\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$/;

/** Health checks are always at the root as well, also when the issuer has a path. */
export const HEALTH_PATHS = { alive: '/healthz', ready: '/readyz' } as const;

/** @throws Error that says what to write instead (OpenID Connect Discovery §3, RFC 8414 §2) */
export function readIssuer(value: string): Issuer {
  const parsed = URL.parse(value);
  // The text itself: the parser removes white space and `..`, and turns `\` into `/`.
  const [, basePath] = /^https?:\/\/[^/\\\s]+(.*)$/is.exec(value) ?? [];
  if (!parsed || basePath === undefined) throw new Error('must be an http or https URL');
  const { origin } = parsed;
  if (/[?#]/.test(value)) throw new Error('must have no query and no fragment');
  if (value.includes('@')) throw new Error('must have no user name and no password');
  const trimmed = basePath.replace(/\/+$/, '');
  if (!PATH.test(trimmed))
    throw new Error(
      `must have a path of letters, digits, "-", "_", "~" and "." between single slashes, and none that begins with a dot, such as ${origin}/auth`,
    );
  if (trimmed !== basePath)
    throw new Error(`must not end with a slash, as clients compare every character: ${origin}${trimmed}`);
  if (Object.values<string>(HEALTH_PATHS).includes(basePath))
    throw new Error(`must have another path: ${basePath} is the health check`);
  return new Issuer(parsed, basePath);
}
