import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the repository. */
export const ROOT: string = fileURLToPath(new URL('../../', import.meta.url));

/**
 * A directory below `.artifacts/`, which git ignores, for screenshots, reports and the files of a failed run.
 * TEST_ARTIFACTS replaces it in a run that a test starts.
 * @param parts names of folders in it
 */
export function artifacts(...parts: readonly string[]): string {
  const path = join(process.env.TEST_ARTIFACTS ?? join(ROOT, '.artifacts'), ...parts);
  mkdirSync(path, { recursive: true });
  return path;
}
