import { createDb, type Db } from '../../server/platform/db.ts';
import { type BrowserSession, browserSession } from '../helpers/browser_session.ts';
import { createSeeder, type Party, type Person, type Seeder } from '../helpers/deployment.ts';
import { type Cluster, type NodeOptions, startCluster } from '../helpers/processes.ts';
import { authorize, type Granted, redeem, refresh, type TokenAnswer } from '../helpers/relying_party.ts';
import { defer, type Scope } from '../helpers/scope.ts';

/** Real server processes on one database, and a person who has signed in. */
export interface Stage extends Cluster {
  readonly db: Db;
  readonly seed: Seeder;
  readonly person: Person;
  /** A browser in which the person is signed in. */
  readonly browser: BrowserSession;
  /** The number in a query's single row. */
  count(text: string, values?: readonly unknown[]): Promise<number>;
  /** A first-party client, for which no consent is asked. */
  party(): Promise<Party>;
  /** A code for a client from the person's session. */
  code(party: Party): Promise<Granted>;
}

/** The tests send all requests from one address, far more than the limit for an address. */
export const NO_LIMIT = { CARDEA_RATE_LIMIT: '1000000' };

/** Client metadata: the scopes and the API of these clients. */
export const API = 'https://api.example.com';

export async function stage(scope: Scope, options: NodeOptions & { nodes?: number } = {}): Promise<Stage> {
  const cluster = await startCluster(scope, { ...options, env: { ...NO_LIMIT, ...options.env } });
  const db = createDb({ url: cluster.databaseUrl });
  defer(scope, () => db.close());
  const seed = await createSeeder(db, cluster.masterKey);
  await seed.resourceServer({ identifier: API, name: 'API', scopes: ['api:read'] });
  const person = await seed.person();
  const party = () =>
    seed.party({ firstParty: true, metadata: { scope: 'openid profile email offline_access api:read' } });
  const { issuer } = cluster;
  const { browser } = await authorize({ issuer, party: await party(), person });
  return {
    ...cluster,
    db,
    seed,
    person,
    browser,
    party,
    code: (one) => authorize({ issuer, party: one, person, browser }),
    async count(text, values = []) {
      const [row] = await db.run<Record<string, string>>({ name: '', text }, values);
      return Number(Object.values(row ?? {})[0]);
    },
  };
}

/** The same browser when a load balancer sends its next request to another node. */
export function elsewhere(browser: BrowserSession, issuer: string, reach: string): BrowserSession {
  const names = ['cardea_session', 'cardea_session.sig'];
  const cookies = names.flatMap((name) => {
    const value = browser.cookie(name);
    return value === undefined ? [] : [{ name, value }];
  });
  return browserSession(issuer, reach, cookies);
}

export const isSuccess = ({ status }: TokenAnswer): boolean => status === 200;

/** The code or refresh token that a client presents to get tokens. */
export type Ticket = { readonly party: Party } & (
  | { readonly kind: 'code'; readonly granted: Granted }
  | { readonly kind: 'refresh'; readonly value: string }
);

export function present(issuer: string, ticket: Ticket, reach: string): Promise<TokenAnswer> {
  return ticket.kind === 'code'
    ? redeem(issuer, ticket.party, ticket.granted, reach)
    : refresh(issuer, ticket.party, ticket.value, reach);
}

/** The value that is stored as a hash. */
export const bearerOf = (ticket: Ticket): string => (ticket.kind === 'code' ? ticket.granted.code : ticket.value);
