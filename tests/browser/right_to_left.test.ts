import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { ROOT } from '../helpers/artifacts.ts';
import { assertAccessible } from '../helpers/axe.ts';
import { launchChromium } from '../helpers/chromium.ts';
import { servePages } from '../helpers/page_server.ts';
import { picture } from '../helpers/pictures.ts';

const LOOKS = [
  { name: '360', colorScheme: 'light', width: 360 },
  { name: '1280-dark', colorScheme: 'dark', width: 1280 },
] as const;

const PAGES = [
  'login-other-links',
  'second-factor',
  'enrol',
  'recovery-codes',
  'new-password-refused',
  'consent-full',
  'error',
  'demo',
  'account-overview',
  'account-passkeys',
];

/** Elements that run from left to right on an Arabic page too, by page. */
const LEFT_TO_RIGHT: readonly (readonly [page: string, selector: string])[] = [
  ['enrol', '#totp-secret'],
  ['recovery-codes', '#recovery-codes code'],
  ['account-authenticator', '#totp-secret'],
  ['account-recovery-codes', '#recovery-codes code'],
  ['error', '#request-id'],
  ['home', '#demo-email'],
  ['home', '#demo-password'],
  ['home', '.facts code'],
  ['demo', '.claims code'],
  ['demo', '.step-detail'],
  ['consent-full', '.resource > .identity-detail > bdi'],
  ['account-overview', '#row-email .line-detail > bdi'],
];

/** Inputs, the text typed into each, and the direction that the input then has. */
const TYPED: readonly (readonly [page: string, input: string, text: string, direction: 'ltr' | 'rtl'])[] = [
  ['login', '#identifier', 'ada@example.com', 'ltr'],
  ['login', '#identifier', 'آدا', 'rtl'],
  ['login', '#password', 'open!', 'ltr'],
  ['new-password', '#new-password', 'open!', 'ltr'],
  ['second-factor', '#code', '123456', 'ltr'],
  ['enrol', '#code', '123456', 'ltr'],
  ['account-authenticator', '#code', '123456', 'ltr'],
];

// The code that runs in the page is a string because the server's TypeScript program has no DOM types.

/** Horizontal positions of the first line of each element's text. */
const inksOf = (selector: string) => `[...document.querySelectorAll(${JSON.stringify(selector)})].map((element) => {
  const text = element.firstChild;
  const boxes = Array.from(text.data.trimEnd(), (_, index) => {
    const range = document.createRange();
    range.setStart(text, index);
    range.setEnd(text, index + 1);
    return range.getBoundingClientRect();
  });
  return boxes.filter(({ width, top }) => width > 0 && Math.abs(top - boxes[0].top) < 2).map(({ left }) => left);
})`;

const scope = { after };
const { origin } = await servePages(scope);
const browser = await launchChromium(scope);

describe('pages in Arabic', () => {
  async function inPage(work: (page: Page, open: (name: string) => Promise<void>) => Promise<void>): Promise<void> {
    const page = await browser.newPage();
    try {
      await work(page, async (name) => {
        const answer = await page.goto(`${origin}/${name}?ar`);
        assert.equal(answer?.status(), 200, name);
      });
    } finally {
      await page.close();
    }
  }

  for (const name of PAGES) {
    test(`${name} runs from right to left, fits and is accessible`, () =>
      inPage(async (page, open) => {
        for (const look of LOOKS) {
          await page.emulateMedia({ colorScheme: look.colorScheme });
          await page.setViewportSize({ width: look.width, height: 800 });
          await open(name);
          const found = await page.evaluate(`({
            lang: document.documentElement.lang,
            dir: document.documentElement.dir,
            heading: getComputedStyle(document.querySelector('h1')).direction,
            overflow: document.documentElement.scrollWidth - window.innerWidth,
            wide: [...document.querySelectorAll('body *')]
              .filter((e) => e.checkVisibility())
              .filter((e) => e.getBoundingClientRect().right > window.innerWidth + 1 || e.getBoundingClientRect().left < -1)
              .map((e) => e.outerHTML.slice(0, 80)),
            clipped: [...document.querySelectorAll('h1, h2, label, .button')]
              .filter((e) => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0)
              .map((e) => e.outerHTML.slice(0, 80)),
          })`);
          assert.deepEqual(
            found,
            { lang: 'ar', dir: 'rtl', heading: 'rtl', overflow: 0, wide: [], clipped: [] },
            look.name,
          );
          await picture(page, 'ar', `${name}.${look.name}`);
          await assertAccessible(page, `${name} ${look.name}`);
        }
      }));
  }

  test('secrets, codes, addresses and machine-readable values run from left to right', () =>
    inPage(async (page, open) => {
      for (const [name, selector] of LEFT_TO_RIGHT) {
        await open(name);
        const lines = await page.evaluate<number[][]>(inksOf(selector));
        assert.ok(lines.length > 0, `${name} ${selector}`);
        for (const line of lines) {
          assert.deepEqual(
            line,
            line.toSorted((a, b) => a - b),
            `${name} ${selector}`,
          );
        }
      }
    }));

  test('each input takes the direction of its text', () =>
    inPage(async (page, open) => {
      for (const [name, input, text, direction] of TYPED) {
        await open(name);
        await page.fill(input, text);
        const found = await page.evaluate(`getComputedStyle(document.querySelector('${input}')).direction`);
        assert.equal(found, direction, `${name} ${input} ${text}`);
      }
    }));

  test('chevrons point to the left, and the hinges and the navigation are at the right', () =>
    inPage(async (page, open) => {
      await page.setViewportSize({ width: 1280, height: 800 });
      const pointsTo = `[...document.querySelectorAll('.chevron')].map((e) => {
        const turn = new DOMMatrix(getComputedStyle(e).transform);
        return Math.sign(turn.transformPoint({ x: 1, y: -1 }).x);
      })`;
      await open('select-account');
      assert.deepEqual(await page.evaluate(pointsTo), [-1, -1]);
      const hinge = `(() => {
        const { direction } = getComputedStyle(document.querySelector('.card'));
        const { left, right } = getComputedStyle(document.querySelector('.card'), '::before');
        return { direction, atTheRight: parseFloat(right) < parseFloat(left) };
      })()`;
      assert.deepEqual(await page.evaluate(hinge), { direction: 'rtl', atTheRight: true });
      await open('account-overview');
      assert.deepEqual(new Set(await page.evaluate<number[]>(pointsTo)), new Set([-1]));
      const [nav, main] = await Promise.all([
        page.locator('.account-nav').boundingBox(),
        page.locator('.account-page').boundingBox(),
      ]);
      assert.ok(nav && main && nav.x >= main.x + main.width);
    }));
});

test('stylesheets use start and end, not left and right', () => {
  const folder = join(ROOT, 'server', 'views', 'styles');
  const physical = [
    /^\s*(?:margin|padding|border|inset|scroll-margin|scroll-padding)-(?:left|right|top|bottom)\b/,
    /^\s*border-(?:top|bottom)-(?:left|right)-radius\b/,
    /^\s*(?:left|right|top|bottom|width|height|(?:min|max)-(?:width|height))\s*:/,
    /^\s*(?:text-align|float|clear)\s*:\s*(?:left|right)\b/,
    // Four values of which left and right differ.
    /^\s*(?:margin|padding|inset)\s*:\s*\S+ (\S+) \S+ (?!\1;)\S+;/,
  ];
  for (const file of readdirSync(folder)) {
    const text = readFileSync(join(folder, file), 'utf8');
    const found = text.split('\n').filter((line) => physical.some((pattern) => pattern.test(line)));
    assert.deepEqual(found, [], file);
  }
});
