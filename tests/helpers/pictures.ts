import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { artifacts } from './artifacts.ts';

/** Screenshots are for people, and take as long as the tests themselves. */
export const TAKES_PICTURES = process.env.TEST_SCREENSHOTS === 'true';

/** Saves a screenshot as `.artifacts/screenshots/<folder>/<name>.png` when TEST_SCREENSHOTS=true. */
export async function picture(page: Page, folder: string, name: string): Promise<void> {
  if (!TAKES_PICTURES) return;
  const path = join(artifacts('screenshots', folder), `${name}.png`);
  // Hiding the caret would change the page, which may be checked afterwards.
  await page.screenshot({ path, fullPage: true, caret: 'initial' });
}
