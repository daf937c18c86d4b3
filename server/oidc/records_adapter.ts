import type { Adapter, AdapterPayload } from 'oidc-provider';
import { MODELS, type ModelName } from '../records/models.ts';
import type { Payload } from '../records/payload.ts';
import type { Units } from '../records/unit.ts';

/** One kind of record. */
export class RecordAdapter implements Adapter {
  readonly #units: Units;
  readonly #model: ModelName;

  constructor(units: Units, model: ModelName) {
    this.#units = units;
    this.#model = model;
  }

  async upsert(id: string, payload: AdapterPayload, expiresIn: number): Promise<void> {
    this.#units.current().save(this.#model, id, payload as Payload, expiresIn);
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    return this.#units.current().find(this.#model, id) as Promise<AdapterPayload | undefined>;
  }

  async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    return this.#units.current().findSessionByUid(uid) as Promise<AdapterPayload | undefined>;
  }

  async findByUserCode(_userCode: string): Promise<AdapterPayload | undefined> {
    throw new Error(`${this.#model} has no user codes`);
  }

  async consume(id: string): Promise<void> {
    if (!MODELS[this.#model].singleUse) throw new Error(`${this.#model} is not single-use`);
    await this.#units.current().consume(this.#model, id);
  }

  async destroy(id: string): Promise<void> {
    this.#units.current().destroy(this.#model, id);
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    this.#units.current().revokeTokensOf(grantId);
  }
}
