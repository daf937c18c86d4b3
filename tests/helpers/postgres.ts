import { createHash, randomBytes } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { createDb, type Db, type DbOptions } from '../../server/platform/db.ts';
import { startEmbeddedPostgres } from '../../server/platform/embedded.ts';
import { migrateUp } from '../../server/platform/migrate.ts';
import { ROOT } from './artifacts.ts';
import { defer, type Scope } from './scope.ts';
import { collectDump, rememberedSecrets } from './secrets.ts';
import { isAlive, until } from './waiting.ts';

export interface TestDatabase {
  url: string;
  /**
   * Drops it, even while clients are connected. Its dump is saved first when the run collects dumps and this process has
   * used a secret since the database was made.
   */
  drop(): Promise<void>;
}

/** The cluster may lose its data when the machine crashes, which makes tests about twice as fast. */
export const TEST_CLUSTER_SETTINGS: Readonly<Record<string, string>> = {
  fsync: 'off',
  full_page_writes: 'off',
  max_connections: '300',
  autovacuum: 'off', // databases live for seconds, and a test that needs statistics makes them
  shared_buffers: '64MB',
  hba_file: join(ROOT, 'tests/helpers/pg_hba.conf'),
  scram_iterations: '1', // otherwise each of thousands of connections hashes its password thousands of times
  dynamic_shared_memory_type: 'mmap', // files in its folder, which are removed with it even after a kill
};

let cluster: Promise<string> | undefined;

/** A database that others are copied from. */
export interface Template {
  /** A new name makes a new template, also on a cluster that stays up. */
  name(): string;
  /** Default: an empty database. */
  readonly from?: Template;
  make(url: string): Promise<void>;
}

