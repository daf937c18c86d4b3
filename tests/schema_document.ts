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

/** The migrated schema as a Markdown document with a Mermaid diagram, for readers of the code. */
export async function schemaDocument(db: Db): Promise<string> {
  const columns = (await db.run(COLUMNS, [])) as readonly unknown[] as readonly Column[];
  const tables = Map.groupBy(columns, ({ table }) => table);
  const relations = columns
    .filter(({ references }) => references !== null)
    .map(({ table, name, nullable, references }) => `  ${references} ${nullable ? '|o' : '||'}--o{ ${table} : ${name}`);
  const boxes = [...tables].map(
    ([table, own]) =>
      `  ${table} {\n${own.map((one) => `    ${typeOf(one)} ${one.name}${keysOf(one)}${one.nullable ? ' "nullable"' : ''}`).join('\n')}\n  }`,
  );
  return `# The schema

Written by \`make documents\` from the migrated database; a test compares the two. Columns named \`sealed\` or \`sealed_…\` hold
values that are encrypted under the master key, or under a key of the person's own.

\`\`\`mermaid
erDiagram
${[...relations, ...boxes].join('\n')}
\`\`\`
`;
}

/** Mermaid allows a single word as a type. */
function typeOf({ type }: Column): string {
  return type.replace(' with time zone', 'tz').replaceAll(' ', '_').replace('[]', '_array');
}

function keysOf({ primary, references }: Column): string {
  const keys = [...(primary ? ['PK'] : []), ...(references === null ? [] : ['FK'])];
  return keys.length === 0 ? '' : ` ${keys.join(', ')}`;
}
