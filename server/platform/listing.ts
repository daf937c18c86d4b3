import { createHash } from 'node:crypto';
import type { BoundStatement, Db, Row } from './db.ts';
import { invalidInput } from './errors.ts';
import {
  type Condition,
  type FieldType,
  type FilterField,
  type FilterValue,
  type Operator,
  readFilter,
  readTime,
} from './filter.ts';
import { suggestion } from './nearest_name.ts';

/* Lists: keyset pages, filters and sorting on declared fields, compiled to one statement with parameters. */

export const LIST_LIMIT_MAX = 200;
export const LIST_LIMIT_DEFAULT = 50;
/** Characters, of an id and of what the list is sorted by. The longest ids have 2,000, and the longest names 400 of four bytes. */
export const CURSOR_MAX = 8_192;

/** A list as a caller asks for it. */
export interface ListRequest {
  /** `next` of the page before. */
  readonly cursor?: string | undefined;
  /** Items at most. */
  readonly limit?: number | undefined;
  readonly filter?: string | undefined;
  /** A sortable field, with `-` before it for descending order. */
  readonly sort?: string | undefined;
  /** Counts all items that match, on all pages. */
  readonly total?: boolean | undefined;
}

export interface Page<Item> {
  readonly items: Item[];
  /** The cursor of the next page; absent on the last one. */
  readonly next?: string;
  readonly total?: number;
}

/** Adds a parameter to a statement. @returns what stands for it in the text, with its type */
export type AddParameter = (value: unknown, type: string) => string;

export interface ListField extends FilterField {
  /** The column, or what compiles a comparison. */
  readonly sql: string | CompileComparison;
}

/** @param negated the result is then negated; `ne` comes as a negated `eq` */
export type CompileComparison = (
  op: Exclude<Operator, 'ne'>,
  value: FilterValue | undefined,
  add: AddParameter,
  negated: boolean,
) => string;

/** What a list is read from. All SQL is part of the program; everything from outside is a parameter. */
export interface ListDefinition<R, Item> {
  /** Part of the cursor, so that no list takes that of another. */
  readonly name: string;
  readonly select: string;
  readonly from: string;
  /** The unique column that makes every order total. */
  readonly id: { readonly sql: string; readonly type: 'uuid' | 'text' | 'bigint' };
  readonly fields: Readonly<Record<string, ListField>>;
  /** Columns that are never null; each needs an index together with the id. Default: the order of the ids alone. */
  readonly sorts: Readonly<Record<string, { readonly sql: string; readonly type: 'time' | 'text' | 'bigint' }>>;
  /** As in a request; `id` and `-id` are orders as well. */
  readonly defaultSort: string;
  readonly item: (row: R) => Item;
}

/** What the caller's own rules add to a request. */
export interface ListScope {
  /** A condition on the rows, such as that they are of one account. */
  readonly where?: (add: AddParameter) => string;
  /** Everything besides filter and sort that decides which rows there are: a cursor is only good for the same. */
  readonly key?: string;
}

export interface PlannedList<Item> {
  /** One statement; a second one counts when the total is asked for. */
  readonly statements: readonly BoundStatement<Row>[];
  /** @param rows of each statement */
  page(rows: readonly (readonly Row[])[]): Page<Item>;
}

const CASTS: Readonly<Record<FieldType, string>> = {
  text: 'text',
  texts: 'text',
  time: 'timestamptz',
  boolean: 'boolean',
  number: 'bigint',
  id: 'uuid',
};

