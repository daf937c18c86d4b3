import { type Selectable, sql } from 'kysely';
import type { Clock } from '../platform/clock.ts';
import type { AcceptedTexts, Texts as TextsTable } from '../platform/database.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import { statement } from '../platform/statement.ts';
import type { AcceptedText, Account } from './account.ts';

/** The kinds of texts that the operator publishes. */
export const TEXT_KINDS = ['terms', 'privacy'] as const;
export type TextKind = (typeof TEXT_KINDS)[number];

export interface Text {
  readonly kind: TextKind;
  readonly version: string;
  /** BCP 47, as `languageTag` writes it. */
  readonly language: string;
  readonly title: string;
  readonly url: string;
  /** Who accepted an earlier version has to accept this one. */
  readonly askAgain: boolean;
  readonly effectiveFrom: Date;
}

/** A text with what became of it. */
export interface PublishedText extends Text {
  /** Since then the version is not asked for any more; undefined while it applies. */
  readonly withdrawnAt: Date | undefined;
}

export interface Accepted {
  readonly kind: TextKind;
  readonly version: string;
  readonly acceptedAt: Date;
  readonly withdrawnAt: Date | undefined;
}

/** The texts that people accept when they sign in, and which versions they have accepted. */
export interface Texts {
  /** All versions, the newest first. */
  list(): Promise<PublishedText[]>;
  /** Reads the texts, so that sign-ins find them. */
  load(): Promise<void>;
  /**
   * A version has the same times and the same rule in all its languages. For a transaction of the caller, which fails by
   * `require_as_read` when the version was published in this language already, has other times or another rule in another one, or
   * was withdrawn.
   */
  publishing(text: Text): BoundStatement[];
  /** Withdraws a version in all its languages. It fails by `require_rows` when there is none that applies. */
  withdrawingVersion(version: AcceptedText, at: Date): BoundStatement[];
  /** The versions in force that the person has not accepted, in all their languages. */
  missing(account: Pick<Account, 'acceptedTexts'>): Promise<Text[]>;
  accepting(accountId: string, texts: readonly AcceptedText[]): BoundStatement[];
  /** Withdraws all acceptances of a kind. It fails by `require_rows` when there are none. */
  withdrawing(accountId: string, kind: string): BoundStatement;
  /** The versions in which the person has accepted texts, the newest of each kind, in all their languages. */
  inForceFor(account: Pick<Account, 'acceptedTexts'>): Promise<Text[]>;
  acceptedBy(accountId: string): Promise<Accepted[]>;
}

/** Nodes see a text at the latest after this time. */
export const TEXTS_READ_EVERY_MS = 60_000;
const TEXTS_MAX = 1_000;

type Row = Selectable<TextsTable>;
type AcceptedRow = Selectable<AcceptedTexts>;

