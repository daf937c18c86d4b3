import { readBounded } from '../platform/bounded_file.ts';
import type { Environment } from '../platform/settings.ts';
import { SETTINGS } from '../settings.ts';

/** Secrets are never in the file: it names the variable (`env:NAME`) or the file (`file:/path`) that has one. */
export const REFERENCE = '^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$';

/** Bytes: far more than any secret has. */
const SECRET_MAX = 64 * 1_024;

/** @returns the secret, or the problem */
export function resolveReference(
  reference: string,
  env: Environment,
): { readonly secret: string } | { readonly problem: string } {
  if (reference.startsWith('env:')) {
    const name = reference.slice('env:'.length);
    if (Object.hasOwn(SETTINGS, name))
      return { problem: `${name} is a setting of the server, and no secret of a client` };
    const secret = env[name];
    return secret === undefined || secret === '' ? { problem: `the variable ${name} is not set` } : { secret };
  }
  const path = reference.slice('file:'.length);
  try {
    const secret = readBounded(path, SECRET_MAX)
      .toString()
      .replace(/\r?\n$/, '');
    return secret === '' ? { problem: `the file ${path} is empty` } : { secret };
  } catch (error) {
    const why =
      error instanceof RangeError ? error.message : ((error as NodeJS.ErrnoException).code ?? 'it is not text');
    return { problem: `the file ${path} cannot be read: ${why}` };
  }
}
