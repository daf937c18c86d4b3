import { SEALED, SEALED_OWN } from '../server/operations/sealed_columns.ts';
import { replaced } from './admin_api_document.ts';

/** Puts the tables of sealed columns into ops/docs/data-at-rest.md. */
export function withSealedColumns(document: string): string {
  const own = SEALED_OWN.map(({ table, column, holds }) => `| \`${table}.${column}\` | ${holds} |`);
  const master = SEALED.map(
    ({ table, column, holds, because }) => `| \`${table}.${column}\` | ${holds} | ${because} |`,
  );
  const withOwn = replaced(document, 'own keys', ['| column | holds |', '| --- | --- |', ...own]);
  return replaced(withOwn, 'master key', [
    '| column | holds | why not under the own key of a person |',
    '| --- | --- | --- |',
    ...master,
  ]);
}