export const TEXT_STATEMENTS = {
  list: statement(
    'texts.list',
    ($: { limit: number }) => sql<Row>`
      SELECT kind, version, language, title, url, ask_again, effective_from, created_at,
             max(withdrawn_at) OVER (PARTITION BY kind, version) AS withdrawn_at
        FROM texts ORDER BY effective_from DESC, kind, version, language LIMIT ${$.limit}`,
  ),
  /** A statement of its own: the next one sees what was committed while this one waited. */
  lock: statement('texts.lock', () => sql`SELECT pg_advisory_xact_lock(hashtextextended('cardea texts', 0))`),
  publish: statement(
    'texts.publish',
    ($: Omit<Row, 'withdrawn_at'>) => sql`
      WITH published AS (
        INSERT INTO texts (kind, version, language, title, url, ask_again, effective_from, created_at)
        SELECT ${$.kind}, ${$.version}, ${$.language}, ${$.title}, ${$.url}, ${$.ask_again}, ${$.effective_from}, ${$.created_at}
         WHERE NOT EXISTS (
               SELECT 1 FROM texts
                WHERE kind = ${$.kind} AND version = ${$.version}
                  AND (lower(language) = lower(${$.language}) OR withdrawn_at IS NOT NULL
                       OR (ask_again, effective_from) <> (${$.ask_again}::boolean, ${$.effective_from}::timestamptz)))
        RETURNING 1)
      SELECT require_as_read((SELECT count(*) FROM published))`,
  ),
  withdrawVersion: statement(
    'texts.withdraw_version',
    ($: { kind: string; version: string; now: Date }) => sql`
      WITH withdrawn AS (
        UPDATE texts SET withdrawn_at = ${$.now}
         WHERE kind = ${$.kind} AND version = ${$.version} AND withdrawn_at IS NULL RETURNING 1)
      SELECT require_rows((SELECT count(*) FROM withdrawn))`,
  ),
  accept: statement(
    'texts.accept',
    ($: { accountId: string; kind: string; version: string; now: Date }) => sql`
      INSERT INTO accepted_texts (account_id, kind, version, accepted_at)
      SELECT ${$.accountId}, ${$.kind}, ${$.version}, ${$.now}
       WHERE NOT EXISTS (SELECT 1 FROM accepted_texts WHERE account_id = ${$.accountId} AND kind = ${$.kind}
                            AND version = ${$.version} AND withdrawn_at IS NULL)`,
  ),
  withdraw: statement(
    'texts.withdraw',
    ($: { accountId: string; kind: string; now: Date }) => sql`
      WITH withdrawn AS (
        UPDATE accepted_texts SET withdrawn_at = ${$.now}
         WHERE account_id = ${$.accountId} AND kind = ${$.kind} AND withdrawn_at IS NULL RETURNING 1)
      SELECT require_rows((SELECT count(*) FROM withdrawn))`,
  ),
  acceptedBy: statement(
    'texts.accepted_by',
    ($: { accountId: string; limit: number }) => sql<AcceptedRow>`
      SELECT * FROM accepted_texts WHERE account_id = ${$.accountId} ORDER BY accepted_at DESC LIMIT ${$.limit}`,
  ),
};

export function createTexts({ db, now }: { db: Db; now: Clock }): Texts {
  let read: { readonly texts: Text[]; readonly at: number } | undefined;

  async function list(): Promise<PublishedText[]> {
    return (await db.query(TEXT_STATEMENTS.list.bind({ limit: TEXTS_MAX }))).map(textOf);
  }

  async function load(): Promise<Text[]> {
    const texts = (await list()).filter(({ withdrawnAt }) => withdrawnAt === undefined);
    read = { texts, at: now() };
    return texts;
  }

  async function current(): Promise<readonly Text[]> {
    return read && now() - read.at < TEXTS_READ_EVERY_MS ? read.texts : load();
  }

  async function acceptedBy(accountId: string): Promise<Accepted[]> {
    const rows = await db.query(TEXT_STATEMENTS.acceptedBy.bind({ accountId, limit: TEXTS_MAX }));
    return rows.map((row) => ({
      kind: row.kind as TextKind,
      version: row.version,
      acceptedAt: row.accepted_at,
      withdrawnAt: row.withdrawn_at ?? undefined,
    }));
  }

  return {
    list,
    load: async () => void (await load()),
    publishing: ({ askAgain, effectiveFrom, ...text }) => [
      TEXT_STATEMENTS.lock.bind(),
      TEXT_STATEMENTS.publish.bind({
        ...text,
        ask_again: askAgain,
        effective_from: effectiveFrom,
        created_at: new Date(now()),
      }),
    ],
    withdrawingVersion: ({ kind, version }, at) => [
      TEXT_STATEMENTS.lock.bind(),
      TEXT_STATEMENTS.withdrawVersion.bind({ kind, version, now: at }),
    ],

    async missing({ acceptedTexts }) {
      return missingOf(await current(), acceptedTexts, now());
    },

    async inForceFor({ acceptedTexts }) {
      const accepted = (await current()).filter((one) => acceptedTexts.some((other) => isSame(one, other)));
      return accepted.filter((one) => one.version === accepted.find(({ kind }) => kind === one.kind)?.version);
    },

    accepting: (accountId, texts) =>
      [...new Map(texts.map((one) => [`${one.kind} ${one.version}`, one])).values()].map(({ kind, version }) =>
        TEXT_STATEMENTS.accept.bind({ accountId, kind, version, now: new Date(now()) }),
      ),
    withdrawing: (accountId, kind) => TEXT_STATEMENTS.withdraw.bind({ accountId, kind, now: new Date(now()) }),
    acceptedBy,
  };
}

