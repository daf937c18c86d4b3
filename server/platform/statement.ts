import {
  type CompiledQuery,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryExecutorProvider,
  type RawBuilder,
  sql,
} from 'kysely';
import type { DB } from './database.ts';
import type { BoundStatement, Statement } from './db.ts';

/** A named statement with parameters of type `P`, which returns rows of type `R`. */
export interface PreparedStatement<P, R> extends Statement {
  /** Puts the parameters into the order of the statement. */
  bind(...parameters: [P] | (keyof P extends never ? [] : never)): BoundStatement<R>;
}

/**
 * Compiles a statement once, when its module is loaded.
 * @param build makes it by Kysely's builder (`tables`) or its `sql` template, from placeholders for the parameters, which
 *   have the parameters' types so that both are checked; anything else that it puts in becomes part of the text
 */
export function statement<P extends object, R>(
  name: string,
  build: ($: P) => { compile(provider: QueryExecutorProvider): CompiledQuery<R> },
): PreparedStatement<P, R> {
  const { sql: text, parameters } = build(PLACEHOLDERS as P).compile(tables);
  const placeholders = parameters as readonly Placeholder[];
  const made: PreparedStatement<P, R> = {
    name,
    text,
    bind: (given?: P) => ({ statement: made, values: placeholders.map(({ read }) => read(given)) }),
  };
  return made;
}

/** The type of an array's elements in Postgres. */
type SqlType = 'bytea' | 'text' | 'uuid' | 'timestamptz' | 'boolean' | 'bigint' | 'smallint';

/**
 * The columns of rows that one statement writes, from one table for their names, their order and their parameters, of
 * which each column has one. `rows` is always a parameter of the statement.
 */
export function columns<Column extends string>(types: Readonly<Record<Column, SqlType>>) {
  type Rows = readonly Readonly<Record<Column, unknown>>[];
  const all = Object.keys(types) as Column[];
  const list = (rows: Rows, column: Column) =>
    sql`${(rows as unknown as Placeholder).column(column)}::${sql.raw(types[column])}[]`;
  return {
    names: sql.join(all.map((column) => sql.ref(column))),
    /** The values of one column, as an array. */
    list,
    /** The rows, as a FROM item. */
    unnest: (rows: Rows): RawBuilder<unknown> => sql`unnest(${sql.join(all.map((column) => list(rows, column)))})`,
  };
}

/**
 * The row is the one that was read, and not another that was made after its deletion. Postgres may have microseconds, which a Date
 * has not.
 */
export const wasCreatedAt = (at: Date): RawBuilder<boolean> => sql`date_trunc('milliseconds', created_at) = ${at}`;

/** The text form of an array, for rows that have arrays: they are a column of texts, which the statement casts. */
export function arrayText(values: readonly string[]): string {
  return `{${values.map((value) => `"${value.replaceAll(/["\\]/g, '\\$&')}"`).join()}}`;
}

/** Stands for a parameter while a statement is built. */
class Placeholder {
  readonly key: string;
  /** @returns the parameter, out of all that the statement is given */
  readonly read: (parameters: unknown) => unknown;

  constructor(key: string, read: Placeholder['read']) {
    this.key = key;
    this.read = read;
  }

  /** Stands for one member of a parameter that is a list of rows. */
  column(name: string): Placeholder {
    return new Placeholder(`${this.key}.${name}`, (parameters) =>
      (this.read(parameters) as readonly Record<string, unknown>[]).map((row) => row[name]),
    );
  }

  /** A placeholder has no value yet: calculating with one is a mistake. */
  [Symbol.toPrimitive](): never {
    throw new TypeError(`the parameter ${this.key} has no value while the statement is built`);
  }
}

const PLACEHOLDERS: object = new Proxy(
  {},
  {
    get: (_, key) =>
      new Placeholder(String(key), (parameters) => (parameters as Readonly<Record<PropertyKey, unknown>>)[key]),
  },
);

/** Numbers a parameter that is used more than once only once, and writes constants into the text. */
class StatementCompiler extends PostgresQueryCompiler {
  readonly #numbers = new Map<string, number>();

  override compileQuery(...query: Parameters<PostgresQueryCompiler['compileQuery']>): CompiledQuery {
    this.#numbers.clear();
    return super.compileQuery(...query);
  }

  protected override appendValue(value: unknown): void {
    const number = value instanceof Placeholder ? this.#numbers.get(value.key) : undefined;
    if (!(value instanceof Placeholder)) {
      this.appendImmediateValue(value);
    } else if (number !== undefined) {
      this.append(`$${number}`);
    } else {
      super.appendValue(value);
      this.#numbers.set(value.key, this.numParameters);
    }
  }
}

/** Builds queries on the tables of the schema. It has no connection. */
export const tables = new Kysely<DB>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new StatementCompiler(),
  },
});
