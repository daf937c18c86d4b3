import { open, unlink } from 'node:fs/promises';
import type { Command } from 'commander';
import { userDataExport } from '../operations/user_data_export.ts';
import { UsageError } from './context.ts';
import type { CommandTools } from './tools.ts';
import { ofUser, USER } from './user_ref.ts';

/** By the code of the file system. */
const PROBLEMS: Readonly<Record<string, string>> = {
  EEXIST: 'is there already, and is not overwritten: remove it first, or name another file',
  ENOENT: 'cannot be written: its folder does not exist',
  EACCES: 'cannot be written: the user of this command may not',
};

export function usersDataExportCommand(noun: Command, { verb, note }: CommandTools): void {
  noun
    .command('data-export')
    .description('write everything that is stored about a user into a ZIP, as JSON and as a page to read')
    .argument('<user>', USER)
    .requiredOption('--out <file>', 'the file to write, which must not exist yet; its mode is 0600')
    .action(
      verb<{ out: string }>(async (context, { out }, user) => {
        // First, so that nothing is exported, and nothing told of it, that has no place to go.
        const file = await open(out, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
          throw new UsageError(`--out: ${out} ${PROBLEMS[error.code ?? ''] ?? `cannot be written (${error.code})`}`);
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
