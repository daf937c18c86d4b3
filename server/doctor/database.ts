import { leftBeside } from '../platform/database_password.ts';
import { databasePlace } from '../platform/database_problems.ts';
import { readRole, readServerSettings } from '../platform/database_report.ts';
import { isPasswordRefused } from '../platform/db_errors.ts';
import { assertIssuer, issuerOf } from '../platform/installation.ts';
import { assertSupportedVersion, migrationStatus } from '../platform/migrate.ts';
import { isLoopback } from '../platform/smtp_url.ts';
import { isPartlyRestored } from '../platform/unfinished_restore.ts';
import { Broken, type Check, type Finding, ok, problem, warning } from './check.ts';

/* The database, as far as no store is needed. */

export const checkVersion: Check = async ({ connect, config }) => {
  const file = config.secretFiles.CARDEA_DATABASE_URL;
  const left = () => (file === undefined ? [] : leftBeside(file)).join(', ');
  const db = await connect().catch((error) => {
    const files = isPasswordRefused(error) ? left() : '';
    if (files === '') throw error;
    throw new Broken(
      `the database refuses the password in ${file}; an unfinished rotation has left ${files}`,
      'Run "cardea secrets rotate database-password", which finishes it.',
    );
  });
  const { version, encoding } = await readServerSettings(db);
  assertSupportedVersion(version);
  const found = `Postgres ${Math.floor(version / 10_000)}.${version % 10_000}, ${encoding}`;
  const first =
    encoding === 'UTF8'
      ? ok(found)
      : problem(found, "Create the database again with ENCODING 'UTF8': names of people do not fit into others.");
  const files = left();
  if (files === '') return first;
  const unused = `a rotation of the password has left ${files}, and ${file} works`;
  return [first, warning(unused, 'Remove what was left, unless a rotation runs at this moment.')];
};

/** Settings by which what was committed can be lost, or Cardea refused. */
const WANTED = {
  fsync: { wanted: ['on'], why: 'a crash of the machine would destroy the database' },
  full_page_writes: { wanted: ['on'], why: 'a crash of the machine would destroy the database' },
  synchronous_commit: {
    wanted: ['on', 'local', 'remote_write', 'remote_apply'],
    why: 'a crash would lose what was answered: used codes could be used again',
  },
  read_only: { wanted: ['off'], why: 'this is a standby or a read-only role: name the primary in CARDEA_DATABASE_URL' },
  isolation: { wanted: ['read committed'], why: 'transactions would fail that are tried once' },
} as const;

const NAMES: Readonly<Record<keyof typeof WANTED, string>> = {
  fsync: 'fsync',
  full_page_writes: 'full_page_writes',
  synchronous_commit: 'synchronous_commit',
  read_only: 'default_transaction_read_only',
  isolation: 'default_transaction_isolation',
};

export const checkDatabaseSettings: Check = async ({ database }) => {
  const settings = await readServerSettings(await database());
  const wrong = (Object.keys(WANTED) as (keyof typeof WANTED)[]).flatMap((name): Finding[] => {
    const { wanted, why } = WANTED[name];
    if ((wanted as readonly string[]).includes(settings[name])) return [];
    return [problem(`${NAMES[name]} is ${settings[name]}: ${why}`, `Set it to ${wanted[0]} for the database.`)];
  });
  return wrong.length > 0
    ? wrong
    : ok(`nothing that was committed can be lost; its time zone (${settings.time_zone}) does not matter`);
};

/** Each node has its pool, a connection for notifications, and for a moment one more. */
const BESIDE_POOL = 2;
/** Of an operator: the command line, a backup, a monitor. */
const OPERATORS = 10;

export const checkConnections: Check = async ({ database, stores, config }) => {
  const settings = await readServerSettings(await database());
  const nodes = await stores().then(
    async ({ keyRing }) => (await keyRing.nodes()).length,
    () => 1,
  );
  const available = settings.max_connections - settings.reserved;
  const needed = Math.max(1, nodes) * (config.databasePool + BESIDE_POOL) + OPERATORS;
  const found = `${needed} connections for ${Math.max(1, nodes)} servers, of ${available}`;
  return needed <= available
    ? ok(found)
    : problem(found, 'Raise max_connections of Postgres, or lower CARDEA_DATABASE_POOL.');
};

