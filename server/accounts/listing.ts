import type { Db, Row } from '../platform/db.ts';
import { invalidInput } from '../platform/errors.ts';
import { type Condition, type FilterValue, matches } from '../platform/filter.ts';
import {
  type AddParameter,
  bound,
  compileCondition,
  type ListRequest,
  type Page,
  readRequest,
  whereOf,
  writeCursor,
} from '../platform/listing.ts';
import type { Account } from './account.ts';
import { accountFields, searchCondition } from './list_fields.ts';
import { comparisonsOf, type Source, type SourceParts, sourceOf } from './list_sources.ts';
import { COLUMNS } from './rows.ts';
import type { SearchTokens } from './search_tokens.ts';

export interface AccountListRequest extends ListRequest {
  /** The beginning of an e-mail address, username, full, given or family name. */
  readonly search?: string | undefined;
  /** For somebody who must not see profiles: texts of them are compared as a whole. */
  readonly whole?: boolean | undefined;
}

export interface AccountListing {
  /**
   * A page of accounts, by default the newest first. It has less than `limit` items while there is a `next` when many accounts
   * had to be looked at: a page looks at a bounded number of them.
   * @throws AppError 400 `invalid_input`, with the field
   */
  read(request: AccountListRequest): Promise<Page<Account>>;
  /** The fields by which requests can filter and sort, for documentation. */
  readonly possible: {
    readonly filters: readonly {
      readonly name: string;
      readonly type: string;
      readonly operators: readonly string[];
    }[];
    readonly sorts: readonly string[];
  };
}

/** Accounts that one statement looks at, at most. */
const STEP_MAX = 1_000;
/** Accounts that a page looks at, and profiles that it opens, which takes most of the time. */
const LOOKED_AT_MAX = 20_000;
const OPENED_MAX = 2_500;
/** Profiles that are read at once when only opening them shows which match. */
const OPENED_AT_ONCE = 250;

const SORTS = {
  created_at: { sql: 'a.created_at', type: 'time' },
  updated_at: { sql: 'a.updated_at', type: 'time' },
} as const;

