import { Command, CommanderError } from 'commander';
import { KeyError } from '../../keys/errors.ts';
import pkg from '../../package.json' with { type: 'json' };
import { AppError, isUnavailable } from '../platform/errors.ts';
import { clientsCommand } from './clients.ts';
import { configCommand } from './config.ts';
import { Interrupted, UsageError } from './context.ts';
import { keysCommand } from './keys.ts';
import { mailCommand } from './mail.ts';
import { masterKeyCommand } from './master_key.ts';
import { migrateCommand } from './migrate.ts';
import { passwordsCommand } from './passwords.ts';
import { resourcesCommand } from './resources.ts';
import { usersCommand } from './users.ts';

export const EXIT_DONE = 0;
export const EXIT_REFUSED = 1;
export const EXIT_USAGE = 2;

/** Runs `cardea <args>` and sets the exit code: 0 done, 1 refused or failed with a one-line reason, 2 wrong usage. */
export async function main(args: readonly string[]): Promise<void> {
  // `cardea users list | head -1`: the reader has seen enough, which is no error. What was opened is still closed.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
  try {
    await createProgram().parseAsync([...args], { from: 'user' });
    process.exitCode ??= EXIT_DONE;
  } catch (error) {
    // Whatever was interrupted may still be under way: end now. Everything that had to be closed is.
    if (error instanceof Interrupted) process.exit(error.exitCode);
    process.exitCode = report(error);
  }
}

export function createProgram(): Command {
  const program = new Command('cardea')
    .description('Looks after a Cardea identity provider. Talks to the same database as a running server.')
    .version(pkg.version)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error:/, 'cardea:')) })
    .showHelpAfterError('(add --help to see how it goes)')
    .configureHelp({ showGlobalOptions: false })
    .addHelpText(
      'after',
      '\nSettings come from CARDEA_* variables; "cardea config check" lists them.' +
        '\nExit codes: 0 done, 1 refused or failed, 2 wrong usage.',
    );
  const nouns = [
    keysCommand,
    clientsCommand,
    usersCommand,
    passwordsCommand,
    mailCommand,
    resourcesCommand,
    migrateCommand,
    masterKeyCommand,
    configCommand,
  ];
  for (const addTo of nouns) addTo(program);
  return program;
}

function report(error: unknown): number {
  if (error instanceof CommanderError) {
    // Commander has spoken already. Help that was asked for is no error; help in place of a missing verb is.
    return error.code === 'commander.helpDisplayed' || error.code === 'commander.version' ? EXIT_DONE : EXIT_USAGE;
  }
  process.stderr.write(`cardea: ${reason(error)}\n`);
  return error instanceof UsageError ? EXIT_USAGE : EXIT_REFUSED;
}

/** One line, whatever happened. */
export function reason(error: unknown): string {
  const message = error instanceof Error && error.message !== '' ? error.message : String(error);
  const line = message.split(/\s*\n\s*/).join('; ');
  if (isUnavailable(error)) return withCause(line, error);
  return isOnPurpose(error) ? line : `failed: ${line}`;
}

/** keys/ knows no AppError, but speaks as it does. */
function isOnPurpose(error: unknown): boolean {
  return error instanceof AppError || error instanceof UsageError || error instanceof KeyError;
}

/** "The database is unavailable" alone does not help the one person who can do something about it. */
function withCause(line: string, error: AppError): string {
  const { code, message } = (error.cause ?? {}) as { code?: unknown; message?: unknown };
  const cause = [code, message].filter((one) => typeof one === 'string' && one !== '').join(': ');
  return cause === '' ? line : `${line} (${cause.replaceAll(/\s+/g, ' ')})`;
}
