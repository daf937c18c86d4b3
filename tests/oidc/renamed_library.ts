import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ROOT } from '../helpers/artifacts.ts';

/** A change of oidc-provider's source, such as a new version may bring. */
export interface Renaming {
  /** Relative to the package; every file of the library without it. */
  readonly file?: string;
  readonly from: string;
  readonly to: string;
}

const LIBRARY = join(ROOT, 'node_modules', 'oidc-provider');
const LIBRARY_URL = `${pathToFileURL(LIBRARY).href}/`;
/** Modules with this parameter see a copy of the library that has been changed. */
const COPY = 'copy';

/**
 * From now on, `import('…/seams.ts?copy=NAME')` gets a copy of the library of its own, in memory, with those renamings.
 * @param always names the copy that modules without the parameter get
 */
export function copyLibrary(copies: Readonly<Record<string, readonly Renaming[]>>, always?: string): void {
  registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      const name = (context.parentURL && new URL(context.parentURL).searchParams.get(COPY)) ?? always;
      if (name === undefined || !resolved.url.startsWith(LIBRARY_URL)) return resolved;
      return { ...resolved, url: `${resolved.url}?${new URLSearchParams({ [COPY]: name })}` };
    },
    load(url, context, next) {
      const loaded = next(url, context);
      const name = url.startsWith('file:') ? new URL(url).searchParams.get(COPY) : null;
      if (name === null || !url.startsWith(LIBRARY_URL)) return loaded;
      const path = fileURLToPath(url);
      const renamings = (copies[name] ?? []).filter(({ file }) => file === undefined || path === join(LIBRARY, file));
      const source = renamings.reduce((text, { from, to }) => text.replaceAll(from, to), readFileSync(path, 'utf8'));
      return { ...loaded, source };
    },
  });
}
