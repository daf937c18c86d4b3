import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';

export interface OpenPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors and warnings of its console (violations of the Content-Security-Policy too), exceptions and dialogs. */
  readonly complaints: string[];
}

/** A page in a browser context of its own. */
export async function openPage(browser: Browser, options?: BrowserContextOptions): Promise<OpenPage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    // Chromium logs the 4xx status of a form that comes back with errors, which is expected.
    const isExpected = /status of 4\d\d/.test(message.text()) && !message.location().url.includes('/assets/');
    if (['error', 'warning'].includes(message.type()) && !isExpected) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  return { page, context, complaints };
}
