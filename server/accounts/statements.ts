import { type Insertable, sql } from 'kysely';
import type { AccountIdentifiers, Accounts, DataKeys } from '../platform/database.ts';
import type { Row } from '../platform/db.ts';
import { columns, statement, tables, wasCreatedAt } from '../platform/statement.ts';
import { PASSWORDS_REMEMBERED } from './policy.ts';
import { COLUMNS } from './rows.ts';

const account = sql.raw(COLUMNS);

/** Columns that a new account leaves to their default. */
type Unwritten = 'epoch' | 'version' | 'inactive_stage' | 'inactive_stage_at';

/** Arrays in their text form. */
const NEW_ACCOUNTS = columns<Exclude<keyof Accounts, Unwritten> | 'key_id' | 'sealed_key'>({
  id: 'uuid',
  key_id: 'uuid',
  sealed_key: 'bytea',
  sealed_profile: 'bytea',
  sealed_subject: 'bytea',
  subject_lookup: 'bytea',
  password_hash: 'text',
  password_set_at: 'timestamptz',
  disabled_at: 'timestamptz',
  deletion_due_at: 'timestamptz',
  deletion_by: 'text',
  restricted_at: 'timestamptz',
  restriction_reason: 'text',
  active_at: 'timestamptz',
  groups: 'text',
  roles: 'text',
  second_factors: 'text',
  search_tokens: 'text',
  created_at: 'timestamptz',
  updated_at: 'timestamptz',
});
type ArrayColumn = 'groups' | 'roles' | 'second_factors' | 'search_tokens';
export type NewAccount = Required<Omit<Insertable<Accounts>, Unwritten | ArrayColumn>> &
  Pick<Insertable<DataKeys>, 'key_id' | 'sealed_key'> &
  Readonly<Record<ArrayColumn, string>>;
const NEW_IDENTIFIERS = columns<keyof AccountIdentifiers>({ lookup: 'bytea', account_id: 'uuid', kind: 'text' });

type Identifier = Pick<AccountIdentifiers, 'kind' | 'lookup'>;
const IDENTIFIERS = columns<keyof Identifier>({ kind: 'text', lookup: 'bytea' });

type StageBefore = Pick<Accounts, 'inactive_stage'>;
/** For RETURNING: the stage before the update, as the statement's snapshot has it. */
const STAGE_BEFORE = sql`(SELECT was.inactive_stage FROM accounts was WHERE was.id = accounts.id) AS inactive_stage`;

