import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import en from '../../server/views/messages/en.json' with { type: 'json' };
import { createTranslator, type Locale, locales, negotiate } from '../../server/views/messages.ts';
import { createViews, type MailName } from '../../server/views/views.ts';
import { ROOT } from '../helpers/artifacts.ts';
import { PAGE_CASES } from '../helpers/page_cases.ts';

const FOLDER = join(ROOT, 'server', 'views');

type Messages = Readonly<Record<string, string>>;

function read(locale: Locale): Messages {
  return JSON.parse(readFileSync(join(FOLDER, 'messages', `${locale}.json`), 'utf8')) as Messages;
}

function placeholders(text: string): string[] {
  return [...new Set(Array.from(text.matchAll(/\{(\w+)\}/g), ([, name = '']) => name))].sort();
}

const DIRECTIONS: Readonly<Record<Locale, 'ltr' | 'rtl'>> = { en: 'ltr', de: 'ltr', ar: 'rtl' };

/** Texts that are the same in English: names, symbols, and terms that the language has adopted. */
const SAME_EVERYWHERE = ['brand.name', 'title.page', 'account.overview.count'];
const SAME: Readonly<Record<Exclude<Locale, 'en'>, readonly string[]>> = {
  de: [
    'mail.fact.browser',
    'mail.factor.passkey',
    'account.nav.passkeys',
    'account.profile.names',
    'account.second-factor.passkeys',
    'account.passkeys.title',
    'account.passkeys.name',
    'error.status',
    'home.issuer',
    'home.version',
    'demo.userinfo',
    'demo.header',
    'demo.claims',
    'demo.name',
    'export.field.browser',
    'export.field.client_id',
    'export.field.passkeys',
    'export.field.system',
  ],
  ar: [],
};

test('every catalogue is an available locale', () => {
  const files = readdirSync(join(FOLDER, 'messages')).map((file) => file.replace('.json', ''));
  assert.deepEqual(files.sort(), [...locales].sort());
});

for (const locale of locales) {
  const messages = read(locale);

  describe(`the catalogue ${locale}`, () => {
    test('has the keys of English, and no others', () => {
      assert.deepEqual(Object.keys(messages).sort(), Object.keys(en).sort());
    });

    test('has the placeholders of the English text in each message', () => {
      const of = (catalogue: Messages) => Object.entries(catalogue).map(([key, text]) => [key, placeholders(text)]);
      assert.deepEqual(Object.fromEntries(of(messages)), Object.fromEntries(of(en)));
    });

    test('is plain text: not empty, no markup, no stray spaces, and typographic quotes', () => {
      for (const [key, text] of Object.entries(messages)) {
        assert.ok(text !== '' && text === text.trim() && !/\s{2}|[\n\t]/.test(text), `${key}: space in “${text}”`);
        assert.doesNotMatch(text, /[<>"'`]|&\w+;/, key);
        assert.doesNotMatch(text.replaceAll(/\{\w+\}/g, ''), /[{}]/, key);
      }
    });

    test('dates, numbers and durations are formatted in its language', () => {
      assert.deepEqual(Intl.DateTimeFormat.supportedLocalesOf(locale), [locale]);
      assert.deepEqual(Intl.NumberFormat.supportedLocalesOf(locale), [locale]);
    });

    test('every page uses it, and declares its language', () => {
      const { dir } = createTranslator(locale);
      assert.equal(dir, DIRECTIONS[locale]);
      for (const { name, render } of PAGE_CASES) {
        const html = render(locale);
        assert.ok(html.startsWith(`<!doctype html>\n<html lang="${locale}" dir="${dir}">`), name);
        assert.doesNotMatch(html, /undefined|\[object/, name);
      }
    });

    test('every mail uses it in both text and HTML, and declares its language', () => {
      for (const name of MAILS) {
        const mail = views.mail(name, MAIL, locale);
        assert.ok(mail.html.startsWith(`<!doctype html>\n<html lang="${locale}" dir="${DIRECTIONS[locale]}">`), name);
        for (const form of [mail.subject, mail.text, mail.html]) {
          assert.doesNotMatch(form, /undefined|\{\w+\}|\[object/, name);
        }
        if (locale === 'en') continue;
        const english = views.mail(name, MAIL, 'en');
        assert.notEqual(mail.subject, english.subject, name);
        const spoken = new Set(mail.text.split(/\n+/));
        const shared = english.text.split(/\n+/).filter((line) => spoken.has(line) && /[a-z] [a-z]+ [a-z]/.test(line));
        assert.deepEqual(shared, [], name);
      }
    });

    if (locale === 'en') return;

    test('leaves nothing in English except texts that are the same in both languages', () => {
      const same = Object.entries(en).filter(([key, text]) => messages[key] === text);
      assert.deepEqual(same.map(([key]) => key).sort(), [...SAME_EVERYWHERE, ...SAME[locale]].sort());
    });
  });
}

test('every page has a case', () => {
  const folder = join(FOLDER, 'templates');
  const templates = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.eta') && !/^(partials|mails)\//.test(file))
    .map((file) => file.replace('.eta', ''));
  const pages = new Set(PAGE_CASES.map(({ template }) => template));
  assert.deepEqual([...pages].sort(), templates.sort());
});

test('each form that is sent to Cardea has the token that a form needs', () => {
  for (const { name, template, render } of PAGE_CASES) {
    // That page only sends on what another party has sent, to the endpoint that checks it.
    if (template === 'onward') continue;
    for (const [form] of render('en').matchAll(/<form\b[^>]*method="post"[\s\S]*?<\/form>/gi))
      assert.match(
        form,
        /<input[^>]*\bname="(csrf|xsrf)"/,
        `${name}: add the hidden field csrf with the value frame.csrf`,
      );
  }
});

test('a regional locale uses its language, and an unknown language falls back to English', () => {
  for (const locale of locales) assert.equal(negotiate(`tlh ${locale}-ZZ`), locale);
  assert.equal(negotiate('tlh', 'tlh-ZZ, xx;q=0.9'), 'en');
});

const views = createViews();

const MAIL = {
  email: 'ada@example.com',
  name: 'Ada Lovelace',
  newEmail: 'countess@example.com',
  host: 'id.example.com',
  at: Date.UTC(2026, 8, 21, 14, 13),
  timeZone: 'Europe/London',
  link: { url: 'https://id.example.com/account/link/unlock?token=t', lifetimeSeconds: 1_800 },
  details: { browser: 'Firefox 142', system: 'Linux', address: '192.0.2.1', factor: 'recovery_code' },
};

// A table, not a list, so that a missing mail does not compile.
const MAILS = Object.keys({
  reset: true,
  sign_up: true,
  already_registered: true,
  verify_email: true,
  invitation: true,
  change_email: true,
  change_email_requested: true,
  email_changed: true,
  locked: true,
  codes_locked: true,
  unlocked: true,
  new_device: true,
  second_factor_missing: true,
  password_changed: true,
  factor_added: true,
  factor_removed: true,
  recovery_codes_renewed: true,
  username_changed: true,
  deletion_asked: true,
  deletion_planned: true,
  deletion_inactive: true,
  deletion_undone: true,
  inactive: true,
  request_waiting: true,
  test: true,
} satisfies Record<MailName, true>) as MailName[];
