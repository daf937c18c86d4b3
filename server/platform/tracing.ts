import type { Environment } from './settings.ts';

export type SpanAttributes = Readonly<Record<string, string | number>>;

/** Adds to a span what is known only when its work is done. */
export type Note = (attributes: SpanAttributes) => void;

/** The span of a request to this server. */
export interface RequestSpan {
  run<T>(work: () => T): T;
  end(about: {
    readonly method: string;
    readonly route: string;
    readonly status: number;
    readonly requestId: string;
    /** The client did not wait for the whole response. */
    readonly aborted: boolean;
  }): void;
}

/** How background work ended: `done` or `failed`, unless it notes another word. */
export const OUTCOME = 'cardea.outcome';
export const REQUEST_ID = 'cardea.request.id';

/**
 * Traces of requests and of background work. A span has a name, times and the attributes that are passed here: never a URL, a
 * parameter, a value of a statement or anything about a person.
 */
export interface Tracing {
  /**
   * @param parent the header `traceparent` of the request, where its sender is trusted (W3C Trace Context)
   * @returns undefined for a request that is not sampled
   */
  request(parent: string | undefined): RequestSpan | undefined;
  /** Runs what is asked of something else: a span within that of the request or the work, and none outside of both. */
  asks<T>(name: string, attributes: SpanAttributes, work: (note: Note) => Promise<T>): Promise<T>;
  /**
   * Runs work that no request waits for: a trace of its own.
   * @param cause the `traceparent` of the request that has queued it; the span gets a link to it
   */
  runs<T>(
    name: string,
    attributes: SpanAttributes,
    work: (note: Note) => Promise<T>,
    cause?: string | undefined,
  ): Promise<T>;
  /** The header `traceparent` of the span that the caller is in; undefined where there is none, or it is not sampled. */
  traceparent(): string | undefined;
  /** Sends what is left. */
  close(): Promise<void>;
}

/** Whether the variables of OpenTelemetry switch traces on: an exporter, or where to send them. */
export function isTracingOn(env: Environment): boolean {
  if (env.OTEL_SDK_DISABLED?.toLowerCase() === 'true') return false;
  const exporter = env.OTEL_TRACES_EXPORTER?.trim();
  if (exporter) return exporter === 'otlp';
  return Boolean(env.OTEL_EXPORTER_OTLP_ENDPOINT ?? env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT);
}

/**
 * Where traces are sent, as the exporter reads it
 * (https://opentelemetry.io/docs/specs/otel/protocol/exporter/).
 */
export function tracesTarget(env: Environment): {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
} {
  const base = env.OTEL_EXPORTER_OTLP_ENDPOINT?.trim() || 'http://localhost:4318';
  const url = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT?.trim() || `${base.replace(/\/+$/, '')}/v1/traces`;
  const pairs = [env.OTEL_EXPORTER_OTLP_HEADERS, env.OTEL_EXPORTER_OTLP_TRACES_HEADERS].flatMap(
    (listed) => listed?.split(',') ?? [],
  );
  const headers = pairs.flatMap((pair) => {
    const [name = '', ...value] = pair.split('=');
    return name.trim() === '' ? [] : [[name.trim(), decodeURIComponent(value.join('=').trim())]];
  });
  return { url, headers: Object.fromEntries(headers) };
}

const noteNothing: Note = () => {};

/** Where traces are off. */
export const NO_TRACING: Pick<Tracing, 'asks' | 'runs' | 'traceparent'> = {
  asks: (_name, _attributes, work) => work(noteNothing),
  runs: (_name, _attributes, work) => work(noteNothing),
  traceparent: () => undefined,
};
