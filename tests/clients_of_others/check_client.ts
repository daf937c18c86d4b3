import { formOf, type Page } from '../helpers/browser_session.ts';
import { has } from '../helpers/html.ts';
import { until } from '../helpers/waiting.ts';
import type { ClientApp, Place } from './app.ts';
import type { Cardea } from './cardea.ts';
import { navigatingBrowser } from './navigation.ts';
import { visitorOf } from './sign_in_at.ts';

/** The steps that a client took; a step that the client cannot is absent. */
export type Step = 'sign-in' | 'refresh' | 'sign-out';

/**
 * Uses the app as a person does.
 * @returns the steps, each of which succeeded
 * @throws what stopped the first step that failed
 */
export async function checkClient(app: ClientApp, place: Place, { issuer, person }: Cardea): Promise<Step[]> {
  const { url } = place;
  const { browser, answered, open, send } = visitorOf(issuer, person, navigatingBrowser());
  const steps: Step[] = ['sign-in'];
  const begin = url + app.signIn;

  const page = await open(begin);
  if (!answered.includes('sign-in'))
    throw new Error(`sign-in: its page was not shown: ${page.status} ${text(page.body)}`);
  // Pages of Cardea show the address too.
  if (new URL(page.url).origin === new URL(issuer).origin)
    throw new Error(`sign-in: it stopped at a page of Cardea: ${page.status} ${text(page.body)}`);
  const home = app.home === undefined ? page : await open(url + app.home);
  if (home.status !== 200 || !home.body.includes(person.email)) {
    throw new Error(`sign-in: the app does not show the e-mail address: ${home.status} ${text(home.body)}`);
  }

  if (app.refreshed !== undefined) {
    const first = await refreshed();
    const second = await until('refresh: the app has a new access token', async () => {
      const token = await refreshed();
      return token !== first && token;
    });
    const response = await fetch(`${issuer}/userinfo`, { headers: { authorization: `Bearer ${second}` } });
    if (response.status !== 200) throw new Error(`refresh: /userinfo answers ${response.status}`);
    steps.push('refresh');
  }

  if (app.signOut !== undefined || app.signOutForm !== undefined) {
    const before = answered.length;
    const start = await open(url + (app.signOut?.(place) ?? app.signOutForm));
    if (app.signOutForm !== undefined) {
      const { action, fields } = formOf(start);
      await send(new URL(action, start.url).href, fields);
    }
    const again = answered.slice(before).includes('sign-in') || has(await look(begin), '[name="password"]');
    if (!again) throw new Error('sign-out: the person is still signed in at Cardea');
    steps.push('sign-out');
  }
  return steps;

  /** Follows redirects, and answers no page. */
  async function look(at: string): Promise<Page> {
    let page = await browser.get(at);
    while (page.location !== undefined) page = await browser.get(page.location);
    return page;
  }

  async function refreshed(): Promise<string> {
    const page = await look(url + app.refreshed);
    const token = app.tokenOf?.(page) ?? page.body;
    if (page.status >= 300 || !/^[\w.~-]{20,}$/.test(token)) {
      throw new Error(`refresh: the app answers ${page.status} ${text(page.body)}`);
    }
    return token;
  }
}

const text = (body: string) =>
  body
    .replaceAll(/<style[\s\S]*?<\/style>|<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .slice(0, 600);
