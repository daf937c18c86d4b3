import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Clock } from '../platform/clock.ts';
import type { NodeFacts, Reading } from './facts.ts';
import { DURATIONS, METRICS, type Metric } from './metric_table.ts';

export interface Metrics {
  readonly contentType: string;
  /** The text exposition format of Prometheus. */
  scrape(): Promise<string>;
}

/** @param parts `read` may be called for each metric: it returns the same reading for some seconds */
export function createMetrics(parts: {
  readonly node: NodeFacts;
  read(): Promise<Reading>;
  readonly now: Clock;
}): Metrics {
  const { node, read, now } = parts;
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const [name, metric] of Object.entries<Metric>(METRICS)) {
    const { help, labels = [] } = metric;
    const options = { name, help, labelNames: [...labels], registers: [registry] };
    const samples = async () => metric.samples(node, await read(), now());
    if (metric.type === 'counter') {
      const counter = new Counter({
        ...options,
        async collect() {
          const all = await samples();
          counter.reset();
          for (const sample of all) counter.inc(sample.labels ?? {}, sample.value);
        },
      });
    } else {
      const gauge = new Gauge({
        ...options,
        async collect() {
          const all = await samples();
          gauge.reset();
          // A gauge without labels has a value after a reset: one that is absent must not be 0.
          if (all.length === 0 && labels.length === 0) gauge.remove();
          for (const sample of all) gauge.set(sample.labels ?? {}, sample.value);
        },
      });
    }
  }
  return { contentType: registry.contentType, scrape: async () => `${await registry.metrics()}\n${durations(node)}` };
}

/** The histogram in the same format: the library has none whose buckets are counted elsewhere (platform/request_stats.ts). */
function durations(node: NodeFacts): string {
  const { name, help } = DURATIONS;
  const samples = DURATIONS.samples(node).map(({ suffix, labels, value }) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(String(text))}"`);
    return `${name}${suffix}{${pairs.join(',')}} ${value}`;
  });
  return [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`, ...samples, ''].join('\n');
}

const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

/** The metrics of the process itself, which the library has. */
export function processMetrics(): { readonly name: string; readonly type: string; readonly help: string }[] {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry.getMetricsAsArray().map(({ name, type, help }) => ({ name, type: String(type), help }));
}
