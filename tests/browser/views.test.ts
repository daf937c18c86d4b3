import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import en from '../../server/views/messages/en.json' with { type: 'json' };
import { locales, negotiate } from '../../server/views/messages.ts';
import { compileTemplates } from '../../server/views/templates.ts';
import { createViews } from '../../server/views/views.ts';
import { ACCOUNT_PAGE_CASES } from '../helpers/account_page_cases.ts';
import { ROOT } from '../helpers/artifacts.ts';
import { assertAccessible } from '../helpers/axe.ts';
import { launchChromium } from '../helpers/chromium.ts';
import { PAGE_CASES } from '../helpers/page_cases.ts';
import { EVERY_CASE, servePages } from '../helpers/page_server.ts';
import { picture } from '../helpers/pictures.ts';

const views = createViews();

/** A string because the server's TypeScript program has no DOM types. */
const PROBE = `(() => {
  const rgba = (text) => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return { r, g, b, a }; };
  const over = (top, under) => ({
    r: top.r * top.a + under.r * (1 - top.a), g: top.g * top.a + under.g * (1 - top.a),
    b: top.b * top.a + under.b * (1 - top.a), a: 1 });
  const ground = (element) => {
    const layers = [];
    for (let e = element; e; e = e.parentElement) layers.unshift(rgba(getComputedStyle(e).backgroundColor));
    return layers.reduce((under, top) => over(top, under), { r: 255, g: 255, b: 255, a: 1 });
  };
  const light = ({ r, g, b }) => {
    const [x, y, z] = [r, g, b].map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const contrast = (element) => {
    const under = ground(element);
    const [a, b] = [light(over(rgba(getComputedStyle(element).color), under)), light(under)];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  };
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (walker.currentNode.data.trim() !== '' && element.checkVisibility()) texts.push(element);
  }
  const inputs = [...document.querySelectorAll('input:not([type=hidden]), select, textarea')];
  const ratios = [...texts, ...inputs].map((e) => ({ ratio: contrast(e), where: e.outerHTML.slice(0, 80) }));
  return {
    worst: ratios.sort((a, b) => a.ratio - b.ratio)[0],
    mains: document.querySelectorAll('main').length,
    headings: document.querySelectorAll('h1').length,
    unlabelled: inputs.filter((e) => e.labels.length === 0 || e.labels[0].textContent.trim() === '').map((e) => e.id),
    nameless: [...document.querySelectorAll('button, a')].filter((e) => (e.ariaLabel ?? e.textContent).trim() === '').length,
    small: [...document.querySelectorAll('button, .button, input:not([type=hidden]), summary')]
      .filter((e) => e.checkVisibility() && (e.getBoundingClientRect().height < 44 || e.getBoundingClientRect().width < 44))
      .map((e) => e.outerHTML.slice(0, 80)),
    // Clipped content counts too: a name must wrap, not vanish at the side.
    overflow: document.documentElement.scrollWidth - window.innerWidth,
    wide: [...document.querySelectorAll('body *')]
      .filter((e) => e.checkVisibility() && (e.getBoundingClientRect().right > window.innerWidth + 1 || e.getBoundingClientRect().left < -1))
      .map((e) => e.outerHTML.slice(0, 80)),
    duplicates: [...document.querySelectorAll('[id]')].map((e) => e.id).filter((id, i, all) => all.indexOf(id) !== i),
    dangling: [...document.querySelectorAll('[aria-describedby], [aria-labelledby], label[for]')]
      .map((e) => e.getAttribute('aria-describedby') ?? e.getAttribute('aria-labelledby') ?? e.getAttribute('for'))
      .flatMap((ids) => ids.split(' '))
      .filter((id) => !document.getElementById(id)),
    active: [...document.querySelectorAll('script:not([src^="/assets/"]), style, iframe, object, base, [style], [onerror], [onload], [onclick]')]
      .map((e) => e.outerHTML.slice(0, 80)),
    links: [...document.querySelectorAll('a[href], img[src]')].map((e) => e.href ?? e.src).filter((u) => /^javascript:/i.test(u)),
    title: document.title,
    lang: document.documentElement.lang,
    dir: document.documentElement.dir,
  };
})()`;

interface Findings {
  worst: { ratio: number; where: string };
  mains: number;
  headings: number;
  unlabelled: string[];
  nameless: number;
  small: string[];
  overflow: number;
  wide: string[];
  duplicates: string[];
  dangling: string[];
  active: string[];
  links: string[];
  title: string;
  lang: string;
  dir: string;
}

