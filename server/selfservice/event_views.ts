import type { SecurityEvent } from '../accounts/events.ts';
import { place } from '../accounts/session_details.ts';
import type { AccountEventView } from '../views/views.ts';
import type { PageContext } from './page.ts';

/** Security events as pages list them. */
export function eventViews({ origin }: PageContext, events: readonly SecurityEvent[]): AccountEventView[] {
  return events.map(({ kind, at, details }) => {
    const { browser, system, address, subject } = details;
    return {
      kind,
      at,
      ...(browser === undefined ? {} : { browser }),
      ...(system === undefined ? {} : { system }),
      ...(subject === undefined ? {} : { subject }),
      ...(address === undefined ? {} : { place: { kind: place(address, origin.address), network: address } }),
    };
  });
}
