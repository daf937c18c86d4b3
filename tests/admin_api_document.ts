import { ROUTES } from '../server/admin/routes.ts';
import { createProgram } from '../server/cli/main.ts';
import { permissionsOf } from '../server/operations/full_reads.ts';
import { ANY_CALLER } from '../server/operations/operation.ts';
import {
  BUILTIN_ROLES,
  NOUNS,
  PERMISSIONS,
  type Permission,
  SEE_IN_FULL,
  SEE_STATUS,
  scopeOf,
} from '../server/operations/permissions.ts';
import type { Face } from './helpers/faces.ts';

type Verb = Pick<Face, 'operation' | 'cli'>;

/**
 * A document with the tables of permissions, roles and routes between its comments, as the code has them.
 * @param faces what command line does the same as what route
 */
export async function withTables(document: string, faces: readonly Verb[]): Promise<string> {
  const tables = { permissions: permissionTable(), roles: roleTable(), routes: await routeTable(faces) };
  return Object.entries(tables).reduce((text, [name, table]) => replaced(text, name, table), document);
}

/** Replaces the text between two comments. */
export function replaced(document: string, name: string, table: readonly string[]): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
  const [before, after] = [document.indexOf(begin), document.indexOf(end)];
  if (before === -1 || after < before) throw new Error(`there is no place for ${name}`);
  return [document.slice(0, before) + begin, ...table, document.slice(after)].join('\n');
}

function permissionTable(): string[] {
  const rows = Object.entries(NOUNS).map(
    ([noun, about]) => `| \`cardea:${noun}:read\` | \`cardea:${noun}:write\` | ${about} |`,
  );
  const inFull = `| \`${scopeOf(SEE_IN_FULL)}\` | | people in full; without it their data is masked |`;
  const status = `| \`${scopeOf(SEE_STATUS)}\` | | the page /status, which needs a sign-in and not this scope: it lets a call give the permission to others |`;
  return ['| to see | to change | |', '| --- | --- | --- |', ...rows, inFull, status];
}

function roleTable(): string[] {
  const rows = Object.entries(BUILTIN_ROLES).map(
    ([name, { description, permissions }]) => `| \`${name}\` | ${description} | ${listed(permissions)} |`,
  );
  return ['| role | | permissions |', '| --- | --- | --- |', ...rows];
}

/** By the order of the routes, which is that of their nouns. */
async function routeTable(faces: readonly Verb[]): Promise<string[]> {
  const verbs = new Map<string, Set<string>>();
  for (const { operation, cli } of faces) {
    const of = verbs.get(operation.name) ?? new Set();
    verbs.set(operation.name, of.add(`\`cardea ${await verbIn(cli)}\``));
  }
  const rows = ROUTES.map(({ method, path, operation }) => {
    const { name, summary } = operation;
    const permissions = permissionsOf(operation).map((one) => `\`${one}\``);
    const cells = [
      `\`${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}\``,
      summary,
      permissions.join(', ') || ANY_CALLER,
      [...(verbs.get(name) ?? [])].join(', '),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return ['| route | | permission | command |', '| --- | --- | --- | --- |', ...rows];
}

/** The noun and verb at the beginning of a command line. */
async function verbIn(words: readonly string[]): Promise<string> {
  let command = await createProgram(words, process);
  const verb: string[] = [];
  for (const word of words) {
    const next = command.commands.find((one) => one.name() === word);
    if (next === undefined) break;
    verb.push(word);
    command = next;
  }
  return verb.join(' ');
}

function listed(permissions: readonly Permission[]): string {
  const missing = PERMISSIONS.filter((one) => !permissions.includes(one));
  if (missing.length === 0) return 'all';
  const reads = PERMISSIONS.filter((one) => one.endsWith(':read'));
  if (permissions.length === reads.length && reads.every((one) => permissions.includes(one)))
    return 'all that end in `:read`';
  const named = (names: readonly Permission[]) => names.map((one) => `\`${one}\``).join(', ');
  return missing.length < permissions.length ? `all but ${named(missing)}` : named(permissions);
}