/** Every statement about accounts themselves. */
export const ACCOUNT_STATEMENTS = {
  dataKeysOf: statement(
    'accounts.data_keys_of',
    ($: { ids: readonly string[] }) => sql<{ account_id: string; sealed_key: Buffer }>`
      SELECT account_id, sealed_key FROM data_keys WHERE account_id = ANY(${$.ids}::uuid[])`,
  ),
  // In an order that all transactions have, so that two that make the same people wait for each other, and never in a circle.
  insert: statement(
    'accounts.insert',
    ($: { accounts: readonly NewAccount[] }) => sql`
      WITH n AS MATERIALIZED (
        SELECT * FROM ${NEW_ACCOUNTS.unnest($.accounts)} AS n (${NEW_ACCOUNTS.names})
      ), made AS (
        INSERT INTO accounts (id, sealed_profile, sealed_subject, subject_lookup, password_hash, password_set_at, disabled_at,
                              deletion_due_at, deletion_by, restricted_at, restriction_reason, active_at,
                              groups, roles, second_factors, search_tokens, created_at, updated_at)
        SELECT id, sealed_profile, sealed_subject, subject_lookup, password_hash, password_set_at, disabled_at,
               deletion_due_at, deletion_by, restricted_at, restriction_reason, active_at,
               groups::text[], roles::text[], second_factors::text[], search_tokens::bigint[], created_at, updated_at
          FROM n ORDER BY subject_lookup, id
      )
      INSERT INTO data_keys (account_id, key_id, sealed_key, created_at)
      SELECT id, key_id, sealed_key, created_at FROM n ORDER BY id`,
  ),
  insertIdentifiers: statement(
    'accounts.insert_identifiers',
    ($: { identifiers: readonly AccountIdentifiers[] }) => sql`
      INSERT INTO account_identifiers (${NEW_IDENTIFIERS.names})
      SELECT ${NEW_IDENTIFIERS.names} FROM ${NEW_IDENTIFIERS.unnest($.identifiers)} AS n (${NEW_IDENTIFIERS.names}) ORDER BY lookup`,
  ),
  // Inserts the same row again, which the key of the table refuses: another account has the address in another spelling.
  refuseOtherSpelling: statement(
    'accounts.refuse_other_spelling',
    ($: { lookups: readonly Buffer[] }) => sql`
      INSERT INTO account_identifiers (lookup, account_id, kind)
      SELECT lookup, account_id, kind FROM account_identifiers WHERE lookup = ANY(${$.lookups}::bytea[])`,
  ),
  findById: statement(
    'accounts.find_by_id',
    ($: { id: string }) => sql<Row>`SELECT ${account} FROM accounts a WHERE a.id = ${$.id}`,
  ),
  findBySubject: statement(
    'accounts.find_by_subject',
    ($: { lookup: Buffer }) => sql<Row>`SELECT ${account} FROM accounts a WHERE a.subject_lookup = ${$.lookup}`,
  ),
  findByIdentifier: statement(
    'accounts.find_by_identifier',
    ($: { lookups: readonly Buffer[] }) => sql<Row>`
      SELECT ${account} FROM account_identifiers i JOIN accounts a ON a.id = i.account_id
       WHERE i.lookup = ANY(${$.lookups}::bytea[])
       ORDER BY array_position(${$.lookups}::bytea[], i.lookup) LIMIT 1`,
  ),
  // One statement, so that a profile and the identifiers that find it never differ.
  update: statement(
    'accounts.update',
    ($: {
      id: string;
      sealedProfile: Buffer;
      searchTokens: readonly string[];
      before: Date;
      updatedAt: Date;
      identifiers: readonly Identifier[];
      /** The hashes of all spellings of the e-mail address. */
      spellings: readonly Buffer[];
    }) => sql`
      WITH changed AS (
        UPDATE accounts SET sealed_profile = ${$.sealedProfile}, updated_at = ${$.updatedAt},
                            search_tokens = ${$.searchTokens}::bigint[]
         WHERE id = ${$.id} AND updated_at = ${$.before} RETURNING id
      ), removed AS (
        DELETE FROM account_identifiers
         WHERE account_id = ${$.id} AND NOT kind = ANY(${IDENTIFIERS.list($.identifiers, 'kind')})
      ), other_spelling AS (
        INSERT INTO account_identifiers (kind, lookup, account_id)
        SELECT kind, lookup, account_id FROM account_identifiers
         WHERE lookup = ANY(${$.spellings}::bytea[]) AND account_id <> ${$.id}
           AND NOT EXISTS (
             SELECT 1 FROM account_identifiers WHERE account_id = ${$.id} AND lookup = ANY(${$.spellings}::bytea[]))
      ), saved AS (
        INSERT INTO account_identifiers (kind, lookup, account_id)
        SELECT c.kind, c.lookup, ${$.id} FROM ${IDENTIFIERS.unnest($.identifiers)} AS c (${IDENTIFIERS.names})
         WHERE NOT EXISTS (SELECT 1 FROM account_identifiers h
                            WHERE h.account_id = ${$.id} AND h.kind = c.kind AND h.lookup = ANY(${$.spellings}::bytea[]))
        ON CONFLICT (account_id, kind) DO UPDATE SET lookup = excluded.lookup
         WHERE account_identifiers.lookup <> excluded.lookup
      )
      SELECT require_as_read((SELECT count(*) FROM changed))`,
  ),
  // updated_at is a claim about the profile (OpenID Connect Core §5.1), so none of the following changes it.
  /**
   * Fails by `require_as_read` when the account has another version, is gone, or was made again; locks the row until the end of
   * the transaction.
   */
  requireVersion: statement(
    'accounts.require_version',
    ($: { id: string; version: number; createdAt: Date }) => sql`
      SELECT require_as_read((SELECT count(*) FROM (
        SELECT 1 FROM accounts WHERE id = ${$.id} AND version = ${$.version} AND ${wasCreatedAt($.createdAt)}
           FOR UPDATE) AS locked))`,
  ),
  /** The same as `requireExisting`, and the account exists until the transaction ends: an erasure waits. */
  keepExisting: statement(
    'accounts.keep_existing',
    ($: { id: string }) => sql`
      SELECT require_rows((SELECT count(*) FROM (SELECT 1 FROM accounts WHERE id = ${$.id} FOR KEY SHARE) AS locked))`,
  ),
  /** Fails by `require_rows` for an account that does not exist. */
  requireExisting: statement(
    'accounts.require_existing',
    ($: { id: string }) => sql`SELECT require_rows((SELECT count(*) FROM accounts WHERE id = ${$.id}))`,
  ),
  setPassword: statement(
    'accounts.set_password',
    ($: { id: string; epoch: number; passwordHash: string; passwordSetAt: Date }) => sql`
      WITH old AS (
        SELECT id, password_hash FROM accounts WHERE id = ${$.id} AND require_epoch(${$.epoch}, epoch) FOR UPDATE
      ), remembered AS (
        INSERT INTO password_history (account_id, password_hash)
        SELECT id, password_hash FROM old WHERE password_hash IS NOT NULL
      )
      UPDATE accounts a SET password_hash = ${$.passwordHash}, password_set_at = ${$.passwordSetAt}, epoch = a.epoch + 1
        FROM old WHERE a.id = old.id RETURNING a.id`,
  ),
  trimHistory: statement(
    'accounts.trim_password_history',
    ($: { id: string }) => sql`
      DELETE FROM password_history WHERE account_id = ${$.id} AND id NOT IN (
        SELECT id FROM password_history WHERE account_id = ${$.id} ORDER BY id DESC LIMIT ${PASSWORDS_REMEMBERED - 1})`,
  ),
  earlierPasswords: statement(
    'accounts.earlier_passwords',
    ($: { id: string }) => sql<{ password_hash: string }>`
      SELECT password_hash FROM (
        SELECT password_hash, 9223372036854775807 AS age FROM accounts WHERE id = ${$.id} AND password_hash IS NOT NULL
        UNION ALL SELECT password_hash, id FROM password_history WHERE account_id = ${$.id}) p
       ORDER BY age DESC LIMIT ${PASSWORDS_REMEMBERED}`,
  ),
  rehash: statement(
    'accounts.rehash',
    ($: { id: string; from: string; to: string; now: Date }) => sql`
      UPDATE accounts SET password_hash = ${$.to}, password_set_at = COALESCE(password_set_at, ${$.now})
       WHERE id = ${$.id} AND password_hash = ${$.from}`,
  ),
  subjectHolders: statement(
    'accounts.subject_holders',
    ($: { ids: readonly string[]; lookups: readonly Buffer[] }) => sql<{ id: string; lookup: string | null }>`
      SELECT id, encode(subject_lookup, 'hex') AS lookup FROM accounts
       WHERE id = ANY(${$.ids}::uuid[]) OR subject_lookup = ANY(${$.lookups}::bytea[])`,
  ),
  holders: statement(
    'accounts.holders',
    ($: { lookups: readonly Buffer[] }) => sql<{ lookup: string; account_id: string }>`
      SELECT encode(lookup, 'hex') AS lookup, account_id FROM account_identifiers
       WHERE lookup = ANY(${$.lookups}::bytea[])`,
  ),
  // FOR SHARE: waits for a change of credentials that is under way; a later change finds what this transaction writes.
  requireEpoch: statement(
    'accounts.require_epoch',
    ($: { id: string; epoch: number }) => sql`
      SELECT require_epoch(${$.epoch},
                           (SELECT epoch FROM accounts WHERE id = ${$.id} AND is_usable(accounts) FOR SHARE))`,
  ),
  // The same at the end of a sign-in, which notes the day. The lock is one for an update from the beginning: of two sign-ins that
  // share a row and then want to write it, each would wait for the other.
  requireEpochAtSignIn: statement(
    'accounts.require_epoch_at_sign_in',
    ($: { id: string; epoch: number; now: Date; dayAgo: Date }) => sql`
      WITH held AS (
        SELECT id, epoch, active_at, inactive_stage FROM accounts
         WHERE id = ${$.id} AND is_usable(accounts) FOR NO KEY UPDATE
      ), noted AS (
        UPDATE accounts a SET active_at = ${$.now}, inactive_stage = NULL, inactive_stage_at = NULL
          FROM held h WHERE a.id = h.id AND h.epoch = ${$.epoch} AND (h.active_at < ${$.dayAgo} OR h.inactive_stage IS NOT NULL)
      )
      SELECT require_epoch(${$.epoch}, (SELECT epoch FROM held))`,
  ),
  // By an operator: the policy for inactive accounts would take it back, to let the person keep the account.
  disable: statement(
    'accounts.disable',
    ($: { id: string; now: Date }) => sql<StageBefore>`
      UPDATE accounts SET disabled_at = COALESCE(disabled_at, ${$.now}), inactive_stage = NULL, inactive_stage_at = NULL
       WHERE id = ${$.id} RETURNING ${STAGE_BEFORE}`,
  ),
  scheduleDeletion: statement(
    'accounts.schedule_deletion',
    ($: { id: string; dueAt: Date; by: string }) =>
      sql`UPDATE accounts SET deletion_due_at = ${$.dueAt}, deletion_by = ${$.by} WHERE id = ${$.id} RETURNING id`,
  ),
  keep: statement('accounts.keep', ($: { id: string; now: Date }) =>
    tables
      .updateTable('accounts')
      // otherwise the next look for inactive accounts would plan it again
      .set({
        deletion_due_at: null,
        deletion_by: null,
        active_at: $.now,
        inactive_stage: null,
        inactive_stage_at: null,
      })
      .where('id', '=', $.id)
      .returning('id'),
  ),
  dueForDeletion: statement(
    'accounts.due_for_deletion',
    ($: { now: Date; afterTime: Date; afterId: string; limit: number }) => sql<{
      id: string;
      due_at: Date;
    }>`
      SELECT id, deletion_due_at AS due_at FROM accounts
       WHERE deletion_due_at <= ${$.now} AND restricted_at IS NULL
         AND (deletion_due_at, id) > (${$.afterTime}::timestamptz, ${$.afterId}::uuid)
       ORDER BY deletion_due_at, id LIMIT ${$.limit}`,
  ),
  restrict: statement(
    'accounts.restrict',
    ($: { id: string; now: Date; reason: string }) => sql`
      UPDATE accounts SET restricted_at = COALESCE(restricted_at, ${$.now}), restriction_reason = ${$.reason}
       WHERE id = ${$.id} RETURNING id`,
  ),
  lift: statement('accounts.lift', ($: { id: string }) =>
    tables
      .updateTable('accounts')
      .set({ restricted_at: null, restriction_reason: null })
      .where('id', '=', $.id)
      .returning('id'),
  ),
  setGroups: statement('accounts.set_groups', ($: { id: string; groups: string[] }) =>
    tables.updateTable('accounts').set({ groups: $.groups }).where('id', '=', $.id).returning('id'),
  ),
  setRoles: statement('accounts.set_roles', ($: { id: string; roles: string[] }) =>
    tables.updateTable('accounts').set({ roles: $.roles }).where('id', '=', $.id).returning('id'),
  ),
  // With everything that refers to it: foreign keys cascade, and a trigger takes it out of the index.
  delete: statement('accounts.delete', ($: { id: string }) =>
    tables.deleteFrom('accounts').where('id', '=', $.id).returning('id'),
  ),
  notIndexed: statement(
    'accounts.not_indexed',
    ($: { from: string; limit: number }) => sql<Row>`
      SELECT ${account} FROM accounts a
       WHERE a.search_tokens IS NULL AND a.id >= ${$.from} ORDER BY a.id LIMIT ${$.limit}`,
  ),
  // An account that was changed meanwhile is left for the next run.
  index: statement(
    'accounts.index',
    ($: { ids: readonly string[]; profiles: readonly Buffer[]; tokens: readonly string[] }) => sql`
      UPDATE accounts a SET search_tokens = n.tokens::bigint[]
        FROM unnest(${$.ids}::uuid[], ${$.profiles}::bytea[], ${$.tokens}::text[]) AS n (id, sealed_profile, tokens)
       WHERE a.id = n.id AND a.sealed_profile = n.sealed_profile AND a.search_tokens IS NULL`,
  ),
  enable: statement(
    'accounts.enable',
    ($: { id: string; now: Date }) => sql<StageBefore>`
      UPDATE accounts SET disabled_at = NULL, inactive_stage = NULL, inactive_stage_at = NULL,
                          active_at = CASE WHEN disabled_at IS NULL AND inactive_stage IS NULL THEN active_at ELSE ${$.now} END
       WHERE id = ${$.id} RETURNING ${STAGE_BEFORE}`,
  ),
};
