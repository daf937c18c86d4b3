import { createServer, type IncomingHttpHeaders } from 'node:http';
import { openAccount, press } from './account.ts';
import type { BrowserSession, Page } from './browser_session.ts';
import type { Party, Person } from './deployment.ts';
import { authorization, type TokenAnswer, token } from './relying_party.ts';
import type { Scope } from './scope.ts';
import { remember } from './secrets.ts';
import { listen } from './ssrf_cases.ts';

export const CIBA_GRANT = 'urn:openid:params:grant-type:ciba';

/** What a client that may ask for people has to have (CIBA Core 1.0 §4). */
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

/** An app asks for a person (CIBA Core 1.0 §7). A parameter that is undefined is left out. */
export async function askPerson(
  issuer: string,
  party: Party,
  params: Readonly<Record<string, string | undefined>>,
): Promise<BackchannelAnswer> {
  const given = Object.entries({ scope: 'openid profile', ...params }).filter(([, value]) => value !== undefined);
  const response = await fetch(new URL('/backchannel_authentication', issuer), {
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

/** The app asks what became of it (CIBA Core 1.0 §10.1). */
export function fetchTokens(issuer: string, party: Party, authReqId: string, reach?: string): Promise<TokenAnswer> {
  return token(issuer, party, { grant_type: CIBA_GRANT, auth_req_id: authReqId }, reach);
}

/** The page of a person's account on which requests wait. */
export function openRequests(
  app: { readonly issuer: string },
  person: Person,
  browser?: BrowserSession,
): Promise<{ browser: BrowserSession; page: Page }> {
  return openAccount(app, person, '/account/requests', browser);
}

/** The person decides about the request at a place of the page; the oldest comes first. */
export async function decideRequest(
  app: { readonly issuer: string },
  person: Person,
  verdict: 'approve' | 'deny',
  { at = 0, browser }: { at?: number; browser?: BrowserSession } = {},
): Promise<Page> {
  const opened = await openRequests(app, person, browser);
  return press(opened.browser, opened.page, `${verdict}-${at}`);
}

/** A client's notification endpoint: notes what it is told, and answers as a test wants. */
export interface NotificationListener {
  readonly uri: string;
  readonly received: { readonly headers: IncomingHttpHeaders; readonly body: Record<string, unknown> }[];
  /** What it answers with; 0: it hangs up. */
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
