import { consentStep } from '../../server/login/consent.ts';
import { enrolStep, recoveryCodesView } from '../../server/login/enrol.ts';
import { newPasswordStep } from '../../server/login/new_password.ts';
import { passwordStep } from '../../server/login/password.ts';
import { secondFactorStep } from '../../server/login/second_factor.ts';
import { selectAccountStep } from '../../server/login/select_account.ts';
import { textsStep } from '../../server/login/texts.ts';
import { unusableStep } from '../../server/login/unusable.ts';
import { account, client, EVIL, form, hostile, LONG, now, type PageCase, pageCase } from './page_case.ts';

const terms = { policyUri: 'https://notes.example.com/privacy', tosUri: 'https://notes.example.com/terms' };
const logoUri = `data:image/svg+xml,${encodeURIComponent('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="8" height="8" fill="#36c"/></svg>')}`;
const elsewhere = { policy: 'bank.example', tos: 'bank.example', logo: `${'long.'.repeat(40)}example` };
const manyScopes = ['openid', 'profile', 'email', 'phone', 'address', 'offline_access'];
const otherLinks = { forgotUrl: '/account/forgot', signUpUrl: '/account/sign-up' };
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

/** The pages of a sign-in (`server/login/`) in each of their states, with hostile and overlong values. */
export const LOGIN_PAGE_CASES: readonly PageCase[] = [
  pageCase(
    'texts',
    textsStep.view,
    {
      ...form,
      client,
      texts: [
        { kind: 'terms', title: EVIL, url: 'https://example.com/terms', version: '2026-11' },
        { kind: 'privacy', title: LONG, url: 'https://example.com/privacy', version: '1' },
      ],
    },
    { ids: ['accept', 'cancel'] },
  ),
  pageCase(
    'unusable-kept',
    unusableStep.view,
    { ...form, client, standing: 'leaving', mayKeep: true, dueAt: new Date(now * 1_000), zone: 'Europe/London' },
    { ids: ['keep', 'cancel'] },
  ),
  pageCase(
    'unusable-leaving',
    unusableStep.view,
    { ...form, client: hostile, standing: 'leaving', mayKeep: false, dueAt: new Date(now * 1_000) },
    { ids: ['cancel'] },
  ),
  pageCase('unusable-restricted', unusableStep.view, { ...form, client, standing: 'restricted', mayKeep: false }),
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
  pageCase(
    'login-device',
    passwordStep.view,
    { ...form, client: { name: 'Harbour Notes', device: { scheme: 'harbour' }, elsewhere } },
    { ids: loginIds, focus: 'identifier' },
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
    since: new Date('2026-11-01T08:00:00Z'),
    texts: [{ kind: 'terms', version: '2026-11', title: 'Terms of Service', url: 'https://example.com/terms' }],
  }),
  pageCase('consent-device', consentStep.view, {
    ...form,
    client: { ...client, device: {}, elsewhere },
    account,
    scopes: ['openid'],
    resources: [],
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
];
