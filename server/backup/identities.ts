import { readFile } from 'node:fs/promises';
import { invalidInput } from '../platform/errors.ts';
import { fileProblem } from '../platform/file_problems.ts';

/** The identities of age in a file. @throws AppError 400 `invalid_input` */
export async function identitiesIn(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw invalidInput('identity', `${file} cannot be read: ${fileProblem(error)}`);
  });
  const identities = text.split(/\s*\n\s*/).filter((line) => line !== '' && !line.startsWith('#'));
  if (identities.length === 0 || !identities.every((line) => /^AGE-SECRET-KEY-(PQ-)?1[0-9A-Z]+$/.test(line)))
    throw invalidInput('identity', `${file} has no identity of age, a line that begins with AGE-SECRET-KEY-1`);
  return identities;
}
