import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { locales } from '../../server/views/messages.ts';
import { loggedOutView } from '../../server/views/provider_pages.ts';
import { createViews } from '../../server/views/views.ts';
import { ACCOUNT_PAGE_CASES } from './account_page_cases.ts';
import { PAGE_CASES } from './page_cases.ts';
import { defer, type Scope } from './scope.ts';

/** Every page in every state. */
export const EVERY_CASE = [...PAGE_CASES, ...ACCOUNT_PAGE_CASES];

const CSP =
  "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; base-uri 'none'; frame-ancestors 'none'";

export interface PageServer {
  /** A case is at `/<name>`, and in another language at `/<name>?<locale>`. */
  readonly origin: string;
  /** The body of the latest form. */
  posted(): string;
}

/** Serves the pages without any logic behind them, under their real Content-Security-Policy. */
export async function servePages(scope: Scope): Promise<PageServer> {
  const views = createViews();
  let posted = '';
  const server = createServer((request, response) => {
    const [path = '/', language = ''] = (request.url ?? '/').split('?');
    response.setHeader('content-security-policy', CSP);
    const asset = views.assets.get(path);
    if (asset) {
      // A self-submitting page must stay, so that it can be checked.
      const isSending = asset.body.includes('form[data-submit-now]');
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
    const found = EVERY_CASE.find(({ name }) => `/${name}` === path);
    response.statusCode = found ? 200 : 404;
    response.end(found?.render(locales.find((one) => one === language) ?? 'en') ?? 'not found');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  defer(scope, () => {
    server.closeAllConnections();
    server.close();
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, posted: () => posted };
}
