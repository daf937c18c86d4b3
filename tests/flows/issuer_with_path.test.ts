import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { decodeJwt } from 'jose';
import * as client from 'openid-client';
import { Agent, clientOf } from '../clients_of_others/mcp_sdk.ts';
import { isSignIn, openAccount } from '../helpers/account.ts';
import { browserSession, formOf, type Page } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { askForCode, DEVICE_GRANT, decide, poll } from '../helpers/device.ts';
import { attributeOf, documentOf, findForm, has } from '../helpers/html.ts';
import { mailbox } from '../helpers/mailbox.ts';
import { mcpServer } from '../helpers/mcp_server.ts';
import { register } from '../helpers/registration.ts';
import { authorize, authorizeUrl, introspect, redeem, signIn, token } from '../helpers/relying_party.ts';
import { remember, rememberAll } from '../helpers/secrets.ts';
import { until } from '../helpers/waiting.ts';

/** An issuer with a path: everything is below it, except what others look for at the root of a host. */
const scope = { after };
const API = 'https://api.example.com/';
const AFTER_LOGOUT = 'https://rp.example.com/bye';
const box = await mailbox(scope);
const app = await deployment(scope, {
  basePath: '/auth',
  env: {
    CARDEA_DEMO: 'true',
    CARDEA_REGISTRATION: 'open',
    CARDEA_SIGN_UP: 'true',
    CARDEA_SMTP_URL: box.url,
    CARDEA_TOKEN_STATUS_LIST: 'true',
  },
});
const other = await deployment(scope, { basePath: '/other' });
const { issuer } = app;
const { origin } = new URL(issuer);
const party = await app.seed.party({
  name: 'Harbour Notes',
  metadata: { scope: 'openid profile email offline_access api:read', post_logout_redirect_uris: [AFTER_LOGOUT] },
});
await app.seed.resourceServer({ identifier: API, name: 'API', scopes: ['api:read'] });
const tv = await app.seed.party({
  name: 'Example TV',
  public: true,
  firstParty: true,
  metadata: { redirect_uris: [], grant_types: [DEVICE_GRANT] },
});
const notes = await mcpServer(scope, issuer);
await app.seed.resourceServer({ identifier: notes, name: 'Notes', scopes: ['notes:read', 'notes:write'], open: true });
const person = await app.seed.person({ name: 'Ada Lovelace' });
const elsewhere = await other.seed.person();
const INSECURE = { execute: [client.allowInsecureRequests] };

const at = (path: string, init?: RequestInit) => fetch(origin + path, { redirect: 'manual', ...init });

test('the metadata of the admin API are at the root of the host and below the path (RFC 9728 §3.1)', async () => {
  const inserted = '/.well-known/oauth-protected-resource/auth/api/v1';
  const bodies = await Promise.all(
    [inserted, '/auth/.well-known/oauth-protected-resource/api/v1'].map(async (path) => (await at(path)).json()),
  );
  assert.deepEqual(bodies[0], bodies[1]);
  const { resource } = bodies[0] as { resource: string };
  assert.equal(resource, `${issuer}/api/v1`);
  const refused = await fetch(`${resource}/me`);
  assert.equal(refused.status, 401);
  const { origin } = new URL(issuer);
  assert.ok(refused.headers.get('www-authenticate')?.includes(`resource_metadata="${origin}${inserted}"`));
});

test('the metadata are at each well-known location, appended and inserted (OpenID Connect Discovery §4, RFC 8414 §3.1, §5)', async () => {
  const bodies = await Promise.all(
    [
      '/auth/.well-known/openid-configuration',
      '/auth/.well-known/oauth-authorization-server',
      '/.well-known/oauth-authorization-server/auth',
      '/.well-known/openid-configuration/auth',
    ].map(async (path) => {
      const response = await at(path);
      assert.equal(response.status, 200, path);
      const headers = { origin: 'https://app.example', 'access-control-request-method': 'GET' };
      const preflight = await at(path, { method: 'OPTIONS', headers });
      assert.deepEqual([preflight.status, preflight.headers.get('access-control-allow-origin')], [204, '*'], path);
      return response.text();
    }),
  );
  assert.equal(new Set(bodies).size, 1);
  const metadata = JSON.parse(bodies[0] ?? '') as Record<string, unknown>;
  assert.equal(metadata.issuer, issuer);
  assert.equal((await fetch(String(metadata.jwks_uri))).status, 200);
  const urls = Object.values(metadata).filter((one) => typeof one === 'string' && one.startsWith('http'));
  assert.ok(urls.length > 10);
  for (const url of urls) assert.ok(url === issuer || String(url).startsWith(`${issuer}/`), String(url));
});

