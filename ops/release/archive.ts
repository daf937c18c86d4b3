/**
 * `make archive` runs this: the archive of the release whose tag the current commit has, in .artifacts/release, with SHA256SUMS; the
 * notes of the release are in .artifacts/notes.md. The same commit gives the same bytes.
 * node ops/release/archive.ts
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { notesOf } from './changelog.ts';
import { git, holds } from './git.ts';

/** What a server is run from; not the tests, nor what only developers need. */
const PARTS = [
  ...['Makefile', 'package.json', 'package-lock.json', 'LICENSE', 'README.md', 'CHANGELOG.md', 'SECURITY.md'],
  ...['server', 'keys', 'migrations', 'ops'],
];
const FOLDER = '.artifacts/release';
const MAX_BYTES = 2 ** 28;

function archive(): string {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  const tag = `v${version}`;
  if (!holds('rev-parse', '--verify', '--quiet', `refs/tags/${tag}`))
    throw new Error(`there is no tag ${tag}: make release version=${version} makes it`);
  if (git('rev-parse', `${tag}^{commit}`) !== git('rev-parse', 'HEAD'))
    throw new Error(`this commit is not that of the tag ${tag}: git checkout ${tag}`);
  const name = `cardea-${version}`;
  // Times are those of the commit, and the order is that of git.
  const args = ['-c', 'tar.umask=0022', 'archive', '--format=tar', `--prefix=${name}/`, tag, '--', ...PARTS];
  const tar = spawnSync('git', args, { maxBuffer: MAX_BYTES });
  if (tar.status !== 0) throw new Error(`git archive: ${tar.error?.message ?? tar.stderr}`);
  const bytes = gzipSync(tar.stdout, { level: 9 });
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  const file = `${name}.tar.gz`;
  writeFileSync(join(FOLDER, file), bytes);
  writeFileSync(join(FOLDER, 'SHA256SUMS'), `${createHash('sha256').update(bytes).digest('hex')}  ${file}\n`);
  writeFileSync('.artifacts/notes.md', `${notesOf(readFileSync('CHANGELOG.md', 'utf8'), version)}\n`);
  return join(FOLDER, file);
}

try {
  console.log(archive());
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
