import type { MessageKey, NameUnder } from './messages.ts';
import type { ErrorData } from './pages.ts';
import { PATHS } from './paths.ts';
import { webLink } from './web_links.ts';

type ErrorText = NameUnder<'error', '.text'>;

/** Codes that say that a sign-in has ended or its form is too old. */
const EXPIRED = new Set(['form_expired', 'interaction_expired', 'session_not_found']);

/** The texts that explain an error, by its code where that says most and by its status otherwise. */
export function errorText({ error, status, lost }: ErrorData): ErrorText {
  if (lost) return lost.state === 'gone' ? 'expired' : lost.state;
  if (EXPIRED.has(error)) return 'expired';
  if (error === 'access_denied' || status === 403) return 'denied';
  if (error === 'temporarily_unavailable' || status === 503) return 'busy';
  if (status === 404 || status === 405) return 'missing';
  if (status === 429) return 'throttled';
  return status >= 500 ? 'server' : 'request';
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
