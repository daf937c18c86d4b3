import type { Requirement } from './requirement.ts';

/** OWASP ASVS 5.0.0, V8 Authorization and V9 Self-contained Tokens. */
export const ASVS_AUTHORIZATION: readonly Requirement[] = [
  {
    id: 'V8.1.1',
    asks: 'the documentation defines who may use which function and which data',
    verdict: 'met',
    how: 'The page has the permissions, the roles, and the permission of each operation; it is generated from the code.',
    page: 'admin-api.md',
    tests: {
      'platform/documents.test.ts': [
        'ops/docs/admin-api.md has the permissions, roles and routes of the code, and the commands that do the same',
      ],
    },
  },
  {
    id: 'V8.1.2',
    asks: 'the documentation defines who may read and write which fields',
    verdict: 'met',
    how: 'The schema of each operation names its members, personal ones are masked without users:read:pii, and the section says which members need a permission of their own.',
    page: 'security.md#what-operators-may-see-and-change',
    tests: {
      'operations/personal_fields.test.ts': ['every member of an answer whose name is that of personal data says so'],
    },
  },
  {
    id: 'V8.1.3',
    asks: 'the documentation lists the facts about a request that decisions use',
    verdict: 'met',
    how: 'The table has them: known browser, trusted browser, network, age and strength of the sign-in, proof of a key.',
    page: 'security.md#facts-about-a-request-that-decisions-use',
  },
  {
    id: 'V8.1.4',
    asks: 'the documentation says how these facts decide',
    verdict: 'met',
    how: 'The same table says for each fact where it is used and what follows.',
    page: 'security.md#facts-about-a-request-that-decisions-use',
  },
  {
    id: 'V8.2.1',
    asks: 'functions need an explicit permission',
    verdict: 'met',
    how: 'Every operation names its permission, and is refused without the scope in the token and without the permission of the person.',
    tests: {
      'security/admin_routes.test.ts': [
        'every operation of a route names a permission, or says that every caller may run it',
        'every route refuses a token with all scopes but its own',
        'every route refuses a person with all scopes and a role with all permissions but its own',
      ],
      'security/escalation_by_api.test.ts': [
        'no change of a person who may do more is permitted, on any route (Zitadel CVE-2026-27946)',
      ],
    },
  },
  {
    id: 'V8.2.2',
    asks: 'data of one person cannot be reached by another (IDOR, BOLA)',
    verdict: 'met',
    how: 'At /account every statement has the account of the session, and paths below a person reach nothing of others.',
    tests: {
      'security/things_of_others_by_api.test.ts': [
        '… reaches nothing of another person',
        'each route below a person is tried',
      ],
      'flows/account.test.ts': ['a session of another person cannot be ended'],
      'accounts/events.test.ts': ['a person sees only their own events, whose details are sealed'],
      'security/introspection_outside_the_audience.test.ts': [
        'a resource server can introspect access tokens for itself, and no others',
      ],
    },
  },
  {
    id: 'V8.2.3',
    asks: 'fields can be read and written with an explicit permission only (BOPLA)',
    verdict: 'met',
    how: 'Unknown members are refused, members beside a profile need their own permissions, and personal data is masked.',
    tests: {
      'security/mass_assignment_by_api.test.ts': [
        'an unknown member of the body is refused by its name, and nothing is changed (Zitadel CVE-2026-27946)',
      ],
      'security/escalation_by_api.test.ts': ['groups, roles and passwords beside a profile need their own permissions'],
      'operations/full_reads.test.ts': ['… is masked without users:read:pii, and with it in full and in the audit'],
      'security/mass_assignment.test.ts': ['the account’s forms accept only the fields that they show'],
    },
  },
  {
    id: 'V8.2.4',
    asks: 'decisions adapt to the facts of a request, at the start of a session and during it',
    verdict: 'partly',
    how: 'Unknown browsers have their own, stricter count of guesses and are reported to the person; old sign-ins are repeated before changes. Cardea does not judge location, time of day or a change of the network during a session.',
    tests: {
      'security/lockout_of_the_owner.test.ts': [
        'an unknown browser has three guesses in a lock period: the fourth is refused even if it is right',
      ],
      'flows/notices.test.ts': ['a sign-in in a new browser is reported, but not in the first one or in a known one'],
      'flows/second_factor_policy.test.ts': [
        'a trusted browser is not asked for the second factor, for a limited time and for that person',
      ],
    },
  },
  {
    id: 'V8.3.1',
    asks: 'the server enforces what is allowed, not a script in the browser',
    verdict: 'met',
    how: 'Every rule is checked by the server; the pages work without scripts.',
    tests: {
      'security/page_guards.test.ts': ['… sends a browser without a session to sign in, and reads none of its forms'],
      'browser/account.test.ts': ['the account works without JavaScript, except for passkeys'],
    },
  },
  {
    id: 'V8.3.2',
    asks: 'a change of what somebody may do has effect at once',
    verdict: 'met',
    how: 'Roles, scopes, grants, clients and accounts are read as they are now, for JWTs too; a resource server that verifies JWTs by itself notices by introspection or a status list.',
    tests: {
      'security/admin_api_tokens.test.ts': [
        'the person loses a role, is disabled, or the app is no longer of the operator',
        'the client loses a scope, its grant type, or is deleted',
      ],
      'security/rights_during_streams.test.ts': ['an import of a person who loses the role meanwhile'],
      'security/policy_reduced.test.ts': ['are in no token of a refresh, and not in introspection of its access token'],
      'security/ended_everywhere.test.ts': ['… ends opaque tokens and JWTs on the other node'],
      'flows/token_status_list.test.ts': ['every way of ending a token sets its bit, and no other'],
    },
  },
  {
    id: 'V8.3.3',
    asks: 'a service that acts for a person has the rights of the person, not its own',
    verdict: 'met',
    how: 'The admin API takes what the person may do now and what the token has; another service gets the token of the person by exchange, with no more than that one has.',
    tests: {
      'flows/admin_api_tokens.test.ts': [
        'each role permits what its list says, of the scopes of the token',
        'only the code flow serves people: no token in a redirect, none for a device, none by CIBA or an exchange',
      ],
      'flows/rfc8693_token_exchange.test.ts': [
        'a scope that it lacks is invalid_scope, even when the client has it',
        'permission for impersonation does not allow delegation, and the reverse',
      ],
    },
  },
  {
    id: 'V8.4.1',
    asks: 'tenants cannot reach each other',
    verdict: 'not applicable',
    how: 'An installation has one issuer and one set of people. Give each tenant its own installation with its own database.',
  },
  {
    id: 'V8.4.2',
    asks: 'administration has several layers of protection besides the network',
    verdict: 'partly',
    how: 'A call needs a token with the scope, a role that is read at each call, and, where the operator asks for it, two factors and a proof of a key; what reads people in full and every change is in the audit. The security of the operator’s device is not judged.',
    tests: {
      'security/admin_api_tokens.test.ts': [
        'a second factor is required for the app now',
        'the client has to bind its tokens from now on',
        'a person without the permission is refused without a challenge: another token would not help',
      ],
      'flows/admin_api_tokens.test.ts': ['a third-party app gets none for a person, by resource or by scope'],
    },
  },
  {
    id: 'V9.1.1',
    asks: 'tokens are verified by their signature before their content is used',
    verdict: 'met',
    how: 'A JWT that this server or the registered key has not signed is refused at every endpoint that takes one.',
    tests: {
      'security/algorithm_confusion.test.ts': [
        'a token that this server has not signed is not accepted as an access token',
        'a client assertion is verified with the registered key only',
      ],
      'security/admin_api_tokens.test.ts': ['a token without a signature of this server is refused (RFC 8725 §3.1)'],
      'flows/rfc9101_jar.test.ts': [
        'unsigned requests, and those signed by another key than the client’s, are refused (RFC 9101 §6.2, §10.1)',
      ],
    },
  },
  {
    id: 'V9.1.2',
    asks: 'only algorithms of a list are accepted, and never none',
    verdict: 'met',
    how: 'Signatures are asymmetric (RS256, PS256, ES256, EdDSA, less in the profile fapi2); HS256 has no key to work with.',
    tests: {
      'flows/client_authentication.test.ts': [
        'private_key_jwt: only the registered key is accepted; none, HS256 and keys in the header are refused',
      ],
      'security/algorithm_confusion.test.ts': [
        'values from a database dump authenticate no client, not even as the HMAC key of client_secret_jwt',
      ],
      'flows/rfc9449_dpop_proofs.test.ts': ['refuses a proof … (RFC 9449 §4.3)'],
    },
  },
  {
    id: 'V9.1.3',
    asks: 'keys come from configured sources; jku, x5u and jwk in a header name none',
    verdict: 'met',
    how: 'Keys are those of this server, or of the registered jwks or jwks_uri; keys in the header of a token are ignored.',
    tests: {
      'flows/client_authentication.test.ts': [
        'private_key_jwt: only the registered key is accepted; none, HS256 and keys in the header are refused',
      ],
      'security/ssrf.test.ts': ['jwks_uri: … (…) is not fetched, and the response does not tell more'],
      'keys/store.test.ts': ['does not publish a public key that was written into the database'],
    },
  },
  {
    id: 'V9.2.1',
    asks: 'tokens are accepted within their time only',
    verdict: 'met',
    how: 'exp, nbf and iat are verified, and what a client signs for one request may not live long.',
    tests: {
      'flows/rfc7662_introspection.test.ts': ['an expired token is not active'],
      'flows/userinfo_of_api_tokens.test.ts': ['…: userinfo and introspection agree to the second'],
      'security/assertion_replay.test.ts': [
        'refuses an assertion with a long lifetime, tells the reason and stores nothing (RFC 7523 §3)',
      ],
      'flows/rfc9101_jar.test.ts': [
        'a request with a wrong audience, issuer or time is refused (RFC 9101 §4, RFC 7519 §4.1)',
      ],
    },
  },
  {
    id: 'V9.2.2',
    asks: 'a token is accepted for its own purpose only',
    verdict: 'met',
    how: 'Each kind of JWT has a type of its own, and is refused where another is expected.',
    tests: {
      'security/jwt_of_another_kind.test.ts': [
        'every other JWT of this issuer is refused as an access token',
        'an access token of the type JWT is refused as an ID token, also by a client whose id is its audience',
      ],
      'security/token_of_another_flow.test.ts': ['each kind of token is refused where another kind is expected'],
      'flows/id_token_hints.test.ts': [
        'a logout token for the same audience is not accepted as a hint (OpenID Connect Back-Channel Logout §2.4)',
      ],
    },
  },
  {
    id: 'V9.2.3',
    asks: 'a service accepts tokens that are for it only (audience)',
    verdict: 'met',
    how: 'Userinfo, the admin API, and the endpoints that take assertions compare the audience.',
    tests: {
      'flows/rfc9068_jwt_access_tokens.test.ts': [
        '§4: a token for one resource server is refused by another, and without openid by userinfo',
      ],
      'security/admin_routes.test.ts': [
        'every route refuses a token of another audience, an expired one, and copies of bound ones',
      ],
      'flows/rfc7523_assertion_audience.test.ts': [
        '…: no other audience, alone or in a list, as another server could use the assertion here (RFC 7523 §3)',
      ],
    },
  },
  {
    id: 'V9.2.4',
    asks: 'tokens for several audiences that one key signs each name their audience, and nobody can choose another’s',
    verdict: 'met',
    how: 'A token names one resource server, which an operator has registered; no name may be that of Cardea or of the admin API.',
    tests: {
      'flows/rfc9068_jwt_access_tokens.test.ts': [
        '§3: one resource server, the requested one, with its scopes only, besides those for userinfo',
      ],
      'flows/rfc8707_resource_indicators.test.ts': [
        'an unknown resource is invalid_target, at /authorize and at /token (RFC 8707 §2)',
      ],
      'operations/api_resource.test.ts': [
        'none can be named like the issuer, its userinfo endpoint or the admin API, in any spelling',
      ],
    },
  },
];
