import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parse } from 'yaml';
import PACKAGE from '../../package.json' with { type: 'json' };
import { loadConfig } from '../../server/config.ts';
import { HEALTH_PATHS } from '../../server/platform/issuer.ts';
import { SETTINGS } from '../../server/settings.ts';
import { ROOT } from '../helpers/artifacts.ts';
import { temporaryFolder } from '../helpers/folders.ts';
import {
  composeFile,
  type KubernetesObject,
  leavesOf,
  objectsOf,
  problemsOfYaml,
  textOf,
  unknownSettings,
} from '../helpers/manifests.ts';

/**
 * The descriptions of deployments agree with the server and with themselves. `make manifests` checks them by the programs that read
 * them.
 */
const scope = { after };
const folder = temporaryFolder(scope);
const compose = composeFile();
const CHART = 'ops/helm/cardea';
const values = parse(textOf(`${CHART}/values.yaml`)) as Record<string, unknown> & { settings: Record<string, string> };
const chart = parse(textOf(`${CHART}/Chart.yaml`)) as { version: string; appVersion: string };
const templates = globSync(`${CHART}/templates/*`, { cwd: ROOT }).map((file) => textOf(file));
const objects = objectsOf('ops/kubernetes/base/cardea.yaml');
const of = (kind: string) => objects.find((one) => one.kind === kind) as KubernetesObject;
const pods = [of('Deployment'), of('Job')].map(({ kind, spec: { template } }) => {
  assert.ok(template);
  return { kind, labels: template.metadata.labels, spec: template.spec, container: template.spec.containers[0] };
});
/** Values of secrets, by the last part of the paths of their files. */
const SECRETS: Readonly<Record<string, string>> = {
  master_key: Buffer.alloc(32, 1).toString('base64'),
  database_url: 'postgres://cardea_server:x@db/cardea',
  redis_url: 'rediss://:x@redis:6379',
};
for (const [name, value] of Object.entries(SECRETS)) writeFileSync(join(folder, name), value);
/** The environment of a container, whose files are those of the test. */
const withFiles = (env: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(env).map(([name, value]) => [
      name,
      name.endsWith('_FILE') ? join(folder, value.split('/').at(-1) ?? '') : value,
    ]),
  );

test('all YAML is well-formed, without a member that is there twice', () => {
  assert.deepEqual(problemsOfYaml(), []);
});

test('the settings of containers exist, and a server accepts them', () => {
  const environments = [
    ...pods.map(({ container }) => Object.fromEntries(container.env.map(({ name, value }) => [name, value]))),
    ...Object.values(compose.services).flatMap(({ image, environment = {} }) =>
      image === 'cardea' ? [environment] : [],
    ),
  ];
  assert.equal(environments.length, 4);
  for (const env of environments) {
    assert.deepEqual(unknownSettings(Object.keys(env)), []);
    const interpolated = Object.entries(env).map(([name, value]) => [
      name,
      value.replace(/\$\{\w+:-(.*)\}/, '$1').replace(/\$\{CARDEA_ISSUER:.*\}/, 'https://id.example.com'),
    ]);
    const config = loadConfig({ NODE_ENV: 'production', ...withFiles(Object.fromEntries(interpolated)) });
    assert.equal(config.databaseUrl, SECRETS.database_url);
  }
  const overlays = globSync('ops/kubernetes/overlays/*/*.yaml', { cwd: ROOT }).map(textOf).join('\n');
  const named = [...`${overlays}\n${textOf(`${CHART}/values.yaml`)}`.matchAll(/\bCARDEA_[A-Z_]+\b/g)].map(
    ([name]) => name,
  );
  assert.ok(named.length > 5);
  assert.deepEqual(unknownSettings(named), []);
});

test('the templates of the chart use each of its values, and no other', () => {
  const text = templates.join('\n');
  const used = new Set([...text.matchAll(/\.Values\.([\w.]+)/g)].map(([, path]) => path ?? ''));
  const leaves = leavesOf(values);
  const isBelow = (path: string, prefix: string) => path === prefix || path.startsWith(`${prefix}.`);
  for (const leaf of leaves)
    assert.ok(
      [...used].some((path) => isBelow(leaf, path)),
      `${leaf} is used`,
    );
  for (const path of used)
    assert.ok(
      leaves.some((leaf) => isBelow(leaf, path)),
      `${path} is a value`,
    );
});

test('the versions are that of the package', () => {
  assert.deepEqual([chart.version, chart.appVersion], [PACKAGE.version, PACKAGE.version]);
  assert.match(
    textOf('ops/kubernetes/overlays/example/kustomization.yaml'),
    new RegExp(`newTag: ${PACKAGE.version}\n`),
  );
  for (const { container } of pods) assert.ok(container.image.endsWith(`:${PACKAGE.version}`));
});

