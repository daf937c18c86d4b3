import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { createTranslator, type Locale, locales, type MessageKey, namesUnder } from '../../server/views/messages.ts';
import { createViews } from '../../server/views/views.ts';
import { MEASURE, type Measured, measure, PICTURED } from '../helpers/appearance.ts';
import { assertAccessible, findingsOf } from '../helpers/axe.ts';
import { launchChromium } from '../helpers/chromium.ts';
import { openPage } from '../helpers/page.ts';
import { PAGE_CASES } from '../helpers/page_cases.ts';
import { servePages } from '../helpers/page_server.ts';
import { picture, TAKES_PICTURES } from '../helpers/pictures.ts';

/**
 * Every page, in each of its states and languages: accessible, values are text, fits at every width, readable in both
 * colour schemes. Other files of this folder test what pages do.
 */

interface Look {
  readonly colorScheme: 'light' | 'dark';
  readonly width: number;
}

/** Texts have other lengths in German, and Arabic runs from right to left; colours are the same in all languages. */
const LOOKS: Readonly<Record<Locale, readonly Look[]>> = {
  en: [
    { colorScheme: 'light', width: 1280 },
    { colorScheme: 'light', width: 360 },
    { colorScheme: 'light', width: 320 },
    { colorScheme: 'dark', width: 1280 },
  ],
  de: [{ colorScheme: 'light', width: 320 }],
  ar: [
    { colorScheme: 'light', width: 320 },
    { colorScheme: 'dark', width: 1280 },
  ],
};

const scope = { after };
const { origin, openAll, translateAll } = await servePages(scope);
const browser = await launchChromium(scope);

/** Measures all pages at once, each in its frame. */
async function measureAll(page: Page, { colorScheme, width }: Look): Promise<Map<string, Measured>> {
  await page.emulateMedia({ colorScheme });
  const measured = await page.evaluate<[string, Measured][]>(`(() => {
    const frames = [...document.querySelectorAll('iframe')];
    for (const frame of frames) frame.width = ${width};
    const measure = ${MEASURE};
    return frames.map((frame) => [frame.name, measure(frame.contentWindow)]);
  })()`);
  return new Map(measured);
}

/** The documents of all frames, after their scripts. */
async function documentsOf(page: Page): Promise<Record<string, string>> {
  return page.evaluate(
    `Object.fromEntries([...document.querySelectorAll('iframe')].map((frame) => [frame.name, frame.contentDocument.documentElement.outerHTML]))`,
  );
}

/** The texts of a message that is shown in one place of a page, and differs in nothing else. */
function messagesUnder(prefix: 'account.done' | 'account.problem', locale: Locale): string[] {
  const { t } = createTranslator(locale);
  return namesUnder(prefix).map((name) => t(`${prefix}.${name}` as MessageKey));
}

/** Those of the texts that do not fit into an element of a page on a small screen. */
async function tooWide(page: Page, name: string, selector: string, texts: readonly string[]): Promise<string[]> {
  return page.evaluate(`(() => {
    const frame = document.querySelector('iframe[name=${name}]');
    frame.width = 320;
    const { contentDocument, contentWindow } = frame;
    const element = contentDocument.querySelector('${selector}');
    return ${JSON.stringify(texts)}.filter((text) => {
      element.textContent = text;
      return contentDocument.documentElement.scrollWidth > contentWindow.innerWidth || element.scrollWidth > element.clientWidth;
    });
  })()`);
}

