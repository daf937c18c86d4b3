import { type BrowserSession, formOf, type Page } from '../helpers/browser_session.ts';
import type { Person } from '../helpers/deployment.ts';
import { attributeOf, has } from '../helpers/html.ts';
import { remember } from '../helpers/secrets.ts';

/** What a visitor needs of a browser. */
export type Browser = Pick<BrowserSession, 'get' | 'post'>;

export type Answered = 'sign-in' | 'consent' | 'sign-out';

/** A person in front of a browser, who uses apps of any site and has an account at one issuer. */
export interface Visitor<B extends Browser = BrowserSession> {
  readonly browser: B;
  /** The issuer's pages that were answered so far. */
  readonly answered: readonly Answered[];
  /** Opens a URL of an app, and goes wherever it leads until a page of the app is shown. */
  open(url: string): Promise<Page>;
  /** Submits a form of an app, likewise. */
  send(url: string, fields: Record<string, string>): Promise<Page>;
}

type Login = Pick<Person, 'email' | 'password'>;

/** More than any sign-in needs; a client that begins again and again would never end. */
const MAX_PAGES = 30;

/**
 * Uses an app by HTTP, as a browser without scripts does: follows redirects between sites with cookies, submits what a
 * script would submit (`response_mode=form_post`), and answers the issuer's pages: signs in, allows, signs out. An error
 * page of the issuer is returned.
 */
export function visitorOf<B extends Browser>(issuer: string, person: Login, browser: B): Visitor<B> {
  const answered: Answered[] = [];

  async function arrive(start: Page): Promise<Page> {
    let page = start;
    for (let pages = 0; pages < MAX_PAGES; pages += 1) {
      const next = page.location === undefined ? await answer(page) : await browser.get(noted(page.location));
      if (next === undefined) return page;
      page = next;
    }
    throw new Error(`the app did not come to an end: ${page.status} ${page.url}`);
  }

  /** @returns undefined when the page is the app's own, or has nothing to answer */
  async function answer(page: Page): Promise<Page | undefined> {
    const isIssuer = new URL(page.url).origin === new URL(issuer).origin;
    if (!isIssuer) return undefined;
    // With an error in it, it has status 400.
    if (has(page, 'form[data-submit-now]')) {
      const { action, fields } = formOf(page);
      if (fields.code !== undefined) remember('code', fields.code);
      return browser.post(action, fields);
    }
    const found = ANSWERS.find(([selector]) => has(page, selector));
    if (found === undefined || page.status !== 200) return undefined;
    const [, name, fields] = found;
    answered.push(name);
    const form = formOf(page);
    const action = attributeOf(page, 'form[action]', 'action') ?? form.action;
    return browser.post(new URL(action, page.url).href, { ...form.fields, ...fields(person) });
  }

  return {
    browser,
    answered,
    open: async (url) => arrive(await browser.get(url)),
    send: async (url, fields) => arrive(await browser.post(url, fields)),
  };
}

/** By an element of the issuer's page: what the person fills in, and which button is pressed. */
const ANSWERS: readonly (readonly [string, Answered, (person: Login) => Record<string, string>])[] = [
  ['[name="password"]', 'sign-in', ({ email, password }) => ({ identifier: email, password, action: 'signin' })],
  ['#allow', 'consent', () => ({ action: 'allow' })],
  ['#logout-yes', 'sign-out', () => ({ logout: 'yes' })],
];

/** Notes the code in a redirect, so that the dumps of the databases are searched for it. */
function noted(location: string): string {
  const code = new URL(location).searchParams.get('code');
  if (code !== null && code !== '') remember('code', code);
  return location;
}
