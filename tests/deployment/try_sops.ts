/**
 * Runs the commands of ops/docs/secrets.md about SOPS, as they are written, by the real programs, which Go builds (`make secrets`). No test of
 * `make test`, as it takes minutes to build them.
 * node --test tests/deployment/try_sops.ts
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runCli } from '../cli/run_cli.ts';
import { ROOT } from '../helpers/artifacts.ts';
import { commandsOf } from '../helpers/page_commands.ts';
import { inherited } from '../helpers/processes.ts';
import { defer } from '../helpers/scope.ts';

/** By the name of the program. */
const SOURCES = {
  sops: 'github.com/getsops/sops/v3/cmd/sops@v3.13.3',
  'age-keygen': 'filippo.io/age/cmd/age-keygen@v1.3.1',
} as const;
/** In place of the folder in memory, which the unit of systemd makes. */
const RUN = '/run/cardea';

const bin = join(ROOT, '.artifacts', 'bin');
mkdirSync(bin, { recursive: true });
for (const [program, source] of Object.entries(SOURCES)) {
  if (existsSync(join(bin, program))) continue;
  execFileSync('go', ['install', source], {
    env: { ...process.env, GOBIN: bin, GOFLAGS: '-mod=mod' },
    stdio: 'inherit',
  });
}
const scope = { after };
const folder = mkdtempSync(join(tmpdir(), 'cardea-sops-'));
defer(scope, () => rmSync(folder, { recursive: true, force: true }));
const run = join(folder, 'run');
mkdirSync(run);
const blocks = commandsOf('secrets.md').filter(({ name }) => name.startsWith('sops'));
const script = blocks.map(({ text }) => text.replaceAll(RUN, run)).join('\n');

test('the page makes a key, encrypts a secret, and puts it into the file that servers read', async () => {
  assert.deepEqual(
    blocks.map(({ kind, name }) => [kind, name]),
    [
      ['run', 'sops key'],
      ['run', 'sops encrypt'],
      ['run', 'sops decrypt'],
    ],
  );
  const env = { ...inherited(), HOME: folder, PATH: `${bin}:${process.env.PATH}` };
  execFileSync('sh', ['-eu', '-c', script], { cwd: folder, env });
  const stored = readFileSync(join(folder, 'secrets.yaml'), 'utf8');
  assert.match(stored, /^database_url: ENC\[AES256_GCM,/);
  assert.ok(!stored.includes('PASSWORD'));
  const file = join(run, 'database-url');
  assert.equal(readFileSync(file, 'utf8'), 'postgres://cardea:PASSWORD@db.example.com/cardea');
  assert.equal(statSync(file).mode & 0o777, 0o640);
  assert.equal(existsSync(`${file}.new`), false);
  const checked = await runCli(['secrets', 'rotate', 'pepper'], { env: { CARDEA_DATABASE_URL_FILE: file } });
  assert.match(checked.stderr, /CARDEA_PASSWORD_PEPPER_FILE/, 'the settings are read with the file');
});

test('the example for a repository is a configuration that SOPS takes', () => {
  const env = { ...inherited(), HOME: folder, PATH: `${bin}:${process.env.PATH}` };
  const example = join(ROOT, 'ops/examples/secrets/sops.yaml');
  const encrypted = execFileSync(
    'sops',
    [
      '--config',
      example,
      'encrypt',
      '--filename-override',
      'secrets.yaml',
      '--input-type',
      'yaml',
      '--output-type',
      'yaml',
    ],
    { env, cwd: folder, input: 'database_url: postgres://cardea:PASSWORD@db.example.com/cardea\n', encoding: 'utf8' },
  );
  assert.match(encrypted, /recipient: age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p/);
});
