import type { ErrorCode } from './errors.ts';

/** An error code in words: the title of a problem (RFC 9457 §3.1.3), and what its page says to do. */
export interface ErrorText {
  readonly happened: string;
  readonly remedy: string;
}

const SETUP = 'Read the log of the process: it names the setting or the file that has to be corrected.';
const PASSWORD = 'Choose another password that fits the rules.';
const IMPORT = 'Correct the file as the message says, and import it again.';

/** One row for each code of `ERROR_STATUSES`: a page of every server shows it, and ops/docs/errors.md lists all. */
export const ERROR_TEXTS: Readonly<Record<ErrorCode, ErrorText>> = {
  already_exists: {
    happened: 'There is one of this name already.',
    remedy: 'Choose another name, or change the existing one.',
  },
  invalid_proof: {
    happened: 'The proof of the audit does not prove what it says.',
    remedy: 'Compare it with the one that you were sent, and ask for another one: `cardea audit prove ID`.',
  },
  already_used: {
    happened: 'The code, token or link was used before.',
    remedy: 'Begin again with a new one: each of them works once.',
  },
  blocklist_line: {
    happened: 'A line of the list of refused passwords is not a SHA-1 digest in hex.',
    remedy: 'Use a list of digests, one a line, each with an optional count behind a colon.',
  },
  credentials_changed: {
    happened: 'The password or a factor of the account was changed while the request was under way.',
    remedy: 'Sign in again, and repeat the request.',
  },
  file_unreadable: {
    happened: 'A file that the request names cannot be read.',
    remedy: 'Check that the file exists and that the process may read it.',
  },
  firebase_config: {
    happened: 'The parameters of the Firebase password hashes are incomplete or out of range.',
    remedy: 'Copy the hash parameters of the Firebase project whole, as its console shows them.',
  },
  grant_revoked: {
    happened: 'What the person has allowed the app was taken back.',
    remedy: 'Send the person to the authorization endpoint, to allow it again.',
  },
  idempotency_key_reused: {
    happened: 'The Idempotency-Key was used with another request in the last 24 hours.',
    remedy: 'Use a new key for each request, and the same key only to repeat the same request.',
  },
  import_rejected: { happened: 'Some of the people in the file could not be imported.', remedy: IMPORT },
  import_unreadable: {
    happened: 'The file is neither JSON Lines nor an export with a list of people.',
    remedy: IMPORT,
  },
  in_use: {
    happened: 'It cannot be deleted, because others use it.',
    remedy: 'Remove it from what uses it first, as detail says.',
  },
  input_encoding: { happened: 'The input is not text in UTF-8.', remedy: 'Save it in UTF-8, and send it again.' },
  insufficient_scope: {
    happened: 'The access token does not allow this operation.',
    remedy: 'Get a token with the scope that detail names; a person also needs a role with that permission.',
  },
  interaction_expired: {
    happened: 'The sign-in has expired or has ended.',
    remedy: 'Go back to the app, and begin the sign-in again.',
  },
  invalid_configuration_file: {
    happened: 'The configuration file is not as it must be; nothing was changed.',
    remedy: 'Correct the lines that the message names, and apply the file again.',
  },
  invalid_dpop_proof: {
    happened: 'The DPoP proof is missing, malformed, too old or for another request.',
    remedy:
      'Make a new proof for each request, with its method and URL and the key that the token is bound to (RFC 9449).',
  },
  invalid_forwarded_address: {
    happened: 'A proxy passed on an address that is not an IP address.',
    remedy: 'Let the proxy set X-Forwarded-For to the address that it sees, and check CARDEA_TRUSTED_PROXIES.',
  },
  invalid_grant: {
    happened: 'The code or the refresh token is unknown, expired, used or of another client.',
    remedy: 'Send the person to the authorization endpoint, to get a new code.',
  },
  invalid_input: {
    happened: 'A value of the request is not allowed.',
    remedy: 'Correct the fields that errors names, and send the request again.',
  },
  invalid_request: {
    happened: 'The request could not be understood.',
    remedy: 'Compare the request with the description of the operation, and correct it.',
  },
  invalid_software_statement: {
    happened: 'The software statement is not valid.',
    remedy: 'Get a new one from its issuer, and register with it before it expires (RFC 7591 section 2.3).',
  },
  last_administrator: {
    happened: 'This would end the last administrator who can sign in.',
    remedy: 'Give the role cardea-admin to another person who can sign in, or give the person a password, first.',
  },
  malformed_value: {
    happened: 'The request has a value that cannot be stored or used.',
    remedy: 'Send no control characters in texts, no dates far in the future, and keys and tokens as they were issued.',
  },
  managed_by_file: {
    happened: 'The configuration file manages it, and would undo the change.',
    remedy: 'Change it in the file and apply that, or send force=true.',
  },
  out_of_range: {
    happened: 'A number or a time is outside the permitted range.',
    remedy: 'Send a value within the range that the description of the operation names.',
  },
  own_account: {
    happened: 'Operators cannot do this to their own account, or to the client by which they act.',
    remedy: 'Ask another operator, or act by another client.',
  },
  passkey_refused: {
    happened: 'The passkey was not accepted.',
    remedy: 'Try again with a passkey of this account, on a page of this server.',
  },
  password_blocklisted: { happened: 'The password is known from stolen lists of passwords.', remedy: PASSWORD },
  password_control_characters: { happened: 'The password has control characters.', remedy: PASSWORD },
  password_no_digit: { happened: 'The password has no digit.', remedy: PASSWORD },
  password_no_lower: { happened: 'The password has no lower case letter.', remedy: PASSWORD },
  password_no_symbol: { happened: 'The password has no symbol.', remedy: PASSWORD },
  password_no_upper: { happened: 'The password has no upper case letter.', remedy: PASSWORD },
  password_personal: { happened: 'The password contains a name or an address of the account.', remedy: PASSWORD },
  password_unchanged: { happened: 'The password is the current one of the account.', remedy: PASSWORD },
  password_reused: { happened: 'The password is one of the last ones of the account.', remedy: PASSWORD },
  password_too_long: { happened: 'The password is too long.', remedy: PASSWORD },
  password_too_short: { happened: 'The password is too short or too easy to guess.', remedy: PASSWORD },
  passwords_differ: { happened: 'The two passwords differ.', remedy: 'Type the same password twice.' },
  precondition_failed: {
    happened: 'It was changed since it was read.',
    remedy: 'Read it again, and repeat the change with the new ETag.',
  },
  precondition_required: {
    happened: 'A change needs the ETag of what was read, in If-Match.',
    remedy: 'Read it first, and send its ETag in If-Match.',
  },
  request_uri_worn_out: {
    happened: 'The request_uri was opened too often.',
    remedy: 'Push the request again, and use the new request_uri (RFC 9126).',
  },
  slow_down: {
    happened: 'The client asks for its token more often than it may.',
    remedy: 'Wait five seconds longer between two requests (RFC 8628 section 3.5).',
  },
  unapproved_software_statement: {
    happened: 'The issuer of the software statement is not trusted here.',
    remedy: 'Register without it, or let an operator of this server trust its issuer.',
  },
  unreadable_file: {
    happened: 'A file does not contain what it must.',
    remedy: 'Check its path and its content: the message says which form it needs.',
  },
  invalid_token: {
    happened: 'The token is unknown, expired, revoked or not for this server.',
    remedy:
      'Get a new access token with the scopes of this API (one that was asked for without a scope is not for it), and send it in the Authorization header (RFC 6750 section 2.1).',
  },
  missing_token: {
    happened: 'The request has no token.',
    remedy: 'Send a token in the Authorization header (RFC 6750 section 2.1).',
  },
  replayed: {
    happened: 'A proof or an assertion was used before.',
    remedy: 'Make a new one, with a new jti, for each request.',
  },
  use_dpop_nonce: {
    happened: 'The DPoP proof has no nonce of this server, or an old one.',
    remedy:
      'Repeat the request with a proof that has the nonce of the response header DPoP-Nonce (RFC 9449 section 9).',
  },
  beyond_own_permissions: {
    happened: 'The change would give or touch permissions that the caller does not have.',
    remedy: 'Ask somebody who has all of these permissions, such as an administrator.',
  },
  cross_site_form: {
    happened: 'The form was sent from a page of another site.',
    remedy: 'Open the page of this server, and send the form from there.',
  },
  form_expired: {
    happened: 'The form is no longer valid.',
    remedy: 'Open the page again, and send the form once more.',
  },
  not_found: {
    happened: 'There is nothing at this path.',
    remedy: 'Check the path, the id in it, and whether the thing was deleted.',
  },
  method_not_allowed: {
    happened: 'The path exists, but not for this method.',
    remedy: 'Use one of the methods in the header Allow of the response.',
  },
  not_acceptable: {
    happened: 'The response is in none of the media types that the request accepts.',
    remedy: 'Send Accept: application/json, or leave the header out.',
  },
  request_timeout: {
    happened: 'The request took too long to arrive.',
    remedy: 'Send it again over a faster connection, or in smaller parts.',
  },
  administrator_exists: {
    happened: 'There is an administrator already.',
    remedy: 'Let an administrator give the role, or repeat the command with --force.',
  },
  builtin_role: {
    happened: 'The role is part of the program, and cannot be changed or deleted.',
    remedy: 'Create a role of your own with the permissions that it should have.',
  },
  changed_meanwhile: {
    happened: 'The object was changed while the request was under way.',
    remedy: 'Read it again, and repeat the change on what it is now.',
  },
  client_exists: {
    happened: 'A client with this id exists already.',
    remedy: 'Choose another id, or change the client that exists.',
  },
  conflict: {
    happened: 'The request contradicts what is stored.',
    remedy: 'Read the object again, and repeat the change on what it is now.',
  },
  backup_damaged: {
    happened: 'The backup was changed or cut off after it had been written.',
    remedy: 'Restore another backup: `cardea backup list` lists them, and `cardea backup verify` tries one.',
  },
  backup_identity: {
    happened: 'The identity cannot open the backup, which was encrypted for another recipient.',
    remedy: 'Give the file of the identity whose public key was in CARDEA_BACKUP_RECIPIENTS when the backup was made.',
  },
  backup_newer: {
    happened: 'The backup was made by a later version of Cardea.',
    remedy: 'Restore it with the version that the message names, or a later one.',
  },
  backup_not_configured: {
    happened: 'It is not set where backups go, or for whom they are encrypted.',
    remedy: 'Set CARDEA_BACKUP_TO and CARDEA_BACKUP_RECIPIENTS; ops/docs/backup.md says how.',
  },
  backup_of_other_key: {
    happened: 'The backup is of servers with another master key.',
    remedy: 'Add their master key to CARDEA_MASTER_KEY.',
  },
  backup_storage: {
    happened: 'The folder or the bucket of the backups cannot be read or written.',
    remedy: 'Correct what the message names, then run the command again.',
  },
  backup_under_way: {
    happened: 'Another process is making a backup.',
    remedy:
      'Wait until it is done: `cardea backup list` shows it then. When it never is, a process hangs: CardeaBackupTooOld in ops/docs/runbooks.md finds it.',
  },
  backup_unreadable: {
    happened: 'The label of the newest backup cannot be read, so that an older one would be taken for it.',
    remedy: 'Name the backup to take, correct what the message tells, or remove the file if it is no label of yours.',
  },
  database_in_use: {
    happened: 'Servers are connected to the database that is to be restored.',
    remedy: 'Stop them, and run the command again.',
  },
  database_not_empty: {
    happened: 'The database that is to be restored has rows, which would be lost.',
    remedy: 'Name another database, or add --replace to delete what it has.',
  },
  restore_under_way: {
    happened: 'Another process restores a backup into the same database.',
    remedy: 'Wait until it has ended, then look whether the database is the one that you want.',
  },
  restore_unfinished: {
    happened: 'The database has a part of a backup alone, as its restore is under way or was interrupted.',
    remedy: 'Wait for it, or run `cardea backup restore` again.',
  },
  database_too_old: {
    happened: 'The version of Postgres is too old.',
    remedy: 'Upgrade Postgres to the version that the message names.',
  },
  demo_data: {
    happened: 'The database has the account or the client of the demo, which a public server must not have.',
    remedy: 'Remove them, or use a database of your own for production.',
  },
  development_only: {
    happened: 'This is possible on a development server only.',
    remedy: 'Do it on a server whose issuer is on this machine.',
  },
  erasure_lists_missing: {
    happened:
      'Lists of people who were erased after the backup are missing, were changed, are of other servers, or need another master key.',
    remedy:
      'Add the master key that the message names to CARDEA_MASTER_KEY, or name the place that has the lists by --erasures. When they are lost, --without-erasures goes on without those that the message names.',
  },
  export_under_way: {
    happened: 'The data of this person is being exported already.',
    remedy: 'Wait a minute and ask again: of one person, one export is made at a time.',
  },
  identifier_taken: {
    happened: 'The e-mail address, user name or other identifier belongs to somebody else, or is reserved.',
    remedy: 'Choose another one.',
  },
  master_key_not_everywhere: {
    happened:
      'A running server does not have the new master key, so it could not read what is sealed under it, or has it behind the old one, under which it would go on to seal.',
    remedy:
      'Restart every server with both keys, the new one first; `cardea secrets list` shows which have it. Then rotate again.',
  },
  mail_not_configured: { happened: 'This server sends no mail.', remedy: 'Set CARDEA_SMTP_URL, and try again.' },
  migrations_pending: {
    happened: 'The schema of the database is older than the program.',
    remedy: 'Run cardea migrate up.',
  },
  no_plans: {
    happened: 'The plans of the conformance suite are not installed.',
    remedy: 'Run the command in a checkout of the source.',
  },
  no_rotation: {
    happened: 'The client has one secret, not two.',
    remedy: 'There is nothing to end: only the secret that the client has works.',
  },
  no_secret: {
    happened: 'The client has no secret.',
    remedy: 'Rotate secrets only of clients that authenticate with one.',
  },
  passkey_exists: {
    happened: 'The passkey is registered already.',
    remedy: 'Use it as it is, or register another one.',
  },
  processing_restricted: {
    happened: 'The processing of the account is restricted (GDPR Art. 18), so its data must stay as they are.',
    remedy: 'Lift the restriction first, once the person has been informed (Art. 18(3)).',
  },
  resource_server_exists: {
    happened: 'A resource server with this identifier exists already.',
    remedy: 'Choose another identifier, or change the resource server that exists.',
  },
  rotation_under_way: {
    happened: 'The client has two secrets, because its last rotation is not over.',
    remedy: 'End one of them first, or rotate without an overlap, which ends both.',
  },
  schema_newer: {
    happened: 'The schema of the database is newer than the program.',
    remedy: 'Start the version of Cardea that has migrated the database, or a later one.',
  },
  too_many_passkeys: {
    happened: 'The account has as many passkeys as it may have.',
    remedy: 'Remove a passkey first.',
  },
  wrong_issuer: {
    happened: 'The database belongs to a server with another issuer.',
    remedy: 'Set CARDEA_ISSUER to the issuer of the database, or move it with cardea issuer.',
  },
  link_gone: {
    happened: 'The link was used, has expired, or was replaced by a newer one.',
    remedy: 'Ask for a new link.',
  },
  request_too_large: { happened: 'The body of the request is too large.', remedy: 'Send less in one request.' },
  uri_too_long: { happened: 'The URL of the request is too long.', remedy: 'Send fewer or shorter parameters.' },
  unsupported_media_type: {
    happened: 'The body of the request has a media type that is not read here.',
    remedy: 'Send the body in the media type that the operation names, with the header Content-Type.',
  },
  rate_limited: {
    happened: 'Too many requests were sent in a short time.',
    remedy: 'Wait as many seconds as the header Retry-After says, and try again.',
  },
  headers_too_large: {
    happened: 'The headers of the request are too large.',
    remedy: 'Send fewer or shorter headers, or delete the cookies of this site.',
  },
  audit_key_missing: {
    happened: 'The first key of the audit is gone, and the audit has entries that it signed.',
    remedy:
      'Restore the row "audit" of server_secrets from a backup; ops/docs/audit.md says why there is no other key for it.',
  },
  blocklist_unreadable: { happened: 'The list of refused passwords cannot be read.', remedy: SETUP },
  data_dir_not_writable: { happened: 'The data directory cannot be written.', remedy: SETUP },
  data_dir_unreachable: {
    happened: 'The data directory cannot be reached by the user that Postgres runs as.',
    remedy: SETUP,
  },
  database_rights: {
    happened: 'The role of the database has no rights to the tables.',
    remedy: 'Send ops/postgres/roles.sql as a superuser; ops/docs/audit.md says how.',
  },
  embedded_postgres_failed: { happened: 'The embedded Postgres did not start.', remedy: SETUP },
  invalid_configuration: { happened: 'A setting is not valid.', remedy: SETUP },
  key_provider_refused: {
    happened: 'The service that has encrypted the master key does not decrypt it.',
    remedy: SETUP,
  },
  key_provider_unavailable: {
    happened: 'The service that has encrypted the master key does not answer.',
    remedy: 'Start Cardea again when the service answers; until then running nodes go on.',
  },
  migration_failed: { happened: 'A migration of the database failed, and was rolled back.', remedy: SETUP },
  no_embedded_postgres: {
    happened: 'There is no embedded Postgres for this system.',
    remedy: 'Set CARDEA_DATABASE_URL to a Postgres of your own.',
  },
  no_postgres_user: {
    happened: 'There is no user that Postgres could run as.',
    remedy: 'Start Cardea as another user than root.',
  },
  password_hash_unreadable: {
    happened: 'A stored password hash cannot be read.',
    remedy: 'Let the person set a new password, and look for the cause in the log.',
  },
  audit_not_sealed: {
    happened: 'The entry of the audit is too new for a proof: no signed head covers it yet.',
    remedy: 'Try again in a minute. If it stays so, look in the log for why the audit is not sealed.',
  },
  sealed_value_unreadable: {
    happened: 'A sealed value of the database cannot be opened.',
    remedy: 'Check that CARDEA_MASTER_KEY is the key that the database was written with.',
  },
  server_error: {
    happened: 'Something went wrong in the server.',
    remedy: 'Try again; if it happens again, give the operator the request id, which the log explains.',
  },
  untested_library: {
    happened: 'A library has a version that Cardea was not tested with.',
    remedy: 'Install the versions of package-lock.json, with npm ci.',
  },
  not_implemented: {
    happened: 'This part of a specification is not supported.',
    remedy: 'Leave out the parameter that the message names.',
  },
  mail_refused: {
    happened: 'The mail server refused the mail for good.',
    remedy: 'Check the address of the recipient, and the settings of the mail server.',
  },
  outbound_failed: {
    happened: 'A URL that the request or the client names gave no usable response.',
    remedy: 'Check that the URL is reachable from this server, and what it responds.',
  },
  temporarily_unavailable: {
    happened: 'A part of the server is down or overloaded.',
    remedy: 'Wait as many seconds as the header Retry-After says, and try again.',
  },
};
