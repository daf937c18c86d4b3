import { createHmac, randomBytes } from 'node:crypto';
import { type RawBuilder, sql } from 'kysely';
import type { Clock } from '../platform/clock.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import { failedGuard } from '../platform/db_errors.ts';
import { AppError, unavailable } from '../platform/errors.ts';
import { subnet, widerSubnet } from '../platform/limits.ts';
import { hashToken } from '../platform/sealing.ts';
import { statement, tables } from '../platform/statement.ts';
import { type Excess, GRACE_MS, hasLiveGrant, type Removed, removal, removalForCapacity } from './capacity.ts';
import { type Client, clientOf } from './client.ts';
import type { RegistrationPolicy } from './registration_policy.ts';
import { newSecret } from './secrets.ts';
import type { SelfDescription } from './self_registration.ts';
import { CLIENT_STATEMENTS, type ClientColumns, type ClientRow, COLUMNS } from './statements.ts';
import { rowOf } from './vocabulary.ts';

/** Clients that the operator did not make. The number of unused ones is limited. */
export interface Registrations {
  /**
   * @param input `address`: of the request; `provided`: must hold, or nothing happens
   * @returns the client, with its secret and its registration access token, which are not stored
   * @throws AppError 401 `invalid_token` when `provided` does not hold, 429 `rate_limited` when too many clients that
   *   are in use, or new, come from there, 503 when only new clients of others could be removed
   */
  register(input: {
    readonly description: SelfDescription;
    readonly policy: RegistrationPolicy;
    readonly address: string;
    readonly provided?: BoundStatement | undefined;
    /** A statement more for the transaction that makes the client, or removes it again. */
    tell?(id: string, outcome: 'done' | 'refused'): BoundStatement;
    /** The same for others that are removed because there are too many. Default: `tellRemoved`. */
    tellRemoved?: TellRemoved;
  }): Promise<{ client: Client; secret?: string; managementToken: string }>;
  /** @returns undefined unless the registration access token is for that client (RFC 7592 §3) */
  findManaged(id: string, token: string): Promise<{ client: Client; policy: RegistrationPolicy } | undefined>;
  /**
   * Creates or updates the client of a document. @throws AppError 409 `client_exists` when the id belongs to another
   * kind of client
   */
  saveDocument(input: { readonly id: string; description: SelfDescription; freshUntil: Date }): Promise<Client>;
  /** Notes that tokens were issued to it; call it once a day (`USED_EVERY_MS`). */
  used(id: string): BoundStatement;
  /**
   * Removes clients that were not used for long, unless there is a live grant, in small batches. @returns their number
   */
  removeIdle(): Promise<number>;
}

/** Makes the entries of clients that had registered themselves and are removed, for the same transaction. */
export type TellRemoved = (ids: readonly string[], because: 'idle' | 'capacity') => BoundStatement;

export interface RegistrationsOptions {
  readonly db: Db;
  readonly now: Clock;
  readonly tellRemoved: TellRemoved;
  /** Key of the HMACs by which networks are stored. */
  readonly originKey: Uint8Array;
  /** Maximum number of unused clients: from one address (or host of documents), network and redirect host, and in all. */
  readonly kept: Readonly<Record<'address' | 'network' | 'host' | 'server', number>>;
  /** Seconds without use, after which a client is removed. */
  readonly idleSeconds: number;
}

export const USED_EVERY_MS = 86_400_000;
/** A registered client is normally used soon: a week is long enough for the first time. */
const FIRST_USE_SECONDS = 7 * 86_400;
/** A document can be fetched again: a client that was never used is only a cache. */
const DOCUMENT_FIRST_USE_SECONDS = 86_400;
const DOCUMENTS_UNUSED = 1_000;
/** Number of unused clients of one network. */
const shareOf = (quota: number) => Math.max(1, Math.floor(quota / 10));
/** Number of used clients of one network, for each unused one. */
const USED_FACTOR = 100;
const BATCH = 1_000;

/** Share that stays when a quota is used up: some less, so that not every registration has to remove clients. */
const reduced = (quota: number) => Math.max(1, Math.floor(quota * 0.9));

interface Surplus {
  readonly now: Date;
  /** Number of clients that stay, with the new one. */
  readonly remaining: number;
  /** The new client, which stays. */
  readonly newId: string;
}

