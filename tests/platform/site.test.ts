import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { dirname, join as joinUrl } from 'node:path/posix';
import { after, before, describe, test } from 'node:test';
import fastify from 'fastify';
import { parse } from 'node-html-parser';
import { siteLink } from '../../ops/site/links.ts';
import { SECTIONS } from '../../ops/site/navigation.ts';
import { readSite, siteRoutes } from '../../server/reference/site.ts';
import { ROOT } from '../helpers/artifacts.ts';
import { assertAccessible } from '../helpers/axe.ts';
import { launchChromium } from '../helpers/chromium.ts';
import { temporaryFolder } from '../helpers/folders.ts';
import { LONG } from '../helpers/long.ts';

/** The documents as a site, built by the command of `make site` and served below `/docs`. */

const scope = { after };
const built = temporaryFolder(scope);
const browser = await launchChromium(scope);

/** Prose in four columns, figures in nine, and tables that are just narrow enough for a phone; `make chaos` looks at each page. */
const TABLES = LONG ? SECTIONS.flatMap(({ pages }) => pages) : ['monitoring', 'mutation', 'personal-data'];
/** A small phone, and the narrowest screen with room for tables. */
const WIDTHS = LONG ? [320, 375, 801, 1_024, 1_280] : [320, 1_024];

test('each document has its place in the navigation, and each place its document', () => {
  const documents = readdirSync(join(ROOT, 'ops/docs'))
    .filter((file) => file.endsWith('.md'))
    .map((file) => file.slice(0, -'.md'.length));
  const listed = SECTIONS.flatMap(({ pages }) => pages);
  assert.deepEqual([...listed, 'index'].sort(), documents.sort(), 'ops/site/navigation.ts');
});

test('links between documents lead to pages; a file that is not on the site has none', () => {
  const from = 'ops/docs/security/threats.md';
  for (const [href, expected] of [
    ['../audit.md#verify', '../audit.html#verify'],
    ['other.md', 'other.html'],
    ['picture.png', 'picture.png'],
    ['#here', '#here'],
    ['https://example.com/a.md', 'https://example.com/a.md'],
    ['../../../server/app.ts', undefined],
    ['../../README.md', undefined],
  ] as const)
    assert.equal(siteLink(href, from), expected, href);
});