test('other locations are not found, and the error says where the server is', async () => {
  const outside = [
    '/',
    '/authorize',
    '/token',
    '/account',
    '/authx',
    '/authx/token',
    '/.well-known/openid-configuration',
    '/.well-known/oauth-authorization-server',
    '/.well-known/oauth-authorization-server/auth/',
    '/.well-known/oauth-authorization-server/authx',
    '/.well-known/jwks.json',
    '//auth/token',
  ];
  for (const path of outside) {
    const response = await at(path);
    assert.equal(response.status, 404, path);
    const { error_description: description } = (await response.json()) as { error_description: string };
    assert.ok(description.includes('/auth'), `${path}: ${description}`);
  }
  assert.equal((await at('/auth/auth/token')).status, 404);
  assert.equal((await at('/auth/token', { method: 'GET' })).status, 405);
});

test('health checks and the pages for password managers are at the root as well', async () => {
  for (const path of ['/healthz', '/readyz', '/auth/healthz', '/auth/readyz'])
    assert.equal((await at(path)).status, 200, path);
  for (const path of ['', '/auth']) {
    const passwords = await at(`${path}/.well-known/change-password`);
    assert.equal(passwords.headers.get('location'), '/auth/account/password');
    const passkeys = await at(`${path}/.well-known/passkey-endpoints`);
    assert.deepEqual(Object.values((await passkeys.json()) as object), Array(2).fill(`${issuer}/account/passkeys`));
  }
});

for (const algorithm of ['oidc', 'oauth2'] as const) {
  test(`openid-client discovers it (${algorithm}), and signs in, refreshes, reads userinfo, introspects and signs out`, async () => {
    const config = await client.discovery(
      new URL(issuer),
      party.id,
      undefined,
      client.ClientSecretBasic(party.secret ?? ''),
      { ...INSECURE, algorithm },
    );
    client.enableNonRepudiationChecks(config);
    const verifier = client.randomPKCECodeVerifier();
    const state = client.randomState();
    const proof = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'));
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: party.redirectUri,
      scope: 'openid profile email offline_access',
      prompt: 'consent',
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
    });
    const browser = browserSession(issuer);
    const login = await browser.follow(await browser.get(url.href));
    assert.ok(login.url.startsWith(`${issuer}/login/`), login.url);
    const left = await signIn(browser, login, person);
    const callback = new URL(left.location ?? '');
    remember('code', callback.searchParams.get('code') ?? '');
    assert.equal(callback.searchParams.get('iss'), issuer);
    const checks = { pkceCodeVerifier: verifier, expectedState: state, idTokenExpected: true };
    const tokens = await client.authorizationCodeGrant(config, callback, checks, undefined, { DPoP: proof });
    rememberAll(tokens);
    assert.equal(tokens.claims()?.iss, issuer);
    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token ?? '', undefined, { DPoP: proof });
    rememberAll(refreshed);
    const info = await client.fetchUserInfo(config, refreshed.access_token, person.id, { DPoP: proof });
    assert.equal(info.email, person.email);
    assert.equal((await client.tokenIntrospection(config, refreshed.access_token)).iss, issuer);
    await client.tokenRevocation(config, refreshed.refresh_token ?? '');

    const end = client.buildEndSessionUrl(config, {
      id_token_hint: tokens.id_token ?? '',
      post_logout_redirect_uri: AFTER_LOGOUT,
      state: 'goodbye',
    });
    const asked = await browser.follow(await browser.get(end.href));
    const gone =
      asked.location ??
      (await browser.follow(await browser.post(formOf(asked).action, { ...formOf(asked).fields, logout: 'yes' })))
        .location;
    assert.equal(gone, `${AFTER_LOGOUT}?state=goodbye`);
    for (const value of browser.cookies()) remember('cookie', value);
    assert.ok(isSignIn(await browser.follow(await browser.get(url.href))));
  });
}

