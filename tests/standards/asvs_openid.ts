import type { Requirement } from './requirement.ts';

/** OWASP ASVS 5.0.0, V10 OAuth and OIDC, sections V10.5 to V10.7. */
export const ASVS_OPENID: readonly Requirement[] = [
  {
    id: 'V10.5.1',
    asks: 'the client refuses a replayed ID token, by its nonce',
    verdict: 'of the app',
    how: 'Cardea returns the nonce unchanged.',
    tests: {
      'flows/authorization_response.test.ts': [
        'state is returned unchanged, nonce is in the ID token, iss names the issuer (RFC 9207 §2)',
      ],
    },
  },
  {
    id: 'V10.5.2',
    asks: 'the client recognises people by a claim that nobody else can get, such as sub',
    verdict: 'of the app',
    how: 'sub stays with one account for ever.',
    tests: { 'flows/claims.test.ts': ['sub is the same for every client, and unique to one account'] },
  },
  {
    id: 'V10.5.3',
    asks: 'the client compares the issuer in the metadata with the one that it expects',
    verdict: 'of the app',
    how: 'The metadata names exactly the issuer, whatever host a request names.',
    tests: {
      'security/host_poisoning.test.ts': ['documents and pages never name another host (…)'],
      'flows/golden.test.ts': ['…: discovery at … (OpenID Connect Discovery §3, RFC 8414 §2)'],
    },
  },
  {
    id: 'V10.5.4',
    asks: 'the client compares the audience of an ID token with its client_id',
    verdict: 'of the app',
    how: 'An ID token has the client_id as its audience.',
    tests: {
      'flows/claims.test.ts': [
        'an ID token contains subject, audience, expiry, details of the sign-in and the claims of its scopes (OpenID Connect Core §2)',
      ],
    },
  },
  {
    id: 'V10.5.5',
    asks: 'the client verifies type, event and lifetime of logout tokens',
    verdict: 'of the app',
    how: 'Logout tokens have the type logout+jwt, the event, no nonce, and live for two minutes.',
    tests: {
      'flows/oidc_backchannel_logout.test.ts': [
        'is sent by POST as a form, signed, valid for two minutes, with exactly the required claims (§2.4, §2.5)',
      ],
    },
  },
  {
    id: 'V10.6.1',
    asks: 'only the response types code, id_token and code id_token, or CIBA, are possible, and never token',
    verdict: 'met',
    how: 'Only code by default. The profile oidc, which the certification of OpenID needs, also allows response types with an access token, for apps that an operator registers for them.',
    tests: {
      'flows/authorization_response.test.ts': [
        'an error in a request is reported to its client by code (RFC 6749 §4.1.2.1)',
      ],
      'flows/profiles.test.ts': [
        'an app that was registered before the server became stricter: forbidden requests are refused',
      ],
      'flows/golden.test.ts': ['…: discovery at … (OpenID Connect Discovery §3, RFC 8414 §2)'],
    },
  },
  {
    id: 'V10.6.2',
    asks: 'nobody is signed out by another site',
    verdict: 'met',
    how: 'A sign-out needs an ID token of the person who is signed in, or their confirmation.',
    tests: {
      'flows/oidc_rp_initiated_logout_hint.test.ts': [
        'no hint asks, with client_id or without, as any site can send a browser here',
        'a forged hint, one of another app, and an unregistered URI end nothing',
      ],
      'flows/logout.test.ts': [
        'another site cannot sign a person out: the confirmation needs the secret of this browser (CSRF)',
      ],
    },
  },
  {
    id: 'V10.7.1',
    asks: 'the person consents to each request, and always when the identity of the client is not sure',
    verdict: 'partly',
    how: 'The first request of a session is asked about, each new permission too, and every request of a native client. Later requests of the same session for what was allowed are not, and neither are those of apps that the operator registered as first-party.',
    tests: {
      'flows/prompts.test.ts': [
        'consent is remembered in the session, for the allowed scopes and for that client only',
        'a native client is asked each time, since any app can impersonate it (RFC 8252 §8.6)',
      ],
      'security/mass_assignment.test.ts': [
        'consent is stored for the scopes that were shown; another scope is asked for again (authentik CVE-2024-52287)',
      ],
      'flows/rfc9396_rar.test.ts': ['a person is asked each time, also by a first-party app, and may refuse'],
    },
  },
  {
    id: 'V10.7.2',
    asks: 'the question says who asks, for what, and for how long',
    verdict: 'partly',
    how: 'It names the app, or the host of one that registered itself, each scope in words, each API, and each authorization detail. It does not say how long the access lasts.',
    tests: {
      'flows/rfc8707_resource_indicators.test.ts': ['consent names each resource server and is asked for each'],
      'flows/rfc9396_rar.test.ts': [
        'each detail is shown with its own sentence, and with members that the sentence does not contain',
      ],
      'flows/oauth_client_id_metadata_document.test.ts': [
        'is shown on the consent page by its host, not by the name in its document',
      ],
      'browser/sign_in.test.ts': ['signs in with the keyboard alone, and consents to permissions in plain words'],
    },
  },
  {
    id: 'V10.7.3',
    asks: 'people can see, change and withdraw what they have allowed',
    verdict: 'partly',
    how: 'They see it at /account/apps, with each permission, and withdraw it by app. A single permission cannot be taken away: the person withdraws all and allows less the next time, if the app asks for less.',
    tests: {
      'flows/account.test.ts': ['are listed with their permissions, without Cardea’s own pages, and lose their access'],
      'browser/account.test.ts': ['apps are listed with their permissions, and one loses its access'],
    },
  },
];
