import {
  type Context,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  SamplingDecision,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Environment } from './settings.ts';
import { type Note, OUTCOME, REQUEST_ID, type Tracing } from './tracing.ts';

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
  const sampling = samplingOf(env);
  const provider = new TracerProvider({ resource, sampler: sampling.sampler, spanProcessors: [processor] });
  const tracer = provider.getTracer('cardea');

  /** @param outcomes for a span that tells how its work ended, where the work notes nothing else */
  async function within<T>(
    { span, context }: { readonly span: Span; readonly context: Context },
    work: (note: Note) => Promise<T>,
    outcomes?: typeof OUTCOMES,
  ): Promise<T> {
    const noted: Record<string, string | number> = {};
    const note: Note = (attributes) => void Object.assign(noted, attributes);
    try {
      const result = await contexts.with(trace.setSpan(context, span), () => work(note));
      if (outcomes) noted[OUTCOME] ??= outcomes.done;
      return result;
    } catch (error) {
      noted['error.type'] ??= typeOf(error);
      if (outcomes) noted[OUTCOME] = outcomes.failed;
      throw error;
    } finally {
      if (noted['error.type'] !== undefined || noted[OUTCOME] === OUTCOMES.failed)
        span.setStatus({ code: SpanStatusCode.ERROR });
      span.setAttributes(noted).end();
    }
  }

  return {
    request(parent) {
      const remote = spanContextOf(parent);
      if (!remote && !sampling.keepsRoot()) return undefined;
      const around = remote ? trace.setSpanContext(ROOT_CONTEXT, remote) : ROOT_CONTEXT;
      const span = tracer.startSpan('request', { kind: SpanKind.SERVER }, around);
      const context = trace.setSpan(ROOT_CONTEXT, span);
      return {
        run: (work) => contexts.with(context, work),
        end({ method, route, status, requestId, aborted }) {
          span.updateName(`${method} ${route}`);
          span.setAttributes({
            'http.request.method': method,
            'http.route': route,
            'http.response.status_code': status,
            [REQUEST_ID]: requestId,
            ...(aborted ? { 'error.type': 'aborted' } : {}),
          });
          if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
          span.end();
        },
      };
    },

    async asks(name, attributes, work) {
      const context = contexts.active();
      if (!trace.getSpan(context)) return work(() => {});
      const span = tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }, context);
      return within({ span, context }, work);
    },

    async runs(name, attributes, work, cause) {
      if (!sampling.keepsRoot()) return contexts.with(ROOT_CONTEXT, () => work(() => {}));
      const remote = spanContextOf(cause);
      const links = remote ? [{ context: remote }] : [];
      const span = tracer.startSpan(name, { kind: SpanKind.INTERNAL, attributes, links }, ROOT_CONTEXT);
      return within({ span, context: ROOT_CONTEXT }, work, OUTCOMES);
    },

    traceparent() {
      const here = trace.getSpanContext(contexts.active());
      if (!here || (here.traceFlags & TraceFlags.SAMPLED) === 0) return undefined;
      return `00-${here.traceId}-${here.spanId}-01`;
    },

    async close() {
      // A receiver that is away must not keep the process from ending.
      await provider.shutdown().catch(() => {});
      contexts.disable();
    },
  };
}

/** What a `traceparent` names; undefined for none and for a malformed one. */
function spanContextOf(header: string | undefined): SpanContext | undefined {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(header ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}

const OUTCOMES = { done: 'done', failed: 'failed' } as const;

/** The code of an error, or its class: never its message, which may quote values. */
function typeOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' && /^\w{1,40}$/.test(code) ? code : error.name;
}

interface Sampling {
  readonly sampler: Sampler;
  /** Decides about a trace that begins here, before anything is made for it: most are not kept, and must cost nothing. */
  keepsRoot(): boolean;
}

/** `OTEL_TRACES_SAMPLER`, which this SDK does not read by itself. */
function samplingOf(env: Environment): Sampling {
  const given = Number(env.OTEL_TRACES_SAMPLER_ARG ?? 1);
  const [, parentBased, name] = /^(parentbased_)?(.*)$/.exec(env.OTEL_TRACES_SAMPLER ?? 'parentbased_always_on') ?? [];
  const ratio = name === 'always_off' ? 0 : name === 'traceidratio' && given >= 0 && given <= 1 ? given : 1;
  const byRatio = new TraceIdRatioBasedSampler(ratio);
  const ofRemote = parentBased ? new ParentBasedSampler({ root: byRatio }) : byRatio;
  return {
    keepsRoot: () => Math.random() < ratio,
    sampler: {
      // Of a trace that is kept each span is: one that began here has passed `keepsRoot`.
      shouldSample: (context, ...about) =>
        trace.getSpanContext(context)?.isRemote
          ? ofRemote.shouldSample(context, ...about)
          : { decision: SamplingDecision.RECORD_AND_SAMPLED },
      toString: () => `cardea, ${ofRemote}`,
    },
  };
}
