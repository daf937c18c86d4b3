/** Lists and plain objects all the way down; class instances that are named in `Opaque`, and functions, stay as they are. */
export type DeepReadonly<T, Opaque = never> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item, Opaque>[]
  : T extends Opaque | ((...parameters: never[]) => unknown)
    ? T
    : T extends object
      ? { readonly [Name in keyof T]: DeepReadonly<T[Name], Opaque> }
      : T;
