import { readdirSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** @returns files beside the file of a secret, by their names those that a rotation makes; a rotation that was ended leaves its own */
export function filesBeside(file: string): string[] {
  const path = realpathSync(file);
  const begins = `${basename(path)}.`;
  return readdirSync(dirname(path))
    .filter((name) => name.startsWith(begins) && /^[0-9a-f]{8}$/.test(name.slice(begins.length)))
    .map((name) => join(dirname(path), name))
    .sort();
}
