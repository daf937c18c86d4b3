/**
 * `make audit` runs this. It checks what is not our own code: packages, known vulnerabilities, licenses, secrets in the repository, the workflows.
 * A check that this machine cannot run is named. With CI=true that is a failure.
 * node tests/supply_chain/audit.ts
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import PACKAGE from '../../package.json' with { type: 'json' };
import { artifacts, ROOT } from '../helpers/artifacts.ts';
import { importedIn, misdeclared } from './dependencies.ts';
import { type BillOfMaterials, refusedLicenses } from './licenses.ts';
import { AUDITS, judgeAudit, type Outcome } from './vulnerabilities.ts';

const GITLEAKS = 'github.com/zricethezav/gitleaks/v8@v8.30.0';
const ACTIONLINT = 'github.com/rhysd/actionlint/cmd/actionlint@v1.7.12';
const ZIZMOR = 'zizmor==1.32.0';

/** npm runs on the machine's own Node, as in the Makefile. */
const env = { ...process.env, PATH: process.env.MACHINE_PATH ?? process.env.PATH };

function run(command: string, args: readonly string[]): { status: number | null; stdout: string; text: string } {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: ROOT,
    env,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  return { status, stdout: stdout ?? '', text: error ? error.message : `${stdout}${stderr}`.trim() };
}

function tool(needs: string, command: string, args: readonly string[]): Outcome {
  if (run(command, command === 'go' ? ['version'] : ['--version']).status !== 0) return { notRun: `it needs ${needs}` };
  const { status, text } = run(command, args);
  return status === 0 ? undefined : { failed: text };
}

function vulnerabilities(args: readonly string[]): Outcome {
  const { status, text } = run('npm', args);
  return judgeAudit(status, text);
}

function licenses(): Outcome {
  const { status, stdout, text } = run('npm', ['sbom', '--sbom-format=cyclonedx', '--package-lock-only', '--omit=dev']);
  if (status !== 0) return { failed: text };
  writeFileSync(join(artifacts(), 'sbom.cdx.json'), stdout);
  const refused = refusedLicenses(JSON.parse(stdout) as BillOfMaterials);
  return refused.length === 0 ? undefined : { failed: refused.join('\n') };
}

function dependencies(): Outcome {
  const found = misdeclared(importedIn(ROOT), PACKAGE);
  return found.length === 0 ? undefined : { failed: found.join('\n') };
}

const CHECKS: Readonly<Record<string, () => Outcome>> = {
  'known vulnerabilities (npm audit)': () => vulnerabilities(AUDITS.installed),
  'known vulnerabilities with packages for development (npm audit)': () => vulnerabilities(AUDITS.all),
  'packages that are imported and declared': dependencies,
  'licenses, bill of materials (npm sbom)': licenses,
  'secrets in any commit (gitleaks)': () =>
    tool('Go: https://go.dev/dl/', 'go', ['run', GITLEAKS, 'git', '--no-banner', '--redact', '--verbose', '.']),
  'workflows (actionlint)': () => tool('Go: https://go.dev/dl/', 'go', ['run', ACTIONLINT]),
  'workflows (zizmor)': () =>
    tool('pipx: https://pipx.pypa.io/', 'pipx', ['run', '--spec', ZIZMOR, 'zizmor', '--offline', '--quiet', '.github']),
};

function describe(outcome: Outcome): [word: string, why: string] {
  if (outcome === undefined) return ['ok', ''];
  if ('reported' in outcome) return ['ok', `\n${outcome.reported}`];
  return 'failed' in outcome ? ['FAILED', `\n${outcome.failed}`] : ['not run', `: ${outcome.notRun}`];
}

for (const [name, check] of Object.entries(CHECKS)) {
  const outcome = check();
  const [word, why] = describe(outcome);
  console.log(`${word.padEnd(8)}${name}${why}`);
  if (word === 'FAILED' || (word === 'not run' && process.env.CI === 'true')) process.exitCode = 1;
}
