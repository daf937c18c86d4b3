import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { artifacts } from './artifacts.ts';

/**
 * Keeps what is shown now as `.artifacts/screenshots/<folder>/<name>.png`, with TEST_SCREENSHOTS=true alone: pictures are
 * to look at, prove nothing, and are as dear as what does.
 */
export async function picture(page: Page, folder: string, name: string): Promise<void> {
  if (process.env.TEST_SCREENSHOTS !== 'true') return;
  const path = join(artifacts('screenshots', folder), `${name}.png`);
  // Hiding the caret would leave a mark on the page, which may be judged afterwards.
  await page.screenshot({ path, fullPage: true, caret: 'initial' });
}
