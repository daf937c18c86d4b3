import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { PUT_DOCUMENT } from './put_document.ts';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Finding {
  readonly id: string;
  readonly impact: string | null;
  readonly help: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

const OPTIONS = JSON.stringify({
  resultTypes: ['violations'],
  // Selectors take axe-core most of its time, and the HTML of a finding is as useful.
  selectors: false,
  // Measured by tests/helpers/appearance.ts, in every look.
  rules: { 'color-contrast': { enabled: false } },
});

/**
 * Adds axe-core to the open document. The page's Content-Security-Policy applies to script elements, but not to code
 * that is evaluated over the debugging protocol.
 */
async function inject(page: Page): Promise<void> {
  // Discards the result, which would send all of axe-core back.
  if (!(await page.evaluate(`'axe' in window`))) await page.evaluate(`${source};undefined`);
}

function grave(findings: readonly Finding[]): string[] {
  return findings
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, help, nodes }) =>
      nodes.map(({ html, failureSummary = '' }) => `${id}: ${help}\n  ${html}\n  ${failureSummary}`),
    );
}

/** Fails when axe-core has a serious or critical finding on the page in its current state. */
export async function assertAccessible(page: Page, what: string): Promise<void> {
  await inject(page);
  const findings = await page.evaluate<Finding[]>(`axe.run(${OPTIONS}).then(({ violations }) => violations)`);
  assert.deepEqual(grave(findings), [], what);
}

/**
 * Serious and critical findings of axe-core on documents, by their names. One document after the other is put into the
 * open page, which has their stylesheet: loading axe-core into a page of its own for each takes three times as long.
 */
export async function findingsOf(
  page: Page,
  documents: Readonly<Record<string, string>>,
): Promise<Map<string, string[]>> {
  await inject(page);
  const found = await page.evaluate<[string, Finding[]][]>(`(async (documents) => {
    const found = [];
    const put = ${PUT_DOCUMENT};
    for (const [name, html] of documents) {
      put(document, html);
      const { violations } = await axe.run(${OPTIONS});
      if (violations.length > 0) found.push([name, violations]);
    }
    return found;
  })(${JSON.stringify(Object.entries(documents))})`);
  return new Map(found.map(([name, findings]) => [name, grave(findings)] as const).filter(([, all]) => all.length > 0));
}
