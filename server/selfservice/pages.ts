import { readdirSync } from 'node:fs';
import type { LinkPage } from './link_page.ts';
import type { MailRequestPage } from './mail_request_page.ts';
import type { AccountPage } from './page.ts';

/** `guard` says who may open it; a page without one is never served. */
export type SelfServicePage = AccountPage | MailRequestPage | LinkPage;

const FOLDER = new URL('./pages/', import.meta.url);

/** All pages of the folder `pages/`: a file there is a page, and its default export describes it. */
export async function loadPages(): Promise<readonly SelfServicePage[]> {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.ts'));
  const modules = await Promise.all(files.map((file) => import(new URL(file, FOLDER).href)));
  return modules.map((module) => (module as { default: SelfServicePage }).default);
}
