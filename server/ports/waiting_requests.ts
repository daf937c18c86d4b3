import type { Account } from '../accounts/account.ts';
import type { Permissions } from '../clients/permissions.ts';
import type { BoundStatement } from '../platform/db.ts';
import type { PageWanted } from '../platform/pages.ts';
import type { RequestOrigin } from '../platform/request_origin.ts';
import type { SignedIn } from './sessions.ts';

/** Backchannel authentication requests (CIBA) that wait for a person. Needed by the account pages, provided by `server/oidc`. */
export interface WaitingRequests {
  /** The requests that wait for this person and have not expired, the oldest first. */
  of(accountId: string, page?: PageWanted): Promise<readonly WaitingRequest[]>;
  /** Only one decision on a request counts, from any number of browsers and nodes. */
  decide(decision: Decision): Promise<Decided>;
}

export interface Decision {
  readonly id: string;
  readonly verdict: 'approve' | 'deny';
  readonly account: Account;
  readonly session: Pick<SignedIn, 'acr' | 'amr' | 'authTime'>;
  /** Of the request in which the person decides. */
  readonly origin: RequestOrigin;
  /** Statements for the same transaction. */
  readonly also: readonly BoundStatement[];
}

export type Decided =
  | { readonly kind: 'done' }
  /** It has expired, was decided already, or never waited for this person. */
  | { readonly kind: 'gone' }
  /** The sign-in is too weak: the request needs this `acr`. */
  | { readonly kind: 'weak'; readonly acr: string };

/** The scopes include those of claims that are requested by name. */
export interface WaitingRequest extends Pick<Permissions, 'scopes' | 'resources' | 'details'> {
  /** For the form. */
  readonly id: string;
  readonly clientId: string;
  /** Shown by the app as well, for the person to compare. */
  readonly bindingMessage: string | undefined;
  readonly requestedAt: Date;
  readonly expiresAt: Date;
}
