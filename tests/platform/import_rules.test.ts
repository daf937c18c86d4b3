import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { ROOT } from '../helpers/artifacts.ts';
import { check, type Import, importsOf, violation } from '../import_rules.ts';

const PAGES = ['oidc', 'login', 'selfservice', 'registration', 'jobs', 'demo'];
const EDGE = [...PAGES, 'cli'];
const DOMAIN = ['accounts', 'clients', 'records'];
const FOLDERS = [...EDGE, ...DOMAIN, 'platform', 'views'];

const line = (file: string, source: string): Import => ({ file, source });

/** An import from each folder to each other folder. */
const pairs = (from: readonly string[], to: readonly string[]): Import[] =>
  from.flatMap((folder) =>
    to.filter((other) => other !== folder).map((other) => line(`server/${folder}/x.ts`, `../${other}/y.ts`)),
  );

const REFUSED: Readonly<Record<string, readonly Import[]>> = {
  'platform imports no other folder': [
    ...pairs(['platform'], [...EDGE, ...DOMAIN, 'views']),
    line('server/platform/x.ts', '../../keys/ring.ts'),
    line('server/platform/deep/x.ts', '../../records/models.ts'),
  ],
  'accounts, clients and records import platform alone': [
    ...pairs(DOMAIN, [...DOMAIN, ...EDGE, 'views']),
    ...DOMAIN.map((folder) => line(`server/${folder}/x.ts`, '../../keys/ring.ts')),
  ],
  'keys imports nothing of the server': [
    line('keys/x.ts', '../server/platform/db.ts'),
    line('keys/x.ts', '../server/config.ts'),
    line('keys/deep/x.ts', '../../server/platform/db.ts'),
  ],
  'the folders at the edge do not import one another': [
    ...pairs(EDGE, EDGE),
    line('server/login/steps/x.ts', '../../registration/y.ts'),
  ],
  'the command line imports no store': [
    ...pairs(['cli'], [...DOMAIN, 'audit', 'views']),
    line('server/cli/x.ts', '../accounts/store.ts'),
    line('server/cli/x.ts', '../../keys/rotate.ts'),
    line('server/cli/x.ts', '../composition/accounts.ts'),
  ],
  'the admin API imports no store': pairs(['admin'], [...DOMAIN, 'audit', 'views', 'ports']),
  'views import platform alone': pairs(['views'], [...EDGE, ...DOMAIN]),
  'only oidc imports oidc-provider': [
    ...FOLDERS.filter((folder) => folder !== 'oidc').flatMap((folder) => [
      line(`server/${folder}/x.ts`, 'oidc-provider'),
      line(`server/${folder}/x.ts`, 'oidc-provider/lib/helpers/errors.js'),
    ]),
    ...['server/app.ts', 'server/main.ts', 'server/cli.ts', 'server/config.ts', 'keys/x.ts'].map((file) =>
      line(file, 'oidc-provider'),
    ),
  ],
  'only seams.ts imports private parts of oidc-provider': [
    line('server/oidc/x.ts', 'oidc-provider/lib/helpers/errors.js'),
  ],
  'only main, start, app, composition and the CLI read the configuration': [
    ...FOLDERS.filter((folder) => folder !== 'cli').map((folder) => line(`server/${folder}/x.ts`, '../config.ts')),
    line('server/login/steps/x.ts', '../../config.ts'),
  ],
  'only start imports the composition root': [
    ...FOLDERS.flatMap((folder) => [
      line(`server/${folder}/x.ts`, '../app.ts'),
      line(`server/${folder}/x.ts`, '../main.ts'),
      line(`server/${folder}/x.ts`, '../composition/y.ts'),
    ]),
    line('server/composition/x.ts', '../app.ts'),
    line('server/composition/x.ts', '../cli/y.ts'),
    line('server/config.ts', './app.ts'),
    line('server/cli.ts', './app.ts'),
    line('server/main.ts', './app.ts'),
  ],
  'migrations import no application code': [
    line('migrations/0009-x.ts', '../server/platform/db.ts'),
    line('migrations/0009-x.ts', '../server/records/models.ts'),
    line('migrations/0009-x.ts', '../keys/ring.ts'),
    line('migrations/0009-x.ts', './0001-initial.ts'),
  ],
  'what an installation without development packages runs imports none of them': [
    line('server/oidc/x.ts', 'typescript'),
    line('server/cli/x.ts', 'playwright-core/lib/x.js'),
    line('keys/x.ts', '@peculiar/x509'),
  ],
  'the faces of the operations have no SQL': ['admin', 'cli', 'configuration', 'login', 'oidc'].map((folder) =>
    line(`server/${folder}/x.ts`, 'kysely'),
  ),
  'the server imports no tests': FOLDERS.map((folder) => line(`server/${folder}/x.ts`, '../../tests/helpers/x.ts')),
  'a path is read as it resolves': [
    line('server/login/x.ts', './../registration/y.ts'),
    line('server/login/x.ts', '../../server/registration/y.ts'),
    line('server/login/x.ts', '../platform/../registration/y.ts'),
  ],
  'a folder without a line in the table imports nothing': [line('server/new/x.ts', '../platform/db.ts')],
};

