import { demoView } from '../../server/demo/demo.ts';
import { homeView } from '../../server/demo/home.ts';
import { outboxMailView, outboxView } from '../../server/demo/outbox.ts';
import { EVIL, form, LONG, now, type PageCase, pageCase } from './page_case.ts';

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

/** The home page, the demo app and the page of unsent mails, in each of their states, with hostile and overlong values. */
export const DEMO_PAGE_CASES: readonly PageCase[] = [
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
