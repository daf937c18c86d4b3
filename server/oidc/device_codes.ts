import type { AdapterPayload } from 'oidc-provider';
import type { Payload } from '../records/payload.ts';
import type { Units } from '../records/unit.ts';
import type { UserCodes } from '../records/user_codes.ts';
import { RecordAdapter } from './records_adapter.ts';

/** What the provider keeps of a device's request beside what every record has. */
interface DeviceCode extends Payload {
  userCode?: string;
  /** Somebody has confirmed the code, and is signing in. */
  inFlight?: boolean;
  error?: string;
}

/** Device codes (RFC 8628): found by the user code as well, for as long as nobody has decided about them. */
export class DeviceCodeAdapter extends RecordAdapter {
  readonly #units: Units;
  readonly #userCodes: UserCodes;

  constructor(units: Units, userCodes: UserCodes) {
    super(units, 'DeviceCode');
    this.#units = units;
    this.#userCodes = userCodes;
  }

  override async upsert(id: string, payload: AdapterPayload, expiresIn: number): Promise<void> {
    const unit = this.#units.current();
    const code = payload as DeviceCode;
    const before = isOpen(code) ? undefined : ((await unit.find('DeviceCode', id)) as DeviceCode | undefined);
    await super.upsert(id, payload, expiresIn);
    if (isOpen(code)) return unit.also(this.#userCodes.register(code.userCode ?? '', id, expiresIn));
    // The provider looks whether a code is still open, and goes on: only here is it certain, for any number of nodes.
    if (!before || isOpen(before)) unit.provided(this.#userCodes.claim(code.userCode ?? ''));
    if (code.grantId !== undefined && before?.grantId === undefined) {
      const tied = this.#userCodes.tie(id, code.grantId, code.sessionUid);
      unit.provided(tied.before);
      unit.also(tied.after);
    }
  }

  override async findByUserCode(userCode: string): Promise<AdapterPayload | undefined> {
    const unit = this.#units.current();
    const id = await unit.attempt(this.#userCodes.find(userCode));
    return id === undefined ? undefined : this.find(id);
  }
}

function isOpen({ inFlight, error, accountId }: DeviceCode): boolean {
  return !inFlight && error === undefined && accountId === undefined;
}
