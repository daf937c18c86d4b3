import { createHash } from 'node:crypto';
import { type Static, Type } from 'typebox';
import { Check } from 'typebox/value';
import { AppError } from '../platform/errors.ts';
import type { Sealer } from '../platform/sealing.ts';

/** Raised when a backup of the version before cannot be read any more, or this one not by the version before. */
export const FORMAT = 1;

const Name = Type.String({ pattern: '^[a-z_][a-z0-9_]{0,62}$' });
const Count = Type.Integer({ minimum: 0 });

/** Members that are known before the first row is read. */
const ABOUT = {
  type: Type.Literal('cardea-backup'),
  format: Type.Integer({ minimum: 1 }),
  id: Type.String({ format: 'uuid' }),
  /** RFC 3339: the moment that all tables are of. */
  created_at: Type.String({ format: 'date-time' }),
  product_version: Type.String(),
  issuer: Type.Union([Type.String(), Type.Null()]),
  postgres_version: Type.Integer(),
  migrations: Type.Array(Type.String(), { minItems: 1 }),
  /** SHA-256 of the columns with their types, hex. */
  schema_digest: Type.String(),
  /** By the ids that sealed values name; never a key. */
  master_keys: Type.Array(Type.Object({ id: Type.String(), values: Count })),
  signing_keys: Type.Array(Type.Object({ kid: Type.String(), ring: Type.String(), state: Type.String() })),
  /** The newest signed head of the audit. */
  audit_head: Type.Union([Type.Object({ tree_size: Count, root_hash: Type.String() }), Type.Null()]),
  /** The newest list of erased people (`erasure_lists.ts`); null: of a version whose lists had no numbers. */
  erasures: Type.Union([
    Type.Object({
      installation: Type.String({ format: 'uuid' }),
      number: Count,
      sha256: Type.Union([Type.String(), Type.Null()]),
    }),
    Type.Null(),
  ]),
  /** `CREATE TABLE name PARTITION OF parent bound` */
  partitions: Type.Array(Type.Object({ name: Name, parent: Name, bound: Type.String() })),
  sequences: Type.Array(Type.Object({ name: Name, next: Type.String({ pattern: '^\\d{1,19}$' }) })),
};

const Header = Type.Object({
  ...ABOUT,
  tables: Type.Array(Type.Object({ name: Name, columns: Type.Array(Name) })),
});
export type Header = Static<typeof Header>;

const Table = Type.Object({
  name: Name,
  columns: Type.Array(Name),
  rows: Count,
  bytes: Count,
  /** Of the rows as Postgres copies them (COPY, binary), hex. */
  sha256: Type.String(),
});
export type TableOfManifest = Static<typeof Table>;

const Manifest = Type.Object({ ...ABOUT, tables: Type.Array(Table) });
export type Manifest = Static<typeof Manifest>;

/** The manifest beside the file, for those who cannot open the file: with the digest of the file as it is stored. */
const Label = Type.Object({
  ...ABOUT,
  tables: Type.Array(Table),
  file: Type.Object({ name: Type.String(), bytes: Count, sha256: Type.String() }),
});
export type Label = Static<typeof Label>;

const SCHEMAS = { header: Header, manifest: Manifest, label: Label } as const;
type Kind = keyof typeof SCHEMAS;
type OfKind<K extends Kind> = Static<(typeof SCHEMAS)[K]>;

/**
 * The text of a document, sealed under the master key: a stranger with the public key of the backups could make a file for it, but not one
 * that this accepts.
 */
export function sealedText<K extends Kind>(sealer: Sealer, kind: K, document: OfKind<K>): string {
  const seal = sealer.seal(placeOf(kind, document.id), digestOf(document)).toString('base64');
  return `${JSON.stringify({ ...document, seal }, null, 1)}\n`;
}

/** @throws AppError `backup_damaged`, `backup_newer`, `backup_of_other_key` */
export function openSealed<K extends Kind>(sealer: Sealer, kind: K, text: string): OfKind<K> {
  const { seal, ...document } = parsed(text);
  if (document.type !== 'cardea-backup' || typeof seal !== 'string') throw damaged(`its ${kind} is not one`);
  // Before the rest is checked: another format has other members.
  if (Number(document.format) > FORMAT) throw newer(`format ${document.format}`, document);
  if (!Check(SCHEMAS[kind], document)) throw damaged(`its ${kind} has not the members that it needs`);
  const value = Buffer.from(seal, 'base64');
  const keyId = keyIdOf(value);
  if (!sealer.keyIds.includes(keyId)) throw ofOtherKey([keyId]);
  let sealed: Buffer;
  try {
    sealed = sealer.open(placeOf(kind, String(document.id)), value);
  } catch (cause) {
    throw damaged(`its ${kind} is not the one that was sealed under the master key`, cause);
  }
  if (!sealed.equals(digestOf(document))) throw damaged(`its ${kind} was changed`);
  return document as unknown as OfKind<K>;
}

/** The members that a header and its manifest have in common are the same. */
export function belongTogether({ tables: announced, ...header }: Header, manifest: Manifest | Label): boolean {
  const tables = manifest.tables.map(({ name, columns }) => ({ name, columns }));
  const rest = Object.fromEntries(Object.keys(header).map((name) => [name, manifest[name as keyof Manifest]]));
  return JSON.stringify([header, announced]) === JSON.stringify([rest, tables]);
}

/** @throws AppError `backup_of_other_key`, `backup_newer` when a restore here could not be served */
export function assertUsable(header: Header, sealer: Sealer, known: readonly string[]): void {
  const missing = header.master_keys.map(({ id }) => id).filter((id) => !sealer.keyIds.includes(id));
  if (missing.length > 0) throw ofOtherKey(missing);
  const unknown = header.migrations.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw newer(unknown.join(', '), header);
}

function newer(what: string, { product_version: version }: Readonly<Record<string, unknown>>): AppError {
  return new AppError(
    'backup_newer',
    `the backup was made by a later version of Cardea, ${version} (${what}): restore it with that version, or a later one`,
  );
}

function ofOtherKey(ids: readonly string[]): AppError {
  return new AppError(
    'backup_of_other_key',
    `the backup needs the master key ${ids.join(', ')}, which is not in CARDEA_MASTER_KEY: add that of the servers which it is from`,
  );
}

export const damaged = (why: string, cause?: unknown): AppError =>
  new AppError('backup_damaged', `the backup is damaged: ${why}`, { cause });

const placeOf = (kind: Kind, id: string) => ({ table: 'backups', column: kind, row: id });

/** JSON.parse keeps the order of the members. */
const digestOf = (document: object): Buffer => createHash('sha256').update(JSON.stringify(document)).digest();

/** Of a sealed value (`platform/sealing.ts`). */
const keyIdOf = (sealed: Buffer): string => sealed.subarray(1, 5).toString('hex');

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {}
  throw damaged('its manifest is not JSON');
}
