import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ROOT } from '../helpers/artifacts.ts';

const BIOME = join(ROOT, 'node_modules', '.bin', 'biome');
const TOP = ['oidc', 'login', 'selfservice', 'registration', 'admin', 'jobs', 'demo', 'cli'];
const MIDDLE = ['accounts', 'clients', 'records', 'audit'];

/** A file of the server, and what it imports. */
type Import = readonly [file: string, source: string];

const pairs = (from: readonly string[], to: readonly string[]): Import[] =>
  from.flatMap((room) =>
    to.filter((other) => other !== room).map((other): Import => [`server/${room}/x.ts`, `../${other}/y.ts`]),
  );

const every = [...TOP, ...MIDDLE, 'platform', 'views'];

const refused: Readonly<Record<string, readonly Import[]>> = {
  'platform imports no other room': [
    ...pairs(['platform'], [...TOP, ...MIDDLE, 'views']),
    ['server/platform/x.ts', '../../keys/ring.ts'],
    ['server/platform/deep/x.ts', '../../records/models.ts'],
  ],
  'accounts, clients, records and audit import platform alone': [
    ...pairs(MIDDLE, [...MIDDLE, ...TOP, 'views']),
    ...MIDDLE.map((room): Import => [`server/${room}/x.ts`, '../../keys/ring.ts']),
  ],
  'keys imports nothing of the server': [
    ['keys/x.ts', '../server/platform/db.ts'],
    ['keys/x.ts', '../server/config.ts'],
    ['keys/deep/x.ts', '../../server/platform/db.ts'],
  ],
  'oidc, login, selfservice, registration, admin, jobs, demo and cli do not import one another': [
    ...pairs(TOP, TOP),
    ['server/login/steps/x.ts', '../../admin/y.ts'],
  ],
  'views import no room but platform': pairs(['views'], [...TOP, ...MIDDLE]),
  'only oidc imports oidc-provider': [
    ...[...MIDDLE, ...TOP, 'platform', 'views']
      .filter((room) => room !== 'oidc')
      .flatMap((room): Import[] => [
        [`server/${room}/x.ts`, 'oidc-provider'],
        [`server/${room}/x.ts`, 'oidc-provider/lib/helpers/errors.js'],
      ]),
    ...['server/app.ts', 'server/main.ts', 'server/cli.ts', 'server/config.ts', 'keys/x.ts'].map(
      (file): Import => [file, 'oidc-provider'],
    ),
  ],
  'only main, app and the CLI read the configuration': [
    ...every.filter((room) => room !== 'cli').map((room): Import => [`server/${room}/x.ts`, '../config.ts']),
    ['server/login/steps/x.ts', '../../config.ts'],
  ],
  'nobody but main imports the composition root': [
    ...every.flatMap((room): Import[] => [
      [`server/${room}/x.ts`, '../app.ts'],
      [`server/${room}/x.ts`, '../main.ts'],
    ]),
    ...every.map((room): Import => [`server/${room}/x.ts`, '../composition/y.ts']),
    ['server/composition/x.ts', '../app.ts'],
    ['server/composition/x.ts', '../cli/y.ts'],
    ['server/config.ts', './app.ts'],
    ['server/cli.ts', './app.ts'],
  ],
  'migrations import no application code': [
    ['migrations/0009-x.ts', '../server/platform/db.ts'],
    ['migrations/0009-x.ts', '../server/records/models.ts'],
    ['migrations/0009-x.ts', '../keys/ring.ts'],
    ['migrations/0009-x.ts', './0001-initial.ts'],
  ],
  'the server imports no tests': every.map((room): Import => [`server/${room}/x.ts`, '../../tests/helpers/x.ts']),
  'a path may not dodge the rules': [
    ['server/login/x.ts', './../admin/y.ts'],
    ['server/login/x.ts', '../../server/admin/y.ts'],
    ['server/login/x.ts', '../platform/../admin/y.ts'],
  ],
};

const allowed: readonly Import[] = [
  ...pairs([...TOP, ...MIDDLE, 'views'], ['platform']),
  ...pairs(TOP, [...MIDDLE, 'views']),
  ...TOP.map((room): Import => [`server/${room}/x.ts`, '../../keys/ring.ts']),
  ...every.map((room): Import => [`server/${room}/x.ts`, './own.ts']),
  ['server/oidc/x.ts', 'oidc-provider'],
  ['server/cli/x.ts', '../config.ts'],
  ['server/cli.ts', './cli/keys.ts'],
  ['server/cli.ts', './config.ts'],
  ['server/main.ts', './app.ts'],
  ['server/main.ts', './config.ts'],
  ...['login', 'oidc', 'admin', 'records', 'platform'].map((room): Import => ['server/app.ts', `./${room}/y.ts`]),
  ...['login', 'oidc', 'records', 'platform'].map((room): Import => ['server/composition/x.ts', `../${room}/y.ts`]),
  ['server/app.ts', './composition/x.ts'],
  ['server/composition/x.ts', '../../keys/ring.ts'],
  ['server/composition/x.ts', '../config.ts'],
  ['server/app.ts', '../keys/ring.ts'],
  ['server/app.ts', './config.ts'],
  ['keys/x.ts', './ring.ts'],
  ['keys/x.ts', 'jose'],
  ['migrations/0009-x.ts', 'kysely'],
  ['tests/flows/x.test.ts', '../../server/app.ts'],
  ['tests/performance/bench.ts', 'oidc-provider'],
];

