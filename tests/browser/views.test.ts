import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import en from '../../server/views/messages/en.json' with { type: 'json' };
import { negotiate } from '../../server/views/messages.ts';
import { compileTemplates } from '../../server/views/templates.ts';
import { createViews, type PageName, type Pages } from '../../server/views/views.ts';
import { artifacts, ROOT } from '../helpers/artifacts.ts';
import { launchChromium } from '../helpers/chromium.ts';

const CSP =
  "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; base-uri 'none'; frame-ancestors 'none'";

const views = createViews();

interface Case {
  name: string;
  html: string;
  /** Ids (of forms, inputs, buttons, links) that other tests and password managers rely on. */
  ids: readonly string[];
  /** The id that has the focus when the page opens. */
  focus?: string;
}

function pageCase<P extends PageName>(
  name: string,
  page: P,
  data: Pages[P],
  { ids = [], focus }: { ids?: readonly string[]; focus?: string } = {},
): Case {
  return { name, html: views.render(page, data, 'en'), ids, ...(focus === undefined ? {} : { focus }) };
}

const EVIL = `"><script>alert(1)</script><img src=x onerror=alert(2)>'{t}<%= 1 %>`;
const LONG = 'Wolkenkratzer'.repeat(24).slice(0, 300);
const form = { action: '/post', csrf: 'csrf-token' };
const client = { name: 'Harbour Notes', uri: 'https://notes.example.com/start' };
const account = { name: 'Ada Lovelace', email: 'ada@example.com' };
const hostile = { name: EVIL, uri: 'javascript:alert(3)', logoUri: 'javascript:alert(4)' };
const logoUri = `data:image/svg+xml,${encodeURIComponent('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="8" height="8" fill="#36c"/></svg>')}`;
const now = 1_790_000_000;
const claims = {
  iss: 'http://localhost:3000',
  sub: '0197f3c2-9d1e-7b44-a1c0-5d2f0c1e8a77',
  aud: 'demo',
  exp: now + 3600,
  iat: now,
  auth_time: now - 4,
  nonce: 'm3ZC1vYk2yq0sU8kWJr9xw',
  amr: ['pwd'],
  email: 'demo@example.com',
  email_verified: true,
};
const header = { alg: 'RS256', kid: 'Qx3k1ZkT0m0dJvC5wB2mV7m1hR0Z8lq2bq4cH5x0c1E' };
const jwt = `${'eyJhbGciOiJSUzI1NiIsImtpZCI6'.repeat(3)}.${'eyJpc3MiOiJodHRwOi8vbG9jYWxob3N0'.repeat(9)}.${'kT0m0dJvC5wB2mV7m1hR0Z8lq2bq4c'.repeat(9)}`;
const steps = [
  { step: 'discovery', detail: 'GET http://localhost:3000/.well-known/openid-configuration' },
  {
    step: 'authorize',
    detail: `GET /authorize?client_id=demo&response_type=code&code_challenge_method=S256&code_challenge=${header.kid}`,
  },
  { step: 'callback', detail: 'GET /demo/callback?code=…&state=…&iss=http://localhost:3000' },
  { step: 'token', detail: 'POST /token\ngrant_type=authorization_code' },
  { step: 'verify', detail: 'RS256, iss, aud, exp, nonce' },
  { step: 'userinfo', detail: 'GET /userinfo' },
] as const;
const demo = {
  ...form,
  issuer: 'http://localhost:3000',
  clientName: 'Demo app',
  steps,
  restartUrl: '/demo',
  logoutUrl: '/demo/logout',
  canRefresh: true,
};
const manyScopes = ['openid', 'profile', 'email', 'phone', 'address', 'offline_access'];
const loginIds = ['identifier', 'password', 'submit', 'cancel'];

