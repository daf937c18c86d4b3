import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ended, killGroup, track } from './children.ts';
import { findOnPath } from './chromium.ts';
import { defer, type Scope } from './scope.ts';
import { freePort, until } from './waiting.ts';

function program(name: 'prometheus' | 'promtool'): string {
  const found = findOnPath([name]);
  if (!found) throw new Error(`${name} is not installed: apt-get install prometheus`);
  return found;
}

/** @returns what promtool says, and whether it is content */
export function promtool(...args: readonly string[]): { readonly ok: boolean; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(program('promtool'), args, { encoding: 'utf8' });
  return { ok: status === 0, output: stdout + stderr };
}

export interface TestPrometheus {
  /** The samples of an instant query, each with its labels. */
  query(expression: string): Promise<{ metric: Record<string, string>; value: number }[]>;
  /** The states of alerts (`pending`, `firing`) by name and instance. */
  alerts(): Promise<{ name: string; instance: string; state: string }[]>;
}

/** A Prometheus that reads these ports each second. The scope ends it. @param rules a file of rules */
export async function startPrometheus(
  scope: Scope,
  { targets, rules }: { readonly targets: readonly string[]; readonly rules: string },
): Promise<TestPrometheus> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'cardea-test-prometheus-'));
  const configuration = {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: [rules],
    scrape_configs: [{ job_name: 'cardea', static_configs: [{ targets }] }],
  };
  // JSON is YAML.
  const file = join(folder, 'prometheus.yaml');
  writeFileSync(file, JSON.stringify(configuration));
  const child = spawn(
    program('prometheus'),
    [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ],
    { stdio: 'ignore', detached: true },
  );
  track(child);
  defer(scope, async () => {
    killGroup(child, 'SIGKILL');
    await ended(child);
    rmSync(folder, { recursive: true, force: true });
  });

  async function get<T>(path: string): Promise<T> {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return ((await response.json()) as { data: T }).data;
  }

  await until('Prometheus is ready', async () => {
    if (child.exitCode !== null) throw new Error(`prometheus ended with ${child.exitCode}`);
    return (await fetch(`http://127.0.0.1:${port}/-/ready`).catch(() => undefined))?.ok;
  });
  return {
    async query(expression) {
      const path = `/api/v1/query?query=${encodeURIComponent(expression)}`;
      const { result } = await get<{ result: { metric: Record<string, string>; value: [number, string] }[] }>(path);
      return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
    },
    async alerts() {
      const { alerts } = await get<{ alerts: { labels: Record<string, string>; state: string }[] }>('/api/v1/alerts');
      return alerts.map(({ labels, state }) => {
        return { name: labels.alertname ?? '', instance: labels.instance ?? '', state };
      });
    },
  };
}