const ALLOWED: readonly Import[] = [
  ...pairs([...EDGE, ...DOMAIN, 'views'], ['platform']),
  ...pairs(PAGES, [...DOMAIN, 'views']),
  ...PAGES.map((folder) => line(`server/${folder}/x.ts`, '../../keys/ring.ts')),
  line('server/cli/x.ts', '../operations/y.ts'),
  line('server/cli/x.ts', '../clients/vocabulary.ts'),
  ...FOLDERS.map((folder) => line(`server/${folder}/x.ts`, './own.ts')),
  ...['login', 'oidc', 'records', 'platform'].map((folder) => line('server/composition/x.ts', `../${folder}/y.ts`)),
  ...['login', 'oidc', 'records', 'platform', 'composition'].map((folder) => line('server/app.ts', `./${folder}/y.ts`)),
  line('server/oidc/x.ts', 'oidc-provider'),
  line('server/cli/x.ts', '../config.ts'),
  line('server/cli.ts', './cli/keys.ts'),
  line('server/cli.ts', './config.ts'),
  line('server/main.ts', './start.ts'),
  line('server/main.ts', './config.ts'),
  line('server/start.ts', './app.ts'),
  line('server/start.ts', './config.ts'),
  line('server/composition/x.ts', '../../keys/ring.ts'),
  line('server/composition/x.ts', '../config.ts'),
  line('server/app.ts', './config.ts'),
  line('keys/x.ts', './ring.ts'),
  line('keys/x.ts', 'jose'),
  line('server/operations/x.ts', 'typebox/value'),
  line('tests/helpers/x.ts', 'playwright-core'),
  line('migrations/0009-x.ts', 'kysely'),
  line('tests/flows/x.test.ts', '../../server/app.ts'),
  line('tests/performance/bench.ts', 'oidc-provider'),
];

describe('import rules (tests/import_rules.ts)', () => {
  for (const [rule, imports] of Object.entries(REFUSED)) {
    test(rule, () => {
      assert.deepEqual(
        imports.filter((one) => violation(one) === undefined),
        [],
        'these imports were not refused',
      );
    });
  }

  test('allow imports of lower folders', () => {
    assert.deepEqual(ALLOWED.map(violation).filter(Boolean), []);
  });

  for (const [form, text] of Object.entries({
    import: "import { x } from '../y.ts';",
    'import type': "import type { X } from '../y.ts';",
    'import of a type in place': "type X = import('../y.ts').X;",
    'export from': "export { x } from '../y.ts';",
    'export all': "export * from '../y.ts';",
    'dynamic import': "await import('../y.ts');",
    worker: "new Worker(new URL('../y.ts', import.meta.url));",
  })) {
    test(`find ${form}`, () => {
      assert.deepEqual(importsOf('server/login/x.ts', text), [line('server/login/x.ts', '../y.ts')]);
    });
  }

  test('report a forbidden import and an entry of the table that matches no file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'cardea-test-imports-'));
    try {
      write(folder, { 'server/records/x.ts': "import type { Y } from '../clients/y.ts';\n" });
      const lines = check(folder);
      assert.match(lines[0] ?? '', /^server\/records\/x\.ts must not import server\/clients\/y\.ts/);
      assert.ok(lines.some((one) => one.startsWith('server/jobs of MAY_IMPORT')));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test('Biome refuses import cycles, `any` and unused names', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cardea-test-imports-'));
  try {
    for (const file of ['biome.json', '.gitignore']) copyFileSync(join(ROOT, file), join(folder, file));
    write(folder, {
      'server/jobs/a.ts': "import { b } from './b.ts';\nexport const a = (): unknown => b;\n",
      'server/jobs/b.ts': "import { a } from './a.ts';\nexport const b = (): unknown => a;\n",
      'server/jobs/c.ts': 'export const c = (x: any): unknown => x;\n',
      'server/jobs/d.ts': "import { b } from './b.ts';\nconst unused = 1;\n",
    });
    const ended = spawnSync(
      join(ROOT, 'node_modules', '.bin', 'biome'),
      ['lint', '--reporter=github', '--max-diagnostics=none', '.'],
      { cwd: folder, encoding: 'utf8' },
    );
    const rules = [...`${ended.stdout}${ended.stderr}`.matchAll(/::error title=([^,]+),file=[^,]*?(\w+\.ts),/g)].map(
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
    assert.notEqual(ended.status, 0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}
