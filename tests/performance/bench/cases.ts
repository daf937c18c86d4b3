import { createHash, randomBytes } from 'node:crypto';
import { browserSession } from '../../helpers/browser_session.ts';
import { fieldValue } from '../../helpers/html.ts';
import { authorization, authorize, authorizeUrl } from '../../helpers/relying_party.ts';
import { run } from './load.ts';
import type { Bench, Server } from './servers.ts';

/** A server with the data that was prepared on it. */
export interface Target {
  readonly server: Server;
  readonly bench: Pick<Bench, 'party' | 'people' | 'resource'>;
  /** Cookie headers, one for each signed-in person. */
  readonly sessions: readonly string[];
  /** Unused refresh tokens. */
  readonly refreshTokens: string[];
  /** The latest token is last. */
  readonly accessTokens: string[];
}

export interface Case {
  readonly name: string;
  readonly title: string;
  /**
   * The number of requests in a round of about a quarter of a second. Disturbances of the machine last longer, so they
   * affect both servers.
   */
  readonly requests: number;
  /** The goal for Cardea's rate as a multiple of the bare provider's. */
  readonly aim?: number;
  /**
   * Creates what a round uses up, before the clock starts.
   * @returns the requests
   */
  prepare(target: Target, count: number): Promise<(index: number) => string>;
  /** Collects the results of a round, after the clock has stopped. */
  collect?(target: Target, bodies: readonly string[]): void;
}

export const CONNECTIONS = 32;

export const CASES: readonly Case[] = [
  {
    name: 'jwks',
    title: 'JWKS',
    requests: 5_000,
    aim: 2,
    prepare: async (target) => always(jwksRequest(target)),
  },
  {
    name: 'discovery',
    title: 'discovery',
    requests: 5_000,
    aim: 2,
    prepare: async ({ server }) => always(get(server, '/.well-known/openid-configuration')),
  },
  {
    name: 'client_credentials_opaque',
    title: 'client credentials, opaque',
    requests: 1_000,
    prepare: async (target) => always(tokenRequest(target, { grant_type: 'client_credentials' })),
  },
  {
    name: 'client_credentials_jwt',
    title: 'client credentials, RS256 JWT',
    requests: 600,
    aim: 0.9,
    prepare: async (target) => always(clientCredentialsJwt(target)),
  },
  {
    name: 'code_redemption',
    title: 'code redemption',
    requests: 400,
    aim: 0.6,
    async prepare(target, count) {
      const codes = await authorizeMany(target, count);
      return (index) => redemption(target, codes[index] ?? '');
    },
    collect: keepTokens,
  },
  {
    name: 'refresh',
    title: 'refresh',
    requests: 400,
    aim: 0.6,
    async prepare(target, count) {
      if (target.refreshTokens.length < count) await redeemMany(target, count - target.refreshTokens.length);
      const tokens = target.refreshTokens.splice(0, count);
      return (index) => tokenRequest(target, { grant_type: 'refresh_token', refresh_token: tokens[index] ?? '' });
    },
    collect: keepTokens,
  },
  {
    name: 'introspection',
    title: 'introspection, opaque',
    requests: 1_000,
    async prepare(target, count) {
      const tokens = await accessTokens(target, count);
      const { server, bench } = target;
      return (index) =>
        post(server, '/introspect', authorization(bench.party), { token: tokens[index % tokens.length] ?? '' });
    },
  },
  {
    name: 'userinfo',
    title: 'userinfo',
    requests: 1_000,
    async prepare(target, count) {
      const tokens = await accessTokens(target, count);
      return (index) =>
        get(target.server, '/userinfo', { authorization: `Bearer ${tokens[index % tokens.length] ?? ''}` });
    },
  },
];

export function jwksRequest({ server }: Pick<Target, 'server'>): string {
  return get(server, '/.well-known/jwks.json');
}

export function clientCredentialsJwt(target: Pick<Target, 'server' | 'bench'>): string {
  const { identifier, scopes } = target.bench.resource;
  return tokenRequest(target, { grant_type: 'client_credentials', resource: identifier, scope: scopes.join(' ') });
}

