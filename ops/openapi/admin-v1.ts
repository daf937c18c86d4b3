// Written by `make documents` from admin-v1.json.

export interface paths {
    "/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List users, the newest first
         * @description Filters: id, email, username, name, given_name, family_name (eq, sw), groups, roles, second_factors, disabled, has_password, deletion_planned, restricted (eq), deletion_due_at (gt, ge, lt, le), created_at, updated_at (eq, gt, ge, lt, le). Sorts: created_at, updated_at. Without users:read:pii the people are masked, and found by a whole e-mail address, username or full name alone (eq; `search` as well). A page can have fewer items than `limit` although there is a `next`: the list goes on until there is none. To filter or search by an e-mail address or a name use `POST /users/search`: a query is in access logs.
         */
        get: operations["users.list"];
        put?: never;
        /**
         * Create a user
         * @description Without a password the person cannot sign in by one; `POST /users/invite` mails a link to set one. A password needs credentials:write, groups need groups:write, and roles roles:write. You know this password, so the person has to choose another one at the first sign-in, unless `password_temporary` is false.
         */
        post: operations["users.create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users/inactive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Count the users whom nobody has signed in as for long
         * @description How many the policy (`CARDEA_INACTIVE_WARN`, `CARDEA_INACTIVE_DISABLE`, `CARDEA_INACTIVE_ERASE`) would warn, disable and delete now; none where it is off. Administrators and restricted users are left alone.
         */
        get: operations["users.inactive"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Export users
         * @description One user a line, in JSON, as an import takes them: all who exist when it begins, the oldest first. When it cannot be completed the connection breaks. Password hashes and secrets of authenticator apps leave by the command line of the machine alone (`cardea users export --credentials`): no stolen token gives them all away.
         */
        get: operations["users.export"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users/import": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Import users
         * @description One user a line, in JSON. People who exist are skipped, and never changed; a line that cannot be imported is rejected with its reason, and the others go on. The result comes while the input is sent, so read it meanwhile: a line for each rejected one (`results=all`: for each), the progress from time to time, and one at the end. What was imported stays when the connection breaks, and an import that is repeated skips it. So it needs no `Idempotency-Key`, and refuses one with 400. Groups need groups:write and are made when they do not exist; roles need roles:write and all their permissions; password hashes and secrets of authenticator apps need credentials:write.
         */
        post: operations["users.import"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Search users
         * @description The same as `GET /users` with the request in the body. Proxies and servers write URLs into their access logs, so no e-mail address or name belongs there. Filters: id, email, username, name, given_name, family_name (eq, sw), groups, roles, second_factors, disabled, has_password, deletion_planned, restricted (eq), deletion_due_at (gt, ge, lt, le), created_at, updated_at (eq, gt, ge, lt, le). Sorts: created_at, updated_at. Without users:read:pii the people are masked, and found by a whole e-mail address, username or full name alone (eq; `search` as well). A page can have fewer items than `limit` although there is a `next`: the list goes on until there is none.
         */
        post: operations["users.search"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users/invite": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Invite a user by mail
         * @description Creates a user without a password and mails a link to set one, which is valid for seven days. For a user who has not followed the link yet, it mails another one and changes nothing. Groups need groups:write, and roles roles:write.
         */
        post: operations["users.invite"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a user */
        get: operations["users.show"];
        put?: never;
        post?: never;
        /**
         * Delete a user, after a time in which that can be undone
         * @description The account cannot be used from then on, except to see this. After the time of `CARDEA_DELETION_GRACE` it is erased; with 0 it is erased now. Sessions and tokens end now, and clients are told (OpenID Connect Back-Channel Logout 1.0); the person gets a mail. Only an operator can undo what an operator has planned.
         */
        delete: operations["users.delete"];
        options?: never;
        head?: never;
        /**
         * Change a user
         * @description A JSON Merge Patch (RFC 7396): null removes a member. A new e-mail address is not verified unless the patch says so; links that were mailed to the old one end, and the person gets a mail at both addresses. Groups need groups:write, and roles roles:write.
         */
        patch: operations["users.update"];
        trace?: never;
    };
    "/users/{id}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Undo the planned deletion of a user
         * @description The person can sign in again, and gets a mail. What had been signed in stays ended.
         */
        post: operations["users.restore"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users/{id}/erase": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Erase a user now
         * @description With everything of the person: profile, credentials, sessions, tokens, what they allowed to clients, security events, mails that wait, and the key that seals their data in backups. It cannot be undone. Clients are told that the sessions ended. The audit stays, and names the id alone.
         */
        post: operations["users.erase"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users/{id}/restrict": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Restrict the processing of the data of a user
         * @description As when a user is disabled, sessions and tokens end and every sign-in is refused; after all factors the person is told why. No mail is sent, and nothing erases the data, neither a planned deletion nor the policy for inactive users, until the restriction is lifted.
         */
        post: operations["users.restrict"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users/{id}/lift-restriction": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Lift the restriction of a user
         * @description The person must have been informed before (GDPR Art. 18(3)). What had been signed in stays ended.
         */
        post: operations["users.lift_restriction"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users/{id}/disable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Disable a user
         * @description At once: sessions and tokens end, browsers are forgotten, and every sign-in is refused.
         */
        post: operations["users.disable"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users/{id}/enable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Enable a user again */
        post: operations["users.enable"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users/{id}/unlock": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * End the locks of a user
         * @description All that wrong passwords or codes have caused, on every device; wrong guesses are counted from zero again.
         */
        post: operations["users.unlock"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users/{id}/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Set the password of a user
         * @description Sessions, tokens, mailed links and known browsers of the person end, and a lock of the old password; the person gets a mail. A password that the policy refuses is a 400 whose `errors` name each broken rule. You know this password, so the person has to choose another one at the next sign-in, unless `password_temporary` is false.
         */
        post: operations["users.set_password"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users/{id}/groups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show the groups of a user */
        get: operations["users.groups"];
        /**
         * Set the groups of a user
         * @description The list replaces the one before. The ETag is that of the user, as `GET /users/{id}` answers it too.
         */
        put: operations["users.set_groups"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users/{id}/roles": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show the roles of a user */
        get: operations["users.roles"];
        /**
         * Set the roles of a user
         * @description The list replaces the one before. You need all permissions of the roles that the person has and gets. The ETag is that of the user, as `GET /users/{id}` answers it too.
         */
        put: operations["users.set_roles"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users/{id}/factors": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show the second factors of a user */
        get: operations["users.factors"];
        put?: never;
        post?: never;
        /**
         * Remove all second factors of a user
         * @description For a person who has lost them: authenticator app, passkeys and recovery codes. Refused for the last administrator who can sign in, when no password and no other passkey would be left. The sessions and tokens of the person end, and locks; the person gets a mail.
         */
        delete: operations["users.reset_factors"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users/{id}/factors/totp": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Remove the authenticator app of a user
         * @description Recovery codes go with the last second factor. The sessions and tokens of the person end, and locks; the person gets a mail.
         */
        delete: operations["users.remove_totp"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users/{id}/factors/recovery_codes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Remove the recovery codes of a user
         * @description For codes that others may have seen; the person can make new ones. The sessions and tokens of the person end, and locks; the person gets a mail.
         */
        delete: operations["users.remove_recovery_codes"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users/{id}/factors/passkeys/{passkey_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Remove a passkey of a user
         * @description Recovery codes go with the last second factor. Refused for the last administrator who can sign in, when no password and no other passkey would be left. The sessions and tokens of the person end, and locks; the person gets a mail.
         */
        delete: operations["users.remove_passkey"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users/{id}/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the sessions of a user, the one used last first */
        get: operations["users.sessions"];
        put?: never;
        post?: never;
        /**
         * End all sessions and tokens of a user
         * @description And the trust in their browsers. The person may sign in again.
         */
        delete: operations["users.end_sessions"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users/{id}/sessions/{uid}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * End a session of a user
         * @description And sign the person out of the clients that it has signed in to, with their tokens.
         */
        delete: operations["users.end_session"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users/{id}/grants": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List what a user has allowed to clients */
        get: operations["users.grants"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users/{id}/grants/{client_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Revoke what a user has allowed to a client
         * @description With its tokens. The client is told that the person is signed out there.
         */
        delete: operations["users.revoke_grants"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users/{id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the security events of a user, the newest first
         * @description Those of the last 90 days, as the person sees them.
         */
        get: operations["users.events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users/{id}/data-export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Export everything that is stored about a user
         * @description A ZIP with all of it as JSON (`personal-data.json`) and as a page to read, in the language of the person; both are of the same moment. Passwords and other secrets are not in it; `ops/docs/personal-data.md` names what else is not, and why. The person sees a security event. Of one person, one export is made at a time.
         */
        post: operations["users.export_data"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
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
    "/backups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the backups, the newest first */
        get: operations["backups.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/backups/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show the last backup, how old it is, and when the next one is due */
        get: operations["backups.status"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/clients": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List clients, the oldest first
         * @description Filters: client_id, client_name, kind, first_party, managed_by, token_endpoint_auth_method, grant_types, redirect_uris, scope, created_at, updated_at. Sorts: created_at, -created_at, updated_at, -updated_at, client_name, -client_name.
         */
        get: operations["clients.list"];
        put?: never;
        /**
         * Create a client
         * @description The answer has its secret, if it authenticates by one; it is shown only now.
         */
        post: operations["clients.create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/clients/{client_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a client */
        get: operations["clients.show"];
        /**
         * Replace all metadata of a client
         * @description What the body leaves out gets its default. The client keeps its secret.
         */
        put: operations["clients.replace"];
        post?: never;
        /** Delete a client, and end its grants and tokens */
        delete: operations["clients.delete"];
        options?: never;
        head?: never;
        /**
         * Change a client
         * @description By JSON Merge Patch (RFC 7396). A change of token_endpoint_auth_method to one with a secret makes one, which the answer has.
         */
        patch: operations["clients.update"];
        trace?: never;
    };
    "/clients/{client_id}/rotate-secret": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Replace the secret of a client
         * @description The answer has the new one, which is shown only now. The old one can go on for a while, so that none is refused.
         */
        post: operations["clients.rotate_secret"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/clients/{client_id}/end-secret": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** End one of the two secrets that a client has after a rotation */
        post: operations["clients.end_secret"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/resources": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List resource servers, the oldest first
         * @description Filters: identifier, name, scopes, open, clients, managed_by, created_at, updated_at. Sorts: created_at, -created_at, updated_at, -updated_at, name, -name.
         */
        get: operations["resources.list"];
        put?: never;
        /** Create a resource server */
        post: operations["resources.create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/resources/{identifier}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a resource server */
        get: operations["resources.show"];
        /**
         * Replace a resource server
         * @description What the body leaves out gets its default.
         */
        put: operations["resources.replace"];
        post?: never;
        /**
         * Delete a resource server
         * @description Existing tokens for it stay valid until they expire.
         */
        delete: operations["resources.delete"];
        options?: never;
        head?: never;
        /**
         * Change a resource server
         * @description By JSON Merge Patch (RFC 7396). Existing tokens lose removed scopes at once.
         */
        patch: operations["resources.update"];
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
         * @description A group with members is deleted with `remove_members` alone: they then leave it, those of a large one in batches of 500 before it is deleted. That takes minutes for a million; a request that was interrupted is repeated, and goes on.
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
         * @description A role that people have is deleted with `remove_members` alone: it is then taken from them, from very many in batches of 500 before it is deleted. That takes minutes for a million; a request that was interrupted is repeated, and goes on.
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
    "/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the sessions of all people, the latest first
         * @description Filter by user_id, clients, created_at or expires_at.
         */
        get: operations["sessions.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/sessions/{uid}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a session, with its browser */
        get: operations["sessions.show"];
        put?: never;
        post?: never;
        /**
         * End a session, with the tokens of its clients
         * @description Clients that want to be told are (OpenID Connect Back-Channel Logout 1.0). The person may sign in again.
         */
        delete: operations["sessions.end"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/grants": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List what people have allowed to clients, the latest first
         * @description Filter by user_id, client_id, created_at or expires_at.
         */
        get: operations["grants.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/grants/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a grant */
        get: operations["grants.show"];
        put?: never;
        post?: never;
        /** Revoke a grant, with all of its tokens */
        delete: operations["grants.revoke"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tokens/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * End tokens at once, on all nodes
         * @description One member says which. A resource server that verifies JWTs by itself notices it only by introspection. It is no secret of a URL: a token is sent in the body.
         */
        post: operations["tokens.revoke"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/lockouts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the locks that are in force, the one that ends first before the others
         * @description Filter by user_id, factor or locked_until.
         */
        get: operations["lockouts.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/lockouts/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * End a lock
         * @description Failed guesses are forgotten with it. All locks of a person are ended by `POST /users/{id}/unlock`.
         */
        delete: operations["lockouts.end"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/registrations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List initial access tokens, the oldest first
         * @description Filter by id, uses_left, created_at or expires_at.
         */
        get: operations["registrations.list"];
        put?: never;
        /**
         * Create an initial access token; it is shown only now
         * @description Its scope can have no permission of this API that you do not have yourself.
         */
        post: operations["registrations.create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/registrations/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show an initial access token, without its secret value */
        get: operations["registrations.show"];
        put?: never;
        post?: never;
        /** Delete an initial access token; clients that were registered with it stay */
        delete: operations["registrations.delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mails": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List mails that wait, those that are tried next before the others
         * @description Filter by attempts or next_attempt_at; kind and user_id are sealed.
         */
        get: operations["mails.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mails/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a mail that waits, without its text */
        get: operations["mails.show"];
        put?: never;
        post?: never;
        /**
         * Drop a mail: it is not sent
         * @description It is refused while a node sends it.
         */
        delete: operations["mails.drop"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mails/{id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a mail now, instead of at its next attempt
         * @description It is refused while a node sends it, so that nobody gets it twice.
         */
        post: operations["mails.retry"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List deliveries that wait, those that are tried next before the others
         * @description Filter by kind, client_id, user_id, attempts or next_attempt_at.
         */
        get: operations["deliveries.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/deliveries/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a delivery that waits, without its content */
        get: operations["deliveries.show"];
        put?: never;
        post?: never;
        /**
         * Drop a delivery: the client is not told
         * @description It is refused while a node delivers it.
         */
        delete: operations["deliveries.drop"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/deliveries/{id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Deliver now, instead of at the next attempt
         * @description It is refused while a node delivers it, so that the client does not get it twice.
         */
        post: operations["deliveries.retry"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
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
         * @description Filter by at, action, actor_kind, actor_id, client_id, target_kind, target_id, outcome, session_id or request_id.
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
    "/audit/destinations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List destinations of the audit, the oldest first
         * @description Filter by kind, name, client_id, enabled or created_at.
         */
        get: operations["destinations.list"];
        put?: never;
        /**
         * Create a destination of the audit; its secret is shown only now
         * @description It gets what comes from now on, or all from an index or a time on. Of people it gets ids alone, unless details says otherwise.
         */
        post: operations["destinations.create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audit/destinations/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a destination of the audit, with how far it has got */
        get: operations["destinations.show"];
        put?: never;
        post?: never;
        /** Delete a destination of the audit, with its dead letters */
        delete: operations["destinations.delete"];
        options?: never;
        head?: never;
        /**
         * Change a destination of the audit
         * @description By JSON Merge Patch (RFC 7396). It goes on where it was.
         */
        patch: operations["destinations.update"];
        trace?: never;
    };
    "/audit/destinations/{id}/enable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Enable a destination of the audit: it goes on where it stopped */
        post: operations["destinations.enable"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audit/destinations/{id}/disable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Disable a destination of the audit: nothing is sent, and the retention does not wait for it */
        post: operations["destinations.disable"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audit/destinations/{id}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send entries to a destination of the audit again, from an index or a time on
         * @description Each entry has the same id as the first time.
         */
        post: operations["destinations.replay"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audit/destinations/{id}/rotate-secret": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Replace the secret of a destination of the audit; both sign for a time */
        post: operations["destinations.rotate_secret"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audit/destinations/{id}/dead-letters/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send all dead letters of a destination of the audit again; those stay for which that fails */
        post: operations["dead_letters.retry_all"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audit/destinations/{id}/dead-letters": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Drop all dead letters of a destination of the audit: it does not get them */
        delete: operations["dead_letters.drop_all"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audit/dead-letters": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List entries of the audit that could not be delivered, the oldest first
         * @description Filter by destination_id, reason or created_at.
         */
        get: operations["dead_letters.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audit/dead-letters/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a dead letter */
        get: operations["dead_letters.show"];
        put?: never;
        post?: never;
        /** Drop a dead letter: the destination does not get it */
        delete: operations["dead_letters.drop"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audit/dead-letters/{id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send a dead letter again; it stays when that fails */
        post: operations["dead_letters.retry"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audit/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Export entries of the audit, the oldest first
         * @description One entry a line, in JSON: all that there are when it begins. When it cannot be completed the connection breaks.
         */
        get: operations["audit.export"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audit/heads": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the signed heads of the log of the audit, the smallest tree first
         * @description Keep the newest one somewhere else: it shows when the log is cut or rewritten later.
         */
        get: operations["audit.heads"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audit/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the keys of the audit, the oldest first
         * @description Give the id of the newest one to those who check proofs, by another way than the proofs.
         */
        get: operations["audit.keys"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audit/keys/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Replace the key of the audit by another one
         * @description The new key signs at once. Both keys sign the statement that one replaces the other, so that who trusts the key before can trust the new one. What was signed before stays valid.
         */
        post: operations["audit.rotate_key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audit/consistency": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Prove that the log of the audit is the continuation of an earlier one */
        get: operations["audit.consistency"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audit/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Verify the audit: find every entry that was changed, removed, inserted or moved
         * @description A line for each finding, lines of progress, and one with the result. An end that was cut off together with its heads shows only against a head that was kept elsewhere: send such heads, one a line.
         */
        post: operations["audit.verify"];
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
    "/audit/{id}/proof": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Prove that an entry is in the log of the audit
         * @description Who has the proof needs neither the database nor Cardea: `cardea audit check-proof` checks it, or another program.
         */
        get: operations["audit.prove"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/privacy/report": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show what is stored about people, why, and for how long
         * @description The record of processing activities (GDPR, Article 30) and the rules of retention as they are in force, with what is stored now. Both are made from the schema of the database.
         */
        get: operations["privacy.report"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/privacy/texts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the published texts, the newest first */
        get: operations["privacy.texts"];
        put?: never;
        /**
         * Publish a version of a text in one language
         * @description From the time on at which it comes into force, people are asked at their next sign-in to accept it. A version that was published is not changed: publish another one.
         */
        post: operations["privacy.publish_text"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/privacy/texts/{kind}/{version}/withdraw": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Withdraw a version of a text in all its languages
         * @description For one that was published by mistake, or applies no more. It is not asked for any more, and the version before it is in force again: people who accepted that are not asked again. Whoever accepted the withdrawn version keeps the record of it. This is not undone: publish another version. Nodes that have read the texts before follow within a minute.
         */
        post: operations["privacy.withdraw_text"];
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
        /**
         * AuditConsistency
         * @description shows that a log is the continuation of an earlier one (RFC 6962 §2.1.2)
         */
        AuditConsistency: {
            /** @enum {string} */
            type: "cardea-audit-consistency";
            /** @enum {number} */
            version: 1;
            from: components["schemas"]["AuditHead"];
            to: components["schemas"]["AuditHead"];
            /** @description from the leaf to the root */
            path: string[];
            key: components["schemas"]["AuditKey"];
            /** @description how the key has replaced those before it, the first one first */
            successions: components["schemas"]["AuditSuccession"][];
        };
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
            /** @description the id of the user or client; of the command line, the user of the machine */
            actor_id: string;
            /** @description the client by which a person acted */
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
            /** @description of the session in which it happened */
            session_id: string | null;
            /** @description the network address from which it was done; null also when the person was erased */
            address: string | null;
            /** @description the User-Agent; null also when the person was erased */
            device: string | null;
            /** @description false: the row is not as Cardea has written it; verify the audit to find what else was changed */
            intact: boolean;
        };
        /** AuditHead */
        AuditHead: {
            head: {
                /** @enum {string} */
                type: "cardea-audit-head";
                /** @enum {number} */
                version: 1;
                issuer: string;
                /** @description RFC 7638 thumbprint of the key */
                key_id: string;
                /** @description entries in the log */
                tree_size: number;
                /** @description SHA-256, base64url */
                root_hash: string;
                /** @description SHA-256 of the head before in canonical JSON, base64url */
                previous: string | null;
                /**
                 * Format: date-time
                 * @description RFC 3339, in UTC
                 */
                time: string;
            };
            /** @description Ed25519 over the head in canonical JSON (RFC 8785), base64url */
            signature: string;
        };
        /**
         * AuditKey
         * @description a JWK (RFC 8037)
         */
        AuditKey: {
            /** @enum {string} */
            kty: "OKP";
            /** @enum {string} */
            crv: "Ed25519";
            x: string;
            kid: string;
        };
        /** AuditKeyRotation */
        AuditKeyRotation: {
            /** @description RFC 7638 thumbprint of the new key; null in a dry run, which keeps none */
            key_id: string | null;
            previous_key_id: string;
            from_size: number;
        };
        /** AuditKeys */
        AuditKeys: {
            items: {
                key: components["schemas"]["AuditKey"];
                /** @description the newest one; those before it verify what they have signed */
                signs: boolean;
                /** @description it signs logs of this size and larger ones */
                from_size: number;
                /** @description when it replaced the key before; null for the first */
                since: string | null;
                /** @description the statement by which it replaced the key before; null for the first */
                signed: components["schemas"]["AuditSuccession"] | null;
            }[];
        };
        /**
         * AuditProof
         * @description shows that an entry is in the log (RFC 6962 §2.1.1)
         */
        AuditProof: {
            head: {
                /** @enum {string} */
                type: "cardea-audit-head";
                /** @enum {number} */
                version: 1;
                issuer: string;
                /** @description RFC 7638 thumbprint of the key */
                key_id: string;
                /** @description entries in the log */
                tree_size: number;
                /** @description SHA-256, base64url */
                root_hash: string;
                /** @description SHA-256 of the head before in canonical JSON, base64url */
                previous: string | null;
                /**
                 * Format: date-time
                 * @description RFC 3339, in UTC
                 */
                time: string;
            };
            /** @description Ed25519 over the head in canonical JSON (RFC 8785), base64url */
            signature: string;
            /** @enum {string} */
            type: "cardea-audit-proof";
            /** @enum {number} */
            version: 1;
            /** @description the entry as it was hashed, in canonical JSON; its details are sealed */
            event: {
                [key: string]: unknown;
            };
            /** @description its place in the log */
            leaf_index: number;
            /** @description from the leaf to the root */
            path: string[];
            key: components["schemas"]["AuditKey"];
            /** @description how the key has replaced those before it, the first one first */
            successions: components["schemas"]["AuditSuccession"][];
        };
        /**
         * AuditSuccession
         * @description says that one key of the audit replaces another
         */
        AuditSuccession: {
            succession: {
                /** @enum {string} */
                type: "cardea-audit-succession";
                /** @enum {number} */
                version: 1;
                issuer: string;
                generation: number;
                key: components["schemas"]["AuditKey"];
                previous_key: components["schemas"]["AuditKey"];
                /** @description entries in the log when the key was replaced */
                tree_size: number;
                /** @description SHA-256, base64url */
                root_hash: string;
                /** @description the least id of an entry that the retention had left */
                removed_before: string;
                /**
                 * Format: date-time
                 * @description RFC 3339, in UTC
                 */
                time: string;
            };
            /** @description Ed25519 by the key before, over the statement in canonical JSON, base64url */
            signature: string;
            /** @description the same by the new key */
            own_signature: string;
        };
        /** AuditVerification */
        AuditVerification: {
            /** @enum {unknown} */
            type: "finding" | "progress" | "result";
            /**
             * @description of a finding
             * @enum {unknown}
             */
            kind?: "changed" | "removed" | "inserted" | "not_sealed" | "leaf_removed" | "leaf_changed" | "node_changed" | "head_changed" | "head_removed" | "tree_differs" | "cut" | "anchor_changed" | "key_changed";
            /** @description of a finding: the entry */
            event_id?: string | null;
            /** @description of a finding: the place in the log, or the size of the tree of a head */
            index?: number | null;
            /** @description of a finding */
            meaning?: string;
            /** @description looked at so far */
            events?: number;
            /** @description entries in the log */
            size?: number;
            /** @description in the result: signed heads that were checked */
            heads?: number;
            /** @description in the result: new entries that are not in the log yet */
            waiting?: number;
            /** @description in the result: entries that the retention has removed */
            retired?: number;
            /** @description in the result: how many; each of the first 1,000 has a line */
            findings?: number;
            /** @description in the result: keep it elsewhere, to find an end that is cut off later */
            newest?: components["schemas"]["AuditHead"] | null;
        };
        /** Backup */
        Backup: {
            name: string;
            /** @description the moment that everything in it is of; null when its label cannot be read */
            created_at: string | null;
            /** @description of the file, encrypted */
            bytes: number | null;
            rows: number | null;
            product_version: string | null;
            last_migration: string | null;
            /** @description ids of the master keys that it needs */
            master_keys: string[];
            /** @description kid of each signing key in it */
            signing_keys: string[];
            /** @description the size of the tree of the newest signed head of the audit in it */
            audit_size: number | null;
            /** @description the code of the error when it cannot be restored here */
            problem: string | null;
        };
        /** BackupStatus */
        BackupStatus: {
            configured: boolean;
            /** @description since the last good backup began; null before the first */
            age_seconds: number | null;
            /** @description the last good one of this installation */
            last: {
                name: string | null;
                /**
                 * Format: date-time
                 * @description RFC 3339, in UTC
                 */
                began_at: string;
                /**
                 * Format: date-time
                 * @description RFC 3339, in UTC
                 */
                ended_at: string;
                bytes: number | null;
                /** @description the code of the error; null for a good one */
                failure: string | null;
            } | null;
            /** @description the newest that failed, if it is newer than the last good one */
            failed: {
                name: string | null;
                /**
                 * Format: date-time
                 * @description RFC 3339, in UTC
                 */
                began_at: string;
                /**
                 * Format: date-time
                 * @description RFC 3339, in UTC
                 */
                ended_at: string;
                bytes: number | null;
                /** @description the code of the error; null for a good one */
                failure: string | null;
            } | null;
            /** @description null where none are made by themselves */
            due_at: string | null;
        };
        /** Caller */
        Caller: {
            /** @description the client that calls */
            client_id: string | null;
            /** @description the person who calls; null for a machine */
            user_id: string | null;
            /** @description what they may do now */
            permissions: string[];
        };
        /** ChangedClient */
        ChangedClient: {
            /** @description for one that describes itself in a document, its URL */
            client_id: string;
            /** @description raised by each change */
            version: number;
            /** @description its name on the sign-in and consent pages */
            client_name: string;
            /**
             * @description who made it: an operator, the client itself (RFC 7591), or a document at its client_id
             * @enum {string}
             */
            kind: "operator" | "dynamic" | "document";
            /** @description "file" where the configuration file manages it */
            managed_by: "file" | null;
            /** @description a client of the operator: people are not asked for consent */
            first_party: boolean;
            /** @description made for trying out; refused in production */
            demo: boolean;
            /** @description every sign-in to it needs a second factor */
            second_factor_required: boolean;
            /**
             * Format: date-time
             * @description RFC 3339, in UTC
             */
            previous_secret_expires_at?: string;
            /**
             * @description access tokens that it may introspect: its own and those for its resource servers (default), or all
             * @enum {string}
             */
            introspect?: "own" | "all";
            /** @description for a client that registered itself: scopes that it may request besides those open to every client */
            opened_scopes?: string[];
            /** @description rules for its additional claims */
            claim_mapping?: {
                claim: string;
                into: ("id_token" | "userinfo" | "access_token")[];
                from: {
                    static?: unknown;
                    /** @enum {unknown} */
                    account?: "email" | "email_verified" | "preferred_username" | "name" | "given_name" | "family_name" | "middle_name" | "nickname" | "profile" | "picture" | "website" | "gender" | "birthdate" | "zoneinfo" | "locale" | "phone_number" | "phone_number_verified" | "address";
                    groups?: true | {
                        prefix?: string;
                        map?: {
                            [key: string]: string;
                        };
                    };
                    roles?: true | {
                        prefix?: string;
                        map?: {
                            [key: string]: string;
                        };
                    };
                };
                scope?: string;
            }[];
            /** @description what tokens it may exchange (RFC 8693); absent: none */
            token_exchange?: {
                subject_clients?: string[];
                subject_audiences?: string[];
                targets: string[];
                delegation?: boolean;
                impersonation?: boolean;
            };
            /** @description Where a sign-in may return to; compared character by character. */
            redirect_uris: string[];
            /** @description Where a sign-out may return to. */
            post_logout_redirect_uris: string[];
            /** @description The grants that the client uses at the token endpoint. */
            grant_types: ("authorization_code" | "implicit" | "refresh_token" | "urn:ietf:params:oauth:grant-type:device_code" | "urn:openid:params:grant-type:ciba" | "client_credentials" | "urn:ietf:params:oauth:grant-type:token-exchange")[];
            /** @description The response types that the client uses at the authorization endpoint. */
            response_types: ("code" | "id_token" | "id_token token" | "code id_token" | "code token" | "code id_token token")[];
            /**
             * @description How the client authenticates.
             * @enum {string}
             */
            token_endpoint_auth_method: "client_secret_basic" | "client_secret_post" | "private_key_jwt" | "tls_client_auth" | "self_signed_tls_client_auth" | "none";
            /**
             * @description An app on a server or in a browser, or one on a device.
             * @enum {string}
             */
            application_type: "web" | "native";
            /** @description Separated by spaces: the most that the client may request. */
            scope: string;
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
            pkce: "required" | "auto" | "off";
            /**
             * @description What ID tokens of the token endpoint contain: the claims of granted scopes, or only who signed in and how.
             * @enum {string}
             */
            id_token_claims: "full" | "minimal";
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
            /**
             * @description when it must use PKCE, as its profile and `pkce` say together
             * @enum {string}
             */
            pkce_needed: "always" | "without_nonce" | "never";
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
            /** @description a new secret, which is shown only now; not in the result of a dry run */
            client_secret?: string;
            /** @description what is allowed and probably a mistake */
            warnings: {
                /** @enum {string} */
                code: "unknown_scope";
                field: string;
                value: string;
                message: string;
            }[];
        };
        /** Client */
        Client: {
            /** @description for one that describes itself in a document, its URL */
            client_id: string;
            /** @description raised by each change */
            version: number;
            /** @description its name on the sign-in and consent pages */
            client_name: string;
            /**
             * @description who made it: an operator, the client itself (RFC 7591), or a document at its client_id
             * @enum {string}
             */
            kind: "operator" | "dynamic" | "document";
            /** @description "file" where the configuration file manages it */
            managed_by: "file" | null;
            /** @description a client of the operator: people are not asked for consent */
            first_party: boolean;
            /** @description made for trying out; refused in production */
            demo: boolean;
            /** @description every sign-in to it needs a second factor */
            second_factor_required: boolean;
            /**
             * Format: date-time
             * @description RFC 3339, in UTC
             */
            previous_secret_expires_at?: string;
            /**
             * @description access tokens that it may introspect: its own and those for its resource servers (default), or all
             * @enum {string}
             */
            introspect?: "own" | "all";
            /** @description for a client that registered itself: scopes that it may request besides those open to every client */
            opened_scopes?: string[];
            /** @description rules for its additional claims */
            claim_mapping?: {
                claim: string;
                into: ("id_token" | "userinfo" | "access_token")[];
                from: {
                    static?: unknown;
                    /** @enum {unknown} */
                    account?: "email" | "email_verified" | "preferred_username" | "name" | "given_name" | "family_name" | "middle_name" | "nickname" | "profile" | "picture" | "website" | "gender" | "birthdate" | "zoneinfo" | "locale" | "phone_number" | "phone_number_verified" | "address";
                    groups?: true | {
                        prefix?: string;
                        map?: {
                            [key: string]: string;
                        };
                    };
                    roles?: true | {
                        prefix?: string;
                        map?: {
                            [key: string]: string;
                        };
                    };
                };
                scope?: string;
            }[];
            /** @description what tokens it may exchange (RFC 8693); absent: none */
            token_exchange?: {
                subject_clients?: string[];
                subject_audiences?: string[];
                targets: string[];
                delegation?: boolean;
                impersonation?: boolean;
            };
            /** @description Where a sign-in may return to; compared character by character. */
            redirect_uris: string[];
            /** @description Where a sign-out may return to. */
            post_logout_redirect_uris: string[];
            /** @description The grants that the client uses at the token endpoint. */
            grant_types: ("authorization_code" | "implicit" | "refresh_token" | "urn:ietf:params:oauth:grant-type:device_code" | "urn:openid:params:grant-type:ciba" | "client_credentials" | "urn:ietf:params:oauth:grant-type:token-exchange")[];
            /** @description The response types that the client uses at the authorization endpoint. */
            response_types: ("code" | "id_token" | "id_token token" | "code id_token" | "code token" | "code id_token token")[];
            /**
             * @description How the client authenticates.
             * @enum {string}
             */
            token_endpoint_auth_method: "client_secret_basic" | "client_secret_post" | "private_key_jwt" | "tls_client_auth" | "self_signed_tls_client_auth" | "none";
            /**
             * @description An app on a server or in a browser, or one on a device.
             * @enum {string}
             */
            application_type: "web" | "native";
            /** @description Separated by spaces: the most that the client may request. */
            scope: string;
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
            pkce: "required" | "auto" | "off";
            /**
             * @description What ID tokens of the token endpoint contain: the claims of granted scopes, or only who signed in and how.
             * @enum {string}
             */
            id_token_claims: "full" | "minimal";
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
            /**
             * @description when it must use PKCE, as its profile and `pkce` say together
             * @enum {string}
             */
            pkce_needed: "always" | "without_nonce" | "never";
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
        /** ClientDocument */
        ClientDocument: {
            /** @description its name on the sign-in and consent pages */
            client_name: string;
            /** @description a client of the operator: people are not asked for consent */
            first_party?: boolean;
            /** @description every sign-in to it needs a second factor */
            second_factor_required?: boolean;
            /**
             * @description access tokens that it may introspect: its own and those for its resource servers (default), or all
             * @enum {string}
             */
            introspect?: "own" | "all";
            /** @description for a client that registered itself: scopes that it may request besides those open to every client */
            opened_scopes?: string[];
            /** @description rules for its additional claims */
            claim_mapping?: {
                claim: string;
                into: ("id_token" | "userinfo" | "access_token")[];
                from: {
                    static?: unknown;
                    /** @enum {unknown} */
                    account?: "email" | "email_verified" | "preferred_username" | "name" | "given_name" | "family_name" | "middle_name" | "nickname" | "profile" | "picture" | "website" | "gender" | "birthdate" | "zoneinfo" | "locale" | "phone_number" | "phone_number_verified" | "address";
                    groups?: true | {
                        prefix?: string;
                        map?: {
                            [key: string]: string;
                        };
                    };
                    roles?: true | {
                        prefix?: string;
                        map?: {
                            [key: string]: string;
                        };
                    };
                };
                scope?: string;
            }[];
            /** @description what tokens it may exchange (RFC 8693); absent: none */
            token_exchange?: {
                subject_clients?: string[];
                subject_audiences?: string[];
                targets: string[];
                delegation?: boolean;
                impersonation?: boolean;
            };
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
        /** ClientPatch */
        ClientPatch: {
            /** @description its name on the sign-in and consent pages */
            client_name?: string;
            /** @description a client of the operator: people are not asked for consent */
            first_party?: boolean | null;
            /** @description every sign-in to it needs a second factor */
            second_factor_required?: boolean | null;
            /**
             * @description access tokens that it may introspect: its own and those for its resource servers (default), or all
             * @enum {string|null}
             */
            introspect?: "own" | "all" | null;
            /** @description for a client that registered itself: scopes that it may request besides those open to every client */
            opened_scopes?: string[] | null;
            /** @description rules for its additional claims */
            claim_mapping?: {
                claim: string;
                into: ("id_token" | "userinfo" | "access_token")[];
                from: {
                    static?: unknown;
                    /** @enum {unknown} */
                    account?: "email" | "email_verified" | "preferred_username" | "name" | "given_name" | "family_name" | "middle_name" | "nickname" | "profile" | "picture" | "website" | "gender" | "birthdate" | "zoneinfo" | "locale" | "phone_number" | "phone_number_verified" | "address";
                    groups?: true | {
                        prefix?: string;
                        map?: {
                            [key: string]: string;
                        };
                    };
                    roles?: true | {
                        prefix?: string;
                        map?: {
                            [key: string]: string;
                        };
                    };
                };
                scope?: string;
            }[] | null;
            /** @description what tokens it may exchange (RFC 8693); absent: none */
            token_exchange?: Record<string, never> | null;
            /** @description Where a sign-in may return to; compared character by character. */
            redirect_uris?: string[] | null;
            /** @description Where a sign-out may return to. */
            post_logout_redirect_uris?: string[] | null;
            /** @description The grants that the client uses at the token endpoint. */
            grant_types?: ("authorization_code" | "implicit" | "refresh_token" | "urn:ietf:params:oauth:grant-type:device_code" | "urn:openid:params:grant-type:ciba" | "client_credentials" | "urn:ietf:params:oauth:grant-type:token-exchange")[] | null;
            /** @description The response types that the client uses at the authorization endpoint. */
            response_types?: ("code" | "id_token" | "id_token token" | "code id_token" | "code token" | "code id_token token")[] | null;
            /**
             * @description How the client authenticates.
             * @enum {string|null}
             */
            token_endpoint_auth_method?: "client_secret_basic" | "client_secret_post" | "private_key_jwt" | "tls_client_auth" | "self_signed_tls_client_auth" | "none" | null;
            /**
             * @description An app on a server or in a browser, or one on a device.
             * @enum {string|null}
             */
            application_type?: "web" | "native" | null;
            /** @description Separated by spaces: the most that the client may request. */
            scope?: string | string[] | null;
            /** @description The public keys of the client, unless `jwks_uri` names them. */
            jwks?: Record<string, never> | null;
            /**
             * Format: uri
             * @description Where the public keys of the client are.
             */
            jwks_uri?: string | null;
            /**
             * Format: uri
             * @description The home page of the client.
             */
            client_uri?: string | null;
            /**
             * Format: uri
             * @description The logo of the client.
             */
            logo_uri?: string | null;
            /**
             * Format: uri
             * @description The privacy policy of the client.
             */
            policy_uri?: string | null;
            /**
             * Format: uri
             * @description The terms of service of the client.
             */
            tos_uri?: string | null;
            /**
             * @description A stricter profile than the one of the server.
             * @enum {string|null}
             */
            profile?: "oidc" | "oauth21" | "fapi2" | null;
            /**
             * @description When the client must use PKCE (RFC 7636); `auto`: as its profile says.
             * @enum {string|null}
             */
            pkce?: "required" | "auto" | "off" | null;
            /**
             * @description What ID tokens of the token endpoint contain: the claims of granted scopes, or only who signed in and how.
             * @enum {string|null}
             */
            id_token_claims?: "full" | "minimal" | null;
            /**
             * @description The algorithm of client assertions.
             * @enum {string|null}
             */
            token_endpoint_auth_signing_alg?: "RS256" | "PS256" | "ES256" | "EdDSA" | null;
            /**
             * @description The same `sub` for all clients, or one for each sector.
             * @enum {string|null}
             */
            subject_type?: "public" | "pairwise" | null;
            /**
             * Format: uri
             * @description The list of redirect URIs of clients that share one pairwise `sub`.
             */
            sector_identifier_uri?: string | null;
            /** @description Seconds since the last sign-in after which a new one is needed. */
            default_max_age?: number | null;
            /** @description ID tokens always have `auth_time`. */
            require_auth_time?: boolean | null;
            /** @description How strong a sign-in must be, unless the request says it. */
            default_acr_values?: ("urn:cardea:acr:1fa" | "urn:cardea:acr:2fa")[] | null;
            /**
             * Format: uri
             * @description Where a sign-in can be begun by others (OpenID Connect Core §4).
             */
            initiate_login_uri?: string | null;
            /**
             * @description The algorithm that signs ID tokens.
             * @enum {string|null}
             */
            id_token_signed_response_alg?: "RS256" | "PS256" | "ES256" | "EdDSA" | null;
            /**
             * @description The algorithm that encrypts the key of ID tokens.
             * @enum {string|null}
             */
            id_token_encrypted_response_alg?: "RSA-OAEP" | "RSA-OAEP-256" | "ECDH-ES" | "ECDH-ES+A128KW" | "ECDH-ES+A256KW" | null;
            /**
             * @description The algorithm that encrypts ID tokens.
             * @enum {string|null}
             */
            id_token_encrypted_response_enc?: "A128CBC-HS256" | "A256CBC-HS512" | "A128GCM" | "A256GCM" | null;
            /**
             * @description The algorithm that signs responses of the userinfo endpoint.
             * @enum {string|null}
             */
            userinfo_signed_response_alg?: "RS256" | "PS256" | "ES256" | "EdDSA" | null;
            /**
             * @description The algorithm that encrypts the key of responses of the userinfo endpoint.
             * @enum {string|null}
             */
            userinfo_encrypted_response_alg?: "RSA-OAEP" | "RSA-OAEP-256" | "ECDH-ES" | "ECDH-ES+A128KW" | "ECDH-ES+A256KW" | null;
            /**
             * @description The algorithm that encrypts responses of the userinfo endpoint.
             * @enum {string|null}
             */
            userinfo_encrypted_response_enc?: "A128CBC-HS256" | "A256CBC-HS512" | "A128GCM" | "A256GCM" | null;
            /**
             * @description The algorithm that signs introspection responses (RFC 9701).
             * @enum {string|null}
             */
            introspection_signed_response_alg?: "RS256" | "PS256" | "ES256" | "EdDSA" | null;
            /**
             * @description The algorithm that encrypts the key of introspection responses.
             * @enum {string|null}
             */
            introspection_encrypted_response_alg?: "RSA-OAEP" | "RSA-OAEP-256" | "ECDH-ES" | "ECDH-ES+A128KW" | "ECDH-ES+A256KW" | null;
            /**
             * @description The algorithm that encrypts introspection responses.
             * @enum {string|null}
             */
            introspection_encrypted_response_enc?: "A128CBC-HS256" | "A256CBC-HS512" | "A128GCM" | "A256GCM" | null;
            /**
             * @description The algorithm that signs authorization responses (JARM).
             * @enum {string|null}
             */
            authorization_signed_response_alg?: "RS256" | "PS256" | "ES256" | "EdDSA" | null;
            /**
             * @description The algorithm that encrypts the key of authorization responses.
             * @enum {string|null}
             */
            authorization_encrypted_response_alg?: "RSA-OAEP" | "RSA-OAEP-256" | "ECDH-ES" | "ECDH-ES+A128KW" | "ECDH-ES+A256KW" | null;
            /**
             * @description The algorithm that encrypts authorization responses.
             * @enum {string|null}
             */
            authorization_encrypted_response_enc?: "A128CBC-HS256" | "A256CBC-HS512" | "A128GCM" | "A256GCM" | null;
            /**
             * @description The algorithm of request objects (RFC 9101).
             * @enum {string|null}
             */
            request_object_signing_alg?: "RS256" | "PS256" | "ES256" | "EdDSA" | null;
            /** @description Authorization requests must be signed (RFC 9101). */
            require_signed_request_object?: boolean | null;
            /** @description The types of authorization details that the client may request (RFC 9396). */
            authorization_details_types?: string[] | null;
            /**
             * Format: uri
             * @description Where the client is told that a session has ended.
             */
            backchannel_logout_uri?: string | null;
            /** @description Logout tokens must have `sid`. */
            backchannel_logout_session_required?: boolean | null;
            /**
             * @description How the client gets the result of a backchannel authentication request.
             * @enum {string|null}
             */
            backchannel_token_delivery_mode?: "poll" | "ping" | "push" | null;
            /**
             * Format: uri
             * @description Where the client is notified of that result.
             */
            backchannel_client_notification_endpoint?: string | null;
            /**
             * @description The algorithm of backchannel authentication requests.
             * @enum {string|null}
             */
            backchannel_authentication_request_signing_alg?: "RS256" | "PS256" | "ES256" | "EdDSA" | null;
            /** @description The distinguished name of the certificate of the client (RFC 8705). */
            tls_client_auth_subject_dn?: string | null;
            /**
             * Format: hostname
             * @description The host name in the certificate of the client.
             */
            tls_client_auth_san_dns?: string | null;
            /**
             * Format: uri
             * @description The URI in the certificate of the client.
             */
            tls_client_auth_san_uri?: string | null;
            /** @description The IP address in the certificate of the client. */
            tls_client_auth_san_ip?: string | null;
            /** @description The e-mail address in the certificate of the client. */
            tls_client_auth_san_email?: string | null;
            /** @description Access tokens are bound to the certificate of the client (RFC 8705). */
            tls_client_certificate_bound_access_tokens?: boolean | null;
            /** @description Access tokens are bound to a DPoP key (RFC 9449). */
            dpop_bound_access_tokens?: boolean | null;
            /** @description Authorization requests must be pushed (RFC 9126). */
            require_pushed_authorization_requests?: boolean | null;
        };
        /** Configuration */
        Configuration: {
            items: components["schemas"]["Setting"][];
        };
        /**
         * DeadLetter
         * @description Entries, or a signed head, that a destination did not get.
         */
        DeadLetter: {
            /**
             * Format: uuid
             * @description UUID
             */
            id: string;
            /**
             * Format: uuid
             * @description UUID
             */
            destination_id: string;
            /** @description of a head: the index of the last entry in it */
            first_index: number;
            last_index: number;
            /** @description a signed head, and not an entry */
            is_head: boolean;
            /** @description the id of the first entry; null for a head, and where the log has no such place */
            first_event_id: string | null;
            /** @description the id of the last one, in the same way */
            last_event_id: string | null;
            /** @description of the first entry; null also when the audit does not have it */
            action: string | null;
            /** @description such as status_500; event_removed, event_changed or leaf_missing when the audit does not have the entries as they were */
            reason: string;
            attempts: number;
            /** @description it is sent again at the next turn of the destination */
            wanted: boolean;
            /**
             * Format: date-time
             * @description RFC 3339, in UTC
             */
            created_at: string;
        };
        /** DeletedDestination */
        DeletedDestination: {
            /**
             * Format: uuid
             * @description UUID
             */
            id: string;
            /** @enum {boolean} */
            deleted: true;
        };
        /** DeletedRegistration */
        DeletedRegistration: {
            /** @description 16 hex digits */
            id: string;
            /** @enum {boolean} */
            revoked: true;
        };
        /**
         * Delivery
         * @description Its content is not shown: it is for the client alone, and may have tokens. Nor is what the client answered.
         */
        Delivery: {
            /**
             * Format: uuid
             * @description UUID
             */
            id: string;
            /** @description such as logout, of OpenID Connect Back-Channel Logout 1.0 */
            kind: string;
            client_id: string;
            /** @description the person that it is about */
            user_id: string | null;
            attempts: number;
            /**
             * Format: date-time
             * @description while a node sends it, when its time for that is over
             */
            next_attempt_at: string;
            /** @description when it is given up; null before the first attempt, from which that is counted */
            expires_at: string | null;
        };
        /** Destination */
        Destination: {
            /**
             * Format: uuid
             * @description UUID
             */
            id: string;
            /** @description raised by each change */
            version: number;
            /**
             * @description webhook: Standard Webhooks; cloudevents: CloudEvents 1.0, signed in the same way; syslog: RFC 5424 over TLS; file: JSON Lines on the disk of the server
             * @enum {string}
             */
            kind: "webhook" | "cloudevents" | "syslog" | "file";
            /** @description for operators */
            name: string;
            settings: components["schemas"]["DestinationSettings"];
            /** @description only these actions, such as users.update, or users.* for all of them; of a client, types of events such as user.*; empty: all */
            actions: string[];
            /** @description only these outcomes; empty: all */
            outcomes: ("done" | "refused" | "denied")[];
            /** @description of a client: also events of people who have not used it; false by default */
            everybody: boolean;
            /** @description signed heads of the log are sent as well; false by default */
            heads: boolean;
            /** @description address and device are sent as well, in clear: you need users:read:pii; not for a client; false by default */
            details: boolean;
            /** @description the client that gets the events of its people; null: the whole audit */
            client_id: string | null;
            /** @description the index of the entry that comes next */
            position: number;
            enabled: boolean;
            /** @description why the server has disabled it: status_410, when the receiver answered that it wants nothing more; dead_letters, when it has too many */
            disabled_reason: string | null;
            /** @description failed attempts for what comes next */
            attempts: number;
            /** @description such as status_503, time, connection, address or redirect */
            last_failure: string | null;
            /**
             * Format: date-time
             * @description RFC 3339, in UTC
             */
            next_attempt_at: string;
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
        /** DestinationPatch */
        DestinationPatch: {
            /** @description for operators */
            name?: string;
            settings?: components["schemas"]["DestinationSettings"];
            /** @description only these actions, such as users.update, or users.* for all of them; of a client, types of events such as user.*; empty: all */
            actions?: string[];
            /** @description only these outcomes; empty: all */
            outcomes?: ("done" | "refused" | "denied")[];
            /** @description of a client: also events of people who have not used it; false by default */
            everybody?: boolean;
            /** @description signed heads of the log are sent as well; false by default */
            heads?: boolean;
            /** @description address and device are sent as well, in clear: you need users:read:pii; not for a client; false by default */
            details?: boolean;
        };
        /** DestinationSettings */
        DestinationSettings: {
            /** @description of webhook and cloudevents */
            url?: string;
            /** @description of syslog */
            host?: string;
            /** @description of syslog; 6514 by default */
            port?: number;
            /** @description of syslog: authorities in PEM, in place of those of Node */
            ca?: string;
            /** @description of syslog: your private enterprise number, for the structured data; 32473, of examples, by default */
            enterprise_number?: number;
            /** @description of file: its name, in CARDEA_AUDIT_FILE_DIR */
            file?: string;
        };
        /** DestinationWithLag */
        DestinationWithLag: {
            /**
             * Format: uuid
             * @description UUID
             */
            id: string;
            /** @description raised by each change */
            version: number;
            /**
             * @description webhook: Standard Webhooks; cloudevents: CloudEvents 1.0, signed in the same way; syslog: RFC 5424 over TLS; file: JSON Lines on the disk of the server
             * @enum {string}
             */
            kind: "webhook" | "cloudevents" | "syslog" | "file";
            /** @description for operators */
            name: string;
            settings: components["schemas"]["DestinationSettings"];
            /** @description only these actions, such as users.update, or users.* for all of them; of a client, types of events such as user.*; empty: all */
            actions: string[];
            /** @description only these outcomes; empty: all */
            outcomes: ("done" | "refused" | "denied")[];
            /** @description of a client: also events of people who have not used it; false by default */
            everybody: boolean;
            /** @description signed heads of the log are sent as well; false by default */
            heads: boolean;
            /** @description address and device are sent as well, in clear: you need users:read:pii; not for a client; false by default */
            details: boolean;
            /** @description the client that gets the events of its people; null: the whole audit */
            client_id: string | null;
            /** @description the index of the entry that comes next */
            position: number;
            enabled: boolean;
            /** @description why the server has disabled it: status_410, when the receiver answered that it wants nothing more; dead_letters, when it has too many */
            disabled_reason: string | null;
            /** @description failed attempts for what comes next */
            attempts: number;
            /** @description such as status_503, time, connection, address or redirect */
            last_failure: string | null;
            /**
             * Format: date-time
             * @description RFC 3339, in UTC
             */
            next_attempt_at: string;
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
            /** @description when the oldest entry was written that it has not had yet; null when it has had all */
            behind_since: string | null;
            /** @description entries that are older than the retention stay because of it: repair it, disable it, or move it on by a replay */
            holds_retention: boolean;
        };
        /** DroppedDeadLetters */
        DroppedDeadLetters: {
            /**
             * Format: uuid
             * @description UUID
             */
            destination_id: string;
            /** @description how many */
            dropped: number;
        };
        /** EndedSession */
        EndedSession: {
            /** @description its id, which is not the one in the cookie */
            uid: string;
            /**
             * Format: uuid
             * @description UUID
             */
            user_id: string;
        };
        /** Factors */
        Factors: {
            /**
             * Format: uuid
             * @description UUID
             */
            id: string;
            /** @description kinds of second factor */
            second_factors: ("totp" | "passkey")[];
            /** @description recovery codes that are left */
            recovery_codes: number;
            passkeys: {
                /** @description the credential id, in base64url */
                id: string;
                /** @description as the person has named it */
                name: string;
                /** @description synchronised by the platform, not bound to one device */
                backed_up: boolean;
                /**
                 * Format: date-time
                 * @description RFC 3339, in UTC
                 */
                created_at: string;
                last_used_at: string | null;
            }[];
        };
        /**
         * Grant
         * @description without its tokens, which are stored as hashes alone
         */
        Grant: {
            id: string;
            /**
             * Format: uuid
             * @description the person
             */
            user_id: string;
            client_id: string;
            scopes: string[];
            /** @description scopes by resource server (RFC 8707) */
            resources: {
                [key: string]: string[];
            };
            /**
             * Format: date-time
             * @description RFC 3339, in UTC
             */
            created_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, in UTC
             */
            expires_at: string;
        };
        /** Group */
        Group: {
            /** @description its name, which tokens of members have */
            name: string;
            /** @description for operators */
            description: string;
            /** @description "file" where the configuration file manages it */
            managed_by: "file" | null;
            /** @description raised by each change */
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
        /** GroupsOfUser */
        GroupsOfUser: {
            /**
             * Format: uuid
             * @description UUID
             */
            id: string;
            /** @description names of groups; each must exist */
            groups: string[];
            /** @description the ETag of the user, for the next If-Match */
            etag: string;
        };
        /** InactiveUsers */
        InactiveUsers: {
            to_warn: number;
            to_disable: number;
            to_delete: number;
        };
        /** Invitation */
        Invitation: {
            /** @description for signing in and for mails; unique */
            email: string;
            /** @description the e-mail address is known to belong to the person */
            email_verified?: boolean;
            /** @description for signing in, in place of the e-mail address; unique */
            username?: string;
            /** @description full name */
            name?: string;
            /** @description given name */
            given_name?: string;
            /** @description family name */
            family_name?: string;
            /** @description middle name */
            middle_name?: string;
            /** @description casual name */
            nickname?: string;
            /** @description URL of a page about the person */
            profile?: string;
            /** @description URL of a picture */
            picture?: string;
            /** @description URL of the own page */
            website?: string;
            /** @description gender */
            gender?: string;
            /** @description YYYY-MM-DD, or YYYY */
            birthdate?: string;
            /** @description time zone, such as Europe/Paris */
            zoneinfo?: string;
            /** @description language tag, such as en-GB; mails to the person are in this language */
            locale?: string;
            /** @description phone number, such as +44 20 7946 0000 */
            phone_number?: string;
            /** @description the number is known to belong to the person */
            phone_number_verified?: boolean;
            /** @description postal address (OpenID Connect Core §5.1.1) */
            address?: {
                /** @description the whole address, on several lines */
                formatted?: string;
                /** @description street and number */
                street_address?: string;
                /** @description city */
                locality?: string;
                /** @description state, province or region */
                region?: string;
                /** @description postal code */
                postal_code?: string;
                /** @description country */
                country?: string;
            };
            /** @description names of groups; each must exist */
            groups?: string[];
            /** @description names of roles; each must exist, and you need all their permissions */
            roles?: string[];
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
        /**
         * Lockout
         * @description Neither the identifier that was typed nor the address that it came from is stored: there is nothing to show.
         */
        Lockout: {
            /** @description 64 hex digits */
            id: string;
            /** @description the person; null for an identifier without a user, which is locked in the same way and not stored */
            user_id: string | null;
            /** @description password, totp or recovery_code */
            factor: string;
            /**
             * Format: date-time
             * @description RFC 3339, in UTC
             */
            locked_until: string;
        };
        /**
         * Mail
         * @description Neither address nor text is shown: the text is made when it is sent, and has a link by which its reader could take over the account.
         */
        Mail: {
            /**
             * Format: uuid
             * @description UUID
             */
            id: string;
            /** @description such as invitation; null when no master key opens it */
            kind: string | null;
            /** @description the id of the person; null for a mail to an address that somebody has typed */
            user_id: string | null;
            attempts: number;
            /**
             * Format: date-time
             * @description while a node sends it, when its time for that is over
             */
            next_attempt_at: string;
            /**
             * Format: date-time
             * @description when it is given up
             */
            expires_at: string;
        };
        /** NewClient */
        NewClient: {
            /** @description random by default; give one to keep that of another server */
            client_id?: string;
            /** @description for trying out: refused by a server in production */
            demo?: boolean;
            /** @description its name on the sign-in and consent pages */
            client_name: string;
            /** @description a client of the operator: people are not asked for consent */
            first_party?: boolean;
            /** @description every sign-in to it needs a second factor */
            second_factor_required?: boolean;
            /**
             * @description access tokens that it may introspect: its own and those for its resource servers (default), or all
             * @enum {string}
             */
            introspect?: "own" | "all";
            /** @description for a client that registered itself: scopes that it may request besides those open to every client */
            opened_scopes?: string[];
            /** @description rules for its additional claims */
            claim_mapping?: {
                claim: string;
                into: ("id_token" | "userinfo" | "access_token")[];
                from: {
                    static?: unknown;
                    /** @enum {unknown} */
                    account?: "email" | "email_verified" | "preferred_username" | "name" | "given_name" | "family_name" | "middle_name" | "nickname" | "profile" | "picture" | "website" | "gender" | "birthdate" | "zoneinfo" | "locale" | "phone_number" | "phone_number_verified" | "address";
                    groups?: true | {
                        prefix?: string;
                        map?: {
                            [key: string]: string;
                        };
                    };
                    roles?: true | {
                        prefix?: string;
                        map?: {
                            [key: string]: string;
                        };
                    };
                };
                scope?: string;
            }[];
            /** @description what tokens it may exchange (RFC 8693); absent: none */
            token_exchange?: {
                subject_clients?: string[];
                subject_audiences?: string[];
                targets: string[];
                delegation?: boolean;
                impersonation?: boolean;
            };
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
        /** NewDestination */
        NewDestination: {
            /**
             * Format: uuid
             * @description UUID
             */
            id: string;
            /** @description raised by each change */
            version: number;
            /**
             * @description webhook: Standard Webhooks; cloudevents: CloudEvents 1.0, signed in the same way; syslog: RFC 5424 over TLS; file: JSON Lines on the disk of the server
             * @enum {string}
             */
            kind: "webhook" | "cloudevents" | "syslog" | "file";
            /** @description for operators */
            name: string;
            settings: components["schemas"]["DestinationSettings"];
            /** @description only these actions, such as users.update, or users.* for all of them; of a client, types of events such as user.*; empty: all */
            actions: string[];
            /** @description only these outcomes; empty: all */
            outcomes: ("done" | "refused" | "denied")[];
            /** @description of a client: also events of people who have not used it; false by default */
            everybody: boolean;
            /** @description signed heads of the log are sent as well; false by default */
            heads: boolean;
            /** @description address and device are sent as well, in clear: you need users:read:pii; not for a client; false by default */
            details: boolean;
            /** @description the client that gets the events of its people; null: the whole audit */
            client_id: string | null;
            /** @description the index of the entry that comes next */
            position: number;
            enabled: boolean;
            /** @description why the server has disabled it: status_410, when the receiver answered that it wants nothing more; dead_letters, when it has too many */
            disabled_reason: string | null;
            /** @description failed attempts for what comes next */
            attempts: number;
            /** @description such as status_503, time, connection, address or redirect */
            last_failure: string | null;
            /**
             * Format: date-time
             * @description RFC 3339, in UTC
             */
            next_attempt_at: string;
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
            /** @description by which the receiver verifies signatures; it cannot be shown again */
            secret?: string;
        };
        /** NewRegistration */
        NewRegistration: {
            /** @description 16 hex digits */
            id: string;
            /** @description clients that may still be registered with it */
            uses_left: number;
            grant_types: string[];
            /** @description hosts of redirect URIs, *.example.com for all below one; absent: any */
            redirect_hosts?: string[];
            /** @description the most that clients may request, separated by spaces; absent: what is open to every client */
            scope?: string;
            /**
             * Format: date-time
             * @description RFC 3339, in UTC
             */
            created_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, in UTC
             */
            expires_at: string;
            /** @description the token, which cannot be shown again; not in the result of a dry run */
            token?: string;
        };
        /** NewText */
        NewText: {
            /**
             * @description terms of service, or privacy policy
             * @enum {unknown}
             */
            kind: "terms" | "privacy";
            /** @description such as 2026-11 */
            version: string;
            /** @description language tag, such as en */
            language: string;
            title: string;
            /** @description where the text is */
            url: string;
            /** @description people who accepted an earlier version have to accept this one */
            ask_again?: boolean;
            /**
             * Format: date-time
             * @description RFC 3339, in UTC
             */
            effective_from?: string;
        };
        /** NewUser */
        NewUser: {
            /** @description for signing in and for mails; unique */
            email: string;
            /** @description the e-mail address is known to belong to the person */
            email_verified?: boolean;
            /** @description for signing in, in place of the e-mail address; unique */
            username?: string;
            /** @description full name */
            name?: string;
            /** @description given name */
            given_name?: string;
            /** @description family name */
            family_name?: string;
            /** @description middle name */
            middle_name?: string;
            /** @description casual name */
            nickname?: string;
            /** @description URL of a page about the person */
            profile?: string;
            /** @description URL of a picture */
            picture?: string;
            /** @description URL of the own page */
            website?: string;
            /** @description gender */
            gender?: string;
            /** @description YYYY-MM-DD, or YYYY */
            birthdate?: string;
            /** @description time zone, such as Europe/Paris */
            zoneinfo?: string;
            /** @description language tag, such as en-GB; mails to the person are in this language */
            locale?: string;
            /** @description phone number, such as +44 20 7946 0000 */
            phone_number?: string;
            /** @description the number is known to belong to the person */
            phone_number_verified?: boolean;
            /** @description postal address (OpenID Connect Core §5.1.1) */
            address?: {
                /** @description the whole address, on several lines */
                formatted?: string;
                /** @description street and number */
                street_address?: string;
                /** @description city */
                locality?: string;
                /** @description state, province or region */
                region?: string;
                /** @description postal code */
                postal_code?: string;
                /** @description country */
                country?: string;
            };
            /** @description names of groups; each must exist */
            groups?: string[];
            /** @description names of roles; each must exist, and you need all their permissions */
            roles?: string[];
            /** @description one that the policy accepts */
            password?: string;
            /** @description the person has to choose another password at the next sign-in; true by default */
            password_temporary?: boolean;
        };
        /** OtherRecipient */
        OtherRecipient: {
            /** @enum {string} */
            kind: "mail_server" | "audit_destination" | "resource_server" | "database" | "redis";
            /** @description as operators have named it, or the setting that it comes from */
            name: string;
            /** @description how it is sent, such as smtp or webhook */
            protocol: string;
            /** @description null: on the disk of the server */
            host: string | null;
            /** @description what it gets of people */
            data: string;
        };
        /** PersonalValue */
        PersonalValue: {
            table: string;
            column: string;
            /** @description of a sealed object */
            member?: string;
            /** @enum {unknown} */
            kind: "identity" | "contact" | "credential" | "device" | "address" | "activity" | "permission" | "consent";
            /** @description its place in the export of a person */
            exported?: string;
            /**
             * @description why it is not in the export
             * @enum {unknown}
             */
            withheld?: "secret" | "lookup" | "reference" | "state" | "anonymous" | "others";
        };
        /** PrivacyReport */
        PrivacyReport: {
            /**
             * Format: date-time
             * @description RFC 3339, in UTC
             */
            made_at: string;
            issuer: string;
            /** @description who runs the service */
            controller: {
                name: string;
                contact: string;
            };
            activities: components["schemas"]["ProcessingActivity"][];
            retention: components["schemas"]["RetentionRule"][];
            /** @description the clients that get data of people who sign in to them */
            recipients: components["schemas"]["Recipient"][];
            /** @description services that get personal data: of mails, of the audit, for APIs, and where data are stored */
            other_recipients: components["schemas"]["OtherRecipient"][];
            /** @description there are more than are shown here: list the clients, the resource servers and the destinations of the audit */
            more_recipients: boolean;
            security_measures: string[];
            values: components["schemas"]["PersonalValue"][];
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
                /** @description Or the name of a parameter or a header. */
                parameter?: string;
                /** @description What is wrong with it. */
                detail: string;
                /** @description Of a password: the rule of the policy that it broke. */
                rule?: string;
            }[];
            /** @description What the log of the server calls this request. */
            request_id: string;
        };
        /** ProcessingActivity */
        ProcessingActivity: {
            /** @enum {unknown} */
            purpose: "account" | "sign_in" | "apps" | "mail" | "security" | "proof" | "operation";
            about: string;
            /** @description a proposal: the operator decides */
            legal_basis: string;
            /** @description the categories of people */
            people: string;
            /** @description the categories of their data */
            data: ("identity" | "contact" | "credential" | "device" | "address" | "activity" | "permission" | "consent")[];
            /** @description where it is stored; the rule of each is in `retention` */
            tables: string[];
        };
        /** PublishedText */
        PublishedText: {
            /**
             * @description terms of service, or privacy policy
             * @enum {unknown}
             */
            kind: "terms" | "privacy";
            /** @description such as 2026-11 */
            version: string;
            /** @description language tag, such as en */
            language: string;
            title: string;
            /** @description where the text is */
            url: string;
            /** @description people who accepted an earlier version have to accept this one */
            ask_again: boolean;
            /**
             * Format: date-time
             * @description RFC 3339, in UTC
             */
            effective_from: string;
            /**
             * Format: date-time
             * @description it is not asked for any more since then
             */
            withdrawn_at?: string;
        };
        /** PublishedTexts */
        PublishedTexts: {
            items: components["schemas"]["PublishedText"][];
        };
        /** Recipient */
        Recipient: {
            client_id: string;
            client_name: string;
            scopes: string[];
        };
        /**
         * Registration
         * @description without the token itself, which is stored as a hash and shown only when it is made
         */
        Registration: {
            /** @description 16 hex digits */
            id: string;
            /** @description clients that may still be registered with it */
            uses_left: number;
            grant_types: string[];
            /** @description hosts of redirect URIs, *.example.com for all below one; absent: any */
            redirect_hosts?: string[];
            /** @description the most that clients may request, separated by spaces; absent: what is open to every client */
            scope?: string;
            /**
             * Format: date-time
             * @description RFC 3339, in UTC
             */
            created_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, in UTC
             */
            expires_at: string;
        };
        /** Removed */
        Removed: {
            name: string;
            /** @description people who had it */
            members_removed: number;
        };
        /** RemovedFactors */
        RemovedFactors: {
            /**
             * Format: uuid
             * @description UUID
             */
            id: string;
            /** @description kinds that were removed */
            removed: ("totp" | "passkey" | "recovery_codes")[];
            /** @description the ETag of the user, for the next If-Match */
            etag: string;
        };
        /** ResourceServer */
        ResourceServer: {
            /** @description its resource indicator (RFC 8707), an absolute URI; the audience of its tokens */
            identifier: string;
            /** @description raised by each change */
            version: number;
            /** @description its name on the consent page */
            name: string;
            /** @description "file" where the configuration file manages it */
            managed_by: "file" | null;
            /** @description its scopes */
            scopes: string[];
            /** @description clients that registered themselves, such as agents, may request access to it */
            open: boolean;
            /** @description the clients as which it introspects tokens (RFC 7662): they may introspect all tokens for it */
            clients: string[];
            /**
             * @description the typ header of its access tokens: at+jwt (RFC 9068, default), or JWT for a library that refuses at+jwt
             * @enum {string}
             */
            token_typ: "at+jwt" | "JWT";
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
        /** ResourceServerDocument */
        ResourceServerDocument: {
            /** @description its name on the consent page */
            name: string;
            /** @description its scopes */
            scopes?: string[];
            /** @description clients that registered themselves, such as agents, may request access to it */
            open?: boolean;
            /** @description the clients as which it introspects tokens (RFC 7662): they may introspect all tokens for it */
            clients?: string[];
            /**
             * @description the typ header of its access tokens: at+jwt (RFC 9068, default), or JWT for a library that refuses at+jwt
             * @enum {string}
             */
            token_typ?: "at+jwt" | "JWT";
        };
        /** ResourceServerPatch */
        ResourceServerPatch: {
            /** @description its name on the consent page */
            name?: string;
            /** @description its scopes */
            scopes?: string[] | null;
            /** @description clients that registered themselves, such as agents, may request access to it */
            open?: boolean | null;
            /** @description the clients as which it introspects tokens (RFC 7662): they may introspect all tokens for it */
            clients?: string[] | null;
            /**
             * @description the typ header of its access tokens: at+jwt (RFC 9068, default), or JWT for a library that refuses at+jwt
             * @enum {string|null}
             */
            token_typ?: "at+jwt" | "JWT" | null;
        };
        /** Restriction */
        Restriction: {
            /**
             * @description why the processing is restricted (GDPR Art. 18(1), a to d)
             * @enum {unknown}
             */
            reason: "accuracy_contested" | "unlawful" | "legal_claims" | "objection";
        };
        /** RetentionRule */
        RetentionRule: {
            table: string;
            /** @enum {unknown} */
            purpose: "account" | "sign_in" | "apps" | "mail" | "security" | "proof" | "operation";
            /** @description how long a row is stored */
            until: string;
            /** @description the settings that say how long, as they are in force */
            settings: {
                name: string;
                value: string;
            }[];
            removed_by: ("expiry" | "erasure" | "end" | "person" | "operator" | "policy")[];
            rows: number;
            /** @description false: more rows than are counted one by one; `rows` is an estimate */
            exact: boolean;
            /** @description since when the oldest row exists; null when that is not known */
            oldest: string | null;
            /** @description how long ago the first of the rows expired that are still there */
            overdue_seconds: number;
        };
        /** RetriedDeadLetters */
        RetriedDeadLetters: {
            /**
             * Format: uuid
             * @description UUID
             */
            destination_id: string;
            /** @description how many are sent again, beside those that wait already */
            retried: number;
            /** @description how many stay, because the audit does not have their entries any more */
            nothing_to_send: number;
        };
        /** RevokedGrant */
        RevokedGrant: {
            id: string;
            /**
             * Format: uuid
             * @description UUID
             */
            user_id: string;
            client_id: string;
        };
        /**
         * RevokedTokens
         * @description never a token itself
         */
        RevokedTokens: {
            /** @enum {unknown} */
            revoked: "token" | "jti" | "grant" | "session" | "user" | "client";
            jti?: string;
            /** @description of an opaque token, such as RefreshToken */
            kind?: string;
            /** @description the grant that has ended with it */
            grant?: string | null;
            session?: string;
            /** Format: uuid */
            user_id?: string;
            client_id?: string;
            grants_ended?: number;
            /** @description opaque tokens of the client itself */
            tokens_ended?: number;
            /**
             * Format: date-time
             * @description until when the end of JWTs is remembered: the last of them has expired by then
             */
            remembered_until?: string;
        };
        /** Role */
        Role: {
            /** @description its name, which clients get by scope or claim mapping */
            name: string;
            /** @description for operators */
            description: string;
            /** @description what people with the role may do in this API; nobody can give more than they have */
            permissions: ("users:read" | "users:write" | "users:read:pii" | "credentials:read" | "credentials:write" | "groups:read" | "groups:write" | "roles:read" | "roles:write" | "clients:read" | "clients:write" | "resources:read" | "resources:write" | "sessions:read" | "sessions:write" | "grants:read" | "grants:write" | "tokens:read" | "tokens:write" | "keys:read" | "keys:write" | "lockouts:read" | "lockouts:write" | "registrations:read" | "registrations:write" | "mails:read" | "mails:write" | "deliveries:read" | "deliveries:write" | "audit:read" | "audit:write" | "privacy:read" | "privacy:write" | "backups:read" | "backups:write" | "config:read" | "config:write" | "status:read")[];
            /** @description part of the program: it cannot be changed or deleted */
            builtin: boolean;
            /** @description "file" where the configuration file manages it */
            managed_by: "file" | null;
            /** @description raised by each change */
            version: number;
            /** @description null for a builtin one */
            created_at: string | null;
            updated_at: string | null;
        };
        /** RolesOfUser */
        RolesOfUser: {
            /**
             * Format: uuid
             * @description UUID
             */
            id: string;
            /** @description names of roles; each must exist, and you need all their permissions */
            roles: string[];
            /** @description the ETag of the user, for the next If-Match */
            etag: string;
        };
        /**
         * SessionInFull
         * @description without its cookie, which is stored as a hash alone
         */
        SessionInFull: {
            /** @description its id, which is not the one in the cookie */
            uid: string;
            /**
             * Format: uuid
             * @description the person who is signed in
             */
            user_id: string;
            /** @description the clients that it has signed in to */
            clients: string[];
            /** @description when the person last authenticated in it */
            signed_in_at: string | null;
            /** @description how (RFC 8176) */
            amr: string[];
            /**
             * Format: date-time
             * @description RFC 3339, in UTC
             */
            created_at: string;
            /**
             * Format: date-time
             * @description moves forward whenever the session is used
             */
            expires_at: string;
            /** @description its absolute end, which does not move */
            ends_at: string | null;
            /** @description as the browser names itself */
            browser: string | null;
            system: string | null;
            /** @description an IPv4 address, or the /64 of an IPv6 address: no more is stored */
            network: string | null;
            last_seen_at: string | null;
        };
        /** Setting */
        Setting: {
            name: string;
            /** @description secrets are masked completely; where there is no value, words in parentheses, such as (none) */
            value: string;
            /** @description where the value is from: environment, file (of a secret), configuration file or default */
            source: string;
            about: string;
        };
        /** UnlockedUser */
        UnlockedUser: {
            /**
             * Format: uuid
             * @description UUID
             */
            id: string;
            /** @description the subject that clients know, where it is not the id */
            sub?: string;
            /** @description for signing in and for mails; unique */
            email: string;
            /** @description the e-mail address is known to belong to the person */
            email_verified: boolean;
            /** @description for signing in, in place of the e-mail address; unique */
            username?: string;
            /** @description full name */
            name?: string;
            /** @description given name */
            given_name?: string;
            /** @description family name */
            family_name?: string;
            /** @description middle name */
            middle_name?: string;
            /** @description casual name */
            nickname?: string;
            /** @description URL of a page about the person */
            profile?: string;
            /** @description URL of a picture */
            picture?: string;
            /** @description URL of the own page */
            website?: string;
            /** @description gender */
            gender?: string;
            /** @description YYYY-MM-DD, or YYYY */
            birthdate?: string;
            /** @description time zone, such as Europe/Paris */
            zoneinfo?: string;
            /** @description language tag, such as en-GB; mails to the person are in this language */
            locale?: string;
            /** @description phone number, such as +44 20 7946 0000 */
            phone_number?: string;
            /** @description the number is known to belong to the person */
            phone_number_verified?: boolean;
            /** @description postal address (OpenID Connect Core §5.1.1) */
            address?: {
                /** @description the whole address, on several lines */
                formatted?: string;
                /** @description street and number */
                street_address?: string;
                /** @description city */
                locality?: string;
                /** @description state, province or region */
                region?: string;
                /** @description postal code */
                postal_code?: string;
                /** @description country */
                country?: string;
            };
            has_password: boolean;
            /**
             * @description the person has to choose another password at the next sign-in
             * @enum {boolean}
             */
            password_temporary?: true;
            /** @description kinds of second factor */
            second_factors: ("totp" | "passkey")[];
            /** @description names of groups; each must exist */
            groups: string[];
            /** @description names of roles; each must exist, and you need all their permissions */
            roles: string[];
            /** @description every sign-in is refused */
            disabled: boolean;
            /**
             * Format: date-time
             * @description when the user is erased, unless the deletion is undone
             */
            deletion_due_at?: string;
            /**
             * @description who planned the deletion; the person may undo it unless an operator did
             * @enum {unknown}
             */
            deletion_by?: "person" | "operator" | "inactivity";
            /**
             * Format: date-time
             * @description since then the data are stored and nothing else is done with them (GDPR Art. 18)
             */
            restricted_at?: string;
            /**
             * @description why the processing is restricted (GDPR Art. 18(1), a to d)
             * @enum {unknown}
             */
            restriction_reason?: "accuracy_contested" | "unlawful" | "legal_claims" | "objection";
            /** @description raised by each change */
            version: number;
            /**
             * Format: date-time
             * @description RFC 3339, in UTC
             */
            created_at: string;
            /**
             * Format: date-time
             * @description when the profile was last changed, as the claim says; disabling, a password, second factors, groups and roles raise `version` alone, and are found in the audit
             */
            updated_at: string;
            /** @description locks after wrong guesses that are in force */
            locks_ended: {
                /** @enum {unknown} */
                factor: "password" | "totp" | "recovery_code";
                /**
                 * Format: date-time
                 * @description RFC 3339, in UTC
                 */
                locked_until: string;
            }[];
        };
        /** User */
        User: {
            /**
             * Format: uuid
             * @description UUID
             */
            id: string;
            /** @description the subject that clients know, where it is not the id */
            sub?: string;
            /** @description for signing in and for mails; unique */
            email: string;
            /** @description the e-mail address is known to belong to the person */
            email_verified: boolean;
            /** @description for signing in, in place of the e-mail address; unique */
            username?: string;
            /** @description full name */
            name?: string;
            /** @description given name */
            given_name?: string;
            /** @description family name */
            family_name?: string;
            /** @description middle name */
            middle_name?: string;
            /** @description casual name */
            nickname?: string;
            /** @description URL of a page about the person */
            profile?: string;
            /** @description URL of a picture */
            picture?: string;
            /** @description URL of the own page */
            website?: string;
            /** @description gender */
            gender?: string;
            /** @description YYYY-MM-DD, or YYYY */
            birthdate?: string;
            /** @description time zone, such as Europe/Paris */
            zoneinfo?: string;
            /** @description language tag, such as en-GB; mails to the person are in this language */
            locale?: string;
            /** @description phone number, such as +44 20 7946 0000 */
            phone_number?: string;
            /** @description the number is known to belong to the person */
            phone_number_verified?: boolean;
            /** @description postal address (OpenID Connect Core §5.1.1) */
            address?: {
                /** @description the whole address, on several lines */
                formatted?: string;
                /** @description street and number */
                street_address?: string;
                /** @description city */
                locality?: string;
                /** @description state, province or region */
                region?: string;
                /** @description postal code */
                postal_code?: string;
                /** @description country */
                country?: string;
            };
            has_password: boolean;
            /**
             * @description the person has to choose another password at the next sign-in
             * @enum {boolean}
             */
            password_temporary?: true;
            /** @description kinds of second factor */
            second_factors: ("totp" | "passkey")[];
            /** @description names of groups; each must exist */
            groups: string[];
            /** @description names of roles; each must exist, and you need all their permissions */
            roles: string[];
            /** @description every sign-in is refused */
            disabled: boolean;
            /**
             * Format: date-time
             * @description when the user is erased, unless the deletion is undone
             */
            deletion_due_at?: string;
            /**
             * @description who planned the deletion; the person may undo it unless an operator did
             * @enum {unknown}
             */
            deletion_by?: "person" | "operator" | "inactivity";
            /**
             * Format: date-time
             * @description since then the data are stored and nothing else is done with them (GDPR Art. 18)
             */
            restricted_at?: string;
            /**
             * @description why the processing is restricted (GDPR Art. 18(1), a to d)
             * @enum {unknown}
             */
            restriction_reason?: "accuracy_contested" | "unlawful" | "legal_claims" | "objection";
            /** @description raised by each change */
            version: number;
            /**
             * Format: date-time
             * @description RFC 3339, in UTC
             */
            created_at: string;
            /**
             * Format: date-time
             * @description when the profile was last changed, as the claim says; disabling, a password, second factors, groups and roles raise `version` alone, and are found in the audit
             */
            updated_at: string;
        };
        /** UserLine */
        UserLine: {
            /** @description for signing in and for mails; unique */
            email: string;
            /** @description the e-mail address is known to belong to the person */
            email_verified?: boolean;
            /** @description for signing in, in place of the e-mail address; unique */
            username?: string;
            /** @description full name */
            name?: string;
            /** @description given name */
            given_name?: string;
            /** @description family name */
            family_name?: string;
            /** @description middle name */
            middle_name?: string;
            /** @description casual name */
            nickname?: string;
            /** @description URL of a page about the person */
            profile?: string;
            /** @description URL of a picture */
            picture?: string;
            /** @description URL of the own page */
            website?: string;
            /** @description gender */
            gender?: string;
            /** @description YYYY-MM-DD, or YYYY */
            birthdate?: string;
            /** @description time zone, such as Europe/Paris */
            zoneinfo?: string;
            /** @description language tag, such as en-GB; mails to the person are in this language */
            locale?: string;
            /** @description phone number, such as +44 20 7946 0000 */
            phone_number?: string;
            /** @description the number is known to belong to the person */
            phone_number_verified?: boolean;
            /** @description postal address (OpenID Connect Core §5.1.1) */
            address?: {
                /** @description the whole address, on several lines */
                formatted?: string;
                /** @description street and number */
                street_address?: string;
                /** @description city */
                locality?: string;
                /** @description state, province or region */
                region?: string;
                /** @description postal code */
                postal_code?: string;
                /** @description country */
                country?: string;
            };
            /** @description names of groups; each must exist */
            groups?: string[];
            /** @description names of roles; each must exist, and you need all their permissions */
            roles?: string[];
            /** @description the subject that clients know; a UUID becomes the id. Default: a new id */
            sub?: string;
            /** @description every sign-in is refused */
            disabled?: boolean;
            /**
             * Format: date-time
             * @description RFC 3339; when the user is erased
             */
            deletion_due_at?: string;
            /**
             * @description why the processing is restricted (GDPR Art. 18(1), a to d)
             * @enum {unknown}
             */
            restriction_reason?: "accuracy_contested" | "unlawful" | "legal_claims" | "objection";
            /** @description argon2, bcrypt, PBKDF2, scrypt or that of Firebase */
            password_hash?: string;
            /**
             * Format: date-time
             * @description RFC 3339; default: not known
             */
            password_set_at?: string;
            /** @description of an authenticator app, in base 32: six digits, 30 seconds, SHA-1 */
            totp_secret?: string;
        };
        /** UserPatch */
        UserPatch: {
            /** @description for signing in and for mails; unique */
            email?: string;
            /** @description the e-mail address is known to belong to the person */
            email_verified?: boolean;
            /** @description for signing in, in place of the e-mail address; unique */
            username?: string | null;
            /** @description full name */
            name?: string | null;
            /** @description given name */
            given_name?: string | null;
            /** @description family name */
            family_name?: string | null;
            /** @description middle name */
            middle_name?: string | null;
            /** @description casual name */
            nickname?: string | null;
            /** @description URL of a page about the person */
            profile?: string | null;
            /** @description URL of a picture */
            picture?: string | null;
            /** @description URL of the own page */
            website?: string | null;
            /** @description gender */
            gender?: string | null;
            /** @description YYYY-MM-DD, or YYYY */
            birthdate?: string | null;
            /** @description time zone, such as Europe/Paris */
            zoneinfo?: string | null;
            /** @description language tag, such as en-GB; mails to the person are in this language */
            locale?: string | null;
            /** @description phone number, such as +44 20 7946 0000 */
            phone_number?: string | null;
            /** @description the number is known to belong to the person */
            phone_number_verified?: boolean | null;
            /** @description postal address (OpenID Connect Core §5.1.1); members that are present replace the old ones */
            address?: {
                /** @description the whole address, on several lines */
                formatted?: string | null;
                /** @description street and number */
                street_address?: string | null;
                /** @description city */
                locality?: string | null;
                /** @description state, province or region */
                region?: string | null;
                /** @description postal code */
                postal_code?: string | null;
                /** @description country */
                country?: string | null;
            } | null;
            /** @description names of groups; each must exist */
            groups?: string[];
            /** @description names of roles; each must exist, and you need all their permissions */
            roles?: string[];
        };
        /** UserWithLocks */
        UserWithLocks: {
            /**
             * Format: uuid
             * @description UUID
             */
            id: string;
            /** @description the subject that clients know, where it is not the id */
            sub?: string;
            /** @description for signing in and for mails; unique */
            email: string;
            /** @description the e-mail address is known to belong to the person */
            email_verified: boolean;
            /** @description for signing in, in place of the e-mail address; unique */
            username?: string;
            /** @description full name */
            name?: string;
            /** @description given name */
            given_name?: string;
            /** @description family name */
            family_name?: string;
            /** @description middle name */
            middle_name?: string;
            /** @description casual name */
            nickname?: string;
            /** @description URL of a page about the person */
            profile?: string;
            /** @description URL of a picture */
            picture?: string;
            /** @description URL of the own page */
            website?: string;
            /** @description gender */
            gender?: string;
            /** @description YYYY-MM-DD, or YYYY */
            birthdate?: string;
            /** @description time zone, such as Europe/Paris */
            zoneinfo?: string;
            /** @description language tag, such as en-GB; mails to the person are in this language */
            locale?: string;
            /** @description phone number, such as +44 20 7946 0000 */
            phone_number?: string;
            /** @description the number is known to belong to the person */
            phone_number_verified?: boolean;
            /** @description postal address (OpenID Connect Core §5.1.1) */
            address?: {
                /** @description the whole address, on several lines */
                formatted?: string;
                /** @description street and number */
                street_address?: string;
                /** @description city */
                locality?: string;
                /** @description state, province or region */
                region?: string;
                /** @description postal code */
                postal_code?: string;
                /** @description country */
                country?: string;
            };
            has_password: boolean;
            /**
             * @description the person has to choose another password at the next sign-in
             * @enum {boolean}
             */
            password_temporary?: true;
            /** @description kinds of second factor */
            second_factors: ("totp" | "passkey")[];
            /** @description names of groups; each must exist */
            groups: string[];
            /** @description names of roles; each must exist, and you need all their permissions */
            roles: string[];
            /** @description every sign-in is refused */
            disabled: boolean;
            /**
             * Format: date-time
             * @description when the user is erased, unless the deletion is undone
             */
            deletion_due_at?: string;
            /**
             * @description who planned the deletion; the person may undo it unless an operator did
             * @enum {unknown}
             */
            deletion_by?: "person" | "operator" | "inactivity";
            /**
             * Format: date-time
             * @description since then the data are stored and nothing else is done with them (GDPR Art. 18)
             */
            restricted_at?: string;
            /**
             * @description why the processing is restricted (GDPR Art. 18(1), a to d)
             * @enum {unknown}
             */
            restriction_reason?: "accuracy_contested" | "unlawful" | "legal_claims" | "objection";
            /** @description raised by each change */
            version: number;
            /**
             * Format: date-time
             * @description RFC 3339, in UTC
             */
            created_at: string;
            /**
             * Format: date-time
             * @description when the profile was last changed, as the claim says; disabling, a password, second factors, groups and roles raise `version` alone, and are found in the audit
             */
            updated_at: string;
            /** @description locks after wrong guesses that are in force */
            locked: {
                /** @enum {unknown} */
                factor: "password" | "totp" | "recovery_code";
                /**
                 * Format: date-time
                 * @description RFC 3339, in UTC
                 */
                locked_until: string;
            }[];
            /** @description the versions of texts that the person has accepted, the newest first */
            accepted_texts: {
                /** @enum {unknown} */
                kind: "terms" | "privacy";
                version: string;
                /**
                 * Format: date-time
                 * @description RFC 3339, in UTC
                 */
                accepted_at: string;
                /**
                 * Format: date-time
                 * @description RFC 3339, in UTC
                 */
                withdrawn_at?: string;
            }[];
        };
        /** WithdrawnText */
        WithdrawnText: {
            /**
             * @description terms of service, or privacy policy
             * @enum {unknown}
             */
            kind: "terms" | "privacy";
            /** @description such as 2026-11 */
            version: string;
            /**
             * Format: date-time
             * @description RFC 3339, in UTC
             */
            withdrawn_at: string;
            /** @description the version of this kind that applies now */
            in_force: string | null;
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
        /** @description Another server that it needs, such as the storage of backups, has refused or failed. */
        Problem_502: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "https://id.example.com/problems/backup_storage",
                 *       "title": "The folder or the bucket of the backups cannot be read or written.",
                 *       "status": 502,
                 *       "detail": "Another server that it needs, such as the storage of backups, has refused or failed.",
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
    "users.list": {
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
                /** @description the beginning of an e-mail address, a username or a name */
                search?: string;
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
                     *           "id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *           "username": "ada",
                     *           "email": "ada@example.com",
                     *           "email_verified": true,
                     *           "name": "Ada Lovelace",
                     *           "has_password": true,
                     *           "second_factors": [
                     *             "totp"
                     *           ],
                     *           "groups": [
                     *             "staff"
                     *           ],
                     *           "roles": [],
                     *           "disabled": false,
                     *           "version": 1,
                     *           "created_at": "2026-11-01T08:00:00.000Z",
                     *           "updated_at": "2026-11-01T08:00:00.000Z"
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
                            /** @description the subject that clients know, where it is not the id */
                            sub?: string;
                            /** @description for signing in and for mails; unique */
                            email?: string;
                            /** @description the e-mail address is known to belong to the person */
                            email_verified?: boolean;
                            /** @description for signing in, in place of the e-mail address; unique */
                            username?: string;
                            /** @description full name */
                            name?: string;
                            /** @description given name */
                            given_name?: string;
                            /** @description family name */
                            family_name?: string;
                            /** @description middle name */
                            middle_name?: string;
                            /** @description casual name */
                            nickname?: string;
                            /** @description URL of a page about the person */
                            profile?: string;
                            /** @description URL of a picture */
                            picture?: string;
                            /** @description URL of the own page */
                            website?: string;
                            /** @description gender */
                            gender?: string;
                            /** @description YYYY-MM-DD, or YYYY */
                            birthdate?: string;
                            /** @description time zone, such as Europe/Paris */
                            zoneinfo?: string;
                            /** @description language tag, such as en-GB; mails to the person are in this language */
                            locale?: string;
                            /** @description phone number, such as +44 20 7946 0000 */
                            phone_number?: string;
                            /** @description the number is known to belong to the person */
                            phone_number_verified?: boolean;
                            /** @description postal address (OpenID Connect Core §5.1.1) */
                            address?: {
                                /** @description the whole address, on several lines */
                                formatted?: string;
                                /** @description street and number */
                                street_address?: string;
                                /** @description city */
                                locality?: string;
                                /** @description state, province or region */
                                region?: string;
                                /** @description postal code */
                                postal_code?: string;
                                /** @description country */
                                country?: string;
                            };
                            has_password?: boolean;
                            /**
                             * @description the person has to choose another password at the next sign-in
                             * @enum {boolean}
                             */
                            password_temporary?: true;
                            /** @description kinds of second factor */
                            second_factors?: ("totp" | "passkey")[];
                            /** @description names of groups; each must exist */
                            groups?: string[];
                            /** @description names of roles; each must exist, and you need all their permissions */
                            roles?: string[];
                            /** @description every sign-in is refused */
                            disabled?: boolean;
                            /**
                             * Format: date-time
                             * @description when the user is erased, unless the deletion is undone
                             */
                            deletion_due_at?: string;
                            /**
                             * @description who planned the deletion; the person may undo it unless an operator did
                             * @enum {unknown}
                             */
                            deletion_by?: "person" | "operator" | "inactivity";
                            /**
                             * Format: date-time
                             * @description since then the data are stored and nothing else is done with them (GDPR Art. 18)
                             */
                            restricted_at?: string;
                            /**
                             * @description why the processing is restricted (GDPR Art. 18(1), a to d)
                             * @enum {unknown}
                             */
                            restriction_reason?: "accuracy_contested" | "unlawful" | "legal_claims" | "objection";
                            /** @description raised by each change */
                            version?: number;
                            /**
                             * Format: date-time
                             * @description RFC 3339, in UTC
                             */
                            created_at?: string;
                            /**
                             * Format: date-time
                             * @description when the profile was last changed, as the claim says; disabling, a password, second factors, groups and roles raise `version` alone, and are found in the audit
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
    "users.create": {
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
                 *       "email": "ada@example.com",
                 *       "email_verified": true,
                 *       "username": "ada",
                 *       "name": "Ada Lovelace",
                 *       "groups": [
                 *         "staff"
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["NewUser"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    /** @description For the `If-Match` of a change. */
                    ETag?: string;
                    /** @description Where it is. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *       "username": "ada",
                     *       "email": "ada@example.com",
                     *       "email_verified": true,
                     *       "name": "Ada Lovelace",
                     *       "has_password": false,
                     *       "second_factors": [],
                     *       "groups": [
                     *         "staff"
                     *       ],
                     *       "roles": [],
                     *       "disabled": false,
                     *       "version": 1,
                     *       "created_at": "2026-11-01T08:00:00.000Z",
                     *       "updated_at": "2026-11-01T08:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["User"];
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
            422: components["responses"]["Problem_422"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "users.inactive": {
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
                     *       "to_warn": 12,
                     *       "to_disable": 3,
                     *       "to_delete": 0
                     *     }
                     */
                    "application/json": components["schemas"]["InactiveUsers"];
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
    "users.export": {
        parameters: {
            query?: {
                /** @description in the syntax of SCIM 2.0 (RFC 7644 §3.4.2.2) */
                filter?: string;
                /** @description members of the lines, separated by commas */
                fields?: string;
                /** @description by the command line alone */
                include?: "credentials";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Lines, each of this form. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "email": "ada@example.com",
                     *       "email_verified": true,
                     *       "username": "ada",
                     *       "name": "Ada Lovelace",
                     *       "groups": [
                     *         "staff"
                     *       ],
                     *       "sub": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f"
                     *     }
                     */
                    "application/x-ndjson": {
                        /** @description for signing in and for mails; unique */
                        email?: string;
                        /** @description the e-mail address is known to belong to the person */
                        email_verified?: boolean;
                        /** @description for signing in, in place of the e-mail address; unique */
                        username?: string;
                        /** @description full name */
                        name?: string;
                        /** @description given name */
                        given_name?: string;
                        /** @description family name */
                        family_name?: string;
                        /** @description middle name */
                        middle_name?: string;
                        /** @description casual name */
                        nickname?: string;
                        /** @description URL of a page about the person */
                        profile?: string;
                        /** @description URL of a picture */
                        picture?: string;
                        /** @description URL of the own page */
                        website?: string;
                        /** @description gender */
                        gender?: string;
                        /** @description YYYY-MM-DD, or YYYY */
                        birthdate?: string;
                        /** @description time zone, such as Europe/Paris */
                        zoneinfo?: string;
                        /** @description language tag, such as en-GB; mails to the person are in this language */
                        locale?: string;
                        /** @description phone number, such as +44 20 7946 0000 */
                        phone_number?: string;
                        /** @description the number is known to belong to the person */
                        phone_number_verified?: boolean;
                        /** @description postal address (OpenID Connect Core §5.1.1) */
                        address?: {
                            /** @description the whole address, on several lines */
                            formatted?: string;
                            /** @description street and number */
                            street_address?: string;
                            /** @description city */
                            locality?: string;
                            /** @description state, province or region */
                            region?: string;
                            /** @description postal code */
                            postal_code?: string;
                            /** @description country */
                            country?: string;
                        };
                        /** @description names of groups; each must exist */
                        groups?: string[];
                        /** @description names of roles; each must exist, and you need all their permissions */
                        roles?: string[];
                        /** @description the subject that clients know; a UUID becomes the id. Default: a new id */
                        sub?: string;
                        /** @description every sign-in is refused */
                        disabled?: boolean;
                        /**
                         * Format: date-time
                         * @description RFC 3339; when the user is erased
                         */
                        deletion_due_at?: string;
                        /**
                         * @description why the processing is restricted (GDPR Art. 18(1), a to d)
                         * @enum {unknown}
                         */
                        restriction_reason?: "accuracy_contested" | "unlawful" | "legal_claims" | "objection";
                        /** @description argon2, bcrypt, PBKDF2, scrypt or that of Firebase */
                        password_hash?: string;
                        /**
                         * Format: date-time
                         * @description RFC 3339; default: not known
                         */
                        password_set_at?: string;
                        /** @description of an authenticator app, in base 32: six digits, 30 seconds, SHA-1 */
                        totp_secret?: string;
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
    "users.import": {
        parameters: {
            query?: {
                /** @description the lines that have a result */
                results?: "rejected" | "all";
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
            };
            header?: {
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        /** @description Lines, each of this form. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "email": "ada@example.com",
                 *       "email_verified": true,
                 *       "username": "ada",
                 *       "name": "Ada Lovelace",
                 *       "groups": [
                 *         "staff"
                 *       ],
                 *       "sub": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f"
                 *     }
                 */
                "application/x-ndjson": components["schemas"]["UserLine"];
            };
        };
        responses: {
            /** @description Lines, each of this form. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "end",
                     *       "read": 2,
                     *       "imported": 1,
                     *       "skipped": 1,
                     *       "rejected": 0,
                     *       "dry_run": false,
                     *       "complete": true
                     *     }
                     */
                    "application/x-ndjson": {
                        /** @enum {string} */
                        type: "line";
                        /** @description line of the input */
                        line: number;
                        /** @enum {string} */
                        result: "imported";
                        /**
                         * Format: uuid
                         * @description absent in a dry run
                         */
                        id?: string;
                    } | {
                        /** @enum {string} */
                        type: "line";
                        /** @description line of the input */
                        line: number;
                        /** @enum {string} */
                        result: "skipped";
                    } | {
                        /** @enum {string} */
                        type: "line";
                        /** @description line of the input */
                        line: number;
                        /** @enum {string} */
                        result: "rejected";
                        reason: string;
                        /** @description the line that has the same already */
                        earlier_line?: number;
                    } | {
                        /** @enum {string} */
                        type: "progress";
                        read: number;
                        imported: number;
                        skipped: number;
                        rejected: number;
                    } | {
                        /** @enum {string} */
                        type: "end";
                        read: number;
                        imported: number;
                        skipped: number;
                        rejected: number;
                        dry_run: boolean;
                        /** @description the whole input was read */
                        complete: boolean;
                        /** @description where to go on when it is not complete */
                        next_line?: number;
                        /** @description why it ended early: as the problems of the API */
                        error?: {
                            type: string;
                            title: string;
                            status: number;
                            detail: string;
                            request_id: string;
                        };
                    };
                };
            };
            400: components["responses"]["Problem_400"];
            401: components["responses"]["Problem_401"];
            403: components["responses"]["Problem_403"];
            404: components["responses"]["Problem_404"];
            406: components["responses"]["Problem_406"];
            415: components["responses"]["Problem_415"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "users.search": {
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
                 *       "filter": "email eq \"ada@example.com\""
                 *     }
                 */
                "application/json": {
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
                    /** @description the beginning of an e-mail address, a username or a name */
                    search?: string;
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
                     *       "items": [
                     *         {
                     *           "id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *           "username": "ada",
                     *           "email": "ada@example.com",
                     *           "email_verified": true,
                     *           "name": "Ada Lovelace",
                     *           "has_password": true,
                     *           "second_factors": [
                     *             "totp"
                     *           ],
                     *           "groups": [
                     *             "staff"
                     *           ],
                     *           "roles": [],
                     *           "disabled": false,
                     *           "version": 1,
                     *           "created_at": "2026-11-01T08:00:00.000Z",
                     *           "updated_at": "2026-11-01T08:00:00.000Z"
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
                            /** @description the subject that clients know, where it is not the id */
                            sub?: string;
                            /** @description for signing in and for mails; unique */
                            email?: string;
                            /** @description the e-mail address is known to belong to the person */
                            email_verified?: boolean;
                            /** @description for signing in, in place of the e-mail address; unique */
                            username?: string;
                            /** @description full name */
                            name?: string;
                            /** @description given name */
                            given_name?: string;
                            /** @description family name */
                            family_name?: string;
                            /** @description middle name */
                            middle_name?: string;
                            /** @description casual name */
                            nickname?: string;
                            /** @description URL of a page about the person */
                            profile?: string;
                            /** @description URL of a picture */
                            picture?: string;
                            /** @description URL of the own page */
                            website?: string;
                            /** @description gender */
                            gender?: string;
                            /** @description YYYY-MM-DD, or YYYY */
                            birthdate?: string;
                            /** @description time zone, such as Europe/Paris */
                            zoneinfo?: string;
                            /** @description language tag, such as en-GB; mails to the person are in this language */
                            locale?: string;
                            /** @description phone number, such as +44 20 7946 0000 */
                            phone_number?: string;
                            /** @description the number is known to belong to the person */
                            phone_number_verified?: boolean;
                            /** @description postal address (OpenID Connect Core §5.1.1) */
                            address?: {
                                /** @description the whole address, on several lines */
                                formatted?: string;
                                /** @description street and number */
                                street_address?: string;
                                /** @description city */
                                locality?: string;
                                /** @description state, province or region */
                                region?: string;
                                /** @description postal code */
                                postal_code?: string;
                                /** @description country */
                                country?: string;
                            };
                            has_password?: boolean;
                            /**
                             * @description the person has to choose another password at the next sign-in
                             * @enum {boolean}
                             */
                            password_temporary?: true;
                            /** @description kinds of second factor */
                            second_factors?: ("totp" | "passkey")[];
                            /** @description names of groups; each must exist */
                            groups?: string[];
                            /** @description names of roles; each must exist, and you need all their permissions */
                            roles?: string[];
                            /** @description every sign-in is refused */
                            disabled?: boolean;
                            /**
                             * Format: date-time
                             * @description when the user is erased, unless the deletion is undone
                             */
                            deletion_due_at?: string;
                            /**
                             * @description who planned the deletion; the person may undo it unless an operator did
                             * @enum {unknown}
                             */
                            deletion_by?: "person" | "operator" | "inactivity";
                            /**
                             * Format: date-time
                             * @description since then the data are stored and nothing else is done with them (GDPR Art. 18)
                             */
                            restricted_at?: string;
                            /**
                             * @description why the processing is restricted (GDPR Art. 18(1), a to d)
                             * @enum {unknown}
                             */
                            restriction_reason?: "accuracy_contested" | "unlawful" | "legal_claims" | "objection";
                            /** @description raised by each change */
                            version?: number;
                            /**
                             * Format: date-time
                             * @description RFC 3339, in UTC
                             */
                            created_at?: string;
                            /**
                             * Format: date-time
                             * @description when the profile was last changed, as the claim says; disabling, a password, second factors, groups and roles raise `version` alone, and are found in the audit
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
            404: components["responses"]["Problem_404"];
            406: components["responses"]["Problem_406"];
            413: components["responses"]["Problem_413"];
            415: components["responses"]["Problem_415"];
            422: components["responses"]["Problem_422"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "users.invite": {
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
                 *       "email": "ada@example.com",
                 *       "name": "Ada Lovelace"
                 *     }
                 */
                "application/json": components["schemas"]["Invitation"];
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
                     *       "id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *       "email": "ada@example.com",
                     *       "invited": true
                     *     }
                     */
                    "application/json": {
                        /**
                         * Format: uuid
                         * @description UUID
                         */
                        id: string;
                        /** @description for signing in and for mails; unique */
                        email: string;
                        invited: boolean;
                    };
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
            422: components["responses"]["Problem_422"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "users.show": {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that is known already: 304 when it still is the one. */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description the id of the user, and no e-mail address or username: POST /users/search finds it by those
                 * @example 019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f
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
                    /** @description For the `If-Match` of a change. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *       "username": "ada",
                     *       "email": "ada@example.com",
                     *       "email_verified": true,
                     *       "name": "Ada Lovelace",
                     *       "has_password": true,
                     *       "second_factors": [
                     *         "totp"
                     *       ],
                     *       "groups": [
                     *         "staff"
                     *       ],
                     *       "roles": [],
                     *       "disabled": false,
                     *       "version": 1,
                     *       "created_at": "2026-11-01T08:00:00.000Z",
                     *       "updated_at": "2026-11-01T08:00:00.000Z",
                     *       "locked": [],
                     *       "accepted_texts": [
                     *         {
                     *           "kind": "terms",
                     *           "version": "2026-11",
                     *           "accepted_at": "2026-11-01T08:00:00.000Z"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["UserWithLocks"];
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
    "users.delete": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header: {
                /** @description The ETag that was read, or * for any (RFC 9110 section 13.1.1). PATCH, PUT and DELETE without it: 428. */
                "If-Match": string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description the id of the user, and no e-mail address or username: POST /users/search finds it by those
                 * @example 019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f
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
                     *       "id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *       "sessions_ended": 1,
                     *       "deletion_due_at": "2026-12-01T08:00:00.000Z"
                     *     }
                     */
                    "application/json": {
                        /**
                         * Format: uuid
                         * @description UUID
                         */
                        id: string;
                        /** @description sessions that ended; clients are told of it */
                        sessions_ended: number;
                        /**
                         * Format: date-time
                         * @description when the data are erased; absent when they are now
                         */
                        deletion_due_at?: string;
                    };
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
    "users.update": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header: {
                /** @description The ETag that was read, or * for any (RFC 9110 section 13.1.1). PATCH, PUT and DELETE without it: 428. */
                "If-Match": string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description the id of the user, and no e-mail address or username: POST /users/search finds it by those
                 * @example 019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "given_name": "Ada",
                 *       "nickname": null
                 *     }
                 */
                "application/json": components["schemas"]["UserPatch"];
                /**
                 * @example {
                 *       "given_name": "Ada",
                 *       "nickname": null
                 *     }
                 */
                "application/merge-patch+json": components["schemas"]["UserPatch"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For the `If-Match` of a change. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *       "username": "ada",
                     *       "email": "ada@example.com",
                     *       "email_verified": true,
                     *       "name": "Ada Lovelace",
                     *       "has_password": true,
                     *       "second_factors": [
                     *         "totp"
                     *       ],
                     *       "groups": [
                     *         "staff"
                     *       ],
                     *       "roles": [],
                     *       "disabled": false,
                     *       "version": 2,
                     *       "created_at": "2026-11-01T08:00:00.000Z",
                     *       "updated_at": "2026-11-01T08:00:00.000Z",
                     *       "given_name": "Ada"
                     *     }
                     */
                    "application/json": components["schemas"]["User"];
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
    "users.restore": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header?: {
                /** @description The ETag that was read, or * for any (RFC 9110 section 13.1.1). PATCH, PUT and DELETE without it: 428. */
                "If-Match"?: string;
                /** @description A text of your own: the request is carried out once in 24 hours. */
                "Idempotency-Key"?: string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description the id of the user, and no e-mail address or username: POST /users/search finds it by those
                 * @example 019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f
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
                    /** @description For the `If-Match` of a change. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *       "username": "ada",
                     *       "email": "ada@example.com",
                     *       "email_verified": true,
                     *       "name": "Ada Lovelace",
                     *       "has_password": true,
                     *       "second_factors": [
                     *         "totp"
                     *       ],
                     *       "groups": [
                     *         "staff"
                     *       ],
                     *       "roles": [],
                     *       "disabled": false,
                     *       "version": 3,
                     *       "created_at": "2026-11-01T08:00:00.000Z",
                     *       "updated_at": "2026-11-01T08:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["User"];
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
            422: components["responses"]["Problem_422"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "users.erase": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header?: {
                /** @description The ETag that was read, or * for any (RFC 9110 section 13.1.1). PATCH, PUT and DELETE without it: 428. */
                "If-Match"?: string;
                /** @description A text of your own: the request is carried out once in 24 hours. */
                "Idempotency-Key"?: string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description the id of the user, and no e-mail address or username: POST /users/search finds it by those
                 * @example 019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f
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
                     *       "id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *       "sessions_ended": 1
                     *     }
                     */
                    "application/json": {
                        /**
                         * Format: uuid
                         * @description UUID
                         */
                        id: string;
                        /** @description sessions that ended; clients are told of it */
                        sessions_ended: number;
                        /**
                         * Format: date-time
                         * @description when the data are erased; absent when they are now
                         */
                        deletion_due_at?: string;
                    };
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
            422: components["responses"]["Problem_422"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "users.restrict": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header?: {
                /** @description The ETag that was read, or * for any (RFC 9110 section 13.1.1). PATCH, PUT and DELETE without it: 428. */
                "If-Match"?: string;
                /** @description A text of your own: the request is carried out once in 24 hours. */
                "Idempotency-Key"?: string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description the id of the user, and no e-mail address or username: POST /users/search finds it by those
                 * @example 019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "reason": "accuracy_contested"
                 *     }
                 */
                "application/json": components["schemas"]["Restriction"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For the `If-Match` of a change. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *       "username": "ada",
                     *       "email": "ada@example.com",
                     *       "email_verified": true,
                     *       "name": "Ada Lovelace",
                     *       "has_password": true,
                     *       "second_factors": [
                     *         "totp"
                     *       ],
                     *       "groups": [
                     *         "staff"
                     *       ],
                     *       "roles": [],
                     *       "disabled": false,
                     *       "version": 2,
                     *       "created_at": "2026-11-01T08:00:00.000Z",
                     *       "updated_at": "2026-11-01T08:00:00.000Z",
                     *       "restricted_at": "2026-11-02T08:00:00.000Z",
                     *       "restriction_reason": "accuracy_contested"
                     *     }
                     */
                    "application/json": components["schemas"]["User"];
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
            422: components["responses"]["Problem_422"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "users.lift_restriction": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header?: {
                /** @description The ETag that was read, or * for any (RFC 9110 section 13.1.1). PATCH, PUT and DELETE without it: 428. */
                "If-Match"?: string;
                /** @description A text of your own: the request is carried out once in 24 hours. */
                "Idempotency-Key"?: string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description the id of the user, and no e-mail address or username: POST /users/search finds it by those
                 * @example 019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f
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
                    /** @description For the `If-Match` of a change. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *       "username": "ada",
                     *       "email": "ada@example.com",
                     *       "email_verified": true,
                     *       "name": "Ada Lovelace",
                     *       "has_password": true,
                     *       "second_factors": [
                     *         "totp"
                     *       ],
                     *       "groups": [
                     *         "staff"
                     *       ],
                     *       "roles": [],
                     *       "disabled": false,
                     *       "version": 3,
                     *       "created_at": "2026-11-01T08:00:00.000Z",
                     *       "updated_at": "2026-11-01T08:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["User"];
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
            422: components["responses"]["Problem_422"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "users.disable": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header?: {
                /** @description The ETag that was read, or * for any (RFC 9110 section 13.1.1). PATCH, PUT and DELETE without it: 428. */
                "If-Match"?: string;
                /** @description A text of your own: the request is carried out once in 24 hours. */
                "Idempotency-Key"?: string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description the id of the user, and no e-mail address or username: POST /users/search finds it by those
                 * @example 019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f
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
                    /** @description For the `If-Match` of a change. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *       "username": "ada",
                     *       "email": "ada@example.com",
                     *       "email_verified": true,
                     *       "name": "Ada Lovelace",
                     *       "has_password": true,
                     *       "second_factors": [
                     *         "totp"
                     *       ],
                     *       "groups": [
                     *         "staff"
                     *       ],
                     *       "roles": [],
                     *       "disabled": true,
                     *       "version": 2,
                     *       "created_at": "2026-11-01T08:00:00.000Z",
                     *       "updated_at": "2026-11-01T08:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["User"];
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
            422: components["responses"]["Problem_422"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "users.enable": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header?: {
                /** @description The ETag that was read, or * for any (RFC 9110 section 13.1.1). PATCH, PUT and DELETE without it: 428. */
                "If-Match"?: string;
                /** @description A text of your own: the request is carried out once in 24 hours. */
                "Idempotency-Key"?: string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description the id of the user, and no e-mail address or username: POST /users/search finds it by those
                 * @example 019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f
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
                    /** @description For the `If-Match` of a change. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *       "username": "ada",
                     *       "email": "ada@example.com",
                     *       "email_verified": true,
                     *       "name": "Ada Lovelace",
                     *       "has_password": true,
                     *       "second_factors": [
                     *         "totp"
                     *       ],
                     *       "groups": [
                     *         "staff"
                     *       ],
                     *       "roles": [],
                     *       "disabled": false,
                     *       "version": 3,
                     *       "created_at": "2026-11-01T08:00:00.000Z",
                     *       "updated_at": "2026-11-01T08:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["User"];
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
            422: components["responses"]["Problem_422"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "users.unlock": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header?: {
                /** @description The ETag that was read, or * for any (RFC 9110 section 13.1.1). PATCH, PUT and DELETE without it: 428. */
                "If-Match"?: string;
                /** @description A text of your own: the request is carried out once in 24 hours. */
                "Idempotency-Key"?: string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description the id of the user, and no e-mail address or username: POST /users/search finds it by those
                 * @example 019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f
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
                    /** @description For the `If-Match` of a change. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *       "username": "ada",
                     *       "email": "ada@example.com",
                     *       "email_verified": true,
                     *       "name": "Ada Lovelace",
                     *       "has_password": true,
                     *       "second_factors": [
                     *         "totp"
                     *       ],
                     *       "groups": [
                     *         "staff"
                     *       ],
                     *       "roles": [],
                     *       "disabled": false,
                     *       "version": 1,
                     *       "created_at": "2026-11-01T08:00:00.000Z",
                     *       "updated_at": "2026-11-01T08:00:00.000Z",
                     *       "locks_ended": [
                     *         {
                     *           "factor": "password",
                     *           "locked_until": "2026-11-01T08:15:00.000Z"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["UnlockedUser"];
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
            422: components["responses"]["Problem_422"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "users.set_password": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header?: {
                /** @description The ETag that was read, or * for any (RFC 9110 section 13.1.1). PATCH, PUT and DELETE without it: 428. */
                "If-Match"?: string;
                /** @description A text of your own: the request is carried out once in 24 hours. */
                "Idempotency-Key"?: string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description the id of the user, and no e-mail address or username: POST /users/search finds it by those
                 * @example 019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "password": "Kestrel-Fjord-7-Anvil"
                 *     }
                 */
                "application/json": {
                    /** @description one that the policy accepts */
                    password: string;
                    /** @description the person has to choose another password at the next sign-in; true by default */
                    password_temporary?: boolean;
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For the `If-Match` of a change. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *       "username": "ada",
                     *       "email": "ada@example.com",
                     *       "email_verified": true,
                     *       "name": "Ada Lovelace",
                     *       "has_password": true,
                     *       "second_factors": [
                     *         "totp"
                     *       ],
                     *       "groups": [
                     *         "staff"
                     *       ],
                     *       "roles": [],
                     *       "disabled": false,
                     *       "version": 2,
                     *       "created_at": "2026-11-01T08:00:00.000Z",
                     *       "updated_at": "2026-11-01T08:00:00.000Z",
                     *       "password_temporary": true
                     *     }
                     */
                    "application/json": components["schemas"]["User"];
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
            422: components["responses"]["Problem_422"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "users.groups": {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that is known already: 304 when it still is the one. */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description the id of the user, and no e-mail address or username: POST /users/search finds it by those
                 * @example 019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f
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
                    /** @description For the `If-Match` of a change. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *       "groups": [
                     *         "staff"
                     *       ],
                     *       "etag": "\"1-mvxji0w0\""
                     *     }
                     */
                    "application/json": components["schemas"]["GroupsOfUser"];
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
    "users.set_groups": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header: {
                /** @description The ETag that was read, or * for any (RFC 9110 section 13.1.1). PATCH, PUT and DELETE without it: 428. */
                "If-Match": string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description the id of the user, and no e-mail address or username: POST /users/search finds it by those
                 * @example 019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "groups": [
                 *         "staff"
                 *       ]
                 *     }
                 */
                "application/json": {
                    /** @description names of groups; each must exist */
                    groups: string[];
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For the `If-Match` of a change. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *       "groups": [
                     *         "staff"
                     *       ],
                     *       "etag": "\"1-mvxji0w0\""
                     *     }
                     */
                    "application/json": components["schemas"]["GroupsOfUser"];
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
    "users.roles": {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that is known already: 304 when it still is the one. */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description the id of the user, and no e-mail address or username: POST /users/search finds it by those
                 * @example 019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f
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
                    /** @description For the `If-Match` of a change. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *       "roles": [
                     *         "support"
                     *       ],
                     *       "etag": "\"1-mvxji0w0\""
                     *     }
                     */
                    "application/json": components["schemas"]["RolesOfUser"];
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
    "users.set_roles": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header: {
                /** @description The ETag that was read, or * for any (RFC 9110 section 13.1.1). PATCH, PUT and DELETE without it: 428. */
                "If-Match": string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description the id of the user, and no e-mail address or username: POST /users/search finds it by those
                 * @example 019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "roles": [
                 *         "support"
                 *       ]
                 *     }
                 */
                "application/json": {
                    /** @description names of roles; each must exist, and you need all their permissions */
                    roles: string[];
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For the `If-Match` of a change. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *       "roles": [
                     *         "support"
                     *       ],
                     *       "etag": "\"1-mvxji0w0\""
                     *     }
                     */
                    "application/json": components["schemas"]["RolesOfUser"];
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
    "users.factors": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description the id of the user, and no e-mail address or username: POST /users/search finds it by those
                 * @example 019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f
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
                     *       "id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *       "second_factors": [
                     *         "totp"
                     *       ],
                     *       "recovery_codes": 10,
                     *       "passkeys": []
                     *     }
                     */
                    "application/json": components["schemas"]["Factors"];
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
    "users.reset_factors": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header: {
                /** @description The ETag that was read, or * for any (RFC 9110 section 13.1.1). PATCH, PUT and DELETE without it: 428. */
                "If-Match": string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description the id of the user, and no e-mail address or username: POST /users/search finds it by those
                 * @example 019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f
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
                    /** @description For the `If-Match` of a change. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *       "removed": [
                     *         "totp"
                     *       ],
                     *       "etag": "\"2-mvxji0w0\""
                     *     }
                     */
                    "application/json": components["schemas"]["RemovedFactors"];
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
    "users.remove_totp": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header: {
                /** @description The ETag that was read, or * for any (RFC 9110 section 13.1.1). PATCH, PUT and DELETE without it: 428. */
                "If-Match": string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description the id of the user, and no e-mail address or username: POST /users/search finds it by those
                 * @example 019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f
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
                    /** @description For the `If-Match` of a change. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *       "removed": [
                     *         "totp"
                     *       ],
                     *       "etag": "\"2-mvxji0w0\""
                     *     }
                     */
                    "application/json": components["schemas"]["RemovedFactors"];
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
    "users.remove_recovery_codes": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header: {
                /** @description The ETag that was read, or * for any (RFC 9110 section 13.1.1). PATCH, PUT and DELETE without it: 428. */
                "If-Match": string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description the id of the user, and no e-mail address or username: POST /users/search finds it by those
                 * @example 019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f
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
                    /** @description For the `If-Match` of a change. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *       "removed": [
                     *         "recovery_codes"
                     *       ],
                     *       "etag": "\"2-mvxji0w0\""
                     *     }
                     */
                    "application/json": components["schemas"]["RemovedFactors"];
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
    "users.remove_passkey": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header: {
                /** @description The ETag that was read, or * for any (RFC 9110 section 13.1.1). PATCH, PUT and DELETE without it: 428. */
                "If-Match": string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description the id of the user, and no e-mail address or username: POST /users/search finds it by those
                 * @example 019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f
                 */
                id: string;
                /** @description the id of the passkey */
                passkey_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For the `If-Match` of a change. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *       "removed": [
                     *         "passkey"
                     *       ],
                     *       "etag": "\"2-mvxji0w0\""
                     *     }
                     */
                    "application/json": components["schemas"]["RemovedFactors"];
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
    "users.sessions": {
        parameters: {
            query?: {
                /** @description `next` of the page before */
                cursor?: string;
                /** @description items at most; 50 by default */
                limit?: number;
                /** @description members of the items to answer with, separated by commas */
                fields?: string;
            };
            header?: never;
            path: {
                /** @description the id of the user, and no e-mail address or username: POST /users/search finds it by those */
                id: string;
            };
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
                     *           "uid": "V1StGXR8_Z5jdHi6B-myT",
                     *           "browser": "Firefox",
                     *           "system": "Linux",
                     *           "network": "192.0.2.1",
                     *           "signed_in_at": "2026-11-01T08:00:00.000Z",
                     *           "last_seen_at": "2026-11-01T08:00:00.000Z",
                     *           "amr": [
                     *             "pwd"
                     *           ],
                     *           "clients": [
                     *             "console"
                     *           ],
                     *           "expires_at": "2026-11-15T08:00:00.000Z",
                     *           "ends_at": "2026-12-01T08:00:00.000Z"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        items: {
                            /** @description the id of the session */
                            uid?: string;
                            /** @description such as Firefox */
                            browser?: string;
                            /** @description such as Linux */
                            system?: string;
                            /** @description an IPv4 address, or an IPv6 /64 */
                            network?: string;
                            /**
                             * Format: date-time
                             * @description RFC 3339, in UTC
                             */
                            signed_in_at?: string;
                            /**
                             * Format: date-time
                             * @description RFC 3339, in UTC
                             */
                            last_seen_at?: string;
                            /** @description how the person signed in (RFC 8176) */
                            amr?: string[];
                            /** @description the clients that it has signed in to */
                            clients?: string[];
                            /**
                             * Format: date-time
                             * @description moves forward when the session is used
                             */
                            expires_at?: string;
                            /**
                             * Format: date-time
                             * @description does not move
                             */
                            ends_at?: string;
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
            404: components["responses"]["Problem_404"];
            406: components["responses"]["Problem_406"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "users.end_sessions": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header?: {
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description the id of the user, and no e-mail address or username: POST /users/search finds it by those
                 * @example 019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f
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
                     *       "id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *       "sessions_ended": 2
                     *     }
                     */
                    "application/json": {
                        /**
                         * Format: uuid
                         * @description UUID
                         */
                        id: string;
                        sessions_ended: number;
                    };
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
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "users.end_session": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header?: {
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description the id of the user, and no e-mail address or username: POST /users/search finds it by those
                 * @example 019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f
                 */
                id: string;
                /** @description the uid of the session */
                uid: string;
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
                     *       "id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *       "sessions_ended": 1
                     *     }
                     */
                    "application/json": {
                        /**
                         * Format: uuid
                         * @description UUID
                         */
                        id: string;
                        sessions_ended: number;
                    };
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
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "users.grants": {
        parameters: {
            query?: {
                /** @description `next` of the page before */
                cursor?: string;
                /** @description items at most; 50 by default */
                limit?: number;
                /** @description members of the items to answer with, separated by commas */
                fields?: string;
            };
            header?: never;
            path: {
                /** @description the id of the user, and no e-mail address or username: POST /users/search finds it by those */
                id: string;
            };
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
                     *           "client_id": "shop",
                     *           "scopes": [
                     *             "openid"
                     *           ],
                     *           "resources": {},
                     *           "created_at": "2026-11-01T08:00:00.000Z",
                     *           "last_used_at": "2026-11-01T08:00:00.000Z",
                     *           "accepted_texts": [
                     *             {
                     *               "kind": "terms",
                     *               "version": "2026-11",
                     *               "accepted_at": "2026-11-01T08:00:00.000Z"
                     *             }
                     *           ],
                     *           "expires_at": "2026-11-01T08:00:00.000Z"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        items: {
                            client_id?: string;
                            scopes?: string[];
                            /** @description scopes by resource indicator (RFC 8707) */
                            resources?: {
                                [key: string]: string[];
                            };
                            /**
                             * Format: date-time
                             * @description of the first of its grants
                             */
                            created_at?: string;
                            /**
                             * Format: date-time
                             * @description RFC 3339, in UTC
                             */
                            last_used_at?: string;
                            /** @description the versions of texts that the person had accepted when the first of its grants was given */
                            accepted_texts?: {
                                /** @enum {unknown} */
                                kind: "terms" | "privacy";
                                version: string;
                                /**
                                 * Format: date-time
                                 * @description RFC 3339, in UTC
                                 */
                                accepted_at: string;
                                /**
                                 * Format: date-time
                                 * @description RFC 3339, in UTC
                                 */
                                withdrawn_at?: string;
                            }[];
                            /**
                             * Format: date-time
                             * @description of the last of its grants
                             */
                            expires_at?: string;
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
            404: components["responses"]["Problem_404"];
            406: components["responses"]["Problem_406"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "users.revoke_grants": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header?: {
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description the id of the user, and no e-mail address or username: POST /users/search finds it by those
                 * @example 019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f
                 */
                id: string;
                /**
                 * @description the client_id, percent-encoded
                 * @example shop
                 */
                client_id: string;
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
                     *       "id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *       "client_id": "shop"
                     *     }
                     */
                    "application/json": {
                        /**
                         * Format: uuid
                         * @description UUID
                         */
                        id: string;
                        client_id: string;
                    };
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
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "users.events": {
        parameters: {
            query?: {
                /** @description `next` of the page before */
                cursor?: string;
                /** @description items at most; 50 by default */
                limit?: number;
                /** @description members of the items to answer with, separated by commas */
                fields?: string;
            };
            header?: never;
            path: {
                /** @description the id of the user, and no e-mail address or username: POST /users/search finds it by those */
                id: string;
            };
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
                     *           "id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *           "at": "2026-11-01T08:00:00.000Z",
                     *           "kind": "signed_in",
                     *           "details": {
                     *             "browser": "Firefox"
                     *           }
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
                            /** @enum {unknown} */
                            kind?: "signed_in" | "new_device" | "second_factor_missing" | "locked" | "unlocked" | "password_changed" | "password_reset" | "totp_added" | "totp_removed" | "passkey_added" | "passkey_removed" | "passkey_refused" | "recovery_codes_renewed" | "recovery_codes_removed" | "recovery_code_used" | "email_changed" | "email_verified" | "username_changed" | "deletion_asked" | "deletion_undone" | "session_ended" | "device_forgotten" | "app_revoked" | "request_approved" | "request_denied" | "data_exported";
                            /** @description browser, system, address, and the subject of the event */
                            details?: {
                                [key: string]: string;
                            };
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
            404: components["responses"]["Problem_404"];
            406: components["responses"]["Problem_406"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "users.export_data": {
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
                /**
                 * @description the id of the user, and no e-mail address or username: POST /users/search finds it by those
                 * @example 019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f
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
                    "application/zip": string;
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
            422: components["responses"]["Problem_422"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
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
                     *       "user_id": null,
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
    "backups.list": {
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
                     *       "items": [
                     *         {
                     *           "name": "cardea-20261101T020000Z-1f3a5c7e",
                     *           "created_at": "2026-11-01T02:00:00.000Z",
                     *           "bytes": 734003200,
                     *           "rows": 4200000,
                     *           "product_version": "0.1.0",
                     *           "last_migration": "0048-backups",
                     *           "master_keys": [
                     *             "9f86d081"
                     *           ],
                     *           "signing_keys": [
                     *             "vV3yJ5qg"
                     *           ],
                     *           "audit_size": 2431,
                     *           "problem": null
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["Backup"][];
                    };
                };
            };
            400: components["responses"]["Problem_400"];
            401: components["responses"]["Problem_401"];
            403: components["responses"]["Problem_403"];
            406: components["responses"]["Problem_406"];
            409: components["responses"]["Problem_409"];
            429: components["responses"]["Problem_429"];
            502: components["responses"]["Problem_502"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "backups.status": {
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
                     *       "configured": true,
                     *       "age_seconds": 3600,
                     *       "last": {
                     *         "name": "cardea-20261101T020000Z-1f3a5c7e",
                     *         "began_at": "2026-11-01T02:00:00.000Z",
                     *         "ended_at": "2026-11-01T02:00:40.000Z",
                     *         "bytes": 734003200,
                     *         "failure": null
                     *       },
                     *       "failed": null,
                     *       "due_at": "2026-11-02T02:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["BackupStatus"];
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
    "clients.list": {
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
                     *           "client_id": "8d1f0c3c5a7e4b2f9a6d3e1b0c4f7a92",
                     *           "version": 1,
                     *           "client_name": "Shop",
                     *           "kind": "operator",
                     *           "managed_by": null,
                     *           "first_party": false,
                     *           "demo": false,
                     *           "second_factor_required": false,
                     *           "redirect_uris": [
                     *             "https://shop.example/callback"
                     *           ],
                     *           "post_logout_redirect_uris": [],
                     *           "grant_types": [
                     *             "authorization_code",
                     *             "refresh_token"
                     *           ],
                     *           "response_types": [
                     *             "code"
                     *           ],
                     *           "token_endpoint_auth_method": "client_secret_basic",
                     *           "application_type": "web",
                     *           "scope": "openid profile email",
                     *           "pkce": "auto",
                     *           "pkce_needed": "without_nonce",
                     *           "id_token_claims": "full",
                     *           "created_at": "2026-11-01T08:00:00.000Z",
                     *           "updated_at": "2026-11-01T08:00:00.000Z"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        items: {
                            /** @description for one that describes itself in a document, its URL */
                            client_id?: string;
                            /** @description raised by each change */
                            version?: number;
                            /** @description its name on the sign-in and consent pages */
                            client_name?: string;
                            /**
                             * @description who made it: an operator, the client itself (RFC 7591), or a document at its client_id
                             * @enum {string}
                             */
                            kind?: "operator" | "dynamic" | "document";
                            /** @description "file" where the configuration file manages it */
                            managed_by?: "file" | null;
                            /** @description a client of the operator: people are not asked for consent */
                            first_party?: boolean;
                            /** @description made for trying out; refused in production */
                            demo?: boolean;
                            /** @description every sign-in to it needs a second factor */
                            second_factor_required?: boolean;
                            /**
                             * Format: date-time
                             * @description RFC 3339, in UTC
                             */
                            previous_secret_expires_at?: string;
                            /**
                             * @description access tokens that it may introspect: its own and those for its resource servers (default), or all
                             * @enum {string}
                             */
                            introspect?: "own" | "all";
                            /** @description for a client that registered itself: scopes that it may request besides those open to every client */
                            opened_scopes?: string[];
                            /** @description rules for its additional claims */
                            claim_mapping?: {
                                claim: string;
                                into: ("id_token" | "userinfo" | "access_token")[];
                                from: {
                                    static?: unknown;
                                    /** @enum {unknown} */
                                    account?: "email" | "email_verified" | "preferred_username" | "name" | "given_name" | "family_name" | "middle_name" | "nickname" | "profile" | "picture" | "website" | "gender" | "birthdate" | "zoneinfo" | "locale" | "phone_number" | "phone_number_verified" | "address";
                                    groups?: true | {
                                        prefix?: string;
                                        map?: {
                                            [key: string]: string;
                                        };
                                    };
                                    roles?: true | {
                                        prefix?: string;
                                        map?: {
                                            [key: string]: string;
                                        };
                                    };
                                };
                                scope?: string;
                            }[];
                            /** @description what tokens it may exchange (RFC 8693); absent: none */
                            token_exchange?: {
                                subject_clients?: string[];
                                subject_audiences?: string[];
                                targets: string[];
                                delegation?: boolean;
                                impersonation?: boolean;
                            };
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
                            /**
                             * @description when it must use PKCE, as its profile and `pkce` say together
                             * @enum {string}
                             */
                            pkce_needed?: "always" | "without_nonce" | "never";
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
    "clients.create": {
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
                 *       "client_name": "Shop",
                 *       "redirect_uris": [
                 *         "https://shop.example/callback"
                 *       ],
                 *       "grant_types": [
                 *         "authorization_code",
                 *         "refresh_token"
                 *       ],
                 *       "scope": "openid profile email"
                 *     }
                 */
                "application/json": components["schemas"]["NewClient"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    /** @description For the `If-Match` of a change. */
                    ETag?: string;
                    /** @description Where it is. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "client_id": "8d1f0c3c5a7e4b2f9a6d3e1b0c4f7a92",
                     *       "version": 1,
                     *       "client_name": "Shop",
                     *       "kind": "operator",
                     *       "managed_by": null,
                     *       "first_party": false,
                     *       "demo": false,
                     *       "second_factor_required": false,
                     *       "redirect_uris": [
                     *         "https://shop.example/callback"
                     *       ],
                     *       "post_logout_redirect_uris": [],
                     *       "grant_types": [
                     *         "authorization_code",
                     *         "refresh_token"
                     *       ],
                     *       "response_types": [
                     *         "code"
                     *       ],
                     *       "token_endpoint_auth_method": "client_secret_basic",
                     *       "application_type": "web",
                     *       "scope": "openid profile email",
                     *       "pkce": "auto",
                     *       "pkce_needed": "without_nonce",
                     *       "id_token_claims": "full",
                     *       "created_at": "2026-11-01T08:00:00.000Z",
                     *       "updated_at": "2026-11-01T08:00:00.000Z",
                     *       "warnings": [],
                     *       "client_secret": "N4ZhH0sGmq0oZ0xw3iRyvSgkZ5mS9qJ0rB8cUuWf3dE"
                     *     }
                     */
                    "application/json": components["schemas"]["ChangedClient"];
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
            422: components["responses"]["Problem_422"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "clients.show": {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that is known already: 304 when it still is the one. */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description its client_id, percent-encoded
                 * @example 8d1f0c3c5a7e4b2f9a6d3e1b0c4f7a92
                 */
                client_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For the `If-Match` of a change. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "client_id": "8d1f0c3c5a7e4b2f9a6d3e1b0c4f7a92",
                     *       "version": 1,
                     *       "client_name": "Shop",
                     *       "kind": "operator",
                     *       "managed_by": null,
                     *       "first_party": false,
                     *       "demo": false,
                     *       "second_factor_required": false,
                     *       "redirect_uris": [
                     *         "https://shop.example/callback"
                     *       ],
                     *       "post_logout_redirect_uris": [],
                     *       "grant_types": [
                     *         "authorization_code",
                     *         "refresh_token"
                     *       ],
                     *       "response_types": [
                     *         "code"
                     *       ],
                     *       "token_endpoint_auth_method": "client_secret_basic",
                     *       "application_type": "web",
                     *       "scope": "openid profile email",
                     *       "pkce": "auto",
                     *       "pkce_needed": "without_nonce",
                     *       "id_token_claims": "full",
                     *       "created_at": "2026-11-01T08:00:00.000Z",
                     *       "updated_at": "2026-11-01T08:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Client"];
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
    "clients.replace": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header: {
                /** @description The ETag that was read, or * for any (RFC 9110 section 13.1.1). PATCH, PUT and DELETE without it: 428. */
                "If-Match": string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description its client_id, percent-encoded
                 * @example 8d1f0c3c5a7e4b2f9a6d3e1b0c4f7a92
                 */
                client_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "client_name": "Shop",
                 *       "redirect_uris": [
                 *         "https://shop.example/callback"
                 *       ],
                 *       "grant_types": [
                 *         "authorization_code",
                 *         "refresh_token"
                 *       ],
                 *       "scope": "openid profile email"
                 *     }
                 */
                "application/json": components["schemas"]["ClientDocument"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For the `If-Match` of a change. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "client_id": "8d1f0c3c5a7e4b2f9a6d3e1b0c4f7a92",
                     *       "version": 2,
                     *       "client_name": "Shop",
                     *       "kind": "operator",
                     *       "managed_by": null,
                     *       "first_party": false,
                     *       "demo": false,
                     *       "second_factor_required": false,
                     *       "redirect_uris": [
                     *         "https://shop.example/callback"
                     *       ],
                     *       "post_logout_redirect_uris": [],
                     *       "grant_types": [
                     *         "authorization_code",
                     *         "refresh_token"
                     *       ],
                     *       "response_types": [
                     *         "code"
                     *       ],
                     *       "token_endpoint_auth_method": "client_secret_basic",
                     *       "application_type": "web",
                     *       "scope": "openid profile email",
                     *       "pkce": "auto",
                     *       "pkce_needed": "without_nonce",
                     *       "id_token_claims": "full",
                     *       "created_at": "2026-11-01T08:00:00.000Z",
                     *       "updated_at": "2026-11-01T08:00:00.000Z",
                     *       "warnings": []
                     *     }
                     */
                    "application/json": components["schemas"]["ChangedClient"];
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
    "clients.delete": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header: {
                /** @description The ETag that was read, or * for any (RFC 9110 section 13.1.1). PATCH, PUT and DELETE without it: 428. */
                "If-Match": string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description its client_id, percent-encoded
                 * @example 8d1f0c3c5a7e4b2f9a6d3e1b0c4f7a92
                 */
                client_id: string;
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
                     *       "client_id": "8d1f0c3c5a7e4b2f9a6d3e1b0c4f7a92",
                     *       "deleted": true
                     *     }
                     */
                    "application/json": {
                        /** @description its client_id, percent-encoded */
                        client_id: string;
                        /** @enum {boolean} */
                        deleted: true;
                    };
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
    "clients.update": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header: {
                /** @description The ETag that was read, or * for any (RFC 9110 section 13.1.1). PATCH, PUT and DELETE without it: 428. */
                "If-Match": string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description its client_id, percent-encoded
                 * @example 8d1f0c3c5a7e4b2f9a6d3e1b0c4f7a92
                 */
                client_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "client_name": "Web shop"
                 *     }
                 */
                "application/json": components["schemas"]["ClientPatch"];
                /**
                 * @example {
                 *       "client_name": "Web shop"
                 *     }
                 */
                "application/merge-patch+json": components["schemas"]["ClientPatch"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For the `If-Match` of a change. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "client_id": "8d1f0c3c5a7e4b2f9a6d3e1b0c4f7a92",
                     *       "version": 2,
                     *       "client_name": "Web shop",
                     *       "kind": "operator",
                     *       "managed_by": null,
                     *       "first_party": false,
                     *       "demo": false,
                     *       "second_factor_required": false,
                     *       "redirect_uris": [
                     *         "https://shop.example/callback"
                     *       ],
                     *       "post_logout_redirect_uris": [],
                     *       "grant_types": [
                     *         "authorization_code",
                     *         "refresh_token"
                     *       ],
                     *       "response_types": [
                     *         "code"
                     *       ],
                     *       "token_endpoint_auth_method": "client_secret_basic",
                     *       "application_type": "web",
                     *       "scope": "openid profile email",
                     *       "pkce": "auto",
                     *       "pkce_needed": "without_nonce",
                     *       "id_token_claims": "full",
                     *       "created_at": "2026-11-01T08:00:00.000Z",
                     *       "updated_at": "2026-11-01T08:00:00.000Z",
                     *       "warnings": []
                     *     }
                     */
                    "application/json": components["schemas"]["ChangedClient"];
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
    "clients.rotate_secret": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header?: {
                /** @description The ETag that was read, or * for any (RFC 9110 section 13.1.1). PATCH, PUT and DELETE without it: 428. */
                "If-Match"?: string;
                /** @description A text of your own: the request is carried out once in 24 hours. */
                "Idempotency-Key"?: string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description its client_id, percent-encoded
                 * @example 8d1f0c3c5a7e4b2f9a6d3e1b0c4f7a92
                 */
                client_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "overlap_seconds": 86400
                 *     }
                 */
                "application/json": {
                    /** @description how long the old secret works as well; 0 by default */
                    overlap_seconds?: number;
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For the `If-Match` of a change. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "client_id": "8d1f0c3c5a7e4b2f9a6d3e1b0c4f7a92",
                     *       "version": 2,
                     *       "client_name": "Shop",
                     *       "kind": "operator",
                     *       "managed_by": null,
                     *       "first_party": false,
                     *       "demo": false,
                     *       "second_factor_required": false,
                     *       "redirect_uris": [
                     *         "https://shop.example/callback"
                     *       ],
                     *       "post_logout_redirect_uris": [],
                     *       "grant_types": [
                     *         "authorization_code",
                     *         "refresh_token"
                     *       ],
                     *       "response_types": [
                     *         "code"
                     *       ],
                     *       "token_endpoint_auth_method": "client_secret_basic",
                     *       "application_type": "web",
                     *       "scope": "openid profile email",
                     *       "pkce": "auto",
                     *       "pkce_needed": "without_nonce",
                     *       "id_token_claims": "full",
                     *       "created_at": "2026-11-01T08:00:00.000Z",
                     *       "updated_at": "2026-11-01T08:00:00.000Z",
                     *       "warnings": [],
                     *       "client_secret": "N4ZhH0sGmq0oZ0xw3iRyvSgkZ5mS9qJ0rB8cUuWf3dE",
                     *       "previous_secret_expires_at": "2026-11-03T08:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["ChangedClient"];
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
            422: components["responses"]["Problem_422"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "clients.end_secret": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header?: {
                /** @description The ETag that was read, or * for any (RFC 9110 section 13.1.1). PATCH, PUT and DELETE without it: 428. */
                "If-Match"?: string;
                /** @description A text of your own: the request is carried out once in 24 hours. */
                "Idempotency-Key"?: string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description its client_id, percent-encoded
                 * @example 8d1f0c3c5a7e4b2f9a6d3e1b0c4f7a92
                 */
                client_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "secret": "old"
                 *     }
                 */
                "application/json": {
                    /**
                     * @description old: the rotation is complete; new: it is taken back
                     * @enum {string}
                     */
                    secret: "old" | "new";
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For the `If-Match` of a change. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "client_id": "8d1f0c3c5a7e4b2f9a6d3e1b0c4f7a92",
                     *       "version": 3,
                     *       "client_name": "Shop",
                     *       "kind": "operator",
                     *       "managed_by": null,
                     *       "first_party": false,
                     *       "demo": false,
                     *       "second_factor_required": false,
                     *       "redirect_uris": [
                     *         "https://shop.example/callback"
                     *       ],
                     *       "post_logout_redirect_uris": [],
                     *       "grant_types": [
                     *         "authorization_code",
                     *         "refresh_token"
                     *       ],
                     *       "response_types": [
                     *         "code"
                     *       ],
                     *       "token_endpoint_auth_method": "client_secret_basic",
                     *       "application_type": "web",
                     *       "scope": "openid profile email",
                     *       "pkce": "auto",
                     *       "pkce_needed": "without_nonce",
                     *       "id_token_claims": "full",
                     *       "created_at": "2026-11-01T08:00:00.000Z",
                     *       "updated_at": "2026-11-01T08:00:00.000Z",
                     *       "warnings": []
                     *     }
                     */
                    "application/json": components["schemas"]["ChangedClient"];
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
            422: components["responses"]["Problem_422"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "resources.list": {
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
                     *           "identifier": "https://orders.example/",
                     *           "version": 1,
                     *           "name": "Orders",
                     *           "managed_by": null,
                     *           "scopes": [
                     *             "orders:read",
                     *             "orders:write"
                     *           ],
                     *           "open": false,
                     *           "clients": [],
                     *           "token_typ": "at+jwt",
                     *           "created_at": "2026-11-01T08:00:00.000Z",
                     *           "updated_at": "2026-11-01T08:00:00.000Z"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        items: {
                            /** @description its resource indicator (RFC 8707), an absolute URI; the audience of its tokens */
                            identifier?: string;
                            /** @description raised by each change */
                            version?: number;
                            /** @description its name on the consent page */
                            name?: string;
                            /** @description "file" where the configuration file manages it */
                            managed_by?: "file" | null;
                            /** @description its scopes */
                            scopes?: string[];
                            /** @description clients that registered themselves, such as agents, may request access to it */
                            open?: boolean;
                            /** @description the clients as which it introspects tokens (RFC 7662): they may introspect all tokens for it */
                            clients?: string[];
                            /**
                             * @description the typ header of its access tokens: at+jwt (RFC 9068, default), or JWT for a library that refuses at+jwt
                             * @enum {string}
                             */
                            token_typ?: "at+jwt" | "JWT";
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
    "resources.create": {
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
                 *       "identifier": "https://orders.example/",
                 *       "name": "Orders",
                 *       "scopes": [
                 *         "orders:read",
                 *         "orders:write"
                 *       ]
                 *     }
                 */
                "application/json": {
                    /** @description its resource indicator (RFC 8707), an absolute URI; the audience of its tokens */
                    identifier: string;
                    /** @description its name on the consent page */
                    name: string;
                    /** @description its scopes */
                    scopes?: string[];
                    /** @description clients that registered themselves, such as agents, may request access to it */
                    open?: boolean;
                    /** @description the clients as which it introspects tokens (RFC 7662): they may introspect all tokens for it */
                    clients?: string[];
                    /**
                     * @description the typ header of its access tokens: at+jwt (RFC 9068, default), or JWT for a library that refuses at+jwt
                     * @enum {string}
                     */
                    token_typ?: "at+jwt" | "JWT";
                };
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    /** @description For the `If-Match` of a change. */
                    ETag?: string;
                    /** @description Where it is. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "identifier": "https://orders.example/",
                     *       "version": 1,
                     *       "name": "Orders",
                     *       "managed_by": null,
                     *       "scopes": [
                     *         "orders:read",
                     *         "orders:write"
                     *       ],
                     *       "open": false,
                     *       "clients": [],
                     *       "token_typ": "at+jwt",
                     *       "created_at": "2026-11-01T08:00:00.000Z",
                     *       "updated_at": "2026-11-01T08:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["ResourceServer"];
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
            422: components["responses"]["Problem_422"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "resources.show": {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that is known already: 304 when it still is the one. */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description its resource indicator (RFC 8707), an absolute URI; the audience of its tokens
                 * @example https://orders.example/
                 */
                identifier: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For the `If-Match` of a change. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "identifier": "https://orders.example/",
                     *       "version": 1,
                     *       "name": "Orders",
                     *       "managed_by": null,
                     *       "scopes": [
                     *         "orders:read",
                     *         "orders:write"
                     *       ],
                     *       "open": false,
                     *       "clients": [],
                     *       "token_typ": "at+jwt",
                     *       "created_at": "2026-11-01T08:00:00.000Z",
                     *       "updated_at": "2026-11-01T08:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["ResourceServer"];
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
    "resources.replace": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header: {
                /** @description The ETag that was read, or * for any (RFC 9110 section 13.1.1). PATCH, PUT and DELETE without it: 428. */
                "If-Match": string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description its resource indicator (RFC 8707), an absolute URI; the audience of its tokens
                 * @example https://orders.example/
                 */
                identifier: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "Orders",
                 *       "scopes": [
                 *         "orders:read"
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["ResourceServerDocument"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For the `If-Match` of a change. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "identifier": "https://orders.example/",
                     *       "version": 2,
                     *       "name": "Orders",
                     *       "managed_by": null,
                     *       "scopes": [
                     *         "orders:read"
                     *       ],
                     *       "open": false,
                     *       "clients": [],
                     *       "token_typ": "at+jwt",
                     *       "created_at": "2026-11-01T08:00:00.000Z",
                     *       "updated_at": "2026-11-01T08:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["ResourceServer"];
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
    "resources.delete": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header: {
                /** @description The ETag that was read, or * for any (RFC 9110 section 13.1.1). PATCH, PUT and DELETE without it: 428. */
                "If-Match": string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description its resource indicator (RFC 8707), an absolute URI; the audience of its tokens
                 * @example https://orders.example/
                 */
                identifier: string;
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
                     *       "identifier": "https://orders.example/",
                     *       "deleted": true
                     *     }
                     */
                    "application/json": {
                        /** @description its resource indicator (RFC 8707), an absolute URI; the audience of its tokens */
                        identifier: string;
                        /** @enum {boolean} */
                        deleted: true;
                    };
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
    "resources.update": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header: {
                /** @description The ETag that was read, or * for any (RFC 9110 section 13.1.1). PATCH, PUT and DELETE without it: 428. */
                "If-Match": string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description its resource indicator (RFC 8707), an absolute URI; the audience of its tokens
                 * @example https://orders.example/
                 */
                identifier: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "scopes": [
                 *         "orders:read"
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["ResourceServerPatch"];
                /**
                 * @example {
                 *       "scopes": [
                 *         "orders:read"
                 *       ]
                 *     }
                 */
                "application/merge-patch+json": components["schemas"]["ResourceServerPatch"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For the `If-Match` of a change. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "identifier": "https://orders.example/",
                     *       "version": 2,
                     *       "name": "Orders",
                     *       "managed_by": null,
                     *       "scopes": [
                     *         "orders:read"
                     *       ],
                     *       "open": false,
                     *       "clients": [],
                     *       "token_typ": "at+jwt",
                     *       "created_at": "2026-11-01T08:00:00.000Z",
                     *       "updated_at": "2026-11-01T08:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["ResourceServer"];
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
                            /** @description raised by each change */
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
                    /** @description For the `If-Match` of a change. */
                    ETag?: string;
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
            404: components["responses"]["Problem_404"];
            406: components["responses"]["Problem_406"];
            409: components["responses"]["Problem_409"];
            412: components["responses"]["Problem_412"];
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
                    /** @description For the `If-Match` of a change. */
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
                /** @description also when it has members: they lose it */
                remove_members?: boolean;
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header: {
                /** @description The ETag that was read, or * for any (RFC 9110 section 13.1.1). PATCH, PUT and DELETE without it: 428. */
                "If-Match": string;
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
            413: components["responses"]["Problem_413"];
            415: components["responses"]["Problem_415"];
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
            header: {
                /** @description The ETag that was read, or * for any (RFC 9110 section 13.1.1). PATCH, PUT and DELETE without it: 428. */
                "If-Match": string;
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
                    /** @description For the `If-Match` of a change. */
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
                            /** @description its name, which clients get by scope or claim mapping */
                            name?: string;
                            /** @description for operators */
                            description?: string;
                            /** @description what people with the role may do in this API; nobody can give more than they have */
                            permissions?: ("users:read" | "users:write" | "users:read:pii" | "credentials:read" | "credentials:write" | "groups:read" | "groups:write" | "roles:read" | "roles:write" | "clients:read" | "clients:write" | "resources:read" | "resources:write" | "sessions:read" | "sessions:write" | "grants:read" | "grants:write" | "tokens:read" | "tokens:write" | "keys:read" | "keys:write" | "lockouts:read" | "lockouts:write" | "registrations:read" | "registrations:write" | "mails:read" | "mails:write" | "deliveries:read" | "deliveries:write" | "audit:read" | "audit:write" | "privacy:read" | "privacy:write" | "backups:read" | "backups:write" | "config:read" | "config:write" | "status:read")[];
                            /** @description part of the program: it cannot be changed or deleted */
                            builtin?: boolean;
                            /** @description "file" where the configuration file manages it */
                            managed_by?: "file" | null;
                            /** @description raised by each change */
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
                    /** @description its name, which clients get by scope or claim mapping */
                    name: string;
                    /** @description for operators */
                    description?: string;
                    /** @description what people with the role may do in this API; nobody can give more than they have */
                    permissions?: ("users:read" | "users:write" | "users:read:pii" | "credentials:read" | "credentials:write" | "groups:read" | "groups:write" | "roles:read" | "roles:write" | "clients:read" | "clients:write" | "resources:read" | "resources:write" | "sessions:read" | "sessions:write" | "grants:read" | "grants:write" | "tokens:read" | "tokens:write" | "keys:read" | "keys:write" | "lockouts:read" | "lockouts:write" | "registrations:read" | "registrations:write" | "mails:read" | "mails:write" | "deliveries:read" | "deliveries:write" | "audit:read" | "audit:write" | "privacy:read" | "privacy:write" | "backups:read" | "backups:write" | "config:read" | "config:write" | "status:read")[];
                };
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    /** @description For the `If-Match` of a change. */
                    ETag?: string;
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
            404: components["responses"]["Problem_404"];
            406: components["responses"]["Problem_406"];
            409: components["responses"]["Problem_409"];
            412: components["responses"]["Problem_412"];
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
                 * @description its name, which clients get by scope or claim mapping
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
                    /** @description For the `If-Match` of a change. */
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
                /** @description also when it has members: they lose it */
                remove_members?: boolean;
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header: {
                /** @description The ETag that was read, or * for any (RFC 9110 section 13.1.1). PATCH, PUT and DELETE without it: 428. */
                "If-Match": string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description its name, which clients get by scope or claim mapping
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
            413: components["responses"]["Problem_413"];
            415: components["responses"]["Problem_415"];
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
            header: {
                /** @description The ETag that was read, or * for any (RFC 9110 section 13.1.1). PATCH, PUT and DELETE without it: 428. */
                "If-Match": string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description its name, which clients get by scope or claim mapping
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
                    permissions?: ("users:read" | "users:write" | "users:read:pii" | "credentials:read" | "credentials:write" | "groups:read" | "groups:write" | "roles:read" | "roles:write" | "clients:read" | "clients:write" | "resources:read" | "resources:write" | "sessions:read" | "sessions:write" | "grants:read" | "grants:write" | "tokens:read" | "tokens:write" | "keys:read" | "keys:write" | "lockouts:read" | "lockouts:write" | "registrations:read" | "registrations:write" | "mails:read" | "mails:write" | "deliveries:read" | "deliveries:write" | "audit:read" | "audit:write" | "privacy:read" | "privacy:write" | "backups:read" | "backups:write" | "config:read" | "config:write" | "status:read")[];
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
                    permissions?: ("users:read" | "users:write" | "users:read:pii" | "credentials:read" | "credentials:write" | "groups:read" | "groups:write" | "roles:read" | "roles:write" | "clients:read" | "clients:write" | "resources:read" | "resources:write" | "sessions:read" | "sessions:write" | "grants:read" | "grants:write" | "tokens:read" | "tokens:write" | "keys:read" | "keys:write" | "lockouts:read" | "lockouts:write" | "registrations:read" | "registrations:write" | "mails:read" | "mails:write" | "deliveries:read" | "deliveries:write" | "audit:read" | "audit:write" | "privacy:read" | "privacy:write" | "backups:read" | "backups:write" | "config:read" | "config:write" | "status:read")[];
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For the `If-Match` of a change. */
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
    "sessions.list": {
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
                     *           "uid": "P0uJ0m6bq3kq2l1o9y8x7w6v5u4t3s2r1q0p9o8n7m6",
                     *           "user_id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *           "clients": [
                     *             "notes"
                     *           ],
                     *           "signed_in_at": "2026-11-01T08:00:00.000Z",
                     *           "amr": [
                     *             "pwd",
                     *             "otp"
                     *           ],
                     *           "created_at": "2026-11-01T08:00:00.000Z",
                     *           "expires_at": "2026-11-15T08:00:00.000Z",
                     *           "ends_at": "2026-12-01T08:00:00.000Z"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        items: {
                            /** @description its id, which is not the one in the cookie */
                            uid?: string;
                            /**
                             * Format: uuid
                             * @description the person who is signed in
                             */
                            user_id?: string;
                            /** @description the clients that it has signed in to */
                            clients?: string[];
                            /** @description when the person last authenticated in it */
                            signed_in_at?: string | null;
                            /** @description how (RFC 8176) */
                            amr?: string[];
                            /**
                             * Format: date-time
                             * @description RFC 3339, in UTC
                             */
                            created_at?: string;
                            /**
                             * Format: date-time
                             * @description moves forward whenever the session is used
                             */
                            expires_at?: string;
                            /** @description its absolute end, which does not move */
                            ends_at?: string | null;
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
    "sessions.show": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description its id, which is not the one in the cookie
                 * @example P0uJ0m6bq3kq2l1o9y8x7w6v5u4t3s2r1q0p9o8n7m6
                 */
                uid: string;
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
                     *       "uid": "P0uJ0m6bq3kq2l1o9y8x7w6v5u4t3s2r1q0p9o8n7m6",
                     *       "user_id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *       "clients": [
                     *         "notes"
                     *       ],
                     *       "signed_in_at": "2026-11-01T08:00:00.000Z",
                     *       "amr": [
                     *         "pwd",
                     *         "otp"
                     *       ],
                     *       "created_at": "2026-11-01T08:00:00.000Z",
                     *       "expires_at": "2026-11-15T08:00:00.000Z",
                     *       "ends_at": "2026-12-01T08:00:00.000Z",
                     *       "browser": "Firefox",
                     *       "system": "Linux",
                     *       "network": "192.0.2.7",
                     *       "last_seen_at": "2026-11-01T09:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["SessionInFull"];
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
    "sessions.end": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header?: {
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description its id, which is not the one in the cookie
                 * @example P0uJ0m6bq3kq2l1o9y8x7w6v5u4t3s2r1q0p9o8n7m6
                 */
                uid: string;
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
                     *       "uid": "P0uJ0m6bq3kq2l1o9y8x7w6v5u4t3s2r1q0p9o8n7m6",
                     *       "user_id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f"
                     *     }
                     */
                    "application/json": components["schemas"]["EndedSession"];
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
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "grants.list": {
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
                     *           "id": "g0uJ0m6bq3kq2l1o9y8x7w6v5u4t3s2r1q0p9o8n7m6",
                     *           "user_id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *           "client_id": "notes",
                     *           "scopes": [
                     *             "openid",
                     *             "offline_access"
                     *           ],
                     *           "resources": {
                     *             "https://api.example.com": [
                     *               "notes:read"
                     *             ]
                     *           },
                     *           "created_at": "2026-11-01T08:00:00.000Z",
                     *           "expires_at": "2026-12-01T08:00:00.000Z"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        items: {
                            id?: string;
                            /**
                             * Format: uuid
                             * @description the person
                             */
                            user_id?: string;
                            client_id?: string;
                            scopes?: string[];
                            /** @description scopes by resource server (RFC 8707) */
                            resources?: {
                                [key: string]: string[];
                            };
                            /**
                             * Format: date-time
                             * @description RFC 3339, in UTC
                             */
                            created_at?: string;
                            /**
                             * Format: date-time
                             * @description RFC 3339, in UTC
                             */
                            expires_at?: string;
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
    "grants.show": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example g0uJ0m6bq3kq2l1o9y8x7w6v5u4t3s2r1q0p9o8n7m6 */
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
                     *       "id": "g0uJ0m6bq3kq2l1o9y8x7w6v5u4t3s2r1q0p9o8n7m6",
                     *       "user_id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *       "client_id": "notes",
                     *       "scopes": [
                     *         "openid",
                     *         "offline_access"
                     *       ],
                     *       "resources": {
                     *         "https://api.example.com": [
                     *           "notes:read"
                     *         ]
                     *       },
                     *       "created_at": "2026-11-01T08:00:00.000Z",
                     *       "expires_at": "2026-12-01T08:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Grant"];
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
    "grants.revoke": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header?: {
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /** @example g0uJ0m6bq3kq2l1o9y8x7w6v5u4t3s2r1q0p9o8n7m6 */
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
                     *       "id": "g0uJ0m6bq3kq2l1o9y8x7w6v5u4t3s2r1q0p9o8n7m6",
                     *       "user_id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *       "client_id": "notes"
                     *     }
                     */
                    "application/json": components["schemas"]["RevokedGrant"];
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
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "tokens.revoke": {
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
                 *       "client_id": "notes"
                 *     }
                 */
                "application/json": {
                    /** @description a token, JWT or opaque; a refresh token ends with its grant (RFC 7009 §2.1) */
                    token?: string;
                    /** @description a JWT access token, by its "jti" */
                    jti?: string;
                    /** @description all tokens of a grant */
                    grant?: string;
                    /** @description a session, with the tokens of its clients */
                    session?: string;
                    /**
                     * Format: uuid
                     * @description all sessions and tokens of a person
                     */
                    user_id?: string;
                    /** @description all tokens of a client */
                    client_id?: string;
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
                     *       "revoked": "client",
                     *       "client_id": "notes",
                     *       "grants_ended": 12,
                     *       "tokens_ended": 0,
                     *       "remembered_until": "2026-11-01T09:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["RevokedTokens"];
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
            422: components["responses"]["Problem_422"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "lockouts.list": {
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
                     *           "id": "3a7bd3e2360a3d29eea436fcfb7e44c735d117c42d1c1835420b6b9942dd4f1b",
                     *           "user_id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *           "factor": "password",
                     *           "locked_until": "2026-11-01T08:15:00.000Z"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        items: {
                            /** @description 64 hex digits */
                            id?: string;
                            /** @description the person; null for an identifier without a user, which is locked in the same way and not stored */
                            user_id?: string | null;
                            /** @description password, totp or recovery_code */
                            factor?: string;
                            /**
                             * Format: date-time
                             * @description RFC 3339, in UTC
                             */
                            locked_until?: string;
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
    "lockouts.end": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header?: {
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description 64 hex digits
                 * @example 3a7bd3e2360a3d29eea436fcfb7e44c735d117c42d1c1835420b6b9942dd4f1b
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
                     *       "id": "3a7bd3e2360a3d29eea436fcfb7e44c735d117c42d1c1835420b6b9942dd4f1b",
                     *       "user_id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *       "factor": "password",
                     *       "locked_until": "2026-11-01T08:15:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Lockout"];
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
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "registrations.list": {
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
                     *           "id": "5f2b8c1d9e0a7364",
                     *           "uses_left": 10,
                     *           "grant_types": [
                     *             "authorization_code",
                     *             "refresh_token"
                     *           ],
                     *           "redirect_hosts": [
                     *             "*.apps.example.com"
                     *           ],
                     *           "created_at": "2026-11-01T08:00:00.000Z",
                     *           "expires_at": "2026-11-08T08:00:00.000Z"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        items: {
                            /** @description 16 hex digits */
                            id?: string;
                            /** @description clients that may still be registered with it */
                            uses_left?: number;
                            grant_types?: string[];
                            /** @description hosts of redirect URIs, *.example.com for all below one; absent: any */
                            redirect_hosts?: string[];
                            /** @description the most that clients may request, separated by spaces; absent: what is open to every client */
                            scope?: string;
                            /**
                             * Format: date-time
                             * @description RFC 3339, in UTC
                             */
                            created_at?: string;
                            /**
                             * Format: date-time
                             * @description RFC 3339, in UTC
                             */
                            expires_at?: string;
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
    "registrations.create": {
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
                 *       "uses": 10,
                 *       "redirect_hosts": [
                 *         "*.apps.example.com"
                 *       ]
                 *     }
                 */
                "application/json": {
                    /** @description clients that may be registered with it; 1 by default */
                    uses?: number;
                    /** @description its lifetime in seconds; 7 days by default */
                    expires_in?: number;
                    /** @description hosts of redirect URIs, *.example.com for all below one */
                    redirect_hosts?: string[];
                    grant_types?: string[];
                    /** @description the most that clients may request, separated by spaces */
                    scope?: string;
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
                     *       "id": "5f2b8c1d9e0a7364",
                     *       "uses_left": 10,
                     *       "grant_types": [
                     *         "authorization_code",
                     *         "refresh_token"
                     *       ],
                     *       "redirect_hosts": [
                     *         "*.apps.example.com"
                     *       ],
                     *       "created_at": "2026-11-01T08:00:00.000Z",
                     *       "expires_at": "2026-11-08T08:00:00.000Z",
                     *       "token": "V9uJ0m6bq3kq2l1o9y8x7w6v5u4t3s2r1q0p9o8n7m6"
                     *     }
                     */
                    "application/json": components["schemas"]["NewRegistration"];
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
            422: components["responses"]["Problem_422"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "registrations.show": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description 16 hex digits
                 * @example 5f2b8c1d9e0a7364
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
                     *       "id": "5f2b8c1d9e0a7364",
                     *       "uses_left": 10,
                     *       "grant_types": [
                     *         "authorization_code",
                     *         "refresh_token"
                     *       ],
                     *       "redirect_hosts": [
                     *         "*.apps.example.com"
                     *       ],
                     *       "created_at": "2026-11-01T08:00:00.000Z",
                     *       "expires_at": "2026-11-08T08:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Registration"];
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
    "registrations.delete": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header?: {
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description 16 hex digits
                 * @example 5f2b8c1d9e0a7364
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
                     *       "id": "5f2b8c1d9e0a7364",
                     *       "revoked": true
                     *     }
                     */
                    "application/json": components["schemas"]["DeletedRegistration"];
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
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "mails.list": {
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
                     *           "id": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
                     *           "kind": "invitation",
                     *           "user_id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *           "attempts": 2,
                     *           "next_attempt_at": "2026-11-01T08:15:00.000Z",
                     *           "expires_at": "2026-11-04T08:00:00.000Z"
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
                            /** @description such as invitation; null when no master key opens it */
                            kind?: string | null;
                            /** @description the id of the person; null for a mail to an address that somebody has typed */
                            user_id?: string | null;
                            attempts?: number;
                            /**
                             * Format: date-time
                             * @description while a node sends it, when its time for that is over
                             */
                            next_attempt_at?: string;
                            /**
                             * Format: date-time
                             * @description when it is given up
                             */
                            expires_at?: string;
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
    "mails.show": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description UUID
                 * @example 7c9e6679-7425-40de-944b-e07fc1f90ae7
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
                     *       "id": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
                     *       "kind": "invitation",
                     *       "user_id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *       "attempts": 2,
                     *       "next_attempt_at": "2026-11-01T08:15:00.000Z",
                     *       "expires_at": "2026-11-04T08:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Mail"];
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
    "mails.drop": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header?: {
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description UUID
                 * @example 7c9e6679-7425-40de-944b-e07fc1f90ae7
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
                     *       "id": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
                     *       "kind": "invitation",
                     *       "user_id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *       "attempts": 2,
                     *       "next_attempt_at": "2026-11-01T08:15:00.000Z",
                     *       "expires_at": "2026-11-04T08:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Mail"];
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
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "mails.retry": {
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
                /**
                 * @description UUID
                 * @example 7c9e6679-7425-40de-944b-e07fc1f90ae7
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
                     *       "id": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
                     *       "kind": "invitation",
                     *       "user_id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *       "attempts": 2,
                     *       "next_attempt_at": "2026-11-01T08:05:00.000Z",
                     *       "expires_at": "2026-11-04T08:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Mail"];
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
            422: components["responses"]["Problem_422"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "deliveries.list": {
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
                     *           "id": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
                     *           "kind": "logout",
                     *           "client_id": "notes",
                     *           "user_id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *           "attempts": 3,
                     *           "next_attempt_at": "2026-11-01T08:15:00.000Z",
                     *           "expires_at": "2026-11-02T08:00:00.000Z"
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
                            /** @description such as logout, of OpenID Connect Back-Channel Logout 1.0 */
                            kind?: string;
                            client_id?: string;
                            /** @description the person that it is about */
                            user_id?: string | null;
                            attempts?: number;
                            /**
                             * Format: date-time
                             * @description while a node sends it, when its time for that is over
                             */
                            next_attempt_at?: string;
                            /** @description when it is given up; null before the first attempt, from which that is counted */
                            expires_at?: string | null;
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
    "deliveries.show": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description UUID
                 * @example 7c9e6679-7425-40de-944b-e07fc1f90ae7
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
                     *       "id": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
                     *       "kind": "logout",
                     *       "client_id": "notes",
                     *       "user_id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *       "attempts": 3,
                     *       "next_attempt_at": "2026-11-01T08:15:00.000Z",
                     *       "expires_at": "2026-11-02T08:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Delivery"];
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
    "deliveries.drop": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header?: {
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description UUID
                 * @example 7c9e6679-7425-40de-944b-e07fc1f90ae7
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
                     *       "id": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
                     *       "kind": "logout",
                     *       "client_id": "notes",
                     *       "user_id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *       "attempts": 3,
                     *       "next_attempt_at": "2026-11-01T08:15:00.000Z",
                     *       "expires_at": "2026-11-02T08:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Delivery"];
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
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "deliveries.retry": {
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
                /**
                 * @description UUID
                 * @example 7c9e6679-7425-40de-944b-e07fc1f90ae7
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
                     *       "id": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
                     *       "kind": "logout",
                     *       "client_id": "notes",
                     *       "user_id": "019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f",
                     *       "attempts": 3,
                     *       "next_attempt_at": "2026-11-01T08:05:00.000Z",
                     *       "expires_at": "2026-11-02T08:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Delivery"];
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
            422: components["responses"]["Problem_422"];
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
            404: components["responses"]["Problem_404"];
            406: components["responses"]["Problem_406"];
            409: components["responses"]["Problem_409"];
            412: components["responses"]["Problem_412"];
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
            412: components["responses"]["Problem_412"];
            413: components["responses"]["Problem_413"];
            415: components["responses"]["Problem_415"];
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
                     *           "request_id": "1f0c9d5e-2b3a-4c4d-8e5f-6a7b8c9d0e1f",
                     *           "session_id": null,
                     *           "address": "192.0.2.1",
                     *           "device": "Mozilla/5.0",
                     *           "intact": true
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
                            /** @description the id of the user or client; of the command line, the user of the machine */
                            actor_id?: string;
                            /** @description the client by which a person acted */
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
                            /** @description of the session in which it happened */
                            session_id?: string | null;
                            /** @description the network address from which it was done; null also when the person was erased */
                            address?: string | null;
                            /** @description the User-Agent; null also when the person was erased */
                            device?: string | null;
                            /** @description false: the row is not as Cardea has written it; verify the audit to find what else was changed */
                            intact?: boolean;
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
    "destinations.list": {
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
                     *           "id": "5b1f0e6c-6f6a-4a0e-9d0c-2b7f3f0a9c11",
                     *           "version": 1,
                     *           "kind": "webhook",
                     *           "name": "SIEM",
                     *           "settings": {
                     *             "url": "https://siem.example.com/cardea"
                     *           },
                     *           "actions": [
                     *             "users.*"
                     *           ],
                     *           "outcomes": [],
                     *           "everybody": false,
                     *           "heads": true,
                     *           "details": false,
                     *           "client_id": null,
                     *           "position": 1042,
                     *           "enabled": true,
                     *           "disabled_reason": null,
                     *           "attempts": 0,
                     *           "last_failure": null,
                     *           "next_attempt_at": "2026-11-01T08:00:00.000Z",
                     *           "created_at": "2026-11-01T08:00:00.000Z",
                     *           "updated_at": "2026-11-01T08:00:00.000Z",
                     *           "behind_since": null,
                     *           "holds_retention": false
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
                            /** @description raised by each change */
                            version?: number;
                            /**
                             * @description webhook: Standard Webhooks; cloudevents: CloudEvents 1.0, signed in the same way; syslog: RFC 5424 over TLS; file: JSON Lines on the disk of the server
                             * @enum {string}
                             */
                            kind?: "webhook" | "cloudevents" | "syslog" | "file";
                            /** @description for operators */
                            name?: string;
                            settings?: components["schemas"]["DestinationSettings"];
                            /** @description only these actions, such as users.update, or users.* for all of them; of a client, types of events such as user.*; empty: all */
                            actions?: string[];
                            /** @description only these outcomes; empty: all */
                            outcomes?: ("done" | "refused" | "denied")[];
                            /** @description of a client: also events of people who have not used it; false by default */
                            everybody?: boolean;
                            /** @description signed heads of the log are sent as well; false by default */
                            heads?: boolean;
                            /** @description address and device are sent as well, in clear: you need users:read:pii; not for a client; false by default */
                            details?: boolean;
                            /** @description the client that gets the events of its people; null: the whole audit */
                            client_id?: string | null;
                            /** @description the index of the entry that comes next */
                            position?: number;
                            enabled?: boolean;
                            /** @description why the server has disabled it: status_410, when the receiver answered that it wants nothing more; dead_letters, when it has too many */
                            disabled_reason?: string | null;
                            /** @description failed attempts for what comes next */
                            attempts?: number;
                            /** @description such as status_503, time, connection, address or redirect */
                            last_failure?: string | null;
                            /**
                             * Format: date-time
                             * @description RFC 3339, in UTC
                             */
                            next_attempt_at?: string;
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
                            /** @description when the oldest entry was written that it has not had yet; null when it has had all */
                            behind_since?: string | null;
                            /** @description entries that are older than the retention stay because of it: repair it, disable it, or move it on by a replay */
                            holds_retention?: boolean;
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
    "destinations.create": {
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
                 *       "kind": "webhook",
                 *       "name": "SIEM",
                 *       "settings": {
                 *         "url": "https://siem.example.com/cardea"
                 *       },
                 *       "actions": [
                 *         "users.*"
                 *       ],
                 *       "heads": true
                 *     }
                 */
                "application/json": {
                    /**
                     * @description webhook: Standard Webhooks; cloudevents: CloudEvents 1.0, signed in the same way; syslog: RFC 5424 over TLS; file: JSON Lines on the disk of the server
                     * @enum {string}
                     */
                    kind: "webhook" | "cloudevents" | "syslog" | "file";
                    client_id?: string;
                    /** @description for operators */
                    name: string;
                    settings: components["schemas"]["DestinationSettings"];
                    /** @description only these actions, such as users.update, or users.* for all of them; of a client, types of events such as user.*; empty: all */
                    actions?: string[];
                    /** @description only these outcomes; empty: all */
                    outcomes?: ("done" | "refused" | "denied")[];
                    /** @description of a client: also events of people who have not used it; false by default */
                    everybody?: boolean;
                    /** @description signed heads of the log are sent as well; false by default */
                    heads?: boolean;
                    /** @description address and device are sent as well, in clear: you need users:read:pii; not for a client; false by default */
                    details?: boolean;
                    /** @description the index of the first entry in the log, or a time (RFC 3339) */
                    from?: number | string;
                };
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    /** @description For the `If-Match` of a change. */
                    ETag?: string;
                    /** @description Where it is. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "5b1f0e6c-6f6a-4a0e-9d0c-2b7f3f0a9c11",
                     *       "version": 1,
                     *       "kind": "webhook",
                     *       "name": "SIEM",
                     *       "settings": {
                     *         "url": "https://siem.example.com/cardea"
                     *       },
                     *       "actions": [
                     *         "users.*"
                     *       ],
                     *       "outcomes": [],
                     *       "everybody": false,
                     *       "heads": true,
                     *       "details": false,
                     *       "client_id": null,
                     *       "position": 1042,
                     *       "enabled": true,
                     *       "disabled_reason": null,
                     *       "attempts": 0,
                     *       "last_failure": null,
                     *       "next_attempt_at": "2026-11-01T08:00:00.000Z",
                     *       "created_at": "2026-11-01T08:00:00.000Z",
                     *       "updated_at": "2026-11-01T08:00:00.000Z",
                     *       "secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD3xRd1bZrGqE="
                     *     }
                     */
                    "application/json": components["schemas"]["NewDestination"];
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
            422: components["responses"]["Problem_422"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "destinations.show": {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that is known already: 304 when it still is the one. */
                "If-None-Match"?: string;
            };
            path: {
                /**
                 * @description UUID
                 * @example 5b1f0e6c-6f6a-4a0e-9d0c-2b7f3f0a9c11
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
                    /** @description For the `If-Match` of a change. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "5b1f0e6c-6f6a-4a0e-9d0c-2b7f3f0a9c11",
                     *       "version": 1,
                     *       "kind": "webhook",
                     *       "name": "SIEM",
                     *       "settings": {
                     *         "url": "https://siem.example.com/cardea"
                     *       },
                     *       "actions": [
                     *         "users.*"
                     *       ],
                     *       "outcomes": [],
                     *       "everybody": false,
                     *       "heads": true,
                     *       "details": false,
                     *       "client_id": null,
                     *       "position": 1042,
                     *       "enabled": true,
                     *       "disabled_reason": null,
                     *       "attempts": 0,
                     *       "last_failure": null,
                     *       "next_attempt_at": "2026-11-01T08:00:00.000Z",
                     *       "created_at": "2026-11-01T08:00:00.000Z",
                     *       "updated_at": "2026-11-01T08:00:00.000Z",
                     *       "behind_since": null,
                     *       "holds_retention": false
                     *     }
                     */
                    "application/json": components["schemas"]["DestinationWithLag"];
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
    "destinations.delete": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header: {
                /** @description The ETag that was read, or * for any (RFC 9110 section 13.1.1). PATCH, PUT and DELETE without it: 428. */
                "If-Match": string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description UUID
                 * @example 5b1f0e6c-6f6a-4a0e-9d0c-2b7f3f0a9c11
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
                     *       "id": "5b1f0e6c-6f6a-4a0e-9d0c-2b7f3f0a9c11",
                     *       "deleted": true
                     *     }
                     */
                    "application/json": components["schemas"]["DeletedDestination"];
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
    "destinations.update": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header: {
                /** @description The ETag that was read, or * for any (RFC 9110 section 13.1.1). PATCH, PUT and DELETE without it: 428. */
                "If-Match": string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description UUID
                 * @example 5b1f0e6c-6f6a-4a0e-9d0c-2b7f3f0a9c11
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "actions": []
                 *     }
                 */
                "application/json": components["schemas"]["DestinationPatch"];
                /**
                 * @example {
                 *       "actions": []
                 *     }
                 */
                "application/merge-patch+json": components["schemas"]["DestinationPatch"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For the `If-Match` of a change. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "5b1f0e6c-6f6a-4a0e-9d0c-2b7f3f0a9c11",
                     *       "version": 2,
                     *       "kind": "webhook",
                     *       "name": "SIEM",
                     *       "settings": {
                     *         "url": "https://siem.example.com/cardea"
                     *       },
                     *       "actions": [],
                     *       "outcomes": [],
                     *       "everybody": false,
                     *       "heads": true,
                     *       "details": false,
                     *       "client_id": null,
                     *       "position": 1042,
                     *       "enabled": true,
                     *       "disabled_reason": null,
                     *       "attempts": 0,
                     *       "last_failure": null,
                     *       "next_attempt_at": "2026-11-01T08:00:00.000Z",
                     *       "created_at": "2026-11-01T08:00:00.000Z",
                     *       "updated_at": "2026-11-01T08:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Destination"];
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
    "destinations.enable": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header?: {
                /** @description The ETag that was read, or * for any (RFC 9110 section 13.1.1). PATCH, PUT and DELETE without it: 428. */
                "If-Match"?: string;
                /** @description A text of your own: the request is carried out once in 24 hours. */
                "Idempotency-Key"?: string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description UUID
                 * @example 5b1f0e6c-6f6a-4a0e-9d0c-2b7f3f0a9c11
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
                    /** @description For the `If-Match` of a change. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "5b1f0e6c-6f6a-4a0e-9d0c-2b7f3f0a9c11",
                     *       "version": 3,
                     *       "kind": "webhook",
                     *       "name": "SIEM",
                     *       "settings": {
                     *         "url": "https://siem.example.com/cardea"
                     *       },
                     *       "actions": [
                     *         "users.*"
                     *       ],
                     *       "outcomes": [],
                     *       "everybody": false,
                     *       "heads": true,
                     *       "details": false,
                     *       "client_id": null,
                     *       "position": 1042,
                     *       "enabled": true,
                     *       "disabled_reason": null,
                     *       "attempts": 0,
                     *       "last_failure": null,
                     *       "next_attempt_at": "2026-11-01T08:00:00.000Z",
                     *       "created_at": "2026-11-01T08:00:00.000Z",
                     *       "updated_at": "2026-11-01T08:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Destination"];
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
            422: components["responses"]["Problem_422"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "destinations.disable": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header?: {
                /** @description The ETag that was read, or * for any (RFC 9110 section 13.1.1). PATCH, PUT and DELETE without it: 428. */
                "If-Match"?: string;
                /** @description A text of your own: the request is carried out once in 24 hours. */
                "Idempotency-Key"?: string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description UUID
                 * @example 5b1f0e6c-6f6a-4a0e-9d0c-2b7f3f0a9c11
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
                    /** @description For the `If-Match` of a change. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "5b1f0e6c-6f6a-4a0e-9d0c-2b7f3f0a9c11",
                     *       "version": 2,
                     *       "kind": "webhook",
                     *       "name": "SIEM",
                     *       "settings": {
                     *         "url": "https://siem.example.com/cardea"
                     *       },
                     *       "actions": [
                     *         "users.*"
                     *       ],
                     *       "outcomes": [],
                     *       "everybody": false,
                     *       "heads": true,
                     *       "details": false,
                     *       "client_id": null,
                     *       "position": 1042,
                     *       "enabled": false,
                     *       "disabled_reason": null,
                     *       "attempts": 0,
                     *       "last_failure": null,
                     *       "next_attempt_at": "2026-11-01T08:00:00.000Z",
                     *       "created_at": "2026-11-01T08:00:00.000Z",
                     *       "updated_at": "2026-11-01T08:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Destination"];
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
            422: components["responses"]["Problem_422"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "destinations.replay": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header?: {
                /** @description The ETag that was read, or * for any (RFC 9110 section 13.1.1). PATCH, PUT and DELETE without it: 428. */
                "If-Match"?: string;
                /** @description A text of your own: the request is carried out once in 24 hours. */
                "Idempotency-Key"?: string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description UUID
                 * @example 5b1f0e6c-6f6a-4a0e-9d0c-2b7f3f0a9c11
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "from": 1000
                 *     }
                 */
                "application/json": {
                    /** @description the index of the first entry in the log, or a time (RFC 3339) */
                    from: number | string;
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For the `If-Match` of a change. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "5b1f0e6c-6f6a-4a0e-9d0c-2b7f3f0a9c11",
                     *       "version": 2,
                     *       "kind": "webhook",
                     *       "name": "SIEM",
                     *       "settings": {
                     *         "url": "https://siem.example.com/cardea"
                     *       },
                     *       "actions": [
                     *         "users.*"
                     *       ],
                     *       "outcomes": [],
                     *       "everybody": false,
                     *       "heads": true,
                     *       "details": false,
                     *       "client_id": null,
                     *       "position": 1000,
                     *       "enabled": true,
                     *       "disabled_reason": null,
                     *       "attempts": 0,
                     *       "last_failure": null,
                     *       "next_attempt_at": "2026-11-01T08:00:00.000Z",
                     *       "created_at": "2026-11-01T08:00:00.000Z",
                     *       "updated_at": "2026-11-01T08:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Destination"];
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
            422: components["responses"]["Problem_422"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "destinations.rotate_secret": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header?: {
                /** @description The ETag that was read, or * for any (RFC 9110 section 13.1.1). PATCH, PUT and DELETE without it: 428. */
                "If-Match"?: string;
                /** @description A text of your own: the request is carried out once in 24 hours. */
                "Idempotency-Key"?: string;
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description UUID
                 * @example 5b1f0e6c-6f6a-4a0e-9d0c-2b7f3f0a9c11
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /** @example {} */
                "application/json": {
                    /** @description how long the old secret signs as well; a day by default */
                    overlap_seconds?: number;
                };
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    /** @description For the `If-Match` of a change. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "5b1f0e6c-6f6a-4a0e-9d0c-2b7f3f0a9c11",
                     *       "version": 2,
                     *       "kind": "webhook",
                     *       "name": "SIEM",
                     *       "settings": {
                     *         "url": "https://siem.example.com/cardea"
                     *       },
                     *       "actions": [
                     *         "users.*"
                     *       ],
                     *       "outcomes": [],
                     *       "everybody": false,
                     *       "heads": true,
                     *       "details": false,
                     *       "client_id": null,
                     *       "position": 1042,
                     *       "enabled": true,
                     *       "disabled_reason": null,
                     *       "attempts": 0,
                     *       "last_failure": null,
                     *       "next_attempt_at": "2026-11-01T08:00:00.000Z",
                     *       "created_at": "2026-11-01T08:00:00.000Z",
                     *       "updated_at": "2026-11-01T08:00:00.000Z",
                     *       "secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD3xRd1bZrGqE="
                     *     }
                     */
                    "application/json": components["schemas"]["NewDestination"];
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
            422: components["responses"]["Problem_422"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "dead_letters.retry_all": {
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
                /**
                 * @description UUID
                 * @example 5b1f0e6c-6f6a-4a0e-9d0c-2b7f3f0a9c11
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
                     *       "destination_id": "5b1f0e6c-6f6a-4a0e-9d0c-2b7f3f0a9c11",
                     *       "retried": 12,
                     *       "nothing_to_send": 0
                     *     }
                     */
                    "application/json": components["schemas"]["RetriedDeadLetters"];
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
            422: components["responses"]["Problem_422"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "dead_letters.drop_all": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header?: {
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description UUID
                 * @example 5b1f0e6c-6f6a-4a0e-9d0c-2b7f3f0a9c11
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
                     *       "destination_id": "5b1f0e6c-6f6a-4a0e-9d0c-2b7f3f0a9c11",
                     *       "dropped": 12
                     *     }
                     */
                    "application/json": components["schemas"]["DroppedDeadLetters"];
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
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "dead_letters.list": {
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
                     *           "id": "0d3e7f5a-13c4-4c3d-8d7e-0a9b8c7d6e5f",
                     *           "destination_id": "5b1f0e6c-6f6a-4a0e-9d0c-2b7f3f0a9c11",
                     *           "first_index": 1041,
                     *           "last_index": 1041,
                     *           "is_head": false,
                     *           "first_event_id": "019a3e5c-7c00-7000-8000-000000000001",
                     *           "last_event_id": "019a3e5c-7c00-7000-8000-000000000001",
                     *           "action": "users.update",
                     *           "reason": "status_500",
                     *           "attempts": 10,
                     *           "wanted": false,
                     *           "created_at": "2026-11-01T08:00:00.000Z"
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
                             * Format: uuid
                             * @description UUID
                             */
                            destination_id?: string;
                            /** @description of a head: the index of the last entry in it */
                            first_index?: number;
                            last_index?: number;
                            /** @description a signed head, and not an entry */
                            is_head?: boolean;
                            /** @description the id of the first entry; null for a head, and where the log has no such place */
                            first_event_id?: string | null;
                            /** @description the id of the last one, in the same way */
                            last_event_id?: string | null;
                            /** @description of the first entry; null also when the audit does not have it */
                            action?: string | null;
                            /** @description such as status_500; event_removed, event_changed or leaf_missing when the audit does not have the entries as they were */
                            reason?: string;
                            attempts?: number;
                            /** @description it is sent again at the next turn of the destination */
                            wanted?: boolean;
                            /**
                             * Format: date-time
                             * @description RFC 3339, in UTC
                             */
                            created_at?: string;
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
    "dead_letters.show": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description UUID
                 * @example 0d3e7f5a-13c4-4c3d-8d7e-0a9b8c7d6e5f
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
                     *       "id": "0d3e7f5a-13c4-4c3d-8d7e-0a9b8c7d6e5f",
                     *       "destination_id": "5b1f0e6c-6f6a-4a0e-9d0c-2b7f3f0a9c11",
                     *       "first_index": 1041,
                     *       "last_index": 1041,
                     *       "is_head": false,
                     *       "first_event_id": "019a3e5c-7c00-7000-8000-000000000001",
                     *       "last_event_id": "019a3e5c-7c00-7000-8000-000000000001",
                     *       "action": "users.update",
                     *       "reason": "status_500",
                     *       "attempts": 10,
                     *       "wanted": false,
                     *       "created_at": "2026-11-01T08:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["DeadLetter"];
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
    "dead_letters.drop": {
        parameters: {
            query?: {
                /** @description Says what would happen, and changes nothing. */
                dryRun?: boolean;
                /** @description Also changes what the configuration file manages. */
                force?: boolean;
            };
            header?: {
                /** @description `handling=dry-run` says what would happen (RFC 7240). */
                Prefer?: string;
            };
            path: {
                /**
                 * @description UUID
                 * @example 0d3e7f5a-13c4-4c3d-8d7e-0a9b8c7d6e5f
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
                     *       "id": "0d3e7f5a-13c4-4c3d-8d7e-0a9b8c7d6e5f",
                     *       "destination_id": "5b1f0e6c-6f6a-4a0e-9d0c-2b7f3f0a9c11",
                     *       "first_index": 1041,
                     *       "last_index": 1041,
                     *       "is_head": false,
                     *       "first_event_id": "019a3e5c-7c00-7000-8000-000000000001",
                     *       "last_event_id": "019a3e5c-7c00-7000-8000-000000000001",
                     *       "action": "users.update",
                     *       "reason": "status_500",
                     *       "attempts": 10,
                     *       "wanted": false,
                     *       "created_at": "2026-11-01T08:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["DeadLetter"];
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
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "dead_letters.retry": {
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
                /**
                 * @description UUID
                 * @example 0d3e7f5a-13c4-4c3d-8d7e-0a9b8c7d6e5f
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
                     *       "id": "0d3e7f5a-13c4-4c3d-8d7e-0a9b8c7d6e5f",
                     *       "destination_id": "5b1f0e6c-6f6a-4a0e-9d0c-2b7f3f0a9c11",
                     *       "first_index": 1041,
                     *       "last_index": 1041,
                     *       "is_head": false,
                     *       "first_event_id": "019a3e5c-7c00-7000-8000-000000000001",
                     *       "last_event_id": "019a3e5c-7c00-7000-8000-000000000001",
                     *       "action": "users.update",
                     *       "reason": "status_500",
                     *       "attempts": 10,
                     *       "wanted": true,
                     *       "created_at": "2026-11-01T08:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["DeadLetter"];
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
            422: components["responses"]["Problem_422"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "audit.export": {
        parameters: {
            query?: {
                /** @description in the syntax of SCIM 2.0 (RFC 7644 §3.4.2.2) */
                filter?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Lines, each of this form. */
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
                     *       "request_id": "1f0c9d5e-2b3a-4c4d-8e5f-6a7b8c9d0e1f",
                     *       "session_id": null,
                     *       "address": "192.0.2.1",
                     *       "device": "Mozilla/5.0",
                     *       "intact": true
                     *     }
                     */
                    "application/x-ndjson": components["schemas"]["AuditEntry"];
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
    "audit.heads": {
        parameters: {
            query?: {
                /** @description the smallest size of a tree */
                from?: number;
                limit?: number;
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
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "head": {
                     *             "type": "cardea-audit-head",
                     *             "version": 1,
                     *             "issuer": "https://id.example.com",
                     *             "key_id": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
                     *             "tree_size": 2431,
                     *             "root_hash": "n0ZpQh3p3ZQeqxAYyS9PZ4wGe5oMLCqVj0d1ReHXVVw",
                     *             "previous": "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
                     *             "time": "2026-11-01T08:00:00.000Z"
                     *           },
                     *           "signature": "qyQ4mGjLBPdwNYk1sOWbHkqRkP4lZ1nIh8v2Bm8dFyZ8lS1k3tq0rW5uVwXyZaBcDeFgHiJkLmNoPqRsTuVwAg"
                     *         }
                     *       ],
                     *       "newest": {
                     *         "head": {
                     *           "type": "cardea-audit-head",
                     *           "version": 1,
                     *           "issuer": "https://id.example.com",
                     *           "key_id": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
                     *           "tree_size": 2431,
                     *           "root_hash": "n0ZpQh3p3ZQeqxAYyS9PZ4wGe5oMLCqVj0d1ReHXVVw",
                     *           "previous": "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
                     *           "time": "2026-11-01T08:00:00.000Z"
                     *         },
                     *         "signature": "qyQ4mGjLBPdwNYk1sOWbHkqRkP4lZ1nIh8v2Bm8dFyZ8lS1k3tq0rW5uVwXyZaBcDeFgHiJkLmNoPqRsTuVwAg"
                     *       },
                     *       "key": {
                     *         "kty": "OKP",
                     *         "crv": "Ed25519",
                     *         "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                     *         "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
                     *       }
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["AuditHead"][];
                        /** @description the newest of all; null before the first */
                        newest: components["schemas"]["AuditHead"] | null;
                        key: components["schemas"]["AuditKey"];
                        /** @description `from` of the next page; absent on the last */
                        next_from?: number;
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
    "audit.keys": {
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
                     *       "items": [
                     *         {
                     *           "key": {
                     *             "kty": "OKP",
                     *             "crv": "Ed25519",
                     *             "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                     *             "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
                     *           },
                     *           "signs": true,
                     *           "from_size": 0,
                     *           "since": null,
                     *           "signed": null
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["AuditKeys"];
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
    "audit.rotate_key": {
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
                     *       "key_id": "lZr3rcVcy1X0mPqg7mJ0mR2yS0e4Jb2qJ6lH5n3kW9c",
                     *       "previous_key_id": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
                     *       "from_size": 2431
                     *     }
                     */
                    "application/json": components["schemas"]["AuditKeyRotation"];
                };
            };
            400: components["responses"]["Problem_400"];
            401: components["responses"]["Problem_401"];
            403: components["responses"]["Problem_403"];
            406: components["responses"]["Problem_406"];
            409: components["responses"]["Problem_409"];
            412: components["responses"]["Problem_412"];
            413: components["responses"]["Problem_413"];
            415: components["responses"]["Problem_415"];
            422: components["responses"]["Problem_422"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "audit.consistency": {
        parameters: {
            query: {
                /** @description the size of the tree of the earlier head */
                from: number;
                /** @description of the later one; that of the newest by default */
                to?: number;
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
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "cardea-audit-consistency",
                     *       "version": 1,
                     *       "from": {
                     *         "head": {
                     *           "type": "cardea-audit-head",
                     *           "version": 1,
                     *           "issuer": "https://id.example.com",
                     *           "key_id": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
                     *           "tree_size": 2431,
                     *           "root_hash": "n0ZpQh3p3ZQeqxAYyS9PZ4wGe5oMLCqVj0d1ReHXVVw",
                     *           "previous": "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
                     *           "time": "2026-11-01T08:00:00.000Z"
                     *         },
                     *         "signature": "qyQ4mGjLBPdwNYk1sOWbHkqRkP4lZ1nIh8v2Bm8dFyZ8lS1k3tq0rW5uVwXyZaBcDeFgHiJkLmNoPqRsTuVwAg"
                     *       },
                     *       "to": {
                     *         "head": {
                     *           "type": "cardea-audit-head",
                     *           "version": 1,
                     *           "issuer": "https://id.example.com",
                     *           "key_id": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
                     *           "tree_size": 2431,
                     *           "root_hash": "n0ZpQh3p3ZQeqxAYyS9PZ4wGe5oMLCqVj0d1ReHXVVw",
                     *           "previous": "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
                     *           "time": "2026-11-01T08:00:00.000Z"
                     *         },
                     *         "signature": "qyQ4mGjLBPdwNYk1sOWbHkqRkP4lZ1nIh8v2Bm8dFyZ8lS1k3tq0rW5uVwXyZaBcDeFgHiJkLmNoPqRsTuVwAg"
                     *       },
                     *       "path": [],
                     *       "key": {
                     *         "kty": "OKP",
                     *         "crv": "Ed25519",
                     *         "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                     *         "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
                     *       },
                     *       "successions": []
                     *     }
                     */
                    "application/json": components["schemas"]["AuditConsistency"];
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
    "audit.verify": {
        parameters: {
            query?: {
                /** @description entries from this time on alone */
                since?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Lines, each of this form. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "head": {
                 *         "type": "cardea-audit-head",
                 *         "version": 1,
                 *         "issuer": "https://id.example.com",
                 *         "key_id": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
                 *         "tree_size": 2431,
                 *         "root_hash": "n0ZpQh3p3ZQeqxAYyS9PZ4wGe5oMLCqVj0d1ReHXVVw",
                 *         "previous": "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
                 *         "time": "2026-11-01T08:00:00.000Z"
                 *       },
                 *       "signature": "qyQ4mGjLBPdwNYk1sOWbHkqRkP4lZ1nIh8v2Bm8dFyZ8lS1k3tq0rW5uVwXyZaBcDeFgHiJkLmNoPqRsTuVwAg"
                 *     }
                 */
                "application/x-ndjson": components["schemas"]["AuditHead"];
            };
        };
        responses: {
            /** @description Lines, each of this form. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "result",
                     *       "events": 2431,
                     *       "size": 2431,
                     *       "findings": 0,
                     *       "heads": 12,
                     *       "waiting": 0,
                     *       "retired": 0
                     *     }
                     */
                    "application/x-ndjson": components["schemas"]["AuditVerification"];
                };
            };
            400: components["responses"]["Problem_400"];
            401: components["responses"]["Problem_401"];
            403: components["responses"]["Problem_403"];
            404: components["responses"]["Problem_404"];
            406: components["responses"]["Problem_406"];
            415: components["responses"]["Problem_415"];
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
                     *       "request_id": "1f0c9d5e-2b3a-4c4d-8e5f-6a7b8c9d0e1f",
                     *       "session_id": null,
                     *       "address": "192.0.2.1",
                     *       "device": "Mozilla/5.0",
                     *       "intact": true
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
    "audit.prove": {
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
                     *       "head": {
                     *         "type": "cardea-audit-head",
                     *         "version": 1,
                     *         "issuer": "https://id.example.com",
                     *         "key_id": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
                     *         "tree_size": 2431,
                     *         "root_hash": "n0ZpQh3p3ZQeqxAYyS9PZ4wGe5oMLCqVj0d1ReHXVVw",
                     *         "previous": "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
                     *         "time": "2026-11-01T08:00:00.000Z"
                     *       },
                     *       "signature": "qyQ4mGjLBPdwNYk1sOWbHkqRkP4lZ1nIh8v2Bm8dFyZ8lS1k3tq0rW5uVwXyZaBcDeFgHiJkLmNoPqRsTuVwAg",
                     *       "type": "cardea-audit-proof",
                     *       "version": 1,
                     *       "event": {
                     *         "id": "019a3f5e-8c00-7a1b-9d2e-3f4a5b6c7d8e",
                     *         "action": "groups.update"
                     *       },
                     *       "leaf_index": 2430,
                     *       "path": [
                     *         "n0ZpQh3p3ZQeqxAYyS9PZ4wGe5oMLCqVj0d1ReHXVVw"
                     *       ],
                     *       "key": {
                     *         "kty": "OKP",
                     *         "crv": "Ed25519",
                     *         "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                     *         "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
                     *       },
                     *       "successions": []
                     *     }
                     */
                    "application/json": components["schemas"]["AuditProof"];
                };
            };
            400: components["responses"]["Problem_400"];
            401: components["responses"]["Problem_401"];
            403: components["responses"]["Problem_403"];
            404: components["responses"]["Problem_404"];
            406: components["responses"]["Problem_406"];
            409: components["responses"]["Problem_409"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "privacy.report": {
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
                     *       "made_at": "2026-11-01T08:00:00.000Z",
                     *       "issuer": "https://id.example.com",
                     *       "controller": {
                     *         "name": "id.example.com",
                     *         "contact": "no-reply@id.example.com"
                     *       },
                     *       "activities": [
                     *         {
                     *           "purpose": "account",
                     *           "about": "to have an account, and to recognise its owner",
                     *           "legal_basis": "contract (Article 6(1)(b))",
                     *           "people": "people with an account",
                     *           "data": [
                     *             "activity",
                     *             "contact",
                     *             "credential",
                     *             "identity",
                     *             "permission"
                     *           ],
                     *           "tables": [
                     *             "accounts",
                     *             "data_keys",
                     *             "account_index"
                     *           ]
                     *         }
                     *       ],
                     *       "retention": [
                     *         {
                     *           "table": "security_events",
                     *           "purpose": "security",
                     *           "until": "until its time is over",
                     *           "settings": [
                     *             {
                     *               "name": "CARDEA_EVENTS_KEPT",
                     *               "value": "90d"
                     *             }
                     *           ],
                     *           "removed_by": [
                     *             "expiry",
                     *             "erasure"
                     *           ],
                     *           "rows": 12,
                     *           "exact": true,
                     *           "oldest": "2026-10-01T08:00:00.000Z",
                     *           "overdue_seconds": 0
                     *         }
                     *       ],
                     *       "recipients": [
                     *         {
                     *           "client_id": "shop",
                     *           "client_name": "Shop",
                     *           "scopes": [
                     *             "openid",
                     *             "email"
                     *           ]
                     *         }
                     *       ],
                     *       "other_recipients": [
                     *         {
                     *           "kind": "mail_server",
                     *           "name": "CARDEA_SMTP_URL",
                     *           "protocol": "smtp",
                     *           "host": "smtp.example.com",
                     *           "data": "e-mail addresses, and the texts of mails"
                     *         }
                     *       ],
                     *       "more_recipients": false,
                     *       "security_measures": [
                     *         "personal data is sealed under a key of the person"
                     *       ],
                     *       "values": [
                     *         {
                     *           "table": "devices",
                     *           "column": "sealed_own",
                     *           "member": "network",
                     *           "kind": "address",
                     *           "exported": "devices[].network"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["PrivacyReport"];
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
    "privacy.texts": {
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
                     *       "items": [
                     *         {
                     *           "kind": "terms",
                     *           "version": "2026-11",
                     *           "language": "en",
                     *           "title": "Terms of Service",
                     *           "url": "https://example.com/terms/2026-11",
                     *           "ask_again": true,
                     *           "effective_from": "2026-11-01T08:00:00.000Z"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["PublishedTexts"];
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
    "privacy.publish_text": {
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
                 *       "kind": "terms",
                 *       "version": "2026-11",
                 *       "language": "en",
                 *       "title": "Terms of Service",
                 *       "url": "https://example.com/terms/2026-11",
                 *       "ask_again": true,
                 *       "effective_from": "2026-11-01T08:00:00.000Z"
                 *     }
                 */
                "application/json": components["schemas"]["NewText"];
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
                     *       "kind": "terms",
                     *       "version": "2026-11",
                     *       "language": "en",
                     *       "title": "Terms of Service",
                     *       "url": "https://example.com/terms/2026-11",
                     *       "ask_again": true,
                     *       "effective_from": "2026-11-01T08:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["PublishedText"];
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
            422: components["responses"]["Problem_422"];
            429: components["responses"]["Problem_429"];
            503: components["responses"]["Problem_503"];
            default: components["responses"]["Problem_default"];
        };
    };
    "privacy.withdraw_text": {
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
                /**
                 * @description terms of service, or privacy policy
                 * @example terms
                 */
                kind: "terms" | "privacy";
                /**
                 * @description such as 2026-11
                 * @example 2026-11
                 */
                version: string;
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
                     *       "kind": "terms",
                     *       "version": "2026-11",
                     *       "withdrawn_at": "2026-11-02T08:00:00.000Z",
                     *       "in_force": "2025-03"
                     *     }
                     */
                    "application/json": components["schemas"]["WithdrawnText"];
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
            422: components["responses"]["Problem_422"];
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
                     *       "items": [
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
