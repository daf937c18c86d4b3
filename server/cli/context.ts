import { randomUUID } from 'node:crypto';
import { constants } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import type { Command } from 'commander';
import {
  createAccountStores,
  createClientStores,
  createOperations,
  openFactors,
  openKeyRing,
  openPasswords,
} from '../composition/stores.ts';
import { type Config, describeConfig, loadConfig } from '../config.ts';
import { resolveMasterKeys } from '../master_keys.ts';
import type { Call, Change, InputOf, Read, Schemas, Stream, StreamInput } from '../operations/operation.ts';
import { PERMISSIONS } from '../operations/permissions.ts';
import type { Batch, OutputOf } from '../operations/run.ts';
import type { Running } from '../operations/run_stream.ts';
import type { Services } from '../operations/services.ts';
import { type Clock, systemClock } from '../platform/clock.ts';
import { databaseProblem } from '../platform/database_problems.ts';
import { createDb, type Db, ping } from '../platform/db.ts';
import { translate } from '../platform/db_errors.ts';
import { createDeclaredSettings } from '../platform/declared_settings.ts';
import { assertWritable, startEmbeddedPostgres } from '../platform/embedded.ts';
import { AppError, isUnavailable } from '../platform/errors.ts';
import { assertIssuer, issuerOf } from '../platform/installation.ts';
import { createLog } from '../platform/log.ts';
import { assertKnown, migrateUp, migrationStatus } from '../platform/migrate.ts';
import { once } from '../platform/once.ts';
import { createOutbound } from '../platform/outbound.ts';
import { createSealer, type Sealer } from '../platform/sealing.ts';
import type { Environment } from '../platform/settings.ts';
import { assertRestored, isPartlyRestored } from '../platform/unfinished_restore.ts';

/** The command line itself was wrong: exit code 2. */
export class UsageError extends Error {}

/** The process was asked to stop: by Ctrl-C or by another signal. */
export class Interrupted extends Error {
  readonly exitCode: number;
  constructor(signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP') {
    super(signal);
    this.exitCode = 128 + constants.signals[signal];
  }
}

/** Two things that were compared differ: exit code 3, without a message. */
export class Differs extends Error {}

/** The services of a verb. They are closed when the verb ends, also when it fails. */
export interface Context {
  readonly config: Config;
  readonly db: Db;
  readonly sealer: Sealer;
  readonly now: Clock;
  /** For the configuration file and what reads; everything else runs operations. */
  readonly services: Services;
  readonly batch: Batch;
  /** A call by the operator of this machine, who may do everything. */
  call(how?: Pick<Call, 'dryRun'>): Call;
  /** Runs an operation by such a call. */
  operate<S extends Schemas>(
    operation: Read<S> | Change<S>,
    input: Partial<InputOf<S>>,
    how?: HowCalled,
  ): Promise<OutputOf<S>>;
  /** Begins an operation on very many things by such a call. */
  stream<S extends Schemas>(
    operation: Stream<S>,
    input: StreamInput<S>,
    how?: Pick<Call, 'dryRun'>,
  ): Promise<Running<OutputOf<S>>>;
}

/** `full`: personal data is shown in full; default: masked. */
type HowCalled = Pick<Call, 'dryRun' | 'force' | 'progress'> & { readonly full?: boolean | undefined };

export interface ContextOptions {
  /** `any` does not check the schema, for the verbs that migrate it. */
  readonly schema?: 'current' | 'any';
  /** `any` also opens the database of another issuer, for the verbs about the issuer. */
  readonly issuer?: 'same' | 'any';
  /** `opened`: also a database of which a restore is unfinished, for the verbs that do not read what it has. */
  readonly partlyRestored?: 'refused' | 'opened';
}

const POOL_SIZE = 2;
const EMBEDDED_RETRY_MS = 5_000;
const EMBEDDED_PAUSE_MS = 100;

type Verb<Options> = (context: Context, options: Options, ...args: string[]) => Promise<void>;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The part of `process` that reports signals. */
export interface Signals {
  once(signal: (typeof SIGNALS)[number], listener: (signal: NodeJS.Signals) => void): unknown;
  off(signal: (typeof SIGNALS)[number], listener: (signal: NodeJS.Signals) => void): unknown;
}

