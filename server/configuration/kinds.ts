import type { Kind } from './kind.ts';
import { CLIENTS } from './kinds/clients.ts';
import { GROUPS } from './kinds/groups.ts';
import { RESOURCE_SERVERS } from './kinds/resource_servers.ts';
import { ROLES } from './kinds/roles.ts';
import { settingsKind } from './kinds/settings.ts';
import { TEXTS } from './kinds/texts.ts';

/** All kinds, in the order in which they are made: one may name those before it. */
export const KINDS: readonly Kind[] = [
  settingsKind('policies', 'Policies: settings of the server, from its next start; the environment overrides them'),
  settingsKind('limits', 'Limits: settings of the server, from its next start; the environment overrides them'),
  GROUPS,
  ROLES,
  CLIENTS,
  RESOURCE_SERVERS,
  TEXTS,
];
