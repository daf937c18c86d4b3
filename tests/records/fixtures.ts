import { randomBytes } from 'node:crypto';
import { createDb, type Db } from '../../server/platform/db.ts';
import { AppError } from '../../server/platform/errors.ts';
import { createSealer, type Sealer } from '../../server/platform/sealing.ts';
import type { ModelName } from '../../server/records/models.ts';
import type { Payload } from '../../server/records/payload.ts';
import type { Unit, Units } from '../../server/records/unit.ts';
import { createUnits } from '../../server/records/units.ts';
import { createSeeder } from '../helpers/deployment.ts';
import { database } from '../helpers/postgres.ts';
import { defer, type Scope } from '../helpers/scope.ts';
import { remember } from '../helpers/secrets.ts';

const LIFETIMES = { sessionAbsolute: 30 * 86_400 };

export const HOUR = 3_600;

/** Units of two nodes on one real database, with an account and clients for the records. */
export interface Bench {
  readonly url: string;
  readonly db: Db;
  readonly sealer: Sealer;
  readonly accountId: string;
  readonly clientId: string;
  /** One for each node, each with its own pool. */
  readonly nodes: readonly [Units, Units];
  /** Every statement that the first node has sent. */
  readonly statements: string[];
  readonly clock: { ms: number };
  client(): Promise<string>;
  query(text: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
}

export async function bench(scope: Scope): Promise<Bench> {
  const statements: string[] = [];
  const { url, db } = await database(scope, { onStatement: (text) => void statements.push(text) });
  const other = createDb({ url });
  defer(scope, () => other.close());
  const masterKey = remember('master_key', randomBytes(32).toString('base64'));
  const seed = await createSeeder(db, masterKey);
  const sealer = createSealer([Buffer.from(masterKey, 'base64')]);
  const { id: accountId } = await seed.accounts.create({ email: 'ada@example.com', emailVerified: true });
  const client = async () => (await seed.party({ public: true })).id;
  const clock = { ms: Date.now() };
  const on = (pool: Db) =>
    createUnits({ db: pool, sealer, now: () => clock.ms, accountColumns: seed.accounts.columns, lifetimes: LIFETIMES });
  return {
    url,
    db,
    sealer,
    accountId,
    clientId: await client(),
    nodes: [on(db), on(other)],
    statements,
    clock,
    client,
    query: (text, values = []) => db.run({ name: '', text }, values),
  };
}

/**
 * An id in the provider's form: 256 bits. The ids of grants and sessions are not secret, so they are not recorded as
 * secrets.
 */
export function newId(): string {
  return randomBytes(32).toString('base64url');
}

/** A unit that stays open for as long as the test needs, like that of a slow request. */
export function open(units: Units): Promise<Unit> {
  return units.run(async (unit) => unit);
}

/** Runs all of a request's work, then commits. */
export function request<T>(units: Units, work: (unit: Unit) => T | Promise<T>): Promise<T> {
  return units.run(async (unit) => {
    const result = await work(unit);
    await unit.commit();
    return result;
  });
}

/** Reads a record in a new request, which has read nothing so far. */
export function readRecord(units: Units, model: ModelName, id: string): Promise<Payload | undefined> {
  return units.run((unit) => unit.find(model, id));
}

export async function newGrant({ nodes, accountId, clientId }: Bench): Promise<string> {
  const id = newId();
  await request(nodes[0], (unit) =>
    unit.save('Grant', id, { kind: 'Grant', jti: id, accountId, clientId, openid: { scope: 'openid' } }, HOUR),
  );
  return id;
}

/** The payload of a code or token in the provider's form. */
export function issued(model: ModelName, id: string, under: { grantId?: string; accountId?: string }): Payload {
  return { kind: model, jti: id, clientId: 'whoever', scope: 'openid profile', ...under };
}

/** A grant with a record that can be used once. */
export async function newSingleUse(
  own: Bench,
  model: 'AuthorizationCode' | 'RefreshToken' = 'AuthorizationCode',
): Promise<{ grantId: string; id: string }> {
  const grantId = await newGrant(own);
  const id = newId();
  await request(own.nodes[0], (unit) =>
    unit.save(model, id, issued(model, id, { grantId, accountId: own.accountId }), HOUR),
  );
  return { grantId, id };
}

/** Uses up a record and issues its successor, as the token endpoint does. */
export function exchange(
  units: Units,
  own: Bench,
  used: { grantId: string; id: string; model?: 'AuthorizationCode' | 'RefreshToken' },
): Promise<string> {
  return request(units, async (unit) => {
    const model = used.model ?? 'AuthorizationCode';
    if (!(await unit.find(model, used.id))) throw new AppError('not_found', 'there is no such thing');
    await unit.consume(model, used.id);
    const successor = newId();
    const payload = issued('RefreshToken', successor, { grantId: used.grantId, accountId: own.accountId });
    unit.save('RefreshToken', successor, payload, HOUR);
    return successor;
  });
}