export interface Verbs {
  /**
   * A commander action that opens the context, runs the verb with its options and arguments, and closes everything,
   * also on Ctrl-C.
   */
  verb<Options = Record<never, never>>(
    run: Verb<Options>,
    contextOptions?: ContextOptions,
  ): (...given: unknown[]) => Promise<void>;
  /** @throws Interrupted when a signal arrives before the work is done; a second one ends the process at once */
  withContext(run: (context: Context) => Promise<void>, options?: ContextOptions): Promise<void>;
}

type Host = Signals & { readonly env: Environment };

export function createVerbs(host: Host): Verbs {
  const runWithContext: Verbs['withContext'] = (run, options = {}) => withContext(host, run, options);
  return {
    withContext: runWithContext,
    verb:
      <Options>(run: Verb<Options>, contextOptions: ContextOptions = {}) =>
      (...given: unknown[]) => {
        const command = given.at(-1) as Command;
        return runWithContext((context) => run(context, command.opts() as Options, ...command.args), contextOptions);
      },
  };
}

async function withContext(
  host: Host,
  run: (context: Context) => Promise<void>,
  options: ContextOptions,
): Promise<void> {
  const stopping = new AbortController();
  const interrupted = Promise.withResolvers<never>();
  const onSignal = (signal: NodeJS.Signals) => {
    const error = new Interrupted(signal as (typeof SIGNALS)[number]);
    stopping.abort(error);
    interrupted.reject(error);
  };
  for (const signal of SIGNALS) host.once(signal, onSignal);
  try {
    await using opened = new AsyncDisposableStack();
    const opening = open(opened, host.env, options, stopping.signal);
    const work = opening.then((context) => {
      stopping.signal.throwIfAborted();
      return run(context);
    });
    try {
      await Promise.race([interrupted.promise, work]);
    } finally {
      await opening.catch(() => {}); // parts that have started by then are stopped below
    }
  } finally {
    for (const signal of SIGNALS) host.off(signal, onSignal);
  }
}

async function open(
  opened: AsyncDisposableStack,
  env: Environment,
  asked: ContextOptions,
  stopping: AbortSignal,
): Promise<Context> {
  const configured = loadConfig(env);
  const db = configured.databaseUrl
    ? await openReached(opened, configured, configured.databaseUrl)
    : await openEmbedded(opened, configured, stopping);
  const now = systemClock;
  const sealer = createSealer(await resolveMasterKeys(configured));
  const isPart = asked.partlyRestored === 'opened' && (await isPartlyRestored(db));
  const options: ContextOptions = isPart ? { schema: 'any' } : asked;
  if (options.schema !== 'any') await requireSchema(db, configured);
  const declared: Environment =
    options.schema === 'any' ? {} : Object.fromEntries(await createDeclaredSettings(db).list());
  const config =
    options.schema === 'any' || options.issuer === 'any' ? configured : await ofDatabase(db, configured, env, declared);
  const { services, runner } = servicesOf(
    { config, db, sealer, now },
    () => describeConfig(env, declared),
    opened,
    // There may be no audit that could tell of a refusal.
    isPart ? { recordsRefusal: async () => false } : {},
  );
  return {
    config,
    db,
    sealer,
    now,
    services,
    batch: runner.batch,
    call: callOfOperator,
    operate: ((operation, { params, query, body }, how) =>
      runner.run(operation, { params, query, body } as InputOf<Schemas>, callOfOperator(how))) as Context['operate'],
    // An export has everything: what is masked could not be imported.
    stream: (operation, input, how) => runner.stream(operation, input, callOfOperator({ ...how, full: true })),
  };
}

