import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importsOf } from '../import_rules.ts';

/** Packages that no import names, and what uses them. Packages of types (`@types/…`) belong to another. */
const USED_OTHERWISE: Readonly<Record<string, string>> = {
  '@11ty/eleventy': 'make site',
  '@biomejs/biome': 'make check',
  '@stryker-mutator/core': 'make mutation',
  'axe-core': 'its script is put into pages that a browser shows',
  'oidc-client-ts': 'its script is served to a browser',
  typescript: 'make check',
};

/** What package.json says. */
export interface Declared {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** @returns one line for each package that is imported without being declared, or declared without being used */
export function misdeclared(imported: Iterable<string>, { dependencies, devDependencies }: Declared): string[] {
  const declared = new Set([...Object.keys(dependencies), ...Object.keys(devDependencies)]);
  const used = new Set([...imported].filter(isPackage).map(packageOf));
  const isUsed = (name: string) => used.has(name) || name in USED_OTHERWISE || name.startsWith('@types/');
  return [
    ...[...used].filter((name) => !declared.has(name)).map((name) => `${name} is imported, and not in package.json`),
    ...[...declared].filter((name) => !isUsed(name)).map((name) => `${name} is in package.json, and nothing uses it`),
  ];
}

/** @returns all that the code imports, as it is written there */
export function importedIn(root: string): Set<string> {
  const files = globSync('{server,keys,migrations,tests,ops}/**/*.ts', { cwd: root });
  return new Set(
    files
      .filter((file) => !file.endsWith('.d.ts') && !file.includes('node_modules'))
      .flatMap((file) => importsOf(file, readFileSync(join(root, file), 'utf8')).map(({ source }) => source)),
  );
}

const isPackage = (source: string): boolean => !/^(\.|\/|node:)/.test(source);

function packageOf(source: string): string {
  return source
    .split('/')
    .slice(0, source.startsWith('@') ? 2 : 1)
    .join('/');
}