test('the MCP SDK registers itself and signs in, from the URL of an API alone (RFC 9728, RFC 8414 §3.1)', async (t) => {
  const agent = new Agent();
  const first = clientOf(notes, agent);
  await assert.rejects(first.client.connect(first.transport as Parameters<Client['connect']>[0]), UnauthorizedError);
  const browser = browserSession(issuer);
  const [request] = agent.requests;
  assert.equal(request?.pathname, '/auth/authorize');
  const left = await signIn(browser, await browser.follow(await browser.get(request.href)), person);
  for (const value of browser.cookies()) remember('cookie', value);
  await first.transport.finishAuth(remember('code', new URL(left.location ?? '').searchParams.get('code') ?? ''));
  rememberAll(agent.tokens() ?? {});
  const { client, transport } = clientOf(notes, agent);
  t.after(() => client.close());
  await client.connect(transport as Parameters<Client['connect']>[0]);
  assert.ok((await client.listTools()).tools.length > 0);
});

test('without a client to go back to, signing out ends at a page below the path', async () => {
  const browser = browserSession(issuer);
  const page = await browser.follow(await browser.get('/auth/logout'));
  assert.equal(new URL(page.url).pathname, '/auth/logout/success');
  assert.equal(page.status, 200);
});

for (const site of ['same-origin', 'cross-site']) {
  test(`an authorization request by POST (${site}) stays below the path (OpenID Connect Core §3.1.2.1)`, async () => {
    const browser = browserSession(issuer);
    const request = {
      client_id: party.id,
      redirect_uri: party.redirectUri,
      response_type: 'code',
      scope: 'openid',
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
    };
    let page = await browser.follow(await browser.post('/auth/authorize', request, { 'sec-fetch-site': site }));
    if (site === 'cross-site') {
      const { action, fields } = formOf(page);
      assert.equal(action, '/auth/authorize');
      page = await browser.follow(await browser.post(action, fields));
    }
    assert.ok(isSignIn(page), `${page.status} ${page.url}`);
  });
}

test('access tokens for an API name the issuer, and their status list is below it', async () => {
  const granted = await authorize({ issuer, party, person, params: { scope: 'openid api:read', resource: API } });
  const { body } = await token(issuer, party, {
    grant_type: 'authorization_code',
    code: granted.code,
    redirect_uri: party.redirectUri,
    code_verifier: granted.verifier,
    resource: API,
  });
  const claims = decodeJwt(body.access_token ?? '') as { iss?: string; status?: { status_list: { uri: string } } };
  assert.equal(claims.iss, issuer);
  assert.equal((await introspect(issuer, party, body.access_token ?? '')).active, true);
  const { uri } = claims.status?.status_list ?? { uri: '' };
  assert.ok(uri.startsWith(`${issuer}/`), uri);
  const list = await fetch(uri);
  assert.equal(list.status, 200);
  const { iss, sub } = decodeJwt(await list.text());
  assert.deepEqual({ iss, sub }, { iss: issuer, sub: uri });
});

test('a client that registers itself is managed below the path (RFC 7592)', async () => {
  const metadata = { redirect_uris: ['https://agent.example.com/callback'], token_endpoint_auth_method: 'none' };
  const { status, body } = await register(app, metadata, { path: '/auth/register' });
  assert.equal(status, 201);
  assert.equal(body.registration_client_uri, `${issuer}/register/${body.client_id}`);
  const read = await fetch(body.registration_client_uri, {
    headers: { authorization: `Bearer ${body.registration_access_token}` },
  });
  assert.equal(read.status, 200);
});

