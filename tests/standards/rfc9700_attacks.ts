import type { Requirement } from './requirement.ts';

/** RFC 9700, sections 4.1 to 4.9: attacks and what is done against them. */
export const RFC9700_ATTACKS: readonly Requirement[] = [
  {
    id: '4.1.3-1',
    asks: 'the server makes sure that two redirect URIs are equal, by simple comparison of texts (MUST)',
    verdict: 'met',
    how: 'They are never parsed to be compared; patterns cannot be registered.',
    tests: {
      'flows/rfc6749_exact_redirect_uri.test.ts': ['another spelling of a registered URI is not registered'],
      'security/redirect_uri.test.ts': [
        'characters of patterns in a registered URI are compared literally (authentik CVE-2024-52289)',
        'a wildcard is refused with a word about it, in every list of redirect URIs',
      ],
    },
  },
  {
    id: '4.1.3-2',
    asks: 'the server allows any port at localhost for native apps (MUST)',
    verdict: 'met',
    how: 'It does, for native clients.',
    tests: {
      'flows/authorization_response.test.ts': [
        'a loopback redirect of a native client may use any port and differ in nothing else (RFC 8252 §7.3)',
      ],
    },
  },
  {
    id: '4.1.3-3',
    asks: 'sites with redirect URIs have no open redirects (MUST NOT)',
    verdict: 'of the app',
    how: 'The registered URI is compared as a whole, so an open redirect elsewhere on the site gets no code.',
    tests: {
      'security/redirect_uri.test.ts': [
        'any URI but the registered one gets an error page (response_mode …; RFC 6749 §3.1.2.4)',
      ],
    },
  },
  {
    id: '4.1.3-4',
    asks: 'clients use the response type code (SHOULD)',
    verdict: 'met',
    how: 'It is the only one by default.',
    tests: {
      'flows/refusals.test.ts': ['another response type: the client learns what to set, in a redirect and in a form'],
    },
  },
  {
    id: '4.2.4-1',
    asks: 'pages of the authorization endpoint have no parts of others and no links to other sites (SHOULD NOT)',
    verdict: 'partly',
    how: 'The policy of the pages allows no parts of other sites. The consent page links to the privacy policy and the terms of an app when they are at its own host, without a Referer.',
    tests: {
      'security/headers.test.ts': [
        'security headers are on every step of a sign-in and on every error, with an … issuer',
      ],
      'conformance/dynamic.test.ts': [
        'people see links to the app’s privacy policy and terms when these are at its own host (Registration §2)',
        'people see pages of other hosts as text, and no picture of them (Registration §2, RFC 7591 §5)',
      ],
    },
  },
  {
    id: '4.2.4-2',
    asks: 'pages suppress the Referer (recommended)',
    verdict: 'met',
    how: 'Every response has Referrer-Policy: no-referrer.',
    tests: {
      'security/headers.test.ts': [
        'security headers are on every step of a sign-in and on every error, with an … issuer',
      ],
    },
  },
  {
    id: '4.2.4-3',
    asks: 'a code is bound to a confidential client or a challenge (recommended)',
    verdict: 'met',
    how: 'Each code is.',
    tests: {
      'flows/rfc7636_pkce.test.ts': [
        'a code is bound to its client and its redirect URI (RFC 6749 §4.1.3)',
        'a wrong verifier does not use up the code: a thief can neither redeem nor block it',
      ],
    },
  },
  {
    id: '4.2.4-4',
    asks: 'a code is worth nothing after its first use (MUST)',
    verdict: 'met',
    how: 'The database decides for all nodes.',
    tests: {
      'security/code_race.test.ts': [
        'of twenty parallel redemptions of one code on two nodes one succeeds, and its tokens are revoked (CVE-2026-47386)',
      ],
    },
  },
  {
    id: '4.2.4-5',
    asks: 'a second use of a code revokes the tokens that it led to (SHOULD)',
    verdict: 'met',
    how: 'It revokes the grant.',
    tests: {
      'conformance/basic.test.ts': [
        'a second redemption of a code is invalid_grant and revokes the token of the first (RFC 6749 §4.1.2)',
      ],
    },
  },
  {
    id: '4.2.4-6',
    asks: 'the client accepts a state once (SHOULD)',
    verdict: 'of the app',
    how: 'Cardea returns state unchanged, and only with one response.',
    tests: {
      'flows/authorization_response.test.ts': [
        'a finished sign-in cannot be repeated: its form gets the same response, and earlier forms have ended',
      ],
    },
  },
  {
    id: '4.2.4-7',
    asks: 'the response can be sent by a form, form_post (recommended)',
    verdict: 'met',
    how: 'A client may ask for it.',
    tests: {
      'flows/authorization_response.test.ts': [
        'response_mode: query is the default; fragment and form_post only on request',
      ],
    },
  },
  {
    id: '4.3.1-1',
    asks: 'a code from the history of a browser cannot be used again (recommended)',
    verdict: 'met',
    how: 'It works once, for a minute, and with its verifier.',
    tests: {
      'conformance/basic.test.ts': [
        'a code expires after a minute (RFC 6749 §4.1.2)',
        'a second redemption of a code is invalid_grant and revokes the token of the first (RFC 6749 §4.1.2)',
      ],
    },
  },
  {
    id: '4.3.1-2',
    asks: 'form_post keeps the code out of the history (recommended)',
    verdict: 'met',
    how: 'A client may ask for it.',
    tests: {
      'flows/oidc_core_hybrid_implicit.test.ts': [
        'form_post returns the response in a form that a script of the page submits (Form Post §2)',
      ],
    },
  },
  {
    id: '4.3.2-1',
    asks: 'access tokens are not in a query (MUST NOT)',
    verdict: 'met',
    how: 'Userinfo and the admin API take none from there, and no response has one there.',
    tests: {
      'flows/claims.test.ts': [
        'userinfo accepts GET and POST, with the token in the header or the body, never in the URL (RFC 6750 §2, RFC 9700 §4.3.2)',
      ],
      'security/admin_api_tokens.test.ts': ['a token counts in the header alone, and once (RFC 9700 §4.3.2)'],
    },
  },
  {
    id: '4.4.2-1',
    asks: 'a client of several servers prevents mix-up (MUST)',
    verdict: 'of the app',
    how: 'Responses name the issuer.',
    tests: { 'flows/rfc9207_iss.test.ts': ['codes and errors have iss, in every response mode (RFC 9207 §2, §2.1)'] },
  },
  {
    id: '4.4.2-2',
    asks: 'the client stores the issuer with each request, bound to the browser (MUST)',
    verdict: 'of the app',
    how: 'The server cannot see it.',
  },
  {
    id: '4.4.2.1-1',
    asks: 'the client compares the issuer of the response (MUST)',
    verdict: 'of the app',
    how: 'iss is exactly the issuer of the metadata, and the metadata announces it.',
    tests: {
      'flows/rfc9207_iss.test.ts': [
        'it is exactly the issuer, once (RFC 9207 §2.3, §2.4)',
        'discovery announces it (RFC 9207 §3)',
      ],
    },
  },
  {
    id: '4.4.2.1-2',
    asks: 'the client ends the flow when it differs (MUST)',
    verdict: 'of the app',
    how: 'The server cannot see it.',
  },
  {
    id: '4.4.2.1-3',
    asks: 'iss is evaluated as RFC 9207 says (MUST)',
    verdict: 'of the app',
    how: 'The server cannot see it.',
  },
  {
    id: '4.4.2.2-1',
    asks: 'a client without iss uses a redirect URI for each server (MUST)',
    verdict: 'not applicable',
    how: 'There is iss, so no client of Cardea needs this.',
  },
  {
    id: '4.4.2.2-2',
    asks: 'such a client compares the redirect URI with that of the server (MUST)',
    verdict: 'not applicable',
    how: 'There is iss, so no client of Cardea needs this.',
  },
  {
    id: '4.4.2.2-3',
    asks: 'such a client ends the flow when it differs (MUST)',
    verdict: 'not applicable',
    how: 'There is iss, so no client of Cardea needs this.',
  },
  {
    id: '4.4.2.2-4',
    asks: 'this is used only where nothing else is possible (SHOULD)',
    verdict: 'not applicable',
    how: 'There is iss, so no client of Cardea needs this.',
  },
  {
    id: '4.5.2-1',
    asks: 'a code is bound to an instance of the client, by PKCE or nonce (recommended)',
    verdict: 'met',
    how: 'The default profile issues no code that is bound to neither, unless an operator switches that off for a client.',
    tests: {
      'flows/rfc7636_pkce.test.ts': [
        'a … client must use PKCE when it sends no nonce (RFC 9700 §2.1.1)',
        '… does not replace PKCE',
      ],
    },
  },
  {
    id: '4.5.3.2-1',
    asks: 'a client that relies on nonce compares it in the ID token of the token endpoint (MUST)',
    verdict: 'of the app',
    how: 'The ID token has the nonce of the request.',
    tests: {
      'flows/rfc7636_pkce.test.ts': [
        'a nonce with openid replaces PKCE for a confidential client, and is in the ID token (OAuth 2.1 §7.5.1)',
      ],
    },
  },
  {
    id: '4.5.3.2-2',
    asks: 'the client uses no token before that (MUST)',
    verdict: 'of the app',
    how: 'The server cannot see it.',
  },
  {
    id: '4.7.1-1',
    asks: 'a client that relies on PKCE against CSRF makes sure that the server supports it (MUST)',
    verdict: 'of the app',
    how: 'The metadata says so.',
    tests: { 'flows/golden.test.ts': ['…: discovery at … (OpenID Connect Discovery §3, RFC 8414 §2)'] },
  },
  {
    id: '4.7.1-2',
    asks: 'otherwise it uses state or nonce (MUST)',
    verdict: 'of the app',
    how: 'Both are returned unchanged.',
    tests: {
      'flows/authorization_response.test.ts': [
        'state is returned unchanged, nonce is in the ID token, iss names the issuer (RFC 9207 §2)',
      ],
    },
  },
  {
    id: '4.7.1-3',
    asks: 'a client with content in state protects it from changes (MUST)',
    verdict: 'of the app',
    how: 'State is returned unchanged and shown to nobody else.',
    tests: {
      'security/par_values.test.ts': [
        'no URL, cookie, log line or readable column contains a pushed value until the client gets its own state back',
      ],
    },
  },
  {
    id: '4.7.1-4',
    asks: 'clients can find out that the server supports PKCE (MUST)',
    verdict: 'met',
    how: 'The metadata says so.',
    tests: { 'flows/golden.test.ts': ['…: discovery at … (OpenID Connect Discovery §3, RFC 8414 §2)'] },
  },
  {
    id: '4.7.1-5',
    asks: 'they find it in the metadata (RECOMMENDED)',
    verdict: 'met',
    how: 'It has code_challenge_methods_supported.',
    tests: { 'flows/golden.test.ts': ['…: discovery at … (OpenID Connect Discovery §3, RFC 8414 §2)'] },
  },
  {
    id: '4.8.2-1',
    asks: 'the server prevents a downgrade of PKCE (MUST)',
    verdict: 'met',
    how: 'A code is redeemed with a verifier if, and only if, its request had a challenge.',
    tests: {
      'security/pkce_downgrade.test.ts': [
        'a request whose challenge was removed gets no code that a verifier could redeem',
        'also where PKCE is optional, for a client with a secret',
      ],
    },
  },
  {
    id: '4.8.2-2',
    asks: 'the server binds the challenge of a request to the code (MUST)',
    verdict: 'met',
    how: 'The code stores it.',
    tests: {
      'flows/rfc7636_pkce.test.ts': ['neither the challenge itself nor a similar value is accepted as a verifier'],
    },
  },
  {
    id: '4.8.2-3',
    asks: 'a code with a challenge needs a valid verifier (MUST)',
    verdict: 'met',
    how: 'It is refused without one.',
    tests: {
      'flows/rfc7636_pkce.test.ts': [
        'no downgrade: a code with a challenge needs its verifier, whatever else protects it (RFC 9700 §4.8.2)',
      ],
    },
  },
  {
    id: '4.8.2-4',
    asks: 'a verifier for a code without a challenge is refused (MUST)',
    verdict: 'met',
    how: 'It is.',
    tests: {
      'flows/rfc7636_pkce.test.ts': [
        'no downgrade: a code without a challenge is refused with a verifier (RFC 9700 §4.8.2)',
      ],
    },
  },
  {
    id: '4.9.3-1',
    asks: 'sender-constrained access tokens stop replays at other resource servers (SHOULD)',
    verdict: 'by setting',
    how: 'By the profile fapi2, or for clients with dpop_bound_access_tokens or tls_client_certificate_bound_access_tokens.',
    tests: {
      'security/admin_api_tokens.test.ts': ['is no bearer token, and its copy without the key is useless'],
      'flows/rfc9449_dpop.test.ts': ['a bound token is refused without such a proof (RFC 9449 §7.1, §7.2)'],
    },
  },
  {
    id: '4.9.3-2',
    asks: 'audience restriction stops replays at other resource servers (SHOULD)',
    verdict: 'met',
    how: 'A token is for one API, and introspection answers an API for its own tokens alone.',
    tests: {
      'flows/rfc9068_jwt_access_tokens.test.ts': [
        '§4: a token for one resource server is refused by another, and without openid by userinfo',
      ],
      'security/introspection_outside_the_audience.test.ts': [
        'a resource server can introspect access tokens for itself, and no others',
      ],
    },
  },
  {
    id: '4.9.3-3',
    asks: 'a resource server treats access tokens as secrets, and stores and forwards none (MUST)',
    verdict: 'met',
    how: 'Cardea stores hashes of tokens, and logs none. Other APIs have to do the same.',
    tests: {
      'security/database_dump.test.ts': ['no database dump and no log of this run contains a secret that was used'],
      'security/stored_secrets.test.ts': [
        'no column contains a bearer secret, address, name or session id, as text or as bytes',
      ],
    },
  },
];
