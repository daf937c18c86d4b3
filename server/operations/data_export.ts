import { setImmediate } from 'node:timers/promises';
import type { Account } from '../accounts/account.ts';
import { heldByAccounts } from '../accounts/held.ts';
import { timeOfPassword } from '../accounts/policy.ts';
import type { Accounts } from '../accounts/store.ts';
import { HELD_BY_AUDIT } from '../audit/held.ts';
import { CLIENT_NAMES } from '../clients/statements.ts';
import type { Clock } from '../platform/clock.ts';
import type { BoundStatement, Db, Row } from '../platform/db.ts';
import { AppError, notFound, unavailable } from '../platform/errors.ts';
import type { Held } from '../platform/held.ts';
import type { Sealer } from '../platform/sealing.ts';
import { HELD_BY_RECORDS } from '../records/held.ts';
import { shownProfile } from './user_schema.ts';

/** All that is stored about a person, by the places that the catalogue of personal data names (`PERSONAL` of each folder). */
export interface PersonalData {
  readonly format: 'cardea-personal-data/1';
  readonly issuer: string;
  readonly made_at: string;
  /** Lists that have more items than an export has of one (`HELD_MAX`), of which the newest are here. */
  readonly incomplete: readonly string[];
  /** The names of the apps that the lists name by id. */
  readonly apps: Readonly<Record<string, string>>;
  readonly [section: string]: unknown;
}

/** Items of one list: more than anybody reaches who is not an attacker of their own account. */
export const HELD_MAX = 20_000;
/** Exports at the same time, by node: each may take tens of megabytes. */
const AT_ONCE = 2;

export interface DataExports {
  /**
   * Reads everything in one snapshot, and makes a ZIP with it as JSON and as a page to read.
   * @throws AppError 404, 409 `export_under_way` for one of the same person, 503 when too many of others are under way
   */
  make(accountId: string): Promise<DataExport>;
}

export interface DataExport {
  readonly madeAt: Date;
  readonly zip: Buffer;
}

export interface DataExportParts {
  readonly db: Pick<Db, 'transaction'>;
  readonly sealer: Sealer;
  readonly now: Clock;
  readonly issuer: string;
  accounts(): Promise<Pick<Accounts, 'plans' | 'fromRow' | 'sealerOf'>>;
  /** A page with the data, in the language of the person. */
  page(data: PersonalData, person: Pick<Account, 'locale' | 'zoneinfo'>): Promise<string>;
  /** Items of one list. Default: `HELD_MAX`. */
  readonly heldMax?: number;
}

export function createDataExports(parts: DataExportParts): DataExports {
  const { now } = parts;
  const underWay = new Set<string>();
  return {
    async make(accountId) {
      if (underWay.has(accountId)) throw new AppError('export_under_way', 'an export of this person is under way');
      if (underWay.size >= AT_ONCE) throw unavailable('the export of data');
      underWay.add(accountId);
      try {
        const madeAt = new Date(now());
        const { account, data } = await read(parts, accountId, madeAt);
        const zip = await zipped({
          'personal-data.json': `${JSON.stringify(data, null, 2)}\n`,
          'personal-data.html': await parts.page(data, account),
        });
        return { madeAt, zip };
      } finally {
        underWay.delete(accountId);
      }
    },
  };
}

