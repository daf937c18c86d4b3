/** What to do about errors with these texts, where `…` is a value. */
export interface Advice {
  readonly said: readonly string[];
  /** The usual cause, and what to do: sentences. */
  readonly remedy: string;
}

/** By the `error` of OAuth that the texts come with. */
export type Advices = Readonly<Record<string, readonly Advice[]>>;

/** Authorization requests and sign-ins: what a developer of an app sees in redirects and on pages. */
export const OF_REQUESTS: Advices = {
  invalid_request: [
    {
      said: ["redirect_uri did not match any of the client's registered redirect_uris"],
      remedy: 'Of `/par`; on the page of `/authorize` it is `invalid_redirect_uri`, which says what to do.',
    },
    {
      said: ['request is invalid'],
      remedy:
        'The request has a form that nothing else describes. The log has a line “refused” with the same request id.',
    },
    {
      said: [
        'PKCE is missing: switch it on in the client (code_challenge with S256, RFC 7636)',
        'PKCE is missing: switch it on in the client (code_challenge with S256); or send a nonce with the scope openid; or the operator runs: cardea clients update ID --pkce off',
        'Authorization Server policy requires PKCE to be used for this request',
      ],
      remedy: 'The library of the app has PKCE switched off. Switch it on: it is one option in nearly all of them.',
    },
    {
      said: [
        'code_challenge must be provided with code_challenge_method',
        'code_challenge_method must be provided',
        'not supported value of code_challenge_method',
      ],
      remedy:
        'Send code_challenge with code_challenge_method=S256. The method plain, which counts when none is sent, does not exist here.',
    },
    {
      said: [
        '… contains invalid characters',
        '… must be a string with a maximum length of 128 characters',
        '… must be a string with a minimum length of 43 characters',
      ],
      remedy:
        'code_challenge and code_verifier have 43 to 128 of the characters A-Z, a-z, 0-9, -, ., _ and ~ (RFC 7636 §4.1). A challenge by S256 has exactly 43, without = at its end.',
    },
    {
      said: ['missing required … …'],
      remedy: 'Add the parameters that are named. A parameter that is there but empty counts as missing.',
    },
    {
      said: ['… … must not be provided twice', '… must not be sent more than … times'],
      remedy: 'Send the parameter once. Often a proxy or a library adds it to a URL that has it already.',
    },
    {
      said: ['… must not be longer than … bytes', 'the parameters must not be longer than … bytes together'],
      remedy:
        'Shorten it; protocols.md lists the limits. State that is too long belongs into the session of the app, and a long request can be pushed (PAR).',
    },
    {
      said: ['… is not allowed for this client'],
      remedy: 'Register the app for what the parameter asks for, or leave it out.',
    },
    {
      said: [
        'this app is not registered for this response_type: set the app to one of its response_types, such as code, or register it for this one',
        'requested response_type is not allowed for this client',
        'requested response_mode is not allowed for this client or request',
        '… unless encrypted',
      ],
      remedy: 'Set the app to response_type=code, and leave response_mode out. Tokens never come in a query.',
    },
    {
      said: ['Web Message Response Mode Relay Mode is not supported'],
      remedy: 'Leave web_message_uri out; the mode is not offered.',
    },
    {
      said: [
        'openid scope must be requested for clients with …',
        'openid scope must be requested for this request',
        'openid scope must be requested for this response_type',
        'openid scope must be requested when using the … parameter',
      ],
      remedy: 'Add openid to scope: the request asks for something of OpenID Connect.',
    },
    {
      said: ['prompt none must only be used alone', 'unsupported prompt value requested'],
      remedy: 'Send prompt=none alone, or one or more of login, consent and select_account.',
    },
    {
      said: ['invalid max_age parameter value'],
      remedy: 'max_age is a whole number of seconds.',
    },
    {
      said: [
        'claims parameter should be a JSON object',
        'claims parameter should have userinfo or id_token properties',
        'claims parameter should not be combined with response_type none',
        'claims.id_token should be an object',
        'claims.userinfo should be an object',
        'claims.userinfo should not be used if access_token is not issued',
        'claims.userinfo should not be used since userinfo endpoint is not supported',
        'claims.…: what is asked of a claim …',
        'could not parse the claims parameter JSON',
        'invalid claims.id_token.acr.values type',
      ],
      remedy:
        'Write claims as in OpenID Connect Core §5.5: {"id_token": {"acr": {"essential": true, "values": ["…"]}}, "userinfo": {"email": null}}.',
    },
    {
      said: ['id_token_hint must be an ID token', 'could not validate id_token_hint', 'could not decode id_token_hint'],
      remedy:
        'Send an ID token that this server has issued to the app, as it was. An access token, one of another server, or one whose key was revoked is none; leave the hint out then.',
    },
    {
      said: ['client_id does not match the provided id_token_hint'],
      remedy: 'At a sign-out client_id and id_token_hint are of the same app.',
    },
    {
      said: ['post_logout_redirect_uri not registered'],
      remedy:
        'Register exactly this URI: `cardea clients update ID --post-logout-redirect-uri URI`. The log has the one that was sent.',
    },
    {
      said: ['Request Object must be used by this client'],
      remedy:
        'The app is registered to sign its requests (require_signed_request_object). Let it send request, or change the registration.',
    },
    {
      said: ['Pushed Authorization Request must be used'],
      remedy:
        'The app, or its profile, must push requests: send them to /par first, and send the browser with request_uri alone (RFC 9126).',
    },
    {
      said: ['request and request_uri parameters MUST NOT be used together'],
      remedy: 'Send one of them.',
    },
    {
      said: ['authorization_details parameter is not supported for this response_type'],
      remedy: 'Use response_type=code with authorization_details.',
    },
    {
      said: ['DPoP proof key thumbprint does not match dpop_jkt'],
      remedy: 'dpop_jkt is the thumbprint of the key that signs the proofs (RFC 7638). Use one key in the whole flow.',
    },
    {
      said: [
        'authorization request has expired',
        'authorization session and cookie identifier mismatch',
        'interaction session and authentication session mismatch',
        'interaction session not found',
      ],
      remedy:
        'The person took longer than CARDEA_INTERACTION_TTL, used the back button after the end, or the browser sent no cookies. Begin again from the app. If it happens to everybody, a proxy drops cookies or the issuer’s host differs from the one in the browser.',
    },
    {
      said: [
        'authorization request resolved without requesting interactions but no account id was resolved',
        'authorization request resolved without requesting interactions but no scope was granted',
      ],
      remedy: 'Begin the sign-in again. If it comes back, report it with the request id.',
    },
  ],
  invalid_request_object: [
    {
      said: [
        'could not decrypt request object',
        'could not parse Request Object',
        'could not validate Request Object',
        'Request Object claims are invalid',
        'unsupported signed request alg',
        'the preregistered alg must be used in request or request_uri',
        '… must be signed with one of …',
        'Encrypted Request Objects are not supported by CIBA',
      ],
      remedy:
        'Sign request as a JWT with a key of the app’s jwks and the algorithm that is registered as request_object_signing_alg. In the profile fapi2 that is PS256, ES256 or EdDSA.',
    },
    {
      said: [
        'it must have nbf and exp, no more than … seconds apart, and be recent',
        'exp must not be more than … seconds ahead (CARDEA_ASSERTION_MAX)',
        '… must be a number of seconds',
        '… must not be ahead of now',
        'nbf must not be more than … seconds ago',
        'a signed request must have …',
      ],
      remedy:
        'Make a new request object for each request, with the times in seconds. Compare the clock of the app with that of the server: a minute of difference is accepted.',
    },
    {
      said: [
        'Request Object must not contain request or request_uri properties',
        'request client_id mismatch',
        "request client_id must equal the authenticated client's client_id",
        'request client_id must equal the one in request parameters',
        'request response_type must equal the one in request parameters',
        '… has the wrong type',
        'authorization_details must be a list',
        'claims must be an object',
        'resource must be a text or a list of texts',
      ],
      remedy: 'Inside the JWT, client_id and response_type are those outside, and values have their JSON types.',
    },
  ],
  invalid_request_uri: [
    {
      said: ['invalid request_uri', 'request_uri is invalid, expired, or was already used'],
      remedy:
        'A pushed request lives for a minute and is granted once. Push a new one for each sign-in; a link to it cannot be stored.',
    },
  ],
  invalid_redirect_uri: [
    {
      said: ["redirect_uri did not match any of the client's registered redirect_uris"],
      remedy:
        'Register the URI as the app sends it, character by character: scheme, port, case and the slash at the end count. The log has what was sent and what is registered.',
    },
  ],
  invalid_scope: [
    {
      said: ['requested scope is not allowed'],
      remedy:
        'Ask for fewer scopes, or register the app for these: `cardea clients update ID --scope …`; scopes of an API belong to its resource server.',
    },
    {
      said: ['scope contains invalid characters'],
      remedy: 'Scopes are separated by single spaces, encoded once.',
    },
    {
      said: ['scope is missing: name at least one, such as openid'],
      remedy: 'Send scope=openid, or a scope of an API.',
    },
    {
      said: ['refresh token missing requested …'],
      remedy: 'A refresh can only narrow the scope. For more, send the person to /authorize.',
    },
    {
      said: ['wider than the subject token'],
      remedy: 'An exchanged token has no scope that the presented one lacks.',
    },
  ],
  unsupported_response_type: [
    {
      said: [
        'this response_type is not offered: set the app to response_type=code; the implicit and the hybrid flow need CARDEA_PROFILE=oidc',
        'unsupported response_type requested',
      ],
      remedy: 'Set the app to the code flow.',
    },
  ],
  login_required: [
    {
      said: [
        'End-User authentication is required',
        'End-User authentication could not be obtained',
        'a fresh sign-in is asked for',
        'a second factor is required',
        'the account is gone or disabled',
        'the client may not ask for this any more',
        'the session is weaker than asked for',
        'id_token_hint and authenticated subject do not match',
        'requested subject could not be obtained',
        'none of the requested ACRs could be obtained',
        'requested ACR could not be obtained',
        '…_prompt',
      ],
      remedy:
        'The app has sent prompt=none, and the person has to sign in, or to sign in again. Send them to /authorize without prompt=none.',
    },
  ],
  consent_required: [
    {
      said: ['requested scopes not granted', 'requested claims not granted', 'authorization_details were requested'],
      remedy:
        'The app has sent prompt=none, and the person has to allow something first. Send them to /authorize without prompt=none.',
    },
  ],
  interaction_required: [
    {
      said: [
        'native clients require End-User interaction',
        'the person has to accept the texts of this service that are in force now',
      ],
      remedy:
        'The app has sent prompt=none, and the person has to see a page. Send them to /authorize without prompt=none.',
    },
  ],
  unmet_authentication_requirements: [
    {
      said: ['the person has not signed in as the request insists on'],
      remedy:
        'The request has an essential acr that the sign-in did not reach. Ask for it as voluntary, or tell the person to set up a second factor.',
    },
  ],
  access_denied: [
    {
      said: ['the person has denied the request'],
      remedy: 'The person has pressed “Don’t allow”. Do not ask again by yourself.',
    },
    {
      said: ['… requests of this client wait for this person already'],
      remedy: 'Wait until the person has decided, or the requests have expired.',
    },
  ],
};
