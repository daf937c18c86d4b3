import { demoView } from '../../server/demo/demo.ts';
import { homeView } from '../../server/demo/home.ts';
import { outboxMailView, outboxView } from '../../server/demo/outbox.ts';
import { consentStep } from '../../server/login/consent.ts';
import { enrolStep, recoveryCodesView } from '../../server/login/enrol.ts';
import { newPasswordStep } from '../../server/login/new_password.ts';
import { passwordStep } from '../../server/login/password.ts';
import { secondFactorStep } from '../../server/login/second_factor.ts';
import { selectAccountStep } from '../../server/login/select_account.ts';
import { confirmLinkView, setPasswordView } from '../../server/selfservice/link_page.ts';
import { linkCookiesView, linkDoneView, linkGoneView, linkSignInView } from '../../server/selfservice/links.ts';
import { askMailView, mailSentView } from '../../server/selfservice/mail_request_page.ts';
import { errorView } from '../../server/views/error_page.ts';
import {
  deviceCodeView,
  deviceConfirmView,
  deviceDoneView,
  loggedOutView,
  logoutView,
  onwardView,
} from '../../server/views/provider_pages.ts';
import { createViews, type Locale, type View } from '../../server/views/views.ts';

const views = createViews();

/** A page with its data. */
export interface PageCase {
  name: string;
  /** The name of its template. */
  template: string;
  render(locale: Locale): string;
  /** Ids (of forms, inputs, buttons, links) that other tests and password managers rely on. */
  ids: readonly string[];
  /** The id of the element that has the focus when the page opens. */
  focus?: string;
}

export function pageCase<Data>(
  name: string,
  view: View<Data>,
  data: NoInfer<Data>,
  { ids = [], focus }: { ids?: readonly string[]; focus?: string } = {},
): PageCase {
  const render = (locale: Locale) => views.render(view, data, locale);
  return { name, template: view.template, render, ids, ...(focus === undefined ? {} : { focus }) };
}

export const EVIL = `"><script>alert(1)</script><img src=x onerror=alert(2)>'{t}<%= 1 %>`;
export const LONG = 'Wolkenkratzer'.repeat(24).slice(0, 300);
const form = { action: '/post', csrf: 'csrf-token' };
const client = { name: 'Harbour Notes', uri: 'https://notes.example.com/start' };
const account = { name: 'Ada Lovelace', email: 'ada@example.com' };
const hostile = {
  name: EVIL,
  uri: 'javascript:alert(3)',
  logoUri: 'javascript:alert(4)',
  policyUri: 'javascript:alert(5)',
  tosUri: 'data:text/html,<script>alert(6)</script>',
};
const terms = { policyUri: 'https://notes.example.com/privacy', tosUri: 'https://notes.example.com/terms' };
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
const otherLinks = { forgotUrl: '/account/forgot', signUpUrl: '/account/sign-up' };
const loginIds = ['identifier', 'password', 'submit', 'cancel'];

/** Every rule that a new password may have. */
export const ALL_RULES = [
  { name: 'too_short', limit: 12 },
  { name: 'no_upper', pattern: '\\p{Lu}' },
  { name: 'no_lower', pattern: '\\p{Ll}' },
  { name: 'no_digit', pattern: '\\p{Nd}' },
  { name: 'no_symbol', pattern: '[^\\p{L}\\p{N}]' },
  { name: 'blocklisted' },
  { name: 'personal' },
  { name: 'reused', limit: 5 },
  { name: 'control_characters', pattern: '^[^\\p{Cc}\\p{Cs}]*$' },
  { name: 'too_long', limit: 256 },
] as const;

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

