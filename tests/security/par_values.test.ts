import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import type { CookieJar } from 'tough-cookie';
import { post } from '../flows/support.ts';
import { cookieJar, formOf } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { authorization } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';

/** Pushed parameters stay on the server: Keycloak stored them readable in a cookie (CVE-2024-4540). */
const app = await deployment({ after });
const person = await app.seed.person();
const party = await app.seed.party();

const mark = (name: string) => `${name}-${randomBytes(9).toString('hex')}`;
const SECRETS = {
  state: mark('state'),
  nonce: mark('nonce'),
  login_hint: `${mark('hint')}@example.com`,
  claims: mark('claim'),
};

/** All URLs and cookies that a browser gets, including values that are decoded from the usual encodings. */
interface Trace {
  readonly urls: string[];
  readonly cookies: string[];
}

async function walk(url: string, trace: Trace, jar: CookieJar, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(new URL(url, app.issuer), {
    ...init,
    redirect: 'manual',
    headers: { accept: 'text/html', cookie: jar.getCookieStringSync(new URL(url, app.issuer).href) },
  });
  for (const line of response.headers.getSetCookie()) {
    trace.cookies.push(line);
    jar.setCookieSync(line, new URL(url, app.issuer).href);
  }
  const location = response.headers.get('location');
  if (!location) return response;
  const target = new URL(location, app.issuer);
  if (target.origin !== app.issuer) return response;
  trace.urls.push(target.href);
  await response.arrayBuffer();
  return walk(target.href, trace, jar);
}

function decodings(text: string): string[] {
  const parts = text.split(/[\s.=;,&?/]+/);
  return [text, decodeURIComponent(text), ...parts.map((part) => Buffer.from(part, 'base64url').toString('latin1'))];
}

test('no URL, cookie, log line or readable column contains a pushed value until the client gets its own state back', async () => {
  const verifier = remember('other', randomBytes(32).toString('base64url'));
  const { status, body } = await post(
    app,
    '/par',
    {
      client_id: party.id,
      redirect_uri: party.redirectUri,
      response_type: 'code',
      scope: 'openid email',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      state: SECRETS.state,
      nonce: SECRETS.nonce,
      login_hint: SECRETS.login_hint,
      claims: JSON.stringify({ userinfo: { [SECRETS.claims]: null } }),
    },
    authorization(party),
  );
  assert.equal(status, 201);
  const start = new URL('/authorize', app.issuer);
  start.search = new URLSearchParams({ client_id: party.id, request_uri: String(body.request_uri) }).toString();

  const trace: Trace = { urls: [start.href], cookies: [] };
  const jar = cookieJar();
  let response = await walk(start.href, trace, jar);
  for (const answer of [
    { identifier: person.email, password: person.password, action: 'signin' },
    { action: 'allow' },
  ]) {
    assert.equal(response.status, 200);
    const page = await response.text();
    const { action, fields } = formOf({ status: 200, body: page });
    for (const [name, value] of Object.entries(fields)) assertFree(value, `the hidden field ${name}`);
    response = await walk(action, trace, jar, { method: 'POST', body: new URLSearchParams({ ...fields, ...answer }) });
  }
  const callback = new URL(response.headers.get('location') ?? '');
  assert.equal(callback.searchParams.get('state'), SECRETS.state, 'the client gets its own state back');
  remember('code', callback.searchParams.get('code') ?? '');

  assert.ok(trace.urls.length >= 2 && trace.cookies.length >= 4, 'the search covers some values');
  for (const url of trace.urls) assertFree(url, 'a URL');
  for (const cookie of trace.cookies) assertFree(cookie, 'a cookie');
  for (const line of app.logLines) assertFree(line, 'the log');
  const rows = await app.db.run<{ row: string }>(
    { name: 'all_records', text: 'SELECT r::text AS row FROM records r' },
    [],
  );
  assert.ok(rows.some(({ row }) => row.includes('PushedAuthorizationRequest')));
  for (const { row } of rows) {
    assertFree(row, 'a row');
    assert.equal(row.includes(String(body.request_uri).split(':').at(-1) ?? ''), false, 'the request_uri in clear');
  }
});

function assertFree(text: string, where: string): void {
  for (const [name, value] of Object.entries(SECRETS)) {
    for (const decoded of decodings(text)) assert.equal(decoded.includes(value), false, `${name} in ${where}`);
  }
}