/** Removes the oldest unused clients. @param which condition on the clients */
const surplus = ($: Surplus, which: RawBuilder<unknown>) =>
  removal(sql`
    SELECT id FROM clients c WHERE ${which} AND used_at IS NULL AND id <> ${$.newId} AND NOT ${hasLiveGrant($.now)}
     ORDER BY created_at DESC OFFSET ${$.remaining}::int - 1 LIMIT ${BATCH}`);

/** Stops counting at the limit. */
const countOf = (which: RawBuilder<unknown>, limit: number): RawBuilder<unknown> =>
  sql`(SELECT count(*)::int FROM (SELECT 1 FROM clients WHERE ${which} LIMIT ${limit}) AS those)`;

type NewDocument = Pick<
  ClientColumns,
  'id' | 'name' | 'metadata' | 'open_scope' | 'host' | 'created_at' | 'fresh_until' | 'expires_at'
>;
type NewRegistration = Omit<NewDocument, 'fresh_until'> &
  Pick<ClientColumns, 'secret_hash' | 'management_token_hash' | 'policy' | 'origin' | 'origin_prefix'>;

/** Up to which number the unused clients of each are counted. */
interface UnusedLimits {
  readonly origin: Buffer;
  readonly originLimit: number;
  readonly host: string | null;
  readonly hostLimit: number;
  readonly prefix: Buffer;
  readonly prefixLimit: number;
  readonly allLimit: number;
}

export const REGISTRATION_STATEMENTS = {
  insert: statement(
    'registrations.insert',
    ($: NewRegistration) => sql<ClientRow>`
      INSERT INTO clients (id, kind, name, secret_hash, metadata, open_scope, management_token_hash, policy, origin,
                           origin_prefix, host, created_at, updated_at, expires_at)
      VALUES (${$.id}, 'dynamic', ${$.name}, ${$.secret_hash}, ${$.metadata}, ${$.open_scope}, ${$.management_token_hash},
              ${$.policy}, ${$.origin}, ${$.origin_prefix}, ${$.host}, ${$.created_at}, ${$.created_at}, ${$.expires_at})
      RETURNING ${COLUMNS}`,
  ),
  saveDocument: statement(
    'registrations.save_document',
    ($: NewDocument) => sql<ClientRow>`
      INSERT INTO clients AS c (id, kind, name, metadata, open_scope, host, created_at, updated_at, fresh_until, expires_at)
      VALUES (${$.id}, 'document', ${$.name}, ${$.metadata}, ${$.open_scope}, ${$.host}, ${$.created_at}, ${$.created_at},
              ${$.fresh_until}, ${$.expires_at})
      ON CONFLICT (id) DO UPDATE
         SET name = excluded.name, metadata = excluded.metadata, open_scope = excluded.open_scope,
             fresh_until = excluded.fresh_until, updated_at = greatest(c.updated_at, excluded.updated_at)
       WHERE c.kind = 'document'
      RETURNING ${COLUMNS}`,
  ),
  findManaged: statement(
    'registrations.find_managed',
    ($: { id: string; tokenHash: Buffer }) => sql<ClientRow & { policy: RegistrationPolicy }>`
      SELECT ${COLUMNS}, policy FROM clients
       WHERE id = ${$.id} AND kind = 'dynamic' AND management_token_hash = ${$.tokenHash}`,
  ),
  countAll: statement(
    'registrations.count_all',
    ($: { origin: Buffer; limit: number }) => sql<{ count: number }>`
      SELECT ${countOf(sql`kind = 'dynamic' AND origin = ${$.origin}`, $.limit)} AS count`,
  ),
  countUnused: statement('registrations.count_unused', ($: UnusedLimits) => {
    const unused = sql`kind = 'dynamic' AND used_at IS NULL`;
    return sql<{ of_origin: number; of_host: number; of_prefix: number; of_all: number }>`
      SELECT ${countOf(sql`${unused} AND origin = ${$.origin}`, $.originLimit)} AS of_origin,
             ${countOf(sql`${unused} AND kind <> 'operator' AND host = ${$.host}`, $.hostLimit)} AS of_host,
             ${countOf(sql`${unused} AND origin_prefix = ${$.prefix}`, $.prefixLimit)} AS of_prefix,
             ${countOf(unused, $.allLimit)} AS of_all`;
  }),
  surplusOfOrigin: statement('registrations.surplus_origin', ($: Surplus & { origin: Buffer }) =>
    surplus($, sql`kind = 'dynamic' AND origin = ${$.origin}`),
  ),
  enforcePrefixLimit: statement('registrations.limit_prefix', ($: Excess & { prefix: Buffer }) =>
    removalForCapacity($, sql`origin_prefix = ${$.prefix}`, 'origin'),
  ),
  enforceHostLimit: statement('registrations.limit_host', ($: Excess & { host: string | null }) =>
    removalForCapacity($, sql`host = ${$.host}`, 'origin_prefix'),
  ),
  enforceAllLimit: statement('registrations.limit_all', ($: Excess) =>
    removalForCapacity($, sql`true`, 'origin_prefix'),
  ),
  remove: statement('registrations.remove', ($: { id: string }) => tables.deleteFrom('clients').where('id', '=', $.id)),
  // `kind` is a parameter so that Postgres uses the index by host, and not that of all documents.
  surplusOfHost: statement('registrations.surplus_host', ($: Surplus & { host: string; kind: 'document' }) =>
    surplus($, sql`kind <> 'operator' AND kind = ${$.kind} AND host = ${$.host}`),
  ),
  surplusOfDocuments: statement('registrations.surplus_documents', ($: Surplus) => surplus($, sql`kind = 'document'`)),
  used: statement('registrations.used', ($: { id: string; usedAt: Date; expiresAt: Date }) =>
    tables
      .updateTable('clients')
      .set({ used_at: $.usedAt, expires_at: $.expiresAt })
      .where('id', '=', $.id)
      .where('kind', '<>', 'operator'),
  ),
  removeIdle: statement('registrations.remove_idle', ($: { now: Date }) =>
    removal(sql`
      SELECT id FROM clients c WHERE kind <> 'operator' AND expires_at < ${$.now} AND NOT ${hasLiveGrant($.now)}
       ORDER BY expires_at LIMIT ${BATCH}`),
  ),
};

