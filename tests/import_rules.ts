/**
 * The rules for imports. `make check` runs this file; tests/platform/import_rules.test.ts tests it.
 * node tests/import_rules.ts
 * A new folder needs one line in `MAY_IMPORT` with everything that it may import; all other imports are refused.
 */
import { globSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path/posix';
import { pathToFileURL } from 'node:url';
import { parseSync, Visitor } from 'oxc-parser';
import PACKAGE from '../package.json' with { type: 'json' };
import { ROOT } from './helpers/artifacts.ts';

const PLATFORM = ['server/platform'];
const DOMAIN = ['server/accounts', 'server/clients', 'server/records', 'server/audit', 'server/backup', 'keys'];
const BELOW = ['server/ports', 'server/operations', ...DOMAIN, 'server/views', ...PLATFORM];
const EDGE = [
  'server/oidc',
  'server/login',
  'server/selfservice',
  'server/registration',
  'server/demo',
  'server/jobs',
  'server/admin',
  'server/reference',
  'server/configuration',
  'server/monitoring',
];
const CONFIG = [
  'server/backup_settings.ts',
  'server/config.ts',
  'server/config_values.ts',
  'server/config_conflicts.ts',
  'server/settings.ts',
  'server/fresh_secrets.ts',
  'server/master_keys.ts',
  'server/account_settings.ts',
  'server/limit_settings.ts',
  'server/limit_table.ts',
];
const CORE = [...EDGE, ...BELOW, ...CONFIG];

/** The command line runs operations, and imports no store. What else it may import, and why. */
export const OF_CLI: Readonly<Record<string, string>> = {
  'keys/errors.ts': 'expected errors of a folder that imports nothing of the server',
  'server/accounts/blocklist.ts': 'a list of leaked passwords is a file, which is made without a database',
  'server/accounts/guessability.ts': 'a password is judged without a database',
  'server/accounts/identifiers.ts': 'the address of a test mail is checked, which goes to no account',
  'server/accounts/import.ts': 'types of the result of an import',
  'server/accounts/import_formats.ts': 'the exports of other systems are files',
  'server/accounts/peppers.ts': 'a pepper is in a file, and its id in the hashes',
  'server/clients/uris.ts': 'the URL of the conformance suite is checked',
  'server/clients/vocabulary.ts': 'the words of options',
  'server/views/paths.ts': 'the URL of the schema of configuration files',
  'server/views/views.ts': 'the text of a test mail',
};

/** By folder or file, from top to bottom: what it may import besides itself. The longest matching name applies. */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  tests: ['server', 'keys', 'migrations', 'ops', 'package.json'],
  ops: [],
  'ops/site': [],
  'server/main.ts': ['server/start.ts', 'server/demo/demo_data.ts', 'server/start_problems.ts', ...CONFIG, ...PLATFORM],
  'server/start.ts': ['server/app.ts', 'server/composition/configuration.ts', ...CONFIG, ...PLATFORM],
  'server/start_problems.ts': [...CONFIG, ...PLATFORM],
  'server/app.ts': ['server/composition', ...CORE, 'package.json'],
  'server/composition': [...CORE, 'package.json'],
  'server/cli.ts': ['server/cli', ...CONFIG, ...PLATFORM],
  'server/cli': [
    'server/composition/stores.ts',
    'server/doctor',
    'server/configuration',
    'server/operations',
    ...Object.keys(OF_CLI),
    ...CONFIG,
    ...PLATFORM,
    'package.json',
  ],
  // Looks at what servers have left behind; reads by operations.
  'server/doctor': [
    'server/operations',
    'server/jobs/cleanup.ts',
    'server/backup/open_storage.ts',
    'server/backup/storage_checks.ts',
    'keys',
    ...CONFIG,
    ...PLATFORM,
  ],
  'server/oidc': [...BELOW, 'server/oidc/seams.ts'],
  'server/oidc/seams.ts': BELOW,
  'server/login': BELOW,
  'server/selfservice': BELOW,
  'server/registration': BELOW,
  'server/demo': BELOW,
  'server/jobs': BELOW,
  'server/admin': ['server/operations', ...PLATFORM],
  'server/reference': BELOW,
  'server/configuration': [...BELOW, ...CONFIG],
  'server/monitoring': BELOW,
  'server/operations': [...DOMAIN, ...CONFIG, ...PLATFORM],
  'server/ports': ['server/accounts', 'server/clients', 'server/operations', 'server/views', ...PLATFORM],
  'server/config.ts': [...CONFIG, ...BELOW],
  'server/config_values.ts': [...CONFIG, ...BELOW],
  'server/config_conflicts.ts': [...CONFIG, ...BELOW],
  'server/settings.ts': [...CONFIG, ...BELOW],
  'server/fresh_secrets.ts': [...CONFIG, ...PLATFORM],
  'server/master_keys.ts': [...CONFIG, ...PLATFORM],
  'server/account_settings.ts': [...CONFIG, ...BELOW],
  'server/backup_settings.ts': PLATFORM,
  'server/limit_settings.ts': ['server/limit_table.ts', ...PLATFORM],
  'server/limit_table.ts': PLATFORM,
  // A change and what the audit tells of it are one statement where two would be a transaction.
  'server/accounts': ['server/audit', ...PLATFORM],
  'server/clients': PLATFORM,
  'server/records': ['server/audit', ...PLATFORM],
  'server/audit': PLATFORM,
  'server/backup': PLATFORM,
  'server/views': PLATFORM,
  'server/platform': [],
  keys: [],
  // A migration must still mean the same in a year, so it imports no code of the application.
  migrations: [],
};

