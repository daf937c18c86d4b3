import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { backups } from '../operations/backups.ts';
import { NO_LINES } from '../operations/json_lines.ts';
import type { OutputOf } from '../operations/run.ts';
import type { Running } from '../operations/run_stream.ts';
import { invalidInput } from '../platform/errors.ts';
import { writeProblem } from '../platform/file_problems.ts';
import { type ContextOptions, Differs } from './context.ts';
import { DRY_RUN_OPTION, type Item, JSON_OPTION, type PrintOptions, type Progress } from './output.ts';
import type { CommandTools } from './tools.ts';

type Line = OutputOf<typeof backups.verify.schemas>;

interface ChosenOptions extends PrintOptions {
  readonly identity: string;
  readonly from?: string;
  readonly erasures?: string[];
  readonly withoutErasures?: string;
}

/** After a restore that was interrupted one looks for another backup, and tries it. */
const READS_STORAGE: ContextOptions = { partlyRestored: 'opened' };
const MEGABYTE = 1_000_000;
const PROGRESS_EVERY = 100 * MEGABYTE;
const DOING = { reading: 'read', writing: 'written', comparing: 'compared' } as const;

export function backupCommand(noun: Command, tools: CommandTools): void {
  keygenVerb(noun, tools);
  createVerb(noun, tools);
  listVerb(noun, tools);
  statusVerb(noun, tools);
  verifyVerb(noun, tools);
  restoreVerb(noun, tools);
}

function keygenVerb(noun: Command, { printItem, note }: CommandTools): void {
  noun
    .command('keygen')
    .description('make the identity that opens backups, and print its public key for CARDEA_BACKUP_RECIPIENTS')
    .argument('<file>', 'a new file for the identity; keep it off the servers')
    .option(...JSON_OPTION)
    .action(async (file: string, options: PrintOptions) => {
      const { generateX25519Identity, identityToRecipient } = await import('age-encryption');
      const identity = await generateX25519Identity();
      const recipient = await identityToRecipient(identity);
      try {
        writeFileSync(file, `# public key: ${recipient}\n${identity}\n`, { mode: 0o600, flag: 'wx' });
      } catch (error) {
        throw invalidInput(file, `cannot be written: ${writeProblem(error)}`);
      }
      printItem({ recipient, identity_file: file }, options);
      if (!options.json) note('Move the file off this machine: without it no backup can be restored.');
    });
}

function createVerb(noun: Command, { verb, printItem, note, createProgress }: CommandTools): void {
  noun
    .command('create')
    .description('make a backup now; safe while servers run')
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async ({ stream }, options) => {
        const running = await stream(backups.create, { query: undefined, lines: NO_LINES });
        const { result } = await follow(running, createProgress({ every: PROGRESS_EVERY }));
        const { not_removed: notRemoved, ...made } = result ?? { type: 'result' as const };
        printItem(withoutType(options.json ? result : made), options);
        if (notRemoved !== undefined && !options.json) note(`Other old backups are still there: ${notRemoved}`);
      }),
    );
}

function listVerb(noun: Command, { verb, printItems }: CommandTools): void {
  noun
    .command('list')
    .description('list the backups, the newest first')
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async ({ operate }, options) => {
        const { items } = await operate(backups.list, {});
        const columns = ['name', 'created_at', 'rows', 'bytes', 'product_version', 'audit_size', 'problem'];
        printItems(items as Item[], columns, 'There are no backups.', options);
      }, READS_STORAGE),
    );
}

function statusVerb(noun: Command, { verb, printItem }: CommandTools): void {
  noun
    .command('status')
    .description('show the last backup, how old it is, and when the next one is due')
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async ({ operate }, options) => {
        const status = await operate(backups.status, {});
        const { last, failed } = status;
        printItem(status as Item, options, {
          ...status,
          last: last && `${last.name}, ${last.ended_at}`,
          failed: failed && `${failed.failure}, ${failed.ended_at}`,
        });
      }),
    );
}

const chosen = (command: Command): Command =>
  command
    .argument('[name]', 'as "cardea backup list" shows it (default: the newest)')
    .requiredOption('--identity <file>', 'the identity of age that opens it, a file with AGE-SECRET-KEY-1…')
    .option('--from <place>', 'a folder or s3://bucket/prefix (default: CARDEA_BACKUP_TO)')
    .option('--erasures <place>', 'another place with lists of erased people; repeat for more', collect)
    .option(
      '--without-erasures <numbers>',
      'go on although these lists of erased people are missing: the numbers that a refusal names, such as 11-12',
    );

