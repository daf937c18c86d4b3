import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, loadConfig } from '../../server/config.ts';
import { defer, type Scope } from '../helpers/scope.ts';

export const KEY = randomBytes(32).toString('base64');

/** The settings that production requires. */
export const PRODUCTION = {
  NODE_ENV: 'production',
  CARDEA_ISSUER: 'https://id.example.com',
  CARDEA_DATABASE_URL: 'postgres://cardea:hunter2@db/cardea',
  CARDEA_MASTER_KEY: KEY,
} as const;

/** The problems that loading it reports; none when it loads. */
export function problems(env: Readonly<Record<string, string>>): readonly string[] {
  try {
    loadConfig(env);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    assert.equal(error.code, 'invalid_configuration');
    return error.problems;
  }
}

/** The only problem. */
export function problem(env: Readonly<Record<string, string>>): string {
  const found = problems(env);
  assert.equal(found.length, 1, `one problem, not ${JSON.stringify(found)}`);
  return found[0] ?? '';
}

/** A folder for the files that settings name. */
export function configFiles(scope: Scope): { folder: string; file(name: string, content: string): string } {
  const folder = mkdtempSync(join(tmpdir(), 'cardea-test-config-'));
  defer(scope, () => rmSync(folder, { recursive: true, force: true }));
  return {
    folder,
    file(name, content) {
      const path = join(folder, name);
      writeFileSync(path, content);
      return path;
    },
  };
}
