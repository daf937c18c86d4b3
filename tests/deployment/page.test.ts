import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '../../server/config.ts';
import { ROOT } from '../helpers/artifacts.ts';
import { unknownSettings } from '../helpers/manifests.ts';
import { commandsOf } from '../helpers/page_commands.ts';
import { PAGE_STEPS, PAGE_VALUES } from './steps.ts';

/** ops/docs/deployment.md, as far as that is quick; `make deployment` runs its commands. */
const document = readFileSync(join(ROOT, 'ops/docs/deployment.md'), 'utf8');
const commands = commandsOf('deployment.md');

test('make deployment runs all commands of the page in their order, but for those of other machines', () => {
  const named = commands.filter(({ kind }) => kind === 'run').map(({ name }) => name);
  assert.equal(new Set(named).size, named.length);
  assert.deepEqual([...new Set(PAGE_STEPS.flatMap((step) => ('commands' in step ? step.commands : [])))], named);
  const values = commands
    .filter(({ kind }) => kind === 'values')
    .flatMap(({ text }) => [...text.matchAll(/^export (\w+)=/gm)]);
  assert.deepEqual(values.map(([, name]) => name).sort(), Object.keys(PAGE_VALUES).sort());
});

test('the commands are correct shell, and name files that there are', () => {
  for (const { name, text } of commands) {
    const { status, stderr } = spawnSync('bash', ['-n'], { input: text, encoding: 'utf8' });
    assert.equal(status, 0, `${name}: ${stderr}`);
    for (const [, path = ''] of text.matchAll(/\/opt\/cardea\/([\w./@-]+)/g))
      assert.ok(existsSync(join(ROOT, path)), path);
  }
  for (const script of ['cardea', 'cardea-node'])
    assert.equal(spawnSync('sh', ['-n', join(ROOT, 'ops/host', script)]).status, 0);
  for (const [, path = ''] of document.matchAll(/\]\((\.\.?\/[\w./@-]+)\)/g))
    assert.ok(existsSync(normalize(join(ROOT, 'ops/docs', path))), path);
});

test('the settings that the page writes are accepted', () => {
  const [, written = ''] = /cardea\.env <<END\n([\s\S]*?)\nEND/.exec(document) ?? [];
  const env = Object.fromEntries(
    written.split('\n').map((line) => line.replaceAll('$DOMAIN', PAGE_VALUES.DOMAIN).split('=', 2) as [string, string]),
  );
  assert.ok(env.CARDEA_ISSUER);
  const names = [...document.matchAll(/\bCARDEA_[A-Z_]+[A-Z]\b/g)].map(([name]) => name);
  assert.deepEqual(unknownSettings([...Object.keys(env), ...names]), []);
  const secrets = {
    CARDEA_MASTER_KEY: Buffer.alloc(32, 1).toString('base64'),
    CARDEA_DATABASE_URL: 'postgres://a:b@c/d',
  };
  assert.equal(
    loadConfig({ NODE_ENV: 'production', ...env, ...secrets }).issuer.identifier,
    `https://${PAGE_VALUES.DOMAIN}`,
  );
});