const queryOf = (name: string | undefined, { identity, from, erasures, withoutErasures }: ChosenOptions) => ({
  identity,
  ...(name === undefined ? {} : { name }),
  ...(from === undefined ? {} : { from }),
  ...(erasures === undefined ? {} : { erasures }),
  ...(withoutErasures === undefined ? {} : { without_erasures: withoutErasures }),
});

function verifyVerb(noun: Command, { verb, printItem, printItems, note, createProgress }: CommandTools): void {
  chosen(noun.command('verify'))
    .description(
      'restore a backup into a database that is made for it and dropped, and compare it; exit code 3 when something is wrong',
    )
    .option(
      '--scratch <url>',
      'an empty database to use instead (default: a new one beside that of CARDEA_DATABASE_URL)',
    )
    .option(...JSON_OPTION)
    .action(
      verb<ChosenOptions & { scratch?: string }>(async ({ stream }, { scratch, ...options }, name) => {
        const query = { ...queryOf(name, options), ...(scratch === undefined ? {} : { scratch }) };
        const running = await stream(backups.verify, { query, lines: NO_LINES });
        const { result, findings } = await follow(running, createProgress({ every: PROGRESS_EVERY }));
        if (options.json)
          printItem({ ...withoutType(result), findings: findings.map(({ meaning }) => meaning) }, options);
        else {
          printItems(findings.map(withoutType), ['meaning'], `${result?.name} is whole, and can be restored.`, options);
          note(`${result?.rows} rows, ${result?.audit_events} entries of the audit, ${result?.opened} sealed values`);
        }
        if (findings.length > 0) throw new Differs();
      }, READS_STORAGE),
    );
}

function restoreVerb(noun: Command, { verb, printItem, note, createProgress }: CommandTools): void {
  chosen(noun.command('restore'))
    .description('make the database of CARDEA_DATABASE_URL what it was when a backup was made; servers must be stopped')
    .option('--replace', 'delete what the database has')
    .option(
      '--keep-sessions',
      'sessions, refresh tokens and mailed links stay: only when nothing happened after the backup',
    )
    .option(DRY_RUN_OPTION[0], 'read the backup and examine the database; change nothing')
    .option(...JSON_OPTION)
    .action(
      verb<ChosenOptions & { replace?: boolean; keepSessions?: boolean; dryRun?: boolean }>(
        async ({ stream }, { replace = false, keepSessions = false, dryRun, ...options }, name) => {
          const query = { ...queryOf(name, options), replace, keep_sessions: keepSessions };
          const running = await stream(backups.restore, { query, lines: NO_LINES }, { dryRun });
          const { result } = await follow(running, createProgress({ every: PROGRESS_EVERY }));
          const { replaced = [], ...shown } = withoutType(result);
          printItem({ ...shown, replaced }, options, {
            ...shown,
            replaced: (result?.replaced ?? []).map(({ table, rows }) => `${table} ${rows}`),
          });
          if (options.json) return;
          const { audit_size: size, audit_size_seen: seen } = result ?? {};
          if (typeof seen === 'number')
            note(
              `The audit goes on from ${size} entries; ${seen} had been signed before. ops/docs/backup.md says what to do.`,
            );
        },
        { schema: 'any', issuer: 'any' },
      ),
    );
}

/** Shows the progress of a stream to its end. @throws what has ended it early */
async function follow(
  running: Running<Line>,
  progress: Progress,
): Promise<{ readonly result: Line | undefined; readonly findings: readonly Line[] }> {
  const findings: Line[] = [];
  let result: Line | undefined;
  for (let some = await running.next(); some; some = await running.next()) {
    for (const line of some) {
      if (line.type === 'finding') findings.push(line);
      if (line.type === 'result') result = line;
      if (line.type === 'progress' && line.doing)
        progress.show(
          line.bytes ?? 0,
          `${((line.bytes ?? 0) / MEGABYTE).toFixed(1)} MB ${DOING[line.doing]}, ${line.table}`,
        );
    }
  }
  if (running.failure() !== undefined) throw running.failure();
  progress.end('done');
  return { result, findings };
}

function withoutType(line: Line | undefined): Item {
  const { type: _type, ...rest } = line ?? { type: 'result' };
  return rest as Item;
}

const collect = (value: string, all: readonly string[] = []): string[] => [...all, value];
