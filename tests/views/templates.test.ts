import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import en from '../../server/views/messages/en.json' with { type: 'json' };
import { negotiate } from '../../server/views/messages.ts';
import { compileTemplates } from '../../server/views/templates.ts';
import { createViews } from '../../server/views/views.ts';
import { ROOT } from '../helpers/artifacts.ts';

const views = createViews();

test('every message key that is used exists, and every key is used', () => {
  const sourceOf = (...folders: readonly string[]) =>
    folders
      .flatMap((folder) =>
        readdirSync(join(ROOT, 'server', folder), { recursive: true, encoding: 'utf8' })
          .filter((file) => /\.(eta|ts)$/.test(file))
          .map((file) => readFileSync(join(ROOT, 'server', folder, file), 'utf8')),
      )
      .join('\n');
  const source = sourceOf('views', 'login', 'selfservice', 'demo', 'monitoring');
  const all = sourceOf('.');
  // The second are members of the export of a person, by their places in it, such as `consents[].accepted_at`.
  const literals = new Set(
    [/['"]([\w.-]+)['"]/g, /shown\('\w+', '[^']*?(\w+)(?:\[\])?'\)/g].flatMap((one) =>
      Array.from(all.matchAll(one), ([, text = '']) => text),
    ),
  );
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

test('inputs of passwords are hidden, and open to pasting and password managers (ASVS 6.2.6, 6.2.7)', () => {
  const sources = readdirSync(join(ROOT, 'server/views'), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(eta|js)$/.test(file))
    .map((file) => readFileSync(join(ROOT, 'server/views', file), 'utf8'));
  const inputs = sources.flatMap((source) => source.match(/<input [^>]*name="\w*password"[^\n]*/g) ?? []);
  assert.equal(inputs.length, 2, 'the current password, and a new one');
  for (const input of inputs) {
    assert.match(input, / type="password" /, input);
    assert.match(input, / autocomplete="(current|new)-password" /, input);
  }
  for (const source of sources) assert.doesNotMatch(source, /paste|beforeinput|maxlength="\d+"[^>]*type="password"/i);
});

/** URLs without `at`, which would lead past an issuer with a path. */
const URLS = [
  '<a href="/account">',
  '<a href="<%= data %>">',
  '<form action="<%= data %>">',
  "<img src='<%= data %>'>",
];

test('a template with an unescaped value, an unquoted attribute or a URL without the path does not compile', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cardea-views-'));
  try {
    for (const source of ['<p><%~ data %></p>', '<p class=<%= data %>></p>', ...URLS]) {
      writeFileSync(join(folder, 'page.eta'), source);
      assert.throws(() => compileTemplates(pathToFileURL(`${folder}/`)));
    }
    writeFileSync(join(folder, 'page.eta'), '<p class="<%= data %>"><a href="<%= at(data) %>"></a></p>');
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
