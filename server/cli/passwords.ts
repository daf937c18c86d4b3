import { type Command, InvalidArgumentError } from 'commander';
import { buildBlocklist, openBlocklist } from '../accounts/blocklist.ts';
import { loadConfig } from '../config.ts';
import { passwords, USABLE_HASH_STATES } from '../operations/passwords.ts';
import { AppError } from '../platform/errors.ts';
import { PASSWORD_STDIN_OPTION } from './input.ts';
import { JSON_OPTION, type PrintOptions } from './output.ts';
import type { CommandTools } from './tools.ts';

interface BuildOptions extends PrintOptions {
  out?: string;
  sha1?: boolean;
  falsePositives: number;
}

const PROGRESS_EVERY = 10_000_000;

export function passwordsCommand(
  noun: Command,
  { env, verb, printItem, printItems, createProgress, readPassword }: CommandTools,
): void {
  const blocklist = noun.command('blocklist').description('a list of leaked passwords, which are refused');

  blocklist
    .command('build')
    .description('build a file for CARDEA_PASSWORD_BLOCKLIST from a list with one password a line')
    .argument('<file>', 'the list')
    .option('--out <file>', 'the file to write (default: the name of the list with ".blocklist")')
    .option('--sha1', 'the list has SHA-1 hashes in hex, with or without :count (format of Have I Been Pwned)')
    .option(
      '--false-positives <rate>',
      'the share of other passwords that may be refused by mistake, between 0 and 1',
      rate,
      0.001,
    )
    .option(...JSON_OPTION)
    .action(async (file: string, options: BuildOptions) => {
      const { out = `${file}.blocklist`, sha1 = false, falsePositives } = options;
      const progress = createProgress({ every: PROGRESS_EVERY });
      const onProgress = (done: number, total: number) => progress.show(done, `${done} of ${total} added`);
      const header = await buildBlocklist(file, { out, sha1, falsePositives, onProgress }).catch((error: unknown) => {
        throw readable(error);
      });
      progress.end(`${header.entries} passwords added`);
      const { entries, bits, blocks, checksum } = header;
      printItem({ file: out, entries, false_positives: falsePositives, bits, blocks, checksum }, options);
    });

  blocklist
    .command('check')
    .description('ask for a password, and say whether it is easy to guess or on CARDEA_PASSWORD_BLOCKLIST')
    .option(...PASSWORD_STDIN_OPTION)
    .option(...JSON_OPTION)
    .action(async (options: PrintOptions & { passwordStdin?: boolean }) => {
      const list = await openBlocklist(loadConfig(env).passwords.blocklist);
      try {
        const password = await readPassword(options);
        const { isGuessable } = await import('../accounts/guessability.ts');
        printItem({ listed: await list.has(password), guessable: isGuessable(password) }, options);
      } finally {
        await list.close();
      }
    });

  noun
    .command('status')
    .description(
      'count the stored passwords by hash format; exit code 1 when some cannot be verified with these settings',
    )
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async ({ operate }, options) => {
        const { items } = await operate(passwords.status, {});
        printItems(items, ['kind', 'pepper', 'state', 'people'], 'Nobody has a password.', options);
        const lost = items
          .filter(({ state }) => !USABLE_HASH_STATES.includes(state))
          .reduce((sum, { people }) => sum + people, 0);
        if (lost > 0) {
          throw new AppError(
            'password_hash_unreadable',
            `${lost} people cannot sign in with their password: see the column state`,
          );
        }
      }),
    );
}

function rate(value: string): number {
  const number = Number(value);
  if (!(number >= 1e-8 && number <= 0.5)) throw new InvalidArgumentError('It must be a number from 0.00000001 to 0.5.');
  return number;
}

/** A missing file is a mistake of the operator, so it is reported in one line. */
function readable(error: unknown): unknown {
  const { code, path } = error as NodeJS.ErrnoException;
  if (error instanceof AppError || code === undefined) return error;
  return new AppError('file_unreadable', `${path ?? 'the file'}: ${code}`, { cause: error });
}
