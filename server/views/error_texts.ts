import type { MessageKey } from './messages.ts';
import type { ErrorData, LostView } from './pages.ts';
import { PATHS } from './paths.ts';
import { webLink } from './web_links.ts';

interface ErrorText {
  heading: MessageKey;
  text: MessageKey;
  next: MessageKey;
}

const ERROR_TEXTS = {
  request: { heading: 'error.request.heading', text: 'error.request.text', next: 'error.request.next' },
  expired: { heading: 'error.expired.heading', text: 'error.expired.text', next: 'error.expired.next' },
  denied: { heading: 'error.denied.heading', text: 'error.denied.text', next: 'error.denied.next' },
  missing: { heading: 'error.missing.heading', text: 'error.missing.text', next: 'error.missing.next' },
  throttled: { heading: 'error.throttled.heading', text: 'error.throttled.text', next: 'error.throttled.next' },
  busy: { heading: 'error.busy.heading', text: 'error.busy.text', next: 'error.busy.next' },
  server: { heading: 'error.server.heading', text: 'error.server.text', next: 'error.server.next' },
} as const satisfies Record<string, ErrorText>;

const EXPIRED = new Set(['form_expired', 'interaction_expired', 'session_not_found']);

/** Of a page of a sign-in that cannot go on. */
const LOST_TEXTS = {
  done: { heading: 'error.done.heading', text: 'error.done.text', next: 'error.done.next' },
  used: { heading: 'error.expired.heading', text: 'error.used.text', next: 'error.used.next' },
  no_cookie: { heading: 'error.no-cookie.heading', text: 'error.no-cookie.text', next: 'error.no-cookie.next' },
  gone: ERROR_TEXTS.expired,
} as const satisfies Record<LostView['state'], ErrorText>;

/** Explains an error in plain words, by its code where that says most and by its status otherwise. */
export function errorText({ error, status, lost }: ErrorData): ErrorText {
  if (lost) return LOST_TEXTS[lost.state];
  if (EXPIRED.has(error)) return ERROR_TEXTS.expired;
  if (error === 'access_denied' || status === 403) return ERROR_TEXTS.denied;
  if (error === 'temporarily_unavailable' || status === 503) return ERROR_TEXTS.busy;
  if (status === 404 || status === 405) return ERROR_TEXTS.missing;
  if (status === 429) return ERROR_TEXTS.throttled;
  if (status >= 500) return ERROR_TEXTS.server;
  return ERROR_TEXTS.request;
}

/** Where to go on from an error page: to the app, when the operator knows it, and to the account from a sign-in. */
export function errorLinks(data: ErrorData): { id: string; href: string; text: MessageKey; name: string }[] {
  const { app } = data.lost ?? {};
  const links = [
    ['back', app?.url, 'error.back'],
    ['begin', app?.startUrl, 'error.begin'],
    ['account', isOfSignIn(data) ? PATHS.account : undefined, 'error.account'],
  ] as const;
  return links.flatMap(([id, uri, text]) => {
    const href = uri === PATHS.account ? uri : webLink(uri);
    return href === undefined ? [] : [{ id, href, text, name: app?.name ?? '' }];
  });
}

function isOfSignIn({ error, lost }: ErrorData): boolean {
  return lost !== undefined || EXPIRED.has(error);
}
