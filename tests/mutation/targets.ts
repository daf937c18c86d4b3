/** Code that is changed together, and the tests that have to notice. */
export interface Target {
  /** Files of which all changes are tried, relative to the repository. */
  readonly code: readonly string[];
  /** Files of which one change of `of` is tried. */
  readonly rest?: readonly string[];
  readonly of?: number;
  /** In this order, so that those that most probably notice come first, and quick ones before slow ones. */
  readonly tests: readonly string[];
  /** Texts are changed too, since they are signed, hashed or compared. */
  readonly texts?: true;
  /** What a first run took on two cores. */
  readonly minutes: number;
}

const of = (folder: string, names: string): string[] => names.split(' ').map((name) => `${folder}/${name}.ts`);
const testsOf = (folder: string, names: string): string[] => of(`tests/${folder}`, names.replace(/\S+/g, '$&.test'));

/** By name: `make mutation only=NAME`. */
export const TARGETS: Readonly<Record<string, Target>> = {
  keys: {
    code: of('keys', 'ring policy jwks generate rotate store'),
    tests: testsOf('keys', 'ring ring_model jwks store rotate'),
    minutes: 0,
  },
  audit: { code: of('server/audit', 'merkle'), tests: testsOf('audit', 'merkle'), minutes: 0 },
  merge: { code: of('server/operations', 'merge_patch'), tests: testsOf('operations', 'merge_patch'), minutes: 0 },
};
