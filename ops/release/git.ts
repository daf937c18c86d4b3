import { spawnSync } from 'node:child_process';

/** Runs git in the working directory. @throws with what git says */
export function git(...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync('git', args, { encoding: 'utf8' });
  if (error || status !== 0) throw new Error(`git ${args[0]}: ${error?.message ?? stderr.trim()}`);
  return stdout.trim();
}

/** @returns whether git's exit code is 0 */
export function holds(...args: readonly string[]): boolean {
  return spawnSync('git', args, { stdio: 'ignore' }).status === 0;
}
