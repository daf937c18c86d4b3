import { randomBytes } from 'node:crypto';
import { type Selectable, sql } from 'kysely';
import type { Clock } from '../platform/clock.ts';
import type { Links as LinksTable } from '../platform/database.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import { failedGuard } from '../platform/db_errors.ts';
import { AppError } from '../platform/errors.ts';
import { ownKeyOf, ownSealing, type ReadColumns } from '../platform/own_sealing.ts';
import { hashToken, type Sealer } from '../platform/sealing.ts';
import { statement, tables } from '../platform/statement.ts';
import type { Account } from './account.ts';
import type { Accounts } from './store.ts';

/** The purpose of a mailed link, for which alone it is valid. */
export const LINK_PURPOSES = [
  'reset_password',
  'sign_up',
  'verify_email',
  'change_email',
  'invitation',
  'unlock',
] as const;
export type LinkPurpose = (typeof LINK_PURPOSES)[number];

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Seconds, as short as the purpose allows, so that old mails contain no working links. */
export const LINK_LIFETIMES: Readonly<Record<LinkPurpose, number>> = {
  reset_password: 30 * MINUTE,
  sign_up: DAY,
  verify_email: DAY,
  change_email: HOUR,
  invitation: 7 * DAY,
  unlock: HOUR,
};

/** The state of the account when the link was made. When it has changed, the link does not work any more. */
export interface LinkPayload {
  /** The address that the link proves, as it was when the mail went out. */
  readonly email?: string;
  /** The account's epoch: a link becomes invalid when the person's credentials change. */
  readonly epoch?: number;
}

export interface Link {
  readonly purpose: LinkPurpose;
  /** Undefined for a sign-up: there is no account yet. */
  readonly accountId: string | undefined;
  readonly payload: LinkPayload;
  readonly expiresAt: Date;
}

/**
 * Links that are mailed. The token has 256 bits and is stored as a hash; the link's data is sealed. A link is valid for
 * one purpose and one account, once and for a short time.
 */
export interface Links {
  /** @returns the token, and the statement that makes it work */
  create(
    purpose: LinkPurpose,
    about: { account?: Account; payload: LinkPayload; lifetimeSeconds?: number },
  ): { token: string; bound: BoundStatement };
  /** Reads a link without using it up, because mail scanners follow links as well. Undefined when it is not valid. */
  peek(purpose: LinkPurpose, token: string): Promise<Link | undefined>;
  /**
   * Uses a link up, in the transaction of the change that it allows: only one of several parallel uses finds it, and the
   * transactions of the others fail (`isUsedUp`).
   */
  consume(purpose: LinkPurpose, token: string): BoundStatement;
  /**
   * Ends all links of an account, as every change of password or address does, or those of one purpose. In the same
   * transaction it comes after `consume`.
   */
  endAllOf(accountId: string, purpose?: LinkPurpose): BoundStatement;
}

/** True for the error of a transaction whose link was used meanwhile. */
export function isUsedUp(error: unknown): boolean {
  return failedGuard(error) === 'require_single_use';
}

/** One error for a link that was used, has expired, was replaced or never existed, so that it does not reveal which. */
export function linkGone(cause?: unknown): AppError {
  return new AppError('link_gone', 'the link no longer works', { cause });
}

/** The parameters by which statements find a valid link. */
interface PresentedLink {
  readonly tokenHash: Buffer;
  readonly purpose: string;
  readonly now: Date;
}

export const LINK_STATEMENTS = {
  insert: statement('links.insert', ($: Selectable<LinksTable>) =>
    tables.insertInto('links').values({
      token_hash: $.token_hash,
      purpose: $.purpose,
      account_id: $.account_id,
      sealed: $.sealed,
      sealed_own: $.sealed_own,
      created_at: $.created_at,
      expires_at: $.expires_at,
    }),
  ),
  find: statement(
    'links.find',
    ($: PresentedLink) => sql<ReadColumns & { expires_at: Date }>`
      SELECT account_id, sealed, sealed_own, expires_at, ${sql.raw(ownKeyOf('links.account_id'))} AS own_key
        FROM links WHERE token_hash = ${$.tokenHash} AND purpose = ${$.purpose} AND expires_at > ${$.now}`,
  ),
  consume: statement(
    'links.consume',
    ($: PresentedLink) => sql`
      WITH used AS (
        DELETE FROM links WHERE token_hash = ${$.tokenHash} AND purpose = ${$.purpose} AND expires_at > ${$.now} RETURNING 1
      )
      SELECT require_single_use(1, (SELECT count(*) FROM used))`,
  ),
  endAll: statement(
    'links.end_all',
    ($: { accountId: string; purpose: string | null }) => sql`
      DELETE FROM links WHERE account_id = ${$.accountId} AND (${$.purpose}::text IS NULL OR purpose = ${$.purpose})`,
  ),
};

const TOKEN_BYTES = 32;
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

interface Sealed {
  readonly purpose: LinkPurpose;
  readonly accountId: string | null;
  readonly payload: LinkPayload;
}

export function createLinks(parts: {
  db: Db;
  sealer: Sealer;
  people: Pick<Accounts, 'ownerOf' | 'sealerFrom'>;
  now: Clock;
}): Links {
  const { db, people, now } = parts;
  const sealing = ownSealing(parts, 'links');
  return {
    create(purpose, { account, payload, lifetimeSeconds = LINK_LIFETIMES[purpose] }) {
      const token = randomBytes(TOKEN_BYTES).toString('base64url');
      const hash = hashToken(token);
      const createdAt = now();
      // Purpose and account are sealed as well, so that a changed row is not valid for another one.
      const content: Sealed = { purpose, accountId: account?.id ?? null, payload };
      const bound = LINK_STATEMENTS.insert.bind({
        token_hash: hash,
        purpose,
        ...sealing.seal(hash.toString('hex'), account && people.ownerOf(account), content),
        created_at: new Date(createdAt),
        expires_at: new Date(createdAt + lifetimeSeconds * 1000),
      });
      return { token, bound };
    },

    async peek(purpose, token) {
      if (!TOKEN.test(token)) return undefined;
      const hash = hashToken(token);
      const [row] = await db.query(LINK_STATEMENTS.find.bind({ tokenHash: hash, purpose, now: new Date(now()) }));
      // Without its key the account counts as gone, and so does the link.
      if (!row || (row.sealed_own && !row.own_key)) return undefined;
      const content = sealing.open(hash.toString('hex'), row) as Sealed;
      if (content.purpose !== purpose || content.accountId !== row.account_id) return undefined;
      return {
        purpose,
        accountId: content.accountId ?? undefined,
        payload: content.payload,
        expiresAt: row.expires_at,
      };
    },

    consume: (purpose, token) =>
      LINK_STATEMENTS.consume.bind({ tokenHash: hashToken(token), purpose, now: new Date(now()) }),

    endAllOf: (accountId, purpose) => LINK_STATEMENTS.endAll.bind({ accountId, purpose: purpose ?? null }),
  };
}
