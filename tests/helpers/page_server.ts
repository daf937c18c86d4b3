import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { CONTENT_SECURITY_POLICY } from '../../server/platform/http.ts';
import { type Locale, locales } from '../../server/views/messages.ts';
import { loggedOutView } from '../../server/views/provider_pages.ts';
import { createViews } from '../../server/views/views.ts';
import { PAGE_CASES } from './page_cases.ts';
import { PUT_AND_RUN } from './put_document.ts';
import { defer, type Scope } from './scope.ts';

/** The real policy, except that the server's own page may show the others in frames. */
const POLICY = CONTENT_SECURITY_POLICY.replace("frame-ancestors 'none'", "frame-ancestors 'self'");
/** A document that contains every page: loading them all in it takes half as long as opening one after the other. */
const ALL_IN_FRAMES = '/all-in-frames';

export interface PageServer {
  /** A case is at `/<name>`, and in another language at `/<name>?<locale>`. */
  readonly origin: string;
  /** Opens a document with every case in English in a frame of its own, whose name is the name of the case. */
  openAll(page: Page): Promise<void>;
  /** Shows the cases in another language in these frames, which takes a tenth of the time of opening them. */
  translateAll(page: Page, locale: Locale): Promise<void>;
  /** The body of the latest form. */
  posted(): string;
}

/** Serves the pages without any logic behind them, under their real Content-Security-Policy. */
export async function servePages(scope: Scope): Promise<PageServer> {
  const views = createViews();
  let posted = '';
  const server = createServer((request, response) => {
    const [path = '/', language = ''] = (request.url ?? '/').split('?');
    if (path === ALL_IN_FRAMES) {
      const frames = PAGE_CASES.map(({ name }) => `<iframe name="${name}" src="/${name}" height="800"></iframe>`);
      response
        .setHeader('content-type', 'text/html; charset=utf-8')
        .end(`<!doctype html><link rel="icon" href="data:,">${frames.join('')}`);
      return;
    }
    response.setHeader('content-security-policy', POLICY);
    const asset = views.assets.get(path);
    if (asset) {
      // A self-submitting page must stay, so that it can be checked.
      const isSending = asset.body.includes('form[data-submit-now]');
      response.setHeader('cache-control', 'max-age=3600, immutable');
      return void response.setHeader('content-type', asset.type).end(isSending ? '' : asset.body);
    }
    response.setHeader('content-type', 'text/html; charset=utf-8');
    if (request.method === 'POST') {
      posted = '';
      request.setEncoding('utf8').on('data', (chunk: string) => {
        posted += chunk;
      });
      request.on('end', () => response.end(views.render(loggedOutView, {}, 'en')));
      return;
    }
    const found = PAGE_CASES.find(({ name }) => `/${name}` === path);
    response.statusCode = found ? 200 : 404;
    response.end(found?.render(locales.find((one) => one === language) ?? 'en') ?? 'not found');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  defer(scope, () => {
    server.closeAllConnections();
    server.close();
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    async openAll(page) {
      await page.goto(`${origin}${ALL_IN_FRAMES}`);
    },
    async translateAll(page, locale) {
      const documents = Object.fromEntries(PAGE_CASES.map(({ name, render }) => [name, render(locale)]));
      await page.evaluate(`((documents) => {
        const put = ${PUT_AND_RUN};
        const frames = [...document.querySelectorAll('iframe')];
        return Promise.all(frames.map((frame) => put(frame.contentDocument, documents[frame.name], '${locale}')));
      })(${JSON.stringify(documents)})`);
    },
    posted: () => posted,
  };
}
