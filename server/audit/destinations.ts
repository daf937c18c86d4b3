import { randomUUID } from 'node:crypto';
import { type Selectable, sql } from 'kysely';
import type { Clock } from '../platform/clock.ts';
import type { AuditDestinations } from '../platform/database.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import { AppError, invalidInput, notFound } from '../platform/errors.ts';
import { createListing, type ListRequest, type Page } from '../platform/listing.ts';
import { type PlannedChange, refusedBy } from '../platform/planned.ts';
import { openJson, type Place, type Sealer, sealJson } from '../platform/sealing.ts';
import { statement, wasCreatedAt } from '../platform/statement.ts';
import { assertActions } from './destination_filter.ts';
import { checkSettings, type DestinationKind, type DestinationSettings, isSigned } from './destination_settings.ts';
import { newSecret, type Secrets } from './webhooks.ts';

/** Where the sealed log of the audit is sent to. */
export interface Destination {
  readonly id: string;
  readonly name: string;
  readonly kind: DestinationKind;
  readonly settings: DestinationSettings;
  /** Actions by name, or all that begin like `users.*`; for a client, types of events. Empty: all. */
  readonly actions: readonly string[];
  /** Empty: all. */
  readonly outcomes: readonly string[];
  /** The client whose events it gets; undefined: the whole audit. */
  readonly clientId: string | undefined;
  /** For a client: also about people who have not used it. */
  readonly everybody: boolean;
  /** Signed heads are sent as well. */
  readonly heads: boolean;
  /** Address and device are sent as well, in clear. Not for a client. */
  readonly details: boolean;
  /** The index of the event that comes next. */
  readonly position: number;
  readonly enabled: boolean;
  /** The reason, when the server has disabled it: the receiver asked for it, or `dead_letters`, when there are too many. */
  readonly disabledReason: string | undefined;
  /** Attempts that have failed for what comes next. */
  readonly attempts: number;
  readonly lastFailure: string | undefined;
  readonly nextAttemptAt: Date;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export type DestinationInput = Pick<
  Destination,
  'name' | 'actions' | 'outcomes' | 'everybody' | 'heads' | 'details'
> & {
  readonly settings: DestinationSettings;
};

export type DestinationRow = Selectable<AuditDestinations>;

/** From where events are sent: an index, or a time; undefined: from now on. */
export type From = number | Date | undefined;

export type PlannedDestination = PlannedChange & { readonly after: Destination };

/** Each change is a plan, for the caller's transaction. A change that a worker does not know of yet ends its lease. */
export interface Destinations {
  find(id: string): Promise<Destination | undefined>;
  /** The oldest first, unless the request says otherwise. @throws AppError 400 `invalid_input` */
  list(request?: ListRequest): Promise<Page<Destination>>;
  /**
   * @returns also the secret that signs, where the kind has one
   * @throws AppError 400 `invalid_input` with the field, 409 `conflict` when there are too many
   */
  creating(
    input: DestinationInput & { readonly kind: DestinationKind; readonly clientId: string | undefined },
    from: From,
  ): Promise<PlannedDestination & { readonly secret: string | undefined }>;
  /** @throws AppError 400 `invalid_input` */
  updating(before: Destination, input: DestinationInput): PlannedDestination;
  /** Dead letters go with it. */
  removing(before: Destination): PlannedChange;
  /** Begins where it stopped. */
  enabling(before: Destination): PlannedDestination;
  disabling(before: Destination): PlannedDestination;
  /** Sends again from there on. @throws AppError 400 `invalid_input` */
  replaying(before: Destination, from: number | Date): Promise<PlannedDestination>;
  /** Both secrets sign until then. @throws AppError 409 `no_secret` */
  rotating(before: Destination, oldUntil: Date): Promise<PlannedDestination & { readonly secret: string }>;
}

export const DESTINATIONS_CHANNEL = 'cardea_audit_destinations';

/** Dead letters of one destination: an operator looks at them long before. */
export const LETTERS_MAX = 1_000;

/** Each takes a turn of a worker, and a look at the log. */
const MOST = 100;

const NOTIFY = sql`pg_notify(${DESTINATIONS_CHANNEL}, '')`;
const FREE = sql`lease_id = NULL, leased_until = NULL`;

type Inserted = Pick<
  DestinationRow,
  'id' | 'name' | 'kind' | 'sealed_secret' | 'client_id' | 'everybody' | 'heads' | 'details' | 'created_at'
> & {
  settings: string;
  actions: readonly string[];
  outcomes: readonly string[];
  position: number;
};

interface Of {
  id: string;
  version: number;
  createdAt: Date;
  now: Date;
}

const changed = (name: string, set: ($: Of) => ReturnType<typeof sql>) =>
  statement(`audit_destinations.${name}`, ($: Of) => changeOf($, set($)));

const changeOf = ($: Of, set: ReturnType<typeof sql>) => sql`
  WITH changed AS (
    UPDATE audit_destinations SET ${set}, ${FREE}, version = version + 1, updated_at = ${$.now}
     WHERE id = ${$.id}::uuid AND version = ${$.version} AND ${wasCreatedAt($.createdAt)} RETURNING 1)
  SELECT require_as_read((SELECT count(*) FROM changed)), ${NOTIFY}`;

export const DESTINATION_STATEMENTS = {
  find: statement(
    'audit_destinations.find',
    ($: { id: string }) => sql<DestinationRow>`SELECT * FROM audit_destinations WHERE id = ${$.id}::uuid`,
  ),
  count: statement(
    'audit_destinations.count',
    () => sql<{ n: number }>`SELECT count(*)::int AS n FROM audit_destinations`,
  ),
  insert: statement(
    'audit_destinations.insert',
    ($: Inserted) => sql`
      WITH made AS (
        INSERT INTO audit_destinations (id, name, kind, settings, sealed_secret, actions, outcomes, client_id, everybody, heads, details,
                                        position, head_position, enabled, next_attempt_at, created_at, updated_at)
        VALUES (${$.id}, ${$.name}, ${$.kind}, ${$.settings}::jsonb, ${$.sealed_secret}, ${$.actions}::text[], ${$.outcomes}::text[],
                ${$.client_id}, ${$.everybody}, ${$.heads}, ${$.details}, ${$.position}::bigint, ${$.position}::bigint, true, ${$.created_at},
                ${$.created_at}, ${$.created_at}))
      SELECT ${NOTIFY}`,
  ),
  update: statement(
    'audit_destinations.update',
    ($: Of & Omit<Inserted, 'kind' | 'sealed_secret' | 'client_id' | 'created_at' | 'position'>) =>
      changeOf(
        $,
        sql`name = ${$.name}, settings = ${$.settings}::jsonb, actions = ${$.actions}::text[], outcomes = ${$.outcomes}::text[],
            everybody = ${$.everybody}, heads = ${$.heads}, details = ${$.details}, next_attempt_at = ${$.now}`,
      ),
  ),
  remove: statement(
    'audit_destinations.remove',
    ($: Omit<Of, 'now'>) => sql`
      WITH removed AS (DELETE FROM audit_destinations
                        WHERE id = ${$.id}::uuid AND version = ${$.version} AND ${wasCreatedAt($.createdAt)} RETURNING 1)
      SELECT require_as_read((SELECT count(*) FROM removed))`,
  ),
  enable: changed(
    'enable',
    ($) => sql`enabled = true, disabled_reason = NULL, attempts = 0, last_failure = NULL, next_attempt_at = ${$.now}`,
  ),
  disable: changed('disable', () => sql`enabled = false, disabled_reason = NULL`),
  replay: statement('audit_destinations.replay', ($: Of & { position: number }) =>
    changeOf(
      $,
      sql`position = ${$.position}::bigint, head_position = LEAST(head_position, ${$.position}::bigint), attempts = 0,
          last_failure = NULL, next_attempt_at = ${$.now}`,
    ),
  ),
  rotate: statement('audit_destinations.rotate', ($: Of & { sealed: Buffer }) =>
    changeOf($, sql`sealed_secret = ${$.sealed}`),
  ),
  /** The workers are told that the log has grown, where there is somewhere to send it. */
  tell: statement(
    'audit_destinations.tell',
    () => sql`SELECT ${NOTIFY} WHERE EXISTS (SELECT 1 FROM audit_destinations WHERE enabled)`,
  ),
  logSize: statement(
    'audit_destinations.log_size',
    () => sql<{ size: string }>`SELECT COALESCE(max(index) + 1, 0) AS size FROM audit_leaves`,
  ),
  /** Events of about the same time may be in another order in the log. */
  indexAt: statement(
    'audit_destinations.index_at',
    ($: { at: Date }) => sql<{ index: string | null }>`
      SELECT min(l.index) AS index FROM (SELECT id FROM audit WHERE at >= ${$.at} ORDER BY at, id LIMIT 1000) e
        JOIN audit_leaves l ON l.event_id = e.id`,
  ),
  hasEvent: statement(
    'audit_destinations.has_event',
    ($: { index: number }) => sql<{ found: boolean }>`
      SELECT EXISTS (SELECT 1 FROM audit_leaves l JOIN audit e ON e.id = l.event_id WHERE l.index = ${$.index}::bigint) AS found`,
  ),
  awaits: statement(
    'audit_destinations.awaits',
    ($: { before: string }) => sql<{ held: boolean }>`
      SELECT EXISTS (SELECT 1 FROM audit_leaves
                      WHERE index >= (SELECT min(position) FROM audit_destinations WHERE enabled)
                        AND event_id < ${$.before}::uuid) AS held`,
  ),
};

const TIMES = ['gt', 'ge', 'lt', 'le'] as const;

export const DESTINATION_LIST = createListing<DestinationRow, Destination>({
  name: 'audit_destinations',
  select: '*',
  from: 'audit_destinations',
  id: { sql: 'id', type: 'uuid' },
  fields: {
    kind: { sql: 'kind', type: 'text', operators: ['eq', 'ne'] },
    name: { sql: 'name', type: 'text', operators: ['eq', 'ne', 'sw'] },
    client_id: { sql: 'client_id', type: 'text', operators: ['eq', 'ne', 'pr'], nullable: true },
    enabled: { sql: 'enabled', type: 'boolean', operators: ['eq', 'ne'] },
    created_at: { sql: 'created_at', type: 'time', operators: TIMES },
  },
  sorts: { created_at: { sql: 'created_at', type: 'time' } },
  defaultSort: 'created_at',
  item: readDestination,
});

/** True when an enabled destination has not had an event before this id: the retention leaves it. @throws AppError 503 */
export async function isAwaited(db: Pick<Db, 'query'>, before: string): Promise<boolean> {
  const [row] = await db.query(DESTINATION_STATEMENTS.awaits.bind({ before }));
  return row?.held === true;
}

export function createDestinations(parts: {
  readonly db: Pick<Db, 'query' | 'transact'>;
  readonly sealer: Sealer;
  readonly now: Clock;
}): Destinations {
  const { db, sealer, now } = parts;

  async function positionOf(from: From): Promise<number> {
    const [row] = await db.query(DESTINATION_STATEMENTS.logSize.bind());
    const size = Number(row?.size ?? 0);
    if (from === undefined) return size;
    if (from instanceof Date) {
      const [first] = await db.query(DESTINATION_STATEMENTS.indexAt.bind({ at: from }));
      return first?.index == null ? size : Number(first.index);
    }
    if (from > size) throw invalidInput('from', `must be at most ${size}, which is the number of entries in the log`);
    if (from === size) return from;
    const [event] = await db.query(DESTINATION_STATEMENTS.hasEvent.bind({ index: from }));
    if (!event?.found)
      throw invalidInput('from', `names the entry ${from}, which the retention has removed: begin later`);
    return from;
  }

  const of = ({ id, version, createdAt }: Destination): Of => ({ id, version, createdAt, now: new Date(now()) });
  const refuse = refusedBy({});
  /** @param bind with the values of the row and the time of the change @param change with that time as well */
  function planned(
    before: Destination,
    bind: ($: Of) => BoundStatement,
    change: (at: Date) => Partial<Destination>,
  ): PlannedDestination {
    const $ = of(before);
    const after = { ...before, ...change($.now), version: before.version + 1, updatedAt: $.now };
    return { statements: [bind($)], refuse, after };
  }

  return {
    list: (request = {}) => DESTINATION_LIST.read(db, request),

    async find(id) {
      const [row] = await db.query(DESTINATION_STATEMENTS.find.bind({ id }));
      return row && readDestination(row);
    },

    async creating({ kind, clientId, ...input }, from) {
      const settings = checkSettings(kind, input.settings);
      if (clientId !== undefined && !isSigned(kind))
        throw invalidInput('kind', 'must be webhook or cloudevents for a client');
      assertDetails(clientId, input);
      assertActions(clientId === undefined ? 'audit' : 'app', input.actions);
      const [found] = await db.query(DESTINATION_STATEMENTS.count.bind());
      if ((found?.n ?? 0) >= MOST) throw new AppError('conflict', `there are ${MOST} destinations already: delete one`);
      const [id, createdAt, position] = [randomUUID(), new Date(now()), await positionOf(from)];
      const secret = isSigned(kind) ? newSecret() : undefined;
      const after: Destination = {
        ...input,
        id,
        kind,
        settings,
        clientId,
        position,
        enabled: true,
        disabledReason: undefined,
        attempts: 0,
        lastFailure: undefined,
        nextAttemptAt: createdAt,
        version: 1,
        createdAt,
        updatedAt: createdAt,
      };
      const insert = DESTINATION_STATEMENTS.insert.bind({
        ...after,
        settings: JSON.stringify(settings),
        sealed_secret: secret === undefined ? null : sealSecrets(sealer, id, { current: secret }),
        client_id: clientId ?? null,
        created_at: createdAt,
      });
      return { statements: [insert], refuse, after, secret };
    },

    updating(before, input) {
      const settings = checkSettings(before.kind, input.settings);
      assertDetails(before.clientId, input);
      // One that it has already may be of an earlier version.
      const added = input.actions.filter((name) => !before.actions.includes(name));
      assertActions(before.clientId === undefined ? 'audit' : 'app', added);
      const values = { ...input, settings: JSON.stringify(settings) };
      const bind = ($: Of) => DESTINATION_STATEMENTS.update.bind({ ...$, ...values });
      return planned(before, bind, () => ({ ...input, settings }));
    },

    removing: (before) => ({ statements: [DESTINATION_STATEMENTS.remove.bind(of(before))], refuse }),

    enabling: (before) =>
      planned(before, DESTINATION_STATEMENTS.enable.bind, (nextAttemptAt) => ({
        enabled: true,
        disabledReason: undefined,
        attempts: 0,
        lastFailure: undefined,
        nextAttemptAt,
      })),

    disabling: (before) =>
      planned(before, DESTINATION_STATEMENTS.disable.bind, () => ({ enabled: false, disabledReason: undefined })),

    async replaying(before, from) {
      const position = await positionOf(from);
      const bind = ($: Of) => DESTINATION_STATEMENTS.replay.bind({ ...$, position });
      return planned(before, bind, (nextAttemptAt) => ({
        position,
        attempts: 0,
        lastFailure: undefined,
        nextAttemptAt,
      }));
    },

    async rotating(before, oldUntil) {
      const [row] = await db.query(DESTINATION_STATEMENTS.find.bind({ id: before.id }));
      if (!row) throw notFound('destination', before.id);
      if (row.sealed_secret === null) {
        throw new AppError('no_secret', `a destination of the kind ${before.kind} has no secret`);
      }
      const { current: previous } = openSecrets(sealer, row.id, row.sealed_secret);
      const secret = newSecret();
      const sealed = sealSecrets(sealer, row.id, { current: secret, previous, until: oldUntil.getTime() });
      const bind = ($: Of) => DESTINATION_STATEMENTS.rotate.bind({ ...$, sealed });
      return { ...planned(before, bind, () => ({})), secret };
    },
  };
}

/** An app gets events about people by the `sub` that it knows, without their addresses and devices. */
function assertDetails(clientId: string | undefined, { details }: Pick<Destination, 'details'>): void {
  if (clientId !== undefined && details) throw invalidInput('details', 'must be false for a client');
}

export function readDestination(row: DestinationRow): Destination {
  return {
    id: row.id,
    name: row.name,
    kind: row.kind as DestinationKind,
    settings: row.settings as DestinationSettings,
    actions: row.actions,
    outcomes: row.outcomes,
    clientId: row.client_id ?? undefined,
    everybody: row.everybody,
    heads: row.heads,
    details: row.details,
    position: Number(row.position),
    enabled: row.enabled,
    disabledReason: row.disabled_reason ?? undefined,
    attempts: row.attempts,
    lastFailure: row.last_failure ?? undefined,
    nextAttemptAt: row.next_attempt_at,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

const secretPlace = (id: string): Place => ({ table: 'audit_destinations', column: 'sealed_secret', row: id });

const sealSecrets = (sealer: Sealer, id: string, secrets: Secrets): Buffer =>
  sealJson(sealer, secretPlace(id), secrets);

/** @throws AppError `sealed_value_unreadable` */
export function openSecrets(sealer: Sealer, id: string, sealed: Buffer): Secrets {
  return openJson(sealer, secretPlace(id), sealed) as Secrets;
}
