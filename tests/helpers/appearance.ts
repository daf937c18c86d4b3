import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { assertCovered } from './page_structure.ts';
import { picture, TAKES_PICTURES } from './pictures.ts';

/** Looks in which screenshots are taken. */
export const PICTURED = [
  { name: 'light', colorScheme: 'light', width: 1280 },
  { name: 'dark', colorScheme: 'dark', width: 1280 },
  { name: '360', colorScheme: 'light', width: 360 },
] as const;

/** Pages with real data are looked at on a small screen, where too much data shows first. */
export const NARROW = { width: 360, height: 860 } as const;

/**
 * A function of the page's window, which measures the page as it is shown now. A string because the server's
 * TypeScript program has no DOM types.
 */
export const MEASURE = `((window) => {
  const { document } = window;
  // Ends CSS transitions, since colours are measured; a background page may get no frame to finish them.
  for (const animation of document.getAnimations()) animation.finish();
  const styles = new Map();
  const styleOf = (element) => {
    if (!styles.has(element)) styles.set(element, window.getComputedStyle(element));
    return styles.get(element);
  };
  const rgba = (text) => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return { r, g, b, a }; };
  const over = (top, under) => ({
    r: top.r * top.a + under.r * (1 - top.a), g: top.g * top.a + under.g * (1 - top.a),
    b: top.b * top.a + under.b * (1 - top.a), a: 1 });
  const WHITE = { r: 255, g: 255, b: 255, a: 1 };
  const grounds = new Map();
  const ground = (element) => {
    if (element === null) return WHITE;
    if (!grounds.has(element)) grounds.set(element, over(rgba(styleOf(element).backgroundColor), ground(element.parentElement)));
    return grounds.get(element);
  };
  const opacity = (element) => element === null ? 1 : Number(styleOf(element).opacity) * opacity(element.parentElement);
  const light = ({ r, g, b }) => {
    const [x, y, z] = [r, g, b].map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const contrast = (element) => {
    const under = ground(element);
    const ink = rgba(styleOf(element).color);
    const [a, b] = [light(over({ ...ink, a: ink.a * opacity(element) }, under)), light(under)];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  };
  const all = (selector) => [...document.querySelectorAll(selector)];
  const shown = all('body *').filter((e) => e.checkVisibility());
  const isShown = new Set(shown);
  const start = (e) => e.outerHTML.slice(0, 80);
  const inputs = all('input:not([type=hidden]), select, textarea');
  const texts = shown.filter((e) => [...e.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== ''));
  const ids = all('[id]').map((e) => e.id);
  const faults = {
    contrast: [...new Set([...texts, ...inputs])].map((e) => [contrast(e), e]).filter(([ratio]) => !(ratio >= 4.5))
      .map(([ratio, e]) => ratio.toFixed(2) + ' ' + start(e)),
    mains: document.querySelectorAll('main').length === 1 ? [] : all('main').map(start).concat('not one'),
    headings: document.querySelectorAll('h1').length === 1 ? [] : all('h1').map(start).concat('not one'),
    unlabelled: inputs.filter((e) => e.labels.length === 0 || e.labels[0].textContent.trim() === '').map(start),
    nameless: all('button, a').filter((e) => (e.ariaLabel ?? e.textContent).trim() === '').map(start),
    small: all('button, .button, input:not([type=hidden]), summary')
      .filter((e) => isShown.has(e) && (e.getBoundingClientRect().height < 44 || e.getBoundingClientRect().width < 44)).map(start),
    overflow: document.documentElement.scrollWidth > window.innerWidth
      ? [document.documentElement.scrollWidth + ' px in ' + window.innerWidth + ' px'] : [],
    // Clipped content counts too: a name must wrap, not vanish at the side.
    wide: shown.filter((e) => e.getBoundingClientRect().right > window.innerWidth + 1 || e.getBoundingClientRect().left < -1).map(start),
    clipped: shown.filter((e) => e.matches('h1, h2, label, .button') && e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0).map(start),
    duplicates: ids.filter((id, index) => ids.indexOf(id) !== index),
    dangling: all('[aria-describedby], [aria-labelledby], label[for]')
      .flatMap((e) => ['aria-describedby', 'aria-labelledby', 'for'].flatMap((name) => (e.getAttribute(name) ?? '').split(' ')))
      .filter((id) => id !== '' && !document.getElementById(id)),
    active: all('script:not([src^="/assets/"]), style, iframe, object, base, [style], [onerror], [onload], [onclick]').map(start),
    links: all('a[href], img[src]').filter((e) => /^javascript:/i.test(e.href ?? e.src)).map(start),
    title: /^.+ · Cardea$/.test(document.title) ? [] : [document.title],
    direction: window.getComputedStyle(document.querySelector('h1') ?? document.body).direction === document.documentElement.dir
      ? [] : [document.documentElement.dir],
  };
  return {
    faults: Object.fromEntries(Object.entries(faults).filter(([, found]) => found.length > 0)),
    ids,
    autofocus: all('[autofocus]').map((e) => e.id)[0] ?? null,
    lang: document.documentElement.lang,
    dir: document.documentElement.dir,
  };
})`;

export interface Measured {
  /** The faults of the page, by kind; without faults it is empty. */
  readonly faults: Readonly<Record<string, readonly string[]>>;
  /** Ids of elements, in the order of the document. */
  readonly ids: readonly string[];
  /** The id of the element that gets the focus when the page opens. */
  readonly autofocus: string | null;
  readonly lang: string;
  readonly dir: string;
}

/** Measures a page at its current width and colour scheme. */
export async function measure(page: Page): Promise<Measured> {
  await page.waitForLoadState('load'); // elements are there before the style sheet is
  return page.evaluate<Measured>(`${MEASURE}(window)`);
}

/**
 * Fails when something is wrong with the page in its current state: contrast, labels, sizes, width, ids, inline code;
 * or when none of the cases, which are looked at in every way, has its elements.
 * Takes screenshots as well, when these are asked for.
 * @param folder of the screenshots
 */
export async function assertFit(page: Page, folder: string, name: string): Promise<void> {
  await page.waitForLoadState('load'); // as above
  const { faults, html } = await page.evaluate<Measured & { html: string }>(
    `({ ...${MEASURE}(window), html: document.body.outerHTML })`,
  );
  assert.deepEqual(faults, {}, name);
  assertCovered(html, name);
  if (!TAKES_PICTURES) return;
  const before = page.viewportSize();
  for (const { name: look, colorScheme, width } of PICTURED) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.setViewportSize({ width, height: 860 });
    await picture(page, folder, `${name}.${look}`);
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
  if (before) await page.setViewportSize(before);
}
