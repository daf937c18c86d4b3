import type { Requirement } from './requirement.ts';

/** RFC 9700, sections 2.2 to 2.6: Best Practices. */
export const RFC9700_TOKENS: readonly Requirement[] = [
  {
    id: '2.2.1-1',
    asks: 'access tokens are sender-constrained by mutual TLS or DPoP (SHOULD)',
    verdict: 'by setting',
    how: 'Both are there for every client that uses them, and demanded by the profile fapi2 or by metadata of the client; by default tokens are bearer tokens.',
    tests: {
      'flows/profiles.test.ts': ['fapi2: no token is issued without proof of a key (FAPI 2.0 §5.3.2.1)'],
      'flows/rfc9449_dpop.test.ts': [
        'a client library gets bound tokens and uses them, with nonces (RFC 9449 §5, §7, §8)',
        'a client with dpop_bound_access_tokens gets nothing without a proof (RFC 9449 §5.2)',
      ],
      'flows/rfc8705_mtls.test.ts': [
        'a bound token works only with its certificate, and so does a public client’s refresh token (RFC 8705 §3, §4)',
      ],
    },
  },
  {
    id: '2.2.2-1',
    asks: 'refresh tokens of public clients are sender-constrained or rotated (MUST)',
    verdict: 'met',
    how: 'They are rotated, and bound to the key where the client proves one.',
    tests: {
      'flows/refresh.test.ts': ["a … client's refresh token is rotated at every use (RFC 9700 §4.14.2)"],
      'flows/rfc9449_dpop.test.ts': ['a public client can refresh only with the key of the first proof (RFC 9449 §5)'],
    },
  },
  {
    id: '2.3-1',
    asks: 'access tokens have the least privileges that the app needs (SHOULD)',
    verdict: 'met',
    how: 'A token has what the client is registered for, asked for and was granted, and no more than the policy allows now.',
    tests: {
      'security/scope_wider_than_granted.test.ts': [
        'client credentials …',
        'the device grant …',
        'a code, its refresh and its exchange',
      ],
      'security/policy_reduced.test.ts': ['are in no token of a refresh, and not in introspection of its access token'],
    },
  },
  {
    id: '2.3-2',
    asks: 'access tokens are for one resource server (SHOULD)',
    verdict: 'met',
    how: 'A token is for one API, the requested one, or for userinfo alone; with openid a token for an API is for userinfo too.',
    tests: {
      'flows/rfc9068_jwt_access_tokens.test.ts': [
        '§3: one resource server, the requested one, with its scopes only, besides those for userinfo',
      ],
      'flows/rfc8707_resource_indicators.test.ts': [
        'one code for several resources: one access token for one at a time, besides userinfo',
      ],
    },
  },
  {
    id: '2.3-3',
    asks: 'a resource server refuses tokens that are not for it (MUST)',
    verdict: 'met',
    how: 'Userinfo and the admin API do. APIs of others have lines for it, which are tried.',
    tests: {
      'flows/rfc9068_jwt_access_tokens.test.ts': [
        '§4: a token for one resource server is refused by another, and without openid by userinfo',
      ],
      'clients_of_others/trials.test.ts': [
        'an API with the lines of ops/docs/resource-servers.md accepts its tokens and no others',
      ],
    },
  },
  {
    id: '2.3-4',
    asks: 'access tokens are for certain resources and actions (SHOULD)',
    verdict: 'met',
    how: 'By scope, and by authorization_details (RFC 9396).',
    tests: {
      'flows/rfc9396_rar.test.ts': [
        'each resource server gets the details that are for it (§2.2)',
        'a token may have fewer details, never others (§6.1)',
      ],
      'security/admin_routes.test.ts': ['every route refuses a token with all scopes but its own'],
    },
  },
  {
    id: '2.4-1',
    asks: 'the grant with the password of the person is not used (MUST NOT)',
    verdict: 'met',
    how: 'It does not exist.',
    tests: { 'flows/golden.test.ts': ['error bodies of /token (RFC 6749 §5.2)'] },
  },
  {
    id: '2.5-1',
    asks: 'the server demands client authentication where that is feasible (SHOULD)',
    verdict: 'met',
    how: 'A client with a secret, a key or a certificate has to use it, and clients are confidential unless they are created as public.',
    tests: {
      'flows/client_authentication.test.ts': [
        'a confidential client must authenticate, a public one must not',
        'a client must use the method that it is registered with',
      ],
    },
  },
  {
    id: '2.5-2',
    asks: 'clients authenticate by asymmetric keys (RECOMMENDED)',
    verdict: 'by setting',
    how: 'private_key_jwt and mutual TLS are there, and the profile fapi2 takes nothing else. Secrets are stored as a hash.',
    tests: {
      'flows/client_authentication.test.ts': [
        'private_key_jwt: a fresh assertion for the issuer is accepted, with or without client_id (RFC 7523 §3)',
      ],
      'flows/rfc8705_mtls.test.ts': [
        'a client library authenticates by its certificate, and its token is bound (RFC 8705 §2.1, §3)',
      ],
      'security/stored_secrets.test.ts': ['a client secret is stored only as its SHA-256 (plaintext client secrets)'],
    },
  },
  {
    id: '2.6-1',
    asks: 'the server publishes metadata, RFC 8414 (RECOMMENDED)',
    verdict: 'met',
    how: 'At both well-known locations.',
    tests: {
      'flows/golden.test.ts': [
        '…: discovery at … (OpenID Connect Discovery §3, RFC 8414 §2)',
        'discovery names existing endpoints: none answers 404',
      ],
    },
  },
  {
    id: '2.6-2',
    asks: 'clients configure themselves by the metadata (RECOMMENDED)',
    verdict: 'of the app',
    how: 'The quick starts do.',
    tests: { 'clients_of_others/openid_client.test.ts': ['openid-client signs in, refreshes and signs out'] },
  },
  {
    id: '2.6-3',
    asks: 'clients cannot choose a client_id or claim that could be taken for a person (SHOULD NOT)',
    verdict: 'met',
    how: 'A client_id that could be the sub of a person is refused, and nobody gets the id of a client as sub.',
    tests: {
      'security/escalation_by_client.test.ts': [
        'a client cannot be named so that its tokens look like those of a person (RFC 9068 §5)',
      ],
      'admin/import.test.ts': ['gives nobody the id of a client as subject (RFC 9068 section 5)'],
    },
  },
  {
    id: '2.6-4',
    asks: 'there is TLS from the client to the resource server (RECOMMENDED)',
    verdict: 'of the operator',
    how: 'Cardea serves TLS itself, or behind a proxy; a public issuer without https does not start.',
    tests: {
      'platform/config_conflicts.test.ts': ['refuses an http issuer that is not loopback'],
      'flows/rfc8705_mtls.test.ts': ['TLS 1.2 only with the cipher suites of RFC 9325 §4.2 (FAPI 2.0 §5.2.1)'],
    },
  },
  {
    id: '2.6-5',
    asks: 'authorization responses do not travel unencrypted (MUST NOT)',
    verdict: 'met',
    how: 'A public issuer needs https, and so do redirect URIs.',
    tests: {
      'platform/config_conflicts.test.ts': ['refuses an http issuer that is not loopback'],
      'clients/uris.test.ts': ['may not be …'],
    },
  },
  {
    id: '2.6-6',
    asks: 'no redirect URI has the scheme http, except for loopback of native clients (MUST NOT)',
    verdict: 'met',
    how: 'Such a URI cannot be registered.',
    tests: { 'clients/uris.test.ts': ['may not be …', 'may be …, unchanged'] },
  },
  {
    id: '2.6-7',
    asks: 'where a response is sent by postMessage, both sides are verified (MUST)',
    verdict: 'not applicable',
    how: 'There is no response mode that sends messages between windows.',
  },
  {
    id: '2.6-8',
    asks: 'scripts cannot read the authorization endpoint, CORS (MUST NOT)',
    verdict: 'met',
    how: 'Pages have no header of CORS.',
    tests: {
      'flows/cors.test.ts': ['pages cannot be read by scripts of other origins'],
      'security/headers.test.ts': ['only the public documents may be cached, and read by other origins'],
    },
  },
];
