import { pageOf } from '../../platform/pages.ts';
import type { AccountEventView, PagesView } from '../../views/views.ts';
import { eventViews } from '../event_views.ts';
import { PAGE_SIZE, pagesView, wantedPage } from '../lists.ts';
import { accountPage } from '../page.ts';

/** Security events of the account. */
export default accountPage<{ events: readonly AccountEventView[]; pages?: PagesView }>({
  name: 'events',
  guard: 'signed_in',

  async show(context) {
    const { limit, after } = wantedPage(context);
    const rows = await context.parts.events.list(context.account, limit, after?.id);
    const { items, next } = pageOf(rows, PAGE_SIZE, (event) => event);
    return { events: eventViews(context, items), pages: pagesView('events', context, next) };
  },
});
