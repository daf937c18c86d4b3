import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './artifacts.ts';

const PACKAGES = join(ROOT, '.artifacts', 'python');

/** Makes the package importable by `runPython`, if the machine does not have it. @throws Error without Python */
export function needPython(name: string): void {
  const has = () => {
    execFileSync('python3', ['-c', `import ${name}`], { env: pythonEnv(), stdio: 'ignore' });
  };
  try {
    has();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new Error('this test needs python3: install it');
    execFileSync('python3', ['-m', 'pip', 'install', '--quiet', '--target', PACKAGES, name], { stdio: 'ignore' });
    has();
  }
}

/** @returns the lines that it wrote to standard output */
export function runPython(file: string, ...args: readonly string[]): Promise<string[]> {
  return new Promise((resolve) => {
    execFile('python3', [join(ROOT, file), ...args], { env: pythonEnv() }, (_error, stdout) => {
      resolve(stdout.trim().split('\n'));
    });
  });
}

function pythonEnv(): NodeJS.ProcessEnv {
  return { ...process.env, PYTHONDONTWRITEBYTECODE: '1', ...(existsSync(PACKAGES) ? { PYTHONPATH: PACKAGES } : {}) };
}
