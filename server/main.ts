import { createApp } from './app.ts';
import { ConfigError, loadConfig } from './config.ts';
import { createDb } from './platform/db.ts';
import { assertWritable, startEmbeddedPostgres } from './platform/embedded.ts';
import { AppError } from './platform/errors.ts';
import { createLog } from './platform/log.ts';
import { migrateUp } from './platform/migrate.ts';
import { sizeThreadPool } from './platform/threads.ts';
import { DEMO_EMAIL, DEMO_PASSWORD } from './welcome/demo_data.ts';

/** The process: configuration, database, application, signals; nothing else. */
async function main(): Promise<void> {
  sizeThreadPool();
  const config = loadConfig();
  const log = createLog({ level: config.logLevel });
  await using opened = new AsyncDisposableStack();

  let url = config.databaseUrl;
  if (!url) {
    assertWritable(config.dataDir);
    const postgres = await startEmbeddedPostgres({ dataDir: config.dataDir });
    opened.defer(() => postgres.stop());
    url = postgres.url;
  }
  const db = createDb({
    url,
    poolSize: config.databasePool,
    timeoutMs: config.databaseTimeoutMs,
    onIdleError: (error) => log.warn({ error }, 'a database connection broke'),
  });
  opened.defer(() => db.close());
  const migrated = await migrateUp(db);
  if (migrated.length > 0) log.info({ migrations: migrated }, 'the schema was brought up to date');

  const app = await createApp({ config, db, log });
  opened.defer(() => app.close());
  await app.http.listen({ host: config.host, port: config.port });
  log.info({ issuer: config.issuer.origin, host: config.host, port: config.port }, 'listening');
  if (config.demo) console.log(welcome(config.issuer.origin));

  const signal = await stopSignal();
  log.info({ signal }, 'stopping');
}

function welcome(issuer: string): string {
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

/** The first signal asks to stop, the second does not wait. */
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
  if (error instanceof ConfigError) console.error(error.problems.map((problem) => `cardea: ${problem}`).join('\n'));
  else if (error instanceof AppError) console.error(`cardea: ${error.message}`);
  else console.error(error);
  process.exitCode = 1;
});
