// Written by `make documents` from oauth.json.

export interface paths {
    "/authorize": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Sign a person in
         * @description Send the person’s browser here. It comes back to `redirect_uri` with `code`, `state` and `iss`, or with `error`. After a pushed request only `client_id` and `request_uri` are needed.
         */
        get: operations["authorize"];
        put?: never;
        /**
         * Sign a person in, with the request in a form
         * @description Send the person’s browser here. It comes back to `redirect_uri` with `code`, `state` and `iss`, or with `error`. After a pushed request only `client_id` and `request_uri` are needed.
         */
        post: operations["authorizeByForm"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/authorize/{uid}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Go on after the pages of a sign-in
         * @description The pages lead here by themselves, with a cookie; apps do not call it.
         */
        get: operations["resumeAuthorization"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/par": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Push an authorization request (RFC 9126)
         * @description The parameters of the authorization request, sent by the client itself. A client authenticates as it is registered (`token_endpoint_auth_method`): client_secret_basic, client_secret_post, private_key_jwt, tls_client_auth, self_signed_tls_client_auth, none.
         */
        post: operations["pushAuthorizationRequest"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/device_authorization": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sign a person in on a device without a keyboard (RFC 8628)
         * @description The device shows the code, and asks the token endpoint until the person has decided. A client authenticates as it is registered (`token_endpoint_auth_method`): client_secret_basic, client_secret_post, private_key_jwt, tls_client_auth, self_signed_tls_client_auth, none.
         */
        post: operations["authorizeDevice"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/device": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The page where a person types the code of a device (RFC 8628 section 3.3) */
        get: operations["openDevicePage"];
        put?: never;
        /**
         * The form of that page
         * @description The page sends it; apps do not call it.
         */
        post: operations["submitDeviceCode"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/device/{uid}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Go on after the pages of a device’s sign-in
         * @description The pages lead here by themselves, with a cookie; apps do not call it.
         */
        get: operations["resumeDevice"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/backchannel_authentication": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ask a person who is not at this device (CIBA Core section 7)
         * @description The person decides on a page of their account. A client authenticates as it is registered (`token_endpoint_auth_method`): client_secret_basic, client_secret_post, private_key_jwt, tls_client_auth, self_signed_tls_client_auth, none.
         */
        post: operations["authenticateByBackchannel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/token": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Get tokens
         * @description One form for each grant type. A client authenticates as it is registered (`token_endpoint_auth_method`): client_secret_basic, client_secret_post, private_key_jwt, tls_client_auth, self_signed_tls_client_auth, none. With a `DPoP` header the tokens are bound to its key (RFC 9449).
         */
        post: operations["token"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/introspect": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ask about a token (RFC 7662)
         * @description For the client that a token was issued to, and for a resource server that it is for. A client authenticates as it is registered (`token_endpoint_auth_method`): client_secret_basic, client_secret_post, private_key_jwt, tls_client_auth, self_signed_tls_client_auth, none.
         */
        post: operations["introspect"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Revoke a token (RFC 7009)
         * @description A refresh token ends with all tokens of its grant. Unknown tokens are no error. A client authenticates as it is registered (`token_endpoint_auth_method`): client_secret_basic, client_secret_post, private_key_jwt, tls_client_auth, self_signed_tls_client_auth, none.
         */
        post: operations["revoke"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/userinfo": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The claims of the person (OpenID Connect Core section 5.3) */
        get: operations["userinfo"];
        put?: never;
        /**
         * The claims of the person, by POST
         * @description The token is in the `Authorization` header or in the form (RFC 6750 section 2.2), not in both.
         */
        post: operations["userinfoByForm"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Sign a person out
         * @description Send the person’s browser here. With a fitting `id_token_hint` it comes straight back to `post_logout_redirect_uri`; otherwise a page asks first.
         */
        get: operations["endSession"];
        put?: never;
        /**
         * Sign a person out, with the request in a form
         * @description Send the person’s browser here. With a fitting `id_token_hint` it comes straight back to `post_logout_redirect_uri`; otherwise a page asks first.
         */
        post: operations["endSessionByForm"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/logout/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * The form of the page that asks
         * @description The page sends it, with its own token; apps do not call it.
         */
        post: operations["confirmEndSession"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/logout/success": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The page after signing out */
        get: operations["endedSession"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/register": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Register a client (RFC 7591)
         * @description With an initial access token, unless `CARDEA_REGISTRATION` is `open`.
         */
        post: operations["registerClient"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/register/{client_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read a registration (RFC 7592 section 2.1) */
        get: operations["readClient"];
        /**
         * Replace a registration (RFC 7592 section 2.2)
         * @description Fields that are left out are removed.
         */
        put: operations["replaceClient"];
        post?: never;
        /** End a registration (RFC 7592 section 2.3) */
        delete: operations["deleteClient"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/.well-known/openid-configuration": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The metadata (OpenID Connect Discovery section 4) */
        get: operations["openidConfiguration"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/.well-known/oauth-authorization-server": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The metadata (RFC 8414 section 3) */
        get: operations["oauthMetadata"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/.well-known/oauth-protected-resource/api/v1": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The metadata of the admin API (RFC 9728) */
        get: operations["apiResourceMetadata"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/.well-known/jwks.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The public keys that tokens are verified with (RFC 7517) */
        get: operations["jwks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/status-lists/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Which JWT access tokens have ended (draft-ietf-oauth-status-list section 8)
         * @description The claim `status` of a token names its list. Only with `CARDEA_TOKEN_STATUS_LIST`.
         */
        get: operations["statusList"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/.well-known/change-password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where a person changes the password (W3C "A Well-Known URL for Changing Passwords") */
        get: operations["changePassword"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/.well-known/passkey-endpoints": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where a person manages passkeys */
        get: operations["passkeyEndpoints"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The process runs
         * @description It says nothing about the database, so that an outage restarts nothing.
         */
        get: operations["alive"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The server can sign people in
         * @description For load balancers: 503 while the database is not reachable.
         */
        get: operations["ready"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Where the admin API is described
         * @description It needs no token, and is the same for everybody.
         */
        get: operations["apiVersion"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This description (OpenAPI 3.1) */
        get: operations["oauthDescription"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schemas/configuration-v1.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The JSON Schema of a configuration file
         * @description Editors complete and check a file by it: see `cardea config plan`.
         */
        get: operations["configurationSchema"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/docs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A page that shows the descriptions */
        get: operations["apiReference"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/problems": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A page of all error codes */
        get: operations["problems"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/problems/{code}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What an error of the admin API means, and what to do
         * @description The `type` of a problem (RFC 9457) is its URL.
         */
        get: operations["problem"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * @description An error (RFC 6749 section 5.2). Programs compare `error`; the other members are for people.
         *
         *     - `access_denied`: the person, or a rule of this server, has refused
         *     - `authorization_pending`: the person has not decided yet: ask again later (RFC 8628 section 3.5)
         *     - `expired_token`: the device code or the authentication request has expired: begin again
         *     - `insufficient_scope`: the token does not have the scope that the request needs (RFC 6750 section 3.1)
         *     - `interaction_required`: prompt=none was sent, but the person has to do something
         *     - `invalid_authorization_details`: authorization_details are unknown or malformed (RFC 9396 section 5)
         *     - `invalid_binding_message`: binding_message cannot be shown (CIBA Core section 13)
         *     - `invalid_client`: the client is unknown, or did not authenticate as it is registered
         *     - `invalid_client_metadata`: a field of the client metadata is not allowed (RFC 7591 section 3.2.2)
         *     - `invalid_dpop_proof`: the DPoP proof is not valid (RFC 9449 section 5)
         *     - `invalid_grant`: the code, token or request is unknown, expired, used or of another client
         *     - `invalid_redirect_uri`: a redirect URI is not one of the client, or its metadata has one that is not allowed
         *     - `invalid_request`: a parameter is missing, repeated, malformed or too long: the description names it
         *     - `invalid_request_object`: the request object is not valid (RFC 9101)
         *     - `invalid_request_uri`: the request_uri is not valid (RFC 9101, RFC 9126)
         *     - `invalid_scope`: the client may not have one of the scopes
         *     - `invalid_software_statement`: the software statement is not valid (RFC 7591)
         *     - `invalid_target`: the resource server is unknown, or the client may have none of its scopes (RFC 8707)
         *     - `invalid_token`: the access token is unknown, expired or revoked (RFC 6750 section 3.1)
         *     - `login_required`: prompt=none was sent, but nobody is signed in
         *     - `consent_required`: prompt=none was sent, but the person has to consent
         *     - `account_selection_required`: prompt=none was sent, but the person has to choose an account
         *     - `not_found`: there is nothing at this path
         *     - `method_not_allowed`: the path exists, but not for this method
         *     - `request_timeout`: the request took too long to arrive
         *     - `server_error`: something went wrong in the server
         *     - `slow_down`: the client asks too often: wait five seconds longer (RFC 8628 section 3.5)
         *     - `temporarily_unavailable`: too many requests, or a part of the server is down: see Retry-After
         *     - `unapproved_software_statement`: the issuer of the software statement is not trusted here (RFC 7591)
         *     - `unauthorized_client`: the client is not registered for this grant
         *     - `unknown_user_id`: no person is known by the hint (CIBA Core section 13)
         *     - `unmet_authentication_requirements`: the sign-in cannot be as strong as the request demands
         *     - `unsupported_grant_type`: the grant is not offered
         *     - `unsupported_response_mode`: the response mode is not offered
         *     - `unsupported_response_type`: the response type is not offered
         *     - `unsupported_token_type`: tokens of this type cannot be revoked (RFC 7009 section 2.2.1)
         *     - `use_dpop_nonce`: make the DPoP proof again with the nonce of the header DPoP-Nonce (RFC 9449 section 8)
         */
        Error: {
            /** @description The code. */
            error: string;
            /** @description For developers: what is wrong, and what to do. */
            error_description?: string;
            /** @description With `invalid_scope` and `insufficient_scope`: the scopes that it is about. */
            scope?: string;
            /** @description The `state` of the request. */
            state?: string;
            /** @description The request id, as in the header `X-Request-Id`. */
            request_id?: string;
        };
        /** @description RFC 6749 section 5.1, OpenID Connect Core section 3.1.3.3. */
        TokenResponse: {
            /** @description The access token: opaque, or a JWT for a resource server (RFC 9068). */
            access_token: string;
            /**
             * @description How the access token is presented.
             * @enum {string}
             */
            token_type: "Bearer" | "DPoP";
            /** @description Seconds until the access token expires. */
            expires_in: number;
            /** @description The granted scopes, separated by spaces. */
            scope?: string;
            /** @description Who signed in, and how; with the scope `openid`. */
            id_token?: string;
            /** @description Replaces the one that was presented. */
            refresh_token?: string;
            /** @description What was granted in detail (RFC 9396). */
            authorization_details?: ({
                type: string;
            } & {
                [key: string]: unknown;
            })[];
            /** @description With token exchange: the type of the token (RFC 8693 section 2.2.1). */
            issued_token_type?: string;
            /** @description With backchannel authentication in the mode `push`. */
            auth_req_id?: string;
        };
        /** @description RFC 7662 section 2.2; tokens that the client may not ask about are not active. Mapped claims are further members. */
        Introspection: {
            /** @description The token can be used. */
            active: boolean;
            /** @description The client that the token was issued to. */
            client_id?: string;
            /** @description The scopes of the token, separated by spaces. */
            scope?: string;
            /** @description The person, or the client itself. */
            sub?: string;
            /**
             * Format: uri
             * @description The issuer.
             */
            iss?: string;
            /** @description Whom the token is for. */
            aud?: string | string[];
            /** @description When the token expires, in seconds since 1970. */
            exp?: number;
            /** @description When it was issued. */
            iat?: number;
            /** @description The id of the token. */
            jti?: string;
            /** @description How it is presented; absent for refresh tokens. */
            token_type?: string;
            /** @description What the token is bound to: `jkt` (RFC 9449) or `x5t#S256` (RFC 8705). */
            cnf?: {
                [key: string]: unknown;
            };
            /** @description When the person signed in. */
            auth_time?: number;
            /** @description How strong the sign-in was. */
            acr?: string;
            /** @description By which means the person signed in (RFC 8176). */
            amr?: string[];
            /** @description Who acts for the person (RFC 8693 section 4.1). */
            act?: {
                [key: string]: unknown;
            };
            /** @description What was granted in detail (RFC 9396). */
            authorization_details?: ({
                type: string;
            } & {
                [key: string]: unknown;
            })[];
        } & {
            [key: string]: unknown;
        };
        /** @description The claims of granted scopes (OpenID Connect Core section 5.3.2). Mapped claims are further members. */
        Userinfo: {
            /** @description OpenID Connect Core section 5.1. */
            sub: string;
            /** @description OpenID Connect Core section 5.1. */
            acr?: string;
            /** @description The amr of the person. */
            amr?: string[];
            /** @description OpenID Connect Core section 5.1. */
            name?: string;
            /** @description OpenID Connect Core section 5.1. */
            family_name?: string;
            /** @description OpenID Connect Core section 5.1. */
            given_name?: string;
            /** @description OpenID Connect Core section 5.1. */
            middle_name?: string;
            /** @description OpenID Connect Core section 5.1. */
            nickname?: string;
            /** @description OpenID Connect Core section 5.1. */
            preferred_username?: string;
            /** @description OpenID Connect Core section 5.1. */
            profile?: string;
            /** @description OpenID Connect Core section 5.1. */
            picture?: string;
            /** @description OpenID Connect Core section 5.1. */
            website?: string;
            /** @description OpenID Connect Core section 5.1. */
            gender?: string;
            /** @description OpenID Connect Core section 5.1. */
            birthdate?: string;
            /** @description OpenID Connect Core section 5.1. */
            zoneinfo?: string;
            /** @description OpenID Connect Core section 5.1. */
            locale?: string;
            /** @description When the profile was last changed, in seconds since 1970. */
            updated_at?: number;
            /** @description OpenID Connect Core section 5.1. */
            email?: string;
            /** @description OpenID Connect Core section 5.1. */
            email_verified?: boolean;
            /** @description OpenID Connect Core section 5.1. */
            phone_number?: string;
            /** @description OpenID Connect Core section 5.1. */
            phone_number_verified?: boolean;
            /** @description The postal address (OpenID Connect Core section 5.1.1). */
            address?: {
                [key: string]: unknown;
            };
            /** @description The groups of the person. */
            groups?: string[];
            /** @description The roles of the person. */
            roles?: string[];
        } & {
            [key: string]: unknown;
        };
        /** @description RFC 9126 section 2.2. */
        PushedRequest: {
            /** @description For the authorization endpoint. */
            request_uri: string;
            /** @description Seconds in which it can be used. */
            expires_in: number;
        };
        /** @description RFC 8628 section 3.2. */
        DeviceAuthorization: {
            /** @description For the token endpoint. */
            device_code: string;
            /** @description What the person types. */
            user_code: string;
            /**
             * Format: uri
             * @description Where the person types it.
             */
            verification_uri: string;
            /**
             * Format: uri
             * @description The same with the code, for a QR code.
             */
            verification_uri_complete?: string;
            /** @description Seconds until both codes expire. */
            expires_in: number;
            /** @description Seconds between two token requests; 5 when absent. */
            interval?: number;
        };
        /** @description CIBA Core section 7.3. */
        BackchannelAuthentication: {
            /** @description For the token endpoint. */
            auth_req_id: string;
            /** @description Seconds in which the person can decide. */
            expires_in: number;
            /** @description Seconds between two token requests; 5 when absent. */
            interval?: number;
        };
        /** @description RFC 7591 section 2. Unknown fields are ignored. */
        ClientMetadata: {
            /** @description The name that people see. */
            client_name?: string;
            /** @description A signed JWT with claims about the client (RFC 7591 section 2.3). */
            software_statement?: string;
            /** @description Where a sign-in may return to; compared character by character. */
            redirect_uris?: string[];
            /** @description Where a sign-out may return to. */
            post_logout_redirect_uris?: string[];
            /** @description The grants that the client uses at the token endpoint. */
            grant_types?: ("authorization_code" | "implicit" | "refresh_token" | "urn:ietf:params:oauth:grant-type:device_code" | "urn:openid:params:grant-type:ciba" | "client_credentials" | "urn:ietf:params:oauth:grant-type:token-exchange")[];
            /** @description The response types that the client uses at the authorization endpoint. */
            response_types?: ("code" | "id_token" | "id_token token" | "code id_token" | "code token" | "code id_token token")[];
            /**
             * @description How the client authenticates.
             * @enum {string}
             */
            token_endpoint_auth_method?: "client_secret_basic" | "client_secret_post" | "private_key_jwt" | "tls_client_auth" | "self_signed_tls_client_auth" | "none";
            /**
             * @description An app on a server or in a browser, or one on a device.
             * @enum {string}
             */
            application_type?: "web" | "native";
            /** @description Separated by spaces: the most that the client may request. */
            scope?: string | string[];
            /** @description The public keys of the client, unless `jwks_uri` names them. */
            jwks?: {
                keys: Record<string, never>[];
            };
            /**
             * Format: uri
             * @description Where the public keys of the client are.
             */
            jwks_uri?: string;
            /**
             * Format: uri
             * @description The home page of the client.
             */
            client_uri?: string;
            /**
             * Format: uri
             * @description The logo of the client.
             */
            logo_uri?: string;
            /**
             * Format: uri
             * @description The privacy policy of the client.
             */
            policy_uri?: string;
            /**
             * Format: uri
             * @description The terms of service of the client.
             */
            tos_uri?: string;
            /**
             * @description The algorithm of client assertions.
             * @enum {string}
             */
            token_endpoint_auth_signing_alg?: "RS256" | "PS256" | "ES256" | "EdDSA";
            /**
             * @description The same `sub` for all clients, or one for each sector.
             * @enum {string}
             */
            subject_type?: "public" | "pairwise";
            /**
             * Format: uri
             * @description The list of redirect URIs of clients that share one pairwise `sub`.
             */
            sector_identifier_uri?: string;
            /** @description Seconds since the last sign-in after which a new one is needed. */
            default_max_age?: number;
            /** @description ID tokens always have `auth_time`. */
            require_auth_time?: boolean;
            /** @description How strong a sign-in must be, unless the request says it. */
            default_acr_values?: ("urn:cardea:acr:1fa" | "urn:cardea:acr:2fa")[];
            /**
             * Format: uri
             * @description Where a sign-in can be begun by others (OpenID Connect Core §4).
             */
            initiate_login_uri?: string;
            /**
             * @description The algorithm that signs ID tokens.
             * @enum {string}
             */
            id_token_signed_response_alg?: "RS256" | "PS256" | "ES256" | "EdDSA";
            /**
             * @description The algorithm that encrypts the key of ID tokens.
             * @enum {string}
             */
            id_token_encrypted_response_alg?: "RSA-OAEP" | "RSA-OAEP-256" | "ECDH-ES" | "ECDH-ES+A128KW" | "ECDH-ES+A256KW";
            /**
             * @description The algorithm that encrypts ID tokens.
             * @enum {string}
             */
            id_token_encrypted_response_enc?: "A128CBC-HS256" | "A256CBC-HS512" | "A128GCM" | "A256GCM";
            /**
             * @description The algorithm that signs responses of the userinfo endpoint.
             * @enum {string}
             */
            userinfo_signed_response_alg?: "RS256" | "PS256" | "ES256" | "EdDSA";
            /**
             * @description The algorithm that encrypts the key of responses of the userinfo endpoint.
             * @enum {string}
             */
            userinfo_encrypted_response_alg?: "RSA-OAEP" | "RSA-OAEP-256" | "ECDH-ES" | "ECDH-ES+A128KW" | "ECDH-ES+A256KW";
            /**
             * @description The algorithm that encrypts responses of the userinfo endpoint.
             * @enum {string}
             */
            userinfo_encrypted_response_enc?: "A128CBC-HS256" | "A256CBC-HS512" | "A128GCM" | "A256GCM";
            /**
             * @description The algorithm that signs authorization responses (JARM).
             * @enum {string}
             */
            authorization_signed_response_alg?: "RS256" | "PS256" | "ES256" | "EdDSA";
            /**
             * @description The algorithm that encrypts the key of authorization responses.
             * @enum {string}
             */
            authorization_encrypted_response_alg?: "RSA-OAEP" | "RSA-OAEP-256" | "ECDH-ES" | "ECDH-ES+A128KW" | "ECDH-ES+A256KW";
            /**
             * @description The algorithm that encrypts authorization responses.
             * @enum {string}
             */
            authorization_encrypted_response_enc?: "A128CBC-HS256" | "A256CBC-HS512" | "A128GCM" | "A256GCM";
            /**
             * @description The algorithm of request objects (RFC 9101).
             * @enum {string}
             */
            request_object_signing_alg?: "RS256" | "PS256" | "ES256" | "EdDSA";
            /** @description Authorization requests must be signed (RFC 9101). */
            require_signed_request_object?: boolean;
            /**
             * Format: uri
             * @description Where the client is told that a session has ended.
             */
            backchannel_logout_uri?: string;
            /** @description Logout tokens must have `sid`. */
            backchannel_logout_session_required?: boolean;
            /**
             * @description How the client gets the result of a backchannel authentication request.
             * @enum {string}
             */
            backchannel_token_delivery_mode?: "poll" | "ping" | "push";
            /**
             * Format: uri
             * @description Where the client is notified of that result.
             */
            backchannel_client_notification_endpoint?: string;
            /**
             * @description The algorithm of backchannel authentication requests.
             * @enum {string}
             */
            backchannel_authentication_request_signing_alg?: "RS256" | "PS256" | "ES256" | "EdDSA";
            /** @description Access tokens are bound to the certificate of the client (RFC 8705). */
            tls_client_certificate_bound_access_tokens?: boolean;
            /** @description Access tokens are bound to a DPoP key (RFC 9449). */
            dpop_bound_access_tokens?: boolean;
            /** @description Authorization requests must be pushed (RFC 9126). */
            require_pushed_authorization_requests?: boolean;
        };
        /** @description RFC 7591 section 3.2.1, RFC 7592 section 3. */
        RegisteredClient: {
            /** @description The id of the client. */
            client_id: string;
            /** @description In seconds since 1970. */
            client_id_issued_at?: number;
            /** @description The secret, in the response to a registration alone. */
            client_secret?: string;
            /** @description 0: it does not expire. */
            client_secret_expires_at?: number;
            /** @description The token that manages the registration. */
            registration_access_token: string;
            /**
             * Format: uri
             * @description Where the registration is managed.
             */
            registration_client_uri: string;
            /** @description The name that people see. */
            client_name?: string;
            /** @description A signed JWT with claims about the client (RFC 7591 section 2.3). */
            software_statement?: string;
            /** @description Where a sign-in may return to; compared character by character. */
            redirect_uris?: string[];
            /** @description Where a sign-out may return to. */
            post_logout_redirect_uris?: string[];
            /** @description The grants that the client uses at the token endpoint. */
            grant_types?: ("authorization_code" | "implicit" | "refresh_token" | "urn:ietf:params:oauth:grant-type:device_code" | "urn:openid:params:grant-type:ciba" | "client_credentials" | "urn:ietf:params:oauth:grant-type:token-exchange")[];
            /** @description The response types that the client uses at the authorization endpoint. */
            response_types?: ("code" | "id_token" | "id_token token" | "code id_token" | "code token" | "code id_token token")[];
            /**
             * @description How the client authenticates.
             * @enum {string}
             */
            token_endpoint_auth_method?: "client_secret_basic" | "client_secret_post" | "private_key_jwt" | "tls_client_auth" | "self_signed_tls_client_auth" | "none";
            /**
             * @description An app on a server or in a browser, or one on a device.
             * @enum {string}
             */
            application_type?: "web" | "native";
            /** @description Separated by spaces: the most that the client may request. */
            scope?: string;
            /** @description The public keys of the client, unless `jwks_uri` names them. */
            jwks?: {
                keys: Record<string, never>[];
            };
            /**
             * Format: uri
             * @description Where the public keys of the client are.
             */
            jwks_uri?: string;
            /**
             * Format: uri
             * @description The home page of the client.
             */
            client_uri?: string;
            /**
             * Format: uri
             * @description The logo of the client.
             */
            logo_uri?: string;
            /**
             * Format: uri
             * @description The privacy policy of the client.
             */
            policy_uri?: string;
            /**
             * Format: uri
             * @description The terms of service of the client.
             */
            tos_uri?: string;
            /**
             * @description A stricter profile than the one of the server.
             * @enum {string}
             */
            profile?: "oidc" | "oauth21" | "fapi2";
            /**
             * @description When the client must use PKCE (RFC 7636); `auto`: as its profile says.
             * @enum {string}
             */
            pkce?: "required" | "auto" | "off";
            /**
             * @description What ID tokens of the token endpoint contain: the claims of granted scopes, or only who signed in and how.
             * @enum {string}
             */
            id_token_claims?: "full" | "minimal";
            /**
             * @description The algorithm of client assertions.
             * @enum {string}
             */
            token_endpoint_auth_signing_alg?: "RS256" | "PS256" | "ES256" | "EdDSA";
            /**
             * @description The same `sub` for all clients, or one for each sector.
             * @enum {string}
             */
            subject_type?: "public" | "pairwise";
            /**
             * Format: uri
             * @description The list of redirect URIs of clients that share one pairwise `sub`.
             */
            sector_identifier_uri?: string;
            /** @description Seconds since the last sign-in after which a new one is needed. */
            default_max_age?: number;
            /** @description ID tokens always have `auth_time`. */
            require_auth_time?: boolean;
            /** @description How strong a sign-in must be, unless the request says it. */
            default_acr_values?: ("urn:cardea:acr:1fa" | "urn:cardea:acr:2fa")[];
            /**
             * Format: uri
             * @description Where a sign-in can be begun by others (OpenID Connect Core §4).
             */
            initiate_login_uri?: string;
            /**
             * @description The algorithm that signs ID tokens.
             * @enum {string}
             */
            id_token_signed_response_alg?: "RS256" | "PS256" | "ES256" | "EdDSA";
            /**
             * @description The algorithm that encrypts the key of ID tokens.
             * @enum {string}
             */
            id_token_encrypted_response_alg?: "RSA-OAEP" | "RSA-OAEP-256" | "ECDH-ES" | "ECDH-ES+A128KW" | "ECDH-ES+A256KW";
            /**
             * @description The algorithm that encrypts ID tokens.
             * @enum {string}
             */
            id_token_encrypted_response_enc?: "A128CBC-HS256" | "A256CBC-HS512" | "A128GCM" | "A256GCM";
            /**
             * @description The algorithm that signs responses of the userinfo endpoint.
             * @enum {string}
             */
            userinfo_signed_response_alg?: "RS256" | "PS256" | "ES256" | "EdDSA";
            /**
             * @description The algorithm that encrypts the key of responses of the userinfo endpoint.
             * @enum {string}
             */
            userinfo_encrypted_response_alg?: "RSA-OAEP" | "RSA-OAEP-256" | "ECDH-ES" | "ECDH-ES+A128KW" | "ECDH-ES+A256KW";
            /**
             * @description The algorithm that encrypts responses of the userinfo endpoint.
             * @enum {string}
             */
            userinfo_encrypted_response_enc?: "A128CBC-HS256" | "A256CBC-HS512" | "A128GCM" | "A256GCM";
            /**
             * @description The algorithm that signs introspection responses (RFC 9701).
             * @enum {string}
             */
            introspection_signed_response_alg?: "RS256" | "PS256" | "ES256" | "EdDSA";
            /**
             * @description The algorithm that encrypts the key of introspection responses.
             * @enum {string}
             */
            introspection_encrypted_response_alg?: "RSA-OAEP" | "RSA-OAEP-256" | "ECDH-ES" | "ECDH-ES+A128KW" | "ECDH-ES+A256KW";
            /**
             * @description The algorithm that encrypts introspection responses.
             * @enum {string}
             */
            introspection_encrypted_response_enc?: "A128CBC-HS256" | "A256CBC-HS512" | "A128GCM" | "A256GCM";
            /**
             * @description The algorithm that signs authorization responses (JARM).
             * @enum {string}
             */
            authorization_signed_response_alg?: "RS256" | "PS256" | "ES256" | "EdDSA";
            /**
             * @description The algorithm that encrypts the key of authorization responses.
             * @enum {string}
             */
            authorization_encrypted_response_alg?: "RSA-OAEP" | "RSA-OAEP-256" | "ECDH-ES" | "ECDH-ES+A128KW" | "ECDH-ES+A256KW";
            /**
             * @description The algorithm that encrypts authorization responses.
             * @enum {string}
             */
            authorization_encrypted_response_enc?: "A128CBC-HS256" | "A256CBC-HS512" | "A128GCM" | "A256GCM";
            /**
             * @description The algorithm of request objects (RFC 9101).
             * @enum {string}
             */
            request_object_signing_alg?: "RS256" | "PS256" | "ES256" | "EdDSA";
            /** @description Authorization requests must be signed (RFC 9101). */
            require_signed_request_object?: boolean;
            /** @description The types of authorization details that the client may request (RFC 9396). */
            authorization_details_types?: string[];
            /**
             * Format: uri
             * @description Where the client is told that a session has ended.
             */
            backchannel_logout_uri?: string;
            /** @description Logout tokens must have `sid`. */
            backchannel_logout_session_required?: boolean;
            /**
             * @description How the client gets the result of a backchannel authentication request.
             * @enum {string}
             */
            backchannel_token_delivery_mode?: "poll" | "ping" | "push";
            /**
             * Format: uri
             * @description Where the client is notified of that result.
             */
            backchannel_client_notification_endpoint?: string;
            /**
             * @description The algorithm of backchannel authentication requests.
             * @enum {string}
             */
            backchannel_authentication_request_signing_alg?: "RS256" | "PS256" | "ES256" | "EdDSA";
            /** @description The distinguished name of the certificate of the client (RFC 8705). */
            tls_client_auth_subject_dn?: string;
            /**
             * Format: hostname
             * @description The host name in the certificate of the client.
             */
            tls_client_auth_san_dns?: string;
            /**
             * Format: uri
             * @description The URI in the certificate of the client.
             */
            tls_client_auth_san_uri?: string;
            /** @description The IP address in the certificate of the client. */
            tls_client_auth_san_ip?: string;
            /** @description The e-mail address in the certificate of the client. */
            tls_client_auth_san_email?: string;
            /** @description Access tokens are bound to the certificate of the client (RFC 8705). */
            tls_client_certificate_bound_access_tokens?: boolean;
            /** @description Access tokens are bound to a DPoP key (RFC 9449). */
            dpop_bound_access_tokens?: boolean;
            /** @description Authorization requests must be pushed (RFC 9126). */
            require_pushed_authorization_requests?: boolean;
        };
        /** @description The metadata of the server (OpenID Connect Discovery section 3, RFC 8414 section 2). What is switched off is absent. */
        ServerMetadata: {
            /**
             * Format: uri
             * @description The issuer, byte for byte as in tokens.
             */
            issuer: string;
            /**
             * Format: uri
             * @description The public keys.
             */
            jwks_uri: string;
            /**
             * Format: uri
             * @description The authorization endpoint.
             */
            authorization_endpoint: string;
            /**
             * Format: uri
             * @description The token endpoint.
             */
            token_endpoint: string;
            /**
             * Format: uri
             * @description The userinfo endpoint.
             */
            userinfo_endpoint?: string;
            /**
             * Format: uri
             * @description The introspection endpoint.
             */
            introspection_endpoint?: string;
            /**
             * Format: uri
             * @description The revocation endpoint.
             */
            revocation_endpoint?: string;
            /**
             * Format: uri
             * @description The end session endpoint.
             */
            end_session_endpoint?: string;
            /**
             * Format: uri
             * @description The registration endpoint.
             */
            registration_endpoint?: string;
            /**
             * Format: uri
             * @description The device authorization endpoint.
             */
            device_authorization_endpoint?: string;
            /**
             * Format: uri
             * @description The pushed authorization request endpoint.
             */
            pushed_authorization_request_endpoint?: string;
            /**
             * Format: uri
             * @description The backchannel authentication endpoint.
             */
            backchannel_authentication_endpoint?: string;
            /** @description Endpoints for clients with a certificate (RFC 8705 section 5). */
            mtls_endpoint_aliases?: {
                [key: string]: unknown;
            };
            /** @description True or false. */
            authorization_response_iss_parameter_supported?: boolean;
            /** @description True or false. */
            backchannel_logout_session_supported?: boolean;
            /** @description True or false. */
            backchannel_logout_supported?: boolean;
            /** @description True or false. */
            backchannel_user_code_parameter_supported?: boolean;
            /** @description True or false. */
            claims_parameter_supported?: boolean;
            /** @description True or false. */
            client_id_metadata_document_supported?: boolean;
            /** @description True or false. */
            request_parameter_supported?: boolean;
            /** @description True or false. */
            request_uri_parameter_supported?: boolean;
            /** @description True or false. */
            require_pushed_authorization_requests?: boolean;
            /** @description True or false. */
            require_signed_request_object?: boolean;
            /** @description True or false. */
            tls_client_certificate_bound_access_tokens?: boolean;
            /** @description What is supported. */
            acr_values_supported?: string[];
            /** @description What is supported. */
            authorization_details_types_supported?: string[];
            /** @description What is supported. */
            claim_types_supported?: string[];
            /** @description What is supported. */
            claims_supported?: string[];
            /** @description What is supported. */
            code_challenge_methods_supported?: string[];
            /** @description What is supported. */
            response_modes_supported?: string[];
            /** @description What is supported. */
            scopes_supported?: string[];
            /** @description What is supported. */
            ui_locales_supported?: string[];
            /** @description What is supported. */
            dpop_signing_alg_values_supported?: string[];
            /** @description What is supported. */
            request_object_signing_alg_values_supported?: string[];
            /** @description What is supported. */
            token_endpoint_auth_methods_supported?: string[];
            /** @description What is supported. */
            token_endpoint_auth_signing_alg_values_supported?: string[];
            /** @description What is supported. */
            backchannel_token_delivery_modes_supported?: string[];
            /** @description What is supported. */
            backchannel_authentication_request_signing_alg_values_supported?: string[];
            /** @description What is supported. */
            id_token_signing_alg_values_supported?: string[];
            /** @description What is supported. */
            id_token_encryption_alg_values_supported?: string[];
            /** @description What is supported. */
            id_token_encryption_enc_values_supported?: string[];
            /** @description What is supported. */
            userinfo_signing_alg_values_supported?: string[];
            /** @description What is supported. */
            userinfo_encryption_alg_values_supported?: string[];
            /** @description What is supported. */
            userinfo_encryption_enc_values_supported?: string[];
            /** @description What is supported. */
            authorization_signing_alg_values_supported?: string[];
            /** @description What is supported. */
            authorization_encryption_alg_values_supported?: string[];
            /** @description What is supported. */
            authorization_encryption_enc_values_supported?: string[];
            /** @description What is supported. */
            introspection_signing_alg_values_supported?: string[];
            /** @description What is supported. */
            introspection_encryption_alg_values_supported?: string[];
            /** @description What is supported. */
            introspection_encryption_enc_values_supported?: string[];
            /** @description What is supported. */
            grant_types_supported?: ("authorization_code" | "implicit" | "refresh_token" | "urn:ietf:params:oauth:grant-type:device_code" | "urn:openid:params:grant-type:ciba" | "client_credentials" | "urn:ietf:params:oauth:grant-type:token-exchange")[];
            /** @description What is supported. */
            response_types_supported: ("code" | "id_token" | "id_token token" | "code id_token" | "code token" | "code id_token token")[];
            /** @description What is supported. */
            subject_types_supported?: ("public" | "pairwise")[];
        };
        /** @description RFC 9728 section 2. */
        ResourceMetadata: {
            /**
             * Format: uri
             * @description The resource server, as the parameter `resource` names it.
             */
            resource: string;
            /** @description Where tokens for it come from. */
            authorization_servers: string[];
            /** @description The scopes of its operations. */
            scopes_supported?: string[];
            /** @description Where the token is sent. */
            bearer_methods_supported?: string[];
            /** @description A name for people. */
            resource_name?: string;
            /** @description Tokens may be bound to a certificate (RFC 8705). */
            tls_client_certificate_bound_access_tokens?: boolean;
            /** @description The algorithms of DPoP proofs. */
            dpop_signing_alg_values_supported?: string[];
            /** @description Tokens must be bound to a DPoP key. */
            dpop_bound_access_tokens_required?: boolean;
        };
        /** @description RFC 7517 section 5. */
        JsonWebKeySet: {
            keys: {
                /** @description The kind of key. */
                kty: string;
                /** @description What the key is for. */
                use: string;
                /**
                 * @description The algorithm.
                 * @enum {string}
                 */
                alg: "RS256" | "PS256" | "ES256" | "EdDSA";
                /** @description The id of the key, as in the header of tokens. */
                kid: string;
                /** @description Modulus (RSA). */
                n?: string;
                /** @description Exponent (RSA). */
                e?: string;
                /** @description Curve. */
                crv?: string;
                /** @description Coordinate. */
                x?: string;
                /** @description Coordinate. */
                y?: string;
            }[];
        };
        Health: {
            /** @constant */
            status: "ok";
        };
        ApiVersion: {
            /** @description The part of the path that names it. */
            version: string;
            /**
             * Format: uri
             * @description Its description (OpenAPI 3.1).
             */
            openapi: string;
            /**
             * Format: uri
             * @description The same for people.
             */
            documentation: string;
            /**
             * Format: uri
             * @description Where access tokens for it come from (RFC 9728).
             */
            resource_metadata: string;
        };
        /** @description W3C "A Well-Known URL for Relying Party Passkey Endpoints". */
        PasskeyEndpoints: {
            /**
             * Format: uri
             * @description Where a passkey is added.
             */
            enroll: string;
            /**
             * Format: uri
             * @description Where passkeys are managed.
             */
            manage: string;
        };
    };
    responses: {
        /** @description The request is refused: `error` says why. */
        Refused: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description The client did not authenticate. */
        Unauthenticated: {
            headers: {
                /** @description How to authenticate (RFC 9110 section 11.6.1). */
                "WWW-Authenticate"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description The token is missing, unknown, expired or revoked. */
        BadToken: {
            headers: {
                /** @description How to authenticate (RFC 9110 section 11.6.1). */
                "WWW-Authenticate"?: string;
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "error": "invalid_token",
                 *       "error_description": "invalid token provided"
                 *     }
                 */
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description There is nothing at this path. */
        NotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "error": "not_found",
                 *       "error_description": "there is nothing here"
                 *     }
                 */
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description Too many requests in a short time. */
        TooMany: {
            headers: {
                /** @description Seconds to wait (RFC 9110 section 10.2.3). */
                "Retry-After"?: number;
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "error": "temporarily_unavailable",
                 *       "error_description": "too many requests from this address; wait a minute"
                 *     }
                 */
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description A part of the server is down or overloaded. */
        Unavailable: {
            headers: {
                /** @description Seconds to wait (RFC 9110 section 10.2.3). */
                "Retry-After"?: number;
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "error": "temporarily_unavailable",
                 *       "error_description": "the database is unavailable; try again shortly"
                 *     }
                 */
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description Any other error, such as a method that the path does not have (405) or a body that is too large (413). */
        Other: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "error": "invalid_request",
                 *       "error_description": "the request could not be understood"
                 *     }
                 */
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description A page that shows the error, where the client cannot be told it by a redirect. */
        ErrorPage: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "text/html": string;
                /**
                 * @example {
                 *       "error": "temporarily_unavailable",
                 *       "error_description": "the database is unavailable; try again shortly"
                 *     }
                 */
                "application/json": components["schemas"]["Error"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    authorize: {
        parameters: {
            query: {
                /**
                 * @description What the response contains; anything but `code` needs `CARDEA_PROFILE=oidc`.
                 * @example code
                 */
                response_type?: "code" | "id_token" | "id_token token" | "code id_token" | "code token" | "code id_token token";
                /**
                 * @description The client.
                 * @example s6BhdRkqt3
                 */
                client_id: string;
                /**
                 * @description Where the response is sent to; a registered one, character by character.
                 * @example https://rp.example.com/callback
                 */
                redirect_uri?: string;
                /**
                 * @description Separated by spaces: openid, offline_access, profile, email, phone, address, groups, roles, and those of resource servers.
                 * @example openid profile email
                 */
                scope?: string;
                /**
                 * @description Comes back unchanged in the response.
                 * @example af0ifjsldkj
                 */
                state?: string;
                /**
                 * @description The SHA-256 of `code_verifier` in base64url (RFC 7636).
                 * @example E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM
                 */
                code_challenge?: string;
                /**
                 * @description How `code_challenge` was made.
                 * @example S256
                 */
                code_challenge_method?: "S256";
                /**
                 * @description Comes back in the ID token.
                 * @example n-0S6_WzA2Mj
                 */
                nonce?: string;
                /**
                 * @description How the response is sent back.
                 * @example query
                 */
                response_mode?: "query" | "fragment" | "form_post" | "jwt" | "query.jwt" | "fragment.jwt" | "form_post.jwt";
                /**
                 * @description Which pages are shown, separated by spaces: `none` alone, `login`, `consent`, `select_account`.
                 * @example login
                 */
                prompt?: string;
                /**
                 * @description Seconds since the last sign-in after which a new one is needed.
                 * @example 3600
                 */
                max_age?: number;
                /**
                 * @description How strong the sign-in must be; the first is the weakest: urn:cardea:acr:1fa, urn:cardea:acr:2fa.
                 * @example urn:cardea:acr:2fa
                 */
                acr_values?: string;
                /**
                 * @description The e-mail address or user name of the person.
                 * @example ada@example.com
                 */
                login_hint?: string;
                /**
                 * @description An ID token of this server about the person.
                 * @example eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY29tIn0.c2lnbmF0dXJl
                 */
                id_token_hint?: string;
                /**
                 * @description Single claims, as a JSON object (OpenID Connect Core section 5.5).
                 * @example {"id_token":{"email":{"essential":true}}}
                 */
                claims?: string;
                /**
                 * @description The resource server that the token is for (RFC 8707); it may be repeated.
                 * @example https://api.example.com
                 */
                resource?: string;
                /**
                 * @description What is asked for in detail, as a JSON array (RFC 9396).
                 * @example [{"type":"payment","to":"Harbour Notes","amount":12}]
                 */
                authorization_details?: string;
                /**
                 * @description The thumbprint of the DPoP key that the code is bound to (RFC 9449 section 10).
                 * @example NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs
                 */
                dpop_jkt?: string;
                /**
                 * @description A request object: the parameters as a signed JWT (RFC 9101).
                 * @example eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY29tIn0.c2lnbmF0dXJl
                 */
                request?: string;
                /**
                 * @description Languages of pages, the best first.
                 * @example de en
                 */
                ui_locales?: string;
                /**
                 * @description Languages of claims, the best first.
                 * @example de en
                 */
                claims_locales?: string;
                /**
                 * @description The resource server, by a name of other products; only with `CARDEA_AUDIENCE_PARAMETER`.
                 * @example https://api.example.com
                 */
                audience?: string;
                /**
                 * @description From the response to a pushed request (RFC 9126).
                 * @example urn:ietf:params:oauth:request_uri:6esc_11ACC5bwc014ltc14eY22c
                 */
                request_uri?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            /** @description To the page that is next, or back to the client. */
            302: {
                headers: {
                    /** @description Where to. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            /** @description To the page that is next, or back to the client. */
            303: {
                headers: {
                    /** @description Where to. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            default: components["responses"]["ErrorPage"];
        };
    };
    authorizeByForm: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "response_type": "code",
                 *       "client_id": "s6BhdRkqt3",
                 *       "redirect_uri": "https://rp.example.com/callback",
                 *       "scope": "openid profile email",
                 *       "state": "af0ifjsldkj",
                 *       "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
                 *       "code_challenge_method": "S256"
                 *     }
                 */
                "application/x-www-form-urlencoded": {
                    /**
                     * @description What the response contains; anything but `code` needs `CARDEA_PROFILE=oidc`.
                     * @enum {string}
                     */
                    response_type?: "code" | "id_token" | "id_token token" | "code id_token" | "code token" | "code id_token token";
                    /** @description The client. */
                    client_id: string;
                    /**
                     * Format: uri
                     * @description Where the response is sent to; a registered one, character by character.
                     */
                    redirect_uri?: string;
                    /** @description Separated by spaces: openid, offline_access, profile, email, phone, address, groups, roles, and those of resource servers. */
                    scope?: string;
                    /** @description Comes back unchanged in the response. */
                    state?: string;
                    /** @description The SHA-256 of `code_verifier` in base64url (RFC 7636). */
                    code_challenge?: string;
                    /**
                     * @description How `code_challenge` was made.
                     * @constant
                     */
                    code_challenge_method?: "S256";
                    /** @description Comes back in the ID token. */
                    nonce?: string;
                    /**
                     * @description How the response is sent back.
                     * @enum {string}
                     */
                    response_mode?: "query" | "fragment" | "form_post" | "jwt" | "query.jwt" | "fragment.jwt" | "form_post.jwt";
                    /** @description Which pages are shown, separated by spaces: `none` alone, `login`, `consent`, `select_account`. */
                    prompt?: string;
                    /** @description Seconds since the last sign-in after which a new one is needed. */
                    max_age?: number;
                    /** @description How strong the sign-in must be; the first is the weakest: urn:cardea:acr:1fa, urn:cardea:acr:2fa. */
                    acr_values?: string;
                    /** @description The e-mail address or user name of the person. */
                    login_hint?: string;
                    /** @description An ID token of this server about the person. */
                    id_token_hint?: string;
                    /** @description Single claims, as a JSON object (OpenID Connect Core section 5.5). */
                    claims?: string;
                    /**
                     * Format: uri
                     * @description The resource server that the token is for (RFC 8707); it may be repeated.
                     */
                    resource?: string;
                    /** @description What is asked for in detail, as a JSON array (RFC 9396). */
                    authorization_details?: string;
                    /** @description The thumbprint of the DPoP key that the code is bound to (RFC 9449 section 10). */
                    dpop_jkt?: string;
                    /** @description A request object: the parameters as a signed JWT (RFC 9101). */
                    request?: string;
                    /** @description Languages of pages, the best first. */
                    ui_locales?: string;
                    /** @description Languages of claims, the best first. */
                    claims_locales?: string;
                    /** @description The resource server, by a name of other products; only with `CARDEA_AUDIENCE_PARAMETER`. */
                    audience?: string;
                    /** @description From the response to a pushed request (RFC 9126). */
                    request_uri?: string;
                };
            };
        };
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            /** @description To the page that is next, or back to the client. */
            302: {
                headers: {
                    /** @description Where to. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            /** @description To the page that is next, or back to the client. */
            303: {
                headers: {
                    /** @description Where to. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            default: components["responses"]["ErrorPage"];
        };
    };
    resumeAuthorization: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id of the sign-in.
                 * @example 3fK6kVJr0vQ2bV2c9rXgn
                 */
                uid: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            /** @description To the page that is next, or back to the client. */
            302: {
                headers: {
                    /** @description Where to. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            /** @description To the page that is next, or back to the client. */
            303: {
                headers: {
                    /** @description Where to. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            default: components["responses"]["ErrorPage"];
        };
    };
    pushAuthorizationRequest: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "response_type": "code",
                 *       "client_id": "s6BhdRkqt3",
                 *       "redirect_uri": "https://rp.example.com/callback",
                 *       "scope": "openid profile email",
                 *       "state": "af0ifjsldkj",
                 *       "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
                 *       "code_challenge_method": "S256"
                 *     }
                 */
                "application/x-www-form-urlencoded": {
                    /**
                     * @description What the response contains; anything but `code` needs `CARDEA_PROFILE=oidc`.
                     * @enum {string}
                     */
                    response_type?: "code" | "id_token" | "id_token token" | "code id_token" | "code token" | "code id_token token";
                    /** @description The client. */
                    client_id?: string;
                    /**
                     * Format: uri
                     * @description Where the response is sent to; a registered one, character by character.
                     */
                    redirect_uri?: string;
                    /** @description Separated by spaces: openid, offline_access, profile, email, phone, address, groups, roles, and those of resource servers. */
                    scope?: string;
                    /** @description Comes back unchanged in the response. */
                    state?: string;
                    /** @description The SHA-256 of `code_verifier` in base64url (RFC 7636). */
                    code_challenge?: string;
                    /**
                     * @description How `code_challenge` was made.
                     * @constant
                     */
                    code_challenge_method?: "S256";
                    /** @description Comes back in the ID token. */
                    nonce?: string;
                    /**
                     * @description How the response is sent back.
                     * @enum {string}
                     */
                    response_mode?: "query" | "fragment" | "form_post" | "jwt" | "query.jwt" | "fragment.jwt" | "form_post.jwt";
                    /** @description Which pages are shown, separated by spaces: `none` alone, `login`, `consent`, `select_account`. */
                    prompt?: string;
                    /** @description Seconds since the last sign-in after which a new one is needed. */
                    max_age?: number;
                    /** @description How strong the sign-in must be; the first is the weakest: urn:cardea:acr:1fa, urn:cardea:acr:2fa. */
                    acr_values?: string;
                    /** @description The e-mail address or user name of the person. */
                    login_hint?: string;
                    /** @description An ID token of this server about the person. */
                    id_token_hint?: string;
                    /** @description Single claims, as a JSON object (OpenID Connect Core section 5.5). */
                    claims?: string;
                    /**
                     * Format: uri
                     * @description The resource server that the token is for (RFC 8707); it may be repeated.
                     */
                    resource?: string;
                    /** @description What is asked for in detail, as a JSON array (RFC 9396). */
                    authorization_details?: string;
                    /** @description The thumbprint of the DPoP key that the code is bound to (RFC 9449 section 10). */
                    dpop_jkt?: string;
                    /** @description A request object: the parameters as a signed JWT (RFC 9101). */
                    request?: string;
                    /** @description Languages of pages, the best first. */
                    ui_locales?: string;
                    /** @description Languages of claims, the best first. */
                    claims_locales?: string;
                    /** @description The resource server, by a name of other products; only with `CARDEA_AUDIENCE_PARAMETER`. */
                    audience?: string;
                    /** @description The secret of the client, for `client_secret_post`. */
                    client_secret?: string;
                    /**
                     * @description The kind of `client_assertion`.
                     * @constant
                     */
                    client_assertion_type?: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
                    /** @description A JWT that the client has signed (RFC 7523). */
                    client_assertion?: string;
                };
            };
        };
        responses: {
            /** @description The request is stored. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "request_uri": "urn:ietf:params:oauth:request_uri:6esc_11ACC5bwc014ltc14eY22c",
                     *       "expires_in": 60
                     *     }
                     */
                    "application/json": components["schemas"]["PushedRequest"];
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Unauthenticated"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Other"];
        };
    };
    authorizeDevice: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "client_id": "s6BhdRkqt3",
                 *       "scope": "openid profile email"
                 *     }
                 */
                "application/x-www-form-urlencoded": {
                    /** @description The client. */
                    client_id?: string;
                    /** @description The secret of the client, for `client_secret_post`. */
                    client_secret?: string;
                    /**
                     * @description The kind of `client_assertion`.
                     * @constant
                     */
                    client_assertion_type?: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
                    /** @description A JWT that the client has signed (RFC 7523). */
                    client_assertion?: string;
                    /** @description Separated by spaces: openid, offline_access, profile, email, phone, address, groups, roles, and those of resource servers. */
                    scope?: string;
                    /**
                     * Format: uri
                     * @description The resource server that the token is for (RFC 8707); it may be repeated.
                     */
                    resource?: string;
                    /** @description How strong the sign-in must be; the first is the weakest: urn:cardea:acr:1fa, urn:cardea:acr:2fa. */
                    acr_values?: string;
                    /** @description Seconds since the last sign-in after which a new one is needed. */
                    max_age?: number;
                    /** @description Which pages are shown, separated by spaces: `none` alone, `login`, `consent`, `select_account`. */
                    prompt?: string;
                    /** @description Single claims, as a JSON object (OpenID Connect Core section 5.5). */
                    claims?: string;
                };
            };
        };
        responses: {
            /** @description The codes. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "device_code": "GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS",
                     *       "user_code": "WDJB-MJHT",
                     *       "verification_uri": "https://id.example.com/device",
                     *       "verification_uri_complete": "https://id.example.com/device?user_code=WDJB-MJHT",
                     *       "expires_in": 600
                     *     }
                     */
                    "application/json": components["schemas"]["DeviceAuthorization"];
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Unauthenticated"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Other"];
        };
    };
    openDevicePage: {
        parameters: {
            query?: {
                /**
                 * @description The code that the device shows.
                 * @example WDJB-MJHT
                 */
                user_code?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            /** @description To the page that is next, or back to the client. */
            302: {
                headers: {
                    /** @description Where to. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            /** @description To the page that is next, or back to the client. */
            303: {
                headers: {
                    /** @description Where to. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            default: components["responses"]["ErrorPage"];
        };
    };
    submitDeviceCode: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "user_code": "WDJB-MJHT"
                 *     }
                 */
                "application/x-www-form-urlencoded": {
                    /** @description The code that the device shows. */
                    user_code?: string;
                };
            };
        };
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            /** @description To the page that is next, or back to the client. */
            302: {
                headers: {
                    /** @description Where to. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            /** @description To the page that is next, or back to the client. */
            303: {
                headers: {
                    /** @description Where to. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            default: components["responses"]["ErrorPage"];
        };
    };
    resumeDevice: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The id of the sign-in.
                 * @example 3fK6kVJr0vQ2bV2c9rXgn
                 */
                uid: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            /** @description To the page that is next, or back to the client. */
            302: {
                headers: {
                    /** @description Where to. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            /** @description To the page that is next, or back to the client. */
            303: {
                headers: {
                    /** @description Where to. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            default: components["responses"]["ErrorPage"];
        };
    };
    authenticateByBackchannel: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "client_id": "s6BhdRkqt3",
                 *       "client_secret": "a-secret-that-only-this-client-knows",
                 *       "scope": "openid profile email",
                 *       "login_hint": "ada@example.com"
                 *     }
                 */
                "application/x-www-form-urlencoded": {
                    /** @description The client. */
                    client_id?: string;
                    /** @description The secret of the client, for `client_secret_post`. */
                    client_secret?: string;
                    /**
                     * @description The kind of `client_assertion`.
                     * @constant
                     */
                    client_assertion_type?: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
                    /** @description A JWT that the client has signed (RFC 7523). */
                    client_assertion?: string;
                    /** @description Separated by spaces: openid, offline_access, profile, email, phone, address, groups, roles, and those of resource servers. */
                    scope?: string;
                    /** @description The e-mail address or user name of the person. */
                    login_hint?: string;
                    /** @description An ID token of this server about the person. */
                    id_token_hint?: string;
                    /** @description A text of up to 64 characters that both sides show (CIBA Core section 7.1). */
                    binding_message?: string;
                    /** @description Seconds in which the person can decide, at most 600. */
                    requested_expiry?: number;
                    /** @description What Cardea sends with its notification (CIBA Core section 7.1). */
                    client_notification_token?: string;
                    /** @description How strong the sign-in must be; the first is the weakest: urn:cardea:acr:1fa, urn:cardea:acr:2fa. */
                    acr_values?: string;
                    /**
                     * Format: uri
                     * @description The resource server that the token is for (RFC 8707); it may be repeated.
                     */
                    resource?: string;
                    /** @description Single claims, as a JSON object (OpenID Connect Core section 5.5). */
                    claims?: string;
                    /** @description A request object: the parameters as a signed JWT (RFC 9101). */
                    request?: string;
                };
            };
        };
        responses: {
            /** @description The person is asked. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "auth_req_id": "1c266114-a1be-4252-8ad1",
                     *       "expires_in": 300
                     *     }
                     */
                    "application/json": components["schemas"]["BackchannelAuthentication"];
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Unauthenticated"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Other"];
        };
    };
    token: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description A proof of the key that the tokens are bound to (RFC 9449 section 4).
                 * @example eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY29tIn0.c2lnbmF0dXJl
                 */
                DPoP?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/x-www-form-urlencoded": {
                    /** @constant */
                    grant_type: "authorization_code";
                    /** @description The client. */
                    client_id?: string;
                    /** @description The secret of the client, for `client_secret_post`. */
                    client_secret?: string;
                    /**
                     * @description The kind of `client_assertion`.
                     * @constant
                     */
                    client_assertion_type?: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
                    /** @description A JWT that the client has signed (RFC 7523). */
                    client_assertion?: string;
                    /** @description The code of the authorization response; it works once. */
                    code: string;
                    /**
                     * Format: uri
                     * @description Where the response is sent to; a registered one, character by character.
                     */
                    redirect_uri?: string;
                    /** @description The text behind `code_challenge` (RFC 7636). */
                    code_verifier?: string;
                    /**
                     * Format: uri
                     * @description The resource server that the token is for (RFC 8707); it may be repeated.
                     */
                    resource?: string;
                } | {
                    /** @constant */
                    grant_type: "refresh_token";
                    /** @description The client. */
                    client_id?: string;
                    /** @description The secret of the client, for `client_secret_post`. */
                    client_secret?: string;
                    /**
                     * @description The kind of `client_assertion`.
                     * @constant
                     */
                    client_assertion_type?: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
                    /** @description A JWT that the client has signed (RFC 7523). */
                    client_assertion?: string;
                    /** @description The last refresh token; a new one may come with the response. */
                    refresh_token: string;
                    /** @description Separated by spaces: openid, offline_access, profile, email, phone, address, groups, roles, and those of resource servers. */
                    scope?: string;
                    /**
                     * Format: uri
                     * @description The resource server that the token is for (RFC 8707); it may be repeated.
                     */
                    resource?: string;
                } | {
                    /** @constant */
                    grant_type: "client_credentials";
                    /** @description The client. */
                    client_id?: string;
                    /** @description The secret of the client, for `client_secret_post`. */
                    client_secret?: string;
                    /**
                     * @description The kind of `client_assertion`.
                     * @constant
                     */
                    client_assertion_type?: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
                    /** @description A JWT that the client has signed (RFC 7523). */
                    client_assertion?: string;
                    /** @description Separated by spaces: openid, offline_access, profile, email, phone, address, groups, roles, and those of resource servers. */
                    scope?: string;
                    /**
                     * Format: uri
                     * @description The resource server that the token is for (RFC 8707); it may be repeated.
                     */
                    resource?: string;
                } | {
                    /** @constant */
                    grant_type: "urn:ietf:params:oauth:grant-type:device_code";
                    /** @description The client. */
                    client_id?: string;
                    /** @description The secret of the client, for `client_secret_post`. */
                    client_secret?: string;
                    /**
                     * @description The kind of `client_assertion`.
                     * @constant
                     */
                    client_assertion_type?: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
                    /** @description A JWT that the client has signed (RFC 7523). */
                    client_assertion?: string;
                    /** @description From the device authorization response. */
                    device_code: string;
                    /**
                     * Format: uri
                     * @description The resource server that the token is for (RFC 8707); it may be repeated.
                     */
                    resource?: string;
                } | {
                    /** @constant */
                    grant_type: "urn:openid:params:grant-type:ciba";
                    /** @description The client. */
                    client_id?: string;
                    /** @description The secret of the client, for `client_secret_post`. */
                    client_secret?: string;
                    /**
                     * @description The kind of `client_assertion`.
                     * @constant
                     */
                    client_assertion_type?: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
                    /** @description A JWT that the client has signed (RFC 7523). */
                    client_assertion?: string;
                    /** @description From the backchannel authentication response. */
                    auth_req_id: string;
                    /**
                     * Format: uri
                     * @description The resource server that the token is for (RFC 8707); it may be repeated.
                     */
                    resource?: string;
                } | {
                    /** @constant */
                    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange";
                    /** @description The client. */
                    client_id?: string;
                    /** @description The secret of the client, for `client_secret_post`. */
                    client_secret?: string;
                    /**
                     * @description The kind of `client_assertion`.
                     * @constant
                     */
                    client_assertion_type?: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
                    /** @description A JWT that the client has signed (RFC 7523). */
                    client_assertion?: string;
                    /** @description The access token that is exchanged (RFC 8693). */
                    subject_token: string;
                    /** @description The type of `subject_token`. */
                    subject_token_type: string;
                    /** @description The access token of the one who acts for the person (RFC 8693). */
                    actor_token?: string;
                    /** @description The type of `actor_token`. */
                    actor_token_type?: string;
                    /** @description The type of the new token: an access token alone. */
                    requested_token_type?: string;
                    /** @description Separated by spaces: openid, offline_access, profile, email, phone, address, groups, roles, and those of resource servers. */
                    scope?: string;
                    /**
                     * Format: uri
                     * @description The resource server that the token is for (RFC 8707); it may be repeated.
                     */
                    resource?: string;
                    /** @description The resource server, by a name of other products; only with `CARDEA_AUDIENCE_PARAMETER`. */
                    audience?: string;
                };
            };
        };
        responses: {
            /** @description The tokens. */
            200: {
                headers: {
                    /** @description Always `no-store`. */
                    "Cache-Control"?: string;
                    /** @description The nonce of the next proof (RFC 9449 section 8). */
                    "DPoP-Nonce"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TokenResponse"];
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Unauthenticated"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Other"];
        };
    };
    introspect: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "token": "tGzv3JOkF0XG5Qx2TlKWIA"
                 *     }
                 */
                "application/x-www-form-urlencoded": {
                    /** @description The client. */
                    client_id?: string;
                    /** @description The secret of the client, for `client_secret_post`. */
                    client_secret?: string;
                    /**
                     * @description The kind of `client_assertion`.
                     * @constant
                     */
                    client_assertion_type?: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
                    /** @description A JWT that the client has signed (RFC 7523). */
                    client_assertion?: string;
                    /** @description An access token or a refresh token. */
                    token: string;
                    /** @description What the token is; it is found without it as well. */
                    token_type_hint?: string;
                };
            };
        };
        responses: {
            /** @description What is known about the token; as a JWT with `Accept: application/token-introspection+jwt` (RFC 9701). */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Introspection"];
                    /** @example eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY29tIn0.c2lnbmF0dXJl */
                    "application/token-introspection+jwt": string;
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Unauthenticated"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Other"];
        };
    };
    revoke: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "client_id": "s6BhdRkqt3",
                 *       "token": "tGzv3JOkF0XG5Qx2TlKWIA"
                 *     }
                 */
                "application/x-www-form-urlencoded": {
                    /** @description The client. */
                    client_id?: string;
                    /** @description The secret of the client, for `client_secret_post`. */
                    client_secret?: string;
                    /**
                     * @description The kind of `client_assertion`.
                     * @constant
                     */
                    client_assertion_type?: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
                    /** @description A JWT that the client has signed (RFC 7523). */
                    client_assertion?: string;
                    /** @description An access token or a refresh token. */
                    token: string;
                    /** @description What the token is; it is found without it as well. */
                    token_type_hint?: string;
                };
            };
        };
        responses: {
            /** @description The token is revoked, or was unknown. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["Unauthenticated"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Other"];
        };
    };
    userinfo: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The claims; as a JWT for a client that has registered `userinfo_signed_response_alg`. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "sub": "0197f3c2-9d1e-7b44-a1c0-5d2f0c1e8a77",
                     *       "name": "Ada Lovelace",
                     *       "email": "ada@example.com",
                     *       "email_verified": true
                     *     }
                     */
                    "application/json": components["schemas"]["Userinfo"];
                    /** @example eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY29tIn0.c2lnbmF0dXJl */
                    "application/jwt": string;
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["BadToken"];
            403: components["responses"]["BadToken"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Other"];
        };
    };
    userinfoByForm: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "access_token": "mF_9.B5f-4.1JqM"
                 *     }
                 */
                "application/x-www-form-urlencoded": {
                    /** @description The access token, in a form (RFC 6750 section 2.2). */
                    access_token?: string;
                };
            };
        };
        responses: {
            /** @description The claims; as a JWT for a client that has registered `userinfo_signed_response_alg`. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "sub": "0197f3c2-9d1e-7b44-a1c0-5d2f0c1e8a77",
                     *       "name": "Ada Lovelace",
                     *       "email": "ada@example.com",
                     *       "email_verified": true
                     *     }
                     */
                    "application/json": components["schemas"]["Userinfo"];
                    /** @example eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY29tIn0.c2lnbmF0dXJl */
                    "application/jwt": string;
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["BadToken"];
            403: components["responses"]["BadToken"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Other"];
        };
    };
    endSession: {
        parameters: {
            query?: {
                /**
                 * @description An ID token of this server about the person.
                 * @example eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY29tIn0.c2lnbmF0dXJl
                 */
                id_token_hint?: string;
                /**
                 * @description Where the person goes afterwards; a registered one.
                 * @example https://rp.example.com/signed-out
                 */
                post_logout_redirect_uri?: string;
                /**
                 * @description The client.
                 * @example s6BhdRkqt3
                 */
                client_id?: string;
                /**
                 * @description Comes back unchanged in the response.
                 * @example af0ifjsldkj
                 */
                state?: string;
                /**
                 * @description Who signs out, where `id_token_hint` is not sent.
                 * @example ada@example.com
                 */
                logout_hint?: string;
                /**
                 * @description Languages of pages, the best first.
                 * @example de en
                 */
                ui_locales?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            /** @description To the page that is next, or back to the client. */
            302: {
                headers: {
                    /** @description Where to. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            /** @description To the page that is next, or back to the client. */
            303: {
                headers: {
                    /** @description Where to. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            default: components["responses"]["ErrorPage"];
        };
    };
    endSessionByForm: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "id_token_hint": "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY29tIn0.c2lnbmF0dXJl",
                 *       "post_logout_redirect_uri": "https://rp.example.com/signed-out",
                 *       "state": "af0ifjsldkj"
                 *     }
                 */
                "application/x-www-form-urlencoded": {
                    /** @description An ID token of this server about the person. */
                    id_token_hint?: string;
                    /**
                     * Format: uri
                     * @description Where the person goes afterwards; a registered one.
                     */
                    post_logout_redirect_uri?: string;
                    /** @description The client. */
                    client_id?: string;
                    /** @description Comes back unchanged in the response. */
                    state?: string;
                    /** @description Who signs out, where `id_token_hint` is not sent. */
                    logout_hint?: string;
                    /** @description Languages of pages, the best first. */
                    ui_locales?: string;
                };
            };
        };
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            /** @description To the page that is next, or back to the client. */
            302: {
                headers: {
                    /** @description Where to. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            /** @description To the page that is next, or back to the client. */
            303: {
                headers: {
                    /** @description Where to. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            default: components["responses"]["ErrorPage"];
        };
    };
    confirmEndSession: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "xsrf": "9e2c0f2b6c7a4f0d",
                 *       "logout": "yes"
                 *     }
                 */
                "application/x-www-form-urlencoded": {
                    /** @description The token of the form. */
                    xsrf: string;
                    /** @description Present: sign out. Absent: stay signed in. */
                    logout?: string;
                };
            };
        };
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            /** @description To the page that is next, or back to the client. */
            302: {
                headers: {
                    /** @description Where to. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            /** @description To the page that is next, or back to the client. */
            303: {
                headers: {
                    /** @description Where to. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            default: components["responses"]["ErrorPage"];
        };
    };
    endedSession: {
        parameters: {
            query?: {
                /**
                 * @description The client.
                 * @example s6BhdRkqt3
                 */
                client_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            /** @description To the page that is next, or back to the client. */
            302: {
                headers: {
                    /** @description Where to. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            /** @description To the page that is next, or back to the client. */
            303: {
                headers: {
                    /** @description Where to. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            default: components["responses"]["ErrorPage"];
        };
    };
    registerClient: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "client_name": "Harbour Notes",
                 *       "redirect_uris": [
                 *         "https://rp.example.com/callback"
                 *       ],
                 *       "grant_types": [
                 *         "authorization_code",
                 *         "refresh_token"
                 *       ],
                 *       "token_endpoint_auth_method": "client_secret_basic"
                 *     }
                 */
                "application/json": components["schemas"]["ClientMetadata"];
            };
        };
        responses: {
            /** @description The client is registered. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "client_id": "s6BhdRkqt3",
                     *       "client_id_issued_at": 1790000000,
                     *       "client_secret_expires_at": 0,
                     *       "registration_access_token": "this.is.an.access.token.value.ffx83",
                     *       "registration_client_uri": "https://id.example.com/register/s6BhdRkqt3",
                     *       "client_name": "Harbour Notes",
                     *       "redirect_uris": [
                     *         "https://rp.example.com/callback"
                     *       ],
                     *       "grant_types": [
                     *         "authorization_code",
                     *         "refresh_token"
                     *       ],
                     *       "token_endpoint_auth_method": "client_secret_basic",
                     *       "response_types": [
                     *         "code"
                     *       ],
                     *       "scope": "openid profile email",
                     *       "client_secret": "a-secret-that-only-this-client-knows"
                     *     }
                     */
                    "application/json": components["schemas"]["RegisteredClient"];
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["BadToken"];
            403: components["responses"]["BadToken"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Other"];
        };
    };
    readClient: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The client.
                 * @example s6BhdRkqt3
                 */
                client_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The client. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "client_id": "s6BhdRkqt3",
                     *       "client_id_issued_at": 1790000000,
                     *       "client_secret_expires_at": 0,
                     *       "registration_access_token": "this.is.an.access.token.value.ffx83",
                     *       "registration_client_uri": "https://id.example.com/register/s6BhdRkqt3",
                     *       "client_name": "Harbour Notes",
                     *       "redirect_uris": [
                     *         "https://rp.example.com/callback"
                     *       ],
                     *       "grant_types": [
                     *         "authorization_code",
                     *         "refresh_token"
                     *       ],
                     *       "token_endpoint_auth_method": "client_secret_basic",
                     *       "response_types": [
                     *         "code"
                     *       ],
                     *       "scope": "openid profile email"
                     *     }
                     */
                    "application/json": components["schemas"]["RegisteredClient"];
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["BadToken"];
            403: components["responses"]["BadToken"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Other"];
        };
    };
    replaceClient: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The client.
                 * @example s6BhdRkqt3
                 */
                client_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "client_name": "Harbour Notes",
                 *       "redirect_uris": [
                 *         "https://rp.example.com/callback"
                 *       ],
                 *       "grant_types": [
                 *         "authorization_code",
                 *         "refresh_token"
                 *       ],
                 *       "token_endpoint_auth_method": "client_secret_basic"
                 *     }
                 */
                "application/json": components["schemas"]["ClientMetadata"];
            };
        };
        responses: {
            /** @description The client as it is now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "client_id": "s6BhdRkqt3",
                     *       "client_id_issued_at": 1790000000,
                     *       "client_secret_expires_at": 0,
                     *       "registration_access_token": "this.is.an.access.token.value.ffx83",
                     *       "registration_client_uri": "https://id.example.com/register/s6BhdRkqt3",
                     *       "client_name": "Harbour Notes",
                     *       "redirect_uris": [
                     *         "https://rp.example.com/callback"
                     *       ],
                     *       "grant_types": [
                     *         "authorization_code",
                     *         "refresh_token"
                     *       ],
                     *       "token_endpoint_auth_method": "client_secret_basic",
                     *       "response_types": [
                     *         "code"
                     *       ],
                     *       "scope": "openid profile email"
                     *     }
                     */
                    "application/json": components["schemas"]["RegisteredClient"];
                };
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["BadToken"];
            403: components["responses"]["BadToken"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Other"];
        };
    };
    deleteClient: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The client.
                 * @example s6BhdRkqt3
                 */
                client_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The client is gone. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Refused"];
            401: components["responses"]["BadToken"];
            403: components["responses"]["BadToken"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Other"];
        };
    };
    openidConfiguration: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The metadata. */
            200: {
                headers: {
                    /** @description Send it as `If-None-Match` to get 304 (RFC 9110 section 13.1.2). */
                    ETag?: string;
                    /** @description How long it may be kept. */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "issuer": "https://id.example.com",
                     *       "authorization_endpoint": "https://id.example.com/authorize",
                     *       "token_endpoint": "https://id.example.com/token",
                     *       "jwks_uri": "https://id.example.com/.well-known/jwks.json",
                     *       "response_types_supported": [
                     *         "code"
                     *       ],
                     *       "code_challenge_methods_supported": [
                     *         "S256"
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["ServerMetadata"];
                };
            };
            /** @description Unchanged since the `ETag` of `If-None-Match`. */
            304: {
                headers: {
                    /** @description Send it as `If-None-Match` to get 304 (RFC 9110 section 13.1.2). */
                    ETag?: string;
                    /** @description How long it may be kept. */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Other"];
        };
    };
    oauthMetadata: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The metadata. */
            200: {
                headers: {
                    /** @description Send it as `If-None-Match` to get 304 (RFC 9110 section 13.1.2). */
                    ETag?: string;
                    /** @description How long it may be kept. */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "issuer": "https://id.example.com",
                     *       "authorization_endpoint": "https://id.example.com/authorize",
                     *       "token_endpoint": "https://id.example.com/token",
                     *       "jwks_uri": "https://id.example.com/.well-known/jwks.json",
                     *       "response_types_supported": [
                     *         "code"
                     *       ],
                     *       "code_challenge_methods_supported": [
                     *         "S256"
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["ServerMetadata"];
                };
            };
            /** @description Unchanged since the `ETag` of `If-None-Match`. */
            304: {
                headers: {
                    /** @description Send it as `If-None-Match` to get 304 (RFC 9110 section 13.1.2). */
                    ETag?: string;
                    /** @description How long it may be kept. */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Other"];
        };
    };
    apiResourceMetadata: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The metadata. */
            200: {
                headers: {
                    /** @description Send it as `If-None-Match` to get 304 (RFC 9110 section 13.1.2). */
                    ETag?: string;
                    /** @description How long it may be kept. */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "resource": "https://id.example.com/api/v1",
                     *       "authorization_servers": [
                     *         "https://id.example.com"
                     *       ],
                     *       "scopes_supported": [
                     *         "cardea:users:read"
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["ResourceMetadata"];
                };
            };
            /** @description Unchanged since the `ETag` of `If-None-Match`. */
            304: {
                headers: {
                    /** @description Send it as `If-None-Match` to get 304 (RFC 9110 section 13.1.2). */
                    ETag?: string;
                    /** @description How long it may be kept. */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Other"];
        };
    };
    jwks: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The keys; keep them as long as `Cache-Control` says, and ask again for an unknown `kid`. */
            200: {
                headers: {
                    /** @description Send it as `If-None-Match` to get 304 (RFC 9110 section 13.1.2). */
                    ETag?: string;
                    /** @description How long it may be kept. */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "keys": [
                     *         {
                     *           "kty": "RSA",
                     *           "use": "sig",
                     *           "alg": "RS256",
                     *           "kid": "Qx3k1ZkT0m0d",
                     *           "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQ",
                     *           "e": "AQAB"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/jwk-set+json": components["schemas"]["JsonWebKeySet"];
                };
            };
            /** @description Unchanged since the `ETag` of `If-None-Match`. */
            304: {
                headers: {
                    /** @description Send it as `If-None-Match` to get 304 (RFC 9110 section 13.1.2). */
                    ETag?: string;
                    /** @description How long it may be kept. */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Other"];
        };
    };
    statusList: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The list.
                 * @example 7
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The list, as a signed JWT. */
            200: {
                headers: {
                    /** @description Send it as `If-None-Match` to get 304 (RFC 9110 section 13.1.2). */
                    ETag?: string;
                    /** @description How long it may be kept. */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /** @example eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY29tIn0.c2lnbmF0dXJl */
                    "application/statuslist+jwt": string;
                };
            };
            /** @description Unchanged since the `ETag` of `If-None-Match`. */
            304: {
                headers: {
                    /** @description Send it as `If-None-Match` to get 304 (RFC 9110 section 13.1.2). */
                    ETag?: string;
                    /** @description How long it may be kept. */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: components["responses"]["NotFound"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Other"];
        };
    };
    changePassword: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description To the page that is next, or back to the client. */
            303: {
                headers: {
                    /** @description Where to. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Other"];
        };
    };
    passkeyEndpoints: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The pages. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "enroll": "https://id.example.com/account/passkeys",
                     *       "manage": "https://id.example.com/account/passkeys"
                     *     }
                     */
                    "application/json": components["schemas"]["PasskeyEndpoints"];
                };
            };
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Other"];
        };
    };
    alive: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok"
                     *     }
                     */
                    "application/json": components["schemas"]["Health"];
                };
            };
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Other"];
        };
    };
    ready: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok"
                     *     }
                     */
                    "application/json": components["schemas"]["Health"];
                };
            };
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Other"];
        };
    };
    apiVersion: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The version, and what to read. */
            200: {
                headers: {
                    /** @description Send it as `If-None-Match` to get 304 (RFC 9110 section 13.1.2). */
                    ETag?: string;
                    /** @description How long it may be kept. */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "version": "v1",
                     *       "openapi": "https://id.example.com/api/v1/openapi.json",
                     *       "documentation": "https://id.example.com/api/docs",
                     *       "resource_metadata": "https://id.example.com/.well-known/oauth-protected-resource/api/v1"
                     *     }
                     */
                    "application/json": components["schemas"]["ApiVersion"];
                };
            };
            /** @description Unchanged since the `ETag` of `If-None-Match`. */
            304: {
                headers: {
                    /** @description Send it as `If-None-Match` to get 304 (RFC 9110 section 13.1.2). */
                    ETag?: string;
                    /** @description How long it may be kept. */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Other"];
        };
    };
    oauthDescription: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The document. */
            200: {
                headers: {
                    /** @description Send it as `If-None-Match` to get 304 (RFC 9110 section 13.1.2). */
                    ETag?: string;
                    /** @description How long it may be kept. */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "openapi": "3.1.1",
                     *       "info": {
                     *         "title": "Cardea",
                     *         "version": "1.0.0"
                     *       },
                     *       "paths": {}
                     *     }
                     */
                    "application/json": {
                        openapi: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Unchanged since the `ETag` of `If-None-Match`. */
            304: {
                headers: {
                    /** @description Send it as `If-None-Match` to get 304 (RFC 9110 section 13.1.2). */
                    ETag?: string;
                    /** @description How long it may be kept. */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Other"];
        };
    };
    configurationSchema: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The schema (draft 2020-12). */
            200: {
                headers: {
                    /** @description Send it as `If-None-Match` to get 304 (RFC 9110 section 13.1.2). */
                    ETag?: string;
                    /** @description How long it may be kept. */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "$schema": "https://json-schema.org/draft/2020-12/schema",
                     *       "type": "object"
                     *     }
                     */
                    "application/json": {
                        $schema: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Unchanged since the `ETag` of `If-None-Match`. */
            304: {
                headers: {
                    /** @description Send it as `If-None-Match` to get 304 (RFC 9110 section 13.1.2). */
                    ETag?: string;
                    /** @description How long it may be kept. */
                    "Cache-Control"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Other"];
        };
    };
    apiReference: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Other"];
        };
    };
    problems: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Other"];
        };
    };
    problem: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The error code.
                 * @example invalid_input
                 */
                code: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            404: components["responses"]["NotFound"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Other"];
        };
    };
}
