import { confirmLinkView, setPasswordView } from '../../server/selfservice/link_page.ts';
import { linkCookiesView, linkDoneView, linkGoneView, linkSignInView } from '../../server/selfservice/links.ts';
import { askMailView, mailSentView } from '../../server/selfservice/mail_request_page.ts';
import { ALL_RULES, account, EVIL, form, LONG, type PageCase, pageCase } from './page_case.ts';

/** The pages that ask for a mail and that a mailed link opens, in each of their states, with hostile and overlong values. */
export const MAILED_LINK_PAGE_CASES: readonly PageCase[] = [
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
];
