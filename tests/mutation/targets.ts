/** Code that is changed together, and the tests that have to notice. */
export interface Target {
  /** Relative to the repository. */
  readonly code: readonly string[];
  /** Each change costs one run of these files, so they need no database. */
  readonly tests: readonly string[];
}

/** By name: `make mutation only=NAME`. */
export const TARGETS: Readonly<Record<string, Target>> = {
  keys: { code: ['keys/ring.ts', 'keys/policy.ts'], tests: ['tests/keys/ring.test.ts'] },
  audit: { code: ['server/audit/merkle.ts'], tests: ['tests/audit/merkle.test.ts'] },
  operations: { code: ['server/operations/merge_patch.ts'], tests: ['tests/operations/merge_patch.test.ts'] },
  accounts: { code: ['server/accounts/assurance.ts'], tests: ['tests/accounts/assurance.test.ts'] },
  identifiers: { code: ['server/accounts/identifiers.ts'], tests: ['tests/accounts/identifiers.test.ts'] },
};
