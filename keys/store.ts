import type { JWK } from 'jose';
import { type ColumnType, type CompiledQuery, type Kysely, type Selectable, sql, type Updateable } from 'kysely';
import { type KeyMaterial, publicHalf } from './generate.ts';
import type { Action, KeyAlgorithm, LiveState, RingKey, RingState } from './ring.ts';

/** Seals private halves for their row: a value that was copied to another `kid` must not open. */
export interface KeySealer {
  seal(kid: string, bytes: Uint8Array): Buffer;
  open(kid: string, sealed: Uint8Array): Buffer;
}

/** The tables of this folder; tests compare them with the schema. (Kysely's `withTables` takes no interface.) */
export type KeyTables = {
  signing_keys: SigningKeysTable;
  key_set: { version: ColumnType<string, number, number>; last_seen_at: Date };
  key_nodes: {
    node_id: string;
    acknowledged: ColumnType<string, number, number>;
    acknowledged_at: Date;
    seen_at: Date;
    rings: string[];
    master_keys: ColumnType<string[], string[] | undefined, string[]>;
    secrets: ColumnType<string[], string[] | undefined, string[]>;
  };
};

type SigningKeysTable = {
  kid: string;
  ring: string;
  alg: KeyAlgorithm;
  state: LiveState | 'retired';
  public_jwk: ColumnType<JWK | null, string | null, never>;
  sealed: Buffer | null;
  sealed_public: Buffer | null;
  created_at: Date;
  activated_at: Date | null;
  retiring_at: Date | null;
  retired_at: Date | null;
  signs_for: number;
  expedited: boolean;
  revoked: boolean;
  published_in: ColumnType<string, number, never>;
};

/** The public data of a key, retired or not. Instants in milliseconds since the epoch. */
export interface KeyRecord extends Omit<RingKey, 'state'> {
  readonly alg: KeyAlgorithm;
  readonly state: LiveState | 'retired';
  readonly retiredAt: number | undefined;
  readonly revoked: boolean;
  /** Undefined for a symmetric key. */
  readonly publicJwk: JWK | undefined;
  /** It is retired, and its signatures are still accepted for `id_token_hint`. */
  readonly accepted: boolean;
}

interface LoadedBase {
  readonly kid: string;
  readonly ring: string;
  readonly alg: KeyAlgorithm;
  readonly state: LiveState;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly activatedAt: number | undefined;
  readonly retiringAt: number | undefined;
}

/** A key of a JWS algorithm. */
export interface LoadedPair extends LoadedBase {
  readonly publicJwk: JWK;
  readonly privateJwk: JWK;
}

/** A symmetric key, which is never published. */
export interface LoadedSecret extends LoadedBase {
  readonly secret: Buffer;
}