/** The list of a definition. */
export function createListing<R extends object, Item>(definition: ListDefinition<R, Item>) {
  const { select, from, id } = definition;

  /** @throws AppError 400 `invalid_input`, with the field `filter`, `sort`, `cursor` or `limit` */
  function plan(request: ListRequest, scope: ListScope = {}): PlannedList<Item> {
    const { limit, sort, condition, key, after } = readRequest(definition, request, scope.key);
    const conditions = (add: AddParameter) => [
      ...(scope.where ? [scope.where(add)] : []),
      ...(condition ? [compileCondition(condition, definition.fields, add)] : []),
    ];
    const compare = sort.descending ? '<' : '>';
    const direction = sort.descending ? 'DESC' : 'ASC';
    const page = bound((add) => {
      const from_ = after
        ? sort.column
          ? [
              `(${sort.column.sql}, ${id.sql}) ${compare} (${add(after.value, SORT_CASTS[sort.column.type])}, ${add(after.id, id.type)})`,
            ]
          : [`${id.sql} ${compare} ${add(after.id, id.type)}`]
        : [];
      const order = [...(sort.column ? [sort.column.sql] : []), id.sql].map((one) => `${one} ${direction}`);
      // The limit is in the text: without it the planner expects a tenth of all rows, and sorts them.
      return `SELECT ${select}, ${sort.column ? keyText(sort.column) : 'NULL'} AS list_key, ${id.sql}::text AS list_id
                FROM ${from}${whereOf([...conditions(add), ...from_])}
               ORDER BY ${order.join(', ')} LIMIT ${limit + 1}`;
    });
    const counting = bound((add) => `SELECT count(*) AS total FROM ${from}${whereOf(conditions(add))}`);
    return {
      statements: request.total ? [page, counting] : [page],
      page([rows = [], counted = []]) {
        const shown = rows.slice(0, limit);
        const last = rows.length > limit ? shown.at(-1) : undefined;
        return {
          items: shown.map(({ list_key, list_id, ...row }) => definition.item(row as R)),
          ...(last ? { next: writeCursor(key, last.list_key as string | null, last.list_id as string) } : {}),
          ...(request.total ? { total: Number(counted[0]?.total) } : {}),
        };
      },
    };
  }

  return {
    plan,
    async read(db: Pick<Db, 'transact'>, request: ListRequest, scope?: ListScope): Promise<Page<Item>> {
      const planned = plan(request, scope);
      return planned.page(await db.transact(planned.statements));
    },
    fields: definition.fields,
    /** The fields by which requests can filter and sort, for documentation. */
    possible: {
      filters: Object.entries(definition.fields).map(([name, { type, operators }]) => ({ name, type, operators })),
      sorts: sortNames(definition),
    },
  };
}

/** Makes a statement without a name: there are too many texts for a connection to keep them all. */
export function bound(build: (add: AddParameter) => string): BoundStatement<Row> {
  const values: unknown[] = [];
  const text = build((value, type) => `$${values.push(value)}::${type}`);
  return { statement: { text }, values };
}

export function whereOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? '' : ` WHERE ${conditions.map((one) => `(${one})`).join(' AND ')}`;
}

/** What `readRequest` needs of a definition. */
type Orders = Pick<ListDefinition<never, unknown>, 'name' | 'id' | 'fields' | 'sorts' | 'defaultSort'>;

/** Reads all members of a request. @throws AppError 400 `invalid_input`, with the field */
export function readRequest(definition: Orders, request: ListRequest, scopeKey = '') {
  const limit = readLimit(request.limit);
  const sort = readSort(definition, request.sort);
  const filter = request.filter?.trim();
  const condition = filter ? readFilter(filter, definition.fields) : undefined;
  const key = createHash('sha256')
    .update(JSON.stringify([definition.name, sort.name, filter ?? '', scopeKey]))
    .digest('base64url')
    .slice(0, 16);
  const after = request.cursor === undefined ? undefined : readCursor(request.cursor, key, sort, definition.id.type);
  return { limit, sort, condition, key, after };
}

function readLimit(limit = LIST_LIMIT_DEFAULT): number {
  if (!Number.isInteger(limit) || limit < 1 || limit > LIST_LIMIT_MAX) {
    throw invalidInput('limit', `must be an integer from 1 to ${LIST_LIMIT_MAX}`);
  }
  return limit;
}

type SortColumn = Orders['sorts'][string];

interface Sort {
  readonly name: string;
  readonly descending: boolean;
  /** Undefined for the order of the ids. */
  readonly column: SortColumn | undefined;
}

function sortNames({ sorts, defaultSort }: Pick<Orders, 'sorts' | 'defaultSort'>): string[] {
  const byId = /^-?id$/.test(defaultSort) ? ['id'] : [];
  return [...byId, ...Object.keys(sorts)].flatMap((name) => [name, `-${name}`]);
}

function readSort(orders: Orders, given = orders.defaultSort): Sort {
  const possible = sortNames(orders);
  if (!possible.includes(given)) {
    throw invalidInput(
      'sort',
      `${JSON.stringify(given.slice(0, 64))} is not possible; those are ${possible.join(', ')}${suggestion(possible, given)}`,
    );
  }
  const descending = given.startsWith('-');
  const name = descending ? given.slice(1) : given;
  return { name: given, descending, column: name === 'id' ? undefined : orders.sorts[name] };
}

