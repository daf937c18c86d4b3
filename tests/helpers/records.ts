import { randomBytes } from 'node:crypto';
import { COLUMNS } from '../../server/accounts/rows.ts';
import type { Clock } from '../../server/platform/clock.ts';
import type { BoundStatement, Db } from '../../server/platform/db.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import type { ModelName } from '../../server/records/models.ts';
import { OVERVIEW_STATEMENTS } from '../../server/records/overview_statements.ts';
import type { Payload } from '../../server/records/payload.ts';
import { createUnits } from '../../server/records/units.ts';

interface Saved {
  /** Default: in an hour. */
  readonly expiresAt?: Date;
  /** Further members, beside those that the record needs. */
  readonly payload?: Payload;
}

/** Saves records as the provider would, without a sign-in. */
export interface RecordSeeder {
  /** @returns the uid of the session */
  session(accountId: string, input?: Saved): Promise<string>;
  /** @returns the id of the grant */
  grant(accountId: string, clientId: string, input?: Saved): Promise<string>;
  /** Saves codes or tokens, in one transaction. */
  records(model: ModelName, payloads: readonly Payload[]): Promise<void>;
}

const HOUR_MS = 3_600_000;

export function createRecordSeeder(
  { db, masterKey }: { db: Db; masterKey: string },
  now: Clock = Date.now,
): RecordSeeder {
  const sealer = createSealer([Buffer.from(masterKey, 'base64')]);
  const lifetimes = { sessionAbsolute: 30 * 86_400 };
  const units = createUnits({ db, sealer, now, accountColumns: COLUMNS, lifetimes });
  const newId = () => randomBytes(32).toString('base64url');

  function save(model: ModelName, payloads: readonly Payload[], expiresAt = new Date(now() + HOUR_MS)): Promise<void> {
    return units.run(async (unit) => {
      const seconds = (expiresAt.getTime() - now()) / 1_000;
      for (const payload of payloads) {
        const id = payload.jti ?? newId();
        unit.save(model, id, { kind: model, ...payload, jti: id }, seconds);
      }
      await unit.commit();
    });
  }

  return {
    async session(accountId, { expiresAt, payload } = {}) {
      const uid = newId();
      await save('Session', [{ uid, accountId, loginTs: Math.floor(now() / 1_000), ...payload }], expiresAt);
      return uid;
    },
    async grant(accountId, clientId, { expiresAt, payload } = {}) {
      const id = newId();
      await save('Grant', [{ jti: id, accountId, clientId, openid: { scope: 'openid' }, ...payload }], expiresAt);
      return id;
    },
    records: (model, payloads) => save(model, payloads),
  };
}

/** The statements that end the sessions of an account and leave its grants, as the expiry of a session does. */
export function endSessionsAlone(accountId: string): BoundStatement[] {
  const sessions = { accountId, except: null };
  return [OVERVIEW_STATEMENTS.lockSessions.bind(sessions), OVERVIEW_STATEMENTS.endSessions.bind(sessions)];
}
