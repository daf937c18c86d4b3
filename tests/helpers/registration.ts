import { checkPolicy } from '../../server/clients/registration_policy.ts';
import { createRegistrationTokens } from './client_stores.ts';
import type { Deployment, Party } from './deployment.ts';
import { remember, rememberAll } from './secrets.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into it and asserts what it finds
  readonly body: any;
}

/** A request to the registration endpoint, or to a client's own (RFC 7591, RFC 7592). */
export async function register(
  app: Pick<Deployment, 'issuer'>,
  body: unknown,
  options: { token?: string | undefined; method?: string; path?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const { token, method = 'POST', path = '/register', headers = {} } = options;
  const response = await fetch(new URL(path, app.issuer), {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const answer = text === '' ? {} : (JSON.parse(text) as object);
  return { status: response.status, headers: response.headers, body: rememberAll(answer) };
}

/** Converts a registration response to the type that the other helpers take. */
export function partyOf(body: Answer['body']): Party {
  return {
    id: body.client_id,
    secret: body.client_secret,
    redirectUri: body.redirect_uris[0],
    client: undefined as never,
  };
}

/** Makes initial access tokens of an hour (RFC 7591 §3). @param now the clock of the deployment */
export function initialTokens(app: Pick<Deployment, 'db'>, now: () => number = Date.now) {
  const tokens = createRegistrationTokens({ db: app.db, now });
  return async (input: Parameters<typeof checkPolicy>[0] = {}, uses = 100): Promise<string> => {
    const made = await tokens.create({ policy: checkPolicy(input), uses, lifetime: 3600 });
    return remember('other', made.token);
  };
}
