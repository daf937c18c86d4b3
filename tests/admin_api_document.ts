import { BUILTIN_ROLES, NOUNS, PERMISSIONS, type Permission } from '../server/operations/permissions.ts';

/** A document with the tables of permissions and roles between its comments, as the code has them. */
export function withPermissions(document: string): string {
  return replaced(replaced(document, 'permissions', permissionTable()), 'roles', roleTable());
}

function replaced(document: string, name: string, table: readonly string[]): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
  const [before, after] = [document.indexOf(begin), document.indexOf(end)];
  if (before === -1 || after < before) throw new Error(`there is no place for ${name}`);
  return [document.slice(0, before) + begin, ...table, document.slice(after)].join('\n');
}

function permissionTable(): string[] {
  const rows = Object.entries(NOUNS).map(
    ([noun, about]) => `| \`cardea:${noun}:read\` | \`cardea:${noun}:write\` | ${about} |`,
  );
  return ['| to see | to change | |', '| --- | --- | --- |', ...rows];
}

function roleTable(): string[] {
  const rows = Object.entries(BUILTIN_ROLES).map(
    ([name, { description, permissions }]) => `| \`${name}\` | ${description} | ${listed(permissions)} |`,
  );
  return ['| role | | permissions |', '| --- | --- | --- |', ...rows];
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
