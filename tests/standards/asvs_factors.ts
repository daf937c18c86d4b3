import type { Requirement } from './requirement.ts';

/** OWASP ASVS 5.0.0, V6 Authentication, sections V6.5 to V6.8. */
export const ASVS_FACTORS: readonly Requirement[] = [
  {
    id: 'V6.5.1',
    asks: 'recovery codes, codes sent elsewhere and one-time passwords work once',
    verdict: 'met',
    how: 'The database decides for all nodes which of several uses comes first.',
    tests: {
      'security/totp_replay.test.ts': [
        'one code of an authenticator app, used by … browsers at once on two nodes, signs in once',
        'one recovery code, used in the same way, signs in once',
      ],
      'accounts/recovery_codes.test.ts': ['of parallel uses of one code one succeeds'],
      'flows/openid_ciba.test.ts': [
        'is redeemed once: a second time revokes the tokens of the first (RFC 6749 §4.1.2)',
      ],
    },
  },
  {
    id: 'V6.5.2',
    asks: 'recovery codes of less than 112 bits are stored by a slow, salted hash',
    verdict: 'partly',
    how: 'They have 60 bits and are stored as HMAC-SHA-256 of the account and the code, by a key that is sealed under the master key: who has the database alone can try none, but who has both can try them fast.',
    tests: {
      'accounts/recovery_codes.test.ts': ['ten codes of sixty bits, each accepted once, in any way of typing'],
      'security/database_dump.test.ts': ['no database dump and no log of this run contains a secret that was used'],
    },
  },
  {
    id: 'V6.5.3',
    asks: 'recovery codes, codes and seeds come from a cryptographic random number generator',
    verdict: 'met',
    how: 'All come from node:crypto; Math.random is used for pauses between attempts only.',
    tests: { 'platform/standards.test.ts': ['random values of security come from node:crypto'] },
  },
  {
    id: 'V6.5.4',
    asks: 'recovery codes and codes sent elsewhere have at least 20 bits',
    verdict: 'met',
    how: 'Recovery codes have 60 bits, user codes of devices 8 letters of 20 (34 bits).',
    tests: {
      'accounts/recovery_codes.test.ts': ['ten codes of sixty bits, each accepted once, in any way of typing'],
      'flows/rfc8628_device_flow.test.ts': ['returns a code that can be typed, and the page for it (§3.2, §6.1)'],
    },
  },
  {
    id: 'V6.5.5',
    asks: 'requests and codes sent elsewhere live 10 minutes at most, one-time passwords 30 seconds',
    verdict: 'partly',
    how: 'Requests by CIBA and device codes live ten minutes at most. A one-time password is accepted one step of 30 seconds before and after its own, as RFC 6238 §5.2 recommends for clocks that differ, so 90 seconds in all.',
    tests: {
      'flows/openid_ciba_requests.test.ts': [
        'lives as long as the app requests, ten minutes at most (§7.1 requested_expiry)',
      ],
      'flows/rfc8628_device_flow.test.ts': [
        'an expired code: the device gets expired_token, and the page refuses it (§3.5)',
      ],
      'accounts/totp.test.ts': [
        'agrees with another implementation, one step off in either direction and no further (RFC 6238 §5.2)',
      ],
    },
  },
  {
    id: 'V6.5.6',
    asks: 'every factor can be taken away when it is lost',
    verdict: 'met',
    how: 'By the person at /account, and by an operator, one or all.',
    tests: {
      'flows/account_credentials.test.ts': [
        'an authenticator app is set up with a code, gives recovery codes, and can be removed',
      ],
      'accounts/passkeys.test.ts': [
        'passkeys are renamed and removed by their owner only; without the last one the person has none',
      ],
      'admin/user_credentials.test.ts': [
        'one factor or all are removed, with sessions, an event and a mail for each kind',
      ],
    },
  },
  {
    id: 'V6.5.7',
    asks: 'biometrics are used only together with something that a person has or knows',
    verdict: 'met',
    how: 'Cardea never sees biometrics. They unlock a passkey on the device, which is the thing that the person has.',
    tests: {
      'accounts/passkeys.test.ts': [
        'a passkey alone needs user verification',
        'every part of an assertion is verified (WebAuthn L3 §7.2)',
      ],
    },
  },
  {
    id: 'V6.5.8',
    asks: 'one-time passwords are checked by the time of the server',
    verdict: 'met',
    how: 'The time of the server alone counts; requests have none.',
    tests: {
      'accounts/totp.test.ts': [
        'matches RFC 6238 appendix B (SHA-1, eight digits)',
        'is enrolled with a code, and accepts each code once',
      ],
    },
  },
  {
    id: 'V6.6.1',
    asks: 'codes by telephone or SMS are offered only beside stronger methods',
    verdict: 'not applicable',
    how: 'There are no codes by telephone or SMS.',
  },
  {
    id: 'V6.6.2',
    asks: 'a request or code sent elsewhere is bound to the request that it was made for',
    verdict: 'met',
    how: 'A request of CIBA and a user code of a device each have one decision, by one person, for one client.',
    tests: {
      'flows/openid_ciba.test.ts': [
        'another client cannot redeem it',
        'one person cannot decide for another, and not without the form (better-auth CVE-2026-45337)',
      ],
      'security/device_approval.test.ts': [
        'a code is confirmed once: afterwards no browser can open it, on any node',
        'another browser cannot finish a sign-in that one browser has begun',
      ],
      'flows/second_factor.test.ts': ['an assertion works only in the visit that it was made for'],
    },
  },
  {
    id: 'V6.6.3',
    asks: 'guessing codes that were sent elsewhere is limited',
    verdict: 'met',
    how: 'User codes of devices are limited by session and by address.',
    tests: {
      'security/device_approval.test.ts': ['limits wrong codes by minute, session and address (RFC 8628 §5.1)'],
    },
  },
  {
    id: 'V6.6.4',
    asks: 'push notifications are limited, so that nobody is worn down by them',
    verdict: 'met',
    how: 'Requests of apps (CIBA) are the only ones that reach a person unasked: five of an app wait at most, five mails an hour tell of them, and both sides show the same message.',
    tests: {
      'flows/openid_ciba_requests.test.ts': ['five requests of an app wait for a person at most'],
      'accounts/mail_drafts.test.ts': [
        'five mails an hour tell of requests of apps, each for ten minutes, and do not count against other mails',
      ],
    },
  },
  {
    id: 'V6.7.1',
    asks: 'certificates and keys that verify people or devices are stored so that they cannot be changed',
    verdict: 'partly',
    how: 'Public keys of passkeys are rows of the database that only the role of the server may write, and a removed or added passkey is in the audit. They are not sealed, so who can write to the database directly can put another key in place of one; use ops/postgres/roles.sql, and keep that right to the server.',
    tests: {
      'accounts/passkeys.test.ts': ['a registration is accepted once for its challenge, and its name is sealed'],
    },
  },
  {
    id: 'V6.7.2',
    asks: 'challenges have at least 64 bits and are unique',
    verdict: 'met',
    how: 'The challenge of a sign-in is an HMAC-SHA-256 of the visit, that of a registration 256 random bits.',
    tests: {
      'accounts/passkeys.test.ts': [
        'the options for an authenticator (WebAuthn L3 §5.4, §5.5)',
        'a registration is accepted once for its challenge, and its name is sealed',
      ],
      'flows/second_factor.test.ts': ['an assertion works only in the visit that it was made for'],
    },
  },
  {
    id: 'V6.8.1',
    asks: 'with several identity providers, none can name a person of another',
    verdict: 'not applicable',
    how: 'Cardea is the identity provider; people cannot sign in to it by another one.',
  },
  {
    id: 'V6.8.2',
    asks: 'signatures of assertions are always verified',
    verdict: 'met',
    how: 'That is so for every JWT that Cardea accepts: client assertions, request objects, DPoP proofs, hints, software statements and access tokens.',
    tests: {
      'security/algorithm_confusion.test.ts': [
        'a client assertion is verified with the registered key only',
        '/authorize and /logout accept only ID tokens of this server as id_token_hint',
        'a token that this server has not signed is not accepted as an access token',
      ],
      'flows/rfc7591_registration.test.ts': [
        'is refused when it is forged, expired, or of an untrusted issuer (§3.2.2)',
      ],
    },
  },
  {
    id: 'V6.8.3',
    asks: 'SAML assertions are used once',
    verdict: 'not applicable',
    how: 'There is no SAML.',
  },
  {
    id: 'V6.8.4',
    asks: 'an app that expects a strength or recentness of the sign-in verifies acr, amr and auth_time',
    verdict: 'of the app',
    how: 'Cardea puts the three claims into tokens, and refuses a request for a strength that was not reached.',
    tests: {
      'flows/claims_parameter.test.ts': [
        'an essential acr that is not reached is an error, not a weaker sign-in (§5.5.1.1)',
      ],
      'flows/step_up.test.ts': [
        'max_age asks for the password and the second factor again, and auth_time is their time',
      ],
      'accounts/assurance.test.ts': ['amr determines acr (RFC 8176)'],
    },
  },
];
