/**
 * `make deployment` runs this: the commands of ops/docs/deployment.md, as they are written, in a fresh Debian of their own (debootstrap),
 * with what is in the working tree as the repository; then people sign in over TLS through nginx, also during an upgrade.
 * node tests/deployment/run_page.ts [--base DIR]
 * Needs root, debootstrap and unshare. All processes end with it, and its folder is removed.
 * `--base` names a folder with a Debian that is there already; default: one below .artifacts, made once.
 */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { artifacts, ROOT } from '../helpers/artifacts.ts';
import { track } from '../helpers/children.ts';
import { commandsOf } from '../helpers/page_commands.ts';
import { execute } from './execute.ts';
import { PAGE_STEPS, PAGE_VALUES } from './steps.ts';

const RELEASE = 'trixie';
const PORTS = [80, 443, 3001, 3002, 5432, 6379];
const NEXT = 'two';
const AUTHORITIES = '/srv/authorities.pem';

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { base: { type: 'string' } } });
  if (process.getuid?.() !== 0) throw new Error('make deployment must be run by root: it makes a Debian of its own');
  for (const port of PORTS) if (await isTaken(port)) throw new Error(`port ${port} is taken on this machine`);
  const base = values.base ?? debian();
  const folder = mkdtempSync(join(artifacts(), 'deployment-'));
  try {
    const root = join(folder, 'root');
    execute('cp', ['-a', '--reflink=auto', base, root]);
    cpSync('/etc/resolv.conf', join(root, 'etc/resolv.conf'), { dereference: true });
    // Where the registry of packages has an authority of its own.
    if (process.env.NODE_EXTRA_CA_CERTS)
      cpSync(process.env.NODE_EXTRA_CA_CERTS, join(root, AUTHORITIES), { dereference: true });
    makeRepository(join(root, 'srv/cardea.git'), folder);
    writeFileSync(join(root, 'srv/page.sh'), script());
    await follow(root, folder);
    console.log('\nThe page works as it is written.');
    return 0;
  } finally {
    spawnSync('rm', ['-rf', '--one-file-system', folder]);
  }
}

/** A Debian without anything, made once. */
function debian(): string {
  const folder = join(artifacts(), `debian-${RELEASE}`);
  if (existsSync(join(folder, 'etc/debian_version'))) return folder;
  console.log(`making a Debian ${RELEASE} by debootstrap (once)…`);
  rmSync(folder, { recursive: true, force: true });
  execute('debootstrap', ['--variant=minbase', RELEASE, `${folder}.new`]);
  execute('mv', [`${folder}.new`, folder]);
  return folder;
}

/** Two branches with what is in the working tree, committed or not. */
function makeRepository(path: string, folder: string): void {
  const index = { GIT_INDEX_FILE: join(folder, 'index') };
  const author = { GIT_AUTHOR_NAME: 'x', GIT_AUTHOR_EMAIL: 'x', GIT_COMMITTER_NAME: 'x', GIT_COMMITTER_EMAIL: 'x' };
  execute('git', ['read-tree', 'HEAD'], index);
  execute('git', ['add', '--all'], index);
  const tree = execute('git', ['write-tree'], index).trim();
  const commit = execute('git', ['commit-tree', '-m', 'the working tree', tree], author).trim();
  mkdirSync(path, { recursive: true });
  execute('git', ['init', '--quiet', '--bare', path]);
  for (const branch of [PAGE_VALUES.VERSION, NEXT])
    execute('git', ['push', '--quiet', path, `${commit}:refs/heads/${branch}`]);
  execute('chown', ['-R', '0:0', path]);
}

/** The commands of the page in one shell; between them it waits for the checks of this process. */
function script(): string {
  const texts = new Map(commandsOf('deployment.md').map(({ kind, name, text }) => [kind === 'run' ? name : '', text]));
  const lines = [
    'set -euo pipefail',
    'checked() { echo "$1" >&3; read -r answer <&4; [ "$answer" = ok ]; }',
    ...Object.entries({ ...PAGE_VALUES, NEXT }).map(([name, value]) => `export ${name}='${value}'`),
  ];
  for (const step of PAGE_STEPS) {
    if ('check' in step) lines.push(`checked ${step.check}`);
    else
      for (const name of step.commands) lines.push(`echo '== ${name}'`, 'cd /root', 'umask 022', texts.get(name) ?? '');
  }
  return `${lines.join('\n')}\n`;
}

