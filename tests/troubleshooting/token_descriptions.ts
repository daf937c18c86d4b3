import type { Advices } from './descriptions.ts';

/** The endpoints that apps call: tokens, introspection, revocation, userinfo, devices, CIBA, and the admin API. */
export const OF_ENDPOINTS: Advices = {
  invalid_client: [
    {
      said: ['client authentication failed', 'client is invalid'],
      remedy:
        'The client_id is unknown, or the secret or key is wrong. Compare with `cardea clients show ID`; after a rotation the old secret ends. A secret with special characters is form-encoded in Basic. The log has the method that was tried.',
    },
    {
      said: ['authenticate in the way that is registered as token_endpoint_auth_method of this client'],
      remedy:
        'Most libraries have an option for it: client_secret_basic, client_secret_post, private_key_jwt or none. Or change the registration: `cardea clients update ID --auth-method METHOD`.',
    },
    {
      said: [
        'authenticate the client in the way that is registered as its token_endpoint_auth_method; a public client sends its client_id',
        'no client authentication mechanism provided',
      ],
      remedy: 'The request has neither an Authorization header nor client_id. A proxy may have removed the header.',
    },
    {
      said: [
        'Authorization must be Basic, with the form-encoded id and secret joined by a colon, in base64 (RFC 6749 section 2.3.1)',
        'invalid authorization header value format',
        'client_id and client_secret in the authorization header are not properly encoded',
        'client_secret must be provided in the Authorization header',
      ],
      remedy: 'Encode id and secret as in a form, join them by a colon, then base64.',
    },
    {
      said: [
        'client_assertion must be a JWT that the client has signed (RFC 7523 section 2.2)',
        'invalid client_assertion format',
      ],
      remedy: 'client_assertion is a compact JWT, signed with a key that is registered in jwks or at jwks_uri.',
    },
    {
      said: [
        'aud of client_assertion must be the issuer of this server; except in the profile fapi2 also its token endpoint, this endpoint, or a list of only these',
        'client_assertion needs iss and sub of this client, aud of this server, exp and a jti (RFC 7523 section 3)',
        'client_assertion was used before: make one with a new jti for each request (RFC 7523 section 3)',
        'the client assertion is not accepted: …',
      ],
      remedy:
        'Make a new assertion for each request, with the issuer as aud, and times that fit the clock of the server.',
    },
    {
      said: ['client_id … client_secret expired at …'],
      remedy: 'Get a new secret: `cardea clients rotate-secret ID`.',
    },
    {
      said: ['unrecognized id_token_hint audience'],
      remedy: 'The ID token belongs to a client that does not exist any more.',
    },
    {
      said: ['client JSON Web Key Set failed to be refreshed', 'client JSON Web Key Set is invalid'],
      remedy:
        'Cardea could not read the keys of the app from jwks_uri. The log names the reason; ask for the URL from the server’s network.',
    },
  ],
  invalid_client_metadata: [
    {
      said: ['no suitable encryption key found (…)'],
      remedy:
        'The app is registered for encrypted tokens, and its keys have none for that algorithm. Add one with use=enc, or leave encryption out.',
    },
    {
      said: ['a pairwise client needs a host of its own'],
      remedy: 'With subject_type=pairwise all redirect URIs are at one host, or sector_identifier_uri lists them.',
    },
  ],
  unauthorized_client: [
    {
      said: ['requested grant type is not allowed for this client', 'this client may not exchange tokens'],
      remedy:
        'Register the grant type: `cardea clients update ID --grant-type …`. Token exchange also needs --exchange-file.',
    },
    {
      said: ['this app may not use this response_type any more: the operator has changed it'],
      remedy: 'The registration was changed while the person signed in. Begin again with a response type of the app.',
    },
    {
      said: ['the tokens are pushed to this client'],
      remedy: 'With the delivery mode push the app waits for the notification and does not ask.',
    },
    {
      said: [
        '… must be one of … in the profile …',
        '… is needed in the profile …',
        '… must be one of … on this server, in the profile …',
      ],
      remedy:
        'The server, or the profile of the app, became stricter than the registration. The operator corrects the member that is named.',
    },
  ],
  unsupported_grant_type: [
    {
      said: ['unsupported grant_type requested'],
      remedy:
        'Use authorization_code, refresh_token, client_credentials, or another that the metadata names. The grant password does not exist.',
    },
  ],
  unsupported_response_mode: [
    {
      said: ['unsupported response_mode requested'],
      remedy: 'Leave response_mode out, or use one that the metadata names.',
    },
  ],
  invalid_grant: [
    {
      said: [
        'the code is unknown, expired, already used or of another client: begin again at the authorization endpoint',
      ],
      remedy:
        'A code works once and for a minute. Usual causes: the page of the redirect was loaded twice, two servers of the app redeem it, or its clock and queue are slow. A code that is redeemed twice ends the tokens of the first time.',
    },
    {
      said: ['redirect_uri must be exactly the one of the authorization request'],
      remedy: 'Send the same redirect_uri to /token as to /authorize, with the same port, case and slash.',
    },
    {
      said: ['code_verifier does not match the code_challenge of the authorization request (RFC 7636)'],
      remedy:
        'The app has stored the verifier of another sign-in, often of a second tab or a restart. Store it with state.',
    },
    {
      said: [
        'what was presented is unknown, expired, revoked, already used or of another client: ask the person to sign in again',
        'grant request is invalid',
      ],
      remedy:
        'Send the person to /authorize. When it happens often: the app uses one refresh token from two places at once (each use replaces it), does not store the new one, or lacks offline_access, without which tokens end with the session.',
    },
    {
      said: [
        'a second factor is required now: send the person to the authorization endpoint to sign in again',
        'a second factor is required now: the person has to sign in again',
      ],
      remedy: 'The operator has begun to require a second factor. A new sign-in asks for it.',
    },
    {
      said: ['the token is bound to a DPoP key: send a proof of the same key (RFC 9449)'],
      remedy:
        'The app has lost the key, or does not send a proof with each refresh. Keep the key as long as the tokens.',
    },
    {
      said: ['the token is bound to a client certificate: connect with the same one (RFC 8705)'],
      remedy:
        'Connect with the certificate of the first request. Behind a proxy, see that it passes the certificate on.',
    },
  ],
  invalid_dpop_proof: [
    {
      said: [
        'DPoP proof htm mismatch',
        'DPoP proof htu mismatch',
        'DPoP proof ath mismatch',
        'the DPoP proof is not one for this request, token and time',
      ],
      remedy:
        'Make a proof for each request: htm is its method, htu its URL as the app sees it, without query, ath the hash of the access token. Behind a proxy, htu has the issuer’s host.',
    },
    {
      said: ['DPoP proof iat is not recent enough', 'DPoP proof must have a iat number property'],
      remedy: 'iat is now, in seconds. Correct the clock of the app, or use the nonce of the header DPoP-Nonce.',
    },
    {
      said: [
        'DPoP proof must have a jti string property',
        'DPoP proof nonce must be a string',
        'DPoP nonces are not supported',
        'invalid DPoP key binding',
      ],
      remedy:
        'Follow RFC 9449 §4.2: typ dpop+jwt, the public key as jwk in the header, a new jti, and a signature with that key.',
    },
    {
      said: [
        'the DPoP proof was used before: make one for each request',
        'a DPoP proof is needed',
        'the DPoP proof has a forbidden algorithm',
      ],
      remedy: 'Send one new proof with each request, signed with an algorithm of dpop_signing_alg_values_supported.',
    },
  ],
  use_dpop_nonce: [
    {
      said: [
        'nonce is required in the DPoP proof',
        'invalid nonce in DPoP proof',
        'DPoP proof iat is not recent enough, use a DPoP nonce instead',
        'the DPoP proof needs the nonce of the header DPoP-Nonce',
      ],
      remedy:
        'This is no failure: repeat the request once, with the nonce of the header DPoP-Nonce in the proof. Good libraries do it by themselves.',
    },
  ],
  invalid_token: [
    {
      said: ['invalid token provided', 'the token is not valid', 'the token was revoked', 'the token has expired'],
      remedy: 'Get a new access token: by the refresh token, or by a new sign-in when that fails too.',
    },
    {
      said: [
        'the token is not an access token of the API',
        'the token is not for the API: ask for one with resource=…',
      ],
      remedy: 'Ask for the token with `resource=<issuer>/api/v1`, or with a scope that begins with cardea:.',
    },
    {
      said: [
        'the token is bound to a DPoP key: send it as DPoP with a proof of that key',
        'the token is bound to no DPoP key: send it as Bearer without a proof',
        'the token is bound to a client certificate: connect with that one',
        'tokens of this client have to be bound to a key',
      ],
      remedy: 'Use the scheme that came as token_type, and the key or the certificate that the token was got with.',
    },
    {
      said: [
        'the account is gone or cannot be used',
        'only clients that an operator made may use the API',
        'people use the API by a first-party client alone',
        'the client may not have such tokens any more',
        'the client does not comply with the settings of this server any more',
      ],
      remedy:
        'The person or the client may not use the API now. See `cardea users show` and `cardea clients show`; admin-api.md says who may.',
    },
  ],
  insufficient_scope: [
    {
      said: [
        'access token missing openid scope',
        'access token missing requested scope',
        'a token with the scope … is needed',
      ],
      remedy: 'Ask for the scope at /authorize or /token; a refresh cannot add it.',
    },
  ],
  invalid_target: [
    {
      said: [
        'resource indicator is missing, or unknown',
        'unknown resource, or this client is registered for none of its scopes',
        'resource indicator must be an absolute URI',
        'resource indicator must not contain a fragment component',
        'resource indicator must be provided or defaulted to when Rich Authorization Requests are used',
        'audience must be the identifier of one resource server',
      ],
      remedy:
        'Send resource as it is registered (`cardea resources list`), and register the app for one of its scopes.',
    },
    {
      said: [
        'only a single audience value is supported',
        'only a single resource indicator value is supported for this grant type',
        'only a single resource indicator value must be requested/resolved during Access Token Request',
      ],
      remedy: 'An access token is for one API. Ask /token once for each.',
    },
    {
      said: [
        'no token for this target may be had here',
        'resource or audience must name one resource server',
        'the subject token has no scope of this target',
      ],
      remedy:
        'The exchange is allowed for the targets of the operator’s exchange file only, and the presented token needs a scope of the target.',
    },
    {
      said: [
        'people reach the admin API by a first-party client alone',
        'the admin API is reached by client_credentials or by response_type=code alone',
      ],
      remedy: 'admin-api.md says how people and machines get tokens for the API.',
    },
  ],
  invalid_scope: [
    {
      said: [
        '…: the resource has no such scope, or this client is not registered for it',
        '…: no single resource server has all of this for this client: register the client for these scopes, or name the resource server by resource',
        '…: several resource servers have this; name one by resource (RFC 8707)',
      ],
      remedy: 'Scopes of several APIs are asked for one API at a time, each with its resource.',
    },
  ],
  invalid_authorization_details: [
    {
      said: [
        'could not parse the authorization_details parameter JSON',
        'unsupported authorization details type value (authorization details index …)',
        "authorization details type '…' is not allowed for this client",
        'authorization_details must have at most … characters',
        'more than was consented to',
        '…: …',
      ],
      remedy:
        'authorization_details is a JSON list of objects, each with a type that the operator has defined and the app is registered for. What follows the colon says which member does not fit.',
    },
  ],
  invalid_request: [
    {
      said: [
        'client authentication must only be provided using one mechanism',
        'client_assertion_type must be provided',
        'client_assertion_type must have value …',
        'client_id mismatch',
      ],
      remedy:
        'Authenticate once: by the header, by the body, or by an assertion with client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer.',
    },
    {
      said: ['failed to parse the request body', 'only … content-type bodies are supported on … …'],
      remedy: 'Send the body as application/x-www-form-urlencoded, not as JSON.',
    },
    {
      said: [
        'access token must only be provided using one mechanism',
        'access tokens must not be provided via query parameter',
        'an access token belongs into the header Authorization, not into the URL',
        'authorization header scheme must be `Bearer`',
        'authorization header scheme must be `DPoP` when DPoP is used',
        '`DPoP` header not provided',
        '`DPoP` tokens must be provided via an authorization header',
        'Authorization must be: Bearer or DPoP, a space, and one token',
        'Authorization must not be sent twice',
        'DPoP must not be sent twice',
      ],
      remedy:
        'Send the access token once, in the header Authorization: Bearer, a space, the token; or DPoP, with one proof in the header DPoP.',
    },
    {
      said: ['multiple proof-of-possession mechanisms are not allowed'],
      remedy: 'Bind the tokens of an app to a key by DPoP or to a certificate, not to both.',
    },
    {
      said: ['introspection must be requested with Accept: … for this client'],
      remedy:
        'The app is registered for signed introspection. Send that Accept header, or remove introspection_signed_response_alg.',
    },
    {
      said: ['the token was issued to another client'],
      remedy: 'Only the client of a token can revoke or introspect it; an API introspects tokens that are for it.',
    },
    {
      said: ['origin … not allowed for client: …'],
      remedy:
        'Scripts may call the endpoints from the origins of the app’s redirect URIs. Register one at that origin.',
    },
    {
      said: [
        "missing required parameter 'subject_token'",
        "missing required parameter 'subject_token_type'",
        'actor_token and actor_token_type come together, or not at all',
        '… must be …',
        'more than … actors',
        'this client may not act on behalf of a person',
        '…: it is not for this client to exchange',
        '…: it was issued to another client',
        '…: another one acts already',
        '…: the person signed in with one factor',
        '…: it is not valid, or not any more',
        '…: it is about no person',
        '…: a second factor is required now: the person has to sign in again',
        '…: it is bound to a key that was not shown',
      ],
      remedy:
        'Of a token exchange. What is before the colon is the parameter; protocols.md#token-exchange-rfc-8693 says which tokens may be exchanged.',
    },
    {
      said: [
        'missing one of required parameters login_hint_token, id_token_hint, or login_hint',
        'only one of required parameters login_hint_token, id_token_hint, or login_hint must be provided',
        'login_hint_token is not supported; use login_hint or id_token_hint',
        'invalid requested_expiry parameter value',
        'client_notification_token must be a valid Bearer token',
        'client_notification_token must not exceed 1024 characters',
      ],
      remedy:
        'Of a backchannel authentication request: name the person by login_hint or id_token_hint, and send client_notification_token with the modes ping and push.',
    },
    {
      said: ['invalid OAuth-Client-Attestation format'],
      remedy: 'Attestation of clients is not offered. Leave the header OAuth-Client-Attestation out.',
    },
  ],
  invalid_binding_message: [
    {
      said: [
        'binding_message must have at most … characters',
        'binding_message must not contain characters that cannot be seen',
      ],
      remedy: 'Send a short text that both sides can show, such as a number.',
    },
  ],
  unknown_user_id: [
    {
      said: ['could not identify end-user'],
      remedy: 'No account that can be used has this e-mail address or username.',
    },
  ],
  authorization_pending: [
    {
      said: ["authorization request is still pending as the end-user hasn't yet completed the user interaction steps"],
      remedy: 'This is no failure: ask again after interval seconds.',
    },
  ],
  slow_down: [
    {
      said: [
        'wait five seconds longer between requests from now on',
        'you are polling too quickly and should back off at a reasonable rate',
      ],
      remedy: 'Wait five seconds longer between requests from now on.',
    },
    {
      said: [
        'a refresh does not change what a token may do: for more scopes send the person to the authorization endpoint',
      ],
      remedy:
        'The app refreshes in a loop, because its API keeps refusing the token. Find out why the API does that; the refresh token stays valid.',
    },
  ],
  expired_token: [
    {
      said: ['device code is expired', 'backchannel authentication request is expired'],
      remedy: 'The person did not decide in time. Begin again.',
    },
  ],
  unsupported_token_type: [
    {
      said: ['Structured JWT Tokens cannot be … via the …_endpoint'],
      remedy: 'Send an access token or a refresh token of this server.',
    },
  ],
  server_error: [
    {
      said: ['something went wrong'],
      remedy: 'Look in the log for the request id: the line “a request failed” has the stack. Report it.',
    },
  ],
};
