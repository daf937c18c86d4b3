import { randomBytes } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { loadConfig } from '../config.ts';
import type { FreshSecret } from '../fresh_secrets.ts';
import { AppError } from '../platform/errors.ts';
import { exclusively } from '../platform/exclusive.ts';
import type { Environment } from '../platform/settings.ts';
import { type Context, UsageError } from './context.ts';

/** The file of a secret, which servers read again. @throws UsageError when the secret is in no file */
export function secretFileOf(env: Environment, setting: FreshSecret): string {
  const file = loadConfig(env).secretFiles[setting];
  if (file === undefined)
    throw new UsageError(`the secret must come from a file that servers read again: set ${setting}_FILE`);
  return file;
}

/** The content of a file that will replace another one at once, with the same rights. */
export interface Prepared {
  readonly path: string;
  replace(): void;
  discard(): void;
}

/** A link stays, and the file that it leads to is replaced. @throws UsageError when this user may not */
export function prepared(link: string, content: string): Prepared {
  const file = realpathSync(link);
  const { mode, uid, gid } = statSync(file);
  try {
    accessSync(dirname(file), constants.W_OK);
  } catch {
    throw new UsageError(
      `${file} cannot be replaced by this user, or is a secret of a container: see ops/docs/secrets.md`,
    );
  }
  const path = `${file}.${randomBytes(4).toString('hex')}`;
  writeFileSync(path, `${content}\n`, { mode: 0o600, flag: 'wx', flush: true });
  chmodSync(path, mode);
  if (process.getuid?.() === 0) chownSync(path, uid, gid);
  return { path, replace: () => renameSync(path, file), discard: () => rmSync(path, { force: true }) };
}

/** Replaces the file of a secret, one process at a time. @throws AppError 409 `conflict` while another process does */
export const rotating = <T>({ db }: Pick<Context, 'db'>, setting: FreshSecret, work: () => Promise<T>): Promise<T> =>
  exclusively(
    db,
    `rotation of ${setting}`,
    () => new AppError('conflict', `another process replaces ${setting} at this moment; try again when it has ended`),
    work,
  );
