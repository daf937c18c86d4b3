import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Ran } from '../cli/run_cli.ts';
import { runCli } from '../cli/run_cli.ts';
import { copiedDatabaseUrl } from '../helpers/postgres.ts';
import { defer, type Scope } from '../helpers/scope.ts';
import { remember } from '../helpers/secrets.ts';

/** A folder for backups, an identity, and the command on any database. */
export async function backupWorld(scope: Scope, masterKey: string) {
  const folder = mkdtempSync(join(tmpdir(), 'cardea-test-backup-'));
  defer(scope, () => rmSync(folder, { recursive: true, force: true }));
  const to = placeFor(folder, 'backups');
  const identity = await makeIdentity(join(folder, 'identity'));
  const env = {
    CARDEA_DATA_DIR: join(folder, 'data'),
    CARDEA_MASTER_KEY: masterKey,
    CARDEA_BACKUP_TO: to,
    CARDEA_BACKUP_RECIPIENTS: identity.recipient,
  };
  return {
    folder,
    to,
    identity: identity.file,
    recipient: identity.recipient,
    env,
    backup: (databaseUrl: string, args: readonly string[], over: Readonly<Record<string, string>> = {}): Promise<Ran> =>
      runCli(['backup', ...args], { env: { ...env, CARDEA_DATABASE_URL: databaseUrl, ...over } }),
  };
}

/** A folder for backups, which Cardea does not make. */
export function placeFor(folder: string, name: string): string {
  const place = join(folder, name);
  mkdirSync(place, { recursive: true });
  return place;
}

export async function makeIdentity(file: string): Promise<{ readonly file: string; readonly recipient: string }> {
  const { json } = await runCli(['backup', 'keygen', file, '--json']);
  remember('private_key', readFileSync(file, 'utf8').split('\n')[1] ?? '');
  return { file, recipient: json.recipient };
}

/** A database without any table, on the same cluster. */
export function emptyDatabase(scope: Scope, beside: string): Promise<string> {
  return copiedDatabaseUrl(scope, Object.assign(new URL(beside), { pathname: '/template1' }).href);
}
