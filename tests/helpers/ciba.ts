import { createServer, type IncomingHttpHeaders } from 'node:http';
import { openAccount, press } from './account.ts';
import type { BrowserSession, Page } from './browser_session.ts';
import type { Party, Person } from './deployment.ts';
import { authorization, type TokenAnswer, token } from './relying_party.ts';
import type { Scope } from './scope.ts';
import { remember } from './secrets.ts';
import { listen } from './ssrf_cases.ts';

export const CIBA_GRANT = 'urn:openid:params:grant-type:ciba';

/** Metadata that a client needs for CIBA (CIBA Core 1.0 §4). */
export const cibaMetadata = (more: Readonly<Record<string, unknown>> = {}) => ({
  redirect_uris: [],
  grant_types: [CIBA_GRANT, 'refresh_token'],
  backchannel_token_delivery_mode: 'poll',
  ...more,
});

export interface BackchannelAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown> & { auth_req_id: string; error?: string };
}

/** Sends an authentication request (CIBA Core 1.0 §7). An undefined parameter is omitted. */
export async function askPerson(
  issuer: string,
  party: Party,
  params: Readonly<Record<string, string | undefined>>,
): Promise<BackchannelAnswer> {
  const given = Object.entries({ scope: 'openid profile', ...params }).filter(([, value]) => value !== undefined);
  const response = await fetch(new URL(`${issuer}/backchannel_authentication`), {
    method: 'POST',
    headers: authorization(party),
    body: new URLSearchParams({
      ...(party.secret === undefined ? { client_id: party.id } : {}),
      ...(Object.fromEntries(given) as Record<string, string>),
    }),
  });
  const body = (await response.json()) as BackchannelAnswer['body'];
  if (body.auth_req_id !== undefined) remember('code', body.auth_req_id);
  return { status: response.status, headers: response.headers, body };
}

/** Sends a token request for an authentication request (CIBA Core 1.0 §10.1). */
export function fetchTokens(issuer: string, party: Party, authReqId: string, reach?: string): Promise<TokenAnswer> {
  return token(issuer, party, { grant_type: CIBA_GRANT, auth_req_id: authReqId }, reach);
}

/** The account page that lists waiting requests. */
export function openRequests(
  app: { readonly issuer: string },
  person: Person,
  browser?: BrowserSession,
): Promise<{ browser: BrowserSession; page: Page }> {
  return openAccount(app, person, '/account/requests', browser);
}

/** Decides about the request at a position in the list, which starts with the oldest. */
export async function decideRequest(
  app: { readonly issuer: string },
  person: Person,
  verdict: 'approve' | 'deny',
  { at = 0, browser }: { at?: number; browser?: BrowserSession } = {},
): Promise<Page> {
  const opened = await openRequests(app, person, browser);
  return press(opened.browser, opened.page, `${verdict}-${at}`);
}

/** A client's notification endpoint: records notifications, and responds as the test sets it. */
export interface NotificationListener {
  readonly uri: string;
  readonly received: { readonly headers: IncomingHttpHeaders; readonly body: Record<string, unknown> }[];
  /** The response status; 0 closes the connection. */
  status: number;
}

export async function notificationListener(scope: Scope): Promise<NotificationListener> {
  const received: NotificationListener['received'] = [];
  const listener = { uri: '', received, status: 204 };
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const body = JSON.parse(text) as Record<string, unknown>;
    for (const name of ['access_token', 'refresh_token', 'id_token'] as const) {
      if (typeof body[name] === 'string') remember(name, body[name]);
    }
    received.push({ headers: request.headers, body });
    if (listener.status === 0) response.destroy();
    else response.writeHead(listener.status, { location: `${listener.uri}/elsewhere` }).end();
  });
  listener.uri = `http://127.0.0.1:${await listen(scope, server, '127.0.0.1')}/notified`;
  return listener;
}
