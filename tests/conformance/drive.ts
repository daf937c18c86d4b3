import type { Page } from 'playwright-core';

/** The part of the suite's configuration that automates its browser. */
export interface Automation {
  readonly browser: readonly {
    readonly match: string;
    /** How often it is used. */
    readonly 'match-limit'?: number;
    readonly tasks: readonly {
      readonly task: string;
      readonly match: string;
      readonly optional?: boolean;
      readonly commands?: readonly (readonly (string | number)[])[];
    }[];
  }[];
}

const LOCATORS: Readonly<Record<string, (value: string) => string>> = {
  id: (value) => `[id="${value}"]`,
  name: (value) => `[name="${value}"]`,
  xpath: (value) => `xpath=${value}`,
  css: (value) => value,
};

/**
 * Runs the automation from a URL like the suite's own browser control.
 * @param visit 1 for the first visit of the module
 */
export async function drive(page: Page, { browser }: Automation, url: string, visit = 1): Promise<void> {
  await page.goto(url);
  const script = browser.find((one) => matches(one.match, url) && visit <= (one['match-limit'] ?? Infinity));
  if (!script) throw new Error(`no script for ${url}`);
  for (const { task, match, optional, commands = [] } of script.tasks) {
    if (!matches(match, page.url())) {
      if (optional) continue;
      throw new Error(`${task}: the browser is at ${page.url()}`);
    }
    for (const command of commands) await obey(page, command.map(String));
  }
}

async function obey(page: Page, [verb, kind = '', value = '', ...more]: readonly string[]): Promise<void> {
  const element = page.locator((LOCATORS[kind] ?? String)(value)).first();
  if (verb === 'wait') return element.waitFor({ state: 'attached', timeout: 1_000 * Number(more[0]) });
  if (more.includes('optional') && (await element.count()) === 0) return;
  if (verb === 'text') return element.fill(more[0] ?? '');
  if (verb !== 'click') throw new Error(`unknown command ${verb}`);
  // Every button on these pages navigates, possibly to the same address.
  await Promise.all([page.waitForEvent('framenavigated'), element.click()]);
  await page.waitForLoadState();
}

/** `*` matches any text. */
function matches(pattern: string, url: string): boolean {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[^\w\s]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(url);
}
