import { createApp } from './app.ts';
import { applyConfiguredFile, declaredSettingsOf, migrateAtStart } from './composition/configuration.ts';
import { type Config, describeConfig, loadConfig } from './config.ts';
import { freshSecret } from './fresh_secrets.ts';
import { systemClock } from './platform/clock.ts';
import { databasePlace } from './platform/database_problems.ts';
import { createDb } from './platform/db.ts';
import { assertWritable, startEmbeddedPostgres } from './platform/embedded.ts';
import type { Logger } from './platform/log.ts';
import { createOutages, type Outages } from './platform/outages.ts';
import { createRequestContext } from './platform/request_context.ts';
import type { Environment } from './platform/settings.ts';
import { isTracingOn } from './platform/tracing.ts';

/**
 * Starts database and application, and listens.
 * @param opened closes what was started, also after a failed start
 */
export async function start(
  configured: Config,
  log: Logger,
  opened: AsyncDisposableStack,
  env: Environment = process.env,
): Promise<void> {
  let url = configured.databaseUrl;
  if (!url) {
    assertWritable(configured.dataDir);
    const postgres = await startEmbeddedPostgres({ dataDir: configured.dataDir });
    opened.defer(() => postgres.stop());
    url = postgres.url;
  }
  const outages = createStartedOutages(url, log);
  const source = freshSecret(configured, 'CARDEA_DATABASE_URL') ?? url;
  // Its packages take a while to load.
  const tracing = isTracingOn(env) ? (await import('./platform/otel.ts')).createTracing(env) : undefined;
  opened.defer(async () => tracing?.close());
  const requestContext = createRequestContext(tracing);
  const db = createDb({
    url: source,
    requestContext,
    tracing,
    // While it is away, one line about that is enough.
    onSlow: (slow) => void (outages.isAway() || log.warn(slow, 'the database took long')),
    poolSize: configured.databasePool,
    timeoutMs: configured.databaseTimeoutMs,
    outages,
  });
  opened.defer(() => db.close());
  const migrated = await migrateAtStart(db, configured);
  if (migrated.length > 0) log.info({ migrations: migrated }, 'the schema was brought up to date');

  await applyConfiguredFile({ config: loadConfig({ ...(await declaredSettingsOf(db)), ...env }), db, log, env });
  const declared = await declaredSettingsOf(db);
  const config = loadConfig({ ...declared, ...env });
  const app = await createApp({ config, settings: describeConfig(env, declared), db, log, requestContext, tracing });
  opened.defer(() => app.close());
  await app.http.listen({ host: config.host, port: config.port });
  outages.begin();
  log.info({ issuer: config.issuer.identifier, host: config.host, port: config.port }, 'listening');
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
    isAway: outages.isAway,
  };
}
