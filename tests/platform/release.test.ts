import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ROOT } from '../helpers/artifacts.ts';
import { ended, killGroup, track } from '../helpers/children.ts';
import { temporaryFolder } from '../helpers/folders.ts';
import { databaseUrl } from '../helpers/postgres.ts';
import { inherited } from '../helpers/processes.ts';
import { remember } from '../helpers/secrets.ts';
import { freePort, until } from '../helpers/waiting.ts';

const VERSION = '9.0.0';
/** Longer than any start, which builds the documents first. */
const STARTED_WITHIN_MS = 120_000;
const IDENTITY = ['GIT_AUTHOR', 'GIT_COMMITTER'].flatMap((who) => [
  [`${who}_NAME`, 'Test'],
  [`${who}_EMAIL`, 'test@example.org'],
]);

function repository(folder: string) {
  const at = join(folder, 'repository');
  const env = { ...inherited(), ...Object.fromEntries(IDENTITY) };
  const run = (command: string, ...args: readonly string[]) =>
    spawnSync(command, args, { cwd: at, encoding: 'utf8', env });
  const git = (...args: readonly string[]) => run('git', ...args).stdout.trim();
  assert.equal(spawnSync('git', ['clone', '--quiet', '--no-tags', ROOT, at]).status, 0);
  git('switch', '--quiet', '--force-create', 'main');
  symlinkSync(join(ROOT, 'node_modules'), join(at, 'node_modules'));
  writeFileSync(join(at, '.git/info/exclude'), 'node_modules\n');
  mkdirSync(join(at, '.artifacts'));
  return {
    at,
    env,
    git,
    tested: () =>
      writeFileSync(join(at, '.artifacts/tested.json'), JSON.stringify({ commit: git('rev-parse', 'HEAD') })),
    release: (...args: readonly string[]) => run(process.execPath, 'ops/release/main.ts', ...args),
    archive: () => run(process.execPath, 'ops/release/archive.ts'),
  };
}

describe('make release', () => {
  test('names everything that is missing, and changes nothing', (t) => {
    const { at, git, release } = repository(temporaryFolder(t));
    const refused = (version: string) => release(version).stderr.trim().split('\n');
    const lines = (...parts: readonly RegExp[]) => parts;
    const cases: readonly [string, readonly RegExp[]][] = [
      ['', lines(/"" is not a version/)],
      ['1.2', lines(/"1\.2" is not a version/)],
      ['0.0.1', lines(/0\.0\.1 is not higher/, /not all tests have passed/)],
      [VERSION, lines(/not all tests have passed/)],
    ];
    for (const [version, expected] of cases) {
      const found = refused(version);
      assert.equal(found.length, expected.length, found.join('\n'));
      for (const [index, pattern] of expected.entries()) assert.match(found[index] ?? '', pattern);
    }
    git('tag', `v${VERSION}`);
    git('checkout', '--quiet', '--detach');
    writeFileSync(join(at, 'CHANGELOG.md'), '# Changelog\n\n## Unreleased\n\n## 0.0.1 – 2020-01-01\n\n- old\n');
    const all = refused(VERSION);
    const patterns = [
      /the tag v9\.0\.0 exists/,
      /files have changed/,
      /no branch/,
      /under “Unreleased”/,
      /not all tests/,
    ];
    assert.equal(all.length, patterns.length, all.join('\n'));
    for (const [index, pattern] of patterns.entries()) assert.match(all[index] ?? '', pattern);
    assert.equal(git('status', '--porcelain'), 'M CHANGELOG.md');
  });

  test('makes a tag and an archive with the same bytes each time, which runs once it is unpacked', async (t) => {
    const folder = temporaryFolder(t);
    const { at, env, git, tested, release, archive } = repository(folder);
    appendFileSync(join(at, '.git/config'), '[tag]\n\tgpgSign = false\n');
    tested();
    const before = git('rev-parse', 'HEAD');
    const dry = release(VERSION, '--dry-run');
    assert.equal(dry.status, 0, dry.stderr);
    assert.equal(git('rev-parse', 'HEAD'), before);
    const done = release(VERSION);
    assert.equal(done.status, 0, done.stderr);
    assert.equal(git('status', '--porcelain'), '');
    assert.equal(git('cat-file', '-t', `v${VERSION}`), 'tag');
    assert.match(readFileSync(join(at, 'CHANGELOG.md'), 'utf8'), /^## Unreleased\n\n## 9\.0\.0 – \d{4}-\d\d-\d\d$/m);
    assert.equal(JSON.parse(readFileSync(join(at, 'package-lock.json'), 'utf8')).packages[''].version, VERSION);

    const file = join(at, `.artifacts/release/cardea-${VERSION}.tar.gz`);
    const sums = () => readFileSync(join(at, '.artifacts/release/SHA256SUMS'), 'utf8');
    const first = sums();
    assert.equal(first, `${createHash('sha256').update(readFileSync(file)).digest('hex')}  cardea-${VERSION}.tar.gz\n`);
    assert.equal(archive().status, 0);
    assert.equal(sums(), first);

    assert.equal(spawnSync('tar', ['-xzf', file, '-C', folder]).status, 0);
    const unpacked = join(folder, `cardea-${VERSION}`);
    assert.ok(!readdirSync(unpacked).includes('tests'));
    // Links instead of `npm ci`: a folder of its own, so that make could not touch the packages of the repository.
    mkdirSync(join(unpacked, 'node_modules'));
    for (const name of readdirSync(join(ROOT, 'node_modules')).filter((one) => one !== '.complete'))
      symlinkSync(join(ROOT, 'node_modules', name), join(unpacked, 'node_modules', name));
    writeFileSync(join(unpacked, 'node_modules/.complete'), '');
    const port = String(await freePort());
    const server = spawn('make', ['run'], {
      cwd: unpacked,
      env: {
        ...env,
        CARDEA_PORT: port,
        CARDEA_DATABASE_URL: await databaseUrl(t),
        CARDEA_MASTER_KEY: remember('master_key', Buffer.alloc(32, 7).toString('base64')),
        CARDEA_DATA_DIR: join(folder, 'data'),
      },
      stdio: ['ignore', 'ignore', 'inherit'],
      detached: true,
    });
    track(server);
    const isReady = () =>
      fetch(`http://127.0.0.1:${port}/readyz`).then(
        (response) => response.ok,
        () => false,
      );
    await until('the server is ready', isReady, { withinMs: STARTED_WITHIN_MS });
    killGroup(server, 'SIGTERM');
    await ended(server);
  });
});