/** A migrated, empty database, copied from a template in some 15 ms. */
export async function freshDatabase(template = MIGRATED): Promise<TestDatabase> {
  cluster ??= joinCluster();
  const adminUrl = await cluster;
  await prepareTemplate(adminUrl, template);
  const name = `test_${process.pid}_${randomBytes(6).toString('hex')}`;
  // Copying files takes half the time of copying pages through the write-ahead log, the default.
  await withAdmin(adminUrl, (admin) =>
    admin.query(`CREATE DATABASE ${name} TEMPLATE ${template.name()} STRATEGY FILE_COPY`),
  );
  const url = on(adminUrl, name);
  const rememberedBefore = rememberedSecrets();
  let dropped: Promise<void> | undefined;
  return {
    url,
    drop() {
      dropped ??= (async () => {
        try {
          if (rememberedSecrets() > rememberedBefore) await collectDump(url);
        } finally {
          await withAdmin(adminUrl, (admin) => admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
        }
      })();
      return dropped;
    },
  };
}

/**
 * A fresh database for a test or a suite, with a pool. When the scope ends, the pool is closed, the database is
 * dropped, and the test fails if a connection is still open.
 */
export async function database(scope: Scope, options: Omit<DbOptions, 'url'> = {}): Promise<{ url: string; db: Db }> {
  const { url, drop } = await freshDatabase();
  const db = createDb({ ...options, url });
  defer(scope, async () => {
    try {
      await db.close();
      await assertNobodyConnected(url);
    } finally {
      await drop();
    }
  });
  return { url, db };
}

/** A fresh database for servers that open their own connections; the test fails if they do not close them. */
export async function databaseUrl(scope: Scope, template = MIGRATED): Promise<string> {
  const { url, drop } = await freshDatabase(template);
  defer(scope, async () => {
    try {
      await assertNobodyConnected(url);
    } finally {
      await drop();
    }
  });
  return url;
}

/** A copy of a database that nobody is connected to. */
export function copiedDatabaseUrl(scope: Scope, url: string): Promise<string> {
  return databaseUrl(scope, { name: () => new URL(url).pathname.slice(1), make: async () => {} });
}

async function assertNobodyConnected(url: string): Promise<void> {
  const name = new URL(url).pathname.slice(1);
  await withAdmin(on(url, 'postgres'), async (admin) => {
    const connected = async () => {
      const { rows } = await admin.query<{ application_name: string; query: string }>(
        "SELECT application_name, query FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'",
        [name],
      );
      return rows;
    };
    // A backend ends a moment after its socket was closed.
    await until('everybody disconnects', async () => (await connected()).length === 0, { withinMs: 3_000 }).catch(
      async () => {
        const left = (await connected()).map((one) => `${one.application_name}: ${one.query.slice(0, 80)}`);
        if (left.length > 0) throw new Error(`the test leaked database connections: ${left.join('; ')}`);
      },
    );
  });
}

// ---- the cluster ----

/** @returns the URL of its database "postgres" */
async function joinCluster(): Promise<string> {
  const given = process.env.TEST_POSTGRES_URL;
  if (given) return on(given, 'postgres');
  // Test files that are run individually share one cluster, which stays up between runs.
  const dataDir = join(tmpdir(), `cardea-test-postgres-${process.getuid?.() ?? 'user'}`);
  mkdirSync(dataDir, { recursive: true, mode: 0o711 });
  const found = lstatSync(dataDir);
  if (!found.isDirectory() || found.uid !== process.getuid?.()) throw new Error(`${dataDir} belongs to somebody else`);
  const unlock = await lock(join(dataDir, 'starting'));
  try {
    const { url } = await startEmbeddedPostgres({ dataDir, settings: TEST_CLUSTER_SETTINGS });
    return on(url, 'postgres');
  } finally {
    unlock();
  }
}

/** A lock between processes of one user, which is released when its owner dies. */
async function lock(file: string): Promise<() => void> {
  await until(
    `the lock ${file}`,
    () => {
      try {
        writeFileSync(file, String(process.pid), { flag: 'wx' });
        return true;
      } catch {
        const holder = Number(read(file));
        if (holder > 0 && !isAlive(holder)) rmSync(file, { force: true });
        return false;
      }
    },
    { withinMs: 60_000 },
  );
  return () => rmSync(file, { force: true });
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

// ---- the template ----

const PROJECT_MIGRATIONS = join(ROOT, 'migrations');
let hashOfMigrations: string | undefined;

/** A migrated, empty database. Its name has a hash of the migrations' text. */
export const MIGRATED: Template = {
  name() {
    hashOfMigrations ??= readdirSync(PROJECT_MIGRATIONS)
      .sort()
      .reduce(
        (hash, file) => hash.update(`${file}\0`).update(readFileSync(join(PROJECT_MIGRATIONS, file))),
        createHash('sha256'),
      )
      .digest('hex')
      .slice(0, 12);
    return `cardea_template_${hashOfMigrations}`;
  },
  async make(url) {
    const db = createDb({ url, poolSize: 2, timeoutMs: 30_000 });
    try {
      await migrateUp(db);
    } finally {
      await db.close();
    }
  },
};

const prepared = new Map<Template, Promise<void>>();

/**
 * Creates a template unless it exists. It is locked, and renamed when complete, so that a killed test leaves no
 * incomplete template.
 */
export async function prepareTemplate(adminUrl: string, template = MIGRATED): Promise<void> {
  if (template.from) await prepareTemplate(adminUrl, template.from);
  let done = prepared.get(template);
  if (!done) {
    done = withAdmin(adminUrl, async (admin) => {
      await admin.query("SELECT pg_advisory_lock(hashtext('cardea test template'))");
      try {
        await createTemplate(admin, adminUrl, template);
      } finally {
        await admin.query("SELECT pg_advisory_unlock(hashtext('cardea test template'))");
      }
    });
    prepared.set(template, done);
  }
  return done;
}

async function createTemplate(admin: pg.PoolClient, adminUrl: string, template: Template): Promise<void> {
  const name = template.name();
  const found = await admin.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
  if (found.rowCount) return;
  await makePasswordCheap(admin, new URL(adminUrl).password);
  await admin.query(`DROP DATABASE IF EXISTS ${name}_unfinished WITH (FORCE)`);
  await admin.query(`CREATE DATABASE ${name}_unfinished${template.from ? ` TEMPLATE ${template.from.name()}` : ''}`);
  await template.make(on(adminUrl, `${name}_unfinished`));
  const rename = `ALTER DATABASE ${name}_unfinished RENAME TO ${name}`;
  // The last backend may need a moment to end, and a database in use cannot be renamed.
  await until('the template has no connections', () =>
    admin.query(rename).then(
      () => true,
      () => false,
    ),
  );
}

/** By default each connection hashes the password 4096 times on both sides, a third of the time that it takes. */
async function makePasswordCheap(admin: pg.PoolClient, password: string): Promise<void> {
  await admin.query('SET scram_iterations = 1');
  await admin.query(`ALTER ROLE CURRENT_USER PASSWORD ${admin.escapeLiteral(decodeURIComponent(password))}`);
  await admin.query('RESET scram_iterations');
}

/** The URL of another database on the same cluster. */
export function on(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = `/${database}`;
  return other.href;
}

let admins: pg.Pool | undefined;

/** The connections stay open for all databases of this process, and keep it alive only while they are used. */
async function withAdmin<T>(url: string, use: (admin: pg.PoolClient) => Promise<T>): Promise<T> {
  admins ??= new pg.Pool({
    connectionString: on(url, 'postgres'),
    application_name: 'test helper',
    max: 4,
    idleTimeoutMillis: 0,
    allowExitOnIdle: true,
  }).on('error', () => {});
  const admin = await admins.connect();
  try {
    return await use(admin);
  } finally {
    admin.release();
  }
}

/** Closes the connections of a process that goes on. */
export async function disconnectAdmin(): Promise<void> {
  await admins?.end();
  admins = undefined;
}