/** Packages that only these folders may import. */
export const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  'oidc-provider/lib': ['server/oidc/seams.ts'],
  'oidc-provider': ['server/oidc', 'server/oidc/seams.ts', 'tests'],
  // The admin API, the commands and the configuration file have no SQL.
  // Loaded where AWS KMS is used, and nowhere else.
  '@aws-sdk/client-kms': ['server/platform'],
  // Loaded where traces are switched on.
  '@opentelemetry': ['server/platform'],
  // Loaded where metrics are switched on.
  'prom-client': ['server/monitoring'],
  // Loaded where a backup is made or read.
  '@aws-sdk/client-s3': ['server/backup', 'tests'],
  'age-encryption': ['server/backup', 'server/cli', 'tests'],
  'pg-copy-streams': ['server/backup'],
  kysely: [
    'keys',
    'migrations',
    'server/accounts',
    'server/audit',
    'server/backup',
    'server/clients',
    'server/composition',
    'server/jobs',
    'server/operations',
    'server/platform',
    'server/records',
    'tests',
  ],
};

const OF_DEVELOPMENT = Object.keys(PACKAGE.devDependencies);
/** A server is installed without these folders, or runs without them. */
const DEVELOPMENT: readonly string[] = ['tests', 'ops/site'];

/** Migrations do not import each other either. */
const ALONE = new Set(['migrations']);

export interface Import {
  /** Relative to the repository, with `/`. */
  readonly file: string;
  /** As it is written in the import. */
  readonly source: string;
}

/** @returns why the import is refused; undefined when it is allowed */
export function violation({ file, source }: Import): string | undefined {
  const from = entryOf(file);
  if (from === undefined) return `${file} is in no folder of MAY_IMPORT (tests/import_rules.ts): add a line`;
  if (!source.startsWith('.')) {
    const name = Object.keys(PACKAGES).find((one) => source === one || source.startsWith(`${one}/`));
    const allowed = name === undefined ? undefined : PACKAGES[name];
    if (allowed && !allowed.includes(from)) return `${file}: only ${allowed.join(', ')} may import ${name}`;
    const isInstalled =
      DEVELOPMENT.includes(from) || !OF_DEVELOPMENT.some((one) => source === one || source.startsWith(`${one}/`));
    return isInstalled
      ? undefined
      : `${file}: ${source} is one of devDependencies, which a server is installed without`;
  }
  const target = targetOf({ file, source });
  const to = entryOf(target) ?? target;
  if (to === from && !ALONE.has(from)) return undefined;
  const allowed = MAY_IMPORT[from] ?? [];
  if (allowed.some((one) => isIn(target, one))) return undefined;
  return `${file} must not import ${target}: ${from} may import ${allowed.join(', ') || 'nothing'}`;
}

const targetOf = ({ file, source }: Import): string => normalize(join(file, '..', source));

function entryOf(file: string): string | undefined {
  return Object.keys(MAY_IMPORT)
    .filter((entry) => isIn(file, entry))
    .reduce<string | undefined>((best, entry) => (entry.length > (best?.length ?? 0) ? entry : best), undefined);
}

const isIn = (file: string, entry: string): boolean => file === entry || file.startsWith(`${entry}/`);

/** All imports of a file in every form: static, type, dynamic, re-exported, `import('…').Type`, `new URL('./x.ts')`. */
export function importsOf(file: string, text: string): Import[] {
  const sources = new Set<string>();
  const add = (node: { readonly value?: unknown } | null | undefined) => {
    if (typeof node?.value === 'string') sources.add(node.value);
  };
  const { program, errors } = parseSync(file, text);
  if (errors[0]) throw new Error(`${file}: ${errors[0].message}`);
  new Visitor({
    ImportDeclaration: (node) => add(node.source),
    ExportNamedDeclaration: (node) => add(node.source),
    ExportAllDeclaration: (node) => add(node.source),
    ImportExpression: (node) => add(node.source.type === 'Literal' ? node.source : undefined),
    TSImportType: (node) => add(node.source),
    NewExpression: ({ arguments: [first] }) =>
      add(first?.type === 'Literal' && isPath(first.value) ? first : undefined),
  }).visit(program);
  return [...sources].map((source) => ({ file, source }));
}

const isPath = (value: unknown): boolean => typeof value === 'string' && /^\.\.?\/.*\.ts$/.test(value);

/** @returns one line for each refused import, and for each entry of the tables that matches no file */
export function check(root: string): string[] {
  const files = globSync(['server/**/*.ts', 'keys/**/*.ts', 'migrations/**/*.ts', 'tests/**/*.ts', 'ops/**/*.ts'], {
    cwd: root,
  }).map((file) => file.replaceAll('\\', '/'));
  const imports = files
    .filter((file) => !file.endsWith('.d.ts'))
    .flatMap((file) => importsOf(file, readFileSync(join(root, file), 'utf8')));
  const refused = imports.map(violation).filter((line) => line !== undefined);
  const unused = Object.keys(MAY_IMPORT).filter((entry) => !files.some((file) => isIn(file, entry)));
  const targets = new Set(imports.filter(({ file }) => isIn(file, 'server/cli')).map(targetOf));
  const needless = Object.keys(OF_CLI).filter((entry) => !targets.has(entry));
  return [
    ...refused,
    ...unused.map((entry) => `${entry} of MAY_IMPORT (tests/import_rules.ts) does not exist`),
    ...needless.map((entry) => `${entry} of OF_CLI (tests/import_rules.ts) is not imported`),
  ];
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const lines = check(ROOT);
  for (const line of lines) console.error(line);
  process.exitCode = lines.length === 0 ? 0 : 1;
}