test('a device is approved at the page below the path (RFC 8628 §3.3)', async () => {
  const { body } = await askForCode(issuer, tv, { scope: 'openid' });
  assert.equal(body.verification_uri, `${issuer}/device`);
  const { browser } = await openAccount(app, person, '/auth/account');
  const start = await browser.get(String(body.verification_uri_complete));
  const { action, fields } = formOf(start);
  const confirm = await browser.post(action, { ...fields, user_code: body.user_code });
  await decide(browser, confirm, 'confirm');
  assert.equal((await poll(issuer, tv, body.device_code)).status, 200);
});

test('cookies are sent to this issuer alone, so two servers share a host', async () => {
  const { browser } = await openAccount(app, person, '/auth/account');
  const before = browser.cookie('cardea_session');
  assert.ok(before);
  // Cookies ignore the port, as they would two paths of one port.
  const there = await browser.get(`${other.issuer}/account`);
  assert.equal(new URL(there.location ?? '').pathname, '/other/authorize');
  const login = await browser.get(there.location ?? '');
  const page = await browser.get(login.location ?? '');
  assert.ok(isSignIn(page));
  const { action, fields } = formOf(page);
  const typed = { identifier: elsewhere.email, password: elsewhere.password, action: 'signin' };
  let answer = await browser.post(new URL(action, other.issuer).href, { ...fields, ...typed });
  while (answer.location) answer = await browser.get(answer.location);
  assert.equal(new URL(answer.url).pathname, '/other/account');
  for (const value of browser.cookies()) remember('cookie', value);
  const again = await browser.get('/auth/account');
  assert.equal(again.status, 200);
  assert.ok(again.body.includes(person.email));
});

test('each cookie has a path below the issuer', async () => {
  const browser = browserSession(issuer);
  const seen: string[] = [];
  const watch = (page: Page) => {
    seen.push(...page.headers.getSetCookie());
    return page;
  };
  const visit = async (first: Page) => {
    let page = watch(first);
    while (page.location && new URL(page.location).origin === origin) page = watch(await browser.get(page.location));
    return page;
  };
  const login = await visit(await browser.get('/auth/demo'));
  const { action, fields } = formOf(login);
  const typed = { identifier: person.email, password: person.password, action: 'signin' };
  const consent = await visit(await browser.post(action, { ...fields, ...typed }));
  const form = formOf(consent);
  await visit(await browser.post(form.action, { ...form.fields, action: 'allow' }));
  await visit(await browser.get('/auth/account/forgot'));
  await visit(await browser.get('/auth/account/link/verify_email?token=x'));
  await visit(await browser.get('/auth/device'));
  for (const value of browser.cookies()) remember('cookie', value);
  const names = new Set(seen.map((line) => line.split('=', 1)[0]));
  for (const name of ['session', 'interaction', 'resume', 'device', 'visitor', 'link', 'demo'])
    assert.ok(names.has(`cardea_${name}`), name);
  for (const line of seen) assert.match(line, /; path=\/auth(\/[^;]*)?(;|$)/i);
});

test('mailed links lead below the path, and their pages work there', async () => {
  const browser = browserSession(issuer);
  const { action, fields } = formOf(await browser.get('/auth/account/forgot'));
  const sent = await browser.post(action, { ...fields, identifier: person.email });
  assert.equal(sent.status, 200);
  const mail = await until('the mail arrives', () => box.mails.find(({ link }) => link.includes('reset_password')));
  assert.ok(mail.link.startsWith(`${issuer}/account/link/reset_password?token=`), mail.link);
  for (const { html } of box.mails)
    for (const [, url = ''] of html.matchAll(/href="([^"]*)"/g)) assert.ok(url.startsWith(`${issuer}/`), url);
  const page = await browser.follow(await browser.get(mail.link));
  assert.equal(new URL(page.url).pathname, '/auth/account/link/reset_password');
  const form = formOf(page);
  const password = remember('password', 'Another-Horse-Battery-9');
  const done = await browser.follow(await browser.post(form.action, { ...form.fields, new_password: password }));
  assert.equal(new URL(done.url).pathname, '/auth/account/link/reset_password/done');
});