describe('every page in every state', () => {
  let page: Page;
  let complaints: readonly string[] = [];
  let documents: Readonly<Record<string, string>> = {};

  before(async () => {
    ({ page, complaints } = await openPage(browser));
    await openAll(page);
    documents = await documentsOf(page);
  });

  for (const locale of locales) {
    test(`is readable, treats values as text and fits in ${locale}`, async () => {
      if (locale !== 'en') await translateAll(page, locale);
      for (const look of LOOKS[locale]) {
        const measured = await measureAll(page, look);
        assert.deepEqual(
          [...measured.keys()],
          PAGE_CASES.map(({ name }) => name),
        );
        const faulty = [...measured].filter(([, { faults }]) => Object.keys(faults).length > 0);
        assert.deepEqual(
          faulty.map(([name, { faults }]) => ({ name, ...faults })),
          [],
          `${look.width} ${look.colorScheme}`,
        );
        for (const { name, ids, focus } of PAGE_CASES) {
          const found = measured.get(name);
          assert.deepEqual([found?.lang, found?.dir], [locale, locale === 'ar' ? 'rtl' : 'ltr'], name);
          assert.deepEqual(
            ids.filter((id) => !found?.ids.includes(id)),
            [],
            name,
          );
          if (focus !== undefined) assert.equal(found?.autofocus, focus, name);
        }
      }
      assert.deepEqual(await tooWide(page, 'account-profile', '#done', messagesUnder('account.done', locale)), []);
      const problems = messagesUnder('account.problem', locale);
      assert.deepEqual(await tooWide(page, 'account-profile-name', '#problem-message', problems), []);
      assert.deepEqual(complaints, []);
    });
  }

  test('has no serious or critical finding of axe-core', async () => {
    const { page, context } = await openPage(browser);
    assert.equal(Object.keys(documents).length, PAGE_CASES.length);
    await page.goto(`${origin}/login`);
    assert.deepEqual(await findingsOf(page, documents), new Map());
    await context.close();
  });

  test('gives the focus to its input, button or message', async () => {
    const { page, context } = await openPage(browser);
    for (const name of ['login', 'login-error', 'login-again', 'select-account', 'new-password-refused']) {
      await page.goto(`${origin}/${name}`);
      const focus = PAGE_CASES.find((one) => one.name === name)?.focus;
      // The focus moves with the first frame, which may come after the load event.
      await page.locator(`#${focus}:focus`).waitFor({ timeout: 5_000 });
    }
    await context.close();
  });
});

test('the page in the export of a person has no serious or critical finding of axe-core', async () => {
  const { page, context } = await openPage(browser);
  const at = new Date('2026-11-01T08:00:00Z');
  const data = {
    issuer: 'https://id.example.com',
    made_at: at.toISOString(),
    incomplete: ['audit'],
    apps: { notes: 'Harbour Notes' },
    account: { id: 'a', groups: ['staff'], restricted: false, created_at: at },
    factors: { kinds: [], totp: null, passkeys: [{ name: 'Laptop', created_at: at }] },
    grants: [{ client_id: 'notes', scopes: ['openid'], texts: [{ kind: 'terms', version: '3' }] }],
    consents: [{ kind: 'terms', version: '3', accepted_at: at, withdrawn_at: null }],
    devices: [],
  };
  const views = createViews();
  for (const locale of locales) {
    await page.setContent(views.personalData(data, locale, 'UTC'));
    await assertAccessible(page, locale);
  }
  await context.close();
});

test('the checks find low contrast, overflow, a missing label, a duplicate id, a wrong role and a violated CSP', async () => {
  const { page, context, complaints } = await openPage(browser);
  await page.goto(`${origin}/login`);
  assert.deepEqual((await measure(page)).faults, {});
  await page.evaluate(`(() => {
    document.querySelector('h1').classList.add('probe');
    document.styleSheets[0].insertRule('.probe { color: #888; background: #777; inline-size: 5000px }');
    document.querySelector('label').remove();
    document.querySelector('#submit').id = 'password';
    document.querySelector('form').setAttribute('role', 'buton');
    const script = document.createElement('script'); script.textContent = 'alert(1)'; document.body.append(script);
  })()`);
  const { faults } = await measure(page);
  assert.deepEqual(Object.keys(faults).sort(), ['active', 'contrast', 'duplicates', 'overflow', 'unlabelled', 'wide']);
  assert.deepEqual(faults.duplicates, ['password']);
  assert.equal(complaints.length, 1);
  const broken = (await page.content()).toString();
  await page.goto(`${origin}/login`);
  const found = await findingsOf(page, { broken });
  assert.match(found.get('broken')?.join() ?? '', /aria-roles/);
  await context.close();
});

if (TAKES_PICTURES) {
  test('screenshots are taken', async () => {
    const { page, context } = await openPage(browser);
    for (const { name: look, colorScheme, width } of PICTURED) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 860 });
      for (const { name } of PAGE_CASES) {
        for (const [locale, folder] of [['en', ''] as const, ['ar', 'ar'] as const]) {
          await page.goto(`${origin}/${name}?${locale}`);
          await picture(page, folder, `${name}.${look}`);
        }
      }
    }
    await context.close();
  });
}