describe('what may import what (biome.json, run on files that break it)', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'cardea-test-imports-'));
    for (const file of ['biome.json', '.gitignore']) copyFileSync(join(ROOT, file), join(folder, file));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Lints one file for each import. @returns those that a rule about imports refused */
  function lint(imports: readonly Import[], statement = (source: string) => `import '${source}';\n`): Import[] {
    for (const entry of ['server', 'keys', 'migrations', 'tests'])
      rmSync(join(folder, entry), { recursive: true, force: true });
    const names = new Map<string, Import>();
    for (const [i, one] of imports.entries()) {
      // One file each, beside the one that was asked for unless a rule is about that very name.
      const [file, source] = one;
      const isRoot = /^server\/[a-z]+\.ts$/.test(file);
      const path = isRoot ? file : join(dirname(file), `${i}.ts`);
      mkdirSync(join(folder, dirname(path)), { recursive: true });
      const line = statement(source);
      if (isRoot) {
        writeFileSync(join(folder, path), line, { flag: 'a' });
        const count = [...names.keys()].filter((name) => name.startsWith(`${path}:`)).length;
        names.set(`${path}:${count + 1}`, one);
      } else {
        writeFileSync(join(folder, path), line);
        names.set(`${path}:1`, one);
      }
    }
    const done = spawnSync(
      BIOME,
      ['lint', '--reporter=github', '--max-diagnostics=none', '--only=style/noRestrictedImports', '.'],
      {
        cwd: folder,
        encoding: 'utf8',
      },
    );
    const found = new Set<string>();
    for (const [, path, line] of `${done.stdout}${done.stderr}`.matchAll(
      /noRestrictedImports,file=([^,]+),line=(\d+)/g,
    )) {
      found.add(`${path?.replace(/^.*?(?=(server|keys|migrations|tests)\/)/, '')}:${line}`);
    }
    return [...found].map((key) => {
      const hit = names.get(key);
      assert.ok(hit, `biome spoke of ${key}, which is none of ours`);
      return hit;
    });
  }

  for (const [rule, imports] of Object.entries(refused)) {
    test(rule, () => {
      const caught = lint(imports);
      assert.deepEqual(
        imports.filter((one) => !caught.includes(one)),
        [],
        'these imports were not refused',
      );
    });
  }

  test('lets through what points down', () => {
    assert.deepEqual(lint(allowed), []);
  });

  for (const [form, statement] of Object.entries({
    'import type': (source: string) => `import type { X } from '${source}';\n`,
    'export from': (source: string) => `export * from '${source}';\n`,
    'dynamic import': (source: string) => `await import('${source}');\n`,
  })) {
    test(`sees ${form} too`, () => {
      const imports: Import[] = [
        ['server/login/x.ts', '../admin/y.ts'],
        ['server/records/x.ts', '../clients/y.ts'],
      ];
      assert.equal(lint(imports, statement).length, imports.length);
    });
  }

  test('refuses import cycles, `any` and what is not used', () => {
    const files = {
      'server/jobs/a.ts': "import { b } from './b.ts';\nexport const a = (): unknown => b;\n",
      'server/jobs/b.ts': "import { a } from './a.ts';\nexport const b = (): unknown => a;\n",
      'server/jobs/c.ts': 'export const c = (x: any): unknown => x;\n',
      'server/jobs/d.ts': "import { b } from './b.ts';\nconst unused = 1;\n",
    };
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(join(folder, dirname(path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    const done = spawnSync(BIOME, ['lint', '--reporter=github', '--max-diagnostics=none', '.'], {
      cwd: folder,
      encoding: 'utf8',
    });
    const rules = [...`${done.stdout}${done.stderr}`.matchAll(/::error title=([^,]+),file=[^,]*?(\w+\.ts),/g)].map(
      ([, rule, file]) => `${file} ${rule}`,
    );
    for (const expected of [
      'a.ts lint/suspicious/noImportCycles',
      'b.ts lint/suspicious/noImportCycles',
      'c.ts lint/suspicious/noExplicitAny',
      'd.ts lint/correctness/noUnusedImports',
      'd.ts lint/correctness/noUnusedVariables',
    ]) {
      assert.ok(rules.includes(expected), `${expected} is not among ${rules.join(', ')}`);
    }
    assert.notEqual(done.status, 0);
  });

  test('knows every room that there is', () => {
    const rooms = readdirSync(join(ROOT, 'server')).filter((name) =>
      statSync(join(ROOT, 'server', name)).isDirectory(),
    );
    assert.deepEqual(
      rooms.filter((room) => room !== 'composition' && !every.includes(room)),
      [],
      'a room without import rules: add it to biome.json and to this test',
    );
  });
});