test('a form that is sent twice leads to the same place, and after the app has used the code to another one', async () => {
  const one = await app.seed.party({ firstParty: true });
  const ada = await app.seed.person();
  const browser = browserSession(issuer);
  const verifier = 'v'.repeat(43);
  const login = await browser.follow(await browser.get(authorizeUrl({ issuer, party: one }, verifier)));
  const { action, fields } = formOf(login);
  const send = () =>
    browser.post(action, { ...fields, identifier: ada.email, password: ada.password, action: 'signin' });
  const codeOf = (page: Page) => remember('code', new URL(page.location ?? '').searchParams.get('code') ?? '');
  const code = codeOf(await send());
  assert.equal(codeOf(await send()), code);
  assert.equal((await redeem(issuer, one, { code, verifier })).status, 200);
  const again = await browser.follow(await send());
  for (const value of browser.cookies()) remember('cookie', value);
  assert.equal((await redeem(issuer, one, { code: codeOf(again), verifier })).status, 200);
});

test('a change at the account that is sent twice is made once', async () => {
  const ada = await app.seed.person();
  const { browser, page } = await openAccount(app, ada, '/auth/account/password');
  const form = findForm(page, 'change') ?? assert.fail();
  const password = remember('password', 'Kestrel-Fjord-78');
  const send = () => browser.post(form.action, { ...form.fields, action: 'change', new_password: password });
  const [first, second] = [await send(), await send()];
  assert.match(first.location ?? '', /\?done=/);
  assert.equal(second.location, first.location);
});

test('mails of development are listed below the path, with links that work', async () => {
  const browser = browserSession(other.issuer);
  const { action, fields } = formOf(await browser.get('/other/account/forgot'));
  await browser.post(action, { ...fields, identifier: elsewhere.email });
  const list = await until('the mail is there', async () => {
    const page = await browser.get('/other/outbox');
    return has(page, 'a[href^="/other/outbox/"]') && page;
  });
  const mail = await browser.get(attributeOf(list, 'a[href^="/other/outbox/"]', 'href') ?? '');
  const link = attributeOf(mail, '#text a', 'href') ?? '';
  assert.ok(link.startsWith(`${other.issuer}/account/link/reset_password?token=`), link);
  const page = await browser.follow(await browser.get(link));
  assert.equal(page.status, 200);
});

test('every link, form and file of the pages that a person reaches is below the path', async () => {
  const ada = await app.seed.person();
  const { browser } = await openAccount(app, ada, '/auth/account');
  const waiting = ['/auth', '/auth/account', '/auth/device', '/auth/account/forgot', '/auth/account/sign-up'];
  const found = new Set(waiting);
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    // As a browser that follows a link: any type, a page at best.
    const page = await browser.follow(await browser.get(path, { accept: 'text/html, */*;q=0.8' }));
    assert.ok(page.status === 200, `${path}: ${page.status}`);
    assert.ok(new URL(page.url).pathname.startsWith('/auth'), `${path} leads to ${page.url}`);
    for (const next of pathsOn(page)) {
      assert.match(next, /^\/auth(\/|$)/, path);
      // Signing out, and the demo, would end the session in the middle.
      if (found.has(next) || /logout|demo/.test(next)) continue;
      found.add(next);
      waiting.push(next);
    }
  }
  assert.ok(found.size > 20, [...found].join(' '));
});

function pathsOn(page: Page): string[] {
  if (!page.headers.get('content-type')?.startsWith('text/html')) return [];
  return documentOf(page)
    .querySelectorAll('[href], [src], [action]')
    .flatMap((element) => ['href', 'src', 'action'].map((name) => element.getAttribute(name) ?? ''))
    .filter((url) => url !== '' && !url.startsWith('#') && new URL(url, origin).origin === origin)
    .map((url) => new URL(url, origin).pathname);
}
