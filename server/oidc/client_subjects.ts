import type { Units } from '../records/unit.ts';
import type { Serving } from './serving.ts';
import { createSubjects, type SubjectParts } from './subjects.ts';

/** The subjects of people for a client, outside of its requests (OpenID Connect Core §8). Empty for an unknown client. */
export type ClientSubjects = (clientId: string, accountIds: readonly string[]) => Promise<ReadonlyMap<string, string>>;

export function createClientSubjects(
  parts: Omit<SubjectParts, 'accountOf'> & { readonly serving: Serving; readonly units: Units },
): ClientSubjects {
  const { serving, units } = parts;
  const subjectFor = createSubjects(parts);
  return (clientId, accountIds) =>
    units.run(async () => {
      const client = await serving.current().provider.Client.find(clientId);
      if (!client) return new Map();
      const pairs = await Promise.all(
        accountIds.map(async (id) => [id, await subjectFor(undefined, id, client)] as const),
      );
      return new Map(pairs);
    });
}
