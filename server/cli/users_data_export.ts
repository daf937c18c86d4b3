import { open, unlink } from 'node:fs/promises';
import type { Command } from 'commander';
import { userDataExport } from '../operations/user_data_export.ts';
import { writeProblem } from '../platform/file_problems.ts';
import { UsageError } from './context.ts';
import type { CommandTools } from './tools.ts';
import { ofUser, USER } from './user_ref.ts';

export function usersDataExportCommand(noun: Command, { verb, note }: CommandTools): void {
  noun
    .command('data-export')
    .description('write everything that is stored about a user into a ZIP, as JSON and as a page to read')
    .argument('<user>', USER)
    .requiredOption('--out <file>', 'the file to write, which must not exist yet; its mode is 0600')
    .action(
      verb<{ out: string }>(async (context, { out }, user) => {
        // First, so that nothing is exported, and nothing told of it, that has no place to go.
        const file = await open(out, 'wx', 0o600).catch((error: unknown) => {
          throw new UsageError(`--out: ${out} cannot be written: ${writeProblem(error)}`);
        });
        try {
          const { zip } = await context.operate(userDataExport.export, await ofUser(context, user));
          await file.writeFile(Buffer.from(zip, 'base64'));
        } catch (error) {
          await unlink(out).catch(() => {});
          throw error;
        } finally {
          await file.close();
        }
        note(`written to ${out}: it has personal data, so keep it safe`);
      }),
    );
}
