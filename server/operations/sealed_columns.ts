import { SEALED as KEYS } from '../../keys/tables.ts';
import { SEALED as ACCOUNTS, SEALED_OWN as ACCOUNTS_OWN } from '../accounts/tables.ts';
import { SEALED as AUDIT } from '../audit/tables.ts';
import { type OwnSealedColumn, SEALED as PLATFORM, type SealedColumn } from '../platform/tables.ts';
import { SEALED as RECORDS, SEALED_OWN as RECORDS_OWN } from '../records/tables.ts';
import { SEALED as OPERATIONS, SEALED_OWN as OPERATIONS_OWN } from './tables.ts';

/** All columns sealed under the master key. Each folder lists its own. */
export const SEALED: readonly SealedColumn[] = [...OPERATIONS, ...PLATFORM, ...KEYS, ...ACCOUNTS, ...AUDIT, ...RECORDS];

/** All columns that people's own keys seal. */
export const SEALED_OWN: readonly OwnSealedColumn[] = [...ACCOUNTS_OWN, ...RECORDS_OWN, ...OPERATIONS_OWN];
