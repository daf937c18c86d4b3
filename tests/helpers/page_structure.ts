import assert from 'node:assert/strict';
import { EVERY_CASE } from './page_server.ts';

const TAG = /<(\/?)([a-z][a-z0-9-]*)((?:\s+[^\s=>"/]+(?:="[^"]*")?)*)\s*\/?>|<!--[\s\S]*?-->/gi;
const ATTRIBUTE = /([^\s=>"/]+)(?:="([^"]*)")?/g;
const VOID = new Set(['br', 'hr', 'img', 'input', 'link', 'meta', 'path', 'rect', 'circle']);
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
  const open: string[] = [];
  for (const [, end, name = '', rest = ''] of html.slice(html.indexOf('<body')).matchAll(TAG)) {
    if (name === '') continue;
    const tag = name.toLowerCase();
    if (end === '/') {
      const at = open.findLastIndex((one) => one === tag || one.startsWith(`${tag}.`));
      if (at >= 0) open.length = at;
      continue;
    }
    const attributes = Array.from(rest.matchAll(ATTRIBUTE), ([, key = '', value = '']) => ({ key, value }));
    const own = attributes
      .filter(({ key }) => !CHANGING.has(key))
      .map(({ key, value }) => (TELLING.has(key) ? `${key}=${value.replaceAll(/-\d+/g, '-N')}` : key))
      .sort();
    found.add(`${open.join(' > ')} > ${tag}[${own.join(' ')}]`);
    const classes = attributes.find(({ key }) => key === 'class')?.value;
    if (!VOID.has(tag)) open.push(classes ? `${tag}.${classes}` : tag);
  }
  return found;
}

const ofCases = new Map<string, Set<string>>();

/** Fails unless one case of the appearance tests has every element of this page, so that their findings hold for it. */
export function assertCovered(html: string, what: string): void {
  const elements = [...elementsOf(html)];
  let closest: { name: string; missing: string[] } | undefined;
  for (const { name, render } of EVERY_CASE) {
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
