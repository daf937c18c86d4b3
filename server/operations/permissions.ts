import { ADMINISTRATOR } from '../accounts/administrators.ts';

/**
 * What an operator can be allowed, in one table: each operation names one of these permissions, and an access token for the
 * admin API has one scope for each. There are no others.
 */

export const ACTIONS = ['read', 'write'] as const;
export type Action = (typeof ACTIONS)[number];

/** What the admin API is about, and what the two permissions of each cover. */
export const NOUNS = {
  users: 'people: their profiles, groups and events',
  credentials: 'passwords, second factors and passkeys of people',
  groups: 'groups and who is in them',
  roles: 'roles, their permissions and who has them',
  clients: 'clients, their metadata and secrets',
  resources: 'resource servers and their scopes',
  sessions: 'sessions of people',
  grants: 'what people have allowed to clients',
  tokens: 'access and refresh tokens',
  keys: 'signing keys',
  lockouts: 'users that are locked after failed sign-ins',
  registrations: 'initial access tokens, by which clients register themselves',
  mails: 'mails that wait to be sent',
  deliveries: 'messages to clients that wait to be delivered',
  audit: 'the audit: what happened, to whom and by whom, and where it is sent',
  privacy: 'the report of what is stored about people, and their data exports',
  backups: 'copies of the database',
  config: 'the configuration that is in force',
} as const;
export type Noun = keyof typeof NOUNS;

/** To see personal data in full. Without it, who may see people sees it masked. */
export const SEE_IN_FULL = 'users:read:pii';

/** To open the page `/status`. No operation needs it; by its scope a call may give it to others. */
export const SEE_STATUS = 'status:read';

export type Permission = `${Noun}:${Action}` | typeof SEE_IN_FULL | typeof SEE_STATUS;

/** The scope of an access token by which a permission is exercised. */
export type PermissionScope = `cardea:${Permission}`;

/** No other scope begins like this. */
export const SCOPE_PREFIX = 'cardea:';

const nouns = Object.keys(NOUNS) as Noun[];

/** Each permission once, in the order of `NOUNS`. */
export const PERMISSIONS: readonly Permission[] = [
  ...nouns.flatMap((noun): Permission[] => [
    ...ACTIONS.map((action) => `${noun}:${action}` as const),
    ...(noun === 'users' ? ([SEE_IN_FULL] as const) : []),
  ]),
  SEE_STATUS,
];

const known: ReadonlySet<string> = new Set(PERMISSIONS);

export const isPermission = (value: string): value is Permission => known.has(value);

export const scopeOf = (permission: Permission): PermissionScope => `${SCOPE_PREFIX}${permission}`;

/** @returns undefined for a scope that exercises no permission */
export function permissionOfScope(scope: string): Permission | undefined {
  if (!scope.startsWith(SCOPE_PREFIX)) return undefined;
  const permission = scope.slice(SCOPE_PREFIX.length);
  return isPermission(permission) ? permission : undefined;
}

export const PERMISSION_SCOPES: readonly PermissionScope[] = PERMISSIONS.map(scopeOf);

export interface BuiltinRole {
  /** One sentence. */
  readonly description: string;
  readonly permissions: readonly Permission[];
}

/**
 * Only an administrator decides who may do what, and what the configuration is. Daily work needs no personal data in full: other
 * roles find people by what these have told them, and an administrator gives `users:read:pii` to those who need more.
 */
const ADMINISTRATORS_ALONE: readonly Permission[] = ['roles:write', 'config:write', SEE_IN_FULL];

/** They exist in every installation, and cannot be changed. */
export const BUILTIN_ROLES = {
  [ADMINISTRATOR]: {
    description: 'Can do everything.',
    permissions: PERMISSIONS,
  },
  'cardea-operator': {
    description:
      'Can do everything except change roles or the configuration, change the credentials of administrators, or see personal data in full.',
    permissions: PERMISSIONS.filter((one) => !ADMINISTRATORS_ALONE.includes(one)),
  },
  'cardea-auditor': {
    description: 'Can see everything, personal data masked, and change nothing.',
    permissions: [...nouns.map((noun): Permission => `${noun}:read`), SEE_STATUS],
  },
  'cardea-helpdesk': {
    description:
      'Can find people, whose data is masked, unlock them, end their sessions, reset their credentials, and see what they allowed.',
    permissions: [
      'users:read',
      'credentials:read',
      'credentials:write',
      'sessions:read',
      'sessions:write',
      'grants:read',
      'lockouts:read',
      'lockouts:write',
    ],
  },
} as const satisfies Readonly<Record<string, BuiltinRole>>;
export type BuiltinRoleName = keyof typeof BUILTIN_ROLES;

export const isBuiltinRole = (name: string): name is BuiltinRoleName => Object.hasOwn(BUILTIN_ROLES, name);

export function builtinRoles(): (BuiltinRole & { readonly name: string })[] {
  return Object.entries(BUILTIN_ROLES).map(([name, role]) => ({ name, ...role }));
}

/** @returns the permissions in the order of the table, each once; names that are no permission are left out */
export function permissionsAmong(names: Iterable<string>): Permission[] {
  const wanted = new Set(names);
  return PERMISSIONS.filter((one) => wanted.has(one));
}

/** What roles that are built in permit together; other roles permit nothing here. */
export function permissionsOfBuiltinRoles(names: readonly string[]): ReadonlySet<Permission> {
  return new Set(names.filter(isBuiltinRole).flatMap((name): readonly Permission[] => BUILTIN_ROLES[name].permissions));
}
