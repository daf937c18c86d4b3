// Written by `make documents` from admin-v1.json.

export interface paths {
    "/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show who calls and what they may do */
        get: operations["me.show"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/groups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List groups by name
         * @description Who is in a group: `GET /users` with the filter `groups eq "NAME"`.
         */
        get: operations["groups.list"];
        put?: never;
        /** Create a group */
        post: operations["groups.create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/groups/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a group */
        get: operations["groups.show"];
        put?: never;
        post?: never;
        /**
         * Delete a group
         * @description A group with members is deleted with `remove_members` alone: they then leave it.
         */
        delete: operations["groups.delete"];
        options?: never;
        head?: never;
        /** Change a group */
        patch: operations["groups.update"];
        trace?: never;
    };
    "/roles": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List roles by name
         * @description Who has a role: `GET /users` with the filter `roles eq "NAME"`.
         */
        get: operations["roles.list"];
        put?: never;
        /**
         * Create a role
         * @description It can have no permission that you do not have yourself.
         */
        post: operations["roles.create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/roles/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a role */
        get: operations["roles.show"];
        put?: never;
        post?: never;
        /**
         * Delete a role
         * @description A role that people have is deleted with `remove_members` alone: it is then taken from them.
         */
        delete: operations["roles.delete"];
        options?: never;
        head?: never;
        /**
         * Change a role
         * @description You need all permissions that it has and will have.
         */
        patch: operations["roles.update"];
        trace?: never;
    };
    "/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List keys, the oldest first */
        get: operations["keys.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/keys/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Replace the active keys
         * @description The next key signs as soon as every node and every verifier can have fetched it. With now, for an emergency, it signs at once, and verifiers refuse its tokens until they fetch the JWKS again.
         */
        post: operations["keys.rotate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/keys/{kid}/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Revoke a key at once
         * @description Its private half is destroyed, and its signatures are refused from now on, by verifiers as soon as their copy of the JWKS expires. Another key replaces an active one.
         */
        post: operations["keys.revoke"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List entries of the audit, the newest first
         * @description Filter by at, action, actor_kind, actor_id, client_id, target_kind, target_id, outcome or request_id.
         */
        get: operations["audit.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audit/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show an entry of the audit */
        get: operations["audit.show"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/config": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show the settings in force
         * @description Those with which the server was started that answers. Others of the same issuer should have the same.
         */
        get: operations["config.show"];
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
        /** AuditEntry */
        AuditEntry: {
            /**
             * Format: uuid
             * @description UUID
             */
            id: string;
            /**
             * Format: date-time
             * @description RFC 3339, in UTC
             */
            at: string;
            /** @description cli, client, person or system */
            actor_kind: string;
            /** @description the id of the account or client; of the command line, the user of the machine */
            actor_id: string;
            /** @description the app by which a person acted */
            client_id: string | null;
            /** @description the name of the operation */
            action: string;
            /** @description the kind of what was changed, such as user */
            target_kind: string;
            /** @description its id; empty when there was none yet */
            target_id: string;
            /** @description done; denied, without the permission; refused, because of the input or the state */
            outcome: string;
            /** @description the error code of what was not done */
            reason: string | null;
            /** @description by field, before and after; of a secret or personal field, the name alone: neither is ever stored here */
            changes: {
                [key: string]: {
                    before?: unknown;
                    after?: unknown;
                };
            };
            /** @description the same as in the log of the server */
            request_id: string;
        };
        /** Caller */
        Caller: {
            /** @description the client that calls */
            client_id: string | null;
            /** @description the person who calls; null for a machine */
            account_id: string | null;
            /** @description what they may do now */
            permissions: string[];
        };
        /** Configuration */
        Configuration: {
            settings: components["schemas"]["Setting"][];
        };
        /** Group */
        Group: {
            /** @description its name, which tokens of members have */
            name: string;
            /** @description for operators */
            description: string;
            /** @description "file" where the configuration file manages it */
            managed_by: "file" | null;
            /** @description raised by each change; the ETag has it */
            version: number;
            /**
             * Format: date-time
             * @description RFC 3339, in UTC
             */
            created_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, in UTC
             */
            updated_at: string;
        };
        /** KeySetChange */
        KeySetChange: {
            /** @description the new version of the key set; null when there was nothing to do */
            version: number | null;
            /** @description in this order; in a dry run, the id of a new key is not the later one */
            done: {
                /** @description create, expedite, extend, promote, demote or retire */
                do: string;
                ring: string;
                kid: string;
                /** @description of a key that was created */
                state?: string;
            }[];
        };
        /** @description RFC 9457 section 3. */
        Problem: {
            /**
             * Format: uri
             * @description The page of the error code: programs compare it.
             */
            type: string;
            /** @description What happened, the same for each error of this type. */
            title: string;
            /** @description The status of the response. */
            status: number;
            /** @description What happened this time. */
            detail: string;
            /** @description Each wrong value. */
            errors?: {
                /** @description Its place in the body: a JSON Pointer (RFC 6901). */
                pointer?: string;
                /** @description Or the name of a parameter. */
                parameter?: string;
                /** @description What is wrong with it. */
                detail: string;
            }[];
            /** @description What the log of the server calls this request. */
            request_id: string;
        };
        /** Removed */
        Removed: {
            name: string;
            /** @description people who had it */
            members_removed: number;
        };
        /** Role */
        Role: {
            /** @description its name, which apps get by scope or claim mapping */
            name: string;
            /** @description for operators */
            description: string;
            /** @description what people with the role may do in this API; nobody can give more than they have */
            permissions: ("users:read" | "users:write" | "credentials:read" | "credentials:write" | "groups:read" | "groups:write" | "roles:read" | "roles:write" | "clients:read" | "clients:write" | "resources:read" | "resources:write" | "sessions:read" | "sessions:write" | "grants:read" | "grants:write" | "tokens:read" | "tokens:write" | "keys:read" | "keys:write" | "lockouts:read" | "lockouts:write" | "registrations:read" | "registrations:write" | "mails:read" | "mails:write" | "deliveries:read" | "deliveries:write" | "audit:read" | "audit:write" | "config:read" | "config:write")[];
            /** @description part of the program: it cannot be changed or deleted */
            builtin: boolean;
            /** @description "file" where the configuration file manages it */
            managed_by: "file" | null;
            /** @description raised by each change; the ETag has it */
            version: number;
            /** @description null for a builtin one */
            created_at: string | null;
            updated_at: string | null;
        };
        /** Setting */
        Setting: {
            name: string;
            /** @description secrets are masked, in whole: nobody can read them here */
            value: string;
            /** @description where the value is from: environment, file (of a secret), configuration file or default */
            source: string;
            about: string;
        };
    };
    responses: {
        /** @description A value is not allowed: `errors` names each. */
        Problem_400: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "https://id.example.com/problems/invalid_input",
                 *       "title": "A value of the request is not allowed.",
                 *       "status": 400,
                 *       "detail": "A value is not allowed: errors names each.",
                 *       "errors": [
                 *         {
                 *           "pointer": "/name",
                 *           "detail": "A value is not allowed: errors names each."
                 *         }
                 *       ],
                 *       "request_id": "0197f3c2-9d1e-7b44-a1c0-5d2f0c1e8a77"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The access token is missing or not valid. */
        Problem_401: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "https://id.example.com/problems/invalid_token",
                 *       "title": "The token is unknown, expired, revoked or not for this server.",
                 *       "status": 401,
                 *       "detail": "The access token is missing or not valid.",
                 *       "request_id": "0197f3c2-9d1e-7b44-a1c0-5d2f0c1e8a77"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The token, or who it is of, may not do this. */
        Problem_403: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "https://id.example.com/problems/insufficient_scope",
                 *       "title": "The access token does not allow this operation.",
                 *       "status": 403,
                 *       "detail": "The token, or who it is of, may not do this.",
                 *       "request_id": "0197f3c2-9d1e-7b44-a1c0-5d2f0c1e8a77"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description There is no such thing. */
        Problem_404: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "https://id.example.com/problems/not_found",
                 *       "title": "There is nothing at this path.",
                 *       "status": 404,
                 *       "detail": "There is no such thing.",
                 *       "request_id": "0197f3c2-9d1e-7b44-a1c0-5d2f0c1e8a77"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `Accept` excludes JSON. */
        Problem_406: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "https://id.example.com/problems/not_acceptable",
                 *       "title": "The response is in none of the media types that the request accepts.",
                 *       "status": 406,
                 *       "detail": "Accept excludes JSON.",
                 *       "request_id": "0197f3c2-9d1e-7b44-a1c0-5d2f0c1e8a77"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description It contradicts what is stored, or a file manages it. */
        Problem_409: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "https://id.example.com/problems/conflict",
                 *       "title": "The request contradicts what is stored.",
                 *       "status": 409,
                 *       "detail": "It contradicts what is stored, or a file manages it.",
                 *       "request_id": "0197f3c2-9d1e-7b44-a1c0-5d2f0c1e8a77"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description It was changed since it was read. */
        Problem_412: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "https://id.example.com/problems/precondition_failed",
                 *       "title": "It was changed since it was read.",
                 *       "status": 412,
                 *       "detail": "It was changed since it was read.",
                 *       "request_id": "0197f3c2-9d1e-7b44-a1c0-5d2f0c1e8a77"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The body is too large. */
        Problem_413: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "https://id.example.com/problems/request_too_large",
                 *       "title": "The body of the request is too large.",
                 *       "status": 413,
                 *       "detail": "The body is too large.",
                 *       "request_id": "0197f3c2-9d1e-7b44-a1c0-5d2f0c1e8a77"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The body is not JSON. */
        Problem_415: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "https://id.example.com/problems/unsupported_media_type",
                 *       "title": "The body of the request has a media type that is not read here.",
                 *       "status": 415,
                 *       "detail": "The body is not JSON.",
                 *       "request_id": "0197f3c2-9d1e-7b44-a1c0-5d2f0c1e8a77"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The `Idempotency-Key` was sent with another request. */
        Problem_422: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "https://id.example.com/problems/idempotency_key_reused",
                 *       "title": "The Idempotency-Key was used with another request in the last 24 hours.",
                 *       "status": 422,
                 *       "detail": "The Idempotency-Key was sent with another request.",
                 *       "request_id": "0197f3c2-9d1e-7b44-a1c0-5d2f0c1e8a77"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `If-Match` is missing. */
        Problem_428: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "https://id.example.com/problems/precondition_required",
                 *       "title": "A change needs the ETag of what was read, in If-Match.",
                 *       "status": 428,
                 *       "detail": "If-Match is missing.",
                 *       "request_id": "0197f3c2-9d1e-7b44-a1c0-5d2f0c1e8a77"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Too many requests: see `Retry-After`. */
        Problem_429: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "https://id.example.com/problems/rate_limited",
                 *       "title": "Too many requests were sent in a short time.",
                 *       "status": 429,
                 *       "detail": "Too many requests: see Retry-After.",
                 *       "request_id": "0197f3c2-9d1e-7b44-a1c0-5d2f0c1e8a77"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description A part of the server is down: see `Retry-After`. */
        Problem_503: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "https://id.example.com/problems/temporarily_unavailable",
                 *       "title": "A part of the server is down or overloaded.",
                 *       "status": 503,
                 *       "detail": "A part of the server is down: see Retry-After.",
                 *       "request_id": "0197f3c2-9d1e-7b44-a1c0-5d2f0c1e8a77"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Any other error. */
        Problem_default: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "https://id.example.com/problems/server_error",
                 *       "title": "Something went wrong in the server.",
                 *       "status": 500,
                 *       "detail": "something went wrong",
                 *       "request_id": "0197f3c2-9d1e-7b44-a1c0-5d2f0c1e8a77"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
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
    "me.show": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "client_id": "ops",
                     *       "account_id": null,
                     *       "permissions": [
                     *         "users:read"
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Caller"];
                };
            };
            400: components["responses"]["Problem_400"];
            401: components["responses"]["Problem_401"];
            403: components["responses"]["Problem_403"];
            406: components["responses"]["Problem_406"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "groups.list": {
        parameters: {
            query?: {
                /** @description `next` of the page before */
                cursor?: string;
                /** @description items at most; 50 by default */
                limit?: number;
                /** @description members of the items to answer with, separated by commas */
                fields?: string;
                /** @description in the syntax of SCIM 2.0 (RFC 7644 §3.4.2.2) */
                filter?: string;
                /** @description a member to sort by; descending with - before it */
                sort?: string;
                /** @description count all items that match */
                total?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The next page, as `next` (RFC 8288). */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "name": "staff",
                     *           "description": "Everybody who works here",
                     *           "managed_by": null,
                     *           "version": 1,
                     *           "created_at": "2026-11-01T08:00:00.000Z",
                     *           "updated_at": "2026-11-01T08:00:00.000Z"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        items: {
                            /** @description its name, which tokens of members have */
                            name?: string;
                            /** @description for operators */
                            description?: string;
                            /** @description "file" where the configuration file manages it */
                            managed_by?: "file" | null;
                            /** @description raised by each change; the ETag has it */
                            version?: number;
                            /**
                             * Format: date-time
                             * @description RFC 3339, in UTC
                             */
                            created_at?: string;
                            /**
                             * Format: date-time
                             * @description RFC 3339, in UTC
                             */
                            updated_at?: string;
                        }[];
                        /** @description the cursor of the next page; absent on the last */
                        next?: string;
                        total?: number;
                    };
                };
            };
            400: components["responses"]["Problem_400"];
            401: components["responses"]["Problem_401"];
            403: components["responses"]["Problem_403"];
            406: components["responses"]["Problem_406"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "groups.create": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header?: {
                /** @description A text of your own: the request is carried out once in 24 hours. */
                "Idempotency-Key"?: string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "staff",
                 *       "description": "Everybody who works here"
                 *     }
                 */
                "application/json": {
                    /** @description its name, which tokens of members have */
                    name: string;
                    /** @description for operators */
                    description?: string;
                };
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    /** @description Where it is. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "name": "staff",
                     *       "description": "Everybody who works here",
                     *       "managed_by": null,
                     *       "version": 1,
                     *       "created_at": "2026-11-01T08:00:00.000Z",
                     *       "updated_at": "2026-11-01T08:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Group"];
                };
            };
            400: components["responses"]["Problem_400"];
            401: components["responses"]["Problem_401"];
            403: components["responses"]["Problem_403"];
            406: components["responses"]["Problem_406"];
            409: components["responses"]["Problem_409"];
            413: components["responses"]["Problem_413"];
            415: components["responses"]["Problem_415"];
            422: components["responses"]["Problem_422"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "groups.show": {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that is known already: 304 when it still is the one. */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description its name, which tokens of members have
                 * @example staff
                 */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The version. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "name": "staff",
                     *       "description": "Everybody who works here",
                     *       "managed_by": null,
                     *       "version": 1,
                     *       "created_at": "2026-11-01T08:00:00.000Z",
                     *       "updated_at": "2026-11-01T08:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Group"];
                };
            };
            /** @description Unchanged since the ETag of `If-None-Match`. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem_400"];
            401: components["responses"]["Problem_401"];
            403: components["responses"]["Problem_403"];
            404: components["responses"]["Problem_404"];
            406: components["responses"]["Problem_406"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "groups.delete": {
        parameters: {
            query?: {
                /** @description also when people have it: it is taken from them */
                remove_members?: boolean;
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header?: {
                /** @description The ETag that was read, or * for any (RFC 9110 section 13.1.1). */
                "If-Match"?: string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description its name, which tokens of members have
                 * @example staff
                 */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The version. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "name": "staff",
                     *       "members_removed": 0
                     *     }
                     */
                    "application/json": components["schemas"]["Removed"];
                };
            };
            400: components["responses"]["Problem_400"];
            401: components["responses"]["Problem_401"];
            403: components["responses"]["Problem_403"];
            404: components["responses"]["Problem_404"];
            406: components["responses"]["Problem_406"];
            409: components["responses"]["Problem_409"];
            412: components["responses"]["Problem_412"];
            428: components["responses"]["Problem_428"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "groups.update": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header?: {
                /** @description The ETag that was read, or * for any (RFC 9110 section 13.1.1). */
                "If-Match"?: string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description its name, which tokens of members have
                 * @example staff
                 */
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "description": "Employees"
                 *     }
                 */
                "application/json": {
                    /** @description for operators */
                    description?: string;
                };
                /**
                 * @example {
                 *       "description": "Employees"
                 *     }
                 */
                "application/merge-patch+json": {
                    /** @description for operators */
                    description?: string;
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The version. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "name": "staff",
                     *       "description": "Employees",
                     *       "managed_by": null,
                     *       "version": 2,
                     *       "created_at": "2026-11-01T08:00:00.000Z",
                     *       "updated_at": "2026-11-01T08:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Group"];
                };
            };
            400: components["responses"]["Problem_400"];
            401: components["responses"]["Problem_401"];
            403: components["responses"]["Problem_403"];
            404: components["responses"]["Problem_404"];
            406: components["responses"]["Problem_406"];
            409: components["responses"]["Problem_409"];
            412: components["responses"]["Problem_412"];
            413: components["responses"]["Problem_413"];
            415: components["responses"]["Problem_415"];
            428: components["responses"]["Problem_428"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "roles.list": {
        parameters: {
            query?: {
                /** @description `next` of the page before */
                cursor?: string;
                /** @description items at most; 50 by default */
                limit?: number;
                /** @description members of the items to answer with, separated by commas */
                fields?: string;
                /** @description in the syntax of SCIM 2.0 (RFC 7644 §3.4.2.2) */
                filter?: string;
                /** @description a member to sort by; descending with - before it */
                sort?: string;
                /** @description count all items that match */
                total?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The next page, as `next` (RFC 8288). */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "name": "support",
                     *           "description": "The people at the telephone",
                     *           "permissions": [
                     *             "users:read",
                     *             "lockouts:write"
                     *           ],
                     *           "builtin": false,
                     *           "managed_by": null,
                     *           "version": 1,
                     *           "created_at": "2026-11-01T08:00:00.000Z",
                     *           "updated_at": "2026-11-01T08:00:00.000Z"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        items: {
                            /** @description its name, which apps get by scope or claim mapping */
                            name?: string;
                            /** @description for operators */
                            description?: string;
                            /** @description what people with the role may do in this API; nobody can give more than they have */
                            permissions?: ("users:read" | "users:write" | "credentials:read" | "credentials:write" | "groups:read" | "groups:write" | "roles:read" | "roles:write" | "clients:read" | "clients:write" | "resources:read" | "resources:write" | "sessions:read" | "sessions:write" | "grants:read" | "grants:write" | "tokens:read" | "tokens:write" | "keys:read" | "keys:write" | "lockouts:read" | "lockouts:write" | "registrations:read" | "registrations:write" | "mails:read" | "mails:write" | "deliveries:read" | "deliveries:write" | "audit:read" | "audit:write" | "config:read" | "config:write")[];
                            /** @description part of the program: it cannot be changed or deleted */
                            builtin?: boolean;
                            /** @description "file" where the configuration file manages it */
                            managed_by?: "file" | null;
                            /** @description raised by each change; the ETag has it */
                            version?: number;
                            /** @description null for a builtin one */
                            created_at?: string | null;
                            updated_at?: string | null;
                        }[];
                        /** @description the cursor of the next page; absent on the last */
                        next?: string;
                        total?: number;
                    };
                };
            };
            400: components["responses"]["Problem_400"];
            401: components["responses"]["Problem_401"];
            403: components["responses"]["Problem_403"];
            406: components["responses"]["Problem_406"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "roles.create": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header?: {
                /** @description A text of your own: the request is carried out once in 24 hours. */
                "Idempotency-Key"?: string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "support",
                 *       "permissions": [
                 *         "users:read",
                 *         "lockouts:write"
                 *       ]
                 *     }
                 */
                "application/json": {
                    /** @description its name, which apps get by scope or claim mapping */
                    name: string;
                    /** @description for operators */
                    description?: string;
                    /** @description what people with the role may do in this API; nobody can give more than they have */
                    permissions?: ("users:read" | "users:write" | "credentials:read" | "credentials:write" | "groups:read" | "groups:write" | "roles:read" | "roles:write" | "clients:read" | "clients:write" | "resources:read" | "resources:write" | "sessions:read" | "sessions:write" | "grants:read" | "grants:write" | "tokens:read" | "tokens:write" | "keys:read" | "keys:write" | "lockouts:read" | "lockouts:write" | "registrations:read" | "registrations:write" | "mails:read" | "mails:write" | "deliveries:read" | "deliveries:write" | "audit:read" | "audit:write" | "config:read" | "config:write")[];
                };
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    /** @description Where it is. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "name": "support",
                     *       "description": "",
                     *       "permissions": [
                     *         "users:read",
                     *         "lockouts:write"
                     *       ],
                     *       "builtin": false,
                     *       "managed_by": null,
                     *       "version": 1,
                     *       "created_at": "2026-11-01T08:00:00.000Z",
                     *       "updated_at": "2026-11-01T08:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Role"];
                };
            };
            400: components["responses"]["Problem_400"];
            401: components["responses"]["Problem_401"];
            403: components["responses"]["Problem_403"];
            406: components["responses"]["Problem_406"];
            409: components["responses"]["Problem_409"];
            413: components["responses"]["Problem_413"];
            415: components["responses"]["Problem_415"];
            422: components["responses"]["Problem_422"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "roles.show": {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that is known already: 304 when it still is the one. */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description its name, which apps get by scope or claim mapping
                 * @example support
                 */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The version. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "name": "support",
                     *       "description": "The people at the telephone",
                     *       "permissions": [
                     *         "users:read",
                     *         "lockouts:write"
                     *       ],
                     *       "builtin": false,
                     *       "managed_by": null,
                     *       "version": 1,
                     *       "created_at": "2026-11-01T08:00:00.000Z",
                     *       "updated_at": "2026-11-01T08:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Role"];
                };
            };
            /** @description Unchanged since the ETag of `If-None-Match`. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem_400"];
            401: components["responses"]["Problem_401"];
            403: components["responses"]["Problem_403"];
            404: components["responses"]["Problem_404"];
            406: components["responses"]["Problem_406"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "roles.delete": {
        parameters: {
            query?: {
                /** @description also when people have it: it is taken from them */
                remove_members?: boolean;
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header?: {
                /** @description The ETag that was read, or * for any (RFC 9110 section 13.1.1). */
                "If-Match"?: string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description its name, which apps get by scope or claim mapping
                 * @example support
                 */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The version. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "name": "support",
                     *       "members_removed": 0
                     *     }
                     */
                    "application/json": components["schemas"]["Removed"];
                };
            };
            400: components["responses"]["Problem_400"];
            401: components["responses"]["Problem_401"];
            403: components["responses"]["Problem_403"];
            404: components["responses"]["Problem_404"];
            406: components["responses"]["Problem_406"];
            409: components["responses"]["Problem_409"];
            412: components["responses"]["Problem_412"];
            428: components["responses"]["Problem_428"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "roles.update": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header?: {
                /** @description The ETag that was read, or * for any (RFC 9110 section 13.1.1). */
                "If-Match"?: string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description its name, which apps get by scope or claim mapping
                 * @example support
                 */
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "permissions": [
                 *         "users:read"
                 *       ]
                 *     }
                 */
                "application/json": {
                    /** @description for operators */
                    description?: string;
                    /** @description what people with the role may do in this API; nobody can give more than they have */
                    permissions?: ("users:read" | "users:write" | "credentials:read" | "credentials:write" | "groups:read" | "groups:write" | "roles:read" | "roles:write" | "clients:read" | "clients:write" | "resources:read" | "resources:write" | "sessions:read" | "sessions:write" | "grants:read" | "grants:write" | "tokens:read" | "tokens:write" | "keys:read" | "keys:write" | "lockouts:read" | "lockouts:write" | "registrations:read" | "registrations:write" | "mails:read" | "mails:write" | "deliveries:read" | "deliveries:write" | "audit:read" | "audit:write" | "config:read" | "config:write")[];
                };
                /**
                 * @example {
                 *       "permissions": [
                 *         "users:read"
                 *       ]
                 *     }
                 */
                "application/merge-patch+json": {
                    /** @description for operators */
                    description?: string;
                    /** @description what people with the role may do in this API; nobody can give more than they have */
                    permissions?: ("users:read" | "users:write" | "credentials:read" | "credentials:write" | "groups:read" | "groups:write" | "roles:read" | "roles:write" | "clients:read" | "clients:write" | "resources:read" | "resources:write" | "sessions:read" | "sessions:write" | "grants:read" | "grants:write" | "tokens:read" | "tokens:write" | "keys:read" | "keys:write" | "lockouts:read" | "lockouts:write" | "registrations:read" | "registrations:write" | "mails:read" | "mails:write" | "deliveries:read" | "deliveries:write" | "audit:read" | "audit:write" | "config:read" | "config:write")[];
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The version. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "name": "support",
                     *       "description": "The people at the telephone",
                     *       "permissions": [
                     *         "users:read"
                     *       ],
                     *       "builtin": false,
                     *       "managed_by": null,
                     *       "version": 2,
                     *       "created_at": "2026-11-01T08:00:00.000Z",
                     *       "updated_at": "2026-11-01T08:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Role"];
                };
            };
            400: components["responses"]["Problem_400"];
            401: components["responses"]["Problem_401"];
            403: components["responses"]["Problem_403"];
            404: components["responses"]["Problem_404"];
            406: components["responses"]["Problem_406"];
            409: components["responses"]["Problem_409"];
            412: components["responses"]["Problem_412"];
            413: components["responses"]["Problem_413"];
            415: components["responses"]["Problem_415"];
            428: components["responses"]["Problem_428"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "keys.list": {
        parameters: {
            query?: {
                /** @description `next` of the page before */
                cursor?: string;
                /** @description items at most; 50 by default */
                limit?: number;
                /** @description members of the items to answer with, separated by commas */
                fields?: string;
                /** @description with the keys that sign cookies */
                all?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The next page, as `next` (RFC 8288). */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "kid": "u4OxYZ0Xk0iP0q9y1Zbq3tV5n7sL2wE8cR6dF4gH1jM",
                     *           "alg": "RS256",
                     *           "ring": "RS256",
                     *           "state": "active",
                     *           "revoked": false,
                     *           "created_at": "2026-11-01T08:00:00.000Z",
                     *           "activated_at": "2026-11-01T08:00:00.000Z",
                     *           "retiring_at": null,
                     *           "retires_at": null,
                     *           "retired_at": null
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        items: {
                            /** @description its id in the JWKS */
                            kid?: string;
                            alg?: string;
                            /** @description the keys for one purpose, which replace one another; only its algorithm, or cookie */
                            ring?: string;
                            /** @description pending: published; active: signs; retiring: still verifies; retired: withdrawn */
                            state?: string;
                            revoked?: boolean;
                            /**
                             * Format: date-time
                             * @description RFC 3339, in UTC
                             */
                            created_at?: string;
                            activated_at?: string | null;
                            retiring_at?: string | null;
                            /** @description when a retiring key will be withdrawn */
                            retires_at?: string | null;
                            retired_at?: string | null;
                        }[];
                        /** @description the cursor of the next page; absent on the last */
                        next?: string;
                        total?: number;
                    };
                };
            };
            400: components["responses"]["Problem_400"];
            401: components["responses"]["Problem_401"];
            403: components["responses"]["Problem_403"];
            406: components["responses"]["Problem_406"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "keys.rotate": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header?: {
                /** @description A text of your own: the request is carried out once in 24 hours. */
                "Idempotency-Key"?: string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "ring": "RS256"
                 *     }
                 */
                "application/json": {
                    /** @description one ring; by default all that sign tokens */
                    ring?: string;
                    /** @description for an emergency */
                    now?: boolean;
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "version": 8,
                     *       "done": [
                     *         {
                     *           "do": "create",
                     *           "ring": "RS256",
                     *           "kid": "u4OxYZ0Xk0iP0q9y1Zbq3tV5n7sL2wE8cR6dF4gH1jM",
                     *           "state": "pending"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["KeySetChange"];
                };
            };
            400: components["responses"]["Problem_400"];
            401: components["responses"]["Problem_401"];
            403: components["responses"]["Problem_403"];
            406: components["responses"]["Problem_406"];
            409: components["responses"]["Problem_409"];
            413: components["responses"]["Problem_413"];
            415: components["responses"]["Problem_415"];
            422: components["responses"]["Problem_422"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "keys.revoke": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header?: {
                /** @description A text of your own: the request is carried out once in 24 hours. */
                "Idempotency-Key"?: string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /** @example u4OxYZ0Xk0iP0q9y1Zbq3tV5n7sL2wE8cR6dF4gH1jM */
                kid: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "version": 9,
                     *       "done": [
                     *         {
                     *           "do": "retire",
                     *           "ring": "RS256",
                     *           "kid": "u4OxYZ0Xk0iP0q9y1Zbq3tV5n7sL2wE8cR6dF4gH1jM"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["KeySetChange"];
                };
            };
            400: components["responses"]["Problem_400"];
            401: components["responses"]["Problem_401"];
            403: components["responses"]["Problem_403"];
            404: components["responses"]["Problem_404"];
            406: components["responses"]["Problem_406"];
            409: components["responses"]["Problem_409"];
            422: components["responses"]["Problem_422"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "audit.list": {
        parameters: {
            query?: {
                /** @description `next` of the page before */
                cursor?: string;
                /** @description items at most; 50 by default */
                limit?: number;
                /** @description members of the items to answer with, separated by commas */
                fields?: string;
                /** @description in the syntax of SCIM 2.0 (RFC 7644 §3.4.2.2) */
                filter?: string;
                /** @description a member to sort by; descending with - before it */
                sort?: string;
                /** @description count all items that match */
                total?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description The next page, as `next` (RFC 8288). */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "id": "019a3f5e-8c00-7a1b-9d2e-3f4a5b6c7d8e",
                     *           "at": "2026-11-01T08:00:00.000Z",
                     *           "actor_kind": "person",
                     *           "actor_id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *           "client_id": "console",
                     *           "action": "groups.update",
                     *           "target_kind": "group",
                     *           "target_id": "staff",
                     *           "outcome": "done",
                     *           "reason": null,
                     *           "changes": {
                     *             "description": {
                     *               "before": "Everybody",
                     *               "after": "Employees"
                     *             }
                     *           },
                     *           "request_id": "1f0c9d5e-2b3a-4c4d-8e5f-6a7b8c9d0e1f"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        items: {
                            /**
                             * Format: uuid
                             * @description UUID
                             */
                            id?: string;
                            /**
                             * Format: date-time
                             * @description RFC 3339, in UTC
                             */
                            at?: string;
                            /** @description cli, client, person or system */
                            actor_kind?: string;
                            /** @description the id of the account or client; of the command line, the user of the machine */
                            actor_id?: string;
                            /** @description the app by which a person acted */
                            client_id?: string | null;
                            /** @description the name of the operation */
                            action?: string;
                            /** @description the kind of what was changed, such as user */
                            target_kind?: string;
                            /** @description its id; empty when there was none yet */
                            target_id?: string;
                            /** @description done; denied, without the permission; refused, because of the input or the state */
                            outcome?: string;
                            /** @description the error code of what was not done */
                            reason?: string | null;
                            /** @description by field, before and after; of a secret or personal field, the name alone: neither is ever stored here */
                            changes?: {
                                [key: string]: {
                                    before?: unknown;
                                    after?: unknown;
                                };
                            };
                            /** @description the same as in the log of the server */
                            request_id?: string;
                        }[];
                        /** @description the cursor of the next page; absent on the last */
                        next?: string;
                        total?: number;
                    };
                };
            };
            400: components["responses"]["Problem_400"];
            401: components["responses"]["Problem_401"];
            403: components["responses"]["Problem_403"];
            406: components["responses"]["Problem_406"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "audit.show": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description UUID
                 * @example 019a3f5e-8c00-7a1b-9d2e-3f4a5b6c7d8e
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019a3f5e-8c00-7a1b-9d2e-3f4a5b6c7d8e",
                     *       "at": "2026-11-01T08:00:00.000Z",
                     *       "actor_kind": "person",
                     *       "actor_id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *       "client_id": "console",
                     *       "action": "groups.update",
                     *       "target_kind": "group",
                     *       "target_id": "staff",
                     *       "outcome": "done",
                     *       "reason": null,
                     *       "changes": {
                     *         "description": {
                     *           "before": "Everybody",
                     *           "after": "Employees"
                     *         }
                     *       },
                     *       "request_id": "1f0c9d5e-2b3a-4c4d-8e5f-6a7b8c9d0e1f"
                     *     }
                     */
                    "application/json": components["schemas"]["AuditEntry"];
                };
            };
            400: components["responses"]["Problem_400"];
            401: components["responses"]["Problem_401"];
            403: components["responses"]["Problem_403"];
            404: components["responses"]["Problem_404"];
            406: components["responses"]["Problem_406"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "config.show": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "settings": [
                     *         {
                     *           "name": "CARDEA_LOG_LEVEL",
                     *           "value": "info",
                     *           "source": "default",
                     *           "about": "How much is logged"
                     *         },
                     *         {
                     *           "name": "CARDEA_DATABASE_URL",
                     *           "value": "********",
                     *           "source": "file",
                     *           "about": "The database"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Configuration"];
                };
            };
            400: components["responses"]["Problem_400"];
            401: components["responses"]["Problem_401"];
            403: components["responses"]["Problem_403"];
            406: components["responses"]["Problem_406"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
}
