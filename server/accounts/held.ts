import { type Selectable, sql } from 'kysely';
import type * as Tables from '../platform/database.ts';
import { type Held, type HeldKeys, type HeldOf, held } from '../platform/held.ts';
import { openJson, type Place } from '../platform/sealing.ts';
import { statement } from '../platform/statement.ts';
import { normaliseIdentifier } from './identifiers.ts';
import type { QueuedIntent } from './mails.ts';
import type { BrowserName } from './session_details.ts';

/* The data about a person that this folder stores, besides the account itself. `PERSONAL` in tables.ts names the same places. */

type Of<Table extends object, Column extends keyof Table> = Pick<Selectable<Table>, Column & keyof Selectable<Table>>;

type State = Of<
  Tables.Accounts,
  | 'disabled_at'
  | 'deletion_due_at'
  | 'deletion_by'
  | 'restricted_at'
  | 'restriction_reason'
  | 'active_at'
  | 'inactive_stage'
  | 'inactive_stage_at'
>;

export const HELD_STATEMENTS = {
  state: statement(
    'held.account_state',
    ($: HeldOf) => sql<State>`
      SELECT disabled_at, deletion_due_at, deletion_by, restricted_at, restriction_reason, active_at, inactive_stage, inactive_stage_at
        FROM accounts WHERE id = ${$.accountId}::uuid LIMIT ${$.limit}`,
  ),
  totp: statement(
    'held.totp',
    ($: HeldOf) => sql<Of<Tables.Totp, 'created_at'>>`
      SELECT created_at FROM totp WHERE account_id = ${$.accountId}::uuid LIMIT ${$.limit}`,
  ),
  recoveryCodes: statement(
    'held.recovery_codes',
    ($: HeldOf) => sql<Of<Tables.RecoveryCodes, 'used_at'>>`
      SELECT used_at FROM recovery_codes WHERE account_id = ${$.accountId}::uuid ORDER BY used_at LIMIT ${$.limit}`,
  ),
  passkeys: statement(
    'held.passkeys',
    ($: HeldOf) => sql<Selectable<Tables.Passkeys>>`
      SELECT * FROM passkeys WHERE account_id = ${$.accountId}::uuid ORDER BY created_at LIMIT ${$.limit}`,
  ),
  devices: statement(
    'held.devices',
    ($: HeldOf) => sql<Selectable<Tables.Devices>>`
      SELECT * FROM devices WHERE account_id = ${$.accountId}::uuid ORDER BY created_at DESC LIMIT ${$.limit}`,
  ),
  sessionDetails: statement(
    'held.session_details',
    ($: HeldOf) => sql<Selectable<Tables.SessionDetails>>`
      SELECT d.* FROM sessions s JOIN session_details d ON d.session_uid = s.uid
       WHERE s.account_id = ${$.accountId}::uuid ORDER BY d.signed_in_at DESC LIMIT ${$.limit}`,
  ),
  events: statement(
    'held.security_events',
    ($: HeldOf) => sql<Selectable<Tables.SecurityEvents>>`
      SELECT * FROM security_events WHERE account_id = ${$.accountId}::uuid ORDER BY id DESC LIMIT ${$.limit}`,
  ),
  consents: statement(
    'held.accepted_texts',
    ($: HeldOf) => sql<Omit<Selectable<Tables.AcceptedTexts>, 'account_id'>>`
      SELECT kind, version, accepted_at, withdrawn_at FROM accepted_texts
       WHERE account_id = ${$.accountId}::uuid ORDER BY accepted_at DESC LIMIT ${$.limit}`,
  ),
  attempts: statement(
    'held.attempts',
    ($: HeldOf) => sql<Of<Tables.Attempts, 'factor' | 'failures' | 'locks' | 'locked_until' | 'expires_at'>>`
      SELECT factor, failures, locks, locked_until, expires_at FROM attempts
       WHERE account_id = ${$.accountId}::uuid ORDER BY expires_at DESC LIMIT ${$.limit}`,
  ),
  links: statement(
    'held.links',
    ($: HeldOf) => sql<Selectable<Tables.Links>>`
      SELECT * FROM links WHERE account_id = ${$.accountId}::uuid ORDER BY created_at DESC LIMIT ${$.limit}`,
  ),
  // One to an address that somebody has typed names no account: those are opened, and what is to others is left out.
  mails: statement(
    'held.mails',
    ($: HeldOf) => sql<Of<Tables.Mails, 'id' | 'sealed' | 'sealed_own' | 'expires_at'>>`
      SELECT id, sealed, sealed_own, expires_at FROM mails
       WHERE account_id = ${$.accountId}::uuid OR account_id IS NULL ORDER BY due_at LIMIT ${$.limit}`,
  ),
};

