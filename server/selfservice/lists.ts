import type { PageWanted } from '../platform/pages.ts';
import { type AccountPageName, accountPath } from '../views/paths.ts';
import type { PagesView } from '../views/views.ts';
import type { PageContext } from './page.ts';

/** Entries of a list on one page. */
export const PAGE_SIZE = 20;

/** The rows of the requested page of a list, and one more, which tells whether there is a next page. */
export function wantedPage({ after }: PageContext): PageWanted {
  return { limit: PAGE_SIZE + 1, after };
}

/** Links to the other pages of a list. @param next where the next page begins */
export function pagesView(name: AccountPageName, { after }: PageContext, next: string | undefined): PagesView {
  const path = accountPath(name);
  return {
    ...(after === undefined ? {} : { first: path }),
    ...(next === undefined ? {} : { next: `${path}?${new URLSearchParams({ after: next })}` }),
  };
}
