import type { Requirement } from './requirement.ts';

/** OWASP ASVS 5.0.0, V10 OAuth and OIDC, sections V10.1 to V10.4. */
export const ASVS_OAUTH: readonly Requirement[] = [
  {
    id: 'V10.1.1',
    asks: 'tokens are sent only to those who need them',
    verdict: 'met',
    how: 'The pages of Cardea use a session cookie and no tokens; an access token goes to the client that redeems the code, and never into a redirect by default.',
    tests: {
      'flows/oidc_core_hybrid_implicit.test.ts': [
        'tokens are never in a query (OAuth 2.0 Multiple Response Types §3.1)',
        'only an app that is registered for a flow can use it (OpenID Connect Dynamic Client Registration §2)',
      ],
      'security/headers.test.ts': ['a page of another site cannot read a response that needs a token'],
    },
  },
  {
    id: 'V10.1.2',
    asks: 'the client accepts a code or an ID token only in the transaction that it began',
    verdict: 'of the app',
    how: 'Cardea returns state and nonce unchanged and binds the code to the challenge; the quick starts use PKCE, and tests run their code.',
    tests: {
      'flows/authorization_response.test.ts': [
        'state is returned unchanged, nonce is in the ID token, iss names the issuer (RFC 9207 §2)',
      ],
      'security/pkce_downgrade.test.ts': [
        'a code with a challenge is not redeemed without a verifier (authorization code injection)',
      ],
      'clients_of_others/openid_client.test.ts': ['openid-client signs in, refreshes and signs out'],
    },
  },
  {
    id: 'V10.2.1',
    asks: 'the client has protection against forged redirects (CSRF), by PKCE or state',
    verdict: 'of the app',
    how: 'Cardea demands PKCE, or a nonce of a confidential client, in its default profile.',
    tests: { 'flows/rfc7636_pkce.test.ts': ['a … client must use PKCE when it sends no nonce (RFC 9700 §2.1.1)'] },
  },
  {
    id: 'V10.2.2',
    asks: 'a client of several servers has protection against mix-up',
    verdict: 'of the app',
    how: 'Every response has iss, which the client compares (RFC 9207).',
    tests: {
      'flows/rfc9207_iss.test.ts': [
        'codes and errors have iss, in every response mode (RFC 9207 §2, §2.1)',
        'discovery announces it (RFC 9207 §3)',
      ],
    },
  },
  {
    id: 'V10.2.3',
    asks: 'the client asks only for the scopes that it needs',
    verdict: 'of the app',
    how: 'It gets no scope that it is not registered for.',
    tests: { 'flows/scopes.test.ts': ['…: a scope that … is invalid_scope, which names it'] },
  },
  {
    id: 'V10.3.1',
    asks: 'a resource server accepts only access tokens that are for it',
    verdict: 'met',
    how: 'The admin API and userinfo compare the audience. Other APIs do it by the lines of resource-servers.md, which are tried in several languages, or by introspection, which answers each API for its own tokens only.',
    page: 'resource-servers.md',
    tests: {
      'security/admin_routes.test.ts': [
        'every route refuses a token of another audience, an expired one, and copies of bound ones',
      ],
      'flows/rfc7662_introspection_of_jwts.test.ts': [
        '/userinfo refuses a token that is not for it (RFC 9068 §4), and the value under which introspection looks one up',
      ],
      'clients_of_others/trials.test.ts': [
        'an API with the lines of ops/docs/resource-servers.md accepts its tokens and no others',
      ],
      'security/introspection_outside_the_audience.test.ts': [
        'a resource server can introspect access tokens for itself, and no others',
      ],
    },
  },
  {
    id: 'V10.3.2',
    asks: 'a resource server decides by the claims of the access token, such as scope and authorization_details',
    verdict: 'met',
    how: 'The admin API permits what both the scopes of the token and the person may do. Tokens for other APIs have scope and authorization_details.',
    tests: {
      'security/admin_routes.test.ts': ['every route refuses a token with all scopes but its own'],
      'flows/claims.test.ts': ['…: its claims and no others (OpenID Connect Core §5.4)'],
      'flows/rfc9396_rar.test.ts': ['contain the consented details, and so do the token response and introspection'],
    },
  },
  {
    id: 'V10.3.3',
    asks: 'people are recognised by claims that nobody else can get, such as iss and sub',
    verdict: 'met',
    how: 'sub is never given to another account, also not after a deletion.',
    tests: {
      'flows/claims.test.ts': ['sub is the same for every client, and unique to one account'],
      'accounts/data_keys.test.ts': ['the ids of destroyed keys are only added'],
      'admin/import.test.ts': ['gives nobody the id of a client as subject (RFC 9068 section 5)'],
    },
  },
  {
    id: 'V10.3.4',
    asks: 'a resource server that needs a strong or recent sign-in verifies acr, amr and auth_time',
    verdict: 'met',
    how: 'The admin API refuses a token of one factor where two are required now. Other APIs find the claims in their tokens.',
    tests: {
      'security/admin_api_tokens.test.ts': ['a second factor is required for the app now'],
      'flows/rfc9068_jwt_access_tokens.test.ts': [
        '§2.2.1: a refreshed token has the details of its original sign-in',
        '§2.2.1: auth_time is the time of the last sign-in, not of the token',
      ],
    },
  },
  {
    id: 'V10.3.5',
    asks: 'a resource server requires sender-constrained access tokens',
    verdict: 'by setting',
    how: 'For apps of the profile fapi2, or with dpop_bound_access_tokens or tls_client_certificate_bound_access_tokens, the admin API and userinfo take bound tokens with a proof alone; by default they take bearer tokens as well.',
    tests: {
      'security/admin_api_tokens.test.ts': [
        'the client has to bind its tokens from now on',
        'is no bearer token, and its copy without the key is useless',
        'is accepted with a proof, and each proof once, on any node',
      ],
      'flows/rfc9449_dpop.test.ts': ['a bound token is refused without such a proof (RFC 9449 §7.1, §7.2)'],
    },
  },
  {
    id: 'V10.4.1',
    asks: 'redirect URIs are compared exactly with those registered for the client',
    verdict: 'met',
    how: 'They are compared as texts; only the port of a loopback redirect is free.',
    tests: {
      'security/redirect_uri.test.ts': [
        'any URI but the registered one gets an error page (response_mode …; RFC 6749 §3.1.2.4)',
        'only the port of a loopback redirect is free, nothing else (RFC 8252 §7.3, Keycloak CVE-2026-7504)',
      ],
      'flows/rfc6749_exact_redirect_uri.test.ts': ['another spelling of a registered URI is not registered'],
    },
  },
  {
    id: 'V10.4.2',
    asks: 'a code is redeemed once, and a second try revokes the tokens of the first',
    verdict: 'met',
    how: 'The database decides for all nodes.',
    tests: {
      'security/code_race.test.ts': [
        'of twenty parallel redemptions of one code on two nodes one succeeds, and its tokens are revoked (CVE-2026-47386)',
        'a second redemption on another node is refused and revokes the tokens of the first',
      ],
      'conformance/basic.test.ts': [
        'a second redemption of a code is invalid_grant and revokes the token of the first (RFC 6749 §4.1.2)',
      ],
    },
  },
  {
    id: 'V10.4.3',
    asks: 'a code lives ten minutes at most, for level 3 one minute',
    verdict: 'met',
    how: 'One minute by default, and never more in the profile fapi2.',
    tests: { 'conformance/basic.test.ts': ['a code expires after a minute (RFC 6749 §4.1.2)'] },
  },
  {
    id: 'V10.4.4',
    asks: 'a client uses the grants that it needs only, and never token or password',
    verdict: 'met',
    how: 'Clients are registered for grant types. The grant password does not exist, and response types with an access token exist in the profile oidc alone, for apps that are registered for them.',
    tests: {
      'flows/golden.test.ts': ['error bodies of /token (RFC 6749 §5.2)'],
      'flows/oidc_core_hybrid_implicit.test.ts': [
        'only an app that is registered for a flow can use it (OpenID Connect Dynamic Client Registration §2)',
        'token alone and unknown response types are refused',
      ],
      'flows/authorization_response.test.ts': [
        'an error in a request is reported to its client by code (RFC 6749 §4.1.2.1)',
      ],
      'flows/refresh.test.ts': ['a client without the grant type gets no refresh token'],
    },
  },
  {
    id: 'V10.4.5',
    asks: 'replayed refresh tokens of public clients are noticed, by rotation or by a proof of a key',
    verdict: 'met',
    how: 'Refresh tokens are replaced at each use, and a replay revokes the grant; with DPoP or a certificate they are bound to the key.',
    tests: {
      'flows/refresh.test.ts': [
        "a … client's refresh token is rotated at every use (RFC 9700 §4.14.2)",
        'reuse of a refresh token revokes the grant with all of its tokens (RFC 9700 §4.14.2)',
      ],
      'security/refresh_replay_after_window.test.ts': [
        'a replay after ten seconds revokes its grant and no other (RFC 9700 §4.14.2)',
      ],
      'flows/rfc9449_dpop.test.ts': ['a public client can refresh only with the key of the first proof (RFC 9449 §5)'],
    },
  },
  {
    id: 'V10.4.6',
    asks: 'codes need PKCE with a challenge that is not plain, and the verifier is checked',
    verdict: 'by setting',
    how: 'Public clients always need it. A confidential client may send a nonce instead (RFC 9700 §2.1.1) unless it has pkce required or the profile fapi2. The method plain does not exist.',
    tests: {
      'flows/rfc7636_pkce.test.ts': [
        'a … client must use PKCE when it sends no nonce (RFC 9700 §2.1.1)',
        'a … client must send the right verifier (RFC 7636 §4.6)',
        'the method plain is refused, and so is a challenge without a method, whose default is plain (RFC 7636 §4.3)',
        'fapi2: PKCE is needed, whatever the nonce (FAPI 2.0 Security Profile §5.3.2.2)',
      ],
      'flows/profiles.test.ts': ['oidc: the operator can require PKCE of one app'],
    },
  },
  {
    id: 'V10.4.7',
    asks: 'unauthenticated registration is protected against malicious clients: URIs are checked, people are asked and warned',
    verdict: 'met',
    how: 'It is off by default. When it is open, metadata is checked, a consent that shows where the answer goes is always asked for, the host is shown in place of the name, and errors are shown on a page instead of a redirect.',
    tests: {
      'flows/rfc7591_registration.test.ts': [
        'is refused without an initial access token, by default (§3)',
        'names the field of … (§3.2.2)',
        'allows only the hosts, grants and scopes of its policy',
      ],
      'flows/rfc7591_registration_of_agents.test.ts': [
        'lets the pages show where the answer goes: a website, or an app on the device (RFC 8252 §8.6)',
      ],
      'security/open_redirect_self_described.test.ts': [
        '…: no redirect without a consent, even when the person is signed in or refuses',
      ],
    },
  },
  {
    id: 'V10.4.8',
    asks: 'refresh tokens end at a fixed time, also when they are used',
    verdict: 'met',
    how: 'A chain ends after CARDEA_REFRESH_TOKEN_TTL, and with the session unless there is offline access.',
    tests: {
      'flows/refresh.test.ts': [
        'an unused refresh token ends after the idle time, a used chain after the absolute lifetime',
        'each rotation restarts the idle time, up to the absolute lifetime',
      ],
    },
  },
  {
    id: 'V10.4.9',
    asks: 'people can revoke refresh tokens and access tokens on a page',
    verdict: 'met',
    how: 'At /account/apps, by app.',
    tests: {
      'flows/account.test.ts': ['are listed with their permissions, without Cardea’s own pages, and lose their access'],
      'security/ended_everywhere.test.ts': ['… ends opaque tokens and JWTs on the other node'],
    },
  },
  {
    id: 'V10.4.10',
    asks: 'confidential clients authenticate at every endpoint that they call',
    verdict: 'met',
    how: 'That is so for tokens, pushed requests, revocation, introspection, devices and CIBA.',
    tests: {
      'flows/client_authentication.test.ts': [
        'a confidential client must authenticate, a public one must not',
        'a client must use the method that it is registered with',
      ],
      'flows/rfc9126_par.test.ts': ['the client authenticates as at the token endpoint (RFC 9126 §2)'],
      'flows/rfc7009_revocation.test.ts': ['client authentication is required'],
      'flows/openid_ciba_requests.test.ts': ['requires a client that is registered for it and authenticates (§7.1)'],
    },
  },
  {
    id: 'V10.4.11',
    asks: 'clients are given the scopes that they need only',
    verdict: 'of the operator',
    how: 'A client has the scopes that it is registered for, at Cardea and at each API. The operator decides which; clients that registered themselves get those that their policy allows.',
    tests: {
      'security/scope_wider_than_granted.test.ts': ['client credentials …', 'a code, its refresh and its exchange'],
      'flows/rfc8707_resource_indicators.test.ts': [
        'a client gets no scope beyond its registered one from any resource server',
      ],
    },
  },
  {
    id: 'V10.4.12',
    asks: 'a client uses the response_mode that it needs only, for example by pushed or signed requests',
    verdict: 'by setting',
    how: 'With require_pushed_authorization_requests, require_signed_request_object or the profile fapi2, the request comes from the client alone. There is no list of response modes by client.',
    tests: {
      'flows/rfc9126_par.test.ts': [
        'a client that must push is refused at /authorize (RFC 9126 §6)',
        'parameters next to the request_uri are ignored (RFC 9126 §4, RFC 9101 §6.3)',
      ],
      'flows/rfc9101_jar.test.ts': [
        'a client that is registered to sign must sign, with its algorithm (RFC 9101 §10.5)',
      ],
    },
  },
  {
    id: 'V10.4.13',
    asks: 'codes always come from pushed requests (PAR)',
    verdict: 'by setting',
    how: 'CARDEA_PROFILE=fapi2 demands it of all apps, the profile or metadata of an app of that app.',
    tests: {
      'flows/rfc9126_par.test.ts': ['a client that must push is refused at /authorize (RFC 9126 §6)'],
      'flows/profiles.test.ts': [
        'an app of profile fapi2 on another server: pushed requests, sender-constrained tokens, no RS256',
      ],
    },
  },
  {
    id: 'V10.4.14',
    asks: 'only sender-constrained access tokens are issued',
    verdict: 'by setting',
    how: 'CARDEA_PROFILE=fapi2, or the profile fapi2 of an app.',
    tests: {
      'flows/profiles.test.ts': ['fapi2: no token is issued without proof of a key (FAPI 2.0 §5.3.2.1)'],
      'flows/rfc9449_dpop.test.ts': [
        'a client with dpop_bound_access_tokens gets nothing without a proof (RFC 9449 §5.2)',
      ],
    },
  },
  {
    id: 'V10.4.15',
    asks: 'authorization_details of a server-side client come from the client, and nobody has changed them',
    verdict: 'by setting',
    how: 'They can be pushed or signed, and an app that must push or sign cannot send them otherwise. The person sees each of them in any case.',
    tests: {
      'flows/rfc9396_rar.test.ts': [
        'they can be pushed (RFC 9126), and are refused there in the same way',
        'each detail is shown with its own sentence, and with members that the sentence does not contain',
        'details in the consent form are ignored',
      ],
      'flows/rfc9126_par.test.ts': ['a client that must push is refused at /authorize (RFC 9126 §6)'],
    },
  },
  {
    id: 'V10.4.16',
    asks: 'clients are confidential and authenticate by a key or a certificate',
    verdict: 'by setting',
    how: 'In the profile fapi2 clients authenticate by private_key_jwt or mutual TLS alone.',
    tests: {
      'flows/profiles.test.ts': [
        'fapi2: assertions need the issuer as audience and a strong algorithm (FAPI 2.0 §5.3.2.1, §5.4.1)',
        'fapi2: openid-client completes the flow with pushed requests, private_key_jwt and DPoP (FAPI 2.0 §5.3.2)',
      ],
      'flows/rfc8705_mtls.test.ts': [
        'a client library authenticates by its certificate, and its token is bound (RFC 8705 §2.1, §3)',
      ],
      'security/assertion_replay.test.ts': [
        'accepts one of twenty parallel requests with the same assertion on two nodes',
      ],
    },
  },
];