test('pods run as an ordinary user without rights, and get no variable that Kubernetes makes', () => {
  for (const { kind, spec, container } of pods) {
    assert.deepEqual([spec.enableServiceLinks, spec.automountServiceAccountToken], [false, false], kind);
    assert.deepEqual(
      [spec.securityContext.runAsNonRoot, spec.securityContext.seccompProfile.type],
      [true, 'RuntimeDefault'],
    );
    assert.deepEqual(container.securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    assert.ok(container.resources.limits.memory);
  }
});

test('secrets are files of a Secret, and never values', () => {
  for (const { spec, container } of pods) {
    for (const { name } of container.env)
      assert.ok(!(name in SETTINGS) || !('secret' in SETTINGS[name as keyof typeof SETTINGS]), name);
    const [mount] = container.volumeMounts;
    assert.deepEqual([mount?.readOnly, mount?.name], [true, spec.volumes[0]?.name]);
    const read = container.env.filter(({ name }) => name.endsWith('_FILE')).map(({ value }) => value);
    const mounted = spec.volumes[0]?.secret?.items.map(({ path }) => `${mount?.mountPath}/${path}`);
    assert.deepEqual(read.sort(), mounted?.sort());
  }
});

test('ports, probes and commands are those of the server', () => {
  const [{ container }] = pods as [(typeof pods)[number]];
  const metrics = container.env.find(({ name }) => name === 'CARDEA_METRICS_PORT')?.value;
  assert.deepEqual(container.ports?.[1], { name: 'metrics', containerPort: Number(metrics) });
  assert.ok(
    textOf('ops/compose/prometheus.yaml').includes(
      `cardea-1:${compose.services['cardea-1']?.environment?.CARDEA_METRICS_PORT}`,
    ),
  );
  assert.deepEqual(container.ports?.[0], { name: 'http', containerPort: Number(SETTINGS.CARDEA_PORT.fallback) });
  assert.match(textOf('ops/Dockerfile'), new RegExp(`^EXPOSE ${SETTINGS.CARDEA_PORT.fallback}$`, 'm'));
  const probes = Object.entries(container).filter(([name]) => name.endsWith('Probe'));
  assert.deepEqual(
    probes.map(([name, probe]) => [name, probe.httpGet.path, probe.httpGet.port]),
    [
      ['startupProbe', HEALTH_PATHS.alive, 'http'],
      ['livenessProbe', HEALTH_PATHS.alive, 'http'],
      ['readinessProbe', HEALTH_PATHS.ready, 'http'],
    ],
  );
  for (const word of pods[1]?.container.command ?? [])
    if (word.includes('/')) assert.ok(existsSync(join(ROOT, word)), word);
});

test('the objects of Kubernetes select and name one another', () => {
  const [server, migration] = pods as [(typeof pods)[number], (typeof pods)[number]];
  const selects = (
    labels: Readonly<Record<string, string>>,
    selector: Readonly<Record<string, unknown>> | undefined,
  ) => {
    const wanted = Object.entries((selector?.matchLabels ?? selector ?? {}) as Record<string, string>);
    return wanted.length > 0 && wanted.every(([name, value]) => labels[name] === value);
  };
  for (const kind of ['Deployment', 'Service', 'PodDisruptionBudget']) {
    assert.ok(selects(server.labels, of(kind).spec.selector), kind);
    assert.ok(!selects(migration.labels, of(kind).spec.selector), `${kind} leaves the migration out`);
  }
  for (const { labels } of pods) assert.ok(selects(labels, of('NetworkPolicy').spec.podSelector));
  const target = of('HorizontalPodAutoscaler').spec.scaleTargetRef;
  assert.deepEqual([target?.kind, target?.name], ['Deployment', of('Deployment').metadata.name]);
  assert.match(JSON.stringify(of('Ingress').spec), new RegExp(`"name":"${of('Service').metadata.name}"`));
});

test('the services of the compose file name what there is', () => {
  for (const [name, service] of Object.entries(compose.services)) {
    const networks = Array.isArray(service.networks) ? service.networks : Object.keys(service.networks ?? {});
    for (const network of networks) assert.ok(Object.hasOwn(compose.networks, network), `${name}: ${network}`);
    for (const other of Object.keys(service.depends_on ?? {})) assert.ok(compose.services[other], `${name}: ${other}`);
    for (const secret of service.secrets ?? [])
      assert.ok(
        compose.secrets[typeof secret === 'string' ? secret : secret.source],
        `${name}: ${JSON.stringify(secret)}`,
      );
    for (const volume of service.volumes ?? []) {
      const [source = ''] = volume.split(':');
      assert.ok(source.startsWith('./') ? existsSync(join(ROOT, 'ops', source)) : source in compose.volumes, volume);
    }
    assert.match(service.image, /^cardea$|:v?\d+\.\d+/, 'the image is pinned');
    assert.deepEqual(service.security_opt, ['no-new-privileges:true'], name);
    if (name === 'postgres') continue;
    assert.deepEqual([service.read_only, service.cap_drop], [true, ['ALL']], name);
  }
  const open = Object.values(compose.services).flatMap(({ ports = [] }) =>
    ports.filter((port) => !port.startsWith('127.0.0.1:')),
  );
  assert.deepEqual(open, ['80:80', '443:443'], 'nginx alone is reached from outside');
});

test('the commands in the head of the compose file make all files of secrets', () => {
  const place = join(folder, 'compose');
  mkdirSync(place);
  const commands = [...textOf('ops/compose.yaml').matchAll(/^# {3}(.*)$/gm)].map(([, command]) => command ?? '');
  const made = commands.filter((command) => !command.includes('docker'));
  const { status, stderr } = spawnSync('bash', ['-euo', 'pipefail', '-c', `mkdir ops\n${made.join('\n')}`], {
    cwd: place,
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  const wanted = Object.values(compose.secrets).map(({ file }) => file.replace('./secrets/', ''));
  assert.deepEqual(readdirSync(join(place, 'ops/secrets')).sort(), wanted.sort());
});
