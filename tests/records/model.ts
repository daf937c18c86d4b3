import type { Payload } from '../../server/records/payload.ts';

/**
 * A model of units of work: maps in memory, without statements and sealing. The test compares the real units with it.
 */
export interface StoredRecord {
  readonly grant: string | undefined;
  readonly note: number;
  readonly isUsed: boolean;
}

export interface World {
  readonly grants: Set<string>;
  readonly records: Map<string, StoredRecord>;
}

export type Verdict = 'committed' | 'already_used' | 'grant_revoked';

/** Missing records are cached too, since a unit reads a record once. */
type Seen = StoredRecord | undefined;

export class ModelUnit {
  readonly #world: World;
  readonly #seen = new Map<string, Seen>();
  readonly #created = new Map<string, StoredRecord>();
  readonly #changed = new Map<string, number>();
  readonly #used = new Map<string, string | undefined>();
  readonly #destroyed = new Set<string>();
  readonly #newGrants = new Set<string>();
  readonly #revokedGrants = new Set<string>();
  readonly #revokedTokensOf = new Set<string>();

  constructor(world: World) {
    this.#world = world;
  }

  find(id: string): Seen {
    if (this.#destroyed.has(id)) return undefined;
    const created = this.#created.get(id);
    if (created) return created;
    if (!this.#seen.has(id)) this.#seen.set(id, this.#world.records.get(id));
    const seen = this.#seen.get(id);
    if (!seen) return undefined;
    return { ...seen, note: this.#changed.get(id) ?? seen.note, isUsed: seen.isUsed || this.#used.has(id) };
  }

  /** True if the unit has already changed the record: the provider does one operation on a record in one request. */
  isTouched(id: string): boolean {
    return [this.#created, this.#changed, this.#used, this.#destroyed].some((touched) => touched.has(id));
  }

  newGrant(grant: string): void {
    this.#newGrants.add(grant);
  }

  create(id: string, grant: string | undefined, note: number): void {
    this.#created.set(id, { grant, note, isUsed: false });
  }

  change(id: string, note: number): void {
    this.#changed.set(id, note);
  }

  consume(id: string): void {
    const found = this.find(id);
    if (found) this.#used.set(id, found.grant);
  }

  destroy(id: string): void {
    this.#created.delete(id);
    this.#destroyed.add(id);
  }

  revokeGrant(grant: string): void {
    this.#newGrants.delete(grant);
    this.#revokedGrants.add(grant);
  }

  revokeTokensOf(grant: string): void {
    this.#revokedTokensOf.add(grant);
  }

  commit(): Verdict {
    const { grants, records } = this.#world;
    const isRevoked = (grant: string | undefined) =>
      grant !== undefined && (this.#revokedGrants.has(grant) || this.#revokedTokensOf.has(grant));
    const used = [...this.#used].filter(([, grant]) => !isRevoked(grant));
    const created = [...this.#created].filter(([, record]) => !isRevoked(record.grant));

    if (used.some(([id]) => records.get(id)?.isUsed !== false)) {
      for (const grant of this.#used.values()) if (grant !== undefined) this.#drop(grant);
      return 'already_used';
    }
    const hasGrant = (grant: string) => grants.has(grant) || this.#newGrants.has(grant);
    if (created.some(([, { grant }]) => grant !== undefined && !hasGrant(grant))) return 'grant_revoked';

    for (const grant of this.#newGrants) grants.add(grant);
    for (const grant of this.#revokedGrants) this.#drop(grant);
    for (const [id, { grant }] of records) if (grant && this.#revokedTokensOf.has(grant)) records.delete(id);
    for (const [id] of used) this.#update(id, { isUsed: true });
    for (const [id, note] of this.#changed) this.#update(id, { note });
    for (const id of this.#destroyed) records.delete(id);
    for (const [id, record] of created) records.set(id, record);
    return 'committed';
  }

  #update(id: string, change: Partial<StoredRecord>): void {
    const record = this.#world.records.get(id);
    if (record) this.#world.records.set(id, { ...record, ...change });
  }

  #drop(grant: string): void {
    this.#world.grants.delete(grant);
    for (const [id, record] of this.#world.records) if (record.grant === grant) this.#world.records.delete(id);
  }
}

/** A stored payload in the form of the model. */
export function seen(payload: Payload | undefined): Seen {
  if (!payload) return undefined;
  return { grant: payload.grantId, note: payload.note as number, isUsed: payload.consumed !== undefined };
}
