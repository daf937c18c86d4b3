import { createSecretKey } from 'node:crypto';
import type { Clock } from '../platform/clock.ts';
import type { BoundStatement, Db, Row } from '../platform/db.ts';
import { notFound } from '../platform/errors.ts';
import { LEAST_UUID } from '../platform/key_pages.ts';
import type { Owner, OwnKeys } from '../platform/own_sealing.ts';
import { carryOut } from '../platform/planned.ts';
import { blindIndex, type Sealer, sealJson } from '../platform/sealing.ts';
import type { AcceptedText, Account, Profile } from './account.ts';
import { isAccountId, normaliseIdentifier, storedFormsOf } from './identifiers.ts';
import { type Indexed, indexAccounts } from './index_accounts.ts';
import { type AccountListing, createAccountListing } from './listing.ts';
import { checkImported, type Identifier, newAccountPlans, refusal } from './new_accounts.ts';
import { createOpenKeys } from './open_keys.ts';
import { createRowReader } from './open_rows.ts';
import { type AccountChange, type AccountPlans, statementPlans } from './plans.ts';
import { MUST_CHANGE } from './policy.ts';
import { type AccountInput, checkProfile, type ImportedAccount, type ProfileInput } from './profile.ts';
import { COLUMNS, type Credentials, credentialsOf, profilePlace } from './rows.ts';
import { createSearchTokens } from './search_tokens.ts';
import { ACCOUNT_STATEMENTS } from './statements.ts';
import { isOwnSubject, subjectLookup } from './subjects.ts';

export interface DueDeletion {
  readonly id: string;
  readonly dueAt: Date;
}