/** Ends CSS transitions, since colours are measured; a background page may get no frame to finish them. */
const SETTLED = `(() => { for (const animation of document.getAnimations()) animation.finish(); return ${PROBE}; })()`;

/** Mirrors the page: layouts must not depend on left and right. */
const MIRRORED = `(() => {
  document.documentElement.dir = 'rtl';
  const found = ${PROBE};
  document.documentElement.dir = 'ltr';
  return found;
})()`;

const LOOKS = [
  { name: 'light', colorScheme: 'light', width: 1280 },
  { name: 'dark', colorScheme: 'dark', width: 1280 },
  { name: '360', colorScheme: 'light', width: 360 },
  { name: '320', colorScheme: 'light', width: 320 },
] as const;

const scope = { after };
const { origin, posted } = await servePages(scope);
const browser = await launchChromium(scope);

describe('views in Chromium', () => {
  /** A page, and the errors that it reported: console errors (including CSP violations), exceptions, dialogs. */
  async function open(options: { javaScriptEnabled?: boolean } = {}): Promise<{ page: Page; complaints: string[] }> {
    const page = await browser.newPage(options);
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('dialog', (dialog) => {
      complaints.push(`dialog ${dialog.message()}`);
      void dialog.dismiss();
    });
    return { page, complaints };
  }

  let shown: (typeof LOOKS)[number] | undefined;

  /** Changes only the settings that differ, since each change takes as long as a check of the page. */
  async function show(page: Page, look: (typeof LOOKS)[number]): Promise<void> {
    const { colorScheme, width } = look;
    if (shown?.colorScheme !== colorScheme) await page.emulateMedia({ colorScheme });
    if (shown?.width !== width) await page.setViewportSize({ width, height: width > 600 ? 860 : 720 });
    shown = look;
  }

  // All cases share one page, since opening a page takes longer than checking it.
  let shared: Awaited<ReturnType<typeof open>> | undefined;

  for (const { name, ids, focus } of PAGE_CASES) {
    test(`${name} is accessible, treats values as text and fits, in both colour schemes and every width`, async () => {
      shared ??= await open();
      const { page, complaints } = shared;
      complaints.length = 0;
      await page.goto(`${origin}/${name}`);
      for (const look of LOOKS) {
        await show(page, look);
        const found = await page.evaluate<Findings>(SETTLED);
        // Screenshots take as long as the checks, so they are optional; the narrowest width is only measured.
        if (look.width > 320) await picture(page, '', `${name}.${look.name}`);
        const { worst, title, ...rest } = found;
        assert.deepEqual(
          rest,
          {
            mains: 1,
            headings: 1,
            unlabelled: [],
            nameless: 0,
            small: [],
            overflow: 0,
            wide: [],
            duplicates: [],
            dangling: [],
            active: [],
            links: [],
            lang: 'en',
            dir: 'ltr',
          },
          look.name,
        );
        assert.ok(worst.ratio >= 4.5, `${look.name}: contrast ${worst.ratio.toFixed(2)} at ${worst.where}`);
        assert.match(title, /^.+ · Cardea$/);
        // autofocus takes effect with the first frame, which may come after the load event.
        if (focus !== undefined) await page.locator(`#${focus}:focus`).waitFor({ timeout: 5_000 });
        const mirrored = await page.evaluate<Findings>(MIRRORED);
        assert.deepEqual({ overflow: mirrored.overflow, wide: mirrored.wide }, { overflow: 0, wide: [] }, 'rtl');
        if (look.name === 'light') await assertAccessible(page, name);
      }
      for (const id of ids) assert.equal(await page.locator(`[id="${id}"]`).count(), 1, `#${id}`);
      assert.deepEqual(complaints, []);
    });
  }

  test('every page of the account is accessible', async () => {
    const { page } = await open();
    for (const { name } of ACCOUNT_PAGE_CASES) {
      await page.goto(`${origin}/${name}`);
      await assertAccessible(page, name);
    }
    assert.ok(EVERY_CASE.length > 60);
    await page.close();
  });

  for (const locale of locales.filter((one) => one !== 'en')) {
    test(`every page fits a narrow screen in ${locale}, where texts have other lengths`, async () => {
      const { page, complaints } = await open();
      await page.setViewportSize({ width: 320, height: 720 });
      for (const { name } of EVERY_CASE) {
        await page.goto(`${origin}/${name}?${locale}`);
        const { overflow, wide, small, nameless, dangling, lang } = await page.evaluate<Findings>(PROBE);
        assert.deepEqual(
          { overflow, wide, small, nameless, dangling, lang },
          { overflow: 0, wide: [], small: [], nameless: 0, dangling: [], lang: locale },
          name,
        );
      }
      assert.deepEqual(complaints, []);
      await page.close();
    });
  }

  test('the probe finds low contrast, overflow, a missing label and a violated CSP', async () => {
    const { page, complaints } = await open();
    await page.goto(`${origin}/login`);
    await page.evaluate(`(() => {
      document.querySelector('h1').classList.add('probe');
      document.styleSheets[0].insertRule('.probe { color: #888; background: #777; inline-size: 5000px }');
      document.querySelector('label').remove();
      const script = document.createElement('script'); script.textContent = 'alert(1)'; document.body.append(script);
    })()`);
    const found = await page.evaluate<Findings>(PROBE);
    assert.ok(found.worst.ratio < 1.5 && found.overflow > 0 && found.wide.length > 0);
    assert.deepEqual(found.unlabelled, ['identifier']);
    assert.equal(complaints.length, 1);
    await page.close();
  });

  test('sign-in, cancel, consent and logout post the right fields without JavaScript', async () => {
    const { page, complaints } = await open({ javaScriptEnabled: false });
    const submit = async (path: string, button: string): Promise<Record<string, string>> => {
      await page.goto(`${origin}/${path}`);
      if (button === 'submit') await page.fill('#password', 'correct horse');
      await Promise.all([page.waitForURL('**/post'), page.click(`[id="${button}"]`)]);
      return Object.fromEntries(new URLSearchParams(posted()));
    };
    const csrf = 'csrf-token';
    const identifier = 'ada@example.com';
    assert.deepEqual(await submit('login-again', 'submit'), {
      csrf,
      identifier,
      password: 'correct horse',
      action: 'signin',
    });
    assert.deepEqual(await submit('login', 'cancel'), { csrf, identifier: '', password: '', action: 'cancel' });
    for (const action of ['allow', 'deny', 'switch'])
      assert.deepEqual(await submit('consent', action), { csrf, action });
    for (const action of ['continue', 'another']) {
      assert.deepEqual(await submit('select-account', action), { csrf, action });
    }
    assert.deepEqual(await submit('logout', 'logout-yes'), { xsrf: 'xsrf-token', logout: 'yes' });
    assert.deepEqual(await submit('logout', 'logout-no'), { xsrf: 'xsrf-token' });
    assert.deepEqual(await submit('demo', 'refresh'), { csrf, action: 'refresh' });
    assert.deepEqual(complaints, []);
    await page.close();
  });

  test('rules of a new password are marked during typing, and the password can be shown', async () => {
    const { page, complaints } = await open();
    await page.goto(`${origin}/new-password-refused`);
    const states = () =>
      page.evaluate<Record<string, string>>(
        `Object.fromEntries([...document.querySelectorAll('[data-rule]')].map((e) => [e.dataset.rule, e.dataset.state + (e.hidden ? ' hidden' : '')]))`,
      );
    assert.equal((await states()).reused, 'failed');
    const known = { blocklisted: 'open', reused: 'open' };
    await page.fill('#new-password', '🔑Ébc');
    assert.deepEqual(await states(), {
      ...known,
      too_short: 'failed',
      no_upper: 'met',
      no_digit: 'failed',
      too_long: 'met hidden',
    });
    assert.equal(await page.locator('[role=status]').textContent(), '2 of 4 rules are met so far.');
    assert.match((await page.locator('#rule-reused').textContent()) ?? '', /checked when you send it/);
    await page.fill('#new-password', `${'🔑'.repeat(256)}4`);
    assert.deepEqual(await states(), {
      ...known,
      too_short: 'met',
      no_upper: 'failed',
      no_digit: 'met',
      too_long: 'failed',
    });
    await page.click('[data-reveal]');
    assert.equal(await page.getAttribute('#new-password', 'type'), 'text');
    await Promise.all([page.waitForURL('**/post'), page.click('#submit')]);
    assert.equal(new URLSearchParams(posted()).get('new_password'), `${'🔑'.repeat(256)}4`);
    assert.deepEqual(complaints, []);
    await page.close();
  });

  test('the server marks the rules of a new password when no script runs', async () => {
    const { page } = await open({ javaScriptEnabled: false });
    await page.goto(`${origin}/new-password-refused`);
    assert.equal(await page.locator('#rule-too-short[data-state=failed]').count(), 1);
    assert.match((await page.locator('#rule-no-upper').textContent()) ?? '', /\bmet$/);
    assert.equal(await page.locator('[data-reveal]').isVisible(), false);
    await page.close();
  });

  test('Enter signs in instead of cancelling, and empty fields are not sent', async () => {
    const { page } = await open({ javaScriptEnabled: false });
    await page.goto(`${origin}/login`);
    await page.press('#identifier', 'Enter');
    assert.equal(page.url(), `${origin}/login`);
    await page.fill('#identifier', 'ada');
    await page.fill('#password', 'pw');
    await Promise.all([page.waitForURL('**/post'), page.press('#password', 'Enter')]);
    assert.equal(new URLSearchParams(posted()).get('action'), 'signin');
    await page.close();
  });
});

