import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { launchChromium } from '../helpers/chromium.ts';
import { PAGE_CASES } from '../helpers/page_cases.ts';
import { servePages } from '../helpers/page_server.ts';
import { PUT_DOCUMENT } from '../helpers/put_document.ts';

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

describe('values and controls of pages in Arabic', () => {
  async function inPage(work: (page: Page, open: (name: string) => Promise<void>) => Promise<void>): Promise<void> {
    const page = await browser.newPage();
    try {
      await page.goto(`${origin}/login?ar`);
      await work(page, async (name) => {
        const html = PAGE_CASES.find((one) => one.name === name)?.render('ar');
        assert.ok(html, name);
        await page.evaluate(`${PUT_DOCUMENT}(document, ${JSON.stringify(html)})`);
      });
    } finally {
      await page.close();
    }
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
