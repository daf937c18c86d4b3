import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { cookieJar, type Page } from '../helpers/browser_session.ts';
import type { Browser } from './sign_in_at.ts';

/**
 * Fetch Metadata of a browser that opens a page. `fetch` says `cors` instead, and some clients answer that with 401, since
 * they send only a person to the issuer.
 */
const NAVIGATES = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

/** A browser at the level of HTTP that opens pages of any site. */
export function navigatingBrowser(): Browser {
  const jar = cookieJar();

  function load(url: string, fields?: Readonly<Record<string, string>>): Promise<Page> {
    const cookie = jar.getCookieStringSync(url);
    const headers = { ...NAVIGATES, ...(fields && FORM), ...(cookie && { cookie }) };
    return new Promise((done, fail) => {
      const sent = request(url, { method: fields ? 'POST' : 'GET', headers }, (answer) => {
        for (const line of answer.headers['set-cookie'] ?? []) jar.setCookieSync(line, url);
        const location = answer.headers.location && new URL(answer.headers.location, url).href;
        const pairs = Object.entries(answer.headers).map(([name, value]): [string, string] => [name, String(value)]);
        text(answer).then((body) => {
          done({ status: answer.statusCode ?? 0, url, headers: new Headers(pairs), location, body });
        }, fail);
      });
      sent.on('error', fail);
      sent.end(fields && new URLSearchParams(fields).toString());
    });
  }

  return { get: (url) => load(url), post: load };
}
