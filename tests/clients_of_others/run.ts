/**
 * `make clients` runs this: libraries of other languages sign people in at a Cardea that it starts, by the code of their
 * own quick starts (`ops/docs/clients.md`), and APIs verify its tokens (`ops/docs/resource-servers.md`).
 * node tests/clients_of_others/run.ts [--only NAME,…] [--json]
 * Exits with 1 when one fails, not when its language is missing on this machine.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createRunFolders } from '../helpers/run_folders.ts';
import { startCardea } from './cardea.ts';
import { OTHER_LANGUAGES } from './other_languages.ts';
import { scoped, scratchFolder } from './scopes.ts';
import { type Result, trials } from './trials.ts';

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { only: { type: 'string' }, json: { type: 'boolean', default: false } },
  });
  const only = values.only?.split(',');
  const apps = OTHER_LANGUAGES.filter(
    ({ name, folder }) => only?.some((one) => name.startsWith(one) || folder === one) ?? true,
  );
  if (apps.length === 0) {
    console.error(`--only: there is no ${values.only}; known: ${OTHER_LANGUAGES.map(({ name }) => name).join(', ')}`);
    return 2;
  }
  const results: Result[] = [];
  // Removed, and their Postgres stopped, even when this process is ended from outside.
  const folders = createRunFolders();
  process.env.TMPDIR = join(folders.data, 'tmp');
  mkdirSync(process.env.TMPDIR, { mode: 0o755 });
  await scoped(async (scope) => {
    const cardea = await startCardea(scope, scratchFolder(scope));
    const tryApp = trials(cardea);
    for (const app of apps) {
      const result = await tryApp(app);
      if (!values.json) console.log(`${result.verdict.padEnd(9)} ${app.name}: ${result.details}`);
      results.push(result);
    }
  });
  await folders.remove();
  console.log(values.json ? JSON.stringify(results, null, 2) : table(results));
  return results.some(({ verdict }) => verdict === 'failed') ? 1 : 0;
}

function table(results: readonly Result[]): string {
  const width = (key: 'name' | 'version') => Math.max(...results.map((one) => one[key].length));
  const rows = results.map(({ name, version, verdict, details }) =>
    [name.padEnd(width('name')), version.padEnd(width('version')), verdict.padEnd(9), details.split('\n')[0]].join(
      '  ',
    ),
  );
  return ['', ...rows].join('\n');
}

process.exitCode = await main(process.argv.slice(2));
