import { globSync } from 'node:fs';
import { ROOT } from '../helpers/artifacts.ts';

/** Code that is changed together, and the tests that have to notice. */
export interface Target {
  /** Relative to the repository. */
  readonly code: readonly string[];
  /** One change of so many is tried (`isChosen`). */
  readonly of: number;
  /** In this order, so that those that most probably notice come first, and quick ones before slow ones. */
  readonly tests: readonly string[];
  /** Texts are changed too, since they are hashed and signed. */
  readonly texts?: true;
  /** What a first run took on two cores that had other work as well. */
  readonly minutes: number;
}

const of = (folder: string, names: string): string[] => names.split(' ').map((name) => `${folder}/${name}.ts`);
const testsOf = (folder: string, names: string): string[] =>
  names.split(' ').map((name) => `tests/${folder}/${name}.test.ts`);

/** Files that decide about security, lifetimes or counts. */
const DECIDING = {
  keys_plan: {
    code: of('keys', 'ring policy'),
    of: 2,
    tests: testsOf('keys', 'ring'),
    minutes: 2,
  },
  keys: {
    code: of('keys', 'jwks generate rotate store errors tables'),
    of: 8,
    tests: testsOf('keys', 'jwks store rotate'),
    minutes: 2,
  },
  records_rules: {
    code: of('server/records', 'batches payload lifetimes'),
    of: 1,
    tests: testsOf('records', 'payload batches'),
    minutes: 1,
  },
  records: {
    code: of('server/records', 'unit changes'),
    of: 16,
    tests: testsOf('records', 'unit sessions contract stored_responses waiting_items ending model'),
    minutes: 3,
  },
  records_ends: {
    code: of('server/records', 'stored_responses ending ended held user_codes polls unfinished'),
    of: 16,
    tests: [
      ...testsOf('records', 'stored_responses unit sessions ending contract waiting_items overview'),
      ...testsOf('security', 'device_approval unauthenticated_growth'),
    ],
    minutes: 3,
  },
  accounts_rules: {
    code: of('server/accounts', 'assurance claims open_keys standing'),
    of: 1,
    tests: testsOf('accounts', 'assurance claims open_keys standing'),
    minutes: 2,
  },
  accounts_codes: {
    code: of('server/accounts', 'identifiers one_time_password totp recovery_codes'),
    of: 8,
    tests: testsOf('accounts', 'identifiers totp recovery_codes'),
    minutes: 3,
  },
  accounts_passwords: {
    code: of('server/accounts', 'passwords policy mail_throttle'),
    of: 16,
    tests: testsOf('accounts', 'passwords foreign_hashes policy mail_drafts store mails password_change'),
    minutes: 3,
  },
  accounts_imports: {
    code: of('server/accounts', 'import_formats import_keycloak import_readers'),
    of: 8,
    tests: testsOf('accounts', 'import_formats'),
    minutes: 1,
  },
  accounts_hashes: {
    code: of('server/accounts', 'hash_formats'),
    of: 8,
    tests: testsOf('accounts', 'foreign_hashes'),
    minutes: 2,
  },
  audit_tree: {
    code: of('server/audit', 'merkle'),
    of: 4,
    tests: testsOf('audit', 'merkle'),
    texts: true,
    minutes: 2,
  },
  audit_proofs: {
    code: of('server/audit', 'proofs'),
    of: 8,
    tests: testsOf('audit', 'proofs'),
    texts: true,
    minutes: 1,
  },
  audit: {
    code: of('server/audit', 'canonical keys seal key_ring'),
    of: 16,
    tests: testsOf('audit', 'strange_input sealing proofs tampering key_rotation'),
    texts: true,
    minutes: 6,
  },
  operations_rules: {
    code: of('server/operations', 'merge_patch permissions line_batches'),
    of: 1,
    tests: testsOf('operations', 'merge_patch permissions line_batches'),
    minutes: 3,
  },
  audit_destinations: {
    code: of('server/audit', 'destination_settings destination_targets destination_filter'),
    of: 2,
    tests: testsOf('audit', 'destination_input'),
    minutes: 2,
  },
  operations: {
    code: of('server/operations', 'checks pages guards preconditions results operation run'),
    of: 16,
    tests: [
      ...testsOf('operations', 'api_resource guards run unchanged streams full_reads'),
      ...testsOf('admin', 'etags near_names users'),
    ],
    minutes: 4,
  },
} satisfies Readonly<Record<string, Target>>;

/** The other files of a folder. */
function restOf(folder: string): string[] {
  const deciding = new Set(Object.values(DECIDING).flatMap(({ code }) => code));
  return globSync(`${folder}/*.ts`, { cwd: ROOT })
    .filter((file) => !deciding.has(file))
    .sort();
}

/** By name: `make mutation only=NAME`. */
export const TARGETS: Readonly<Record<string, Target>> = {
  ...DECIDING,
  records_rest: {
    code: restOf('server/records'),
    of: 32,
    tests: testsOf('records', 'deliveries waiting_items listings ending cleanup overview unit sessions'),
    minutes: 2,
  },
  accounts_rest: {
    code: restOf('server/accounts'),
    of: 256,
    tests: testsOf(
      'accounts',
      'claims import_formats blocklist open_keys foreign_hashes policy passwords links events session_details own_sealed ' +
        'data_keys store attempts account_index listing passkeys password_change mails erasures import inactivity',
    ),
    minutes: 4,
  },
  audit_rest: {
    code: restOf('server/audit'),
    of: 128,
    tests: testsOf(
      'audit',
      'destination_input strange_input sealing proofs retention grants delivery delivery_bounds delivery_kinds ' +
        'delivered_details tampering',
    ),
    minutes: 3,
  },
  operations_rest: {
    code: restOf('server/operations'),
    of: 512,
    tests: [
      ...testsOf(
        'operations',
        'described permissions role_permissions personal_fields schema_details guards run unchanged streams full_reads ' +
          'many_members batch_of_users last_administrator data_export',
      ),
      ...testsOf(
        'admin',
        'groups roles users user_credentials keys clients client_secrets resources records audit import',
      ),
    ],
    minutes: 6,
  },
};