export const checkDatabaseTls: Check = async ({ database, config }) => {
  const { ssl } = await readServerSettings(await database());
  const host = config.databaseUrl ? databasePlace(config.databaseUrl).host : 'localhost';
  if (ssl) {
    return /[?&]sslmode=(verify-full|verify-ca|require|prefer)/.test(config.databaseUrl ?? '') &&
      !/uselibpqcompat=true/.test(config.databaseUrl ?? '')
      ? ok('the connection is encrypted, and the certificate verified')
      : warning(
          'the connection is encrypted, and the certificate may not be verified',
          'Put sslmode=verify-full into CARDEA_DATABASE_URL.',
        );
  }
  if (host.startsWith('/') || isLoopback(host)) return ok('not encrypted, on this machine');
  return warning(
    `the connection to ${host} is not encrypted`,
    'Turn TLS on in Postgres, and put sslmode=verify-full into CARDEA_DATABASE_URL, unless the network is your own.',
  );
};

export const checkRole: Check = async ({ database }) => {
  const role = await readRole(await database());
  const rights = Object.entries({
    SUPERUSER: role.superuser,
    CREATEDB: role.createdb,
    CREATEROLE: role.createrole,
    BYPASSRLS: role.bypassrls,
    REPLICATION: role.replication,
  }).flatMap(([name, has]) => (has ? [name] : []));
  if (role.unreadable.length > 0) {
    return problem(
      `role ${role.name} may not read ${role.unreadable.slice(0, 3).join(', ')}${role.unreadable.length > 3 ? ' and others' : ''}`,
      'Send ops/postgres/roles.sql, which grants what a server needs.',
    );
  }
  if (rights.length === 0) return ok(`role ${role.name}, with no right beyond this database`);
  return warning(
    `role ${role.name} has ${rights.join(', ')}`,
    'Let the server use a role without them: ops/postgres/roles.sql makes one that cannot change the audit either.',
  );
};

export const checkSchema: Check = async ({ database }) => {
  const db = await database();
  // Before the migrations, of which it has a part too: "migrate up" is refused then.
  if (await isPartlyRestored(db))
    return problem(
      'the database has a part of a backup alone: it is being restored, or a restore of it was interrupted',
      'Wait for the restore, or run "cardea backup restore" again.',
    );
  const all = await migrationStatus(db);
  const named = (state: string) => all.filter((one) => one.state === state).map(({ name }) => name);
  const [unknown, pending] = [named('unknown'), named('pending')];
  if (unknown.length > 0)
    return problem(
      `a later version of Cardea has migrated the database (${unknown.join(', ')})`,
      'Run that version, or restore the backup from before its first start.',
    );
  if (pending.length > 0)
    return problem(
      `${pending.length} migrations are pending, from ${pending[0]} on`,
      'Run "cardea migrate up" (as the role that has the tables).',
    );
  return ok(`up to date (${all.at(-1)?.name})`);
};

export const checkInstallation: Check = async ({ current, config }) => {
  const stored = await issuerOf(await current());
  if (stored === undefined) return warning('no server has used the database yet', 'Start one.');
  assertIssuer(stored, config.issuer.identifier);
  return ok(`it belongs to ${stored}`);
};

const CLOCK_WARNING_MS = 1_000;
const CLOCK_ERROR_MS = 10_000;

export const checkClock: Check = async ({ database, now }) => {
  const db = await database();
  const before = now();
  const settings = await readServerSettings(db);
  return clockFinding('the database', settings.now.getTime(), { before, after: now() });
};

/** @param asked when the other clock was read by ours, in milliseconds since the epoch */
export function clockFinding(
  whose: string,
  other: number,
  { before, after, exactMs = 0 }: { readonly before: number; readonly after: number; readonly exactMs?: number },
): Finding {
  const apart = other < before - exactMs ? before - exactMs - other : Math.max(0, other - after);
  const found = `the clock of this machine and that of ${whose} are ${apart < 100 ? 'the same' : `${(apart / 1_000).toFixed(1)} seconds apart`}`;
  if (apart < CLOCK_WARNING_MS) return ok(found);
  const remedy = 'Run a time service (NTP) on both: expiry, one-time codes and signatures depend on the clock.';
  return apart < CLOCK_ERROR_MS ? warning(found, remedy) : problem(found, remedy);
}
