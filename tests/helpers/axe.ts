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

/**
 * Fails when axe-core has a serious or critical finding on the page as it is shown now. What is evaluated over the
 * debugging protocol is not subject to the page's Content-Security-Policy; a script element would be.
 */
export async function assertAccessible(page: Page, what: string): Promise<void> {
  await page.evaluate(source);
  // A colour on its way to another is neither. Ended rather than waited for: a page that nobody looks at may get no
  // further frame, and then a transition never ends.
  await page.evaluate('for (const animation of document.getAnimations()) animation.finish()');
  const findings = (await page.evaluate(
    `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations)`,
  )) as readonly Finding[];
  const grave = findings.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  const described = grave.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary = '' }) => `${id}: ${help}\n  ${html}\n  ${failureSummary}`),
  );
  assert.deepEqual(described, [], `${what}: ${described.join('\n')}`);
}