/** Every page outside `/account`, in each of its states, with hostile and overlong values. */
export const PAGE_CASES: readonly PageCase[] = [
  pageCase(
    'second-factor',
    secondFactorStep.view,
    { ...form, client, account, hasCode: true, passkey, trustUntil },
    { ids: ['code', 'submit', 'passkey', 'recovery-code', 'use-recovery-code', 'cancel'], focus: 'code' },
  ),
  pageCase(
    'second-factor-wrong',
    secondFactorStep.view,
    { ...form, client, account, hasCode: true, passkey, trustUntil, error: 'invalid_code' },
    { focus: 'error' },
  ),
  pageCase('second-factor-passkey', secondFactorStep.view, {
    ...form,
    client,
    account,
    hasCode: false,
    passkey,
    trustUntil,
  }),
  pageCase('second-factor-recovery', secondFactorStep.view, {
    ...form,
    client,
    account,
    hasCode: false,
    passkey,
    error: 'invalid_recovery_code',
  }),
  pageCase('second-factor-hostile', secondFactorStep.view, {
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
    enrolStep.view,
    { ...form, client, authenticator, isOptional: false },
    { ids: ['totp-secret', 'code', 'submit', 'cancel'] },
  ),
  pageCase(
    'enrol-wrong',
    enrolStep.view,
    { ...form, client, authenticator, isOptional: true, error: 'invalid_code' },
    { ids: ['later'], focus: 'code' },
  ),
  pageCase('enrol-hostile', enrolStep.view, {
    action: EVIL,
    csrf: EVIL,
    client: { name: LONG },
    authenticator: { secret: EVIL, uri: `otpauth://totp/${EVIL}`, enrolment: EVIL },
    isOptional: true,
  }),
  pageCase(
    'recovery-codes',
    recoveryCodesView,
    { client, next: '/login/uid', codes: Array.from({ length: 10 }, () => '0k3m-9abc-wxyz') },
    { ids: ['recovery-codes', 'copy', 'print', 'next'] },
  ),
  pageCase(
    'new-password',
    newPasswordStep.view,
    { ...form, client, account, newPassword },
    { ids: ['new-password', 'rule-too-short', 'rule-reused', 'submit', 'cancel'] },
  ),
  pageCase(
    'new-password-refused',
    newPasswordStep.view,
    { ...form, client, account, newPassword: { ...newPassword, failed: ['too_short', 'reused', 'too_long'] } },
    { focus: 'new-password' },
  ),
  pageCase('new-password-hostile', newPasswordStep.view, {
    action: EVIL,
    csrf: EVIL,
    client: hostile,
    account: { email: EVIL },
    newPassword: { rules: [{ name: 'no_upper', pattern: EVIL }], isFirst: true },
  }),
  pageCase(
    'login',
    passwordStep.view,
    { ...form, client: { ...client, ...terms, logoUri } },
    { ids: loginIds, focus: 'identifier' },
  ),
  pageCase(
    'login-passkey',
    passwordStep.view,
    { ...form, client, ...otherLinks, passkey, error: 'passkey_refused' },
    { ids: [...loginIds, 'passkey', 'forgot', 'sign-up'], focus: 'error' },
  ),
  pageCase(
    'login-error',
    passwordStep.view,
    { ...form, client, ...otherLinks, passkey, identifier: 'ada@example.com', error: 'invalid_credentials' },
    { ids: loginIds, focus: 'error' },
  ),
  pageCase(
    'login-identifier-missing',
    passwordStep.view,
    { ...form, client, error: 'identifier_required' },
    { ids: loginIds, focus: 'error' },
  ),
  pageCase(
    'login-again',
    passwordStep.view,
    { ...form, client, identifier: 'ada@example.com', reauthenticate: true },
    { ids: loginIds, focus: 'password' },
  ),
  pageCase('login-hostile', passwordStep.view, { action: EVIL, csrf: EVIL, client: hostile, identifier: EVIL }),
  pageCase('login-long', passwordStep.view, { ...form, client: { name: LONG }, error: 'identifier_required' }),
  pageCase(
    'consent',
    consentStep.view,
    { ...form, client, account, scopes: ['openid', 'profile', 'email'], resources: [], remembered: ['openid'] },
    { ids: ['allow', 'deny', 'switch'] },
  ),
  pageCase('consent-full', consentStep.view, {
    ...form,
    client: { ...client, ...terms, logoUri },
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
    details: [
      {
        sentence: [{ words: 'Pay ' }, { value: '12.50 EUR' }, { words: ' to ' }, { value: 'Rose Garden' }],
        more: [{ name: 'note', value: 'for tulips' }],
      },
      { sentence: [{ words: 'Open a box' }], more: [] },
    ],
  }),
  pageCase('consent-hostile', consentStep.view, {
    ...form,
    client: hostile,
    account: { name: EVIL, email: EVIL },
    scopes: [EVIL, '__proto__', 'constructor'],
    resources: [{ name: EVIL, identifier: EVIL, scopes: [EVIL, LONG] }],
    details: [{ sentence: [{ words: EVIL }, { value: EVIL }], more: [{ name: EVIL, value: EVIL + LONG }] }],
  }),
  pageCase('consent-long', consentStep.view, {
    ...form,
    client: { name: LONG, uri: `https://${'a'.repeat(60)}.example.com` },
    account: { name: LONG, email: `${LONG}@example.com` },
    scopes: ['openid', LONG],
    resources: [{ name: LONG, identifier: `https://api.example.com/${LONG}`, scopes: ['notes:read'] }],
  }),
  pageCase(
    'select-account',
    selectAccountStep.view,
    { ...form, client, account },
    { ids: ['continue', 'another'], focus: 'continue' },
  ),
  pageCase('select-account-long', selectAccountStep.view, {
    ...form,
    client: { name: LONG },
    account: { name: LONG, email: LONG },
  }),
  pageCase(
    'device-code',
    deviceCodeView,
    { action: '/post', xsrf: 'xsrf-token', typed: 'WDJB-MJHT' },
    { ids: ['user-code', 'submit', 'warning'], focus: 'user-code' },
  ),
  pageCase(
    'device-code-refused',
    deviceCodeView,
    { action: EVIL, xsrf: EVIL, typed: EVIL + LONG, error: 'code_refused' },
    { focus: 'error' },
  ),
  pageCase(
    'device-confirm',
    deviceConfirmView,
    {
      action: '/post',
      xsrf: 'xsrf-token',
      client,
      userCode: 'WDJB-MJHT',
      account,
      device: { address: '203.0.113.7', place: 'elsewhere', userAgent: 'ExampleTV/9.1 (Linux)' },
    },
    { ids: ['user-code', 'device-address', 'device-place', 'device-agent', 'warning', 'allow', 'deny'] },
  ),
  pageCase('device-confirm-hostile', deviceConfirmView, {
    action: EVIL,
    xsrf: EVIL,
    client: hostile,
    userCode: EVIL,
    device: { address: '2001:db8:85a3:1234:5678:8a2e:370:7334', place: 'here', userAgent: EVIL + LONG },
  }),
  pageCase('device-confirm-bare', deviceConfirmView, {
    action: '/post',
    xsrf: 'xsrf-token',
    client: { name: LONG },
    userCode: 'WDJB-MJHT',
    account: { name: LONG, email: LONG },
    device: { address: '10.0.0.7', place: 'private', userAgent: '' },
  }),
  pageCase('device-approved', deviceDoneView, { outcome: 'approved', client }),
  pageCase('device-denied', deviceDoneView, { outcome: 'denied', client: hostile }),
  pageCase(
    'logout',
    logoutView,
    { action: '/post', xsrf: 'xsrf-token', client, account },
    { ids: ['op.logoutForm', 'logout-yes', 'logout-no'] },
  ),
  pageCase('logout-bare', logoutView, { action: '/post', xsrf: EVIL }),
  pageCase('logged-out', loggedOutView, { client }, { ids: ['back'] }),
  pageCase('logged-out-hostile', loggedOutView, { client: hostile }),
  pageCase(
    'error',
    errorView,
    {
      status: 400,
      error: 'invalid_redirect_uri',
      description: "redirect_uri did not match any of the client's registered redirect_uris",
      requestId: '0197f3c2-9d1e-7b44-a1c0-5d2f0c1e8a77',
    },
    { ids: ['request-id'] },
  ),
  ...(['done', 'used', 'no_cookie', 'gone'] as const).map((state) =>
    pageCase(
      `error-lost-${state}`,
      errorView,
      {
        status: 400,
        error: 'interaction_expired',
        lost: {
          state,
          app: { name: EVIL + LONG, url: 'https://notes.example.com', startUrl: 'https://notes.example.com/in' },
        },
      },
      { ids: ['back', 'begin', 'account'] },
    ),
  ),
  pageCase(
    'onward',
    onwardView,
    { purpose: 'app', action: '/post', fields: [['state', EVIL]], client: { name: EVIL + LONG } },
    { ids: ['onward'] },
  ),
  pageCase(
    'onward-switch',
    onwardView,
    { purpose: 'switch', action: '/post', fields: [['xsrf', 'x']] },
    { ids: ['onward'] },
  ),
  pageCase('error-hostile', errorView, { status: 500, error: EVIL, description: EVIL + LONG, requestId: LONG }),
  pageCase(
    'home',
    homeView,
    {
      issuer: 'http://localhost:3000',
      version: '0.1.0',
      docsUrl: '/docs',
      demo: { email: 'demo@example.com', password: 'Open-the-d00r-please' },
    },
    { ids: ['try', 'demo-email', 'demo-password'] },
  ),
  pageCase('home-production', homeView, { issuer: 'https://id.example.com', version: '0.1.0', docsUrl: '/docs' }),
  pageCase(
    'demo',
    demoView,
    {
      ...demo,
      idToken: { raw: jwt, header, claims },
      accessToken: { raw: 'aT4dRk1hJm3bq0Zc9mXn7sQw2LrVt8yE', scope: manyScopes.join(' '), expiresAt: now + 3600 },
      userinfo: { sub: claims.sub, name: 'Demo Person', email: claims.email, address: { country: 'Italia' } },
    },
    { ids: ['refresh', 'restart', 'logout', 'id-token', 'access-token', 'userinfo'] },
  ),
  pageCase('demo-refreshed', demoView, {
    ...demo,
    refreshed: true,
    canRefresh: false,
    accessToken: { raw: jwt, header, claims, expiresAt: 1e300 },
    userinfo: { evil: EVIL, long: LONG },
  }),
  pageCase(
    'forgot',
    askMailView,
    { ...form, purpose: 'forgot' },
    { ids: ['identifier', 'submit'], focus: 'identifier' },
  ),
  pageCase(
    'sign-up',
    askMailView,
    { ...form, purpose: 'sign-up', problem: 'typed', typed: EVIL },
    { ids: ['email', 'submit'], focus: 'error' },
  ),
  pageCase(
    'sign-up-cookies',
    askMailView,
    { ...form, purpose: 'sign-up', problem: 'cookies' },
    { ids: ['email', 'submit'], focus: 'error' },
  ),
  pageCase('mail-sent', mailSentView, { purpose: 'forgot', lifetimeSeconds: 1_800 }),
  pageCase('mail-sent-sign-up', mailSentView, { purpose: 'sign-up', lifetimeSeconds: 86_400 }),
  pageCase(
    'set-password',
    setPasswordView,
    {
      ...form,
      purpose: 'reset_password',
      email: account.email,
      newPassword: { rules: ALL_RULES },
    },
    { ids: ['new-password', 'submit'] },
  ),
  ...([[], ['too_short', 'personal']] as const).map((failed) =>
    pageCase(failed.length > 0 ? 'set-password-refused' : 'set-password-name', setPasswordView, {
      ...form,
      purpose: 'sign_up',
      email: account.email,
      name: account.name,
      newPassword: { rules: ALL_RULES, failed, isFirst: true },
    }),
  ),
  pageCase('set-password-invitation', setPasswordView, {
    ...form,
    purpose: 'invitation',
    email: `${LONG}@example.com`,
    newPassword: { rules: [{ name: 'too_short', limit: 12 }], isFirst: true },
  }),
  pageCase(
    'set-password-sign-up',
    setPasswordView,
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
    pageCase(
      `confirm-${purpose}`,
      confirmLinkView,
      { ...form, purpose, email: EVIL, account: LONG },
      { ids: ['submit'] },
    ),
  ),
  ...(['reset_password', 'invitation', 'sign_up', 'verify_email', 'change_email', 'unlock'] as const).map((purpose) =>
    pageCase(`link-done-${purpose}`, linkDoneView, { purpose }, { ids: ['account'] }),
  ),
  pageCase('link-gone', linkGoneView, { purpose: 'reset_password' }, { ids: ['forgot'] }),
  pageCase('link-cookies', linkCookiesView, { purpose: 'unlock' }),
  pageCase(
    'link-sign-in',
    linkSignInView,
    { purpose: 'change_email', email: EVIL, account: 'a•••@e•••.com', signInUrl: '/authorize?client_id=x' },
    { ids: ['sign-in'] },
  ),
  pageCase(
    'link-sign-in-other',
    linkSignInView,
    { purpose: 'verify_email', email: EVIL, account: LONG, signedInAs: LONG, signInUrl: '/authorize?client_id=x' },
    { ids: ['sign-in', 'signed-in-as'] },
  ),
  pageCase('link-gone-taken', linkGoneView, { purpose: 'sign_up', isTaken: true }),
  pageCase('outbox', outboxView, {
    mails: [
      { url: '/outbox/a.eml', to: 'ada@example.com', subject: EVIL + LONG, date: 'Tue, 01 Sep 2026 10:00:00 +0000' },
    ],
  }),
  pageCase('outbox-empty', outboxView, { mails: [] }),
  pageCase('outbox-mail', outboxMailView, {
    from: EVIL,
    to: EVIL,
    subject: EVIL,
    date: EVIL,
    parts: [
      { text: `${EVIL}\n`, isLink: false },
      { text: `http://localhost:3000/account/link/unlock?token=${LONG}`, isLink: true },
    ],
  }),
  pageCase('demo-failed', demoView, {
    ...demo,
    steps: [...steps.slice(0, 2), { step: 'error', detail: EVIL }],
    canRefresh: false,
    error: { error: 'access_denied', description: 'The person said no' },
  }),
];
