import type { Adapter, AdapterPayload } from 'oidc-provider';
import type { Clock } from '../platform/clock.ts';
import { isModel, MODELS, type ModelName } from '../records/models.ts';
import type { Payload } from '../records/payload.ts';
import type { Units } from '../records/unit.ts';
import type { UserCodes } from '../records/user_codes.ts';
import type { ApplyCurrentPolicy } from './current_policy.ts';
import { withUserCodes } from './device_codes.ts';
import { endInteraction, hasEnded } from './ended_interactions.ts';
import type { JwtAccessTokens } from './jwt_access_tokens.ts';

/**
 * The storage of the provider: each call belongs to the unit of work of its request, and nothing is written before that
 * unit commits. Clients are not looked up here, see client_lookup.ts.
 */
export function createAdapterFactory(
  units: Units,
  jwtAccessTokens: JwtAccessTokens,
  userCodes: UserCodes,
  applyPolicy: ApplyCurrentPolicy,
  now: Clock,
): (name: string) => Adapter {
  return (name) => {
    if (!isModel(name)) return new Unsupported(name);
    const adapter = new RecordAdapter(units, jwtAccessTokens, applyPolicy, name, now);
    return name === 'DeviceCode' ? withUserCodes(adapter, units, userCodes) : adapter;
  };
}

const ACCESS_TOKENS: ReadonlySet<ModelName> = new Set(['AccessToken', 'ClientCredentials']);

class RecordAdapter implements Adapter {
  readonly #units: Units;
  readonly #jwtAccessTokens: JwtAccessTokens;
  readonly #applyPolicy: ApplyCurrentPolicy;
  readonly #model: ModelName;
  readonly #now: Clock;

  constructor(
    units: Units,
    jwtAccessTokens: JwtAccessTokens,
    applyPolicy: ApplyCurrentPolicy,
    model: ModelName,
    now: Clock,
  ) {
    this.#units = units;
    this.#jwtAccessTokens = jwtAccessTokens;
    this.#applyPolicy = applyPolicy;
    this.#model = model;
    this.#now = now;
  }

  async upsert(id: string, payload: AdapterPayload, expiresIn: number): Promise<void> {
    this.#units.current().save(this.#model, id, payload as Payload, expiresIn);
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    const payload = this.#jwtAccessTokens.isPresented(id)
      ? await this.#jwtAccessTokens.find(this.#model)
      : await this.#units.current().find(this.#model, id);
    if (hasEnded(payload) || this.#isExpired(payload)) return undefined;
    return (payload && (await this.#applyPolicy(this.#model, payload))) as AdapterPayload | undefined;
  }

  /**
   * An access token ends at the second of its `exp` (RFC 7519 §4.1.4). The library looks tokens up with a tolerance, which is
   * meant for the clocks of others, and so userinfo would accept one that introspection calls inactive.
   */
  #isExpired(payload: Payload | undefined): boolean {
    return ACCESS_TOKENS.has(this.#model) && payload?.exp !== undefined && payload.exp * 1_000 <= this.#now();
  }

  async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    return this.#units.current().findSessionByUid(uid) as Promise<AdapterPayload | undefined>;
  }

  async findByUserCode(): Promise<undefined> {
    throw new Error(`${this.#model} has no user codes`);
  }

  async consume(id: string): Promise<void> {
    if (!MODELS[this.#model].singleUse) throw new Error(`${this.#model} is not single-use`);
    await this.#units.current().consume(this.#model, id);
  }

  async destroy(id: string): Promise<void> {
    if (this.#jwtAccessTokens.revoke(id)) return;
    if (this.#model === 'Interaction') return endInteraction(this.#units.current(), id);
    this.#units.current().destroy(this.#model, id);
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    this.#units.current().revokeTokensOf(grantId);
  }
}

/** The adapter of a model whose feature is switched off: it finds nothing, and refuses to store anything. */
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
