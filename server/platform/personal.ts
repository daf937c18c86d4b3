import type { DB } from './database.ts';

/**
 * The words by which each folder says which of its columns hold data of people, in the `PERSONAL` of its `tables.ts`.
 * The record of processing activities (GDPR, Article 30), the rules of retention, and the test of the export are made from it.
 */

/** Kinds of personal data. */
export const DATA_KINDS = {
  identity: 'names, identifiers and other attributes of the person',
  contact: 'e-mail addresses, phone numbers and postal addresses',
  credential: 'passwords, second factors and what proves them',
  device: 'browsers in which the person has signed in',
  address: 'network addresses, which are cut to the network where they are stored',
  activity: 'what the person did, and when',
  permission: 'groups, roles, and what the person allowed to apps',
  consent: 'the texts that the person accepted',
} as const;
export type DataKind = keyof typeof DATA_KINDS;

/** Why data is processed, each with the article of the GDPR that allows it unless the operator has another reason. */
export const PURPOSES = {
  account: { about: 'to have an account, and to recognise its owner', basis: 'contract (Article 6(1)(b))' },
  sign_in: { about: 'to sign people in, and to keep them signed in', basis: 'contract (Article 6(1)(b))' },
  apps: { about: 'to give apps the access that the person has allowed', basis: 'consent (Article 6(1)(a))' },
  mail: { about: 'to send mails about the account', basis: 'contract (Article 6(1)(b))' },
  security: {
    about: 'to protect accounts and the service against misuse',
    basis: 'legitimate interests (Article 6(1)(f))',
  },
  proof: {
    about: 'to prove what was done, by whom, and what was agreed to',
    basis: 'legal obligation and legitimate interests (Article 6(1)(c) and (f))',
  },
  operation: { about: 'to run the service for several requests at once', basis: 'contract (Article 6(1)(b))' },
} as const;
export type Purpose = keyof typeof PURPOSES;

/** Why a value is not in the export of a person. */
export const REASONS = {
  secret: 'a secret, or the hash of one: whoever reads the export could use or guess it',
  lookup: 'a keyed hash of a value that is exported, by which it is found',
  reference: 'the id by which the row belongs to something that is exported',
  state: 'the state of a request under way: secrets, and copies of what is exported',
  anonymous: 'a keyed hash of a network, which nobody can be recognised by without the key',
  others: 'data of somebody without an account, such as the contact of an app',
} as const;
export type Reason = keyof typeof REASONS;

export interface PersonalColumn {
  readonly kind: DataKind;
  /** Its place in the export, such as `devices[].network`; `[]` is each item of a list. */
  readonly exported?: string;
  readonly withheld?: Reason;
}

/** A column with one value, or one with a sealed object, by the members of that. */
export type PersonalData = PersonalColumn | { readonly members: Readonly<Record<string, PersonalColumn>> };

/** What removes rows before or at their end. */
export const REMOVERS = {
  expiry: 'the clean-up, once the time is over',
  erasure: 'the erasure of the account',
  end: 'the end of what the row is about: a sign-out, a revocation, a use',
  person: 'the person, on the account page',
  operator: 'an operator',
  policy: 'the policy of the operator',
} as const;
export type Remover = keyof typeof REMOVERS;

/** How long rows are stored, and what removes them. */
export interface Retention {
  readonly until: string;
  /** Settings that say how long. */
  readonly settings?: readonly string[];
  readonly removedBy: readonly [Remover, ...Remover[]];
}

export interface PersonalTable<Column extends string = string> {
  readonly purpose: Purpose;
  readonly kept: Retention;
  readonly personal: { readonly [Name in Column]?: PersonalData };
  /** Columns that say nothing about a person. */
  readonly technical: readonly Column[];
}

type Columns<Table extends keyof DB> = keyof DB[Table] & string;

export type PersonalTables = { readonly [Table in keyof DB]?: PersonalTable<Columns<Table>> };
/** Tables without personal data, with all their columns. */
export type TechnicalTables = { readonly [Table in keyof DB]?: readonly Columns<Table>[] };

export const shown = (kind: DataKind, exported: string): PersonalColumn => ({ kind, exported });
export const withheld = (kind: DataKind, reason: Reason): PersonalColumn => ({ kind, withheld: reason });

/** As long as the account exists. */
export const WITH_ACCOUNT: Retention = { until: 'as long as the account exists', removedBy: ['erasure'] };
