import { type Static, Type } from 'typebox';
import type { Named, Store } from '../accounts/named.ts';
import { failedGuard } from '../platform/db_errors.ts';
import { AppError } from '../platform/errors.ts';
import type { Call, Plan } from './operation.ts';
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
async function assertUnused(what: string, name: string, store: Pick<Store, 'countMembers'>): Promise<void> {
  const members = await store.countMembers(name);
  if (members === 0) return;
  throw new AppError(
    'in_use',
    `the ${what} has ${members} ${members === 1 ? 'member' : 'members'}; delete it with remove_members=true to take it from them`,
  );
}

/** People who lose a name in one transaction: so many take a second at most, in which their sign-ins wait. */
const BATCH = 500;

/**
 * The plan of a deletion. The people of a large group lose it in batches first.
 * @throws AppError 409 `in_use` when it has members that are to stay
 */
export async function removalOf(
  kind: 'group' | 'role',
  store: Store,
  before: Named,
  removeMembers: boolean,
  { dryRun = false, progress }: Call,
): Promise<Plan<Static<typeof Removed>>> {
  const { name } = before;
  const target = { kind, id: name };
  if (!removeMembers) await assertUnused(kind, name, store);
  const { after: _, removed, ...planned } = store.removing(before, { removeMembers });
  if (!removeMembers) return { ...planned, target, result: () => ({ name, members_removed: 0 }) };
  if (dryRun) {
    const members = await store.countMembers(name);
    return { statements: [], target, result: () => ({ name, members_removed: members }) };
  }
  let earlier = 0;
  return {
    ...planned,
    target,
    async beforehand(commit) {
      for (;;) {
        const ids = await store.someMembers(name, BATCH);
        if (ids.length < BATCH) return;
        const changes = { members_removed: { after: ids.length } };
        try {
          await commit({ statements: store.removingSome(before, ids), target, changes });
        } catch (error) {
          if (failedGuard(error) === 'require_rows') continue; // some of them have left it meanwhile
          throw error;
        }
        earlier += ids.length;
        progress?.(earlier);
      }
    },
    result: (rows) => ({
      name,
      members_removed: earlier + (removed === undefined ? 0 : (rows[removed]?.length ?? 0)),
    }),
  };
}