const at = (table: string, column: string, row: string): Place => ({ table, column, row });
type Seen = BrowserName & { readonly network?: string };

/** @param email of the person: mails to an address that somebody has typed name no account */
export function heldByAccounts(email: string): readonly Held[] {
  const address = normaliseIdentifier(email);
  return [
    held('account', HELD_STATEMENTS.state, (row) => row),
    held('factors.totp', HELD_STATEMENTS.totp, (row) => ({ added_at: row.created_at })),
    held('factors.recovery_codes', HELD_STATEMENTS.recoveryCodes, (row) => ({ used_at: row.used_at })),
    held('factors.passkeys', HELD_STATEMENTS.passkeys, (row, { own }) => ({
      id: row.id.toString('base64url'),
      name: openJson(own, at('passkeys', 'sealed_own', row.id.toString('hex')), row.sealed_own),
      public_key: row.public_key.toString('base64url'),
      transports: row.transports,
      backed_up: row.backed_up,
      created_at: row.created_at,
      last_used_at: row.last_used_at,
    })),
    held('devices', HELD_STATEMENTS.devices, (row, { own }) => ({
      id: row.id,
      ...(row.sealed_own === null
        ? {}
        : (openJson(own, at('devices', 'sealed_own', row.id_hash.toString('hex')), row.sealed_own) as Seen)),
      since: row.created_at,
      last_used_at: row.last_used_at,
      trusted_until: row.trusted_until,
      expires_at: row.expires_at,
    })),
    held('session_details', HELD_STATEMENTS.sessionDetails, (row, { own }) => ({
      uid: row.session_uid,
      ...(openJson(own, at('session_details', 'sealed_own', row.session_uid), row.sealed_own) as Seen),
      signed_in_at: row.signed_in_at,
      last_seen_at: row.last_seen_at,
    })),
    held('security_events', HELD_STATEMENTS.events, (row, { own }) => ({
      id: row.id,
      kind: row.kind,
      at: row.created_at,
      details: openJson(own, at('security_events', 'sealed_own', row.id), row.sealed_own),
      expires_at: row.expires_at,
    })),
    held('consents', HELD_STATEMENTS.consents, (row) => row),
    held('failed_sign_ins', HELD_STATEMENTS.attempts, (row) => row),
    held('links', HELD_STATEMENTS.links, (row, keys) => {
      const { payload } = openEither('links', row.token_hash.toString('hex'), row, keys) as {
        payload: { email?: string };
      };
      const { purpose, created_at, expires_at } = row;
      return { purpose, email: payload.email ?? null, created_at, expires_at };
    }),
    held('mails', HELD_STATEMENTS.mails, (row, keys) => {
      const opened = openEither('mails', row.id, row, keys) as MailContent;
      const { kind, details = {} } = opened.intent;
      const typed = 'email' in opened.intent ? opened.intent.email : undefined;
      const own = 'accountId' in opened.intent ? opened.intent.accountId === keys.accountId : isAddress(typed);
      return own
        ? { id: row.id, kind, email: typed ?? null, details, at: new Date(opened.at), expires_at: row.expires_at }
        : undefined;
    }),
  ];

  function isAddress(typed: string | undefined): boolean {
    return typed !== undefined && normaliseIdentifier(typed) === address;
  }
}

/** A value that is sealed under the person's own key, or under the master key where no account was known. */
function openEither(
  table: 'links' | 'mails',
  row: string,
  { sealed, sealed_own: own }: { readonly sealed: Buffer | null; readonly sealed_own: Buffer | null },
  keys: HeldKeys,
): unknown {
  if (own) return openJson(keys.own, at(table, 'sealed_own', row), own);
  return sealed ? openJson(keys.master, at(table, 'sealed', row), sealed) : {};
}

interface MailContent {
  readonly intent: QueuedIntent;
  /** Milliseconds. */
  readonly at: number;
}
