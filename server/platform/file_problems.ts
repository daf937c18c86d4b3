const SILENT = 'the file system does not answer: see its mount, and the log of this machine';
const DENIED = 'the user of this process may not: give it the right (chown, chmod)';

/** By errno: what is wrong with a file or folder, and what to do. */
const PROBLEMS: Readonly<Record<string, string>> = {
  EACCES: DENIED,
  EPERM: DENIED,
  EDQUOT: 'the quota is used up: free some space, or raise it',
  EEXIST: 'it is there already, and is not overwritten: remove it first, or name another one',
  EFBIG: 'it is too large for the file system',
  EHOSTDOWN: SILENT,
  EIO: SILENT,
  EISDIR: 'it is a folder: move it away, or name a file',
  EMFILE: 'too many files are open: raise the limit (ulimit -n)',
  ENAMETOOLONG: 'the name is too long',
  ENODEV: SILENT,
  ENOENT: 'it does not exist: correct the name',
  ENOSPC: 'the disk is full: free some space',
  ENOTCONN: SILENT,
  ENOTDIR: 'a part of the path is no folder: correct it',
  EROFS: 'the file system is read-only: mount it for writing, or name another place',
  ESTALE: SILENT,
  ETIMEDOUT: SILENT,
};

/**
 * Says what to do about an error of the file system; its code is told as well.
 * @param own by errno: texts that know more about the file
 */
export function fileProblem(error: unknown, own: Readonly<Record<string, string>> = {}): string {
  const { code } = error as { readonly code?: unknown };
  const name = typeof code === 'string' ? code : String((error as Error).name);
  const text = own[name] ?? PROBLEMS[name];
  return text === undefined ? name : `${text} (${name})`;
}

/** Of a file that is made. */
export const writeProblem = (error: unknown): string =>
  fileProblem(error, { ENOENT: 'its folder does not exist: make it first, or name another one' });
