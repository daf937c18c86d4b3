import type { Clock } from '../platform/clock.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import type { ListRequest, Page } from '../platform/listing.ts';
import { carryOut } from '../platform/planned.ts';
import { type ClientPlanParts, type ClientPlans, createClientPlans, type Warning } from './changes.ts';
import { type Client, type ClientChange, type ClientInput, checkName, clientOf, isClientId } from './client.ts';
import { CLIENT_LIST, NOT_BUILTIN } from './listings.ts';
import { checkMetadata, type MetadataInput } from './metadata.ts';
import { BATCH, CLIENT_STATEMENTS } from './statements.ts';

export type { Client, ClientChange, ClientInput } from './client.ts';

/** A changed client, with its secret when it got a new one; that is not stored. */
export interface ChangedClient {
  readonly client: Client;
  readonly secret?: string;
  readonly warnings: readonly Warning[];
}

/** Changes are plans (changes.ts), for the caller's transaction; some are also a transaction of their own. */
export interface Clients extends ClientPlans {
  create(input: ClientInput): Promise<ChangedClient>;
  /** Creates one of Cardea's own clients, or updates it. Safe at every start. */
  ensureBuiltin(input: { id: string; name: string; metadata: MetadataInput }): Promise<void>;
  /** Hot path: one statement. */
  find(id: string): Promise<Client | undefined>;
  /** Oldest first, unless the request says otherwise; without Cardea's own. @throws AppError 400 `invalid_input` */
  /** Those of these ids that clients have. */
  existing(ids: readonly string[]): Promise<ReadonlySet<string>>;
  list(request?: ListRequest): Promise<Page<Client>>;
  /** The ids of those that were made for trying out. */
  listDemos(): Promise<string[]>;
  update(id: string, change: ClientChange, also?: readonly BoundStatement[]): Promise<ChangedClient>;
  remove(id: string, also?: readonly BoundStatement[]): Promise<void>;
  /** Removes the hashes of old secrets that do not work any more, in small batches. @returns their number */
  forgetPassedSecrets(): Promise<number>;
}

export type ClientsParts = ClientPlanParts & { readonly db: Db; readonly now: Clock };

export function createClients(parts: ClientsParts): Clients {
  const { db, now } = parts;
  const plans = createClientPlans(parts);

  return {
    ...plans,

    async create(input) {
      const planned = await plans.creating(input);
      await carryOut(db, planned);
      return changed(planned);
    },

    async ensureBuiltin({ id, name, metadata }) {
      const builtin = {
        id,
        name: checkName(name),
        metadata: JSON.stringify(checkMetadata(metadata)),
        now: new Date(now()),
      };
      await db.query(CLIENT_STATEMENTS.ensureBuiltin.bind(builtin));
    },

    async find(id) {
      // An invalid id is not looked up: a NUL character would make Postgres refuse the statement.
      if (!isClientId(id)) return undefined;
      const [row] = await db.query(CLIENT_STATEMENTS.find.bind({ id }));
      return row && clientOf(row);
    },

    async existing(ids) {
      const valid = ids.filter(isClientId);
      if (valid.length === 0) return new Set();
      return new Set((await db.query(CLIENT_STATEMENTS.existing.bind({ ids: valid }))).map(({ id }) => id));
    },

    list: (request = {}) => CLIENT_LIST.read(db, request, NOT_BUILTIN),

    async listDemos() {
      return (await db.query(CLIENT_STATEMENTS.demos.bind())).map(({ id }) => id);
    },

    async update(id, change, also = []) {
      const planned = await plans.updating(id, change);
      await carryOut(db, { ...planned, statements: [...planned.statements, ...also] });
      return changed(planned);
    },

    async remove(id, also) {
      await carryOut(db, await plans.removing(id, also));
    },

    async forgetPassedSecrets() {
      let total = 0;
      for (let gone = BATCH; gone === BATCH; total += gone) {
        gone = (await db.query(CLIENT_STATEMENTS.forgetPassedSecrets.bind({ now: new Date(now()) }))).length;
      }
      return total;
    },
  };
}

function changed({ client, secret, warnings }: ChangedClient): ChangedClient {
  return { client, warnings, ...(secret === undefined ? {} : { secret }) };
}
