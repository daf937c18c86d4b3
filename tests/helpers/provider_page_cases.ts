import { errorView } from '../../server/views/error_page.ts';
import {
  deviceCodeView,
  deviceConfirmView,
  deviceDoneView,
  loggedOutView,
  logoutView,
  onwardView,
} from '../../server/views/provider_pages.ts';
import { account, client, EVIL, hostile, LONG, type PageCase, pageCase } from './page_case.ts';

/** The pages of the device flow, of a sign-out and of errors, in each of their states, with hostile and overlong values. */
export const PROVIDER_PAGE_CASES: readonly PageCase[] = [
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
  pageCase(
    'onward-request',
    onwardView,
    { purpose: 'request', action: '/post', fields: [['state', EVIL]] },
    { ids: ['onward'] },
  ),
  pageCase('error-hostile', errorView, { status: 500, error: EVIL, description: EVIL + LONG, requestId: LONG }),
];