const KEY_TEXT = `to_char(key AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

interface Position {
  readonly value: string | null;
  readonly id: string;
}

/** The columns that `scan` adds to those of an account. */
interface Scanned {
  /** Accounts that were looked at. */
  readonly looked_at: string;
  /** The last one of them. */
  readonly last_key: string | null;
  readonly last_id: string | null;
  /** Null when none matched. */
  readonly list_key: string | null;
  readonly list_id: string | null;
}

type Order = { readonly field: keyof typeof SORTS; readonly descending: boolean };

/**
 * Lists accounts. A filter has a source, such as the range of a token in the index; accounts of the source are looked at in
 * the order of the list, until the page is full.
 * @param parts `open` reads the row of an account
 */
export function createAccountListing(
  parts: Omit<SourceParts, 'fields' | 'db'> & {
    readonly db: Pick<Db, 'query'>;
    readonly tokens: SearchTokens;
    readonly open: (row: Row) => Account | undefined;
  },
): AccountListing {
  const { db, open } = parts;
  const definitionOf = (whole: boolean) => ({
    name: whole ? 'accounts as a whole' : 'accounts',
    id: { sql: 'a.id', type: 'uuid' } as const,
    fields: accountFields(parts.tokens, whole),
    sorts: SORTS,
    defaultSort: '-created_at',
  });
  const definitions = { all: definitionOf(false), whole: definitionOf(true) };
  const { fields } = definitions.all;

  async function read(request: AccountListRequest): Promise<Page<Account>> {
    const { whole = false } = request;
    const search = request.search === undefined ? undefined : searchCondition(request.search, whole);
    const asked = readRequest(whole ? definitions.whole : definitions.all, request, request.search ?? '');
    const { limit, key, after } = asked;
    const all = [search, asked.condition].filter((one) => one !== undefined);
    const condition: Condition | undefined = all.length > 1 ? { op: 'and', all } : all[0];
    const sealed = condition !== undefined && comparisonsOf(condition).some(({ field }) => fields[field]?.sealed);
    const order: Order = {
      field: asked.sort.name.endsWith('updated_at') ? 'updated_at' : 'created_at',
      descending: asked.sort.descending,
    };
    const wantsFew = order.field === 'updated_at' || request.total === true;
    const source = condition && (await sourceOf(condition, wantsFew, { ...parts, fields }));
    const total = request.total ? await count(condition, source, sealed) : undefined;

    const items: Account[] = [];
    const page = (next?: Position): Page<Account> => ({
      items,
      ...(next ? { next: writeCursor(key, next.value, next.id) } : {}),
      ...(total === undefined ? {} : { total }),
    });
    let position: Position | undefined = after;
    let lastShown: Position | undefined;
    let opened = 0;
    let step = limit + 1;
    for (let lookedAt = 0; lookedAt < LOOKED_AT_MAX && opened < OPENED_MAX; step = Math.min(step * 4, STEP_MAX)) {
      const rows = sealed ? OPENED_AT_ONCE : limit + 1 - items.length;
      const found = (await db.query(scan({ condition, source, order, position, step, rows }))) as (Row & Scanned)[];
      const [first] = found;
      const matched = found.filter((row) => row.list_id !== null);
      for (const row of matched) {
        const account = open(row);
        opened += 1;
        position = { value: row.list_key, id: row.list_id ?? '' };
        if (!account || (condition && sealed && !matches(condition, (name) => fields[name]?.read(account)))) continue;
        if (items.length === limit) return page(lastShown);
        items.push(account);
        lastShown = position;
      }
      const looked = Number(first?.looked_at ?? 0);
      lookedAt += looked;
      // more of what was looked at may match
      if (matched.length === rows) continue;
      if (looked < step) return page();
      position = { value: first?.last_key ?? null, id: first?.last_id ?? '' };
    }
    return page(position);
  }

  interface Scan {
    readonly condition: Condition | undefined;
    readonly source: Source | undefined;
    readonly order: Order;
    readonly position: Position | undefined;
    /** Accounts to look at. */
    readonly step: number;
    /** Rows to return. */
    readonly rows: number;
  }

  /** Looks at accounts of the source after a position, and returns those that match. */
  function scan({ condition, source, order, position, step, rows }: Scan) {
    const direction = order.descending ? 'DESC' : 'ASC';
    const compare = order.descending ? '<' : '>';
    return bound((add) => {
      /** A range of a table that is indexed in the order of the list. */
      const range = (table: string, column: string, id: string, also: readonly string[]): string => {
        const where = whereOf([
          ...also,
          ...(position
            ? [`(${column}, ${id}) ${compare} (${add(position.value, 'timestamptz')}, ${add(position.id, 'uuid')})`]
            : []),
          ...boundsOf(condition, order.field).map(
            ({ op, value }) => `${column} ${SQL_OF[op]} ${add(value, 'timestamptz')}`,
          ),
        ]);
        return `SELECT ${column} AS key, ${id} AS id FROM ${table}${where}
                 ORDER BY ${column} ${direction}, ${id} ${direction} LIMIT ${step}`;
      };
      // OFFSET 0: each account is read by its key, never all of them for a join
      return `
        WITH looked_at AS MATERIALIZED (${candidates({ source, order, step, direction, range, add })}),
        matched AS (
          SELECT ${COLUMNS}, c.key, c.id FROM looked_at c, LATERAL (SELECT * FROM accounts o WHERE o.id = c.id OFFSET 0) AS a
          ${whereOf(condition ? [compileCondition(condition, fields, add)] : [])}
           ORDER BY c.key ${direction}, c.id ${direction} LIMIT ${rows}
        )
        SELECT m.*, ${KEY_TEXT} AS list_key, m.id::text AS list_id, l.* FROM (
          SELECT (SELECT count(*) FROM looked_at) AS looked_at, last.last_key, last.last_id
            FROM (SELECT 1) AS one LEFT JOIN (
              SELECT ${KEY_TEXT} AS last_key, id::text AS last_id FROM looked_at
               ORDER BY key ${direction}, id ${direction} OFFSET ${step - 1} LIMIT 1) AS last ON true
        ) AS l LEFT JOIN matched AS m ON true ORDER BY m.key ${direction}, m.id ${direction}`;
    });
  }

  interface Candidates {
    readonly source: Source | undefined;
    readonly order: Order;
    readonly step: number;
    readonly direction: string;
    readonly range: (table: string, column: string, id: string, also: readonly string[]) => string;
    readonly add: AddParameter;
  }

  function candidates({ source, order, step, direction, range, add }: Candidates): string {
    if (!source || (order.field === 'updated_at' && !source.few)) {
      return range('accounts a', `a.${order.field}`, 'a.id', []);
    }
    // here it keeps the planner from walking through all accounts in that order
    if (order.field === 'updated_at')
      return range(
        `(SELECT a.updated_at, a.id FROM (${idsOf(source, add)}) AS s (id) JOIN accounts a USING (id) OFFSET 0) AS f`,
        'f.updated_at',
        'f.id',
        [],
      );
    const ranges = [
      ...[...source.tokens].map((token) =>
        range('account_index i', 'i.created_at', 'i.account_id', [`i.token = ${add(token, 'bigint')}`]),
      ),
      ...(source.ids.size === 0 && source.tokens.size > 0
        ? []
        : [range('accounts a', 'a.created_at', 'a.id', [`a.id = ANY(${add([...source.ids], 'uuid[]')})`])]),
      // until the job has indexed them, so that no account is missing
      ...(source.tokens.size === 0 ? [] : [range('accounts a', 'a.created_at', 'a.id', ['a.search_tokens IS NULL'])]),
    ];
    return `SELECT DISTINCT key, id FROM (${ranges.map((one) => `(${one})`).join(' UNION ALL ')}) AS ranges
             ORDER BY key ${direction}, id ${direction} LIMIT ${step}`;
  }

  function idsOf({ tokens, ids }: Source, add: AddParameter): string {
    return `SELECT account_id FROM account_index WHERE token = ANY(${add([...tokens], 'bigint[]')})
            UNION SELECT unnest(${add([...ids], 'uuid[]')})
            ${tokens.size === 0 ? '' : 'UNION SELECT id FROM accounts WHERE search_tokens IS NULL'}`;
  }

  async function count(condition: Condition | undefined, source: Source | undefined, sealed: boolean): Promise<number> {
    if (sealed) {
      throw invalidInput(
        'total',
        'cannot be counted with a search or a filter on e-mail address or names: they are sealed',
      );
    }
    const [row] = await db.query(
      bound(
        (add) =>
          `SELECT count(*) AS total FROM accounts a${whereOf([
            ...(condition ? [compileCondition(condition, fields, add)] : []),
            ...(source?.few ? [`a.id IN (${idsOf(source, add)})`] : []),
          ])}`,
      ),
    );
    return Number(row?.total);
  }

  return {
    read,
    possible: {
      filters: Object.entries(fields).map(([name, { type, operators }]) => ({ name, type, operators })),
      sorts: Object.keys(SORTS).flatMap((name) => [name, `-${name}`]),
    },
  };
}

const SQL_OF = { eq: '=', gt: '>', ge: '>=', lt: '<', le: '<=' } as const;

/** The comparisons of a time that all accounts of the list meet: they bound the range of the index. */
function boundsOf(
  condition: Condition | undefined,
  field: string,
): { op: keyof typeof SQL_OF; value: FilterValue | undefined }[] {
  if (condition === undefined || 'condition' in condition) return [];
  if ('all' in condition) return condition.op === 'and' ? condition.all.flatMap((one) => boundsOf(one, field)) : [];
  const { op, value } = condition;
  return condition.field === field && op in SQL_OF ? [{ op: op as keyof typeof SQL_OF, value }] : [];
}
