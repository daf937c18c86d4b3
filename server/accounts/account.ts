import type { Deletion, Restriction, Standing } from './standing.ts';

/** A postal address, with the member names of OpenID Connect Core §5.1.1. */
export interface Address {
  readonly formatted?: string;
  readonly street_address?: string;
  readonly locality?: string;
  readonly region?: string;
  readonly postal_code?: string;
  readonly country?: string;
}

/** The personal data of an account, sealed under the account's own key. */
export interface Profile {
  /** As the person gave it; mails are sent to this address. */
  readonly email: string;
  readonly emailVerified: boolean;
  readonly username?: string;
  readonly name?: string;
  readonly givenName?: string;
  readonly familyName?: string;
  readonly middleName?: string;
  readonly nickname?: string;
  /** URL */
  readonly profile?: string;
  /** URL */
  readonly picture?: string;
  /** URL */
  readonly website?: string;
  readonly gender?: string;
  /** ISO 8601 date; the year may be 0000 or stand alone */
  readonly birthdate?: string;
  /** IANA time zone name, such as Europe/Paris */
  readonly zoneinfo?: string;
  /** BCP 47 language tag */
  readonly locale?: string;
  /** E.164 is recommended */
  readonly phoneNumber?: string;
  readonly phoneNumberVerified?: boolean;
  readonly address?: Address;
}

export type SecondFactorKind = 'totp' | 'passkey';

/** A version of a text that the operator publishes, such as the terms of service. */
export interface AcceptedText {
  readonly kind: string;
  readonly version: string;
}

export interface Account extends Profile {
  /** UUIDv7, or the id of an imported account; the `sub` of its tokens unless it has a `subject`. */
  readonly id: string;
  /** The `sub` of an imported account, in place of the id. See `subjectOf` (subjects.ts). */
  readonly subject?: string;
  /** PHC string; null when the person has no password. */
  readonly passwordHash: string | null;
  /** When the password was last set; null without one, and where its age is not known; see also `MUST_CHANGE` (policy.ts). */
  readonly passwordSetAt: Date | null;
  /** By an operator, or because of a long time without a sign-in. */
  readonly disabled: boolean;
  /** It is erased then, unless that is undone. */
  readonly deletion?: Deletion;
  /** Its data are stored, and nothing else is done with them. */
  readonly restriction?: Restriction;
  /** Only an account that is `active` can be used. */
  readonly standing: Standing;
  readonly groups: readonly string[];
  /** Roles that the operator has assigned. */
  readonly roles: readonly string[];
  /** Kinds of second factor that the person has; empty for none. */
  readonly secondFactors: readonly SecondFactorKind[];
  /** The versions of texts that the person has accepted and not withdrawn (texts.ts). */
  readonly acceptedTexts: readonly AcceptedText[];
  /** Counts changes of credentials. A sign-in that began in an earlier epoch cannot be completed. */
  readonly epoch: number;
  /** Raised by each change of what operators see of the account. */
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}
