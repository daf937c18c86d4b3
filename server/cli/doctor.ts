import { type Command, InvalidArgumentError, Option } from 'commander';
import { ConfigError, describeConfig, loadConfig } from '../config.ts';
import { type DoctorParts, type Result, runChecks, type Stores, Unusable } from '../doctor/check.ts';
import { CHECKS } from '../doctor/checks.ts';
import { resolveMasterKeys } from '../master_keys.ts';
import { systemClock } from '../platform/clock.ts';
import { explainDatabaseProblem } from '../platform/database_problems.ts';
import { type Db, ping } from '../platform/db.ts';
import { migrationStatus } from '../platform/migrate.ts';
import { once } from '../platform/once.ts';
import { createSealer } from '../platform/sealing.ts';
import type { Environment } from '../platform/settings.ts';
import { isPartlyRestored } from '../platform/unfinished_restore.ts';
import { callOfOperator, Differs, openDb, openEmbedded, servicesOf } from './context.ts';
import { JSON_OPTION, type PrintOptions } from './output.ts';
import { reason } from './reason.ts';
import type { CommandTools } from './tools.ts';

type Options = PrintOptions & { sendMailTo?: string; timeout?: number; only?: string[] };

export function doctorCommand(noun: Command, { env, printItems, printText }: CommandTools): void {
  noun
    .description('check this deployment from inside, and say what to do')
    .addHelpText(
      'after',
      '\nExit codes: 0 no error was found, 3 an error was found. It changes nothing, but for a file that it writes beside the backups and removes.',
    )
    .option('--send-mail-to <address>', 'also send a test mail to this address')
    .addOption(
      new Option('--only <checks...>', 'these checks alone, by the names that are printed').choices(
        Object.keys(CHECKS),
      ),
    )
    .option('--timeout <seconds>', 'for each check (default: 15)', seconds)
    .option(...JSON_OPTION)
    .action(async (options: Options) => {
      const results = await examine(env, options);
      const items = results.map(({ check, state, found, remedy = null }) => ({ check, state, found, remedy }));
      if (options.json) printItems(items, [], '', options);
      else printText(items.map(linesOf).join(''));
      if (results.some(({ state }) => state === 'error')) throw new Differs();
    });
}

const WIDTHS = { state: 9, check: 22 };

/** The remedy is on a line of its own: beside the rest it would be off the screen. */
function linesOf({ check, state, found, remedy }: Omit<Result, 'remedy'> & { readonly remedy: string | null }): string {
  const beginning = `${state.padEnd(WIDTHS.state)}${check.padEnd(WIDTHS.check)}`;
  return `${beginning}${found}\n${remedy === null ? '' : `${' '.repeat(beginning.length)}→ ${remedy}\n`}`;
}

function seconds(value: string): number {
  if (!/^[1-9]\d{0,2}$/.test(value)) throw new InvalidArgumentError('It must be a number of seconds from 1 to 999.');
  return Number(value);
}

/** @param overrides for tests: another clock, another version of Node */
export async function examine(
  env: Environment,
  options: Options = {},
  overrides: Partial<Pick<DoctorParts, 'now' | 'nodeVersion'>> = {},
): Promise<Result[]> {
  await using opened = new AsyncDisposableStack();
  const stopping = new AbortController();
  const { only } = options;
  const checks = Object.fromEntries(
    Object.entries(CHECKS).filter(([name]) => only === undefined || only.includes(name)),
  );
  try {
    const parts = partsOf(env, opened, stopping.signal, options, overrides);
    return await runChecks(checks, parts, {
      ...(options.timeout === undefined ? {} : { seconds: options.timeout }),
      explain: (error) => explained(error, parts.config.databaseUrl),
    });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((found) => ({
      check: 'settings',
      state: 'error',
      found,
      remedy: 'Correct the setting; all other checks need it.',
    }));
  } finally {
    stopping.abort();
  }
}

const explained = (error: unknown, databaseUrl: string | undefined): string =>
  (databaseUrl ? explainDatabaseProblem(error, databaseUrl) : undefined) ?? reason(error);

/** @throws ConfigError */
function partsOf(
  env: Environment,
  opened: AsyncDisposableStack,
  stopping: AbortSignal,
  { sendMailTo }: Options,
  overrides: Partial<Pick<DoctorParts, 'now' | 'nodeVersion'>>,
): Omit<DoctorParts, 'signal'> {
  const config = loadConfig(env);
  const now = overrides.now ?? systemClock;
  const connect = once(async (): Promise<Db> => {
    const url = config.databaseUrl;
    const db = url ? openDb(opened, config, url) : await openEmbedded(opened, config, stopping);
    await ping(db);
    return db;
  });
  const database = () => connect().catch(() => Promise.reject(new Unusable('it needs the database')));
  const current = once(async () => {
    const db = await database();
    if (await isPartlyRestored(db)) throw new Unusable('it needs a database that was restored to the end');
    if ((await migrationStatus(db)).every(({ state }) => state === 'done')) return db;
    throw new Unusable('it needs the schema of this version');
  });
  const sealer = once(async () => createSealer(await resolveMasterKeys(config)));
  const stores = once(async (): Promise<Stores> => {
    const db = await current();
    const { services, runner } = servicesOf(
      { config, db, sealer: await sealer(), now },
      () => describeConfig(env),
      opened,
    );
    return {
      keyRing: await services.keyRing(),
      openAccounts: services.accountStores,
      read: (operation, { params, query, body } = {}) =>
        runner.run(operation, { params, query, body } as never, callOfOperator()),
    };
  });
  return {
    config,
    env,
    now,
    nodeVersion: overrides.nodeVersion ?? process.versions.node,
    sendMailTo,
    sendTestMail: async (to) => (await import('./mail.ts')).sendTestMail(config, to),
    connect,
    database,
    current,
    sealer,
    stores,
  };
}
