import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Finding {
  readonly id: string;
  readonly impact: string | null;
  readonly help: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

const pages = new WeakSet<Page>();

/**
 * Makes axe-core known to the page and, cheaper than one by one, to all documents that it opens from now on. What comes
 * over the debugging protocol is not subject to a page's Content-Security-Policy; a script element would be.
 */
async function inject(page: Page): Promise<void> {
  if (!pages.has(page)) {
    pages.add(page);
    await page.addInitScript({ content: source });
  }
  // Without a result: all of axe-core would be sent back.
  if (!(await page.evaluate(`'axe' in window`))) await page.evaluate(`${source};undefined`);
}

// Selectors are what axe-core works longest for; the HTML of what is found tells as much.
const OPTIONS = JSON.stringify({ resultTypes: ['violations'], selectors: false });

/** Fails when axe-core has a serious or critical finding on the page as it is shown now. */
export async function assertAccessible(page: Page, what: string): Promise<void> {
  await inject(page);
  // A colour on its way to another is neither. Ended rather than waited for: a page that nobody looks at may get no
  // further frame, and then a transition never ends.
  await page.evaluate('for (const animation of document.getAnimations()) animation.finish()');
  const findings = (await page.evaluate(
    `axe.run(document, ${OPTIONS}).then(({ violations }) => violations)`,
  )) as readonly Finding[];
  const grave = findings.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  const described = grave.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary = '' }) => `${id}: ${help}\n  ${html}\n  ${failureSummary}`),
  );
  assert.deepEqual(described, [], `${what}: ${described.join('\n')}`);
}