/** Signs in each person once. */
export async function createTarget(server: Server, bench: Bench): Promise<Target> {
  const sessions: string[] = [];
  for (const person of bench.people) {
    const { browser } = await authorize({
      issuer: server.issuer,
      party: bench.party,
      person,
      params: { login_hint: server.name === 'bare' ? person.id : undefined },
    });
    sessions.push(browser.signedCookies('cardea_session'));
  }
  return { server, bench, sessions, refreshTokens: [], accessTokens: [] };
}

/** Sign-in pages that wait for a password; each form can be sent many times. */
export async function loginForms({ server, bench }: Target, count: number): Promise<string[]> {
  const forms: string[] = [];
  for (let i = 0; i < count; i += 1) {
    const browser = browserSession(server.issuer);
    const start = authorizeUrl({ issuer: server.issuer, party: bench.party }, VERIFIER);
    const page = await browser.follow(await browser.get(start));
    const csrf = fieldValue(page, 'csrf');
    // An unknown identifier: the dummy verification costs the same.
    const fields = { csrf, identifier: `nobody-${i}@example.com`, password: randomBytes(12).toString('hex') };
    const cookie = browser.signedCookies('cardea_interaction');
    forms.push(post(server, new URL(page.url).pathname, { cookie }, { ...fields, action: 'signin' }));
  }
  return forms;
}

// ---- creating what a round uses up, by the real flow ----

const VERIFIER = randomBytes(32).toString('base64url');
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');

/** The sessions exist and no page is needed, so each response has a code at once. */
async function authorizeMany({ server, bench, sessions }: Target, count: number): Promise<string[]> {
  const query = new URLSearchParams({
    client_id: bench.party.id,
    redirect_uri: bench.party.redirectUri,
    response_type: 'code',
    scope: 'openid profile email',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
  });
  const codes: string[] = [];
  await run({
    port: server.port,
    count,
    connections: CONNECTIONS,
    request: (index) => get(server, `/authorize?${query}`, { cookie: sessions[index % sessions.length] ?? '' }),
    expected: 303,
    answered(_index, head) {
      const code = /\r\nlocation: [^\r]*[?&]code=([^&\r]+)/i.exec(head)?.[1];
      if (code === undefined) throw new Error(`no code: ${head}`);
      codes.push(code);
    },
  });
  return codes;
}

async function redeemMany(target: Target, count: number): Promise<void> {
  const codes = await authorizeMany(target, count);
  const bodies: string[] = [];
  await run({
    port: target.server.port,
    count,
    connections: CONNECTIONS,
    request: (index) => redemption(target, codes[index] ?? ''),
    expected: 200,
    answered: (_index, _head, body) => void bodies.push(body),
  });
  keepTokens(target, bodies);
}

async function accessTokens(target: Target, count: number): Promise<string[]> {
  if (target.accessTokens.length === 0) await redeemMany(target, count);
  return target.accessTokens.slice(-count);
}

function keepTokens(target: Target, bodies: readonly string[]): void {
  for (const body of bodies) {
    const answer = JSON.parse(body) as { access_token: string; refresh_token: string };
    target.accessTokens.push(answer.access_token);
    target.refreshTokens.push(answer.refresh_token);
  }
}

// ---- requests as bytes ----

const always = (request: string) => () => request;

function redemption(target: Target, code: string): string {
  return tokenRequest(target, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: target.bench.party.redirectUri,
    code_verifier: VERIFIER,
  });
}

function tokenRequest(
  { server, bench }: Pick<Target, 'server' | 'bench'>,
  form: Readonly<Record<string, string>>,
): string {
  return post(server, '/token', authorization(bench.party), form);
}

type Headers = Readonly<Record<string, string>>;

function get(server: Server, path: string, headers: Headers = {}): string {
  return `GET ${path} HTTP/1.1\r\n${headerLines(server, headers)}\r\n`;
}

function post(server: Server, path: string, headers: Headers, form: Readonly<Record<string, string>>): string {
  const body = new URLSearchParams(form).toString();
  const all = {
    ...headers,
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': String(body.length),
  };
  return `POST ${path} HTTP/1.1\r\n${headerLines(server, all)}\r\n${body}`;
}

function headerLines(server: Server, headers: Headers): string {
  const all = { host: `localhost:${server.port}`, accept: '*/*', ...headers };
  return Object.entries(all)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
}
