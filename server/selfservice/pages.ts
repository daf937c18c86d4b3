import { readdirSync } from 'node:fs';
import type { LinkPage } from './link_page.ts';
import type { MailRequestPage } from './mail_request_page.ts';
import type { AccountPage } from './page.ts';

/** `guard` says who may open it. */
export type SelfServicePage = AccountPage | MailRequestPage | LinkPage;

const FOLDER = new URL('./pages/', import.meta.url);

const GUARDS: readonly unknown[] = [
  'signed_in',
  'fresh_sign_in',
  'visitor',
  'link',
] satisfies SelfServicePage['guard'][];

/** All pages of the folder `pages/`: a file there is a page, and its default export describes it. */
export async function loadPages(): Promise<readonly SelfServicePage[]> {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.ts'));
  return Promise.all(
    files.map(async (file) => {
      const { default: page } = (await import(new URL(file, FOLDER).href)) as { default?: SelfServicePage };
      if (!page || !GUARDS.includes(page.guard)) throw new Error(`selfservice/pages/${file}: a page needs a guard`);
      return page;
    }),
  );
}
