import { SEALED as KEYS } from '../../keys/tables.ts';
import { SEALED as ACCOUNTS } from '../accounts/tables.ts';
import { SEALED as PLATFORM, type SealedColumn } from '../platform/tables.ts';
import { SEALED as RECORDS } from '../records/tables.ts';
import { SEALED as OPERATIONS } from './tables.ts';

/** All columns sealed under the master key. Each folder lists its own. */
export const SEALED: readonly SealedColumn[] = [...OPERATIONS, ...PLATFORM, ...KEYS, ...ACCOUNTS, ...RECORDS];
