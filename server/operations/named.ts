import { type Static, Type } from 'typebox';
import type { NamedPlan, Store } from '../accounts/named.ts';
import { AppError } from '../platform/errors.ts';
import type { Plan } from './operation.ts';
import { strict } from './schema.ts';

/* Shared by groups and roles. */

export const REMOVE_MEMBERS = strict({
  remove_members: Type.Optional(Type.Boolean({ description: 'also when it has members: they lose it' })),
});

export const Removed = strict(
  {
    name: Type.String(),
    members_removed: Type.Integer({ minimum: 0, description: 'people who had it' }),
  },
  { title: 'Removed' },
);

/** @throws AppError 409 `in_use` with the number of people who have it */
export async function assertUnused(what: string, name: string, store: Pick<Store, 'countMembers'>): Promise<void> {
  const members = await store.countMembers(name);
  if (members === 0) return;
  throw new AppError(
    'in_use',
    `the ${what} has ${members} ${members === 1 ? 'member' : 'members'}; delete it with remove_members=true to take it from them`,
  );
}

export function removalOf(
  kind: string,
  { after: { name }, removed, ...planned }: NamedPlan & { readonly removed?: number },
): Plan<Static<typeof Removed>> {
  return {
    ...planned,
    target: { kind, id: name },
    result: (rows) => ({ name, members_removed: removed === undefined ? 0 : (rows[removed]?.length ?? 0) }),
  };
}
