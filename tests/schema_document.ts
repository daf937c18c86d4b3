import { instance } from '@viz-js/viz';
import type { Db } from '../server/platform/db.ts';

interface Column {
  readonly table: string;
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
  readonly primary: boolean;
  readonly references: string | null;
}

const COLUMNS = {
  name: 'schema_document.columns',
  text: `SELECT t.relname AS "table", a.attname AS name, format_type(a.atttypid, NULL) AS type, NOT a.attnotnull AS nullable,
                coalesce(a.attnum = ANY(p.conkey), false) AS "primary",
                (SELECT f.confrelid::regclass::text FROM pg_constraint f
                  WHERE f.conrelid = t.oid AND f.contype = 'f' AND a.attnum = ANY(f.conkey) LIMIT 1) AS "references"
           FROM pg_class t
           JOIN pg_namespace n ON n.oid = t.relnamespace
           JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
           LEFT JOIN pg_constraint p ON p.conrelid = t.oid AND p.contype = 'p'
          WHERE n.nspname = 'public' AND t.relkind IN ('r', 'p') AND NOT t.relispartition AND t.relname NOT LIKE 'kysely_%'
          ORDER BY t.relname, a.attnum`,
};

/** The migrated schema as a Markdown document, for readers of the code. */
export async function schemaDocument(db: Db): Promise<string> {
  const tables = Map.groupBy(await columnsOf(db), ({ table }) => table);
  const sections = [...tables].map(([table, columns]) =>
    [`## ${table}`, '', '| column | type | |', '| --- | --- | --- |', ...columns.map(rowOf)].join('\n'),
  );
  return `# The schema

Written by \`make documents\` from the migrated database; a test compares the two. Columns named \`sealed\` or \`sealed_…\` hold
values that are encrypted under the master key, or under a key of the person's own. An arrow leads from a foreign key to its table; a
dashed one may be empty.

![The tables and their foreign keys](schema.svg)

${sections.join('\n\n')}
`;
}

/** The tables and their foreign keys as a picture (SVG). */
export async function schemaPicture(db: Db): Promise<string> {
  const columns = await columnsOf(db);
  const tables = [...new Set(columns.map(({ table }) => table))];
  const arrows = columns.flatMap(({ table, name, nullable, references }) =>
    references === null ? [] : [`"${table}" -> "${references}" [tooltip="${name}"${nullable ? ' style=dashed' : ''}]`],
  );
  const related = new Set(columns.flatMap(({ table, references }) => (references === null ? [] : [table, references])));
  const drawn = tables.filter((table) => related.has(table)).map((table) => `"${table}"`);
  const alone = tables.filter((table) => !related.has(table));
  // Tables without foreign keys stand together, as they would make the picture wide.
  const list = `"alone" [shape=note label="without foreign keys:\\l${alone.map((one) => `${one}\\l`).join('')}"]`;
  const graph = `digraph { rankdir=RL bgcolor=white nodesep=0.15 ranksep=1.2
    node [shape=box style=filled fillcolor="#f4f6f5" color="#6d7d77" fontname="sans-serif" fontsize=11 height=0.3 margin="0.2,0.06"]
    edge [color="#6d7d77" arrowsize=0.6]
    ${[...drawn, ...arrows, list].join('\n')} }`;
  return (await instance()).renderString(graph, { format: 'svg' });
}

async function columnsOf(db: Db): Promise<readonly Column[]> {
  return (await db.run(COLUMNS, [])) as readonly unknown[] as readonly Column[];
}

function rowOf({ name, type, nullable, primary, references }: Column): string {
  const about = [
    ...(primary ? ['primary key'] : []),
    ...(references === null ? [] : [`references [${references}](#${references})`]),
    ...(nullable ? ['may be empty'] : []),
  ];
  return `| \`${name}\` | ${type.replace(' with time zone', 'tz')} | ${about.join(', ')} |`;
}
