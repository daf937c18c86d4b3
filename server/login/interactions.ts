import type { Permissions } from '../clients/permissions.ts';
import type * as port from '../ports/interactions.ts';

export type Interactions = port.Interactions<Progress, InteractionResult>;
export type Visit = port.Visit<Progress>;

/** The part of a visit that is stored between its steps. */
export interface Progress {
  readonly login?: Login;
  readonly consent?: Permissions;
  readonly select_account?: { readonly another: boolean };
}

export interface Login {
  readonly accountId: string;
  /** The account's epoch when its credential was checked: after a change of credentials this sign-in cannot end. */
  readonly epoch: number;
  /** Seconds since the epoch at which the credential was checked (OpenID Connect Core §2 `auth_time`). */
  readonly ts: number;
  /** Methods that have succeeded so far (RFC 8176): `pwd`, `otp`, `hwk`, `swk`, `user`, and `mfa` once there are two factors. */
  readonly amr: readonly string[];
  readonly remember: boolean;
  /** The browser as it was when the visit began. */
  readonly device: KnownDevice;
  /** The person chose not to be asked for the second factor on this browser for a while. */
  readonly trustDevice?: boolean;
  /** The person declined to set up the second factor that the app asks for. */
  readonly declinedEnrolment?: boolean;
  /** The id of the mail that is sent if the second factor does not follow: see `SignInNotices.withoutSecondFactor`. */
  readonly unfinished?: string;
  /** The password was right and is too old, or an operator chose it: the sign-in cannot end without a new one. */
  readonly passwordExpired?: boolean;
}

export interface KnownDevice {
  /** This person has signed in here before. */
  readonly known: boolean;
  /** The second factor is not needed here, unless the request or the app requires it. */
  readonly trusted: boolean;
  /** This person has not signed in anywhere yet. */
  readonly first: boolean;
}

/** The result for the authorization request: how the person signed in, with the `acr` of that. */
export type InteractionResult =
  | (Omit<Progress, 'login'> & { readonly login?: Login & { readonly acr: string } })
  | { readonly error: string; readonly error_description: string };