/** The services of operations. @param opened closes what they open */
export function servicesOf(
  given: { readonly config: Config; readonly db: Db; readonly sealer: Sealer; readonly now: Clock },
  settings: Services['settings'],
  opened: AsyncDisposableStack,
  how: Parameters<typeof createOperations>[1] = {},
): ReturnType<typeof createOperations> {
  const log = createLog({ level: 'silent', destination: { write() {} } }); // opens no stream
  const parts = { ...given, log };
  const accountStores = once(() => createAccountStores(parts));
  const outbound = createOutbound({ allow: given.config.outboundAllow });
  const services = {
    ...parts,
    outbound,
    ...createClientStores({ ...parts, outbound }),
    accountStores,
    factors: async () => openFactors(await accountStores(), parts),
    passwords: once(async () => {
      const passwords = await openPasswords(await accountStores(), { ...parts, threads: 1 });
      opened.defer(() => passwords.close());
      return passwords;
    }),
    keyRing: once(() => openKeyRing(given)),
    settings,
  };
  return createOperations(services, how);
}

export function callOfOperator({ dryRun, force, progress, full = false }: HowCalled = {}): Call {
  const id = `uid ${process.getuid?.() ?? 'unknown'}`;
  return {
    actor: { kind: 'cli', id, permissions: new Set(PERMISSIONS) },
    requestId: randomUUID(),
    dryRun,
    force,
    progress,
    masked: !full,
  };
}

/**
 * Another command that ends at this moment may stop the embedded database because it saw no other connection: then it is
 * started again.
 */
export async function openEmbedded(opened: AsyncDisposableStack, config: Config, stopping: AbortSignal): Promise<Db> {
  assertWritable(config.dataDir);
  const giveUpAt = performance.now() + EMBEDDED_RETRY_MS;
  for (;;) {
    try {
      return await joinEmbedded(opened, config, stopping);
    } catch (error) {
      stopping.throwIfAborted();
      if (!isStopped(error) || performance.now() > giveUpAt) throw error;
      await setTimeout(EMBEDDED_PAUSE_MS);
    }
  }
}

/** Starts the embedded database unless it runs. In the end it is stopped, unless another process uses it. */
async function joinEmbedded(opened: AsyncDisposableStack, config: Config, stopping: AbortSignal): Promise<Db> {
  await using attempt = new AsyncDisposableStack();
  const postgres = await startEmbeddedPostgres({ dataDir: config.dataDir });
  attempt.defer(() => postgres.stop());
  stopping.throwIfAborted();
  const db = openDb(attempt, config, postgres.url);
  await ping(db);
  opened.use(attempt.move());
  return db;
}

/** The database was stopped while this command connected to it. */
function isStopped(error: unknown): boolean {
  return isUnavailable(translate(error)) || (error instanceof AppError && error.code === 'embedded_postgres_failed');
}

/** @throws AppError 503, which says what to do about a database that cannot be used */
async function openReached(opened: AsyncDisposableStack, config: Config, url: string): Promise<Db> {
  const db = openDb(opened, config, url);
  await ping(db).catch((error: unknown) => {
    throw databaseProblem(error, url);
  });
  return db;
}

export function openDb(opened: AsyncDisposableStack, config: Config, url: string): Db {
  const db = createDb({ url, poolSize: POOL_SIZE, timeoutMs: config.databaseTimeoutMs, name: 'cardea command' });
  opened.defer(() => db.close());
  return db;
}

/**
 * The settings, with the issuer that the database belongs to: mailed links and clients are made from it.
 * @param declared by a configuration file
 * @throws AppError 409 `wrong_issuer` when another issuer is set
 */
async function ofDatabase(db: Db, configured: Config, env: Environment, declared: Environment): Promise<Config> {
  const stored = await issuerOf(db);
  if (stored !== undefined && env.CARDEA_ISSUER !== undefined) assertIssuer(stored, configured.issuer.identifier);
  const issuer = stored === undefined ? {} : { CARDEA_ISSUER: stored };
  return loadConfig({ ...issuer, ...declared, ...env });
}

/** The embedded database is migrated automatically; operators decide when to migrate any other. */
async function requireSchema(db: Db, config: Config): Promise<void> {
  await assertRestored(db);
  const migrations = await migrationStatus(db);
  assertKnown(migrations);
  if (!migrations.some((one) => one.state === 'pending')) return;
  if (config.databaseUrl) {
    throw new AppError('migrations_pending', 'the database schema is not up to date; run "cardea migrate up"');
  }
  await migrateUp(db);
}
