import type { Account } from '../../server/accounts/account.ts';
import type { AccountListRequest } from '../../server/accounts/listing.ts';
import type { BoundStatement, Db, Row } from '../../server/platform/db.ts';
import { person } from './people.ts';

/** Requests for each field that lists of people are filtered, searched and sorted by. */
export const LISTS: Readonly<Record<string, AccountListRequest>> = {
  'the newest': {},
  'the oldest': { sort: 'created_at' },
  'the last changed': { sort: '-updated_at' },
  'one by id': { filter: 'id eq "01990000-0000-7000-8000-000000000000"' },
  'e-mail address': { filter: 'email eq "nobody@example.com"' },
  'beginning of e-mail address': { filter: 'email sw "ada."' },
  username: { filter: 'username eq "ada0"' },
  'beginning of username': { filter: 'username sw "ada"' },
  'beginning of name': { filter: 'name sw "Ada Schwarz"' },
  'beginning of given name': { filter: 'given_name sw "Christian"' },
  'beginning of family name': { filter: 'family_name sw "Schwarz"' },
  'common group': { filter: 'groups eq "staff"' },
  'rare group': { filter: 'groups eq "board"' },
  'no such group': { filter: 'groups eq "nobody"' },
  role: { filter: 'roles eq "cardea-auditor"' },
  disabled: { filter: 'disabled eq true' },
  enabled: { filter: 'disabled eq false' },
  'with password': { filter: 'has_password eq true' },
  'without password': { filter: 'has_password eq false' },
  'second factor': { filter: 'second_factors eq "totp"' },
  'created in a period': { filter: 'created_at ge "2025-01-01T00:10:00Z" and created_at lt "2025-01-01T00:20:00Z"' },
  'changed in a period, by that order': {
    filter: 'updated_at ge "2025-01-02T00:10:00Z" and updated_at lt "2025-01-02T00:20:00Z"',
    sort: 'updated_at',
  },
  'common and rare': { filter: 'disabled eq false and groups eq "board"' },
  'one of several': { filter: 'groups eq "board" or roles eq "cardea-auditor" or email sw "ada.sch"' },
  'rare group, the last changed': { filter: 'groups eq "board"', sort: '-updated_at' },
  'search of two characters': { search: 'ad' },
  'search of four characters': { search: 'schw' },
  'search of many characters': { search: 'christian schwarz' },
  'search of nobody': { search: 'nobody at all' },
  'search within a group': { search: 'ada', filter: 'groups eq "staff"' },
};

/** What `insertUnsealed` would have sealed. */
export const openUnsealed =
  (start: number) =>
  (row: Row): Account => {
    const createdAt = row.account_created_at as Date;
    return {
      ...person((createdAt.getTime() - start) / 1_000),
      emailVerified: true,
      id: row.account_id as string,
      passwordHash: 'phc',
      passwordSetAt: null,
      standing: 'active',
      secondFactors: [],
      acceptedTexts: [],
      epoch: 0,
      version: 1,
      createdAt,
      updatedAt: row.account_updated_at as Date,
    } as Account;
  };

/** A database that remembers the statements which are sent by `query`. */
export function recorded(db: Db) {
  const statements: BoundStatement[] = [];
  const recording: Pick<Db, 'query'> = {
    query(bound) {
      statements.push(bound);
      return db.query(bound);
    },
  };
  return { statements, recording };
}

export interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}

export interface Explained {
  readonly Plan: PlanNode;
  readonly 'Execution Time': number;
}

/** Runs a statement with its parameters, in a connection with the settings of the server. */
export async function explain(db: Db, { statement, values }: BoundStatement): Promise<Explained> {
  const [row] = await db.run<{ 'QUERY PLAN': [Explained] }>(
    { text: `EXPLAIN (ANALYZE, FORMAT JSON) ${statement.text}` },
    values,
  );
  const explained = row?.['QUERY PLAN'][0];
  if (!explained) throw new Error('no plan');
  return explained;
}

export function nodesOf({ Plan }: Explained): PlanNode[] {
  const below = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(below)];
  return below(Plan);
}

/** The rows that a node reads or sorts. */
export function indexRows(node: PlanNode): number {
  const rows = node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0);
  return /Scan|Sort/.test(node['Node Type']) ? rows * node['Actual Loops'] : 0;
}
