import type { Requirement } from './requirement.ts';

/** RFC 9700, section 2.1: Protecting Redirect-Based Flows. */
export const RFC9700_REDIRECTS: readonly Requirement[] = [
  {
    id: '2.1-1',
    asks: 'the server compares redirect URIs as texts, except for the port of a native app at localhost (MUST)',
    verdict: 'met',
    how: 'They are compared as texts; the port is free for loopback redirects of native clients alone.',
    tests: {
      'security/redirect_uri.test.ts': [
        'any URI but the registered one gets an error page (response_mode …; RFC 6749 §3.1.2.4)',
        'only the port of a loopback redirect is free, nothing else (RFC 8252 §7.3, Keycloak CVE-2026-7504)',
      ],
    },
  },
  {
    id: '2.1-2',
    asks: 'server and clients redirect to no URI of a parameter (MUST NOT)',
    verdict: 'met',
    how: 'The server redirects to registered URIs and its own paths only. Clients have to do the same.',
    tests: {
      'security/open_redirect.test.ts': [
        'logging out redirects to registered URIs only (RP-Initiated Logout §3)',
        'the sign-in pages do not redirect to a target from their URL',
        'a path that begins with two slashes is not redirected to as another host',
      ],
    },
  },
  {
    id: '2.1-3',
    asks: 'clients prevent forged redirects, CSRF (MUST)',
    verdict: 'of the app',
    how: 'Cardea demands PKCE, or a nonce of a confidential client, in its default profile.',
    tests: { 'flows/rfc7636_pkce.test.ts': ['a … client must use PKCE when it sends no nonce (RFC 9700 §2.1.1)'] },
  },
  {
    id: '2.1-4',
    asks: 'a client without PKCE and nonce uses a state that is used once and bound to the browser (MUST)',
    verdict: 'of the app',
    how: 'Cardea returns state unchanged.',
    tests: {
      'flows/authorization_response.test.ts': [
        'state is returned unchanged, nonce is in the ID token, iss names the issuer (RFC 9207 §2)',
      ],
    },
  },
  {
    id: '2.1-5',
    asks: 'a client of several servers has protection against mix-up (REQUIRED)',
    verdict: 'of the app',
    how: 'Responses name the issuer.',
    tests: { 'flows/rfc9207_iss.test.ts': ['codes and errors have iss, in every response mode (RFC 9207 §2, §2.1)'] },
  },
  {
    id: '2.1-6',
    asks: 'such a client compares iss of RFC 9207, of an ID token or of JARM (SHOULD)',
    verdict: 'of the app',
    how: 'Cardea sends all three.',
    tests: {
      'flows/rfc9207_iss.test.ts': [
        'codes and errors have iss, in every response mode (RFC 9207 §2, §2.1)',
        'it is exactly the issuer, once (RFC 9207 §2.3, §2.4)',
      ],
      'flows/jarm.test.ts': ['openid-client accepts a signed response and redeems its code (JARM §2.3, §2.4)'],
    },
  },
  {
    id: '2.1-7',
    asks: 'the server forwards no credentials of a person when it redirects (MUST)',
    verdict: 'met',
    how: 'A form with a password is answered by 303, which becomes a GET without the form.',
    tests: {
      'security/headers.test.ts': [
        'a form with a password is answered by 303 alone, which drops the password (RFC 9700 §4.12)',
      ],
    },
  },
  {
    id: '2.1.1-1',
    asks: 'clients prevent the injection of codes (MUST)',
    verdict: 'of the app',
    how: 'Cardea demands PKCE, or a nonce of a confidential client, in its default profile.',
    tests: {
      'security/pkce_downgrade.test.ts': [
        'a code with a challenge is not redeemed without a verifier (authorization code injection)',
      ],
    },
  },
  {
    id: '2.1.1-2',
    asks: 'public clients use PKCE (MUST)',
    verdict: 'met',
    how: 'A request of a public client without a challenge is refused in every profile.',
    tests: {
      'flows/rfc7636_pkce.test.ts': [
        'a … client must use PKCE when it sends no nonce (RFC 9700 §2.1.1)',
        'PKCE cannot be switched off for a public client, nor where every client uses it',
      ],
    },
  },
  {
    id: '2.1.1-3',
    asks: 'confidential clients use PKCE (RECOMMENDED)',
    verdict: 'met',
    how: 'It is demanded unless the client sends a nonce; an operator can demand it always, or switch it off for one client.',
    tests: {
      'flows/rfc7636_pkce.test.ts': [
        'a nonce with openid replaces PKCE for a confidential client, and is in the ID token (OAuth 2.1 §7.5.1)',
        'the operator switches PKCE off for a confidential client, which needs neither PKCE nor a nonce',
      ],
      'flows/profiles.test.ts': ['oidc: the operator can require PKCE of one app'],
    },
  },
  {
    id: '2.1.1-4',
    asks: 'challenge and nonce are of one transaction, and bound to client and browser (MUST)',
    verdict: 'of the app',
    how: 'The server binds the code to the challenge or the nonce of its request.',
    tests: { 'flows/rfc7636_pkce.test.ts': ['a code is bound to its client and its redirect URI (RFC 6749 §4.1.3)'] },
  },
  {
    id: '2.1.1-5',
    asks: 'the server tries to notice constant challenges and nonces (encouraged)',
    verdict: 'not met',
    how: 'It does not look for a challenge or a nonce that was used before.',
  },
  {
    id: '2.1.1-6',
    asks: 'clients use a challenge that does not show the verifier: S256 (SHOULD)',
    verdict: 'met',
    how: 'S256 is the only method.',
    tests: {
      'flows/rfc7636_pkce.test.ts': [
        'the method plain is refused, and so is a challenge without a method, whose default is plain (RFC 7636 §4.3)',
      ],
    },
  },
  {
    id: '2.1.1-7',
    asks: 'the server supports PKCE (MUST)',
    verdict: 'met',
    how: 'It does.',
    tests: {
      'flows/code_flow.test.ts': [
        'openid-client completes discovery, code + PKCE, refresh, client credentials, introspection, revocation, userinfo and logout',
      ],
    },
  },
  {
    id: '2.1.1-8',
    asks: 'the server verifies the verifier of a code with a challenge (MUST)',
    verdict: 'met',
    how: 'A code with a challenge is redeemed with its verifier alone.',
    tests: {
      'flows/rfc7636_pkce.test.ts': [
        'a … client must send the right verifier (RFC 7636 §4.6)',
        'no downgrade: a code with a challenge needs its verifier, whatever else protects it (RFC 9700 §4.8.2)',
      ],
    },
  },
  {
    id: '2.1.1-9',
    asks: 'the server prevents a downgrade of PKCE (MUST)',
    verdict: 'met',
    how: 'A verifier for a code without a challenge is refused.',
    tests: {
      'security/pkce_downgrade.test.ts': [
        'a code without a challenge is refused with a verifier, where PKCE is optional (RFC 9700 §4.8.2)',
        'a request whose challenge was removed gets no code that a verifier could redeem',
      ],
    },
  },
  {
    id: '2.1.1-10',
    asks: 'clients can find out that the server supports PKCE (MUST)',
    verdict: 'met',
    how: 'The metadata says so.',
    tests: { 'flows/golden.test.ts': ['…: discovery at … (OpenID Connect Discovery §3, RFC 8414 §2)'] },
  },
  {
    id: '2.1.1-11',
    asks: 'the metadata has code_challenge_methods_supported (RECOMMENDED)',
    verdict: 'met',
    how: 'It has S256.',
    tests: {
      'flows/golden.test.ts': ['…: discovery at … (OpenID Connect Discovery §3, RFC 8414 §2)'],
      'flows/mcp.test.ts': ['gets from the URL of a server to its tools without any configuration'],
    },
  },
  {
    id: '2.1.2-1',
    asks: 'clients use no response type with an access token (SHOULD NOT)',
    verdict: 'met',
    how: 'There is none unless the server has the profile oidc and an operator registers the client for it.',
    tests: {
      'flows/authorization_response.test.ts': [
        'an error in a request is reported to its client by code (RFC 6749 §4.1.2.1)',
      ],
      'flows/oidc_core_hybrid_implicit.test.ts': [
        'only an app that is registered for a flow can use it (OpenID Connect Dynamic Client Registration §2)',
      ],
    },
  },
  {
    id: '2.1.2-2',
    asks: 'clients use the response type code instead (SHOULD)',
    verdict: 'met',
    how: 'It is the only one by default, and the error for another one says so.',
    tests: {
      'flows/refusals.test.ts': ['another response type: the client learns what to set, in a redirect and in a form'],
    },
  },
];
