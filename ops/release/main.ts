/**
 * `make release version=1.2.0` runs this. It refuses what is not fit for a release, and changes nothing then. Otherwise it writes the
 * version to package.json, package-lock.json and CHANGELOG.md, keeps the descriptions of the API, makes a commit, a tag and the
 * archive, and publishes nothing.
 * node ops/release/main.ts <version> [--dry-run]
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { notesOf, released } from './changelog.ts';
import { git, holds } from './git.ts';

const VERSION = /^(\d+)\.(\d+)\.(\d+)$/;
/** tests/run.ts writes the commit at which all tests have passed. */
const TESTED = '.artifacts/tested.json';

const [version = '', ...options] = process.argv.slice(2);
const isDry = options.includes('--dry-run');
const tag = `v${version}`;
const read = (file: string) => readFileSync(file, 'utf8');

/** Each line says what to do. */
function problems(): string[] {
  const current = (JSON.parse(read('package.json')) as { version: string }).version;
  if (!VERSION.test(version)) return [`"${version}" is not a version: make release version=1.2.0 (now ${current})`];
  const found: string[] = [];
  const isTagged = (name: string) => holds('rev-parse', '--verify', '--quiet', `refs/tags/${name}`);
  if (isTagged(tag)) found.push(`the tag ${tag} exists: take a higher version`);
  const isFirst = version === current && !isTagged(`v${current}`);
  if (!isFirst && !isHigher(version, current))
    found.push(`${version} is not higher than ${current}: take a higher version`);
  if (git('status', '--porcelain') !== '')
    found.push('files have changed: commit them, or undo the changes (git status)');
  if (!holds('symbolic-ref', '--quiet', 'HEAD')) found.push('no branch is checked out: git switch main');
  if (notesOf(read('CHANGELOG.md'), undefined) === '')
    found.push('CHANGELOG.md says nothing under “Unreleased”: say what an operator notices of this release');
  if (testedCommit() !== git('rev-parse', 'HEAD')) found.push('not all tests have passed at this commit: make test');
  return found;
}

function isHigher(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => text.split('.').map(Number));
  const at = [0, 1, 2].find((index) => a?.[index] !== b?.[index]);
  return at !== undefined && (a?.[at] ?? 0) > (b?.[at] ?? 0);
}

function testedCommit(): string | undefined {
  try {
    return (JSON.parse(read(TESTED)) as { commit: string }).commit;
  } catch {
    return undefined;
  }
}

function node(...args: readonly string[]): void {
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) throw new Error(`${args.join(' ')} failed; git restore . brings the files back as they were`);
}

/** Replaces the first, or the first two, as the lock file has the version of the project twice at its head. */
function writeVersion(file: string, times: number): void {
  let left = times;
  const text = read(file).replace(/^( +"version": ")[^"]*"/gm, (line, start) =>
    left-- > 0 ? `${start}${version}"` : line,
  );
  writeFileSync(file, text);
}

function release(): void {
  writeVersion('package.json', 1);
  writeVersion('package-lock.json', 2);
  writeFileSync('CHANGELOG.md', released(read('CHANGELOG.md'), version, new Date().toISOString().slice(0, 10)));
  node('tests/openapi/check.ts', '--release');
  git('add', 'package.json', 'package-lock.json', 'CHANGELOG.md', 'ops/openapi');
  git('commit', '--quiet', '--message', `release: ${version}`);
  const isSigned = holds('config', '--get', 'user.signingkey');
  git('tag', isSigned ? '--sign' : '--annotate', tag, '--message', `Cardea ${version}`);
  node('ops/release/archive.ts');
  if (!isSigned) console.log(`The tag is not signed: git config user.signingkey has no key.`);
  console.log(`${version} is ready. To publish it: git push --atomic origin HEAD ${tag}`);
}

const refused = problems();
for (const line of refused) console.error(line);
if (refused.length > 0) process.exitCode = 1;
else if (isDry) console.log(`${version} can be released:\n\n${notesOf(read('CHANGELOG.md'), undefined)}`);
else release();
