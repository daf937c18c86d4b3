import type { Threat } from './requirement.ts';
import { THREATS_INSIDE } from './threats_inside.ts';

/** In the order of ops/docs/security.md: by the way in. */
export const THREATS: readonly Threat[] = [
  {
    id: 'guessing',
    actor: 'stranger',
    threat: 'guesses passwords or codes, from many addresses, spellings and at once',
    stoppedBy:
      'Three wrong guesses per account and lock period, counted before they are verified; failures are limited by address too.',
    tests: {
      'security/lockout_over_nodes.test.ts': [
        'of 30 parallel guesses on two nodes three are verified, and the right one among the others is refused',
      ],
      'security/lockout_aliasing.test.ts': [
        'case, Unicode form, white space, e-mail address and username are counted together',
      ],
      'security/second_factor_guesses.test.ts': [
        'a right answer of one kind, and new recovery codes, give no further guess of another kind',
      ],
    },
  },
  {
    id: 'lock-out',
    actor: 'stranger',
    threat: 'locks people out by wrong guesses',
    stoppedBy: 'Browsers that a person has used have their own count.',
    tests: {
      'security/lockout_of_the_owner.test.ts': [
        '… wrong passwords from as many addresses never stop the owner on a known browser',
      ],
    },
  },
  {
    id: 'enumeration',
    actor: 'stranger',
    threat: 'finds out who has an account',
    stoppedBy: 'Content, statements and time of all answers are the same.',
    tests: {
      'security/enumeration_by_answer.test.ts': [
        'the response is the same, byte by byte, for an unknown, locked, disabled or passwordless account and a wrong password',
      ],
      'performance/enumeration_by_time.test.ts': [
        '…: unknown, locked, disabled, passwordless and existing take the same time',
      ],
    },
  },
  {
    id: 'second-factor',
    actor: 'knows the password',
    threat: 'signs in without the second factor, or replaces it',
    stoppedBy:
      'There is no session before it, no step can be left out, and factors are changed after a sign-in with all of them only. The owner gets a mail.',
    tests: {
      'security/mfa_skipped.test.ts': ['a person with a second factor has to use it, for an app of …'],
      'security/session_before_mfa.test.ts': [
        'the password alone gives no session, no code, no device, and no state that could be resumed',
      ],
      'security/factor_removed_without_step_up.test.ts': ['cannot be changed in a session with the password only'],
    },
  },
  {
    id: 'reset',
    actor: 'reads the mailbox',
    threat: 'takes over an account by a mailed link',
    stoppedBy:
      'A link sets a password, once and for half an hour; it signs nobody in and replaces no second factor. Who reads the mailbox of somebody without a second factor can take over the account.',
    tests: {
      'security/mailed_proof.test.ts': [
        'a reset link works in any browser, names the account, gives no session and replaces no second factor',
      ],
      'security/reset_token_reuse.test.ts': [
        'of many parallel uses of a link on two nodes one sets the password; the others find the link used',
      ],
    },
  },
  {
    id: 'session-fixation',
    actor: 'other site, or user of the same browser',
    threat: 'plants a session, a visit or a device cookie',
    stoppedBy: 'Cookies are signed, and every sign-in makes a new identifier.',
    tests: {
      'flows/sessions.test.ts': ['the session id changes at sign-in: a planted one is worthless (session fixation)'],
      'security/planted_cookie.test.ts': [
        'with an invented value is not accepted at a sign-in: the server sets a new value',
      ],
    },
  },
  {
    id: 'forged-form',
    actor: 'other site',
    threat: 'sends forms in the name of a person (CSRF), or frames a page (clickjacking)',
    stoppedBy: 'Forms need the token of their visit or session, and no page can be framed.',
    tests: {
      'security/form_forgery.test.ts': [
        'the password and the consent form need the token of their own visit',
        'a form that the browser marks as sent from another site is refused (Fetch Metadata)',
      ],
      'security/account_csrf.test.ts': [
        '… refuses a form without a token, with the token of another session or person, or from another site',
      ],
      'security/headers.test.ts': [
        'security headers are on every step of a sign-in and on every error, with an … issuer',
      ],
    },
  },
  {
    id: 'script',
    actor: 'stranger, app, person',
    threat: 'gets a script or markup into a page or a mail',
    stoppedBy:
      'Templates escape every value and do not compile otherwise; the Content-Security-Policy allows own scripts only.',
    tests: {
      'security/xss_error_fields.test.ts': [
        'in a browser without the CSP no value runs as script or becomes an element',
        'names and addresses of apps, scopes and people, from the first page to the last',
      ],
      'views/templates.test.ts': [
        'a template with an unescaped value, an unquoted attribute or a URL without the path does not compile',
      ],
    },
  },
  {
    id: 'redirect',
    actor: 'stranger, app',
    threat: 'sends codes or people to another address',
    stoppedBy:
      'Redirect URIs are compared exactly, and apps that registered themselves get no redirect before a consent.',
    tests: {
      'security/redirect_uri.test.ts': [
        'any URI but the registered one gets an error page (response_mode …; RFC 6749 §3.1.2.4)',
      ],
      'security/open_redirect_self_described.test.ts': [
        '…: no redirect without a consent, even when the person is signed in or refuses',
      ],
    },
  },
  {
    id: 'stolen-code',
    actor: 'reads a redirect',
    threat: 'redeems or injects a code',
    stoppedBy: 'A code is bound to a challenge or a nonce, works once and for a minute.',
    tests: {
      'security/pkce_downgrade.test.ts': [
        'a code with a challenge is not redeemed without a verifier (authorization code injection)',
      ],
      'security/code_race.test.ts': [
        'of twenty parallel redemptions of one code on two nodes one succeeds, and its tokens are revoked (CVE-2026-47386)',
      ],
    },
  },
  {
    id: 'stolen-refresh-token',
    actor: 'has a copy of a token',
    threat: 'uses a refresh token beside its owner',
    stoppedBy: 'Each use replaces it, and a replay ends the grant for both.',
    tests: {
      'security/refresh_replay_after_window.test.ts': [
        'a replay after ten seconds revokes its grant and no other (RFC 9700 §4.14.2)',
        'a thief and an owner get the same tokens, until one uses them and the other presents the old token again',
      ],
    },
  },
  {
    id: 'stolen-access-token',
    actor: 'has a copy of a token',
    threat: 'uses an access token elsewhere, or for longer',
    stoppedBy:
      'It is for one API, ends at once when anything that it depends on ends, and can be bound to a key. An unbound token can be used by its thief at its API until it ends.',
    tests: {
      'flows/rfc9068_jwt_access_tokens.test.ts': [
        '§4: a token for one resource server is refused by another, and without openid by userinfo',
      ],
      'security/ended_everywhere.test.ts': ['… ends opaque tokens and JWTs on the other node'],
      'security/admin_api_tokens.test.ts': ['is no bearer token, and its copy without the key is useless'],
    },
  },
  {
    id: 'token-confusion',
    actor: 'app',
    threat: 'presents one kind of token as another, or one that is signed by a key of its own',
    stoppedBy: 'Types, audiences, algorithms and keys are verified.',
    tests: {
      'security/jwt_of_another_kind.test.ts': ['every other JWT of this issuer is refused as an access token'],
      'security/algorithm_confusion.test.ts': [
        'a token that this server has not signed is not accepted as an access token',
      ],
    },
  },
  {
    id: 'greedy-app',
    actor: 'app',
    threat: 'gets more than the person allowed or the operator permits',
    stoppedBy:
      'Scopes, resources, claims and details are compared with the grant and the policy of now whenever something is issued or read.',
    tests: {
      'security/scope_wider_than_granted.test.ts': ['client credentials …', 'a code, its refresh and its exchange'],
      'security/policy_reduced.test.ts': ['are in no token of a refresh, and not in introspection of its access token'],
    },
  },
  {
    id: 'device-phishing',
    actor: 'stranger, app',
    threat: 'makes a person approve the attacker’s device or request',
    stoppedBy:
      'The page shows the app, the place and the code, and nothing is approved without a click behind a sign-in. Somebody who is persuaded to compare and to click can be deceived.',
    tests: {
      'security/device_approval.test.ts': [
        'no URL approves: neither with the code nor with the names of the buttons',
        'a form of another session approves nothing, even when a person is signed in',
      ],
      'flows/rfc8628_device_flow.test.ts': [
        'the page shows the app, the place of the device, and the code to compare (§3.3.1, §5.4)',
      ],
    },
  },
  {
    id: 'registration',
    actor: 'stranger',
    threat: 'registers apps that look like others, or very many',
    stoppedBy:
      'Registration needs a token by default; people see the host in place of the name, and unused clients are counted and removed.',
    tests: {
      'flows/rfc7591_registration.test.ts': ['is refused without an initial access token, by default (§3)'],
      'security/registration_quota.test.ts': [
        '10,000 from one network leave a hundred, the latest ones, and one that has a live grant',
      ],
      'flows/oauth_client_id_metadata_document.test.ts': [
        'is shown on the consent page by its host, not by the name in its document',
      ],
    },
  },
  {
    id: 'ssrf',
    actor: 'app, operator',
    threat: 'makes the server request private addresses (SSRF)',
    stoppedBy:
      'URLs are fetched from public addresses only, after the name was resolved once, without redirects, and limited in size and time.',
    tests: {
      'platform/outbound.test.ts': [
        '… is not connected to (RFC 6890)',
        'DNS rebinding: a name is resolved once, and the connection goes to that address',
      ],
      'security/ssrf.test.ts': ['jwks_uri: … (…) is not fetched, and the response does not tell more'],
    },
  },
  {
    id: 'host-header',
    actor: 'stranger',
    threat: 'chooses URLs in pages, mails and tokens by Host or X-Forwarded-*',
    stoppedBy: 'All URLs are made from the issuer.',
    tests: {
      'security/host_poisoning.test.ts': [
        'documents and pages never name another host (…)',
        'tokens name the issuer (…)',
      ],
      'security/mail_link_host_poisoning.test.ts': ['…: the link in the mail points to the issuer (…)'],
    },
  },
  {
    id: 'forwarded-address',
    actor: 'stranger',
    threat: 'pretends another address or certificate by a header',
    stoppedBy: 'Such headers count from the addresses of CARDEA_TRUSTED_PROXIES only.',
    tests: {
      'security/forwarded_for.test.ts': ['without a trusted proxy the forwarded address is ignored'],
      'security/client_certificate_header.test.ts': ['ignores the same header, …, from any other address'],
    },
  },
  {
    id: 'flood',
    actor: 'stranger',
    threat: 'uses up memory, storage, hashing or connections',
    stoppedBy: 'Everything that a stranger can cause is bounded by address, network and in all.',
    tests: {
      'security/flood_of_strangers.test.ts': ['stays within the bounds, and sign-ins of others go on'],
      'security/hashing_share.test.ts': [
        '80 parallel wrong passwords from one address do not delay others, and refused ones count as failures',
      ],
      'security/unauthenticated_growth.test.ts': [
        'a network that stores much loses its own records, and the first of another network stays',
      ],
    },
  },
  {
    id: 'mail-flood',
    actor: 'stranger',
    threat: 'fills the mailbox of somebody else, or writes to them',
    stoppedBy: 'Mails are limited by recipient, cause and in all, and have no text of who causes them.',
    tests: {
      'security/mail_to_third_parties.test.ts': [
        'requested forty times sends a stranger three mails, which contain no text of the requester',
      ],
    },
  },
  {
    id: 'odd-input',
    actor: 'stranger',
    threat: 'causes an error of the server, or reads internals in one, by odd input',
    stoppedBy: 'Errors have one form, and generated requests look for others in every run.',
    tests: {
      'security/fuzz.test.ts': [
        '… generated requests cause no 5xx but 503 of a missing dependency, no error in the log, no slow response, no lasting memory (TEST_FUZZ_SEED=…)',
      ],
      'security/hostile_input.test.ts': ['… survives any query and any form'],
    },
  },
  ...THREATS_INSIDE,
];
