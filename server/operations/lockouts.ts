import { type Static, Type } from 'typebox';
import type { ListedLock } from '../accounts/attempts.ts';
import { change, read } from './operation.ts';
import { LIST_QUERY, pageOf, shownPage } from './pages.ts';
import { Nullable, strict, Time } from './schema.ts';
import { assertMayChangeUser } from './user_plans.ts';

const LockId = Type.String({ pattern: '^[0-9a-f]{64}$', description: '64 hex digits' });
const UserId = Nullable(
  Type.String({ format: 'uuid' }),
  'the person; null for an identifier without a user, which is locked in the same way and not stored',
);
const Factor = Type.String({ description: 'password, totp or recovery_code' });

const Lockout = strict(
  { id: LockId, user_id: UserId, factor: Factor, locked_until: Time },
  {
    title: 'Lockout',
    description:
      'Neither the identifier that was typed nor the address that it came from is stored: there is nothing to show.',
  },
);

const EXAMPLE: Static<typeof Lockout> = {
  id: '3a7bd3e2360a3d29eea436fcfb7e44c735d117c42d1c1835420b6b9942dd4f1b',
  user_id: '019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f',
  factor: 'password',
  locked_until: '2026-11-01T08:15:00.000Z',
};

/** Locks after wrong guesses. A person has one for each factor, and for each browser that is known. */
export const lockouts = {
  list: read({
    name: 'lockouts.list',
    permission: 'lockouts:read',
    summary: 'List the locks that are in force, the one that ends first before the others',
    description: 'Filter by user_id, factor or locked_until.',
    schemas: { query: strict(LIST_QUERY), output: pageOf(Lockout, 'Locks') },
    example: { input: { query: { filter: 'factor eq "password"' } }, output: { items: [EXAMPLE] } },
    run: async ({ accountStores }, { query }) =>
      shownPage(await (await accountStores()).attempts.listLocks(query), shown),
  }),

  end: change({
    name: 'lockouts.end',
    permission: 'lockouts:write',
    target: 'lockout',
    summary: 'End a lock',
    description: 'Failed guesses are forgotten with it. All locks of a person are ended by `POST /users/{id}/unlock`.',
    schemas: { params: strict({ id: LockId }), output: Lockout },
    example: { input: { params: { id: EXAMPLE.id } }, output: EXAMPLE },
    async plan(services, { params: { id } }, call) {
      const { before, statements, refuse } = await (await services.accountStores()).attempts.endingLock(id);
      if (before.accountId !== undefined) await assertMayChangeUser(services, before.accountId, call);
      const { user_id, factor, locked_until } = shown(before);
      return {
        statements,
        refuse,
        // an auditor looks for the person
        target: user_id === null ? { kind: 'lockout', id } : { kind: 'user', id: user_id },
        changes: { factor: { before: factor }, locked_until: { before: locked_until } },
        result: () => shown(before),
      };
    },
  }),
};

function shown({ id, accountId, factor, until }: ListedLock): Static<typeof Lockout> {
  return { id, user_id: accountId ?? null, factor, locked_until: until.toISOString() };
}
