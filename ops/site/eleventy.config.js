import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import GithubSlugger from 'github-slugger';
import { siteLink } from './links.ts';
import { SECTIONS } from './navigation.ts';

/** Builds ops/docs into a site without scripts: `make site`. */
export default function (config) {
  // The documents are written in `.gitignore`d folders nowhere, and a generated page must not be left out.
  config.setUseGitIgnore(false);
  config.setQuietMode(true);
  config.addPassthroughCopy({ 'ops/site/site.css': 'site.css', 'server/views/assets/mark.svg': 'icon.svg' });
  config.addPassthroughCopy('ops/docs/**/*.{png,svg}');
  config.addGlobalData('layout', 'layout.njk');
  config.addGlobalData('sections', () => SECTIONS.map(section));
  config.addGlobalData('eleventyComputed', {
    title: ({ page }) => titleOf(page.inputPath),
    permalink: ({ page }) => `${page.filePathStem}.html`,
    // Links are relative, as the site is below the path of the issuer.
    root: ({ page }) => '../'.repeat(page.filePathStem.split('/').length - 2),
  });
  config.addFilter('contents', contentsOf);
  config.amendLibrary('md', (markdown) => {
    markdown.set({ html: true, linkify: false });
    // Eleventy turns indented code off.
    markdown.enable('code');
    markdown.renderer.rules.fence = unselectablePrompts(markdown.renderer.rules.fence);
    for (const rule of ['fence', 'code_block'])
      markdown.renderer.rules[rule] = reachable(markdown.renderer.rules[rule]);
    markdown.core.ruler.push('headings', nameHeadings);
    markdown.core.ruler.push('links', leadLinks);
    markdown.core.ruler.push('tables', describeTables);
    for (const rule of ['text', 'code_inline'])
      markdown.renderer.rules[rule] = breakable(markdown.renderer.rules[rule]);
  });
  return {
    // Documents contain braces, which are no template.
    markdownTemplateEngine: false,
    dir: { input: 'ops/docs', includes: '../site', layouts: '../site' },
  };
}

function section({ title, pages }) {
  return { title, pages: pages.map((name) => ({ name, title: titleOf(`ops/docs/${name}.md`) })) };
}

/** The text of the first heading, without its marks. */
function titleOf(file) {
  return /^# (.+)$/m.exec(readFileSync(file, 'utf8'))?.[1].replaceAll(/[`*]/g, '') ?? file;
}

/** The headings of the second level, for the list beside a page. */
function contentsOf(html) {
  return [...html.matchAll(/<h2 id="([^"]+)"[^>]*>([\s\S]*?)<\/h2>/g)].map(([, id, inner]) => ({
    id,
    text: inner.replaceAll(/<[^>]+>/g, ''),
  }));
}

/** Headings have the names that links in the repository use. */
function nameHeadings({ tokens }) {
  const slugger = new GithubSlugger();
  for (const [at, token] of tokens.entries()) {
    if (token.type !== 'heading_open') continue;
    const text = tokens[at + 1].children.filter((one) => one.type === 'text' || one.type === 'code_inline');
    token.attrSet('id', slugger.slug(text.map((one) => one.content).join('')));
  }
}

/** A link to a file that is not on the site is shown without the link: its text names the file. */
function leadLinks({ tokens, env }) {
  const from = relative('.', env.page.inputPath);
  for (const { children } of tokens) {
    let left = false;
    for (const token of children ?? []) {
      if (token.type === 'link_open') {
        const href = siteLink(token.attrGet('href'), from);
        left = href === undefined;
        if (left) Object.assign(token, { tag: 'span', attrs: [['class', 'file']] });
        else token.attrSet('href', href);
      } else if (token.type === 'link_close' && left) token.tag = 'span';
    }
  }
}

/** ARIA roles of the elements of a table: in Safari `display: block` takes away those that they have by themselves. */
const ROLES = { table: 'table', thead: 'rowgroup', tbody: 'rowgroup', tr: 'row', th: 'columnheader', td: 'cell' };

/** What a small phone has room for, in rem. */
const ALWAYS_FITS = 18;
/** Texts of a cell that are longer may wrap. */
const WRAPS_AT = 30;

/**
 * Says of a table what site.css needs to show each row as a block where there is no room for the columns: whether the table is wide, and
 * the heading of the column with each cell. Alignment is a class, since the Content-Security-Policy allows no style attributes.
 */
function describeTables({ tokens }) {
  let table;
  for (const [at, token] of tokens.entries()) {
    if (token.nesting !== 1 || !(token.tag in ROLES)) continue;
    token.attrSet('role', ROLES[token.tag]);
    if (token.tag === 'table') table = { token, labels: [], longest: [] };
    if (token.tag === 'tr') table.column = 0;
    if (token.tag !== 'th' && token.tag !== 'td') continue;
    const text = tokens[at + 1].children.map(({ content }) => content).join('');
    if (token.tag === 'th') table.labels.push(text);
    else if (table.labels[table.column] !== '') token.attrSet('data-label', table.labels[table.column]);
    table.longest[table.column] = Math.max(table.longest[table.column] ?? 0, text.length);
    table.column += 1;
    const align = /text-align:(\w+)/.exec(token.attrGet('style') ?? '')?.[1];
    token.attrs = token.attrs.filter(([name]) => name !== 'style');
    if (align !== undefined) token.attrSet('class', `align-${align}`);
    if (widthOf(table.longest) > ALWAYS_FITS) table.token.attrSet('class', 'wide');
  }
}

/** About what the columns of a table need to be readable, in rem. */
function widthOf(longest) {
  return longest.reduce((sum, characters) => sum + 0.5 * Math.min(characters, WRAPS_AT) + 0.6, 0);
}

/** Long names and paths may be broken after the marks in them, and nowhere else. */
function breakable(render) {
  return (...rest) =>
    render(...rest).replaceAll(/[^\s<>&;]{20,}/g, (word) => word.replaceAll(/[/_.:#]+(?=\w)/g, '$&<wbr>'));
}

/** Code that scrolls on a phone can be scrolled by the keyboard. */
function reachable(render) {
  return (tokens, at, ...rest) => {
    const html = render(tokens, at, ...rest);
    const scrolls = tokens[at].content.split('\n').some((line) => line.length > FITS_A_LINE);
    return scrolls ? html.replace('<pre>', '<pre tabindex="0">') : html;
  };
}
const FITS_A_LINE = 30;

/** A command is copied without the prompt in front of it. */
function unselectablePrompts(fence) {
  return (tokens, at, ...rest) => {
    const html = fence(tokens, at, ...rest);
    return tokens[at].info.trim() === 'console'
      ? html.replaceAll(/(^|>)\$ /gm, '$1<span class="prompt">$ </span>')
      : html;
  };
}