describe('templates and messages', () => {
  test('every message key that is used exists, and every key is used', () => {
    const sourceOf = (...folders: readonly string[]) =>
      folders
        .flatMap((folder) =>
          readdirSync(join(ROOT, 'server', folder), { recursive: true, encoding: 'utf8' })
            .filter((file) => /\.(eta|ts)$/.test(file))
            .map((file) => readFileSync(join(ROOT, 'server', folder, file), 'utf8')),
        )
        .join('\n');
    const source = sourceOf('views', 'login', 'selfservice', 'demo');
    const literals = new Set(Array.from(sourceOf('.').matchAll(/['"]([\w.-]+)['"]/g), ([, text = '']) => text));
    // A key is written in full, or with a code in one place, as in `account.done.${what}`; each such code is written in
    // full too.
    const composed = Array.from(
      source.matchAll(/`([\w.-]*)\$\{[^}`]+\}(\.[\w.-]+)?`/g),
      ([, before = '', after = '']) => [before, after],
    ).filter(([before, after]) => before?.endsWith('.') || after);
    const isComposed = (key: string) =>
      composed.some(
        ([before = '', after = '']) =>
          key.startsWith(before) &&
          key.endsWith(after) &&
          literals.has(key.slice(before.length, key.length - after.length)),
      );
    const isUsed = (key: string) => literals.has(key) || isComposed(key);
    for (const key of Object.keys(en)) assert.ok(isUsed(key), `unused message ${key}`);
    const called = Array.from(source.matchAll(/\b(?:t|rich)\('([^']+)'/g), ([, key]) => key ?? '');
    assert.ok(called.length > 60);
    for (const key of called) assert.ok(Object.hasOwn(en, key), `unknown message ${key}`);
  });

  test('a template with an unescaped value or an unquoted attribute does not compile', () => {
    const folder = mkdtempSync(join(tmpdir(), 'cardea-views-'));
    try {
      for (const source of ['<p><%~ data %></p>', '<p class=<%= data %>></p>']) {
        writeFileSync(join(folder, 'page.eta'), source);
        assert.throws(() => compileTemplates(pathToFileURL(`${folder}/`)));
      }
      writeFileSync(join(folder, 'page.eta'), '<p class="<%= data %>"></p>');
      assert.doesNotThrow(() => compileTemplates(pathToFileURL(`${folder}/`)));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('the language is chosen by lookup (RFC 4647 §3.4)', () => {
    const available = ['en', 'de', 'ar', 'zh-Hant', 'pt-BR'];
    const cases: [string | undefined, string | undefined, string][] = [
      [undefined, undefined, 'en'],
      ['de', undefined, 'de'],
      ['de-CH-1996', undefined, 'de'],
      ['fr de', 'ar', 'de'],
      ['fr', 'ar;q=0.5, de;q=0.9', 'de'],
      [undefined, 'fr, DE-at;q=0.7, ar;q=0.6', 'de'],
      [undefined, 'de;q=0, ar;q=0.1', 'ar'],
      [undefined, 'de;q=0', 'en'],
      ['zh-Hant-x-private-tw', undefined, 'zh-Hant'],
      ['zh', 'pt', 'en'],
      ['*', '*;q=0.5', 'en'],
      ['-- __proto__', ';;q=x,,;q=', 'en'],
      ['de_AT', 'ar', 'de'],
      ['a'.repeat(100_000), `${'b-'.repeat(50_000)},de`, 'de'],
    ];
    for (const [ui, accept, expected] of cases) assert.equal(negotiate(ui, accept, available), expected);
  });

  test('file names of assets contain a hash of their content', () => {
    assert.deepEqual([...views.assets.values()].map(({ type }) => type).sort(), [
      'image/svg+xml',
      'text/css; charset=utf-8',
      ...readdirSync(join(ROOT, 'server', 'views', 'scripts')).map(() => 'text/javascript; charset=utf-8'),
    ]);
    for (const [path, { etag, body }] of views.assets) {
      assert.ok(path.includes(etag.replaceAll('"', '')) && /^\/assets\/cardea-[0-9a-f]{16}\.(css|js|svg)$/.test(path));
      assert.ok(body.length > 0);
    }
  });
});
