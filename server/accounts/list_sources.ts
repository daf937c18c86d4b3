import { sql } from 'kysely';
import type { Db } from '../platform/db.ts';
import type { Condition } from '../platform/filter.ts';
import { statement } from '../platform/statement.ts';
import type { AccountFields } from './list_fields.ts';

/* Where the accounts of a list are looked for, so that few are read in vain. */

/** Up to so many are counted, to find the rarest token of a filter. */
const COUNTED_MAX = 5_000;
/** So few can all be read and sorted for one page. */
const FEW = 2_000;

export const SOURCE_STATEMENTS = {
  /** How many accounts have each token, up to `COUNTED_MAX`; null stands for those that are not indexed. */
  count: statement(
    'account_index.count',
    ($: { tokens: readonly string[] }) => sql<{ token: string | null; found: string }>`
      SELECT t.token, (SELECT count(*) FROM (SELECT 1 FROM account_index i WHERE i.token = t.token LIMIT ${COUNTED_MAX}) AS few) AS found
        FROM unnest(${$.tokens}::bigint[]) AS t (token)
      UNION ALL
      SELECT NULL, (SELECT count(*) FROM (SELECT 1 FROM accounts WHERE search_tokens IS NULL LIMIT ${COUNTED_MAX}) AS few)`,
  ),
};

/** All accounts that match a filter are among those that have one of the tokens or ids. */
export interface Source {
  readonly tokens: ReadonlySet<string>;
  readonly ids: ReadonlySet<string>;
  /** There are so few that all can be read and sorted for one page. */
  readonly few: boolean;
}

interface Sources {
  readonly fields: AccountFields;
  /** The accounts with an e-mail address or username. */
  readonly idsOf: (identifier: string) => readonly string[];
  readonly foundOf: (token: string) => number;
}

type Cover = Omit<Source, 'few'>;

/** @returns the smallest source of the filter; undefined when all accounts must be looked at */
function coverOf(condition: Condition, sources: Sources): Cover | undefined {
  if ('condition' in condition) return undefined;
  if (!('all' in condition)) return coverOfComparison(condition, sources);
  const covers = condition.all.map((one) => coverOf(one, sources));
  const known = covers.filter((one) => one !== undefined);
  if (condition.op === 'and') {
    return known.reduce<Cover | undefined>(
      (a, b) => (a && sizeOf(a, sources) <= sizeOf(b, sources) ? a : b),
      undefined,
    );
  }
  if (known.length < covers.length) return undefined;
  return {
    tokens: new Set(known.flatMap(({ tokens }) => [...tokens])),
    ids: new Set(known.flatMap(({ ids }) => [...ids])),
  };
}

function coverOfComparison(
  { op, field, value = '' }: Extract<Condition, { field: string }>,
  { fields, idsOf }: Sources,
): Cover | undefined {
  if (op !== 'eq' && op !== 'sw') return undefined;
  if (field === 'id') return { tokens: new Set(), ids: new Set([String(value)]) };
  if (isIdentifier(field) && op === 'eq') return { tokens: new Set(), ids: new Set(idsOf(String(value))) };
  const token = fields[field]?.token?.(value);
  return token === undefined ? undefined : { tokens: new Set([token]), ids: new Set() };
}

function sizeOf({ tokens, ids }: Cover, { foundOf }: Sources): number {
  return [...tokens].reduce((sum, token) => sum + foundOf(token), ids.size);
}

const isIdentifier = (field: string) => field === 'email' || field === 'username';

export interface SourceParts {
  readonly db: Pick<Db, 'query'>;
  readonly fields: AccountFields;
  /** @returns those of the identifiers that exist, by their normal form, with the accounts that have them */
  readonly holdersOf: (identifiers: readonly string[]) => Promise<ReadonlyMap<string, readonly string[]>>;
}

/**
 * @param wantsFew `few` must be known; otherwise nothing is counted where there is nothing to choose
 * @returns where to look for the accounts that match; undefined for all accounts
 */
export async function sourceOf(
  condition: Condition,
  wantsFew: boolean,
  parts: SourceParts,
): Promise<Source | undefined> {
  const comparisons = comparisonsOf(condition);
  const identifiers = comparisons.flatMap(({ op, field, value }) =>
    isIdentifier(field) && op === 'eq' ? String(value) : [],
  );
  const tokens = new Set(comparisons.flatMap(({ field, value = '' }) => parts.fields[field]?.token?.(value) ?? []));
  const [holders, counts] = await Promise.all([
    identifiers.length === 0 ? new Map<string, readonly string[]>() : parts.holdersOf(identifiers),
    wantsFew || tokens.size > 1 ? parts.db.query(SOURCE_STATEMENTS.count.bind({ tokens: [...tokens] })) : undefined,
  ]);
  const found = new Map(counts?.map((row) => [row.token, Number(row.found)]));
  const sources: Sources = {
    fields: parts.fields,
    idsOf: (identifier) => holders.get(identifier) ?? [],
    foundOf: (token) => found.get(token) ?? 0,
  };
  const cover = coverOf(condition, sources);
  return cover && { ...cover, few: counts !== undefined && sizeOf(cover, sources) + (found.get(null) ?? 0) < FEW };
}

/** All comparisons of a filter. */
export function comparisonsOf(condition: Condition): Extract<Condition, { field: string }>[] {
  if ('all' in condition) return condition.all.flatMap(comparisonsOf);
  return 'condition' in condition ? comparisonsOf(condition.condition) : [condition];
}
