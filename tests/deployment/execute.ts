import { spawnSync } from 'node:child_process';
import { ROOT } from '../helpers/artifacts.ts';

/**
 * Runs a program in the folder of the repository.
 * @returns its standard output
 * @throws Error with its output, when it fails
 */
export function execute(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, ...env },
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${status}\n${stdout}${stderr}`);
  return stdout;
}
