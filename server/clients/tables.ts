import type { ExpiringTable } from '../platform/tables.ts';

/** `clients` is not listed: an expired client stays while it has a live grant (`removeIdle` in registrations.ts). */
export const EXPIRES: readonly ExpiringTable[] = [{ table: 'registration_tokens', key: 'id' }];
