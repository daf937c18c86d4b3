import appsPage from '../../server/selfservice/pages/apps.ts';
import authenticatorPage from '../../server/selfservice/pages/authenticator.ts';
import consentsPage from '../../server/selfservice/pages/consents.ts';
import dataPage from '../../server/selfservice/pages/data.ts';
import deletePage, { accountDeletedView } from '../../server/selfservice/pages/delete.ts';
import devicesPage from '../../server/selfservice/pages/devices.ts';
import emailPage from '../../server/selfservice/pages/email.ts';
import eventsPage from '../../server/selfservice/pages/events.ts';
import overviewPage from '../../server/selfservice/pages/overview.ts';
import passkeysPage from '../../server/selfservice/pages/passkeys.ts';
import passwordPage from '../../server/selfservice/pages/password.ts';
import profilePage from '../../server/selfservice/pages/profile.ts';
import requestsPage from '../../server/selfservice/pages/requests.ts';
import secondFactorPage from '../../server/selfservice/pages/second_factor.ts';
import sessionsPage from '../../server/selfservice/pages/sessions.ts';
import usernamePage from '../../server/selfservice/pages/username.ts';
import { recoveryCodesView } from '../../server/selfservice/recovery_codes.ts';
import { namesUnder } from '../../server/views/messages.ts';
import { ALL_RULES, EVIL, LONG, type PageCase, pageCase } from './page_case.ts';

const at = new Date('2026-09-21T14:13:20Z');
const frame = {
  account: { name: 'Ada Lovelace', email: 'ada@example.com' },
  csrf: 'csrf-token',
  zone: 'Europe/London',
} as const;
const here = { kind: 'here', network: '192.0.2.0/24' } as const;
const resource = { name: 'Harbour API', identifier: 'https://api.example.com/', scopes: ['notes:read'] };
const overview = {
  frame: { ...frame, section: 'overview' },
  emailVerified: true,
  hasPassword: true,
  hasTotp: true,
  passkeys: 2,
  recoveryCodes: 7,
  sessions: 3,
  apps: 1,
  requests: 1,
  events: [],
  hints: [],
} as const;
const profile = {
  values: {
    name: 'Ada Lovelace',
    given_name: 'Ada',
    middle_name: '',
    family_name: 'Lovelace',
    nickname: '',
    locale: 'en',
    zoneinfo: 'Europe/London',
  },
  others: [
    { name: 'birthdate', text: '1815-12-10' },
    { name: 'address', text: LONG },
    { name: 'website', text: EVIL },
  ] as const,
  languages: [{ tag: 'en', name: 'English' }],
  zones: ['Europe/London', 'Europe/Paris'],
};
const authenticator = {
  secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
  uri: 'otpauth://totp/id.example.com:ada%40example.com?secret=JBSWY3DPEHPK3PXP&issuer=id.example.com',
  enrolment: 'sealed',
};
const passkeys = { passkeys: [], challenge: 'sealed', options: '{}', typed: '' } as const;

const currentSession = {
  uid: 'a',
  isCurrent: true,
  browser: 'Firefox',
  system: 'Linux',
  place: here,
  signedInAt: at,
  lastSeenAt: at,
  endsAt: at,
};

