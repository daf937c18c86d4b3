import type { Requirement } from './requirement.ts';

/** RFC 9700, sections 4.10 to 4.17: attacks and what is done against them. */
export const RFC9700_MISUSE: readonly Requirement[] = [
  {
    id: '4.10-1',
    asks: 'access tokens are sender-constrained and audience-restricted (SHOULD)',
    verdict: 'by setting',
    how: 'They are for one API always; bound to a key by the profile fapi2 or by metadata of the client.',
    tests: {
      'flows/profiles.test.ts': ['fapi2: no token is issued without proof of a key (FAPI 2.0 §5.3.2.1)'],
      'flows/rfc9068_jwt_access_tokens.test.ts': [
        '§3: one resource server, the requested one, with its scopes only, besides those for userinfo',
      ],
    },
  },
  {
    id: '4.10.1-1',
    asks: 'a proof of possession cannot be used twice (must)',
    verdict: 'met',
    how: 'The jti of a DPoP proof counts once, on any node.',
    tests: {
      'flows/rfc9449_dpop_proofs.test.ts': [
        'of many requests with one proof on two nodes one succeeds (RFC 9449 §11.1)',
        'a proof that is dated ahead is remembered for as long as it is valid (RFC 9449 §11.1)',
      ],
    },
  },
  {
    id: '4.11.1-1',
    asks: 'clients have no open redirects (MUST NOT)',
    verdict: 'of the app',
    how: 'The registered URI is compared as a whole.',
    tests: {
      'security/redirect_uri.test.ts': [
        'any URI but the registered one gets an error page (response_mode …; RFC 6749 §3.1.2.4)',
      ],
    },
  },
  {
    id: '4.11.2-1',
    asks: 'the server does not redirect when client_id and redirect_uri do not fit (MUST NOT)',
    verdict: 'met',
    how: 'The person sees a page.',
    tests: {
      'flows/authorization_response.test.ts': [
        'an unknown client and an unregistered redirect URI get a page, never a redirect (RFC 6749 §4.1.2.1)',
      ],
      'security/redirect_uri.test.ts': ['an error is not sent to a URI that is not registered (RFC 9700 §4.11.2)'],
    },
  },
  {
    id: '4.11.2-2',
    asks: 'the server takes precautions against phishing by registered redirect URIs (MUST)',
    verdict: 'met',
    how: 'Apps that registered themselves get no redirect before the person has consented.',
    tests: {
      'security/open_redirect_self_described.test.ts': [
        '…: an error is shown on a page that names the host, with any request and response mode',
        '…: no redirect without a consent, even when the person is signed in or refuses',
      ],
    },
  },
  {
    id: '4.11.2-3',
    asks: 'the server authenticates the person before it redirects, except for silent requests (MUST)',
    verdict: 'partly',
    how: 'For apps that registered themselves it does, silent requests included. An app that the operator registered gets errors of its request by redirect at once (RFC 6749 §4.1.2.1), because the operator trusts its redirect URI.',
    tests: {
      'security/open_redirect_self_described.test.ts': [
        '…: no redirect without a consent, even when the person is signed in or refuses',
        'a client that the operator registered gets its errors by redirect (RFC 6749 §4.1.2.1)',
      ],
    },
  },
  {
    id: '4.11.2-4',
    asks: 'the server redirects by itself only to URIs that it trusts (SHOULD)',
    verdict: 'met',
    how: 'Trusted are those that the operator registered, and others once the person has consented.',
    tests: {
      'security/open_redirect_self_described.test.ts': [
        '…: with a consent it gets redirects: silent renewal works, and errors arrive',
        '…: signing out leads to a page with a link (RP-Initiated Logout §3)',
      ],
    },
  },
  {
    id: '4.12-1',
    asks: 'a request with credentials is not redirected by 307 (MUST NOT)',
    verdict: 'met',
    how: 'Every redirect behind a form is 303.',
    tests: {
      'security/headers.test.ts': [
        'a form with a password is answered by 303 alone, which drops the password (RFC 9700 §4.12)',
      ],
    },
  },
  {
    id: '4.12-2',
    asks: 'it is redirected by 303 (SHOULD)',
    verdict: 'met',
    how: 'Every redirect behind a form is 303.',
    tests: {
      'security/headers.test.ts': [
        'a form with a password is answered by 303 alone, which drops the password (RFC 9700 §4.12)',
      ],
    },
  },
  {
    id: '4.13-1',
    asks: 'a reverse proxy removes headers of clients that the server relies on (MUST)',
    verdict: 'of the operator',
    how: 'Cardea believes such headers only of the addresses in CARDEA_TRUSTED_PROXIES, uses the last forwarded address alone, and never takes a host from them. The proxy must set the header of certificates on every request.',
    tests: {
      'security/forwarded_for.test.ts': [
        'without a trusted proxy the forwarded address is ignored',
        'only the part of the header that the trusted proxy added is used',
      ],
      'security/client_certificate_header.test.ts': [
        'ignores the same header, …, from any other address',
        'refuses the header sent twice, as when a proxy adds its own to that of the client',
      ],
    },
  },
  {
    id: '4.13-2',
    asks: 'the way from the proxy to the server is protected against reading, injection and replay (MUST)',
    verdict: 'of the operator',
    how: 'Run both on one machine or in one private network, or serve TLS with CARDEA_TLS_CERT behind the proxy too.',
    tests: {
      'security/client_certificate_header.test.ts': [
        'does not treat a client as a proxy because its forwarded address is that of a proxy',
      ],
    },
  },
  {
    id: '4.14.2-1',
    asks: 'the server decides by risk whether a client gets refresh tokens (MUST)',
    verdict: 'met',
    how: 'The operator decides by grant type, and the person by offline_access; without it they end with the session.',
    tests: {
      'flows/refresh.test.ts': [
        'a client without the grant type gets no refresh token',
        'without offline_access refresh tokens and access tokens end with the session',
      ],
      'flows/scopes.test.ts': ['offline_access never makes the consent page appear, and is then not granted'],
    },
  },
  {
    id: '4.14.2-2',
    asks: 'refresh tokens are bound to the scope and the resource servers that were allowed (MUST)',
    verdict: 'met',
    how: 'A refresh gives no more than was allowed then, nor more than is allowed now.',
    tests: {
      'flows/refresh.test.ts': [
        'a refresh can narrow the scope, and widen it again up to what was granted (RFC 6749 §6, CVE-2024-52287)',
        'a grant that was extended later does not widen an older refresh token',
      ],
      'flows/rfc8707_resource_indicators.test.ts': [
        'a resource that was not granted is invalid_target when the code or the refresh token is used (RFC 8707 §2.2)',
      ],
    },
  },
  {
    id: '4.14.2-3',
    asks: 'replays of refresh tokens of public clients are noticed, by rotation or a bound key (MUST)',
    verdict: 'met',
    how: 'By both. A client that lost a response may repeat the same request for ten seconds, before the new tokens are used.',
    tests: {
      'flows/refresh.test.ts': ['reuse of a refresh token revokes the grant with all of its tokens (RFC 9700 §4.14.2)'],
      'flows/refresh_repeated.test.ts': [
        'a different request is not a repetition: the used token was copied, and its grant is revoked (RFC 9700 §4.14.2)',
        'after the successor was used, a repetition is a replay (RFC 9700 §4.14.2)',
      ],
      'security/refresh_replay_after_window.test.ts': ['20 parallel replays are all refused (Keycloak CVE-2026-1035)'],
    },
  },
  {
    id: '4.14.2-4',
    asks: 'a refresh token that has its grant inside is protected against changes (MUST)',
    verdict: 'not applicable',
    how: 'Refresh tokens are random values without content.',
  },
  {
    id: '4.14.2-5',
    asks: 'refresh tokens end when they are not used (SHOULD)',
    verdict: 'met',
    how: 'After CARDEA_REFRESH_TOKEN_IDLE_TTL, 14 days by default.',
    tests: {
      'flows/refresh.test.ts': [
        'an unused refresh token ends after the idle time, a used chain after the absolute lifetime',
      ],
    },
  },
  {
    id: '4.15.1-1',
    asks: 'clients cannot choose an id or claim that looks like a person (SHOULD NOT)',
    verdict: 'met',
    how: 'The server makes the ids of clients that register themselves; an operator’s choice that could be a person’s sub is refused.',
    tests: {
      'security/escalation_by_client.test.ts': [
        'a client cannot be named so that its tokens look like those of a person (RFC 9068 §5)',
      ],
      'admin/import.test.ts': ['gives nobody the id of a client as subject (RFC 9068 section 5)'],
    },
  },
  {
    id: '4.15.1-2',
    asks: 'where that cannot be avoided, resource servers can tell the two apart (MUST)',
    verdict: 'met',
    how: 'It is avoided; besides, only the token of a person has auth_time, acr and amr.',
    tests: {
      'flows/rfc9068_jwt_access_tokens.test.ts': [
        '§2.2: in a client’s own token sub is the client, without details of a sign-in',
      ],
    },
  },
  {
    id: '4.16-1',
    asks: 'the server prevents clickjacking (MUST)',
    verdict: 'met',
    how: 'No page can be framed.',
    tests: {
      'security/headers.test.ts': [
        'security headers are on every step of a sign-in and on every error, with an … issuer',
      ],
    },
  },
  {
    id: '4.16-2',
    asks: 'it uses Content Security Policy of level 2 or more (SHOULD)',
    verdict: 'met',
    how: 'Every response has frame-ancestors and allows scripts of its own only.',
    tests: {
      'security/headers.test.ts': [
        'security headers are on every step of a sign-in and on every error, with an … issuer',
      ],
      'browser/second_factor.test.ts': ['the Content-Security-Policy blocked nothing, and no script failed'],
    },
  },
  {
    id: '4.16-3',
    asks: 'administrators can set which origins may frame pages for certain clients (SHOULD)',
    verdict: 'not met',
    how: 'No page can be framed by anybody, which is stricter. Open the sign-in in the window or in a new one.',
    tests: {
      'security/headers.test.ts': [
        'security headers are on every step of a sign-in and on every error, with an … issuer',
      ],
    },
  },
  {
    id: '4.16-4',
    asks: 'it is combined with other measures for browsers without it (SHOULD)',
    verdict: 'met',
    how: 'Every response has X-Frame-Options: DENY.',
    tests: {
      'security/headers.test.ts': [
        'security headers are on every step of a sign-in and on every error, with an … issuer',
      ],
    },
  },
  {
    id: '4.16-5',
    asks: 'other measures are used even where such browsers are not supported (SHOULD)',
    verdict: 'met',
    how: 'Cookies are SameSite=Lax, so a framed page of another site would have no session, and forms have a token of their visit.',
    tests: {
      'flows/sessions.test.ts': ['the session cookie is HttpOnly, SameSite=Lax and for the whole host'],
      'security/form_forgery.test.ts': ['the password and the consent form need the token of their own visit'],
    },
  },
  ...[
    'the server compares origins of receivers exactly (MUST)',
    'the server sends messages to trusted origins only (MUST)',
    'the server sends none to any origin, * (MUST NOT)',
    'clients prevent the injection of messages (MUST)',
    'clients compare the origin of the sender exactly (MUST)',
    'what protects redirects protects messages too (MUST)',
  ].map(
    (asks, at): Requirement => ({
      id: `4.17.2-${at + 1}`,
      asks,
      verdict: 'not applicable',
      how: 'There is no response mode that sends messages between windows.',
    }),
  ),
];
