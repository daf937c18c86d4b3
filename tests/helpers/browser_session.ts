import { CookieJar } from 'tough-cookie';
import { type Form, findForm } from './html.ts';

/** A browser at the level of HTTP: cookies by path, redirects one at a time, forms read from the page. */
export interface BrowserSession {
  /** Does not follow redirects. Relative URLs and the issuer's own go to the node under test. */
  get(url: string, headers?: Record<string, string>): Promise<Page>;
  post(url: string, fields: Record<string, string>, headers?: Record<string, string>): Promise<Page>;
  /** Follows redirects while they stay at the issuer. */
  follow(page: Page): Promise<Page>;
  cookie(name: string): string | undefined;
  /** The values of all cookies. */
  cookies(): string[];
  /** A `Cookie` header with the cookies of these names and their signatures. */
  signedCookies(...names: string[]): string;
  /** Another browser with the same cookies. */
  clone(): BrowserSession;
}

export interface Page {
  readonly status: number;
  readonly url: string;
  readonly headers: Headers;
  readonly location: string | undefined;
  readonly body: string;
}

/** A cookie that the browser has from the start. */
interface StartCookie {
  readonly name: string;
  readonly value: string;
}

/**
 * @param issuer the beginning of URLs in pages and redirects
 * @param reach the address that requests are sent to, when that is another node
 * @param headers of every request
 */
export function browserSession(
  issuer: string,
  reach: string = issuer,
  start: readonly StartCookie[] = [],
  headers: Readonly<Record<string, string>> = {},
): BrowserSession {
  const jar = cookieJar();
  for (const { name, value } of start) jar.setCookieSync(`${name}=${value}; Path=/`, issuer);
  return sessionWith(jar, issuer, reach, headers);
}

/** Refuses a cookie that a browser would refuse, such as a `__Host-` cookie without `Secure`. */
export const cookieJar = (): CookieJar => new CookieJar(undefined, { prefixSecurity: 'strict' });

function sessionWith(
  jar: CookieJar,
  issuer: string,
  reach: string,
  always: Readonly<Record<string, string>>,
): BrowserSession {
  const { origin } = new URL(issuer);

  async function send(url: string, init: RequestInit): Promise<Page> {
    const target = new URL(url, issuer);
    const real = target.origin === origin ? new URL(target.pathname + target.search, reach) : target;
    const cookie = jar.getCookieStringSync(target.href);
    const response = await fetch(real, {
      ...init,
      redirect: 'manual',
      headers: {
        accept: 'text/html',
        ...always,
        ...(cookie && { cookie }),
        ...(init.headers as Record<string, string>),
      },
    });
    for (const line of response.headers.getSetCookie()) jar.setCookieSync(line, target.href);
    const location = response.headers.get('location');
    return {
      status: response.status,
      url: target.href,
      headers: response.headers,
      // An absolute URI as it was sent: a URL parser would rewrite it.
      location: location === null ? undefined : URL.canParse(location) ? location : new URL(location, target).href,
      body: await response.text(),
    };
  }

  const all = () => jar.getCookiesSync(issuer, { allPaths: true });
  const session: BrowserSession = {
    get: (url, headers = {}) => send(url, { headers }),
    post: (url, fields, headers = {}) => send(url, { method: 'POST', body: new URLSearchParams(fields), headers }),
    async follow(page) {
      let at = page;
      while (at.location && new URL(at.location).origin === origin) at = await session.get(at.location);
      return at;
    },
    cookie: (name) => all().find(({ key }) => key === name)?.value,
    cookies: () => all().map(({ value }) => value),
    signedCookies: (...names) =>
      names
        .flatMap((name) => [name, `${name}.sig`])
        .map((name) => `${name}=${session.cookie(name) ?? ''}`)
        .join('; '),
    clone: () => sessionWith(jar.cloneSync() ?? cookieJar(), issuer, reach, always),
  };
  return session;
}

/** The first form on a page. */
export function formOf(page: Pick<Page, 'status' | 'body'>): Form {
  const form = findForm(page);
  if (!form) throw new Error(`no form on a page (${page.status}): ${page.body}`);
  return form;
}