export interface Accounts {
  /**
   * @param also statements for the same transaction, before those that make the account
   * @param tell one after them
   * @throws AppError 400 `invalid_input`, 409 `identifier_taken`; each with the field
   */
  create(
    input: AccountInput,
    also?: readonly BoundStatement[],
    tell?: (account: Account) => BoundStatement,
  ): Promise<Account>;
  /** The checks of `plans.creatingAll` that need no database. @throws AppError 400 `invalid_input`, with the field */
  check(input: ImportedAccount): Pick<Profile, 'email' | 'username'>;
  /** @returns those of the subjects that exist, with the account's id */
  subjectHolders(subjects: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** @returns those of the identifiers that exist, as they are stored (`lookupOf`) in hex, with the account's id */
  holdersOf(identifiers: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** The lookup key of an identifier in hex: the same for all its spellings. */
  lookupOf(identifier: string): string;
  /** The lookup key of a subject in hex. */
  subjectKeyOf(sub: string): string;
  /** Hot path: one statement. */
  findById(id: string): Promise<Account | undefined>;
  /** By the `sub` that apps know (`subjectOf`). One statement. */
  findBySubject(sub: string): Promise<Account | undefined>;
  /** By e-mail address or username, in any spelling. Hot path: one statement. */
  findByIdentifier(text: string): Promise<Account | undefined>;
  /** By id, e-mail address, username or subject. @throws AppError 404 `not_found` */
  resolve(ref: string): Promise<Account>;
  /** Pages of accounts, by filter, search and order. */
  readonly listing: AccountListing;
  /**
   * Indexes the accounts that a node of the version before has written, so that lists find them quickly.
   * @param goesOn asked after each batch
   */
  index(goesOn?: () => boolean): Promise<Indexed>;
  /**
   * Changes members of the profile; undefined removes one. `updated_at` always increases.
   * @param account as it was read: a change that was made meanwhile is not undone
   * @param also statements for the same transaction
   * @throws AppError 400 `invalid_input`, 409 `identifier_taken`, each with the field; 409 `changed_meanwhile`
   */
  update(account: Account, changes: Partial<ProfileInput>, also?: readonly BoundStatement[]): Promise<void>;
  /** The same as `update`, for the caller's transaction, which fails by `require_as_read` after another change. */
  updating(account: Account, changes: Partial<ProfileInput>): BoundStatement;
  /** Accounts whose deletion is due, the longest overdue first. @param after the last one of the batch before */
  dueForDeletion(after: DueDeletion | undefined, limit: number): Promise<DueDeletion[]>;
  /** The changes as statements. */
  readonly plans: AccountPlans;
  /**
   * The statements that set a password, run by password_change.ts. They move the current hash into the history and end
   * sign-ins that are under way. They fail by `require_epoch` when the account has another epoch than the given one.
   */
  passwordStatements(account: Pick<Account, 'id' | 'epoch'>, passwordHash: string, setAt?: Date): BoundStatement[];
  /** Hashes of the passwords that a new one must differ from: the current one and those before it, newest first. */
  earlierPasswords(id: string): Promise<string[]>;
  /**
   * Stores another hash of the same password, unless the password was changed meanwhile. Ends no session. The age of a
   * password of unknown age is counted from now on.
   */
  rehash(id: string, from: string, to: string): Promise<void>;
  /**
   * A condition for the transaction that completes a sign-in: since its credentials were checked they have not changed,
   * nor has the account been disabled. Otherwise the transaction fails by `require_epoch`.
   */
  requireEpoch(id: string, epoch: number): BoundStatement;
  /** The same for a sign-in, which it notes as the last one of the account, to within a day. */
  requireEpochAtSignIn(id: string, epoch: number): BoundStatement;
  /** Seals under the person's own key, which is deleted with the account. @param account as this store returned it */
  sealerOf(account: Account): Sealer;
  /** The account as the owner of what is sealed under its own key. @param account as this store returned it */
  ownerOf(account: Account): Owner;
  sealerFrom: OwnKeys['sealerFrom'];
  /** The account as it is after the person has accepted these texts. @param account as this store returned it */
  withAccepted(account: Account, texts: readonly AcceptedText[]): Account;
  /** Those of many people, by the ids of their accounts; one who was erased has none. One statement. */
  sealersOf(ids: readonly string[]): Promise<ReadonlyMap<string, Sealer>>;
  /** Selects an account in a query that joins `accounts AS a`; `fromRow` reads its rows. */
  readonly columns: string;
  /** The same as `fromRow`, without decrypting anything. */
  credentialsOf(row: Row): Credentials | undefined;
  /** @returns undefined when a LEFT JOIN found no account */
  fromRow(row: Row): Account | undefined;
}

/** A new account is neither disabled nor older than it is, also when its input has more members. */
const NO_PAST = {
  sub: undefined,
  passwordSetAt: undefined,
  disabled: false,
  deletionDueAt: undefined,
  restrictionReason: undefined,
};

/**
 * @param parts `sealer` seals each person's key; `indexKey` and `searchKey`: the keys of the HMACs by which identifiers are
 *   looked up, and by which people are searched
 */
export function createAccounts(parts: {
  db: Db;
  sealer: Sealer;
  indexKey: Uint8Array;
  searchKey: Uint8Array;
  now: Clock;
}): Accounts {
  const { db, sealer, searchKey, now } = parts;
  const indexKey = createSecretKey(parts.indexKey);
  const lookupOf = (identifier: string) => blindIndex(indexKey, normaliseIdentifier(identifier));
  const lookupsOf = (identifier: string) => storedFormsOf(identifier).map((form) => blindIndex(indexKey, form));

  const tokens = createSearchTokens(searchKey);
  const { fromRow, fromListRow, sealerOf, sealerFrom, remember } = createRowReader(createOpenKeys({ sealer, now }));
  const { creatingOne, creatingAll } = newAccountPlans({
    sealer,
    tokens,
    now,
    identifiersOf,
    lookupsOf,
    subjectLookup: (sub) => subjectLookup(indexKey, sub),
    remember,
  });
  const plans: AccountPlans = { ...statementPlans(now), creating, creatingAll, changing };

  async function findById(id: string): Promise<Account | undefined> {
    if (!isAccountId(id)) return undefined; // Postgres would refuse a text that is not a UUID
    const [row] = await db.query(ACCOUNT_STATEMENTS.findById.bind({ id }));
    return row && fromRow(row);
  }

  async function findByIdentifier(text: string): Promise<Account | undefined> {
    const [row] = await db.query(ACCOUNT_STATEMENTS.findByIdentifier.bind({ lookups: lookupsOf(text) }));
    return row && fromRow(row);
  }

  async function findBySubject(sub: string): Promise<Account | undefined> {
    if (isOwnSubject(sub)) {
      const account = await findById(sub);
      return account?.subject === undefined ? account : undefined;
    }
    const [row] = await db.query(ACCOUNT_STATEMENTS.findBySubject.bind({ lookup: subjectLookup(indexKey, sub) }));
    return row && fromRow(row);
  }

  function identifiersOf(profile: Pick<ProfileInput, 'email' | 'username'>): Identifier[] {
    return (['email', 'username'] as const).flatMap((kind) => {
      const text = profile[kind];
      return text === undefined ? [] : [{ kind, lookup: lookupOf(text) }];
    });
  }

  function updating(account: Account, changes: Partial<ProfileInput>): BoundStatement {
    const profile = checkProfile({ ...account, ...changes }, account);
    const { id, updatedAt: before } = account;
    return ACCOUNT_STATEMENTS.update.bind({
      id,
      sealedProfile: sealJson(sealerOf(account), profilePlace(id), profile),
      searchTokens: tokens.of(profile),
      before,
      updatedAt: new Date(Math.max(now(), before.getTime() + 1)), // shows others that it was changed
      identifiers: identifiersOf(profile),
      spellings: lookupsOf(profile.email),
    });
  }

  /** The accounts that have an identifier, in any of its spellings. */
  async function holdersOf(identifiers: readonly string[]): Promise<Map<string, string[]>> {
    const rows = await db.query(ACCOUNT_STATEMENTS.holders.bind({ lookups: identifiers.flatMap(lookupsOf) }));
    const holderOf = new Map(rows.map((row) => [row.lookup, row.account_id]));
    return new Map(
      identifiers.map((one) => [one, lookupsOf(one).flatMap((lookup) => holderOf.get(lookup.toString('hex')) ?? [])]),
    );
  }

  function changing(account: Account, changes: Partial<ProfileInput>): AccountChange {
    return {
      statements: [updating(account, changes)],
      refuse: (error) => refusal(error, identifiersOf({ ...account, ...changes })),
    };
  }

  function creating(input: AccountInput) {
    const planned = creatingOne({
      ...input,
      ...NO_PAST,
      ...(input.hasTemporaryPassword ? { passwordSetAt: MUST_CHANGE } : {}),
    });
    const [account] = planned.accounts;
    if (!account) throw new Error('no account was made');
    return { ...planned, account };
  }

  return {
    async create(input, also = [], tell) {
      const { account, statements, refuse } = creating(input);
      const entries = tell ? [tell(account)] : [];
      await carryOut(db, { statements: [...also, ...statements, ...entries], refuse });
      return account;
    },
    check: (input) => checkImported(input).profile,

    async subjectHolders(subjects) {
      const lookups = new Map(subjects.map((sub) => [subjectLookup(indexKey, sub).toString('hex'), sub]));
      const others = [...lookups.keys()].map((lookup) => Buffer.from(lookup, 'hex'));
      const bound = ACCOUNT_STATEMENTS.subjectHolders.bind({ ids: subjects.filter(isOwnSubject), lookups: others });
      const rows = await db.query(bound);
      return new Map(rows.flatMap(({ id, lookup }) => [id, lookups.get(lookup ?? '') ?? id].map((sub) => [sub, id])));
    },

    lookupOf: (identifier) => lookupOf(identifier).toString('hex'),
    subjectKeyOf: (sub) => subjectLookup(indexKey, sub).toString('hex'),

    async holdersOf(identifiers) {
      const found = [...(await holdersOf(identifiers))];
      return new Map(
        found.flatMap(([identifier, [holder]]) =>
          holder === undefined ? [] : [[lookupOf(identifier).toString('hex'), holder] as const],
        ),
      );
    },

    findById,
    findBySubject,
    findByIdentifier,

    async resolve(ref) {
      const account =
        (isAccountId(ref) ? await findById(ref) : await findByIdentifier(ref)) ?? (await findBySubject(ref));
      if (!account) throw notFound('account', ref);
      return account;
    },

    async update(account, changes, also = []) {
      const { statements, refuse } = changing(account, changes);
      await carryOut(db, { statements: [...statements, ...also], refuse });
    },

    async dueForDeletion(after, limit) {
      const position = { afterTime: after?.dueAt ?? new Date(0), afterId: after?.id ?? LEAST_UUID };
      const rows = await db.query(ACCOUNT_STATEMENTS.dueForDeletion.bind({ now: new Date(now()), ...position, limit }));
      return rows.map(({ id, due_at: dueAt }) => ({ id, dueAt }));
    },

    passwordStatements: ({ id, epoch }, passwordHash, passwordSetAt = new Date(now())) => [
      ACCOUNT_STATEMENTS.requireExisting.bind({ id }),
      ACCOUNT_STATEMENTS.setPassword.bind({ id, epoch, passwordHash, passwordSetAt }),
      ACCOUNT_STATEMENTS.trimHistory.bind({ id }),
    ],

    async earlierPasswords(id) {
      const rows = await db.query(ACCOUNT_STATEMENTS.earlierPasswords.bind({ id }));
      return rows.map((row) => row.password_hash);
    },

    async rehash(id, from, to) {
      await db.query(ACCOUNT_STATEMENTS.rehash.bind({ id, from, to, now: new Date(now()) }));
    },

    updating,
    plans,
    listing: createAccountListing({ db, tokens, open: fromListRow, holdersOf }),
    index: (goesOn = () => true) => indexAccounts({ db, tokens, open: fromListRow, goesOn }),

    requireEpoch: (id, epoch) => ACCOUNT_STATEMENTS.requireEpoch.bind({ id, epoch }),
    requireEpochAtSignIn: (id, epoch) =>
      ACCOUNT_STATEMENTS.requireEpochAtSignIn.bind({
        id,
        epoch,
        now: new Date(now()),
        dayAgo: new Date(now() - 86_400_000),
      }),
    sealerOf,
    ownerOf: (account) => ({ id: account.id, sealer: sealerOf(account) }),
    sealerFrom,
    withAccepted(account, texts) {
      const accepted = texts.map(({ kind, version }) => ({ kind, version }));
      const after: Account = { ...account, acceptedTexts: [...account.acceptedTexts, ...accepted] };
      remember(after, sealerOf(account));
      return after;
    },
    async sealersOf(ids) {
      if (ids.length === 0) return new Map();
      const rows = await db.query(ACCOUNT_STATEMENTS.dataKeysOf.bind({ ids }));
      return new Map(rows.map(({ account_id: id, sealed_key: key }) => [id, sealerFrom(id, key)]));
    },
    columns: COLUMNS,
    credentialsOf,
    fromRow,
  };
}
