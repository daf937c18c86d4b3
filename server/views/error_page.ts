import type { MessageKey, NameUnder } from './messages.ts';
import { PATHS } from './paths.ts';
import type { View } from './view.ts';
import { webLink } from './web_links.ts';

export interface ErrorData {
  /** HTTP status. */
  status: number;
  /** An OAuth error code (RFC 6749 §4.1.2.1) or one of Cardea's. */
  error: string;
  /** For developers, as the protocol sends it. Never a cause or a stack. */
  description?: string;
  requestId?: string;
  /** How a sign-in has ended whose page cannot be opened, and where the person can continue. */
  lost?: LostView;
  /** A link to an app that the operator has not registered, by GET or with these fields by POST. */
  elsewhere?: { host: string; href: string; fields?: Readonly<Record<string, string>> };
}

/** How a sign-in has ended whose page cannot be opened. */
export interface LostView {
  /**
   * `done`: it has ended, and this browser is signed in; `used`: it has ended otherwise; `no_cookie`: it can continue in
   * a browser that sends its cookie; `gone`: it is unknown, or cannot continue.
   */
  state: 'done' | 'used' | 'no_cookie' | 'gone';
  app?: { name: string; url?: string; startUrl?: string };
}

export const errorView: View<ErrorData> = { template: 'error', layout: 'step', title: 'error.title' };

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

/** Links of an error page: to the app, when the operator has registered it, and from a sign-in to the account. */
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
