import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { FILE_NAME } from './destination_settings.ts';

const { O_APPEND, O_CREAT, O_RDWR, O_NOFOLLOW } = constants;
const NEWLINE = 0x0a;

/**
 * Appends lines to a file, and returns when they are on the disk. The file is opened each time: one that was moved away is made again.
 * @param folder which the operator allows
 * @throws Error of the file system
 */
export async function appendLines(folder: string, name: string, lines: readonly string[]): Promise<void> {
  if (!FILE_NAME.test(name)) throw new Error('not the name of a file');
  // No link is followed, which might lead out of the folder.
  const file = await open(join(folder, name), O_APPEND | O_CREAT | O_RDWR | O_NOFOLLOW, 0o600);
  try {
    const text = lines.map((line) => `${line}\n`).join('');
    // A line that a crash has cut off ends before the next one begins.
    await file.writeFile(`${(await endsWithin(file)) ? '\n' : ''}${text}`);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** True when the last line has no end. */
async function endsWithin(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] !== NEWLINE;
}