function textOf({ kind, version, language, title, url, ...row }: Row): PublishedText {
  return {
    ...{ kind: kind as TextKind, version, language: languageTag(language) ?? language, title, url },
    askAgain: row.ask_again,
    effectiveFrom: row.effective_from,
    withdrawnAt: row.withdrawn_at ?? undefined,
  };
}

/** @returns the tag as it is written canonically, since case says nothing in it (RFC 5646 §2.1.1); undefined for what is no tag */
export function languageTag(text: string): string | undefined {
  try {
    return Intl.getCanonicalLocales(text)[0];
  } catch {
    return undefined;
  }
}

/** The texts of a kind that have come into force, the newest first. The version of the first is the one that applies. */
export function inForce<T extends Text>(texts: readonly T[], kind: TextKind, at: number): T[] {
  return texts
    .filter((one) => one.kind === kind && one.effectiveFrom.getTime() <= at)
    .toSorted((a, b) => b.effectiveFrom.getTime() - a.effectiveFrom.getTime());
}

/**
 * @param texts those that the operator has not withdrawn
 * @param accepted what the person has accepted and not withdrawn
 * @returns the texts that the person has to accept now: of each kind the version that came into force last, unless the person has accepted it, or
 * an earlier one after which no version asks again.
 */
export function missingOf(texts: readonly Text[], accepted: readonly AcceptedText[], at: number): Text[] {
  return TEXT_KINDS.flatMap((kind) => {
    const begun = inForce(texts, kind, at);
    const current = begun[0]?.version;
    const versions = [...new Set(begun.map(({ version }) => version))];
    const acceptedVersions = new Set(accepted.filter((one) => one.kind === kind).map(({ version }) => version));
    const latest = versions.findIndex((version) => acceptedVersions.has(version));
    const newer = versions.slice(0, latest === -1 ? undefined : latest);
    const asks = latest === -1 || begun.some(({ version, askAgain }) => askAgain && newer.includes(version));
    return asks ? begun.filter(({ version }) => version === current) : [];
  });
}

const isSame = (a: AcceptedText, b: AcceptedText) => a.kind === b.kind && a.version === b.version;

/**
 * The versions that the person had accepted at a time, and not withdrawn: of each kind the one accepted last. It compares seconds,
 * since that is how exactly grants have their times.
 */
export function acceptedAt(accepted: readonly Accepted[], at: Date): Accepted[] {
  const second = (time: Date) => Math.floor(time.getTime() / 1_000);
  const then = accepted
    .filter((one) => second(one.acceptedAt) <= second(at))
    .filter(({ withdrawnAt }) => withdrawnAt === undefined || second(withdrawnAt) > second(at))
    .toSorted((a, b) => b.acceptedAt.getTime() - a.acceptedAt.getTime());
  return TEXT_KINDS.flatMap((kind) => then.find((one) => one.kind === kind) ?? []);
}

/** Of each text the one in the language, or else in English or the first that there is. */
export function inLanguage(texts: readonly Text[], language: string): Text[] {
  const kinds = Map.groupBy(texts, ({ kind }) => kind);
  return [...kinds.values()].flatMap((some) => {
    const of = (wanted: string) => some.find((one) => one.language.toLowerCase().split('-')[0] === wanted);
    return of(language) ?? of('en') ?? some.slice(0, 1);
  });
}
