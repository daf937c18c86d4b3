import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defer, type Scope } from '../helpers/scope.ts';

/** Runs `fn` with a scope of its own, which has ended when this resolves. */
export async function scoped<T>(fn: (scope: Scope) => Promise<T>): Promise<T> {
  const ends: (() => void | Promise<void>)[] = [];
  try {
    return await fn({ after: (end) => void ends.push(end) });
  } finally {
    for (const end of ends) await end();
  }
}

/** An empty folder, which the scope removes. */
export function scratchFolder(scope: Scope): string {
  const folder = mkdtempSync(join(tmpdir(), 'cardea-clients-'));
  defer(scope, () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
