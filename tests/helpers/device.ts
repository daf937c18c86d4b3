import { type BrowserSession, formOf, type Page } from './browser_session.ts';
import type { Party } from './deployment.ts';
import { authorization, type TokenAnswer, token } from './relying_party.ts';
import { remember } from './secrets.ts';

export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

/** The device authorization response (RFC 8628 §3.2). */
export interface DeviceAnswer {
  readonly status: number;
  readonly body: Record<string, unknown> & { device_code: string; user_code: string; error?: string };
}

/** Sends a device authorization request (RFC 8628 §3.1). */
export async function askForCode(
  issuer: string,
  party: Party,
  params: Readonly<Record<string, string>> = {},
  headers: Readonly<Record<string, string>> = { 'user-agent': 'ExampleTV/9.1' },
): Promise<DeviceAnswer> {
  const response = await fetch(new URL(`${issuer}/device_authorization`), {
    method: 'POST',
    headers: { ...authorization(party), ...headers },
    body: new URLSearchParams({
      ...(party.secret === undefined ? { client_id: party.id } : {}),
      scope: 'openid profile offline_access',
      ...params,
    }),
  });
  const body = (await response.json()) as DeviceAnswer['body'];
  if (body.device_code !== undefined) {
    remember('code', body.device_code);
    remember('code', body.user_code);
  }
  return { status: response.status, body };
}

/** Sends a device access token request (RFC 8628 §3.4). */
export function poll(issuer: string, party: Party, deviceCode: string, reach?: string): Promise<TokenAnswer> {
  return token(issuer, party, { grant_type: DEVICE_GRANT, device_code: deviceCode }, reach);
}

/** Opens the page, submits a user code, and returns the next page. */
export async function typeCode(browser: BrowserSession, userCode: string): Promise<Page> {
  const { action, fields } = formOf(await browser.get('/device'));
  return browser.post(action, { ...fields, user_code: userCode });
}

/** Presses a button on the page that shows the code for comparison. */
export async function decide(browser: BrowserSession, page: Page, button: 'confirm' | 'abort'): Promise<Page> {
  const { action, fields } = formOf(page);
  return browser.follow(await browser.post(action, { ...fields, [button]: 'yes' }));
}
