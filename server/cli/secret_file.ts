import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { loadConfig } from '../config.ts';
import type { FreshSecret } from '../fresh_secrets.ts';
import { secrets } from '../operations/secrets.ts';
import { AppError } from '../platform/errors.ts';
import { exclusively } from '../platform/exclusive.ts';
import { filesBeside } from '../platform/secret_leftovers.ts';
import type { Environment } from '../platform/settings.ts';
import { type Context, UsageError } from './context.ts';
import type { ChangeOptions } from './output.ts';
import type { CommandTools } from './tools.ts';

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
  /** The file that is replaced. */
  readonly file: string;
  replace(): void;
  discard(): void;
}

/**
 * A link stays, and the file that it leads to is replaced.
 * @throws UsageError when this user may not, or not with the same rights, or when another file cannot take its place
 */
export function prepared(link: string, content: string): Prepared {
  const file = realpathSync(link);
  const { mode, uid, gid } = statSync(file);
  const path = `${file}.${randomBytes(4).toString('hex')}`;
  const refuse = (why: string, remedy: string) =>
    new UsageError(`${file} cannot be replaced, because ${why}: the file stays as it is. ${remedy}`);
  const origin = writtenByOthers(file, path);
  if (origin !== undefined) throw refuse(origin, BY_A_COPY);
  const discard = () => rmSync(path, { force: true });
  try {
    writeFileSync(path, `${content}\n`, { mode: 0o600, flag: 'wx', flush: true });
  } catch (error) {
    discard(); // of a full disk it may have a part
    const code = codeOf(error);
    throw refuse(`${path} cannot be written (${code})`, REMEDIES[code] ?? 'Repair that, then run the command again');
  }
  const own = statSync(path);
  try {
    if (own.uid !== uid || own.gid !== gid) chownSync(path, own.uid === uid ? -1 : uid, gid);
    chmodSync(path, mode);
  } catch {
    discard();
    throw new UsageError(
      `${file} is of user ${uid} and group ${gid}, which this user cannot give to the file that replaces it, so that servers may not read it: ` +
        'nothing was changed. Run the command as its owner, who is in that group, or as root',
    );
  }
  return { path, file, replace: () => replaceFile(path, file), discard };
}

const BY_A_COPY =
  'Replace it where it comes from, with the help of a copy: see "Files that cannot be replaced" in ops/docs/secrets.md';

/** By the code of the error of a new file. */
const REMEDIES: Readonly<Record<string, string>> = {
  EROFS: BY_A_COPY,
  EACCES: 'Run the command as the owner of the folder, or as root',
  ENOSPC: 'Make room there, then run the command again',
};

/** @param other a free name beside the file */
function writtenByOthers(file: string, other: string): string | undefined {
  // The kubelet makes such folders anew from a Secret.
  if (/\/\.\.[^/]/.test(file)) return 'Kubernetes writes it';
  try {
    linkSync(file, other);
    rmSync(other);
  } catch (error) {
    // Another code says that this user or this file system makes no such links, which does not matter.
    if (codeOf(error) === 'EXDEV') return 'it is mounted by itself, as a secret of a container is';
  }
  return undefined;
}

/** After a loss of power the folder has the new one as well: a pepper that has been used must not be lost. */
export function replaceFile(path: string, file: string): void {
  renameSync(path, file);
  let folder: number | undefined;
  try {
    folder = openSync(dirname(file), 'r');
    fsyncSync(folder);
  } catch {
    // The file is replaced; a folder that cannot be read, or has no fsync, keeps that with its next write.
  } finally {
    if (folder !== undefined) closeSync(folder);
  }
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);

/**
 * The file of a secret gets its new value, and the audit notes that; when it cannot, the file gets the earlier one again.
 * A dry run does neither.
 */
export async function replaceNoted(
  { operate }: Pick<Context, 'operate'>,
  {
    setting,
    put,
    before,
  }: { readonly setting: Exclude<FreshSecret, 'CARDEA_DATABASE_URL'>; readonly put: Prepared; readonly before: string },
  { dryRun }: ChangeOptions,
): Promise<void> {
  try {
    if (!dryRun) put.replace();
  } finally {
    put.discard();
  }
  try {
    await operate(secrets.replaced, { body: { setting } }, { dryRun });
  } catch (error) {
    if (!dryRun) prepared(put.file, before).replace();
    throw error;
  }
}

/**
 * Replaces the file of a secret, one process at a time, and removes what a rotation has left beside it that was ended: no server has
 * read that.
 * @throws AppError 409 `conflict` while another process does
 */
export const rotating = (
  { db }: Pick<Context, 'db'>,
  { setting, file, note }: { readonly setting: FreshSecret; readonly file: string } & Pick<CommandTools, 'note'>,
  { dryRun }: ChangeOptions,
  work: () => Promise<void>,
): Promise<void> =>
  exclusively(
    db,
    `rotation of ${setting}`,
    () => new AppError('conflict', `another process replaces ${setting} at this moment; try again when it has ended`),
    async () => {
      const left = filesBeside(file);
      await work();
      if (dryRun) return;
      for (const one of left) {
        rmSync(one, { force: true });
        note(`removed ${one}, which a rotation had left that did not end`);
      }
    },
  );