const newPassword = {
  rules: [
    { name: 'too_short', limit: 12 },
    { name: 'no_upper', pattern: '\\p{Lu}' },
    { name: 'no_digit', pattern: '\\p{Nd}' },
    { name: 'blocklisted' },
    { name: 'reused', limit: 5 },
    { name: 'too_long', limit: 256 },
  ],
} as const;

const passkey = JSON.stringify({ challenge: 'AAAA', rpId: '127.0.0.1', userVerification: 'required' });
const authenticator = {
  secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
  uri: 'otpauth://totp/id.example.com:ada%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=id.example.com',
  enrolment: 'sealed',
};
const trustUntil = now + 30 * 86_400;

const CASES: readonly Case[] = [
  pageCase(
    'second-factor',
    'second-factor',
    { ...form, client, account, hasCode: true, passkey, trustUntil },
    { ids: ['code', 'submit', 'passkey', 'recovery-code', 'use-recovery-code', 'cancel'], focus: 'code' },
  ),
  pageCase(
    'second-factor-wrong',
    'second-factor',
    { ...form, client, account, hasCode: true, error: 'invalid_code' },
    { focus: 'error' },
  ),
  pageCase('second-factor-recovery', 'second-factor', {
    ...form,
    client,
    account,
    hasCode: false,
    passkey,
    error: 'invalid_recovery_code',
  }),
  pageCase('second-factor-hostile', 'second-factor', {
    action: EVIL,
    csrf: EVIL,
    client: hostile,
    account: { name: LONG, email: EVIL },
    hasCode: true,
    passkey: EVIL,
    trustUntil,
  }),
  pageCase(
    'enrol',
    'enrol',
    { ...form, client, authenticator, isOptional: false },
    { ids: ['totp-secret', 'code', 'submit', 'cancel'] },
  ),
  pageCase(
    'enrol-wrong',
    'enrol',
    { ...form, client, authenticator, isOptional: true, error: 'invalid_code' },
    { ids: ['later'], focus: 'code' },
  ),
  pageCase('enrol-hostile', 'enrol', {
    action: EVIL,
    csrf: EVIL,
    client: { name: LONG },
    authenticator: { secret: EVIL, uri: `otpauth://totp/${EVIL}`, enrolment: EVIL },
    isOptional: true,
  }),
  pageCase(
    'recovery-codes',
    'recovery-codes',
    { client, next: '/login/uid', codes: Array.from({ length: 10 }, () => '0k3m-9abc-wxyz') },
    { ids: ['recovery-codes', 'copy', 'print', 'next'] },
  ),
  pageCase(
    'new-password',
    'new-password',
    { ...form, client, account, newPassword },
    { ids: ['new-password', 'rule-too-short', 'rule-reused', 'submit', 'cancel'] },
  ),
  pageCase(
    'new-password-refused',
    'new-password',
    { ...form, client, account, newPassword: { ...newPassword, failed: ['too_short', 'reused', 'too_long'] } },
    { focus: 'new-password' },
  ),
  pageCase('new-password-hostile', 'new-password', {
    action: EVIL,
    csrf: EVIL,
    client: hostile,
    account: { email: EVIL },
    newPassword: { rules: [{ name: 'no_upper', pattern: EVIL }], isFirst: true },
  }),
  pageCase('login', 'login', { ...form, client: { ...client, logoUri } }, { ids: loginIds, focus: 'identifier' }),
  pageCase(
    'login-passkey',
    'login',
    { ...form, client, passkey, error: 'passkey_refused' },
    { ids: [...loginIds, 'passkey'], focus: 'error' },
  ),
  pageCase(
    'login-error',
    'login',
    { ...form, client, identifier: 'ada@example.com', error: 'invalid_credentials' },
    { ids: loginIds, focus: 'error' },
  ),
  pageCase('login-expired', 'login', { ...form, client, error: 'form_expired' }, { ids: loginIds, focus: 'error' }),
  pageCase(
    'login-again',
    'login',
    { ...form, client, identifier: 'ada@example.com', reauthenticate: true },
    { ids: loginIds, focus: 'password' },
  ),
  pageCase('login-hostile', 'login', { action: EVIL, csrf: EVIL, client: hostile, identifier: EVIL }),
  pageCase('login-long', 'login', { ...form, client: { name: LONG }, error: 'identifier_required' }),
  pageCase(
    'consent',
    'consent',
    { ...form, client, account, scopes: ['openid', 'profile', 'email'], resources: [], remembered: ['openid'] },
    { ids: ['allow', 'deny', 'switch'] },
  ),
  pageCase('consent-full', 'consent', {
    ...form,
    client: { ...client, logoUri },
    account: { email: 'ada@example.com' },
    scopes: [...manyScopes, 'groups'],
    resources: [
      {
        name: 'Harbour API',
        identifier: 'https://api.example.com/',
        scopes: ['notes:read', 'notes:write'],
        remembered: ['notes:read'],
      },
    ],
  }),
  pageCase('consent-hostile', 'consent', {
    ...form,
    client: hostile,
    account: { name: EVIL, email: EVIL },
    scopes: [EVIL, '__proto__', 'constructor'],
    resources: [{ name: EVIL, identifier: EVIL, scopes: [EVIL, LONG] }],
  }),
  pageCase('consent-long', 'consent', {
    ...form,
    client: { name: LONG, uri: `https://${'a'.repeat(60)}.example.com` },
    account: { name: LONG, email: `${LONG}@example.com` },
    scopes: ['openid', LONG],
    resources: [{ name: LONG, identifier: `https://api.example.com/${LONG}`, scopes: ['notes:read'] }],
  }),
  pageCase(
    'select-account',
    'select-account',
    { ...form, client, account },
    { ids: ['continue', 'another'], focus: 'continue' },
  ),
  pageCase('select-account-long', 'select-account', {
    ...form,
    client: { name: LONG },
    account: { name: LONG, email: LONG },
  }),
  pageCase(
    'logout',
    'logout',
    { action: '/post', xsrf: 'xsrf-token', client, account },
    { ids: ['op.logoutForm', 'logout-yes', 'logout-no'] },
  ),
  pageCase('logout-bare', 'logout', { action: '/post', xsrf: EVIL }),
  pageCase('logged-out', 'logged-out', { client }, { ids: ['back'] }),
  pageCase('logged-out-hostile', 'logged-out', { client: hostile }),
  pageCase(
    'error',
    'error',
    {
      status: 400,
      error: 'invalid_redirect_uri',
      description: "redirect_uri did not match any of the client's registered redirect_uris",
      requestId: '0197f3c2-9d1e-7b44-a1c0-5d2f0c1e8a77',
    },
    { ids: ['request-id'] },
  ),
  pageCase('error-hostile', 'error', { status: 500, error: EVIL, description: EVIL + LONG, requestId: LONG }),
  pageCase(
    'home',
    'home',
    {
      issuer: 'http://localhost:3000',
      version: '0.1.0',
      docsUrl: '/docs',
      demo: { email: 'demo@example.com', password: 'Open-the-d00r-please' },
    },
    { ids: ['try', 'demo-email', 'demo-password'] },
  ),
  pageCase('home-production', 'home', { issuer: 'https://id.example.com', version: '0.1.0', docsUrl: '/docs' }),
  pageCase(
    'demo',
    'demo',
    {
      ...demo,
      idToken: { raw: jwt, header, claims },
      accessToken: { raw: 'aT4dRk1hJm3bq0Zc9mXn7sQw2LrVt8yE', scope: manyScopes.join(' '), expiresAt: now + 3600 },
      userinfo: { sub: claims.sub, name: 'Demo Person', email: claims.email, address: { country: 'Italia' } },
    },
    { ids: ['refresh', 'restart', 'logout', 'id-token', 'access-token', 'userinfo'] },
  ),
  pageCase('demo-refreshed', 'demo', {
    ...demo,
    refreshed: true,
    canRefresh: false,
    accessToken: { raw: jwt, header, claims, expiresAt: 1e300 },
    userinfo: { evil: EVIL, long: LONG },
  }),
  pageCase(
    'forgot',
    'ask-mail',
    { ...form, purpose: 'forgot', failed: false },
    { ids: ['identifier', 'submit'], focus: 'identifier' },
  ),
  pageCase(
    'sign-up',
    'ask-mail',
    { ...form, purpose: 'sign-up', failed: true, typed: EVIL },
    { ids: ['email', 'submit'], focus: 'error' },
  ),
  pageCase('mail-sent', 'mail-sent', { purpose: 'forgot', lifetimeSeconds: 1_800 }),
  pageCase('mail-sent-sign-up', 'mail-sent', { purpose: 'sign-up', lifetimeSeconds: 86_400 }),
  pageCase(
    'set-password',
    'set-password',
    {
      ...form,
      purpose: 'reset_password',
      email: account.email,
      newPassword: { rules: [{ name: 'too_short', limit: 12 }] },
    },
    { ids: ['new-password', 'submit'] },
  ),
  pageCase('set-password-invitation', 'set-password', {
    ...form,
    purpose: 'invitation',
    email: `${LONG}@example.com`,
    newPassword: { rules: [{ name: 'too_short', limit: 12 }], isFirst: true },
  }),
  pageCase(
    'set-password-sign-up',
    'set-password',
    {
      action: EVIL,
      csrf: EVIL,
      purpose: 'sign_up',
      email: EVIL,
      name: EVIL,
      nameFailed: true,
      newPassword: { rules: [{ name: 'too_short', limit: 12 }], failed: ['too_short'], isFirst: true },
    },
    { ids: ['name', 'new-password', 'submit'] },
  ),
  ...(['verify_email', 'change_email', 'unlock'] as const).map((purpose) =>
    pageCase(`confirm-${purpose}`, 'confirm-link', { ...form, purpose, email: EVIL }, { ids: ['submit'] }),
  ),
  ...(['reset_password', 'invitation', 'sign_up', 'verify_email', 'change_email', 'unlock'] as const).map((purpose) =>
    pageCase(`link-done-${purpose}`, 'link-done', { purpose }, { ids: ['account'] }),
  ),
  pageCase('link-gone', 'link-gone', { purpose: 'reset_password' }, { ids: ['forgot'] }),
  pageCase('link-gone-taken', 'link-gone', { purpose: 'sign_up', isTaken: true }),
  pageCase('outbox', 'outbox', {
    mails: [
      { url: '/outbox/a.eml', to: 'ada@example.com', subject: EVIL + LONG, date: 'Tue, 01 Sep 2026 10:00:00 +0000' },
    ],
  }),
  pageCase('outbox-empty', 'outbox', { mails: [] }),
  pageCase('outbox-mail', 'outbox-mail', {
    from: EVIL,
    to: EVIL,
    subject: EVIL,
    date: EVIL,
    parts: [
      { text: `${EVIL}\n`, isLink: false },
      { text: `http://localhost:3000/account/link/unlock?token=${LONG}`, isLink: true },
    ],
  }),
  pageCase(
    'login-side-ways',
    'login',
    { ...form, client, forgotUrl: '/account/forgot', signUpUrl: '/account/sign-up' },
    {
      ids: ['forgot', 'sign-up'],
    },
  ),
  pageCase('demo-failed', 'demo', {
    ...demo,
    steps: [...steps.slice(0, 2), { step: 'error', detail: EVIL }],
    canRefresh: false,
    error: { error: 'access_denied', description: 'The person said no' },
  }),
];

