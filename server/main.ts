import { inspect } from 'node:util';
import { ConfigError, loadConfig } from './config.ts';
import { DEMO_EMAIL, DEMO_PASSWORD } from './demo/demo_data.ts';
import { createLog, logWarnings } from './platform/log.ts';
import { sizeThreadPool } from './platform/threads.ts';
import { start } from './start.ts';
import { explainStart } from './start_problems.ts';

/** The process: configuration, signals, standard output, exit code; nothing else. */
async function main(): Promise<void> {
  sizeThreadPool();
  const config = loadConfig();
  const log = createLog({ level: config.logLevel });
  logWarnings(log);
  await using opened = new AsyncDisposableStack();
  try {
    await start(config, log, opened);
    if (config.demo) process.stdout.write(`${startMessage(config.issuer.identifier)}\n`);
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

function startMessage(issuer: string): string {
  return `
  Cardea is at ${issuer}

    Try it         ${issuer}/demo
    Sign in as     ${DEMO_EMAIL}
    Password       ${DEMO_PASSWORD}
    Discovery      ${issuer}/.well-known/openid-configuration
    Keys           ${issuer}/.well-known/jwks.json
    APIs           ${issuer}/api/docs
    Documents      ${issuer}/docs

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
