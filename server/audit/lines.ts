import { type RawBuilder, type Selectable, sql } from 'kysely';
import type { Audit } from '../platform/database.ts';
import { statement } from '../platform/statement.ts';

/** A row of the audit as JSON, for a statement that has `insertAuditLines`. */
export type AuditLine = string & { readonly auditLine: true };

type AuditRow = Selectable<Audit>;

/** The columns of a line. JSON has no bytes: they are base64 there. */
const TYPES = {
  id: 'uuid',
  at: 'timestamptz',
  actor_kind: 'text',
  actor_id: 'text',
  client_id: 'text',
  action: 'text',
  target_kind: 'text',
  target_id: 'text',
  outcome: 'text',
  reason: 'text',
  changes: 'jsonb',
  request_id: 'text',
  session_id: 'text',
  details_account: 'uuid',
  details_month: 'text',
  sealed_details: 'bytea',
  mac: 'bytea',
} as const satisfies Record<keyof AuditRow, string>;

const COLUMNS = Object.entries(TYPES);
const NAMES = sql.join(COLUMNS.map(([name]) => sql.ref(name)));
const VALUES = sql.join(
  COLUMNS.map(([name, type]) =>
    type === 'bytea' ? sql`decode(${sql.ref(`r.${name}`)}, 'base64')` : sql.ref(`r.${name}`),
  ),
);
const MEMBERS = sql.join(
  COLUMNS.map(([name, type]) => sql`${sql.ref(name)} ${sql.raw(type === 'bytea' ? 'text' : type)}`),
);

/**
 * A part of a statement of another folder, as a CTE: it appends to the audit in the statement of the change itself, where one
 * more statement would make a transaction of several.
 * @param lines a parameter of the statement
 * @param condition for all of them
 */
export function insertAuditLines(
  lines: readonly AuditLine[],
  condition: RawBuilder<unknown> = sql`true`,
): RawBuilder<unknown> {
  return sql`
    INSERT INTO audit (${NAMES})
    SELECT ${VALUES} FROM unnest(${lines}::text[]) AS line, jsonb_to_record(line::jsonb) AS r (${MEMBERS})
     WHERE ${condition}`;
}

export const AUDIT_LINE_STATEMENTS = {
  append: statement('audit.append_lines', ($: { lines: readonly AuditLine[] }) => insertAuditLines($.lines)),
};

/** @param row with `changes` as JSON */
export function lineOf(row: Omit<AuditRow, 'changes'> & { readonly changes: string }): AuditLine {
  const { changes, sealed_details: details, mac, ...texts } = row;
  const bytes = { sealed_details: details?.toString('base64') ?? null, mac: mac?.toString('base64') ?? null };
  return JSON.stringify({ ...texts, ...bytes, changes: JSON.parse(changes) }) as AuditLine;
}
