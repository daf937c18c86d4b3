import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, type BrowserServer, chromium } from 'playwright-core';
import { defer, type Scope } from './scope.ts';

/**
 * The list of Playwright, and the menus of the address bar: each window loads them in processes of their own, at ten
 * times the cost of the page. A Chromium without a feature ignores its name.
 */
const FEATURES_OFF: readonly string[] = [
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsUpgrades',
  'HttpsFirstBalancedModeAutoEnable',
  'LensOverlay',
  'MediaRouter',
  'PaintHolding',
  'ThirdPartyStoragePartitioning',
  'AvoidCorsURLLoaderRestartOnRedirect',
  'TcpPortRandomizationWin',
  'OptimizationHints',
  'NetworkTimeServiceQuerying',
  'AimEnabled',
  'PreconnectToSearch',
  'msForceBrowserSignIn',
  'msEdgeUpdateLaunchServicesPreferredVersion',
  'WebUIOmniboxPopup',
  'WebUIOmniboxAimPopup',
  'WebUIOmniboxFullPopup',
];
const DISABLE = '--disable-features=';

/** One process for all pages, and none for the graphics and the network: a seventh of the CPU time of these tests. */
const FEW_PROCESSES: readonly string[] = [
  '--renderer-process-limit=1',
  '--process-per-site',
  '--in-process-gpu',
  '--enable-features=NetworkServiceInProcess2',
];

/** Without the windows of a desktop the same pages cost a quarter less. */
const NAMES = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** The path of an installed Chromium: `TEST_CHROMIUM`, or the first on the PATH. */
export function findChromium(): string | undefined {
  if (process.env.TEST_CHROMIUM) return process.env.TEST_CHROMIUM;
  return findOnPath(NAMES);
}

/** The first of these programs on the PATH. */
export function findOnPath(names: readonly string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const name of names) {
    for (const folder of folders) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // try the next folder
      }
    }
  }
  return undefined;
}

/**
 * A connection to the run's headless Chromium, or to a new one. The caller creates pages and contexts; they close with
 * the connection.
 * @param scope closes the connection when it ends; without a scope the caller does
 */
export async function launchChromium(scope?: Scope): Promise<Browser> {
  const shared = process.env.TEST_BROWSER;
  const browser = shared ? await chromium.connect(shared) : await chromium.launch(launchOptions());
  if (scope) defer(scope, () => browser.close());
  return browser;
}

/** One browser for a whole run, since starting one takes as long as a test file. TEST_BROWSER is its address. */
export async function startSharedChromium(): Promise<BrowserServer> {
  // The run handles signals itself; Chromium also ends when its parent is killed by SIGKILL.
  const browser = await chromium.launchServer({
    ...launchOptions(),
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  });
  assertFeaturesOff(browser.process().spawnargs);
  return browser;
}

/** Chromium reads only the last list, so it must contain what an upgraded Playwright turns off. */
function assertFeaturesOff(args: readonly string[]): void {
  const lists = args.filter((arg) => arg.startsWith(DISABLE)).map((arg) => arg.slice(DISABLE.length).split(','));
  const missing = lists.flat().filter((feature) => !FEATURES_OFF.includes(feature));
  if (missing.length > 0) throw new Error(`add to the features that Chromium turns off: ${missing.join(', ')}`);
}

function launchOptions() {
  const executablePath = findChromium();
  if (!executablePath) throw new Error('no Chromium is installed: apt-get install chromium, or set TEST_CHROMIUM');
  // Chromium refuses to run as root with its sandbox, and containers often forbid the namespaces that the sandbox
  // needs. The tests only open their own pages.
  return {
    executablePath,
    args: ['--no-sandbox', '--disable-dev-shm-usage', ...FEW_PROCESSES, `${DISABLE}${FEATURES_OFF}`],
  };
}
