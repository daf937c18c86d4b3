import type { Adapter } from 'oidc-provider';
import type { Payload } from '../records/payload.ts';
import type { Units } from '../records/unit.ts';
import type { UserCodes } from '../records/user_codes.ts';

/** What the provider keeps of a device's request beside what every record has. */
interface DeviceCode extends Payload {
  userCode?: string;
  /** Somebody has confirmed the code, and is signing in. */
  inFlight?: boolean;
  error?: string;
}

/**
 * The adapter of device codes (RFC 8628), which are found by their user code as well for as long as nobody has decided
 * about them.
 * @param adapter keeps what every record has
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
      // The provider looks whether a code is open, and goes on: only here is it certain, for any number of nodes.
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
