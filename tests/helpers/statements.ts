import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { COLUMNS } from '../../server/accounts/rows.ts';
import { SEALED } from '../../server/operations/sealed_columns.ts';
import type { Statement } from '../../server/platform/db.ts';
import { resealStatements } from '../../server/platform/reseal.ts';
import { createStatements } from '../../server/records/statements.ts';
import { ROOT } from './artifacts.ts';

export interface FoundStatement extends Required<Statement> {
  /** Relative to the repository. */
  readonly file: string;
}

/** Statements that a function creates from another folder's data. */
const MADE: Readonly<Record<string, unknown>> = {
  'server/records/statements.ts': createStatements(COLUMNS),
  'server/platform/reseal.ts': SEALED.map(resealStatements),
};

/** Every named statement that a file in `server/` or `keys/` exports. */
export async function exportedStatements(): Promise<FoundStatement[]> {
  const found: FoundStatement[] = [];
  for (const { file, names } of declaredStatements()) {
    if (names.length === 0 && MADE[file] === undefined && !isSql(readFileSync(join(ROOT, file), 'utf8'))) continue;
    const exported = (await import(pathToFileURL(join(ROOT, file)).href)) as Record<string, unknown>;
    const statements = [exported, MADE[file]].flatMap(statementsIn);
    found.push(...statements.map(({ name, text }) => ({ file, name, text })));
  }
  return found;
}

/** The names of all statements in the source, exported or not. */
export function declaredStatements(): { file: string; names: string[] }[] {
  return sourceFiles().map((file) => {
    const source = readFileSync(join(ROOT, file), 'utf8');
    const declared = /\bname: '([^']+)',\s*(?:\/\/[^\n]*\s*)*text:|\bstatement\(\s*'([^']+)'/g;
    return { file, names: [...source.matchAll(declared)].map(([, literal, built]) => literal ?? built ?? '') };
  });
}

function sourceFiles(): string[] {
  return ['server', 'keys'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => `${folder}/${file}`)
      .sort(),
  );
}

const isSql = (source: string) => /\btext: `\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b|\bstatement\(/.test(source);

function statementsIn(value: unknown): Required<Statement>[] {
  if (typeof value !== 'object' || value === null) return [];
  const { name, text } = value as Partial<Statement>;
  if (typeof name === 'string' && typeof text === 'string') return [{ name, text }];
  if (Array.isArray(value) || isPlain(value)) return Object.values(value).flatMap(statementsIn);
  return [];
}

/** A module namespace, or an object literal. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
