import type { Environment } from './settings.ts';

export type SpanAttributes = Readonly<Record<string, string | number>>;

/** The span of a request to this server. */
export interface RequestSpan {
  run<T>(work: () => T): T;
  end(about: { readonly method: string; readonly route: string; readonly status: number }): void;
}

/**
 * Traces of requests. A span has a name, times and the attributes that are passed here: never a URL, a parameter, a value of a
 * statement or anything about a person.
 */
export interface Tracing {
  /** @param parent the header `traceparent` of the request, where its sender is trusted (W3C Trace Context) */
  request(parent: string | undefined): RequestSpan;
  /** Runs what is asked of something else: a span within that of the request, and none outside of requests. */
  asks<T>(name: string, attributes: SpanAttributes, work: () => Promise<T>): Promise<T>;
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
