import { DURATIONS, METRICS, type Metric } from '../server/monitoring/metric_table.ts';
import { processMetrics } from '../server/monitoring/metrics.ts';
import { replaced } from './admin_api_document.ts';

/** Puts the tables of metrics into ops/docs/monitoring.md. */
export function withMetrics(document: string): string {
  const own: [string, { type: string; labels?: readonly string[]; help: string }][] = [
    ...Object.entries<Metric>(METRICS),
    [DURATIONS.name, { ...DURATIONS, type: 'histogram' }],
  ];
  const rows = own
    .sort(([one], [other]) => one.localeCompare(other, 'en'))
    .map(([name, { type, labels = [], help }]) => {
      return `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`;
    });
  const others = processMetrics().map(({ name, type, help }) => `| \`${name}\` | ${type} | ${help} |`);
  return [
    ['metrics', ['| metric | type | labels | |', '| --- | --- | --- | --- |', ...rows]] as const,
    ['process metrics', ['| metric | type | |', '| --- | --- | --- |', ...others]] as const,
  ].reduce((text, [name, lines]) => replaced(text, name, [...lines]), document);
}
