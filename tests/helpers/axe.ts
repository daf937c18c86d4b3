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
 * Adds axe-core to the page and to all documents that it opens from now on, which is faster than adding it to each. The
 * page's Content-Security-Policy applies to script elements, but not to code that is evaluated over the debugging
 * protocol.
 */
async function inject(page: Page): Promise<void> {
  if (!pages.has(page)) {
    pages.add(page);
    await page.addInitScript({ content: source });
  }
  // Discards the result, which would send all of axe-core back.
  if (!(await page.evaluate(`'axe' in window`))) await page.evaluate(`${source};undefined`);
}

// Selectors take axe-core most of its time, and the HTML of a finding is as useful.
const OPTIONS = JSON.stringify({ resultTypes: ['violations'], selectors: false });

/** Fails when axe-core has a serious or critical finding on the page in its current state. */
export async function assertAccessible(page: Page, what: string): Promise<void> {
  await inject(page);
  // Contrast must not be measured in the middle of a colour transition. Transitions are ended, not awaited, since a
  // background page may get no further frame.
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
