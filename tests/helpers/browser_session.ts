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

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
}

/**
 * @param issuer the beginning of URLs in pages and redirects
 * @param reach the address that requests are sent to, when that is another node
 */
export function browserSession(issuer: string, reach: string = issuer, start: readonly Cookie[] = []): BrowserSession {
  const jar = new Map(start.map((cookie) => [`${cookie.name};${cookie.path}`, cookie]));

  function header(path: string): Record<string, string> {
    const sent = [...jar.values()].filter((cookie) => path === cookie.path || path.startsWith(withSlash(cookie.path)));
    return sent.length > 0 ? { cookie: sent.map(({ name, value }) => `${name}=${value}`).join('; ') } : {};
  }

  function keep(response: Response): void {
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
      const name = pair.slice(0, pair.indexOf('='));
      const value = pair.slice(pair.indexOf('=') + 1);
      const attribute = (wanted: string) =>
        attributes.find((one) => one.toLowerCase().startsWith(`${wanted}=`))?.slice(wanted.length + 1);
      const path = attribute('path') ?? '/';
      const expires = attribute('expires');
      if (value === '' || (expires && Date.parse(expires) <= Date.now())) jar.delete(`${name};${path}`);
      else jar.set(`${name};${path}`, { name, value, path });
    }
  }

  async function send(url: string, init: RequestInit): Promise<Page> {
    const target = new URL(url, issuer);
    const real = target.origin === issuer ? new URL(target.pathname + target.search, reach) : target;
    const response = await fetch(real, {
      ...init,
      redirect: 'manual',
      headers: { accept: 'text/html', ...header(target.pathname), ...(init.headers as Record<string, string>) },
    });
    keep(response);
    const location = response.headers.get('location');
    return {
      status: response.status,
      url: target.href,
      headers: response.headers,
      location: location === null ? undefined : new URL(location, target).href,
      body: await response.text(),
    };
  }

  const session: BrowserSession = {
    get: (url, headers = {}) => send(url, { headers }),
    post: (url, fields, headers = {}) => send(url, { method: 'POST', body: new URLSearchParams(fields), headers }),
    async follow(page) {
      let at = page;
      while (at.location && new URL(at.location).origin === issuer) at = await session.get(at.location);
      return at;
    },
    cookie: (name) => [...jar.values()].find((cookie) => cookie.name === name)?.value,
    cookies: () => [...jar.values()].map(({ value }) => value),
    clone: () => browserSession(issuer, reach, [...jar.values()]),
  };
  return session;
}

/** The action and the hidden fields of the form on a page. */
export function formOf(page: Pick<Page, 'status' | 'body'>): { action: string; fields: Record<string, string> } {
  const form = /<form[^>]*action="([^"]*)"[\s\S]*?<\/form>/.exec(page.body);
  if (!form) throw new Error(`no form on a page (${page.status}): ${page.body}`);
  const fields: Record<string, string> = {};
  for (const [input] of form[0].matchAll(/<input[^>]*type="hidden"[^>]*>/g)) {
    fields[attributeOf(input, 'name')] = attributeOf(input, 'value');
  }
  return { action: unescapeHtml(form[1] ?? ''), fields };
}

function attributeOf(tag: string, name: string): string {
  return unescapeHtml(new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1] ?? '');
}

function unescapeHtml(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}

function withSlash(path: string): string {
  return path.endsWith('/') ? path : `${path}/`;
}