/** Runs in the page; a string, because the server's program knows no DOM types. */
const PROBE = `(() => {
  const rgba = (text) => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return { r, g, b, a }; };
  const over = (top, under) => ({
    r: top.r * top.a + under.r * (1 - top.a), g: top.g * top.a + under.g * (1 - top.a),
    b: top.b * top.a + under.b * (1 - top.a), a: 1 });
  const ground = (element) => {
    const layers = [];
    for (let e = element; e; e = e.parentElement) layers.unshift(rgba(getComputedStyle(e).backgroundColor));
    return layers.reduce((under, top) => over(top, under), { r: 255, g: 255, b: 255, a: 1 });
  };
  const light = ({ r, g, b }) => {
    const [x, y, z] = [r, g, b].map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const contrast = (element) => {
    const under = ground(element);
    const [a, b] = [light(over(rgba(getComputedStyle(element).color), under)), light(under)];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  };
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (walker.currentNode.data.trim() !== '' && element.checkVisibility()) texts.push(element);
  }
  const inputs = [...document.querySelectorAll('input:not([type=hidden]), select, textarea')];
  const ratios = [...texts, ...inputs].map((e) => ({ ratio: contrast(e), where: e.outerHTML.slice(0, 80) }));
  return {
    worst: ratios.sort((a, b) => a.ratio - b.ratio)[0],
    mains: document.querySelectorAll('main').length,
    headings: document.querySelectorAll('h1').length,
    unlabelled: inputs.filter((e) => e.labels.length === 0 || e.labels[0].textContent.trim() === '').map((e) => e.id),
    nameless: [...document.querySelectorAll('button, a')].filter((e) => (e.ariaLabel ?? e.textContent).trim() === '').length,
    small: [...document.querySelectorAll('button, .button, input:not([type=hidden]), summary')]
      .filter((e) => e.checkVisibility() && (e.getBoundingClientRect().height < 44 || e.getBoundingClientRect().width < 44))
      .map((e) => e.outerHTML.slice(0, 80)),
    // Clipped content counts too: a name must wrap, not vanish at the side.
    overflow: document.documentElement.scrollWidth - window.innerWidth,
    wide: [...document.querySelectorAll('body *')]
      .filter((e) => e.checkVisibility() && (e.getBoundingClientRect().right > window.innerWidth + 1 || e.getBoundingClientRect().left < -1))
      .map((e) => e.outerHTML.slice(0, 80)),
    duplicates: [...document.querySelectorAll('[id]')].map((e) => e.id).filter((id, i, all) => all.indexOf(id) !== i),
    dangling: [...document.querySelectorAll('[aria-describedby], [aria-labelledby], label[for]')]
      .map((e) => e.getAttribute('aria-describedby') ?? e.getAttribute('aria-labelledby') ?? e.getAttribute('for'))
      .flatMap((ids) => ids.split(' '))
      .filter((id) => !document.getElementById(id)),
    active: [...document.querySelectorAll('script:not([src^="/assets/"]), style, iframe, object, base, [style], [onerror], [onload], [onclick]')]
      .map((e) => e.outerHTML.slice(0, 80)),
    links: [...document.querySelectorAll('a[href], img[src]')].map((e) => e.href ?? e.src).filter((u) => /^javascript:/i.test(u)),
    title: document.title,
    lang: document.documentElement.lang,
    dir: document.documentElement.dir,
  };
})()`;

