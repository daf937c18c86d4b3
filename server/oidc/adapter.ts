import type { Adapter } from 'oidc-provider';
import { isModel } from '../records/models.ts';
import type { Units } from '../records/unit.ts';
import type { UserCodes } from '../records/user_codes.ts';
import { DeviceCodeAdapter } from './device_codes.ts';
import { RecordAdapter } from './records_adapter.ts';

/**
 * The provider's view of `records`: every call joins the unit of work of the request that it serves, and nothing is
 * written before that unit commits. Clients never come this way (see provider.ts).
 */
export function createAdapterFactory(units: Units, userCodes: UserCodes): (name: string) => Adapter {
  return (name) => {
    if (name === 'DeviceCode') return new DeviceCodeAdapter(units, userCodes);
    return isModel(name) ? new RecordAdapter(units, name) : new Unsupported(name);
  };
}

/** A model of a feature that is off. Asked for nothing, it says nothing; asked to keep something, it refuses. */
class Unsupported implements Adapter {
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  async find(): Promise<undefined> {}
  async findByUid(): Promise<undefined> {}
  async findByUserCode(): Promise<undefined> {}
  async destroy(): Promise<void> {}
  async revokeByGrantId(): Promise<void> {}

  async consume(): Promise<void> {
    throw new Error(`${this.#name} is not stored`);
  }

  async upsert(): Promise<void> {
    throw new Error(`${this.#name} is not stored`);
  }
}