/** A key that is no longer published, while tokens that it signed may still be presented, such as in `id_token_hint`. */
export interface RetiredKey {
  readonly publicJwk: JWK;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

export type LoadedKey = LoadedPair | LoadedSecret;

export interface LoadedKeySet {
  readonly version: number;
  /** Active ones first, then pending, then retiring; among these in the order of the configured rings, then by age. */
  readonly keys: readonly LoadedKey[];
  /** The latest first, at most `RETIRED_MAX`. */
  readonly retired: readonly RetiredKey[];
}

type Executor = Kysely<KeyTables>;

/** Maximum number of retired keys that a signature is checked with, even when keys are rotated often. */
const RETIRED_MAX = 32;

/** How long the public halves of retired keys stay stored, and how they are sealed. */
export interface RetiredPolicy {
  /** Seals them for a column of their own. */
  readonly sealer: KeySealer;
  /** For how many seconds signatures are accepted after their key has stopped signing. */
  readonly seconds: number;
}

/** Queries of a transaction that changes the key set. They are made before it, and sent together. */
export type KeyQueries = readonly CompiledQuery[];

/**
 * The first queries of a change: changes run one after another, each in its transaction (advisory lock), and one whose key
 * set is no longer that which it was planned for is refused with SQLSTATE CD004.
 * @param version that was read before anything else
 */
export const requireAsRead = (db: Executor, version: number): KeyQueries => [
  sql`SELECT pg_advisory_xact_lock(hashtextextended('cardea_keys', 0))`.compile(db),
  sql`SELECT require_as_read((SELECT count(*) FROM key_set WHERE version = ${version}))`.compile(db),
];

/** True for the error of a change that `requireAsRead` has refused. */
export const isChangedMeanwhile = (error: unknown): boolean =>
  ((error ?? {}) as { readonly code?: unknown }).code === 'CD004';

/** The last queries of a change. Other nodes are notified when the transaction commits. */
export const announce = (db: Executor, version: number): KeyQueries => [
  db.updateTable('key_set').set({ version }).compile(),
  sql`SELECT pg_notify(${CHANNEL}, ${String(version)})`.compile(db),
];

/** The input of the planner (ring.ts), and the version of the key set, which is read first. */
export async function readState(db: Executor): Promise<RingState & { readonly version: number }> {
  const set = await db.selectFrom('key_set').selectAll().executeTakeFirstOrThrow();
  const rows = await db.selectFrom('signing_keys').selectAll().where('state', '<>', 'retired').execute();
  const nodes = await db.selectFrom('key_nodes').selectAll().execute();
  return {
    version: Number(set.version),
    keys: rows.map(toRecord).filter((record): record is KeyRecord & RingKey => record.state !== 'retired'),
    nodes: nodes.map((node) => ({
      acknowledged: Number(node.acknowledged),
      acknowledgedAt: node.acknowledged_at.getTime(),
      seenAt: node.seen_at.getTime(),
      rings: node.rings,
    })),
    lastSeenAt: set.last_seen_at.getTime(),
  };
}

export async function readRecords(db: Executor): Promise<KeyRecord[]> {
  const rows = await db.selectFrom('signing_keys').selectAll().orderBy('created_at').orderBy('kid').execute();
  return rows.map(toRecord);
}

export async function readRecord(db: Executor, kid: string): Promise<KeyRecord | undefined> {
  const row = await db.selectFrom('signing_keys').selectAll().where('kid', '=', kid).executeTakeFirst();
  return row && toRecord(row);
}

/** The keys with their private halves, and the version of the key set, in one statement and so in one snapshot. */
export async function readKeySet(
  db: Executor,
  sealer: KeySealer,
  ringOrder: readonly string[],
  retired: RetiredPolicy & { readonly now: number },
): Promise<LoadedKeySet> {
  const since = new Date(retired.now - 1_000 * retired.seconds);
  const rows = await db
    .selectFrom('key_set')
    .leftJoin('signing_keys', (join) =>
      join.on((where) =>
        where.or([
          where('state', '<>', 'retired'),
          where.and([where('sealed_public', 'is not', null), where('retiring_at', '>', since)]),
        ]),
      ),
    )
    .selectAll()
    .execute();
  const keys = rows.flatMap((row) =>
    row.kid === null || row.state === 'retired' ? [] : [openKey(row as OpenableRow, sealer)],
  );
  return {
    version: Number(rows[0]?.version ?? 0),
    keys: keys.sort(byRank(ringOrder)),
    retired: rows
      .flatMap((row) => (row.state === 'retired' ? [openRetired(row as RetiredRow, retired)] : []))
      .sort((a, b) => b.until - a.until)
      .slice(0, RETIRED_MAX),
  };
}

type OpenableRow = Selectable<SigningKeysTable> & { state: LiveState; sealed: Buffer };

type RetiredRow = Selectable<SigningKeysTable> & { sealed_public: Buffer; retiring_at: Date };

function openRetired(row: RetiredRow, { sealer, seconds }: RetiredPolicy): RetiredKey {
  const publicJwk = JSON.parse(sealer.open(row.kid, row.sealed_public).toString()) as JWK;
  return { publicJwk, until: row.retiring_at.getTime() + 1_000 * seconds };
}

function openKey(row: OpenableRow, sealer: KeySealer): LoadedKey {
  const secret = sealer.open(row.kid, row.sealed);
  const base: LoadedBase = {
    kid: row.kid,
    ring: row.ring,
    alg: row.alg,
    state: row.state,
    createdAt: row.created_at.getTime(),
    activatedAt: row.activated_at?.getTime(),
    retiringAt: row.retiring_at?.getTime(),
  };
  if (row.alg === 'HMAC') return { ...base, secret };
  const privateJwk = JSON.parse(secret.toString()) as JWK;
  // Not from the column: an attacker who can write to the database could put a public key there, which would then be
  // published. The sealed value of this `kid` cannot be replaced.
  return { ...base, privateJwk, publicJwk: publicHalf(privateJwk) };
}

const STATE_ORDER: readonly LiveState[] = ['active', 'pending', 'retiring'];

function byRank(ringOrder: readonly string[]): (a: LoadedKey, b: LoadedKey) => number {
  const ringRank = (key: LoadedKey) => ringOrder.indexOf(key.ring) >>> 0; // unknown ones, -1, come last
  return (a, b) =>
    STATE_ORDER.indexOf(a.state) - STATE_ORDER.indexOf(b.state) ||
    ringRank(a) - ringRank(b) ||
    b.createdAt - a.createdAt ||
    (a.kid < b.kid ? -1 : 1);
}

export function insertKey(
  db: Executor,
  sealer: KeySealer,
  action: Extract<Action, { do: 'create' }>,
  material: KeyMaterial,
  made: { at: number; version: number; signsForSeconds: number },
): CompiledQuery {
  const at = new Date(made.at);
  return db
    .insertInto('signing_keys')
    .values({
      kid: material.kid,
      ring: action.ring,
      alg: material.alg,
      state: action.state,
      public_jwk: material.publicJwk ? JSON.stringify(material.publicJwk) : null,
      sealed: sealer.seal(material.kid, material.secret),
      created_at: at,
      activated_at: action.state === 'active' ? at : null,
      signs_for: made.signsForSeconds,
      expedited: action.expedited,
      revoked: false,
      published_in: made.version,
    })
    .compile();
}

type Change = Exclude<Action, { do: 'create' }>;

/** @param sealers for private halves, and for the public halves of retired keys */
export async function changeKey(
  db: Executor,
  action: Change,
  at: number,
  sealers: { readonly sealer: KeySealer; readonly retired: RetiredPolicy },
): Promise<CompiledQuery> {
  const sealedPublic = action.do === 'retire' && !action.revoked ? await publicHalfOf(db, action.kid, sealers) : null;
  return db
    .updateTable('signing_keys')
    .set({ ...changed(action, new Date(at)), ...(sealedPublic ? { sealed_public: sealedPublic } : {}) })
    .where('kid', '=', action.kid)
    .compile();
}

/** @returns the sealed public half; null for a key that has signed nothing, or is symmetric */
async function publicHalfOf(
  db: Executor,
  kid: string,
  { sealer, retired }: { readonly sealer: KeySealer; readonly retired: RetiredPolicy },
): Promise<Buffer | null> {
  const row = await db.selectFrom('signing_keys').selectAll().where('kid', '=', kid).executeTakeFirst();
  // Another node has removed it since it was read: then the change is refused.
  if (!row) return null;
  if (row.alg === 'HMAC' || row.retiring_at === null || row.sealed === null) return null;
  const jwk = publicHalf(JSON.parse(sealer.open(kid, row.sealed).toString()) as JWK);
  return retired.sealer.seal(kid, Buffer.from(JSON.stringify(jwk)));
}

/** Revokes a key that is retired already. */
export const revokeRetired = (db: Executor, kid: string): CompiledQuery =>
  db.updateTable('signing_keys').set({ revoked: true, sealed_public: null }).where('kid', '=', kid).compile();

function changed(action: Change, at: Date): Updateable<SigningKeysTable> {
  switch (action.do) {
    case 'expedite':
      return { expedited: true };
    case 'extend':
      return { signs_for: action.signsForSeconds };
    case 'promote':
      return { state: 'active', activated_at: at };
    case 'demote':
      return { state: 'retiring', retiring_at: new Date(action.stoppedAt) };
    case 'retire':
      return { state: 'retired', retired_at: at, revoked: action.revoked, sealed: null };
  }
}

/** Notifies the other nodes of the new version; delivered only when the transaction commits. */
export const CHANNEL = 'cardea_keys';

export interface Heartbeat {
  readonly nodeId: string;
  readonly version: number;
  readonly rings: readonly string[];
  readonly masterKeys: readonly string[];
  readonly secrets: readonly string[];
  readonly now: number;
  /** Nodes that were not seen since then are removed. */
  readonly goneBefore: number;
}

/** @returns the current version of the key set */
export async function saveHeartbeat(db: Executor, beat: Heartbeat): Promise<number> {
  await db.deleteFrom('key_nodes').where('seen_at', '<', new Date(beat.goneBefore)).execute();
  const row = {
    acknowledged: beat.version,
    seen_at: new Date(beat.now),
    rings: [...beat.rings],
    master_keys: [...beat.masterKeys],
    secrets: [...beat.secrets],
  };
  // A node that acknowledges version 0 has served nothing before, so no copy of it has to expire. And a clock that was
  // wrong for a while must not delay a rotation once it is right again.
  const acknowledged_at = beat.version === 0 ? new Date(0) : row.seen_at;
  const since = sql<Date>`CASE WHEN key_nodes.acknowledged IN (0, ${beat.version})
    THEN least(key_nodes.acknowledged_at, ${row.seen_at}) ELSE ${row.seen_at} END`;
  await db
    .insertInto('key_nodes')
    .values({ node_id: beat.nodeId, acknowledged_at, ...row })
    .onConflict((conflict) => conflict.column('node_id').doUpdateSet({ ...row, acknowledged_at: since }))
    .execute();
  const { version } = await db
    .updateTable('key_set')
    .set({ last_seen_at: sql<Date>`greatest(last_seen_at, ${row.seen_at})` })
    .returning('version')
    .executeTakeFirstOrThrow();
  return Number(version);
}

/** A server that runs. */
export interface RunningNode {
  readonly nodeId: string;
  /** Milliseconds since the epoch. */
  readonly seenAt: number;
  /** The version of the key set that it serves. */
  readonly acknowledged: number;
  /** The ids of the master keys that it opens values with; empty for a node of an earlier version, which does not say. */
  readonly masterKeys: readonly string[];
  /** Fingerprints of the secrets that it uses, as the caller of `acknowledge` has them; empty as above. */
  readonly secrets: readonly string[];
}

/** @param goneBefore nodes that were not seen since then have ended */
export async function readNodes(db: Executor, goneBefore: number): Promise<RunningNode[]> {
  const rows = await db
    .selectFrom('key_nodes')
    .selectAll()
    .where('seen_at', '>=', new Date(goneBefore))
    .orderBy('node_id')
    .execute();
  return rows.map((row) => ({
    nodeId: row.node_id,
    seenAt: row.seen_at.getTime(),
    acknowledged: Number(row.acknowledged),
    masterKeys: row.master_keys,
    secrets: row.secrets,
  }));
}

/** Lets all nodes look at the key set now, and tell of themselves. */
export async function callNodes(db: Executor): Promise<void> {
  await sql`SELECT pg_notify(${CHANNEL}, '')`.execute(db);
}

export async function deleteNode(db: Executor, nodeId: string): Promise<void> {
  await db.deleteFrom('key_nodes').where('node_id', '=', nodeId).execute();
}

function toRecord(row: Selectable<SigningKeysTable>): KeyRecord {
  return {
    kid: row.kid,
    ring: row.ring,
    alg: row.alg,
    state: row.state,
    createdAt: row.created_at.getTime(),
    activatedAt: row.activated_at?.getTime(),
    retiringAt: row.retiring_at?.getTime(),
    retiredAt: row.retired_at?.getTime(),
    signsForSeconds: row.signs_for,
    publishedIn: Number(row.published_in),
    expedited: row.expedited,
    revoked: row.revoked,
    publicJwk: row.public_jwk ?? undefined,
    accepted: row.state === 'retired' && row.sealed_public !== null,
  };
}
