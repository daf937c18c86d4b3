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
import { collectDump } from './secrets.ts';
import { isAlive, until } from './waiting.ts';

export interface TestDatabase {
  url: string;
  /** Drops it, even while clients are connected. Its dump is saved first when the run collects dumps. */
  drop(): Promise<void>;
}

/** The cluster may lose its data when the machine crashes, which makes tests about twice as fast. */
export const TEST_CLUSTER_SETTINGS: Readonly<Record<string, string>> = {
  fsync: 'off',
  full_page_writes: 'off',
  max_connections: '300',
  shared_buffers: '64MB',
  dynamic_shared_memory_type: 'mmap', // files in its folder, which are removed with it even after a kill
};

let cluster: Promise<string> | undefined;

/** A migrated, empty database, copied from a template in some 30 ms. */
export async function freshDatabase(): Promise<TestDatabase> {
  cluster ??= joinCluster().then(prepareTemplate);
  const adminUrl = await cluster;
  const name = `test_${process.pid}_${randomBytes(6).toString('hex')}`;
  await withAdmin(adminUrl, (admin) => admin.query(`CREATE DATABASE ${name} TEMPLATE ${templateName()}`));
  const url = on(adminUrl, name);
  let dropped: Promise<void> | undefined;
  return {
    url,
    drop() {
      dropped ??= (async () => {
        try {
          await collectDump(url);
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
export async function databaseUrl(scope: Scope): Promise<string> {
  const { url, drop } = await freshDatabase();
  defer(scope, async () => {
    try {
      await assertNobodyConnected(url);
    } finally {
      await drop();
    }
  });
  return url;
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

let template: string | undefined;

/** Named after a hash of the migrations' text: editing one makes a new template, also on a cluster that stays up. */
function templateName(): string {
  if (template) return template;
  const folder = join(ROOT, 'migrations');
  const hash = createHash('sha256');
  for (const file of readdirSync(folder).sort()) hash.update(`${file}\0`).update(readFileSync(join(folder, file)));
  template = `cardea_template_${hash.digest('hex').slice(0, 12)}`;
  return template;
}

/**
 * Creates the template unless it exists. It is locked, and renamed when complete, so that a killed test leaves no
 * incomplete template.
 */
export async function prepareTemplate(adminUrl: string): Promise<string> {
  const name = templateName();
  await withAdmin(adminUrl, async (admin) => {
    await admin.query("SELECT pg_advisory_lock(hashtext('cardea test template'))");
    const found = await admin.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (found.rowCount) return;
    await admin.query(`DROP DATABASE IF EXISTS ${name}_unfinished WITH (FORCE)`);
    await admin.query(`CREATE DATABASE ${name}_unfinished`);
    const db = createDb({ url: on(adminUrl, `${name}_unfinished`), poolSize: 2, timeoutMs: 30_000 });
    try {
      await migrateUp(db);
    } finally {
      await db.close();
    }
    const done = `ALTER DATABASE ${name}_unfinished RENAME TO ${name}`;
    // The pool's last backend may need a moment to end, and a database in use cannot be renamed.
    await until('the template has no connections', () =>
      admin.query(done).then(
        () => true,
        () => false,
      ),
    );
  });
  return adminUrl;
}

/** The URL of another database on the same cluster. */
export function on(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = `/${database}`;
  return other.href;
}

async function withAdmin<T>(url: string, use: (admin: pg.Client) => Promise<T>): Promise<T> {
  const admin = new pg.Client({ connectionString: url, application_name: 'test helper' });
  await admin.connect();
  try {
    return await use(admin);
  } finally {
    await admin.end();
  }
}
