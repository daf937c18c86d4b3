import { PASSWORDS_REMEMBERED } from './policy.ts';

/** What is selected of `accounts AS a`, by names that no joining query has of its own. */
export const COLUMNS = [
  'a.id AS account_id',
  'a.sealed_key AS account_sealed_key',
  'a.sealed_profile AS account_sealed_profile',
  'a.sealed_subject AS account_sealed_subject',
  'a.password_hash AS account_password_hash',
  'a.password_set_at AS account_password_set_at',
  'a.disabled_at AS account_disabled_at',
  'a.groups AS account_groups',
  'a.roles AS account_roles',
  'a.second_factors AS account_second_factors',
  'a.epoch AS account_epoch',
  'a.created_at AS account_created_at',
  'a.updated_at AS account_updated_at',
].join(', ');

/** Every statement about accounts themselves. */
export const ACCOUNT_STATEMENTS = {
  insert: {
    name: 'accounts.insert',
    text: `INSERT INTO accounts (id, sealed_key, sealed_profile, password_hash, password_set_at, disabled_at, groups,
                                 created_at, updated_at, roles, second_factors, sealed_subject, subject_lookup)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10, $11, $12)`,
  },
  insertIdentifier: {
    name: 'accounts.insert_identifier',
    text: 'INSERT INTO account_identifiers (lookup, account_id, kind) VALUES ($1, $2, $3)',
  },
  // The same row once more, which the key of the table refuses: somebody has the address in another spelling.
  refuseOtherSpelling: {
    name: 'accounts.refuse_other_spelling',
    text: `INSERT INTO account_identifiers (lookup, account_id, kind)
           SELECT lookup, account_id, kind FROM account_identifiers WHERE lookup = ANY($1::bytea[])`,
  },
  findById: { name: 'accounts.find_by_id', text: `SELECT ${COLUMNS} FROM accounts a WHERE a.id = $1` },
  findBySubject: {
    name: 'accounts.find_by_subject',
    text: `SELECT ${COLUMNS} FROM accounts a WHERE a.subject_lookup = $1`,
  },
  findByIdentifier: {
    name: 'accounts.find_by_identifier',
    text: `SELECT ${COLUMNS} FROM account_identifiers i JOIN accounts a ON a.id = i.account_id
            WHERE i.lookup = ANY($1::bytea[]) ORDER BY array_position($1::bytea[], i.lookup) LIMIT 1`,
  },
  list: {
    name: 'accounts.list',
    text: `SELECT ${COLUMNS} FROM accounts a WHERE $1::uuid IS NULL OR a.id > $1 ORDER BY a.id LIMIT $2`,
  },
  // One statement, so that a profile and the identifiers that find it never differ.
  update: {
    name: 'accounts.update',
    text: `WITH changed AS (
             UPDATE accounts SET sealed_profile = $2, updated_at = $4 WHERE id = $1 AND updated_at = $3 RETURNING id
           ), removed AS (
             DELETE FROM account_identifiers WHERE account_id = $1 AND NOT kind = ANY($5::text[])
           ), other_spelling AS (
             INSERT INTO account_identifiers (kind, lookup, account_id)
             SELECT kind, lookup, account_id FROM account_identifiers WHERE lookup = ANY($7::bytea[]) AND account_id <> $1
                AND NOT EXISTS (SELECT 1 FROM account_identifiers WHERE account_id = $1 AND lookup = ANY($7::bytea[]))
           ), kept AS (
             INSERT INTO account_identifiers (kind, lookup, account_id)
             SELECT c.kind, c.lookup, $1 FROM unnest($5::text[], $6::bytea[]) AS c (kind, lookup)
              WHERE NOT EXISTS (SELECT 1 FROM account_identifiers h
                                 WHERE h.account_id = $1 AND h.kind = c.kind AND h.lookup = ANY($7::bytea[]))
             ON CONFLICT (account_id, kind) DO UPDATE SET lookup = excluded.lookup
              WHERE account_identifiers.lookup <> excluded.lookup
           )
           SELECT require_as_read((SELECT count(*) FROM changed))`,
  },
  // updated_at is a claim about the profile (OpenID Connect Core §5.1), so none of these touches it.
  /** Fails by `require_rows` for an account that does not exist. */
  requireExisting: {
    name: 'accounts.require_existing',
    text: 'SELECT require_rows((SELECT count(*) FROM accounts WHERE id = $1))',
  },
  setPassword: {
    name: 'accounts.set_password',
    text: `WITH old AS (
             SELECT id, password_hash FROM accounts WHERE id = $1 AND require_epoch($4, epoch) FOR UPDATE
           ), kept AS (
             INSERT INTO password_history (account_id, password_hash)
             SELECT id, password_hash FROM old WHERE password_hash IS NOT NULL
           )
           UPDATE accounts a SET password_hash = $2, password_set_at = $3, epoch = a.epoch + 1
             FROM old WHERE a.id = old.id RETURNING a.id`,
  },
  trimHistory: {
    name: 'accounts.trim_password_history',
    text: `DELETE FROM password_history WHERE account_id = $1 AND id NOT IN (
             SELECT id FROM password_history WHERE account_id = $1 ORDER BY id DESC LIMIT ${PASSWORDS_REMEMBERED - 1})`,
  },
  earlierPasswords: {
    name: 'accounts.earlier_passwords',
    text: `SELECT password_hash FROM (
             SELECT password_hash, 9223372036854775807 AS age FROM accounts WHERE id = $1 AND password_hash IS NOT NULL
             UNION ALL SELECT password_hash, id FROM password_history WHERE account_id = $1) p
            ORDER BY age DESC LIMIT ${PASSWORDS_REMEMBERED}`,
  },
  rehash: {
    name: 'accounts.rehash',
    text: `UPDATE accounts SET password_hash = $3, password_set_at = COALESCE(password_set_at, $4)
            WHERE id = $1 AND password_hash = $2`,
  },
  subjectHolders: {
    name: 'accounts.subject_holders',
    text: `SELECT id, encode(subject_lookup, 'hex') AS lookup FROM accounts
            WHERE id = ANY($1::uuid[]) OR subject_lookup = ANY($2::bytea[])`,
  },
  holders: {
    name: 'accounts.holders',
    text: `SELECT encode(lookup, 'hex') AS lookup, account_id FROM account_identifiers WHERE lookup = ANY($1::bytea[])`,
  },
  // FOR SHARE: a change of credentials that is under way is waited for, one that comes later finds what we write.
  requireEpoch: {
    name: 'accounts.require_epoch',
    text: 'SELECT require_epoch($2, (SELECT epoch FROM accounts WHERE id = $1 AND disabled_at IS NULL FOR SHARE))',
  },
  disable: {
    name: 'accounts.disable',
    text: 'UPDATE accounts SET disabled_at = COALESCE(disabled_at, $2) WHERE id = $1 RETURNING id',
  },
  setGroups: { name: 'accounts.set_groups', text: 'UPDATE accounts SET groups = $2 WHERE id = $1 RETURNING id' },
  setRoles: { name: 'accounts.set_roles', text: 'UPDATE accounts SET roles = $2 WHERE id = $1 RETURNING id' },
  enable: { name: 'accounts.enable', text: 'UPDATE accounts SET disabled_at = NULL WHERE id = $1 RETURNING id' },
};
