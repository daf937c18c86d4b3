/**
 * Measures the configuration file (`make bench`): how long a file of 10,000 clients takes to plan before it is applied, to
 * apply, and to plan and apply again, when nothing is different.
 * node tests/performance/bench/configuration.ts [--clients=10000]
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { setUpCli } from '../../cli/run_cli.ts';
import { manyClients } from '../configuration_file.ts';

const { values } = parseArgs({ options: { clients: { type: 'string', default: '10000' } } });
const clients = Number(values.clients);
const ends: (() => void | Promise<void>)[] = [];
try {
  const { cardea } = await setUpCli({ after: (end) => void ends.push(end) });
  const folder = mkdtempSync(join(tmpdir(), 'cardea-bench-'));
  ends.push(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'cardea.yaml');
  writeFileSync(file, manyClients(clients));
  console.log(`a configuration file of ${clients} clients`);
  for (const [verb, expected] of [
    ['plan', 3],
    ['apply', 0],
    ['plan', 0],
    ['apply', 0],
  ] as const) {
    const began = performance.now();
    const cpu = process.cpuUsage();
    const { code, stderr } = await cardea(['config', verb, file, '--json']);
    if (code !== expected) throw new Error(`config ${verb} ended with ${code}: ${stderr}`);
    const { user, system } = process.cpuUsage(cpu);
    const [wall, busy] = [(performance.now() - began) / 1_000, (user + system) / 1_000_000];
    console.log(
      `config ${verb.padEnd(6)} ${wall.toFixed(1).padStart(6)} s, of which ${busy.toFixed(1).padStart(6)} s of CPU here`,
    );
  }
} finally {
  for (const end of ends.reverse()) await end();
}
