import type { SecurityEvent } from '../accounts/events.ts';
import { place } from '../accounts/session_details.ts';
import { pageOf } from '../platform/pages.ts';
import { accountPath } from '../views/paths.ts';
import type { AccountEventView } from '../views/views.ts';
import { type AccountPage, frameOf, PAGE_SIZE, type PageContext, pagesView, wantedPage } from './page.ts';

export const eventsPage: AccountPage = {
  path: accountPath('events'),
  sensitive: false,

  async show(context) {
    const { limit, after } = wantedPage(context);
    const rows = await context.parts.events.list(context.account, limit, after?.id);
    const { items, next } = pageOf(rows, PAGE_SIZE, (event) => event);
    const data = {
      frame: frameOf(context, 'events'),
      events: eventViews(context, items),
      pages: pagesView(eventsPage.path, context, next),
    };
    return context.parts.views.render('account/events', data, context.locale);
  },
};

export function eventViews({ visitor }: PageContext, events: readonly SecurityEvent[]): AccountEventView[] {
  return events.map(({ kind, at, details }) => {
    const { browser, system, address, subject } = details;
    return {
      kind,
      at,
      ...(browser === undefined ? {} : { browser }),
      ...(system === undefined ? {} : { system }),
      ...(subject === undefined ? {} : { subject }),
      ...(address === undefined ? {} : { place: { kind: place(address, visitor.address), network: address } }),
    };
  });
}
