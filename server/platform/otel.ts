import { type Attributes, type Context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Environment } from './settings.ts';
import type { Tracing } from './tracing.ts';

/** W3C Trace Context §3.2.2 */
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
const SENT_EVERY_MS = 5_000;

/**
 * Traces by OTLP over HTTP with JSON. The exporter reads `OTEL_EXPORTER_OTLP_*` by itself. Spans are made here alone, and
 * not by instrumentation of the libraries: those put URLs and texts of statements into them.
 */
export function createTracing(env: Environment): Tracing {
  const contexts = new AsyncLocalStorageContextManager().enable();
  const resource = defaultResource()
    .merge(resourceFromAttributes({ 'service.name': 'cardea' }))
    .merge(detectResources({ detectors: [envDetector] }));
  const processor = new BatchSpanProcessor({ exporter: new OTLPTraceExporter(), scheduledDelayMillis: SENT_EVERY_MS });
  const provider = new TracerProvider({ resource, sampler: samplerOf(env), spanProcessors: [processor] });
  const tracer = provider.getTracer('cardea');

  return {
    request(parent) {
      const span = tracer.startSpan('request', { kind: SpanKind.SERVER }, remoteParent(parent));
      const context = trace.setSpan(ROOT_CONTEXT, span);
      return {
        run: (work) => contexts.with(context, work),
        end({ method, route, status }) {
          span.updateName(`${method} ${route}`);
          span.setAttributes({
            'http.request.method': method,
            'http.route': route,
            'http.response.status_code': status,
          });
          if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
          span.end();
        },
      };
    },

    async asks(name, attributes, work) {
      const context = contexts.active();
      if (!trace.getSpan(context)) return work();
      const span = tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes: attributes as Attributes }, context);
      try {
        return await contexts.with(trace.setSpan(context, span), work);
      } catch (error) {
        // Its type alone: messages quote values.
        span.setStatus({ code: SpanStatusCode.ERROR });
        span.setAttribute('error.type', error instanceof Error ? error.name : typeof error);
        throw error;
      } finally {
        span.end();
      }
    },

    async close() {
      // A receiver that is away must not keep the process from ending.
      await provider.shutdown().catch(() => {});
      contexts.disable();
    },
  };
}

function remoteParent(header: string | undefined): Context {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(header ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return ROOT_CONTEXT;
  const traceFlags = Number.parseInt(flags, 16);
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}

/** `OTEL_TRACES_SAMPLER`, which this SDK does not read by itself. */
function samplerOf(env: Environment): Sampler {
  const ratio = Number(env.OTEL_TRACES_SAMPLER_ARG ?? 1);
  const [, parentBased, name] = /^(parentbased_)?(.*)$/.exec(env.OTEL_TRACES_SAMPLER ?? 'parentbased_always_on') ?? [];
  const root =
    name === 'always_off'
      ? new AlwaysOffSampler()
      : name === 'traceidratio'
        ? new TraceIdRatioBasedSampler(ratio)
        : new AlwaysOnSampler();
  return parentBased ? new ParentBasedSampler({ root }) : root;
}
