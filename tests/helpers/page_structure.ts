import assert from 'node:assert/strict';
import { type HTMLElement, parse } from 'node-html-parser';
import { PAGE_CASES } from './page_cases.ts';

/** Attributes by whose values stylesheets, scripts and assistive technology tell elements apart. */
const TELLING = new Set(['class', 'id', 'name', 'type', 'role', 'for', 'autocomplete', 'aria-describedby']);
/** Attributes that scripts and people change while the page is open, or that follow from a value. */
const CHANGING = new Set(['autofocus', 'hidden', 'open', 'checked', 'selected', 'data-state', 'style']);

/**
 * The elements of a page's body, each by its ancestors and by what makes it look and behave as it does, without texts
 * and values. Lists of two and of three items have the same elements.
 */
export function elementsOf(html: string): Set<string> {
  const found = new Set<string>();
  const add = (element: HTMLElement, ancestors: string) => {
    for (const child of element.children) {
      const attributes = Object.entries(child.attributes)
        .filter(([name]) => !CHANGING.has(name))
        .map(([name, value]) => (TELLING.has(name) ? `${name}=${value.replaceAll(/-\d+/g, '-N')}` : name));
      const tag = child.tagName.toLowerCase();
      found.add(`${ancestors} > ${tag}[${attributes.sort().join(' ')}]`);
      add(child, `${ancestors} > ${[tag, child.getAttribute('class')].filter(Boolean).join('.')}`);
    }
  };
  const page = parse(html);
  add(page.querySelector('body') ?? page, 'body');
  return found;
}

const ofCases = new Map<string, Set<string>>();

/** Fails unless one case of the appearance tests has every element of this page, so that their findings hold for it. */
export function assertCovered(html: string, what: string): void {
  const elements = [...elementsOf(html)];
  let closest: { name: string; missing: string[] } | undefined;
  for (const { name, render } of PAGE_CASES) {
    const known = ofCases.get(name) ?? elementsOf(render('en'));
    ofCases.set(name, known);
    const missing = elements.filter((element) => !known.has(element));
    if (missing.length === 0) return;
    if (closest === undefined || missing.length < closest.missing.length) closest = { name, missing };
  }
  assert.fail(
    `${what}: no case has these elements; the closest is ${closest?.name}, without\n${closest?.missing.join('\n')}`,
  );
}