// All statements of the transaction see the same moment, and change nothing.
const SNAPSHOT: BoundStatement = {
  statement: { text: 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY' },
  values: [],
};

async function read(parts: DataExportParts, accountId: string, madeAt: Date) {
  const { db, sealer: master, issuer, heldMax = HELD_MAX } = parts;
  const accounts = await parts.accounts();
  const of = { accountId, limit: heldMax + 1 };
  return db.transaction(async (send) => {
    const [, [row]] = await send<[unknown, Row]>([SNAPSHOT, accounts.plans.reading(accountId)]);
    const account = row && accounts.fromRow(row);
    if (!account) throw notFound('user', accountId);
    const sections = [...heldByAccounts(account.email), ...HELD_BY_RECORDS, ...HELD_BY_AUDIT];
    const rows = (await send(sections.map(({ bind }) => bind(of)))) as readonly Row[][];
    const keys = { accountId, own: accounts.sealerOf(account), master };
    const lists = new Map<string, readonly unknown[]>();
    for (const [i, section] of sections.entries()) {
      lists.set(section.name, await opened(section, (rows[i] ?? []).slice(0, heldMax), keys));
    }
    const [named] = await send<[{ id: string; name: string }]>([
      CLIENT_NAMES.bind({ ids: clientIdsIn([...lists.values()]) }),
    ]);
    const tooMany = sections.filter((_, i) => (rows[i] ?? []).length > heldMax);
    return { account, data: dataOf(account, lists, { apps: named, incomplete: tooMany.map(({ name }) => name) }) };
  });

  function dataOf(
    account: Account,
    lists: ReadonlyMap<string, readonly unknown[]>,
    rest: { readonly apps: readonly { id: string; name: string }[]; readonly incomplete: readonly string[] },
  ): PersonalData {
    const list = (name: string) => lists.get(name) ?? [];
    const [totp] = list('factors.totp');
    const [state] = list('account');
    const others = [...lists.keys()].filter(
      (name) => !name.startsWith('factors.') && !['account', 'session_details'].includes(name),
    );
    return {
      format: 'cardea-personal-data/1',
      issuer,
      made_at: madeAt.toISOString(),
      incomplete: rest.incomplete,
      account: {
        id: account.id,
        sub: account.subject ?? account.id,
        groups: account.groups,
        roles: account.roles,
        ...(state as object),
        created_at: account.createdAt,
        updated_at: account.updatedAt,
      },
      profile: shownProfile(account),
      factors: {
        kinds: account.secondFactors,
        password: account.passwordHash === null ? null : { set_at: timeOfPassword(account) },
        totp: totp ?? null,
        passkeys: list('factors.passkeys'),
        recovery_codes: list('factors.recovery_codes'),
      },
      ...Object.fromEntries(others.map((name) => [name, list(name)])),
      sessions: sessionsWith(list('sessions'), list('session_details')),
      apps: Object.fromEntries(rest.apps.map(({ id, name }) => [id, name])),
    };
  }
}

/** Opens the rows of a list, and lets other requests run meanwhile. */
async function opened(section: Held, rows: readonly Row[], keys: Parameters<Held['items']>[1]): Promise<unknown[]> {
  const items: unknown[] = [];
  for (let from = 0; from < rows.length; from += OPENED_AT_ONCE) {
    items.push(...section.items(rows.slice(from, from + OPENED_AT_ONCE), keys));
    await setImmediate();
  }
  return items;
}
const OPENED_AT_ONCE = 500;

type WithUid = Readonly<Record<string, unknown>> & { readonly uid: string };

function sessionsWith(sessions: readonly unknown[], details: readonly unknown[]): unknown[] {
  const byUid = new Map((details as readonly WithUid[]).map((one) => [one.uid, one]));
  return (sessions as readonly WithUid[]).map((session) => ({ ...session, ...byUid.get(session.uid) }));
}

function clientIdsIn(values: readonly unknown[]): string[] {
  const ids = new Set<string>();
  const look = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [name, member] of Object.entries(value)) {
      if (name === 'client_id' && typeof member === 'string') ids.add(member);
      else look(member);
    }
  };
  for (const value of values) look(value);
  return [...ids];
}

const CHUNK = 64 * 1_024;

/** Compresses piece by piece, so that a large export does not stop other requests. */
async function zipped(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const { Zip, ZipDeflate } = await import('fflate');
  const parts: Uint8Array[] = [];
  const zip = new Zip((error, part) => {
    if (error) throw error;
    parts.push(part);
  });
  for (const [name, text] of Object.entries(files)) {
    const file = new ZipDeflate(name, { level: 6 });
    zip.add(file);
    const bytes = Buffer.from(text);
    for (let from = 0; from < bytes.length; from += CHUNK) {
      file.push(bytes.subarray(from, from + CHUNK), from + CHUNK >= bytes.length);
      await setImmediate();
    }
  }
  zip.end();
  return Buffer.concat(parts);
}
