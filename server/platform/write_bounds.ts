import type { Limit, ServerLimit } from './limit.ts';
import { widerSubnet } from './limits.ts';

/** About what a row needs besides its values, with its entries in indexes. */
export const ROW_BYTES = 512;

/** Bounds how many bytes requests without a sign-in can make the database store in an hour, by address and in all. */
export interface WriteBounds {
  /** @throws AppError 429 when the address has stored too much, 503 when all have and its network used much of it */
  charge(address: string, bytes: number): void;
  /** The same for what need not be stored. @returns false when it must not be */
  mayStore(address: string, bytes: number): boolean;
  /** Takes a charge back: nothing was stored. */
  refund(address: string, bytes: number): void;
}

export function createWriteBounds({
  address: byAddress,
  server,
}: {
  address: Limit;
  server: ServerLimit;
}): WriteBounds {
  return {
    charge(address, bytes) {
      byAddress.assertLeft(address, bytes);
      server.take(widerSubnet(address), { amount: bytes });
      byAddress.add(address, bytes);
    },
    mayStore(address, bytes) {
      if (byAddress.look(address).remaining < bytes) return false;
      if (!server.admits(widerSubnet(address), { amount: bytes })) return false;
      byAddress.add(address, bytes);
      return true;
    },
    refund(address, bytes) {
      byAddress.add(address, -bytes);
      server.refund(widerSubnet(address), bytes);
    },
  };
}
