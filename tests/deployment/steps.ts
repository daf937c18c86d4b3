/* What `make deployment` does with the commands of ops/docs/deployment.md. */

/** In place of an operator's values. */
export const PAGE_VALUES = {
  DOMAIN: 'id.example.com',
  ADMIN: 'ada@example.com',
  REPOSITORY: 'file:///srv/cardea.git',
  VERSION: 'one',
} as const;

/** Names of commands of the page, and checks between them (`sign_in.ts`). */
export const PAGE_STEPS = [
  { commands: ['programs', 'source', 'secrets', 'certificates', 'postgres', 'redis', 'settings', 'schema', 'nodes'] },
  { commands: ['ready', 'nginx', 'check', 'administrator', 'token'] },
  { check: 'sign-in' },
  // From here on requests come all the time, and none may fail.
  { check: 'load' },
  { commands: ['upgrade', 'restart'] },
  { check: 'sign-in' },
  { commands: ['rollback', 'restart'] },
  { check: 'unload' },
  { check: 'sign-in' },
] as const;
