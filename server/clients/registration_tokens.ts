import { randomBytes } from 'node:crypto';
import { type Selectable, sql } from 'kysely';
import type { Clock } from '../platform/clock.ts';
import type { RegistrationTokens as RegistrationTokensTable } from '../platform/database.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import { invalidInput, notFound } from '../platform/errors.ts';
import type { ListRequest, Page } from '../platform/listing.ts';
import { type PlannedChange, refusedBy } from '../platform/planned.ts';
import { hashToken } from '../platform/sealing.ts';
import { statement, tables } from '../platform/statement.ts';
import { REGISTRATION_TOKEN_LIST, type RegistrationTokenRow } from './listings.ts';
import type { RegistrationPolicy } from './registration_policy.ts';
import { newSecret } from './secrets.ts';
import type { JsonText } from './statements.ts';

/** An initial access token (RFC 7591 §3): its holder may register a number of clients of a certain kind. */
export interface RegistrationToken {
  readonly id: string;
  readonly policy: RegistrationPolicy;
  readonly usesLeft: number;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

export interface RegistrationTokenInput {
  readonly policy: RegistrationPolicy;
  readonly uses: number;
  /** Seconds. */
  readonly lifetime: number;
}

/** A new token; `token` itself is not stored. */
type NewToken = RegistrationToken & { readonly token: string };

/** Each change is a plan, for the caller's transaction. */
export interface RegistrationTokens {
  /** @throws AppError 400 `invalid_input` with the field */
  creating(input: RegistrationTokenInput): PlannedChange & { readonly made: NewToken };
  /** Clients that were registered with it stay. @throws AppError 404 `not_found`; refuses with the same */
  revoking(id: string): Promise<PlannedChange & { readonly before: RegistrationToken }>;
  /** @returns undefined for a token that is unknown, used up or expired */
  find(token: string): Promise<RegistrationToken | undefined>;
  /** A statement that counts one use; it rolls the transaction back when another request took the last use. */
  use(id: string): BoundStatement;
  findById(id: string): Promise<RegistrationToken | undefined>;
  /** Oldest first, unless the request says otherwise. @throws AppError 400 `invalid_input` */
  list(request?: ListRequest): Promise<Page<RegistrationToken>>;
}

type Columns = Selectable<RegistrationTokensTable>;

const COLUMNS = ['id', 'policy', 'uses_left', 'created_at', 'expires_at'] as const satisfies (keyof Columns)[];
const USES_MAX = 1_000_000;
const ID = /^[0-9a-f]{16}$/;

export const REGISTRATION_TOKEN_STATEMENTS = {
  insert: statement('registration_tokens.insert', ($: Omit<Columns, 'policy'> & { policy: JsonText }) =>
    tables.insertInto('registration_tokens').values({
      id: $.id,
      policy: $.policy,
      uses_left: $.uses_left,
      created_at: $.created_at,
      expires_at: $.expires_at,
      token_hash: $.token_hash,
    }),
  ),
  find: statement('registration_tokens.find', ($: { tokenHash: Buffer; now: Date }) =>
    tables
      .selectFrom('registration_tokens')
      .select(COLUMNS)
      .$castTo<RegistrationTokenRow>()
      .where('token_hash', '=', $.tokenHash)
      .where('uses_left', '>', 0)
      .where('expires_at', '>', $.now),
  ),
  // No more parallel requests succeed than there are uses left; `require_single_use` is from migration 0001.
  use: statement(
    'registration_tokens.use',
    ($: { id: string }) => sql`
      WITH used AS (
        UPDATE registration_tokens SET uses_left = uses_left - 1 WHERE id = ${$.id} AND uses_left > 0 RETURNING 1)
      SELECT require_single_use(1, (SELECT count(*) FROM used))`,
  ),
  findById: statement('registration_tokens.find_by_id', ($: { id: string }) =>
    tables.selectFrom('registration_tokens').select(COLUMNS).$castTo<RegistrationTokenRow>().where('id', '=', $.id),
  ),
  revoke: statement(
    'registration_tokens.revoke',
    ($: { id: string }) => sql`
      WITH revoked AS (DELETE FROM registration_tokens WHERE id = ${$.id} RETURNING 1)
      SELECT require_rows((SELECT count(*) FROM revoked))`,
  ),
};

export function createRegistrationTokens({ db, now }: { db: Db; now: Clock }): RegistrationTokens {
  function creating({ policy, uses, lifetime }: RegistrationTokenInput) {
    if (!Number.isInteger(uses) || uses < 1 || uses > USES_MAX) {
      throw invalidInput('uses', `must be a whole number from 1 to ${USES_MAX}`);
    }
    const id = randomBytes(8).toString('hex');
    const token = newSecret();
    const createdAt = new Date(now());
    const expiresAt = new Date(now() + lifetime * 1000);
    const insert = REGISTRATION_TOKEN_STATEMENTS.insert.bind({
      id,
      policy: JSON.stringify(policy),
      uses_left: uses,
      created_at: createdAt,
      expires_at: expiresAt,
      token_hash: hashToken(token),
    });
    return {
      made: { id, policy, usesLeft: uses, createdAt, expiresAt, token },
      statements: [insert],
      refuse: (error: unknown) => error,
    };
  }

  async function findById(id: string): Promise<RegistrationToken | undefined> {
    if (!ID.test(id)) return undefined;
    const [row] = await db.query(REGISTRATION_TOKEN_STATEMENTS.findById.bind({ id }));
    return row && fromRow(row);
  }

  async function revoking(id: string) {
    const before = await findById(id);
    if (!before) throw notFound('registration token', id);
    return {
      before,
      statements: [REGISTRATION_TOKEN_STATEMENTS.revoke.bind({ id })],
      refuse: refusedBy({ require_rows: () => notFound('registration token', id) }),
    };
  }

  return {
    creating,
    revoking,
    findById,
    async find(token) {
      const bound = REGISTRATION_TOKEN_STATEMENTS.find.bind({ tokenHash: hashToken(token), now: new Date(now()) });
      const [row] = await db.query(bound);
      return row && fromRow(row);
    },
    use: (id) => REGISTRATION_TOKEN_STATEMENTS.use.bind({ id }),
    async list(request = {}) {
      const page = await REGISTRATION_TOKEN_LIST.read(db, request);
      return { ...page, items: page.items.map(fromRow) };
    },
  };
}

function fromRow(row: RegistrationTokenRow): RegistrationToken {
  return {
    id: row.id,
    policy: row.policy,
    usesLeft: row.uses_left,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  };
}
