import type { Db } from '../../server/platform/db.ts';

/**
 * Clients for tests of lists: of a hundred names, one of 500 for machines, one of 250 with a scope of its own, one of 1,000 of a
 * file. One by one they would take minutes.
 * @param start the first is created a second later, each next one a second after it
 */
export async function insertManyClients(db: Db, count: number, start: number): Promise<void> {
  await db.run(
    {
      text: `INSERT INTO clients (id, name, first_party, managed_by, metadata, created_at, updated_at)
             SELECT 'app-' || i, 'App ' || i % 100, i % 2 = 0, CASE WHEN i % 1000 = 0 THEN 'file' END,
                    jsonb_build_object('grant_types', CASE WHEN i % 500 = 0
                        THEN '["client_credentials"]' ELSE '["authorization_code","refresh_token"]' END::jsonb,
                      'scope', CASE WHEN i % 250 = 0 THEN 'openid orders' ELSE 'openid email' END,
                      'token_endpoint_auth_method', 'none'),
                    $1::timestamptz + i * interval '1 second', $1::timestamptz - i * interval '1 second'
               FROM generate_series(1, $2::int) AS i`,
    },
    [new Date(start), count],
  );
  await db.run({ text: 'ANALYZE clients' }, []);
}
