import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadConfig } from '../../server/config.ts';
import { SETTINGS } from '../../server/settings.ts';
import { ROOT } from '../helpers/artifacts.ts';
import { temporaryFolder } from '../helpers/folders.ts';

/** The units of systemd in ops/systemd. */
const scope = { after };
const folder = temporaryFolder(scope);
const unitOf = (name: string) => readFileSync(join(ROOT, 'ops/systemd', name), 'utf8');
const one = unitOf('cardea.service');
const template = unitOf('cardea@.service');
const valuesOf = (unit: string, directive: string) =>
  unit.split('\n').flatMap((line) => (line.startsWith(`${directive}=`) ? [line.slice(directive.length + 1)] : []));
/** As installed: a program that is on every machine takes the place of the server. */
for (const [name, text] of [
  ['cardea.service', one],
  ['cardea@3001.service', template],
] as const)
  writeFileSync(
    join(folder, name),
    text.replace(/^ExecStart=.*$/m, 'ExecStart=/bin/true').replace('/opt/cardea\n', '/\n'),
  );

const analyze = (...args: readonly string[]) => spawnSync('systemd-analyze', args, { cwd: folder, encoding: 'utf8' });
/** Of 100, in which more is worse. The network, which a server needs, is most of it. */
const EXPOSURE = '15';

// systemd is for Linux alone.
if (process.platform === 'linux')
  for (const name of ['cardea.service', 'cardea@3001.service'])
    test(`systemd accepts ${name}, and finds it hardened`, () => {
      const verified = analyze('verify', '--man=no', `./${name}`);
      assert.deepEqual([verified.status, verified.stdout + verified.stderr], [0, '']);
      const judged = analyze('security', '--offline=yes', '--no-pager', `--threshold=${EXPOSURE}`, `./${name}`);
      assert.equal(judged.status, 0, judged.stdout);
    });

test('the unit of one node is the template with its port', () => {
  const withoutWords = (unit: string) => unit.split('\n').filter((line) => !/^(#|Description=)/.test(line));
  assert.deepEqual(withoutWords(template.replaceAll('%i', SETTINGS.CARDEA_PORT.fallback)), withoutWords(one));
});

test('each secret comes by a credential, and the settings of the unit are accepted', () => {
  const env = Object.fromEntries(
    valuesOf(template, 'Environment')
      .flatMap((line) => line.split(' '))
      .map((pair) => pair.split('=', 2) as [string, string]),
  );
  const credentials = new Map(valuesOf(template, 'LoadCredential').map((line) => line.split(':') as [string, string]));
  const values: Record<string, string> = {
    master_key: Buffer.alloc(32, 1).toString('base64'),
    database_url: 'postgres://cardea_server:x@db/cardea',
    redis_url: 'rediss://:x@redis:6379',
  };
  assert.deepEqual([...credentials.keys()].sort(), Object.keys(values).sort());
  for (const [name, value] of Object.entries(env)) {
    const [, credential] = /^%d\/(.*)$/.exec(value) ?? [];
    if (credential === undefined) continue;
    assert.ok(credentials.has(credential), credential);
    const file = join(folder, credential);
    writeFileSync(file, values[credential] ?? '');
    env[name] = file;
  }
  const config = loadConfig({ ...env, CARDEA_PORT: '3001', CARDEA_ISSUER: 'https://id.example.com' });
  assert.equal(config.production, true);
  assert.equal(config.databaseUrl, values.database_url);
});
