import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { parse } from 'yaml';
import { settingEntries } from '../../server/settings.ts';
import { ROOT } from '../helpers/artifacts.ts';
import { temporaryFolder } from '../helpers/folders.ts';

interface Pod {
  readonly spec: {
    readonly containers: readonly {
      readonly env: readonly { readonly name: string; readonly value: string }[];
      readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
    }[];
    readonly volumes: readonly { readonly name: string; readonly secret: { readonly secretName: string } }[];
  };
}

/** The examples of ops/examples/secrets, which ops/docs/secrets.md names. */
const scope = { after };
const FOLDER = join(ROOT, 'ops/examples/secrets');
const example = (name: string) => readFileSync(join(FOLDER, name), 'utf8');
const unit = readFileSync(join(ROOT, 'ops/systemd/cardea.service'), 'utf8');
const dropIn = example('systemd.conf');
const names = new Set<string>(settingEntries().flatMap(([name, { secret }]) => (secret ? [`${name}_FILE`] : [name])));
const folder = temporaryFolder(scope);
mkdirSync(join(folder, 'cardea.service.d'));
/** As installed: a program that is on every machine takes the place of the server. */
writeFileSync(
  join(folder, 'cardea.service'),
  unit.replace(/^ExecStart=.*$/m, 'ExecStart=/bin/true').replace('/opt/cardea\n', '/\n'),
);
const verify = (text: string) => {
  writeFileSync(join(folder, 'cardea.service.d/secrets.conf'), text);
  const { stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', './cardea.service'], {
    cwd: folder,
    encoding: 'utf8',
  });
  return stdout + stderr;
};

/** The values of a directive as systemd puts the unit and then its drop-in together: an empty value removes those before it. */
function merged(directive: string): string[] {
  let values: string[] = [];
  for (const line of `${unit}\n${dropIn}`.split('\n')) {
    if (!line.startsWith(`${directive}=`)) continue;
    const value = line.slice(directive.length + 1);
    values = value === '' ? [] : [...values, value];
  }
  return values;
}

test('every setting that an example of secrets names exists', () => {
  for (const file of globSync('*', { cwd: FOLDER }))
    for (const [name] of example(file).matchAll(/CARDEA_[A-Z_]*[A-Z]/g)) assert.ok(names.has(name), `${file}: ${name}`);
});

// systemd is for Linux alone.
if (process.platform === 'linux')
  test('systemd accepts the unit with the drop-in', () => {
    assert.equal(verify(dropIn), '');
    // It would also accept a drop-in that it does not read.
    assert.match(verify(`${dropIn}Unknown=1\n`), /secrets\.conf/);
  });

test('the unit with the drop-in reads the files of the drop-in alone, and a setting names each of them', () => {
  const credentials = new Map(merged('LoadCredential').map((line) => line.split(':') as [string, string]));
  assert.ok(credentials.has('database_url'));
  for (const [name, file] of credentials) assert.ok(dropIn.includes(`LoadCredential=${name}:${file}`), file);
  const settings = new Map(
    merged('Environment')
      .flatMap((line) => line.split(' '))
      .map((pair) => pair.split('=', 2) as [string, string]),
  );
  const used = [...settings].flatMap(([name, value]) => (value.startsWith('%d/') ? [[name, value.slice(3)]] : []));
  assert.deepEqual(used.map(([, credential]) => credential).sort(), [...credentials.keys()].sort());
  for (const [name, credential = ''] of used) assert.equal(name, `CARDEA_${credential.toUpperCase()}_FILE`);
});

test('the Secret of Kubernetes has the keys whose files the settings name', () => {
  const text = example('kubernetes.yaml');
  const { containers, volumes } = (parse(text) as Pod).spec;
  const [, secret, options = ''] = /kubectl create secret generic (\S+)(.*)/.exec(text) ?? [];
  const keys = [...options.matchAll(/--from-file=(\S+)/g)].map(([, key]) => key);
  for (const { env, volumeMounts } of containers) {
    const [mount] = volumeMounts;
    const volume = volumes.find(({ name }) => name === mount?.name);
    assert.equal(volume?.secret.secretName, secret);
    assert.deepEqual([...new Set(env.map(({ value }) => dirname(value)))], [mount?.mountPath]);
    assert.deepEqual(env.map(({ value }) => basename(value)).sort(), keys.sort());
    for (const { name, value } of env) assert.equal(name, settingOf(value));
  }
});

test('the agent writes the files that its settings name', () => {
  const text = example('agent.hcl');
  const named = [...text.matchAll(/^ *# (CARDEA_[A-Z_]+)=([^ ,\n]+)/gm)];
  const written = [...text.matchAll(/^ *(?:destination|path) += "(.*)"$/gm)].map(([, file]) => file);
  assert.equal(written.length, 3);
  assert.deepEqual(named.map(([, , file]) => file).sort(), written.sort());
  for (const [, name, file = ''] of named) assert.equal(name, settingOf(file));
});

function settingOf(file: string): string {
  return `CARDEA_${basename(file).toUpperCase().replaceAll('-', '_')}_FILE`;
}
