import type { Command } from 'commander';
import { NO_LINES } from '../operations/json_lines.ts';
import { userExport } from '../operations/user_export.ts';
import type { CommandTools } from './tools.ts';

interface ExportOptions {
  filter?: string;
  fields?: string;
  credentials?: boolean;
}

const PROGRESS_EVERY = 1_000;

export function usersExportCommand(noun: Command, tools: CommandTools): void {
  noun
    .command('export')
    .description('print all users as JSON Lines, as "users import" reads them')
    .option('--filter <filter>', 'only those that match, as in the API: groups eq "staff"')
    .option('--fields <members>', 'only these members of each, separated by commas')
    .option(
      '--credentials',
      'also password hashes and secrets of authenticator apps: keep the file as safe as the database',
    )
    .action(
      tools.verb<ExportOptions>(async ({ stream }, { filter, fields, credentials = false }) => {
        const query = {
          ...(filter === undefined ? {} : { filter }),
          ...(fields === undefined ? {} : { fields }),
          ...(credentials ? { include: 'credentials' as const } : {}),
        };
        const running = await stream(userExport.export, { query, lines: NO_LINES });
        const progress = tools.createProgress({ every: PROGRESS_EVERY, amidResult: true });
        let exported = 0;
        for (let people = await running.next(); people; people = await running.next()) {
          const text = people.map((one) => `${JSON.stringify(one)}\n`).join('');
          if (text !== '' && !(await tools.printPart(text))) return running.stop();
          exported += people.length;
          progress.show(exported, `${exported} exported`);
        }
        if (running.failure() !== undefined) throw running.failure();
        progress.end(`${exported} exported`);
      }),
    );
}
