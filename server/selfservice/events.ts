import type { SecurityEvent } from '../accounts/events.ts';
import { place } from '../accounts/session_details.ts';
import type { AccountEventView } from '../views/views.ts';
import { ACCOUNT_PATH, type AccountPage, frameOf, type PageContext } from './page.ts';

const SHOWN = 100;

export const eventsPage: AccountPage = {
  path: `${ACCOUNT_PATH}/events`,
  sensitive: false,

  async show(context) {
    const events = await context.parts.events.list(context.account, SHOWN);
    const data = { frame: frameOf(context, 'events'), events: eventViews(context, events) };
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
