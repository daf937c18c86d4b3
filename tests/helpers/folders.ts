import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defer, type Scope } from './scope.ts';

/** A temporary folder that is removed with the scope. */
export function temporaryFolder(scope: Scope): string {
  const folder = mkdtempSync(join(tmpdir(), 'cardea-test-'));
  defer(scope, () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}
