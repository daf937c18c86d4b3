import type { Adapter } from 'oidc-provider';
import type { Payload } from '../records/payload.ts';
import type { Units } from '../records/unit.ts';
import type { UserCodes } from '../records/user_codes.ts';

/** The members of a device's request that other records do not have. */
interface DeviceCode extends Payload {
  userCode?: string;
  /** A person has confirmed the code and is signing in. */
  inFlight?: boolean;
  error?: string;
}

/**
 * The adapter of device codes (RFC 8628), which are also found by their user code until a person has decided about them.
 * @param adapter stores the records
 */
export function withUserCodes(adapter: Adapter, units: Units, userCodes: UserCodes): Adapter {
  return {
    find: (id) => adapter.find(id),
    findByUid: (uid) => adapter.findByUid(uid),
    consume: (id) => adapter.consume(id),
    destroy: (id) => adapter.destroy(id),
    revokeByGrantId: (grantId) => adapter.revokeByGrantId(grantId),

    async upsert(id, payload, expiresIn) {
      const unit = units.current();
      const code = payload as DeviceCode;
      const before = isOpen(code) ? undefined : ((await unit.find('DeviceCode', id)) as DeviceCode | undefined);
      await adapter.upsert(id, payload, expiresIn);
      if (isOpen(code)) return unit.addStatement(userCodes.register(code.userCode ?? '', id, expiresIn ?? 0));
      // The provider only reads that a code is open: of parallel decisions, on any nodes, this guard lets only one succeed.
      if (!before || isOpen(before)) unit.addGuard(userCodes.claim(code.userCode ?? ''));
      if (code.grantId !== undefined && before?.grantId === undefined) {
        const tied = userCodes.tie(id, code.grantId, code.sessionUid);
        unit.addGuard(tied.before);
        unit.addStatement(tied.after);
      }
    },

    async findByUserCode(userCode) {
      const id = await units.current().trackRead(userCodes.find(userCode));
      return id === undefined ? undefined : adapter.find(id);
    },
  };
}

function isOpen({ inFlight, error, accountId }: DeviceCode): boolean {
  return !inFlight && error === undefined && accountId === undefined;
}
