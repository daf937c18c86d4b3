import { TECHNICAL as KEYS_TECHNICAL } from '../../keys/tables.ts';
import { PERSONAL as ACCOUNTS, TECHNICAL as ACCOUNTS_TECHNICAL } from '../accounts/tables.ts';
import { PERSONAL as AUDIT, TECHNICAL as AUDIT_TECHNICAL } from '../audit/tables.ts';
import { TECHNICAL as BACKUP_TECHNICAL } from '../backup/tables.ts';
import { PERSONAL as CLIENTS, TECHNICAL as CLIENTS_TECHNICAL } from '../clients/tables.ts';
import type { PersonalColumn, PersonalTable, PersonalTables, TechnicalTables } from '../platform/personal.ts';
import { TECHNICAL as PLATFORM_TECHNICAL } from '../platform/tables.ts';
import { PERSONAL as RECORDS, TECHNICAL as RECORDS_TECHNICAL } from '../records/tables.ts';
import { PERSONAL as OPERATIONS } from './tables.ts';

/** The tables with data of people, by name. Each folder lists its own. */
export const PERSONAL = {
  ...ACCOUNTS,
  ...RECORDS,
  ...AUDIT,
  ...CLIENTS,
  ...OPERATIONS,
} as const satisfies PersonalTables;

export const TECHNICAL = {
  ...ACCOUNTS_TECHNICAL,
  ...AUDIT_TECHNICAL,
  ...RECORDS_TECHNICAL,
  ...BACKUP_TECHNICAL,
  ...CLIENTS_TECHNICAL,
  ...PLATFORM_TECHNICAL,
  ...KEYS_TECHNICAL,
} as const satisfies TechnicalTables;

export interface PersonalValue extends PersonalColumn {
  readonly table: string;
  readonly column: string;
  /** Of a sealed object. */
  readonly member?: string;
}

export const personalTables = (): [string, PersonalTable][] => Object.entries(PERSONAL);

/** Every value that is stored about people, in the order of the catalogue. */
export function personalValues(): PersonalValue[] {
  return personalTables().flatMap(([table, { personal }]) =>
    Object.entries(personal).flatMap(([column, data = { members: {} }]) =>
      'members' in data
        ? Object.entries(data.members).map(([member, one]) => ({ table, column, member, ...one }))
        : [{ table, column, ...data }],
    ),
  );
}
