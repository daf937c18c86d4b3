import assert from 'node:assert/strict';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { DURATIONS, METRICS } from '../../server/monitoring/metric_table.ts';
import { processMetrics } from '../../server/monitoring/metrics.ts';
import { ROOT } from '../helpers/artifacts.ts';
import { promtool } from '../helpers/prometheus.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity?: string };
  readonly annotations: { readonly summary?: string; readonly description?: string; readonly runbook_url?: string };
}

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const RULES = join(ROOT, 'ops/monitoring/alerts.yaml');
const TESTS = join(ROOT, 'ops/monitoring/alerts_test.yaml');
const rules = (parse(read('ops/monitoring/alerts.yaml')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  (group) => group.rules,
);
const dashboard = JSON.parse(read('ops/monitoring/grafana/cardea.json')) as {
  panels: { title: string; targets?: { expr: string }[] }[];
};
const queries = dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));

const SUFFIXES = ['_bucket', '_sum', '_count'];
const known = new Set([
  'up',
  ...Object.keys(METRICS),
  ...SUFFIXES.map((suffix) => DURATIONS.name + suffix),
  ...processMetrics().map(({ name }) => name),
]);

/** The metrics in an expression. */
const metricsIn = (expr: string): string[] =>
  [...expr.matchAll(/\b(?:cardea|nodejs|process)_\w+|\bup\b/g)].map(([name]) => name);

test('promtool accepts the rules', () => {
  const { ok, output } = promtool('check', 'rules', RULES);
  assert.ok(ok, output);
});

test('each alert fires when it should, and not otherwise', () => {
  const { ok, output } = promtool('test', 'rules', TESTS);
  assert.ok(ok, output);
  const cases = (
    parse(read('ops/monitoring/alerts_test.yaml')) as {
      tests: { alert_rule_test: { alertname: string; exp_alerts: unknown[] }[] }[];
    }
  ).tests.flatMap((one) => one.alert_rule_test);
  for (const { alert } of rules) {
    const counts = cases
      .filter(({ alertname }) => alertname === alert)
      .map(({ exp_alerts: expected }) => expected.length > 0);
    assert.deepEqual([...new Set(counts)].sort(), [false, true], `${alert} has a case of each`);
  }
});

test('the page about backups names the alert about them with its value', () => {
  const { expr = '' } = rules.find(({ alert }) => alert === 'CardeaBackupTooOld') ?? {};
  const [, seconds] = /cardea_backup_age_seconds\) > (\d+)/.exec(expr) ?? [];
  assert.match(read('ops/docs/backup.md'), new RegExp(`CardeaBackupTooOld[^;]* above ${seconds} seconds for an hour`));
});

test('each alert asks for metrics that there are, and has a runbook', () => {
  const headings = [...read('ops/docs/runbooks.md').matchAll(/^## (\w+)$/gm)].map(([, name = '']) => name);
  assert.deepEqual(
    headings,
    rules.map(({ alert }) => alert),
  );
  for (const { alert, expr, labels, annotations } of rules) {
    const names = metricsIn(expr);
    assert.ok(names.length > 0, alert);
    assert.deepEqual(
      names.filter((name) => !known.has(name)),
      [],
      alert,
    );
    assert.match(labels.severity ?? '', /^(critical|warning)$/, alert);
    assert.ok(annotations.summary && annotations.description, alert);
    assert.equal(annotations.runbook_url, `ops/docs/runbooks.md#${alert.toLowerCase()}`);
  }
});

test('each fault that the tests cause under load is in the runbooks', () => {
  const named = [...read('ops/docs/runbooks.md').matchAll(/\(\.\.\/\.\.\/(tests\/chaos\/\w+\.test\.ts)\)/g)];
  assert.deepEqual(
    [...new Set(named.map(([, file]) => file))].sort(),
    globSync('tests/chaos/*.test.ts', { cwd: ROOT }).sort(),
  );
});

test('each runbook names metrics that there are', () => {
  const names = [...read('ops/docs/runbooks.md').matchAll(/\b(?:cardea|nodejs|process)_\w+/g)].map(([name]) => name);
  assert.deepEqual(
    names.filter((name) => !known.has(name)),
    [],
  );
});

test('each query of the dashboard is PromQL about metrics that there are', (t) => {
  assert.ok(queries.length > 20);
  for (const { title, expr } of queries)
    assert.deepEqual(
      metricsIn(expr).filter((name) => !known.has(name)),
      [],
      title,
    );
  const folder = mkdtempSync(join(tmpdir(), 'cardea-test-dashboard-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'rules.yaml');
  const recorded = queries.map(({ expr }, index) => ({ record: `query:${index}`, expr }));
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules: recorded }] }));
  const { ok, output } = promtool('check', 'rules', file);
  assert.ok(ok, output);
});
