import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, type BrowserServer, chromium } from 'playwright-core';
import { defer, type Scope } from './scope.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** The path of an installed Chromium: `TEST_CHROMIUM`, or the first one on the PATH. */
export function findChromium(): string | undefined {
  if (process.env.TEST_CHROMIUM) return process.env.TEST_CHROMIUM;
  return findOnPath(NAMES);
}

/** The first of these programs that the PATH has. */
export function findOnPath(names: readonly string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const name of names) {
    for (const folder of folders) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // look further
      }
    }
  }
  return undefined;
}

/**
 * A headless Chromium: that of the run, to which this is a connection of its own, or one that is started here. Pages, and
 * contexts with their cookies, are the caller's to make; they end with the connection.
 * @param scope closes it when that ends; without one the caller does
 */
export async function launchChromium(scope?: Scope): Promise<Browser> {
  const shared = process.env.TEST_BROWSER;
  const browser = shared ? await chromium.connect(shared) : await chromium.launch(launchOptions());
  if (scope) defer(scope, () => browser.close());
  return browser;
}

/** One browser for a whole run: starting one takes as long as a test file. TEST_BROWSER is its address. */
export function startSharedChromium(): Promise<BrowserServer> {
  // The run handles signals itself; a Chromium whose parent has ended by SIGKILL ends as well.
  return chromium.launchServer({ ...launchOptions(), handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false });
}

function launchOptions() {
  const executablePath = findChromium();
  if (!executablePath) throw new Error('no Chromium is installed: apt-get install chromium, or set TEST_CHROMIUM');
  // Chromium refuses root with its sandbox on, and containers often forbid the namespaces that it needs. The pages
  // that it opens here are our own.
  return { executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] };
}
