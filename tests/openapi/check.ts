/**
 * Compares ops/openapi with the code, and the code with the descriptions of the last release; `make check` runs this file.
 * With --write it writes the descriptions, and the types of a TypeScript client (openapi-typescript); with --release also the
 * descriptions that all later ones are compared with, unless they break programs of the release before.
 * node tests/openapi/check.ts [--write | --release]
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import PACKAGE from '../../package.json' with { type: 'json' };
import { ROOT } from '../helpers/artifacts.ts';
import { brokenBy, descriptions, FOLDER, printed, problemsOf, RELEASED } from './descriptions.ts';

registerHooks({
  resolve: (name, context, next) =>
    name === 'typescript'
      ? { url: new URL('./typescript.ts', import.meta.url).href, shortCircuit: true }
      : next(name, context),
});
const { default: openapiTS, astToString } = await import('openapi-typescript');

const made = await descriptions(PACKAGE.version);
const files: Record<string, string> = {};
for (const [name, document] of Object.entries(made)) {
  files[`${FOLDER}/${name}.json`] = printed(document);
  const types = await openapiTS(printed(document), { alphabetize: false });
  files[`${FOLDER}/${name}.ts`] = `// Written by \`make documents\` from ${name}.json.\n\n${astToString(types)}`;
}

const read = (path: string) => (existsSync(join(ROOT, path)) ? readFileSync(join(ROOT, path), 'utf8') : undefined);
const releases = process.argv.includes('--release');
if (releases || process.argv.includes('--write')) {
  for (const [path, text] of Object.entries(files)) writeFileSync(join(ROOT, path), text);
}
if (releases && brokenBy(made, read).length === 0) {
  mkdirSync(join(ROOT, RELEASED), { recursive: true });
  for (const [name, one] of Object.entries(made)) writeFileSync(join(ROOT, RELEASED, `${name}.json`), printed(one));
}
const problems = problemsOf(made, files, read);
for (const line of problems) console.error(line);
process.exitCode = problems.length === 0 ? 0 : 1;