function refuseUsedUp(cause: unknown): never {
  if (failedGuard(cause) !== 'require_single_use') throw cause;
  throw new AppError('invalid_token', 'the initial access token is used up', { cause });
}

export function createRegistrations(options: RegistrationsOptions): Registrations {
  const { db, now, kept, originKey } = options;
  const { address: quota, network: prefixQuota, host: hostQuota, server: allQuota } = kept;
  const inSeconds = (seconds: number) => new Date(now() + seconds * 1000);
  const networkKey = (network: string) => createHmac('sha256', originKey).update(network).digest();
  const firstUse = Math.min(FIRST_USE_SECONDS, options.idleSeconds);

  /** @returns the number of clients that the statement has removed */
  function removeUnused(
    bound: BoundStatement<Removed>,
    because: 'idle' | 'capacity',
    tell: TellRemoved,
  ): Promise<number> {
    return db.transaction(async (send) => {
      const [gone] = await send<[Removed]>([bound]);
      // Those of documents are copies, of which the audit tells nothing.
      const ids = gone.filter(({ kind }) => kind === 'dynamic').map(({ id }) => id);
      if (ids.length > 0) await send([tell(ids, because)]);
      return gone.length;
    });
  }

  return {
    async register({ description, policy, address, provided, tell, tellRemoved = options.tellRemoved }) {
      const { name, metadata, openScope, host = null } = description;
      const at = new Date(now());
      const origin = networkKey(subnet(address));
      const prefix = networkKey(`wider ${widerSubnet(address)}`);
      const most = quota * USED_FACTOR;
      const [present] = await db.query(REGISTRATION_STATEMENTS.countAll.bind({ origin, limit: most }));
      if ((present?.count ?? 0) >= most) {
        throw new AppError('rate_limited', 'too many clients have been registered from this network');
      }
      const id = randomBytes(16).toString('hex');
      const secret = rowOf.authentication(metadata.token_endpoint_auth_method).secret ? newSecret() : undefined;
      const managementToken = newSecret();
      const insert = REGISTRATION_STATEMENTS.insert.bind({
        id,
        name,
        secret_hash: secret === undefined ? null : hashToken(secret),
        metadata: JSON.stringify(metadata),
        open_scope: openScope,
        management_token_hash: hashToken(managementToken),
        policy: JSON.stringify(policy),
        origin,
        origin_prefix: prefix,
        host,
        created_at: at,
        expires_at: inSeconds(firstUse),
      });
      // Counted after the insert: of parallel registrations, each sees the earlier ones.
      const count = REGISTRATION_STATEMENTS.countUnused.bind({
        origin,
        originLimit: quota + 1,
        host,
        hostLimit: hostQuota + 1,
        prefix,
        prefixLimit: prefixQuota + 1,
        allLimit: allQuota + 1,
      });
      const told = (outcome: 'done' | 'refused') => (tell ? [tell(id, outcome)] : []);
      const bound = [...(provided ? [provided] : []), ...told('done'), insert, count];
      const [inserted, counts] = (await db.transact(bound).catch(refuseUsedUp)).slice(-2);
      const client = clientOf(inserted?.[0] as unknown as ClientRow);
      const {
        of_origin = 0,
        of_host = 0,
        of_prefix = 0,
        of_all = 0,
      } = (counts?.[0] ?? {}) as Partial<Record<string, number>>;
      if (of_origin > quota) {
        const surplusOfOrigin = { now: at, remaining: reduced(quota), newId: id, origin };
        await removeUnused(REGISTRATION_STATEMENTS.surplusOfOrigin.bind(surplusOfOrigin), 'capacity', tellRemoved);
      }
      const graceEnd = new Date(at.getTime() - GRACE_MS);
      const enforceLimit = async (limit: number, count: number, bind: (excess: Excess) => BoundStatement<Removed>) => {
        if (count <= limit) return true;
        const excess = { now: at, newId: id, graceEnd, share: shareOf(quota), excess: count - reduced(limit) };
        return (await removeUnused(bind(excess), 'capacity', tellRemoved)) > 0;
      };
      const { enforcePrefixLimit, enforceHostLimit, enforceAllLimit } = REGISTRATION_STATEMENTS;
      const hasCapacity =
        (await enforceLimit(prefixQuota, of_prefix, (excess) => enforcePrefixLimit.bind({ ...excess, prefix }))) &&
        (await enforceLimit(hostQuota, of_host, (excess) => enforceHostLimit.bind({ ...excess, host }))) &&
        (await enforceLimit(allQuota, of_all, (excess) => enforceAllLimit.bind(excess)));
      // The operator trusts the holder of a token.
      if (!hasCapacity && !provided) {
        await db.transact([REGISTRATION_STATEMENTS.remove.bind({ id }), ...told('refused')]);
        throw of_prefix > prefixQuota
          ? new AppError(
              'rate_limited',
              'too many clients have been registered from this network; wait until they are used',
            )
          : unavailable('registration');
      }
      return { client, managementToken, ...(secret === undefined ? {} : { secret }) };
    },

    async findManaged(id, token) {
      if (!/^[0-9a-f]{32}$/.test(id)) return undefined;
      const [row] = await db.query(REGISTRATION_STATEMENTS.findManaged.bind({ id, tokenHash: hashToken(token) }));
      return row && { client: clientOf(row), policy: row.policy };
    },

    async saveDocument({ id, description, freshUntil }) {
      const { name, metadata, openScope } = description;
      const { hostname } = new URL(id);
      const at = new Date(now());
      const expiresAt = inSeconds(DOCUMENT_FIRST_USE_SECONDS);
      const [rows] = await db.transact([
        REGISTRATION_STATEMENTS.saveDocument.bind({
          id,
          name,
          metadata: JSON.stringify(metadata),
          open_scope: openScope,
          host: hostname,
          created_at: at,
          fresh_until: freshUntil,
          expires_at: expiresAt,
        }),
        REGISTRATION_STATEMENTS.surplusOfHost.bind({
          now: at,
          remaining: reduced(quota),
          newId: id,
          host: hostname,
          kind: 'document',
        }),
        REGISTRATION_STATEMENTS.surplusOfDocuments.bind({ now: at, remaining: reduced(DOCUMENTS_UNUSED), newId: id }),
        CLIENT_STATEMENTS.notify.bind({ id }),
      ]);
      const [row] = rows;
      if (!row) throw new AppError('client_exists', 'client_id: is the id of another client');
      return clientOf(row);
    },

    used: (id) =>
      REGISTRATION_STATEMENTS.used.bind({
        id,
        usedAt: new Date(now()),
        expiresAt: inSeconds(options.idleSeconds),
      }),

    async removeIdle() {
      let total = 0;
      for (let gone = BATCH; gone === BATCH; total += gone) {
        const idle = REGISTRATION_STATEMENTS.removeIdle.bind({ now: new Date(now()) });
        gone = await removeUnused(idle, 'idle', options.tellRemoved);
      }
      return total;
    },
  };
}
