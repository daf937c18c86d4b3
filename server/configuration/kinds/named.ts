import type { Named, Store } from '../../accounts/named.ts';
import { all } from '../kind.ts';
import type { Current, Members } from '../plan.ts';

/** Groups or roles as a configuration file has them. */
export async function namedThings(store: Store, members: (named: Named) => Members): Promise<Map<string, Current>> {
  const found = new Map<string, Current>();
  for await (const one of all((request) => store.list(request))) {
    found.set(one.name, { members: members(one), managedBy: one.managedBy });
  }
  return found;
}
