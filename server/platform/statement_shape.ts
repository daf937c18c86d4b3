const TABLE = /\b(?:from|into|update|join|table)\s+(?:only\s+)?"?([a-z_][a-z0-9_]*)"?(?:\."?([a-z_][a-z0-9_]*)"?)?/gi;
const TABLES_MAX = 5;

/**
 * The shape of a statement that has no name: its first word and its tables, such as `update signing_keys`. Values are in no
 * shape: literals are left out, and a text that may hide one in another notation has its first word alone.
 */
export function shapeOf(text: string): string {
  const verb = /^\s*([a-z]{2,20})\b/i.exec(text)?.[1]?.toLowerCase() ?? 'statement';
  if (/\\|\$\w*\$|--|\/\*|\b[ux]&?'/i.test(text)) return verb;
  const tables = [...text.replaceAll(/'(?:[^']|'')*'/g, '').matchAll(TABLE)].map(
    ([, first = '', second]) => second ?? first,
  );
  return [verb, ...[...new Set(tables)].slice(0, TABLES_MAX)].join(' ');
}