describe('the site', () => {
  before(() => {
    const { status, stderr } = spawnSync(
      join(ROOT, 'node_modules/.bin/eleventy'),
      ['--config=ops/site/eleventy.config.js', `--output=${built}`, '--quiet'],
      { cwd: ROOT, encoding: 'utf8' },
    );
    assert.equal(status, 0, stderr);
  });

  test('has a page for each document, no script, no style attribute, and no link that leads nowhere', () => {
    const files = readSite(built);
    for (const page of SECTIONS.flatMap(({ pages }) => pages)) assert.ok(files.has(`${page}.html`), page);
    const pages = new Map(
      [...files].filter(([path]) => path.endsWith('.html')).map(([path, { body }]) => [path, parse(body.toString())]),
    );
    const ids = new Map(
      [...pages].map(([path, page]) => [path, new Set(page.querySelectorAll('[id]').map(({ id }) => id))]),
    );
    const faults: string[] = [];
    for (const [path, page] of pages) {
      if (page.querySelector('script, style, [style], [onclick]')) faults.push(`${path} has a script or a style`);
      if (/<p>\s*(npx )?cardea /.test(page.outerHTML)) faults.push(`${path} has code that is shown as text`);
      if (page.querySelector('table:not([role]), tr:not([role]), th:not([role]), td:not([role])'))
        faults.push(`${path} has a part of a table that Safari does not tell from text where it is shown as a block`);
      if (page.querySelectorAll('h1').length !== 1) faults.push(`${path} has not one heading`);
      for (const link of page.querySelectorAll('a[href], img[src], link[href]')) {
        const href = link.getAttribute('href') ?? link.getAttribute('src') ?? '';
        if (/^[a-z][a-z0-9+.-]*:/i.test(href)) continue;
        const [to = '', id] = href.split('#', 2);
        const target = to === '' ? path : joinUrl(dirname(path), to);
        if (!files.has(target)) faults.push(`${path}: ${href}`);
        else if (id !== undefined && !ids.get(target)?.has(id)) faults.push(`${path}: ${href} has no such heading`);
      }
    }
    assert.deepEqual(faults, []);
  });

  test('a table shows whole rows at each width, and its cells are wide enough to be read', async () => {
    const page = await browser.newPage();
    const faults: string[] = [];
    for (const name of TABLES) {
      await page.goto(`file://${built}/${name}.html`);
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 800 });
        const { beyond, narrowest } = await page.evaluate(() => {
          const cells = [...document.querySelectorAll('td')].filter(({ textContent }) => textContent.length > 40);
          const { scrollWidth, clientWidth } = document.documentElement;
          return {
            beyond: scrollWidth - clientWidth,
            narrowest: Math.min(...cells.map((cell) => cell.clientWidth)),
          };
        });
        if (beyond > 0) faults.push(`${name} is ${beyond} px wider than ${width}`);
        if (narrowest < 100) faults.push(`${name} has a cell of ${narrowest} px at ${width}`);
      }
    }
    assert.deepEqual(faults, []);
    await page.close();
  });

  test('a table without room for its columns names the column at each cell, and stays a table', async () => {
    const page = await browser.newPage({ viewport: { width: 375, height: 800 } });
    await page.goto(`file://${built}/deployment.html`);
    await assertAccessible(page, 'the page with commands and tables at 375 px');
    const table = page.getByRole('table').filter({ hasText: 'certificates of clients' });
    const cell = table.getByRole('cell', { name: 'X-Forwarded-Tls-Client-Cert' });
    const [width, label] = await cell.evaluate((one) => [one.clientWidth, getComputedStyle(one, '::before').content]);
    assert.equal(width, 343);
    assert.match(String(label), /^"certificates of clients: "/);
    assert.equal(await table.getByRole('columnheader', { name: 'certificates of clients' }).count(), 1);
    await page.close();
  });

  test('is served below /docs with a type and an ETag, and nothing outside of it is', async (t) => {
    const app = fastify();
    t.after(() => app.close());
    await app.register(siteRoutes, { prefix: '/base', folder: built, readme: 'read me', readLimit: {} });
    const get = (url: string, headers = {}) => app.inject({ url: `/base${url}`, headers });
    assert.equal((await get('/docs')).headers.location, '/base/docs/index.html');
    const page = await get('/docs/audit.html');
    assert.deepEqual([page.statusCode, page.headers['content-type']], [200, 'text/html; charset=utf-8']);
    for (const name of ['audit', 'audit.md']) assert.equal((await get(`/docs/${name}`)).body, page.body, name);
    assert.equal((await get('/docs/site.css')).headers['content-type'], 'text/css; charset=utf-8');
    const again = await get('/docs/audit.html', { 'if-none-match': page.headers.etag });
    assert.deepEqual([again.statusCode, again.body], [304, '']);
    for (const path of ['../package.json', '%2e%2e/package.json', '..%2f..%2fpackage.json', 'none.html', '__proto__'])
      assert.equal((await get(`/docs/${path}`)).statusCode, 404, path);
  });
});

test('where it was not built, /docs has the README as text', async (t) => {
  const app = fastify();
  t.after(() => app.close());
  await app.register(siteRoutes, { folder: join(built, 'none'), readme: 'read me', readLimit: {} });
  const { body, headers } = await app.inject('/docs');
  assert.deepEqual([body, headers['content-type']], ['read me', 'text/plain; charset=utf-8']);
  assert.equal((await app.inject('/docs/audit.html')).statusCode, 404);
});
