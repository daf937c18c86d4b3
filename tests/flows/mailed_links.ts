import { createMails, type MailIntent } from '../../server/accounts/mails.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { type BrowserSession, browserSession, formOf, type Page } from '../helpers/browser_session.ts';
import type { Deployment } from '../helpers/deployment.ts';
import { authorizeUrl } from '../helpers/relying_party.ts';

/** Sends the form of /account/forgot or /account/sign-up, which requests a mail. */
export async function askForMail(
  app: Pick<Deployment, 'issuer'>,
  path: '/account/forgot' | '/account/sign-up',
  whom: string,
  browser: BrowserSession = browserSession(app.issuer),
): Promise<Page> {
  const { action, fields } = formOf(await browser.get(path));
  return browser.post(action, { ...fields, [path === '/account/forgot' ? 'identifier' : 'email']: whom });
}

/** Follows a link as a browser does. If the link is valid, the last page has the form. */
export async function followLink(
  app: Pick<Deployment, 'issuer'>,
  link: string,
  browser: BrowserSession = browserSession(app.issuer),
): Promise<{ browser: BrowserSession; page: Page }> {
  return { browser, page: await browser.follow(await browser.get(link)) };
}

/** Follows a link and submits the form on its page. */
export async function useLink(
  app: Pick<Deployment, 'issuer'>,
  link: string,
  fields: Readonly<Record<string, string>> = {},
  browser?: BrowserSession,
): Promise<Page> {
  const followed = await followLink(app, link, browser);
  if (followed.page.status !== 200) return followed.page;
  const form = formOf(followed.page);
  return followed.browser.follow(await followed.browser.post(form.action, { ...form.fields, ...fields }));
}

/** Queues a mail as the server does. */
export async function enqueue(app: Deployment, intent: MailIntent, now: () => number = Date.now): Promise<void> {
  const sealer = createSealer([Buffer.from(app.masterKey, 'base64')]);
  const people = app.seed.accounts;
  const owner = 'accountId' in intent ? await people.findById(intent.accountId) : undefined;
  await app.db.transact([createMails({ db: app.db, sealer, people, now }).enqueue(intent, owner)]);
}

/** True if the password signs the person in. */
export async function canSignIn(app: Deployment, identifier: string, password: string): Promise<boolean> {
  const party = await app.seed.party({ firstParty: true });
  const browser = browserSession(app.issuer);
  const start = await browser.follow(await browser.get(authorizeUrl({ issuer: app.issuer, party }, 'v'.repeat(43))));
  const { action, fields } = formOf(start);
  return (await browser.post(action, { ...fields, identifier, password, action: 'signin' })).status === 303;
}
