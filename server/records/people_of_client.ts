import { sql } from 'kysely';
import type { Clock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import { statement } from '../platform/statement.ts';

export const PEOPLE_OF_CLIENT_STATEMENTS = {
  // A trigger notes former grants of clients that get events (migration 0042).
  among: statement(
    'people_of_client.among',
    ($: { clientId: string; accountIds: readonly string[]; now: Date }) => sql<{ account_id: string }>`
      SELECT account_id FROM grants WHERE client_id = ${$.clientId} AND account_id = ANY(${$.accountIds}::uuid[])
       UNION SELECT account_id FROM former_grants
              WHERE client_id = ${$.clientId} AND account_id = ANY(${$.accountIds}::uuid[]) AND expires_at > ${$.now}`,
  ),
};

/** Those of these people who have allowed something to the client, or had until lately. @throws AppError 503 */
export async function peopleOfClient(
  { db, now }: { readonly db: Pick<Db, 'query'>; readonly now: Clock },
  clientId: string,
  accountIds: readonly string[],
): Promise<string[]> {
  const bound = PEOPLE_OF_CLIENT_STATEMENTS.among.bind({ clientId, accountIds, now: new Date(now()) });
  return (await db.query(bound)).map(({ account_id: id }) => id);
}
