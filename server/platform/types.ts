/** Applied to lists and plain objects at any depth; functions and the classes in `Opaque` are left unchanged. */
export type DeepReadonly<T, Opaque = never> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item, Opaque>[]
  : T extends Opaque | ((...parameters: never[]) => unknown)
    ? T
    : T extends object
      ? { readonly [Name in keyof T]: DeepReadonly<T[Name], Opaque> }
      : T;

/** Who manages something: the configuration file; null: operators, one by one. */
export type ManagedBy = 'file' | null;
