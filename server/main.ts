import { inspect } from 'node:util';
import { createApp } from './app.ts';
import { type Config, ConfigError, loadConfig } from './config.ts';
import { DEMO_EMAIL, DEMO_PASSWORD } from './demo/demo_data.ts';
import { systemClock } from './platform/clock.ts';
import { databasePlace } from './platform/database_problems.ts';
import { createDb } from './platform/db.ts';
import { assertWritable, startEmbeddedPostgres } from './platform/embedded.ts';
import { createLog, type Logger, logWarnings } from './platform/log.ts';
import { migrateUp } from './platform/migrate.ts';
import { createOutages, type Outages } from './platform/outages.ts';
import { sizeThreadPool } from './platform/threads.ts';
import { explainStart } from './start_problems.ts';

/** The process: configuration, database, application, signals; nothing else. */
async function main(): Promise<void> {
  sizeThreadPool();
  const config = loadConfig();
  const log = createLog({ level: config.logLevel });
  logWarnings(log);
  await using opened = new AsyncDisposableStack();
  try {
    await start(config, log, opened);
  } catch (error) {
    const reason = explainStart(error, config);
    if (reason === undefined) throw error;
    process.stderr.write(`cardea: ${reason}\n`);
    process.exitCode = 1;
    return;
  }
  const signal = await stopSignal();
  log.info({ signal }, 'stopping');
}

/** Starts everything and listens. @param opened closes what was started */
async function start(config: Config, log: Logger, opened: AsyncDisposableStack): Promise<void> {
  let url = config.databaseUrl;
  if (!url) {
    assertWritable(config.dataDir);
    const postgres = await startEmbeddedPostgres({ dataDir: config.dataDir });
    opened.defer(() => postgres.stop());
    url = postgres.url;
  }
  const outages = createStartedOutages(url, log);
  const db = createDb({ url, poolSize: config.databasePool, timeoutMs: config.databaseTimeoutMs, outages });
  opened.defer(() => db.close());
  const migrated = await migrateUp(db);
  if (migrated.length > 0) log.info({ migrations: migrated }, 'the schema was brought up to date');

  const app = await createApp({ config, db, log });
  opened.defer(() => app.close());
  await app.http.listen({ host: config.host, port: config.port });
  outages.begin();
  log.info({ issuer: config.issuer.origin, host: config.host, port: config.port }, 'listening');
  if (config.demo) process.stdout.write(`${startMessage(config.issuer.origin)}\n`);
}

/** Logs outages only once the server listens: before, a failure ends the process with a message. */
function createStartedOutages(url: string, log: Logger): Outages & { begin(): void } {
  const { host, port, database } = databasePlace(url);
  const about = { database: `${host}:${port}/${database}` };
  const outages = createOutages({ name: 'the database', about, log, now: systemClock });
  let hasStarted = false;
  return {
    begin() {
      hasStarted = true;
    },
    failed: (error) => void (hasStarted && outages.failed(error)),
    succeeded: outages.succeeded,
  };
}

function startMessage(issuer: string): string {
  return `
  Cardea is at ${issuer}

    Try it         ${issuer}/demo
    Sign in as     ${DEMO_EMAIL}
    Password       ${DEMO_PASSWORD}
    Discovery      ${issuer}/.well-known/openid-configuration
    Keys           ${issuer}/.well-known/jwks.json

  Stop it with Ctrl-C.
`;
}

/** The first signal stops the server when its requests have ended, a second one at once. */
function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((stop) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(1));
        stop(signal);
      });
    }
  });
}

main().catch((error: unknown) => {
  const lines = error instanceof ConfigError ? error.problems.map((problem) => `cardea: ${problem}`) : [inspect(error)];
  process.stderr.write(`${lines.join('\n')}\n`);
  process.exitCode = 1;
});