/** @throws when a command fails, or a check */
async function follow(root: string, folder: string): Promise<void> {
  writeFileSync(join(folder, 'hosts'), `127.0.0.1 localhost ${PAGE_VALUES.DOMAIN}\n`);
  const mounts = `set -e
mount --make-rprivate /
mount -t proc proc '${root}/proc'
mount --rbind /dev '${root}/dev'
mount -t tmpfs tmpfs '${root}/run'
exec env -i NODE_EXTRA_CA_CERTS=${AUTHORITIES} HOME=/root LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin chroot '${root}' bash /srv/page.sh`;
  const child = spawn('unshare', ['--mount', '--pid', '--fork', '--kill-child', 'bash', '-c', mounts], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'pipe'],
    detached: true,
  });
  track(child);
  const [, , , asked, answers] = child.stdio;
  if (!asked || !answers || !('read' in asked) || !('write' in answers)) throw new Error('no pipes');
  let load: Load | undefined;
  const failed: string[] = [];
  createInterface({ input: asked }).on('line', async (check) => {
    try {
      console.log(`-- ${check}`);
      if (check === 'load') load = startLoad(root, folder);
      else if (check === 'unload') console.log(await load?.end());
      else signIn(root, folder);
      answers.write('ok\n');
    } catch (error) {
      failed.push(error instanceof Error ? error.message : String(error));
      answers.write('failed\n');
    }
  });
  const code = await new Promise((done) => child.once('exit', done));
  load?.kill();
  if (code !== 0) {
    for (const log of ['var/log/cardea/3001.log', 'var/log/nginx/error.log'])
      if (existsSync(join(root, log))) console.error(`${log}:\n${readFileSync(join(root, log), 'utf8').slice(-3_000)}`);
    throw new Error([`the commands ended with ${code}`, ...failed].join('\n'));
  }
}

/** A person signs in to the app of the page, and both nodes have a part in it. */
function signIn(root: string, folder: string): void {
  const log = join(root, 'var/log/nginx/access.log');
  const before = readFileSync(log, 'utf8').length;
  process.stdout.write(inPlace(root, folder, ['sign-in']));
  const nodes = new Set(
    readFileSync(log, 'utf8')
      .slice(before)
      .match(/127\.0\.0\.1:300[12]/g),
  );
  if (nodes.size !== 2) throw new Error(`the sign-in has reached ${[...nodes].join()} alone`);
  console.log(`a person signed in over TLS; their requests were served by ${[...nodes].sort().join(' and ')}`);
}

interface Load {
  /** @returns what was sent. @throws when a request has failed */
  end(): Promise<string>;
  kill(): void;
}

function startLoad(root: string, folder: string): Load {
  const [program, args, env] = placed(root, folder, ['load']);
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  track(child);
  let output = '';
  child.stdout.on('data', (data) => {
    output += String(data);
  });
  return {
    async end() {
      child.kill('SIGTERM');
      const code = child.exitCode ?? (await new Promise((done) => child.once('exit', done)));
      if (code !== 0) throw new Error(`requests failed during the upgrade: ${output}`);
      return output.trim();
    },
    kill: () => void child.kill('SIGKILL'),
  };
}

function inPlace(root: string, folder: string, args: readonly string[]): string {
  const [program, all, env] = placed(root, folder, args);
  return execute(program, all, env);
}

/** `visit.ts` where the name of the issuer leads to this machine, and the page's authority is trusted. */
function placed(root: string, folder: string, args: readonly string[]): [string, string[], NodeJS.ProcessEnv] {
  const secrets = join(root, 'etc/cardea/secrets');
  const node = [
    process.execPath,
    join(ROOT, 'tests/deployment/visit.ts'),
    ...args,
    `https://${PAGE_VALUES.DOMAIN}`,
    secrets,
  ];
  const mounted = `mount --make-rprivate / && mount --bind '${folder}/hosts' /etc/hosts && exec "$@"`;
  return [
    'unshare',
    ['--mount', 'bash', '-c', mounted, 'bash', ...node],
    { ...process.env, NODE_EXTRA_CA_CERTS: join(root, 'etc/cardea/tls/authorities.pem') },
  ];
}

function isTaken(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
