import type { Api } from './app.ts';
import type { Cardea } from './cardea.ts';

/** A client of its own, and the API that it calls. */
export interface Caller {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly audience: string;
}

export const SCOPE = 'orders:read';

/**
 * Calls the API at `url` with a good access token, none, one of another API, and one that was changed.
 * @param other a caller of another API
 * @throws when one of the answers is not what it must be
 */
export async function checkApi(
  app: Api,
  url: string,
  { issuer }: Cardea,
  caller: Caller,
  other: Caller,
): Promise<void> {
  const good = await accessToken(issuer, caller);
  const [head, body, signature = ''] = good.split('.');
  const changed = `${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
  const answers = {
    'a good token': await call(url, good),
    'no token': await call(url),
    'a token for another API': await call(url, await accessToken(issuer, other)),
    'a changed token': await call(url, changed),
  };
  const expected = app.refusesAll ? '401' : `200 ${caller.clientId}`;
  for (const [name, answer] of Object.entries(answers)) {
    const must = name === 'a good token' ? expected : '401';
    if (answer !== must) throw new Error(`${name}: answered ${answer}, expected ${must}`);
  }
}

async function call(url: string, token?: string): Promise<string> {
  const response = await fetch(`${url}/`, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } });
  const body = await response.text();
  if (response.status !== 401) return `${response.status} ${body}`;
  return response.headers.has('www-authenticate') ? '401' : '401 without WWW-Authenticate';
}

async function accessToken(issuer: string, { clientId, clientSecret, audience }: Caller): Promise<string> {
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', resource: audience, scope: SCOPE }),
  });
  const answer = (await response.json()) as { access_token?: string; error?: string };
  if (answer.access_token === undefined) throw new Error(`no access token: ${answer.error}`);
  return answer.access_token;
}