/** Every page at `/account`, in each of its states. */
export const ACCOUNT_PAGE_CASES: readonly PageCase[] = [
  pageCase('account-overview', overviewPage.view, {
    ...overview,
    username: 'ada',
    passwordSetAt: at,
    events: [{ kind: 'signed_in', at, browser: 'Firefox', system: 'Linux', place: here }],
    hints: namesUnder('account.hint').map((name) => ({ name, href: '/account/second-factor' })),
  }),
  pageCase('account-overview-bare', overviewPage.view, {
    ...overview,
    emailVerified: false,
    hasPassword: false,
    hasTotp: false,
    passkeys: 0,
  }),
  pageCase('account-profile', profilePage.view, {
    ...profile,
    frame: { ...frame, section: 'profile', done: 'profile' },
  }),
  ...(['name', 'zoneinfo', 'locale'] as const).map((field) =>
    pageCase(`account-profile-${field}`, profilePage.view, {
      ...profile,
      frame: { ...frame, section: 'profile' },
      problem: { key: field === 'name' ? 'text' : field, field },
    }),
  ),
  pageCase('account-email', emailPage.view, {
    frame: { ...frame, section: 'email' },
    current: 'ada@example.com',
    verified: true,
    canChange: false,
    typed: '',
  }),
  pageCase('account-email-unverified', emailPage.view, {
    frame: { ...frame, section: 'email' },
    current: `${LONG}@example.com`,
    verified: false,
    canChange: true,
    typed: EVIL,
  }),
  pageCase(
    'account-delete',
    deletePage.view,
    { frame: { ...frame, section: 'delete' }, dueAt: at },
    { ids: ['delete'] },
  ),
  pageCase('account-delete-now', deletePage.view, { frame: { ...frame, section: 'delete' } }),
  pageCase('account-delete-refused', deletePage.view, {
    frame: { ...frame, section: 'delete' },
    problem: { key: 'last_administrator_leaves' },
  }),
  pageCase('account-deleted', accountDeletedView, { dueAt: at, zone: 'Europe/London' }),
  pageCase('account-erased', accountDeletedView, {}),
  pageCase('account-consents', consentsPage.view, {
    frame: { ...frame, section: 'consents', done: 'consent_withdrawn' },
    consents: [
      { kind: 'terms', version: '2', acceptedAt: at },
      { kind: 'privacy', version: '1', acceptedAt: at, withdrawnAt: at },
    ],
  }),
  pageCase('account-consents-none', consentsPage.view, { frame: { ...frame, section: 'consents' }, consents: [] }),
  pageCase('account-data', dataPage.view, { frame: { ...frame, section: 'data' } }),
  pageCase('account-data-limit', dataPage.view, {
    frame: { ...frame, section: 'data' },
    problem: { key: 'export_limit' },
  }),
  pageCase('account-username', usernamePage.view, { frame: { ...frame, section: 'username' }, typed: 'ada' }),
  pageCase('account-password', passwordPage.view, {
    frame: { ...frame, section: 'password' },
    newPassword: {
      rules: ALL_RULES,
      failed: ['too_long', 'reused'],
    },
  }),
  pageCase('account-password-changed', passwordPage.view, {
    frame: { ...frame, section: 'password', done: 'password' },
    newPassword: { rules: ALL_RULES },
  }),
  pageCase('account-second-factor', secondFactorPage.view, {
    frame: { ...frame, section: 'second-factor' },
    hasTotp: true,
    passkeys: 0,
    recoveryCodes: 10,
  }),
  pageCase('account-second-factor-passkeys', secondFactorPage.view, {
    frame: { ...frame, section: 'second-factor' },
    hasTotp: false,
    passkeys: 2,
    recoveryCodes: 10,
  }),
  pageCase('account-second-factor-none', secondFactorPage.view, {
    frame: { ...frame, section: 'second-factor' },
    hasTotp: false,
    passkeys: 0,
    recoveryCodes: 0,
  }),
  pageCase('account-authenticator', authenticatorPage.view, {
    frame: { ...frame, section: 'second-factor' },
    authenticator,
    isReplacement: true,
  }),
  pageCase('account-authenticator-refused', authenticatorPage.view, {
    frame: { ...frame, section: 'second-factor' },
    authenticator,
    isReplacement: false,
    problem: { key: 'code', field: 'code' },
  }),
  pageCase('account-recovery-codes', recoveryCodesView, {
    frame: { ...frame, section: 'second-factor', done: 'totp_added' },
    codes: Array.from({ length: 10 }, () => '0k3m-9abc-wxyz'),
  }),
  pageCase('account-passkeys', passkeysPage.view, {
    ...passkeys,
    frame: { ...frame, section: 'passkeys' },
    passkeys: [
      { id: 'a', name: 'Phone', backedUp: true, createdAt: at, lastUsedAt: at },
      { id: 'b', name: LONG.slice(0, 100), backedUp: false, createdAt: at },
    ],
  }),
  pageCase('account-passkeys-of-administrator', passkeysPage.view, {
    ...passkeys,
    frame: { ...frame, section: 'passkeys' },
    passkeys: [{ id: 'a', name: 'Phone', backedUp: true, createdAt: at, lastUsedAt: at }],
    problem: { key: 'last_administrator' },
  }),
  pageCase('account-passkeys-none', passkeysPage.view, { ...passkeys, frame: { ...frame, section: 'passkeys' } }),
  pageCase('account-sessions', sessionsPage.view, {
    frame: { ...frame, section: 'sessions' },
    pages: { first: '/account/sessions', next: '/account/sessions?after=1.a' },
    sessions: [
      currentSession,
      { uid: 'b', isCurrent: false, browser: 'Safari', place: { kind: 'private', network: '10.0.0.0/8' } },
      { uid: 'c', isCurrent: false, place: { kind: 'elsewhere', network: '198.51.100.0/24' } },
    ],
  }),
  pageCase('account-sessions-alone', sessionsPage.view, {
    frame: { ...frame, section: 'sessions', done: 'sessions_ended' },
    sessions: [currentSession],
  }),
  pageCase('account-devices', devicesPage.view, {
    frame: { ...frame, section: 'devices' },
    devices: [
      {
        id: 'a',
        isCurrent: true,
        browser: 'Firefox',
        system: 'Linux',
        place: here,
        since: at,
        lastUsedAt: at,
        trustedUntil: at,
      },
      { id: 'b', isCurrent: false, since: at, place: { kind: 'elsewhere', network: '198.51.100.0/24' } },
    ],
  }),
  pageCase('account-devices-none', devicesPage.view, { frame: { ...frame, section: 'devices' }, devices: [] }),
  pageCase('account-apps', appsPage.view, {
    frame: { ...frame, section: 'apps' },
    pages: { next: '/account/apps?after=1.a' },
    apps: [
      {
        id: 'a',
        client: { name: 'Harbour Notes', uri: 'https://notes.example.com' },
        isFirstParty: true,
        scopes: ['openid', 'profile', 'email', 'phone', 'address', 'offline_access', 'groups'],
        resources: [resource],
        since: at,
        lastUsedAt: at,
        texts: [
          { kind: 'terms', version: '2026-11', acceptedAt: at },
          { kind: 'privacy', version: '3', acceptedAt: at },
        ],
      },
    ],
  }),
  pageCase('account-apps-none', appsPage.view, { frame: { ...frame, section: 'apps' }, apps: [] }),
  pageCase('account-requests', requestsPage.view, {
    frame: { ...frame, section: 'requests' },
    requests: [
      {
        id: 'a',
        client: { name: 'Call Centre', uri: 'https://calls.example.com' },
        isFirstParty: true,
        bindingMessage: 'Order 4711 – 20 €',
        scopes: ['openid', 'profile'],
        resources: [resource],
        details: [{ sentence: [{ words: 'Pay ' }, { value: '20 EUR' }], more: [{ name: 'to', value: 'Rose Garden' }] }],
        requestedAt: at,
        expiresAt: at,
      },
      {
        id: 'b',
        client: { name: EVIL, device: { scheme: EVIL } },
        isFirstParty: false,
        bindingMessage: LONG.slice(0, 64),
        scopes: ['openid'],
        resources: [],
        details: [],
        requestedAt: at,
        expiresAt: at,
      },
      {
        id: 'c',
        client: { name: 'Till', device: { scheme: 'till' } },
        isFirstParty: false,
        scopes: ['openid'],
        resources: [],
        details: [],
        requestedAt: at,
        expiresAt: at,
      },
    ],
  }),
  pageCase('account-requests-none', requestsPage.view, { frame: { ...frame, section: 'requests' }, requests: [] }),
  pageCase('account-events', eventsPage.view, {
    frame: { ...frame, section: 'events' },
    events: namesUnder('account.event').map((kind) => ({
      kind,
      at,
      subject: EVIL,
      browser: 'Firefox',
      system: 'Linux',
      place: here,
    })),
  }),
  pageCase('account-events-none', eventsPage.view, { frame: { ...frame, section: 'events' }, events: [] }),
];
