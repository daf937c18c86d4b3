/** A line of the log, by its `msg`. */
export interface LogLine {
  readonly said: readonly string[];
  /** What has happened: a sentence. */
  readonly means: string;
  /** What an operator does: a sentence or two. */
  readonly remedy: string;
}

/** By the part of the server that writes them. `…` is a value. */
export const LOG_LINES: Readonly<Record<string, readonly LogLine[]>> = {
  Requests: [
    {
      said: ['request'],
      means:
        'One line for each request: `route` is the path without values, `ms` the time, `requestId` what the response has as X-Request-Id.',
      remedy: 'Nothing. With `"route":"(none)"` no route fits, or the request was not HTTP; `reason` says why.',
    },
    {
      said: ['refused'],
      means:
        'An OAuth request was refused. `event` is the endpoint, `reason` the error that the app got, `detail` what the library knows, `sent` and `registered` the values that do not fit.',
      remedy:
        'Help the developer of the app with it: the first part of this page lists the errors. `"knownClient":false` is a client_id that does not exist.',
    },
    {
      said: ['a request failed', 'a stream of the API failed', 'an event listener failed'],
      means: 'A bug: the request got 500, or a part of it was not done. `error` has the type and the stack.',
      remedy: 'Report it with the line and the version. Alert on each: no request can cause one on purpose.',
    },
    {
      said: ['a value was refused where it was used'],
      means: 'A value passed all checks, and Postgres or the cryptography refused it. The client got 400.',
      remedy: 'Nothing for you; please report it, so that the value is checked earlier.',
    },
    {
      said: ['a response could not be sent'],
      means: 'The client went away.',
      remedy: 'Nothing.',
    },
    {
      said: ['the stored response was sent again'],
      means: 'An app has repeated a refresh whose response was lost, within ten seconds.',
      remedy:
        'Nothing; when one app does it all the time, its network loses responses or two of its servers refresh at once.',
    },
    {
      said: ['a limit is reached: requests are refused'],
      means:
        'An address, an account or a client has reached the limit that the line names, and gets 429. Logged once a minute.',
      remedy:
        'Is it one of your own clients, or all people behind one proxy? Raise it in CARDEA_LIMITS, or correct CARDEA_TRUSTED_PROXIES.',
    },
    {
      said: ['a limit of the whole server is reached: those who use most are refused'],
      means:
        'All requests together have reached a limit: an attack, or growth. Those who use most get 503, others go on.',
      remedy: 'Look who uses most. If it is growth, raise the limit in CARDEA_LIMITS and add nodes.',
    },
    {
      said: [
        'a forwarded address was ignored, because its sender is not in CARDEA_TRUSTED_PROXIES; if it is your proxy, add it there, or all clients behind it count as one address',
      ],
      means: 'A request had X-Forwarded-For, and `peer` is no trusted proxy.',
      remedy: 'If `peer` is your proxy, add it. If not, somebody tries to pretend an address, which has no effect.',
    },
  ],
  'Sign-ins and people': [
    {
      said: ['a passkey was refused: its counter fell back, as that of a copy would'],
      means: 'A passkey may have been copied. It was refused, and the person got a mail.',
      remedy:
        'Ask the person. If they do not know of it, remove the passkey: `cardea users factors`, `cardea users reset-factors`.',
    },
    {
      said: ['a password hash was renewed'],
      means: 'A hash of an import, of another cost or of an older pepper was replaced at a sign-in.',
      remedy: 'Nothing.',
    },
    {
      said: ['a password hash could not be renewed yet'],
      means: 'The same failed; the sign-in went on.',
      remedy: 'Nothing when it is rare; the next sign-in tries again. `error` has the cause.',
    },
    {
      said: [
        'accounts were erased whose deletion was due',
        'inactive accounts have reached a stage',
        'unused clients were removed',
      ],
      means: 'A job did what the settings say.',
      remedy: 'Nothing. The audit has an entry for each.',
    },
    {
      said: ['an account was not erased', 'an account has not reached a stage of inactivity'],
      means:
        'Something speaks against it, such as a restriction, or the person signed in meanwhile. `reason` is the code.',
      remedy: 'Nothing; errors.md has the code.',
    },
    {
      said: ['accounts were indexed for lists and searches'],
      means: 'People that an older version has written can be found now.',
      remedy: 'Nothing.',
    },
    {
      said: ['profiles cannot be opened, so no search finds them'],
      means: 'The data of these accounts is sealed under a key that is missing or wrong.',
      remedy:
        'Put the older master key into CARDEA_MASTER_KEY again, behind the newer one. data-at-rest.md explains rotations.',
    },
  ],
  Apps: [
    {
      said: ['a client cannot be served: see to its keys and metadata'],
      means: 'A token could not be encrypted or sent as the client is registered. `reason` and `error` say why.',
      remedy: 'Correct the client: usually its jwks has no key for the algorithm.',
    },
    {
      said: ['the keys of a client could not be fetched'],
      means: 'jwks_uri of `clientId` gave no usable answer. The client gets 503 until it does.',
      remedy: 'Ask for the URL from the server’s network. A private address has to be in CARDEA_OUTBOUND_ALLOW.',
    },
    {
      said: ['a client metadata document was refused'],
      means: 'The document at a client_id that is a URL could not be used; `reason` says why.',
      remedy:
        'Its owner has to correct it. Limit the hosts by CARDEA_CLIENT_ID_METADATA_HOSTS if you do not want such clients.',
    },
    {
      said: ['a relying party was told', 'a relying party no longer wants to be told'],
      means: 'A logout token or a notification was delivered, or is not needed any more.',
      remedy: 'Nothing.',
    },
    {
      said: ['a relying party could not be told; it is tried again'],
      means: 'The app did not answer with 2xx. It is tried again for a day, after longer and longer pauses.',
      remedy: 'Nothing at first; `cardea deliveries list` shows what waits.',
    },
    {
      said: ['a relying party refused what it was told', 'a relying party could not be told; it is given up'],
      means: 'The app answered 4xx, or did not answer for a day. It does not know that the session has ended.',
      remedy:
        'Tell its operator: backchannel_logout_uri or the endpoint for CIBA is wrong, or the app refuses the token.',
    },
  ],
  Mail: [
    {
      said: ['no mail is sent: CARDEA_SMTP_URL is not set'],
      means: 'Nobody gets a link for a forgotten password, nor a notice.',
      remedy: 'Set CARDEA_SMTP_URL, and try `cardea mail test --to ADDRESS`.',
    },
    {
      said: ['a mail was sent', 'a mail was not needed'],
      means: 'A queued mail was handed to the mail server, or its cause has gone.',
      remedy: 'Nothing.',
    },
    {
      said: ['a mail could not be sent; it is tried again'],
      means: 'The mail server did not accept it yet; `error` has its code.',
      remedy: 'Look at the mail server. `cardea mail list` shows what waits.',
    },
    {
      said: ['a mail was refused for good', 'a mail was given up'],
      means:
        'The mail server refused it with 5xx, or it is too old (CARDEA_MAILS_KEPT). The line has the masked recipient.',
      remedy:
        'A single one is a wrong address. Many at once: the sender (CARDEA_MAIL_FROM) or the reputation of your mail server.',
    },
    {
      said: ['a queued mail cannot be opened: its master key is not in CARDEA_MASTER_KEY'],
      means: 'The mail was queued under another master key.',
      remedy: 'Put that key behind the present one in CARDEA_MASTER_KEY until the queue is empty.',
    },
  ],
  'Database, Redis and jobs': [
    {
      said: ['… is away; requests that need it are answered with 503'],
      means: 'Postgres does not answer. `reason` is the SQLSTATE or errno. Logged once for each outage.',
      remedy: 'Get Postgres back; nothing else has to be done. Keys and discovery are served meanwhile.',
    },
    {
      said: ['… is back'],
      means: 'The outage is over. `seconds` and `failures` say how long it was.',
      remedy: 'Nothing.',
    },
    {
      said: ['Redis is away; limits are counted per node', 'Redis is back'],
      means: 'Limits stay closed, but each node counts for itself. Nobody is signed out.',
      remedy: 'Get Redis back.',
    },
    {
      said: ['the connection for notifications cannot be opened; it is tried again'],
      means: 'The node hears of changes by asking every few seconds instead of at once.',
      remedy:
        'Nothing in an outage. Otherwise see that the pooler between Cardea and Postgres allows LISTEN (session mode).',
    },
    {
      said: ['the new keys could not be loaded yet'],
      means: 'A node may not know the newest signing keys. It stops serving before that matters.',
      remedy: 'Nothing in an outage. If it stays, compare CARDEA_MASTER_KEY of the nodes.',
    },
    {
      said: ['a job failed; it is tried again at its next turn'],
      means: '`job` names it (jobs.md), `error` the cause.',
      remedy: 'Nothing when it is rare. If it comes at each turn, report it.',
    },
    {
      said: ['the outcome could not be stored'],
      means: 'A mail or a message was handled, and the row stays; it may be sent once more.',
      remedy: 'Nothing in an outage.',
    },
    {
      said: ['a backup was made'],
      means: 'The schedule has made a backup; `backup` is its name, `bytes` its size.',
      remedy: 'Nothing. Try `cardea backup verify` from time to time.',
    },
    {
      said: ['a backup failed; it is tried again in ten minutes'],
      means: 'The schedule could not make a backup; `error` has the cause.',
      remedy:
        'See that the folder or the storage can be written and has room. Act on it today: the newest backup gets older.',
    },
    {
      said: ['old backups could not be removed'],
      means:
        'A backup was made, and those that are older than `CARDEA_BACKUP_KEPT` are still there; `reason` says why.',
      remedy: 'Do what `reason` says, before the storage is full. `cardea doctor --only "backup storage"` tries it.',
    },
    {
      said: ['no backups are made: CARDEA_BACKUP_RECIPIENTS is not set'],
      means: '`CARDEA_BACKUP_TO` is set, and it is not set for whom backups are encrypted.',
      remedy:
        'Set `CARDEA_BACKUP_RECIPIENTS` to the public key that `cardea backup keygen` prints, or `CARDEA_BACKUP_EVERY=0` where backups are made elsewhere.',
    },
    {
      said: ['the database took long'],
      means:
        'A statement or a transaction took longer than a second: `statements` are their names, and `requestId` is in the comment of the SQL.',
      remedy:
        'Look for it in the log of Postgres and in pg_stat_statements. Usual causes: a slow disk, a lock, or too little autovacuum.',
    },
    {
      said: ['expired rows removed'],
      means: 'The clean-up did its work.',
      remedy: 'Nothing.',
    },
    {
      said: ['expired rows are not deleted in time'],
      means: 'The clean-up is `lagSeconds` behind: the database is too slow for what is written.',
      remedy: 'Look at the load of Postgres and its autovacuum. Expired rows are never used, so nothing is wrong yet.',
    },
    {
      said: ['the schema was brought up to date'],
      means: 'Migrations have run at the start.',
      remedy: 'Nothing.',
    },
  ],
  Keys: [
    {
      said: ['key set changed'],
      means: 'A key was made, begins to sign, retires or is withdrawn: `change`, `ring`, `kid`.',
      remedy: `Nothing. If you did not expect it, see who rotated: \`cardea audit list --filter 'action eq "keys.rotate"'\`.`,
    },
  ],
  Audit: [
    {
      said: ['entries of the audit wait too long for their place in the log: until then one can be removed unseen'],
      means: 'No node seals the audit: an entry has waited `seconds`.',
      remedy: 'See that a node runs and that its role has the rights of ops/postgres/roles.sql. audit.md says more.',
    },
    {
      said: ['entries of the audit were not written by Cardea: they are not sealed'],
      means: 'Rows of the audit have no valid MAC: somebody has written to the database.',
      remedy: 'Treat it as an attack: keep a dump, look at `cardea audit verify`, and at who can reach Postgres.',
    },
    {
      said: ['entries of the audit older than the retention were removed'],
      means: 'Whole months were removed, as CARDEA_AUDIT_RETENTION_MONTHS says. An anchor proves the rest.',
      remedy: 'Nothing.',
    },
    {
      said: [
        'the retention of the audit waits for a destination: repair it, disable it, or move it on by `cardea audit destinations replay --from`',
      ],
      means: 'Old months stay because the destination has not had them yet.',
      remedy: 'One of the three.',
    },
    {
      said: ['a destination of the audit did not take an entry; it is sent again'],
      means: 'The receiver did not answer with 2xx.',
      remedy: 'Nothing at first; audit-delivery.md explains the reasons.',
    },
    {
      said: ['a destination of the audit had no turn'],
      means: 'Something failed before the sending; `error` has the cause.',
      remedy: 'Nothing when it is rare.',
    },
    {
      said: ['entries of the audit were not delivered: see dead letters'],
      means: 'All attempts failed, and the next entries are sent.',
      remedy: 'Correct the receiver, then `cardea audit dead-letters retry`.',
    },
    {
      said: [
        'a destination of the audit has too many dead letters; it was disabled',
        'a destination of the audit wants nothing more; it was disabled',
      ],
      means: 'Nothing is sent there any more, and nothing is lost: its position is kept.',
      remedy: 'Correct the receiver, then enable it: `cardea audit destinations enable ID`.',
    },
  ],
  Process: [
    {
      said: ['metrics are served'],
      means: 'Prometheus can collect from the address in the line.',
      remedy: 'Nothing.',
    },
    {
      said: ['the metrics could not be collected'],
      means: 'Prometheus got no numbers this time; `error` has the cause, usually an outage of the database.',
      remedy: 'Nothing when it is rare. monitoring.md explains the metrics.',
    },
    {
      said: ['listening', 'stopping'],
      means: 'The server has started, or has got a signal and ends its requests.',
      remedy: 'Nothing. When a server does not start, it prints one line with the cause on standard error.',
    },
    {
      said: ['the configuration file was applied'],
      means: 'A line for each change that the file of CARDEA_CONFIG_FILE has made.',
      remedy: 'Nothing.',
    },
    {
      said: ['the configuration file has texts that were withdrawn: they do not apply'],
      means: 'The file publishes nothing that was withdrawn.',
      remedy: 'Remove them from the file, or publish a new version.',
    },
    {
      said: ['a warning of Node', 'a library wrote to the console'],
      means: 'Something outside of Cardea’s code has said this; `text` has it.',
      remedy: 'Report what you do not understand.',
    },
  ],
};
