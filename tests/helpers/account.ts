import assert from 'node:assert/strict';
import type { Db } from '../../server/platform/db.ts';
import { type BrowserSession, browserSession, formOf, type Page } from './browser_session.ts';
import type { Person } from './deployment.ts';
import { documentOf, findForm, has } from './html.ts';
import { remember } from './secrets.ts';

export interface AtAccount {
  readonly browser: BrowserSession;
  readonly page: Page;
}

/** Opens a page of a person's account, and signs in when the page asks for it. */
export async function openAccount(
  app: { readonly issuer: string },
  person: Person,
  path = '/account',
  browser: BrowserSession = browserSession(app.issuer),
): Promise<AtAccount> {
  const shown = await browser.follow(await browser.get(path));
  if (!isSignIn(shown)) return { browser, page: shown };
  const { action, fields } = formOf(shown);
  const answer = { identifier: person.email, password: person.password, action: 'signin' };
  const page = await browser.follow(await browser.post(action, { ...fields, ...answer }));
  for (const value of browser.cookies()) remember('cookie', value);
  return { browser, page };
}

/** True for a sign-in page. */
export function isSignIn(page: Page): boolean {
  return has(page, '#identifier') && has(page, '#password');
}

/**
 * Submits the form with the given button, with its hidden fields and the given values, as a browser would.
 * @param button the button's id
 */
export async function press(
  browser: BrowserSession,
  page: Page,
  button: string,
  typed: Record<string, string> = {},
): Promise<Page> {
  const form = findForm(page, button);
  assert.ok(form, `no button ${button} on ${page.url} (${page.status}): ${page.body.slice(-2_500)}`);
  return browser.post(form.action, { ...form.fields, action: form.button, ...typed });
}

/** The path of a page or redirect. */
export function pathOf(page: Page): string {
  const url = new URL(page.location ?? page.url);
  return url.pathname + (url.searchParams.has('done') ? `?done=${url.searchParams.get('done')}` : '');
}

/** The inputs that a page marks as invalid. */
export function blamed(page: Page): string[] {
  return documentOf(page)
    .querySelectorAll('input[aria-invalid="true"], select[aria-invalid="true"]')
    .map((field) => field.getAttribute('name') ?? '');
}

/** The kinds of a person's security events, the newest first. */
export async function eventsOf(app: { readonly db: Db }, person: Pick<Person, 'id'>): Promise<string[]> {
  const text = 'SELECT kind FROM security_events WHERE account_id = $1 ORDER BY id DESC';
  const rows = await app.db.run<{ kind: string }>({ name: '', text }, [person.id]);
  return rows.map(({ kind }) => kind);
}
