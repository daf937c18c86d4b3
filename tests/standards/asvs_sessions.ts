import type { Requirement } from './requirement.ts';

/** OWASP ASVS 5.0.0, V7 Session Management. */
export const ASVS_SESSIONS: readonly Requirement[] = [
  {
    id: 'V7.1.1',
    asks: 'the times after which sessions end are documented and justified',
    verdict: 'met',
    how: 'The section has both times, their reasons, and what to set for a stricter level of NIST SP 800-63B.',
    page: 'security.md#sessions',
  },
  {
    id: 'V7.1.2',
    asks: 'the documentation says how many sessions an account may have at once',
    verdict: 'met',
    how: 'There is no limit; the section says why, and how people and operators see and end sessions.',
    page: 'security.md#sessions',
  },
  {
    id: 'V7.1.3',
    asks: 'the documentation says how sessions of apps and of the identity provider end together',
    verdict: 'met',
    how: 'The section says what ends with a session of Cardea, and what an app has to do.',
    page: 'security.md#sessions',
  },
  {
    id: 'V7.2.1',
    asks: 'sessions are verified by the server',
    verdict: 'met',
    how: 'The cookie names a row of the database, which every request reads.',
    tests: { 'flows/sessions.test.ts': ['neither an unfinished sign-in nor an invented session cookie is a session'] },
  },
  {
    id: 'V7.2.2',
    asks: 'session tokens are made anew for each session',
    verdict: 'met',
    how: 'Each sign-in makes a new random identifier.',
    tests: {
      'flows/sessions.test.ts': [
        'the session id changes at sign-in: a planted one is worthless (session fixation)',
        'identifiers of sessions have 256 random bits (ASVS 7.2.3)',
      ],
    },
  },
  {
    id: 'V7.2.3',
    asks: 'session tokens are unique and have at least 128 random bits',
    verdict: 'met',
    how: 'They have 43 random characters of 64, from node:crypto, and a signature beside them.',
    tests: { 'flows/sessions.test.ts': ['identifiers of sessions have 256 random bits (ASVS 7.2.3)'] },
  },
  {
    id: 'V7.2.4',
    asks: 'a sign-in makes a new session token and ends the one before',
    verdict: 'met',
    how: 'That is so for the first sign-in, a repeated one, and a second factor.',
    tests: {
      'flows/sessions.test.ts': ['it changes at a renewed sign-in as well, and the old one ends'],
      'security/session_before_mfa.test.ts': ['a second factor makes a new session, and the one before ends'],
    },
  },
  {
    id: 'V7.3.1',
    asks: 'a session ends when it is not used',
    verdict: 'met',
    how: 'After CARDEA_SESSION_TTL, 14 days by default.',
    page: 'security.md#sessions',
    tests: { 'flows/session_end.test.ts': ['a session that is not used ends after CARDEA_SESSION_TTL (ASVS 7.3.1)'] },
  },
  {
    id: 'V7.3.2',
    asks: 'a session ends at a fixed time after the sign-in',
    verdict: 'met',
    how: 'After CARDEA_SESSION_MAX, 30 days by default, however much it is used.',
    tests: {
      'flows/session_end.test.ts': [
        'ends after CARDEA_SESSION_MAX at /authorize, with prompt=none, and at /account',
        'ends with it: access and refresh tokens, except those with offline access',
      ],
    },
  },
  {
    id: 'V7.4.1',
    asks: 'a session that was ended cannot be used any more',
    verdict: 'met',
    how: 'The row is gone, so a copy of the cookie is worth nothing, and tokens of the session are refused on every node.',
    tests: {
      'flows/logout.test.ts': [
        'the session itself has ended, not only its cookie: a copy of the cookie is signed out as well',
        'tokens of the session end with it, for every client; offline access stays',
      ],
      'records/sessions.test.ts': ['that has ended stays ended, also when a parallel request saves it'],
      'security/ended_everywhere.test.ts': ['… ends opaque tokens and JWTs on the other node'],
    },
  },
  {
    id: 'V7.4.2',
    asks: 'all sessions end when an account is disabled or deleted',
    verdict: 'met',
    how: 'Both end sessions and tokens in the same transaction.',
    tests: {
      'admin/users.test.ts': [
        'a disabled user has no sessions and is shown as disabled; enabled again',
        'an erased user is gone with sessions, tokens and events, and apps are told; a dry run erases nothing',
      ],
      'flows/account_deletion.test.ts': [
        'is signed out everywhere, tokens end, apps are told, and operators see when it is erased',
      ],
    },
  },
  {
    id: 'V7.4.3',
    asks: 'after a change of a factor the person can end all other sessions',
    verdict: 'partly',
    how: 'A new password ends all other sessions without a question. After a change of a second factor the person finds the button for that at /account/sessions; the page of the factor does not offer it.',
    tests: {
      'security/password_change_ends_sessions.test.ts': [
        'ends every other session and refresh token on both nodes at once, and keeps the session in which it was made',
      ],
      'flows/account.test.ts': ['are listed with browser and place; one is ended, then all others'],
    },
  },
  {
    id: 'V7.4.4',
    asks: 'every page behind a sign-in has a visible way to sign out',
    verdict: 'met',
    how: 'Each page of /account has the button in its head.',
    tests: { 'security/page_guards.test.ts': ['every page of a person has a button to sign out (ASVS 7.4.4)'] },
  },
  {
    id: 'V7.4.5',
    asks: 'administrators can end the sessions of one person, or of all',
    verdict: 'met',
    how: 'Those of one person by `cardea users end-sessions`, one by its place at /api/v1/sessions, and those of all people by revoking the key that signs cookies: `cardea keys list --all`, `cardea keys revoke KID`.',
    tests: {
      'cli/user_sessions.test.ts': ['list a person’s sessions, sign the person out everywhere, and list the events'],
      'admin/records.test.ts': ['ending a session ends its tokens and nothing else, with an event for the person'],
      'admin/keys.test.ts': ['revoking the key of cookies signs everybody out (ASVS 7.4.5)'],
    },
  },
  {
    id: 'V7.5.1',
    asks: 'changes of what a person signs in with need a full sign-in',
    verdict: 'met',
    how: 'Password, e-mail address, username, second factors and passkeys are changed within five minutes after a sign-in with all factors of the account.',
    tests: {
      'security/page_guards.test.ts': [
        'is a fresh sign-in, for every page that is not listed here',
        'a page for a fresh sign-in sends a person with an older one to sign in again, any other does not',
      ],
      'security/factor_removed_without_step_up.test.ts': [
        'cannot be changed in a session with the password only',
        'cannot be changed after confirming only the password: the step-up asks for the second factor too',
      ],
    },
  },
  {
    id: 'V7.5.2',
    asks: 'people see their sessions and, after a sign-in, end any of them',
    verdict: 'partly',
    how: 'They do at /account/sessions, on purpose without another sign-in: somebody who finds an unknown browser should sign it out at once, and nothing is gained by doing that to others.',
    tests: {
      'flows/account.test.ts': [
        'are listed with browser and place; one is ended, then all others',
        'a session of another person cannot be ended',
      ],
    },
  },
  {
    id: 'V7.5.3',
    asks: 'very sensitive actions need another sign-in',
    verdict: 'met',
    how: 'Approving a request by CIBA, exporting all data, and deleting the account need one that is not older than five minutes.',
    tests: {
      'flows/openid_ciba.test.ts': ['approving needs a recent sign-in'],
      'operations/data_export_faces.test.ts': ['an older sign-in has to be repeated first'],
      'security/page_guards.test.ts': ['is a fresh sign-in, for every page that is not listed here'],
    },
  },
  {
    id: 'V7.6.1',
    asks: 'sessions of apps and of the identity provider end as documented',
    verdict: 'met',
    how: 'Tokens without offline access end with the session, apps are told by back-channel logout, and max_age asks for a sign-in again.',
    page: 'security.md#sessions',
    tests: {
      'flows/oidc_backchannel_logout.test.ts': [
        '… notifies the app',
        'each app of the session, with its own audience and sid; not an app without the URI, and not another browser',
      ],
      'flows/refresh.test.ts': ['without offline_access refresh tokens and access tokens end with the session'],
      'flows/prompts.test.ts': [
        'max_age: before that age nothing is asked and auth_time is returned; after it the person signs in again',
      ],
    },
  },
  {
    id: 'V7.6.2',
    asks: 'no session begins without an action or a consent of the person',
    verdict: 'partly',
    how: 'A session of Cardea begins with a form that the person sends, and an app gets its first code after a consent. An app that an operator registered as first-party gets codes without a question while there is a session; leave first-party away where that matters.',
    tests: {
      'flows/prompts.test.ts': [
        'prompt=none: login_required without a session, consent_required without consent, otherwise a code',
        'prompt=consent applies to first-party clients as well; otherwise those are never asked',
      ],
      'security/form_forgery.test.ts': ['the password and the consent form need the token of their own visit'],
    },
  },
];
