import { type Command, Option } from 'commander';
import type { LineResult } from '../accounts/import.ts';
import { userImport } from '../operations/user_import.ts';
import { AppError } from '../platform/errors.ts';
import { FORMATS, openSource, type Source, type SourceOptions } from './import_source.ts';
import { type Item, JSON_OPTION, type PrintOptions } from './output.ts';
import type { CommandTools } from './tools.ts';

interface ImportOptions extends PrintOptions, SourceOptions {
  dryRun?: boolean;
}

const PROGRESS_EVERY = 1_000;

export function usersImportCommand(noun: Command, tools: CommandTools): void {
  noun
    .command('import')
    .description('import users with their password hashes from another system; existing users are skipped')
    .argument('<file>', 'JSON Lines of Cardea or Auth0, or an export of Keycloak or Firebase')
    .addOption(new Option('--format <format>', 'the format of the file').choices([...FORMATS]).default('auto'))
    .option(
      '--firebase-config <file>',
      'a file with the hash parameters of the Firebase project, as its console shows them',
    )
    .option('--dry-run', 'check everything, change nothing')
    .addHelpText(
      'after',
      '\nA line of Cardea’s own format: {"email":"ada@example.com","email_verified":true,"name":"Ada","password_hash":"$2b$10$…"}' +
        '\nFurther members: username, the claims of OpenID Connect besides preferred_username, password_set_at, totp_secret,' +
        '\nsub (the subject that clients know), disabled, groups, roles. "users export" writes such lines.' +
        '\nBad lines are reported and skipped, with exit code 1. After an interruption, run it again.',
    )
    .option(...JSON_OPTION)
    .action(
      tools.verb<ImportOptions>(async ({ stream }, options, file = '') => {
        const source = await openSource(file, options);
        const input = { query: { results: 'all' as const }, lines: source.lines };
        const running = await stream(userImport.import, input, options);
        const report = createReport(source, tools);
        for (let lines = await running.next(); lines; lines = await running.next()) {
          for (const line of lines) if (line.type === 'line') report.add(line);
          report.show();
        }
        if (running.failure() !== undefined) throw running.failure();
        tools.printItem(report.shown(options), options);
        const { length: rejected } = report.rejected;
        if (rejected > 0) throw new AppError('import_rejected', `${rejected} were rejected`);
      }),
    );
}

/** Prints what happens, and gathers it for the result. */
function createReport(
  { unit, notesOf }: Source,
  { note, createProgress }: Pick<CommandTools, 'note' | 'createProgress'>,
) {
  const progress = createProgress({ every: PROGRESS_EVERY });
  const rejected: Item[] = [];
  const notes: Item[] = [];
  let [imported, skipped] = [0, 0];
  const placed = (number: number) => `${unit === 'line' ? 'line' : 'person'} ${number}`;
  const read = () => imported + skipped + rejected.length;
  const state = () => `${read()} read: ${imported} imported, ${skipped} skipped, ${rejected.length} rejected`;

  return {
    rejected,
    add(one: LineResult) {
      const left = notesOf(one.line);
      if (one.result === 'imported') {
        imported += 1;
        for (const text of left) {
          notes.push({ [unit]: one.line, note: text });
          note(`${placed(one.line)}: ${text}`);
        }
      } else if (one.result === 'skipped') {
        skipped += 1;
      } else {
        const { line, reason, earlier_line: earlier } = one;
        rejected.push({ [unit]: line, reason, ...(earlier === undefined ? {} : { [`earlier_${unit}`]: earlier }) });
        note(`${placed(line)}: ${reason}${earlier === undefined ? '' : `: ${placed(earlier)}`}`);
      }
    },
    show: () => progress.show(read(), state()),
    shown({ json, dryRun = false }: ImportOptions): Item {
      progress.end(state());
      const listed = (all: readonly Item[]) => (json ? all : all.length);
      return { imported, skipped, dry_run: dryRun, rejected: listed(rejected), notes: listed(notes) };
    },
  };
}
