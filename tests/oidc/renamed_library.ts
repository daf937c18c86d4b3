import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ROOT } from '../helpers/artifacts.ts';

/** A change to oidc-provider's source, such as a new version may bring. */
export interface Renaming {
  /** Relative to the package; default: every file of the library. */
  readonly file?: string;
  readonly from: string;
  readonly to: string;
}

const ROOT_URL = new URL('.', pathToFileURL(join(ROOT, 'package.json'))).href;
const LIBRARY = join(ROOT, 'node_modules', 'oidc-provider');
const LIBRARY_URL = `${pathToFileURL(LIBRARY).href}/`;
/** Modules that are imported with this parameter, and all their imports, use a copy of the library. */
const COPY = 'copy';

interface Copies {
  /** @returns the module of a file, relative to the repository, which uses that copy of the library */
  load<Module>(name: string, file: string): Promise<Module>;
  remove(): void;
}

/** Copies of the library in memory, with these renamings; modules are loaded again for each copy. */
export function copyLibrary(copies: Readonly<Record<string, readonly Renaming[]>>): Copies {
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      const name = context.parentURL?.startsWith(ROOT_URL) && new URL(context.parentURL).searchParams.get(COPY);
      const { url } = resolved;
      const isLoadedAgain = url.startsWith(LIBRARY_URL) || !url.includes('/node_modules/');
      return name && isLoadedAgain && url.startsWith(ROOT_URL) ? { ...resolved, url: withCopy(url, name) } : resolved;
    },
    load(url, context, next) {
      const loaded = next(url, context);
      const name = url.startsWith(LIBRARY_URL) ? new URL(url).searchParams.get(COPY) : null;
      if (name === null) return loaded;
      const path = fileURLToPath(url);
      const renamings = (copies[name] ?? []).filter(({ file }) => file === undefined || path === join(LIBRARY, file));
      const source = renamings.reduce((text, { from, to }) => text.replaceAll(from, to), readFileSync(path, 'utf8'));
      return { ...loaded, source };
    },
  });
  return {
    load: async (name, file) => import(withCopy(pathToFileURL(join(ROOT, file)).href, name)),
    remove: () => hooks.deregister(),
  };
}

function withCopy(url: string, name: string): string {
  return `${url}?${new URLSearchParams({ [COPY]: name })}`;
}