const SORT_CASTS = { time: 'timestamptz', text: 'text', bigint: 'bigint' } as const satisfies Record<
  SortColumn['type'],
  string
>;

/** The sort key as text, without loss: Postgres counts microseconds. */
function keyText({ sql, type }: SortColumn): string {
  return type === 'time' ? `to_char(${sql} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')` : `${sql}::text`;
}

const SHAPES = {
  time: (text: string) => readTime(text) !== undefined,
  text: (text: string) => text.isWellFormed() && !text.includes('\0'),
  bigint: (text: string) => /^-?\d{1,18}$/.test(text),
  uuid: (text: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text),
} as const;

export function writeCursor(key: string, value: string | null, id: string): string {
  return Buffer.from(JSON.stringify([key, value, id])).toString('base64url');
}

function readCursor(cursor: string, key: string, sort: Sort, idType: keyof typeof SHAPES) {
  const [ofList, value, id] = partsOf(cursor);
  if (typeof ofList !== 'string' || typeof id !== 'string' || !SHAPES[idType](id)) {
    throw invalidInput('cursor', 'is not one that a list returned as next');
  }
  if (ofList !== key) {
    throw invalidInput('cursor', 'is of another list, filter or sort; begin again without a cursor');
  }
  const fits = sort.column ? typeof value === 'string' && SHAPES[sort.column.type](value) : value === null;
  if (!fits) throw invalidInput('cursor', 'is not one that a list returned as next');
  return { value: value as string | null, id };
}

function partsOf(cursor: string): unknown[] {
  try {
    const parts: unknown = cursor.length > CURSOR_MAX ? [] : JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(parts) ? parts : [];
  } catch {
    return [];
  }
}

/**
 * Compiles a filter to a condition. A field without a value matches no comparison, but a negated one, so negations are
 * moved to the comparisons, and null counts as false there.
 */
export function compileCondition(
  condition: Condition,
  fields: ListDefinition<never, unknown>['fields'],
  add: AddParameter,
  negated = false,
): string {
  if ('all' in condition) {
    const word = (condition.op === 'and') === negated ? ' OR ' : ' AND ';
    return `(${condition.all.map((one) => compileCondition(one, fields, add, negated)).join(word)})`;
  }
  if ('condition' in condition) return compileCondition(condition.condition, fields, add, !negated);
  const { op, field, value } = condition;
  const declared = fields[field];
  if (!declared) throw new Error(`a filter on ${field}, which is not declared`);
  if (op === 'ne') return compileComparison('eq', declared, value, add, !negated);
  return compileComparison(op, declared, value, add, negated);
}

function compileComparison(
  op: Exclude<Operator, 'ne'>,
  field: ListField,
  value: FilterValue | undefined,
  add: AddParameter,
  negated: boolean,
): string {
  const compiled =
    typeof field.sql === 'function'
      ? field.sql(op, value, add, negated)
      : compileOf(field.type, field.sql, op, () => add(value, CASTS[field.type]));
  return negated ? `((${compiled}) IS NOT TRUE)` : `(${compiled})`;
}

function compileOf(type: FieldType, sql: string, op: Exclude<Operator, 'ne'>, parameter: () => string): string {
  if (type === 'texts') {
    if (op === 'pr') return `cardinality(${sql}) > 0`;
    // by an index of arrays (GIN) where the column has one
    if (op === 'eq') return `${sql} @> ARRAY[${parameter()}]`;
    return `EXISTS (SELECT 1 FROM unnest(${sql}) AS one (value) WHERE ${SQL[op]('one.value', parameter)})`;
  }
  return SQL[op](sql, parameter);
}

const SQL: Readonly<Record<Exclude<Operator, 'ne'>, (sql: string, parameter: () => string) => string>> = {
  eq: (sql, parameter) => `${sql} = ${parameter()}`,
  co: (sql, parameter) => `strpos(${sql}, ${parameter()}) > 0`,
  sw: (sql, parameter) => `starts_with(${sql}, ${parameter()})`,
  ew: (sql, parameter) => {
    const end = parameter();
    return `right(${sql}, length(${end})) = ${end}`;
  },
  gt: (sql, parameter) => `${sql} > ${parameter()}`,
  ge: (sql, parameter) => `${sql} >= ${parameter()}`,
  lt: (sql, parameter) => `${sql} < ${parameter()}`,
  le: (sql, parameter) => `${sql} <= ${parameter()}`,
  pr: (sql) => `${sql} IS NOT NULL`,
};
