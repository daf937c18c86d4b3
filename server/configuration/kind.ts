import { type TSchema, Type } from 'typebox';
import type { Operation } from '../operations/operation.ts';
import type { Services } from '../operations/services.ts';
import { LIST_LIMIT_MAX, type ListRequest, type Page } from '../platform/listing.ts';
import type { Current, Members } from './plan.ts';

/** A change with its input. */
export interface Run {
  readonly operation: Extract<Operation, { readonly kind: 'change' }>;
  readonly params?: unknown;
  readonly query?: unknown;
  readonly body?: unknown;
}

/** Resolves the references of an entry. */
export interface EntryContext {
  /** @throws AppError 400 `invalid_input` when there is no secret */
  secret(reference: string): string;
}

/** A problem of a value of a section. */
export interface WrongValue {
  /** From the section. */
  readonly path: readonly string[];
  readonly detail: string;
}

/** A kind of thing that a configuration file declares, by key. */
export type Kind = Declared & (Changing | Permanent);

interface Declared {
  /** Its member in the file. */
  readonly name: string;
  /** The schema of that member: an object of entries by key. */
  readonly section: TSchema;
  /**
   * Finds what the schema of the section cannot say.
   * @param found what is wrong by the schema
   * @returns all that is wrong
   */
  judge?(entries: ReadonlyMap<string, unknown>, found: readonly WrongValue[]): readonly WrongValue[];
  /** The members that an entry stands for: those that it names, and the defaults of the others. */
  desired(key: string, entry: unknown, context: EntryContext): Members;
  /** The entry that stands for these members, without those that have their default. */
  entryOf(key: string, members: Members): unknown;
  /** All that there are. */
  read(services: Services): Promise<Map<string, Current>>;
  create(key: string, members: Members, entry: unknown, context: EntryContext): readonly Run[];
}

interface Changing {
  readonly permanent?: undefined;
  update(key: string, members: Members, entry: unknown, context: EntryContext): readonly Run[];
  remove(key: string): readonly Run[];
  /** Members whose values no plan shows. They are compared only where the file has them. */
  readonly hidden?: readonly string[];
}

/**
 * Things that are made once. One that exists is left as it is, also when the file no longer has it; a file that says otherwise of it is
 * refused. They are compared by the members that the file names.
 */
interface Permanent {
  /** Completes the error for an entry that would change one: what to do instead. */
  readonly permanent: string;
  readonly hidden?: undefined;
}

/** The key of an entry. */
export const Key = Type.String({ minLength: 1 });

/** Every item of a list, page by page. */
export async function* all<T>(list: (request: ListRequest) => Promise<Page<T>>): AsyncGenerator<T> {
  let cursor: string | undefined;
  do {
    const page: Page<T> = await list({ limit: LIST_LIMIT_MAX, cursor });
    yield* page.items;
    cursor = page.next;
  } while (cursor !== undefined);
}