interface Findings {
  worst: { ratio: number; where: string };
  mains: number;
  headings: number;
  unlabelled: string[];
  nameless: number;
  small: string[];
  overflow: number;
  wide: string[];
  duplicates: string[];
  dangling: string[];
  active: string[];
  links: string[];
  title: string;
  lang: string;
  dir: string;
}

const LOOKS = [
  { name: 'light', colorScheme: 'light', width: 1280 },
  { name: 'dark', colorScheme: 'dark', width: 1280 },
  { name: '360', colorScheme: 'light', width: 360 },
  { name: '360-dark', colorScheme: 'dark', width: 360 },
  { name: '320', colorScheme: 'light', width: 320 },
] as const;

describe('views in Chromium', () => {
  let server: Server;
  let browser: Browser;
  let origin: string;
  let posted = '';

  before(async () => {
    server = createServer((request, response) => {
      const path = request.url ?? '/';
      response.setHeader('content-security-policy', CSP);
      const asset = views.assets.get(path);
      if (asset) return void response.setHeader('content-type', asset.type).end(asset.body);
      response.setHeader('content-type', 'text/html; charset=utf-8');
      if (request.method === 'POST') {
        posted = '';
        request.setEncoding('utf8').on('data', (chunk: string) => {
          posted += chunk;
        });
        request.on('end', () => response.end(views.render('logged-out', {}, 'en')));
        return;
      }
      const found = CASES.find(({ name }) => `/${name}` === path);
      response.statusCode = found ? 200 : 404;
      response.end(found?.html ?? 'not found');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    browser = await launchChromium();
  });

  after(async () => {
    await browser?.close();
    server.closeAllConnections();
    server.close();
  });

  /** A page, and what it complained of: console errors (CSP violations are among them), exceptions, dialogs. */
  async function open(options: { javaScriptEnabled?: boolean } = {}): Promise<{ page: Page; complaints: string[] }> {
    const page = await browser.newPage(options);
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('dialog', (dialog) => {
      complaints.push(`dialog ${dialog.message()}`);
      void dialog.dismiss();
    });
    return { page, complaints };
  }

  for (const { name, ids, focus } of CASES) {
    test(`${name} is accessible, inert and fits, in both schemes and every width`, async () => {
      const { page, complaints } = await open();
      for (const look of LOOKS) {
        await page.emulateMedia({ colorScheme: look.colorScheme });
        await page.setViewportSize({ width: look.width, height: look.width > 600 ? 860 : 720 });
        await page.goto(`${origin}/${name}`);
        const found = await page.evaluate<Findings>(PROBE);
        await page.screenshot({ path: join(artifacts('screenshots'), `${name}.${look.name}.png`), fullPage: true });
        const { worst, title, ...rest } = found;
        assert.deepEqual(
          rest,
          {
            mains: 1,
            headings: 1,
            unlabelled: [],
            nameless: 0,
            small: [],
            overflow: 0,
            wide: [],
            duplicates: [],
            dangling: [],
            active: [],
            links: [],
            lang: 'en',
            dir: 'ltr',
          },
          look.name,
        );
        assert.ok(worst.ratio >= 4.5, `${look.name}: contrast ${worst.ratio.toFixed(2)} at ${worst.where}`);
        assert.match(title, /^.+ · Cardea$/);
        // autofocus takes effect with the first frame, which may come after the load event.
        if (focus !== undefined) await page.locator(`#${focus}:focus`).waitFor({ timeout: 5_000 });
        // The mirror image: nothing may depend on left and right.
        await page.evaluate("document.documentElement.dir = 'rtl'");
        const mirrored = await page.evaluate<Findings>(PROBE);
        assert.deepEqual({ overflow: mirrored.overflow, wide: mirrored.wide }, { overflow: 0, wide: [] }, 'rtl');
      }
      for (const id of ids) assert.equal(await page.locator(`[id="${id}"]`).count(), 1, `#${id}`);
      assert.deepEqual(complaints, []);
      await page.close();
    });
  }

  test('the probe sees low contrast, overflow, a missing label and a violated CSP', async () => {
    const { page, complaints } = await open();
    await page.goto(`${origin}/login`);
    await page.evaluate(`(() => {
      document.querySelector('h1').classList.add('probe');
      document.styleSheets[0].insertRule('.probe { color: #888; background: #777; inline-size: 5000px }');
      document.querySelector('label').remove();
      const script = document.createElement('script'); script.textContent = 'alert(1)'; document.body.append(script);
    })()`);
    const found = await page.evaluate<Findings>(PROBE);
    assert.ok(found.worst.ratio < 1.5 && found.overflow > 0 && found.wide.length > 0);
    assert.deepEqual(found.unlabelled, ['identifier']);
    assert.equal(complaints.length, 1);
    await page.close();
  });

  test('sign-in, cancel, consent and logout post what they promise without JavaScript', async () => {
    const { page, complaints } = await open({ javaScriptEnabled: false });
    const submit = async (path: string, button: string): Promise<Record<string, string>> => {
      await page.goto(`${origin}/${path}`);
      if (button === 'submit') await page.fill('#password', 'correct horse');
      await Promise.all([page.waitForURL('**/post'), page.click(`[id="${button}"]`)]);
      return Object.fromEntries(new URLSearchParams(posted));
    };
    const csrf = 'csrf-token';
    const identifier = 'ada@example.com';
    assert.deepEqual(await submit('login-again', 'submit'), {
      csrf,
      identifier,
      password: 'correct horse',
      action: 'signin',
    });
    assert.deepEqual(await submit('login', 'cancel'), { csrf, identifier: '', password: '', action: 'cancel' });
    for (const action of ['allow', 'deny', 'switch'])
      assert.deepEqual(await submit('consent', action), { csrf, action });
    for (const action of ['continue', 'another']) {
      assert.deepEqual(await submit('select-account', action), { csrf, action });
    }
    assert.deepEqual(await submit('logout', 'logout-yes'), { xsrf: 'xsrf-token', logout: 'yes' });
    assert.deepEqual(await submit('logout', 'logout-no'), { xsrf: 'xsrf-token' });
    assert.deepEqual(await submit('demo', 'refresh'), { csrf, action: 'refresh' });
    assert.deepEqual(complaints, []);
    await page.close();
  });

  test('rules of a new password are marked while it is typed, and it can be shown', async () => {
    const { page, complaints } = await open();
    await page.goto(`${origin}/new-password-refused`);
    const states = () =>
      page.evaluate<Record<string, string>>(
        `Object.fromEntries([...document.querySelectorAll('[data-rule]')].map((e) => [e.dataset.rule, e.dataset.state + (e.hidden ? ' hidden' : '')]))`,
      );
    assert.equal((await states()).reused, 'failed');
    const known = { blocklisted: 'open', reused: 'open' };
    await page.fill('#new-password', '🔑Ébc');
    assert.deepEqual(await states(), {
      ...known,
      too_short: 'failed',
      no_upper: 'met',
      no_digit: 'failed',
      too_long: 'met hidden',
    });
    assert.equal(await page.locator('[role=status]').textContent(), '2 of 4 rules are met so far.');
    assert.match((await page.locator('#rule-reused').textContent()) ?? '', /checked when you send it/);
    await page.fill('#new-password', `${'🔑'.repeat(256)}4`);
    assert.deepEqual(await states(), {
      ...known,
      too_short: 'met',
      no_upper: 'failed',
      no_digit: 'met',
      too_long: 'failed',
    });
    await page.click('[data-reveal]');
    assert.equal(await page.getAttribute('#new-password', 'type'), 'text');
    await Promise.all([page.waitForURL('**/post'), page.click('#submit')]);
    assert.equal(new URLSearchParams(posted).get('new_password'), `${'🔑'.repeat(256)}4`);
    assert.deepEqual(complaints, []);
    await page.close();
  });

  test('the rules of a new password are marked by the server where no script runs', async () => {
    const { page } = await open({ javaScriptEnabled: false });
    await page.goto(`${origin}/new-password-refused`);
    assert.equal(await page.locator('#rule-too-short[data-state=failed]').count(), 1);
    assert.match((await page.locator('#rule-no-upper').textContent()) ?? '', /\bmet$/);
    assert.equal(await page.locator('[data-reveal]').isVisible(), false);
    await page.close();
  });

  test('Enter signs in rather than cancels, and empty fields are not sent', async () => {
    const { page } = await open({ javaScriptEnabled: false });
    await page.goto(`${origin}/login`);
    await page.press('#identifier', 'Enter');
    assert.equal(page.url(), `${origin}/login`);
    await page.fill('#identifier', 'ada');
    await page.fill('#password', 'pw');
    await Promise.all([page.waitForURL('**/post'), page.press('#password', 'Enter')]);
    assert.equal(new URLSearchParams(posted).get('action'), 'signin');
    await page.close();
  });
});

describe('templates and messages', () => {
  test('every message key in use exists and every key is used', () => {
    const folder = join(ROOT, 'server', 'views');
    const source = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(eta|ts)$/.test(file))
      .map((file) => readFileSync(join(folder, file), 'utf8'))
      .join('\n');
    // Keys are always written out whole; none is put together from parts.
    const used = new Set(Array.from(source.matchAll(/'([a-z][\w-]*(?:\.[\w-]+)+)'/g), ([, key]) => key));
    for (const key of Object.keys(en)) assert.ok(used.has(key), `unused message ${key}`);
    const called = Array.from(source.matchAll(/\b(?:t|rich)\('([^']+)'/g), ([, key]) => key ?? '');
    assert.ok(called.length > 60);
    for (const key of called) assert.ok(Object.hasOwn(en, key), `unknown message ${key}`);
  });

  test('a template that prints raw or into a bare attribute does not compile', () => {
    const folder = mkdtempSync(join(tmpdir(), 'cardea-views-'));
    try {
      for (const source of ['<p><%~ data %></p>', '<p class=<%= data %>></p>']) {
        writeFileSync(join(folder, 'page.eta'), source);
        assert.throws(() => compileTemplates(pathToFileURL(`${folder}/`)));
      }
      writeFileSync(join(folder, 'page.eta'), '<p class="<%= data %>"></p>');
      assert.doesNotThrow(() => compileTemplates(pathToFileURL(`${folder}/`)));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('the language is chosen by lookup (RFC 4647 §3.4)', () => {
    const available = ['en', 'de', 'ar', 'zh-Hant', 'pt-BR'];
    const cases: [string | undefined, string | undefined, string][] = [
      [undefined, undefined, 'en'],
      ['de', undefined, 'de'],
      ['de-CH-1996', undefined, 'de'],
      ['fr de', 'ar', 'de'],
      ['fr', 'ar;q=0.5, de;q=0.9', 'de'],
      [undefined, 'fr, DE-at;q=0.7, ar;q=0.6', 'de'],
      [undefined, 'de;q=0, ar;q=0.1', 'ar'],
      [undefined, 'de;q=0', 'en'],
      ['zh-Hant-x-private-tw', undefined, 'zh-Hant'],
      ['zh', 'pt', 'en'],
      ['*', '*;q=0.5', 'en'],
      ['-- __proto__', ';;q=x,,;q=', 'en'],
      ['de_AT', 'ar', 'de'],
      ['a'.repeat(100_000), `${'b-'.repeat(50_000)},de`, 'de'],
    ];
    for (const [ui, accept, expected] of cases) assert.equal(negotiate(ui, accept, available), expected);
  });

  test('assets are named by their content', () => {
    assert.deepEqual([...views.assets.values()].map(({ type }) => type).sort(), [
      'image/svg+xml',
      'text/css; charset=utf-8',
      ...readdirSync(join(ROOT, 'server', 'views', 'scripts')).map(() => 'text/javascript; charset=utf-8'),
    ]);
    for (const [path, { etag, body }] of views.assets) {
      assert.ok(path.includes(etag.replaceAll('"', '')) && /^\/assets\/cardea-[0-9a-f]{16}\.(css|js|svg)$/.test(path));
      assert.ok(body.length > 0);
    }
  });
});
