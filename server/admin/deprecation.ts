/** An operation that will be removed. */
export interface Deprecation {
  /** When it was announced. */
  readonly since: Date;
  /** When the operation may stop working; undefined: that is not decided. */
  readonly sunset?: Date;
  /** A page for people about its replacement. */
  readonly link?: string;
}

/** By the name of the operation. */
export type Deprecations = Readonly<Record<string, Deprecation>>;

/** Operations that will be removed. They are marked in the description as well. */
export const DEPRECATED: Deprecations = {};

/** The headers of each response of such an operation: RFC 9745 §2, RFC 8594 §3, RFC 8288. */
export function deprecationHeaders({ since, sunset, link }: Deprecation): Record<string, string> {
  return {
    deprecation: `@${Math.floor(since.getTime() / 1_000)}`,
    ...(sunset === undefined ? {} : { sunset: sunset.toUTCString() }),
    ...(link === undefined ? {} : { link: `<${link}>; rel="deprecation"; type="text/html"` }),
  };
}
