import type { Account } from '../accounts/account.ts';
import type { Detail } from '../clients/authorization_details.ts';
import type { BoundStatement } from '../platform/db.ts';
import type { PageWanted } from '../platform/pages.ts';
import type { SignedIn } from './sessions.ts';

/** The port that approval needs: what apps ask of somebody who is elsewhere (CIBA). `server/oidc` fulfils it. */
export interface WaitingRequests {
  /** Those of this person about which nobody has decided, and which have not expired; the oldest first. */
  of(accountId: string, page?: PageWanted): Promise<readonly WaitingRequest[]>;
  /** Decides, once, for any number of browsers and nodes. @param decision `also`: statements of the same transaction */
  decide(decision: {
    readonly id: string;
    readonly verdict: 'approve' | 'deny';
    readonly account: Pick<Account, 'id' | 'epoch'>;
    readonly session: Pick<SignedIn, 'acr' | 'amr' | 'authTime'>;
    readonly also: readonly BoundStatement[];
  }): Promise<Decided>;
}

export type Decided =
  | { readonly kind: 'done' }
  /** It has expired, was decided about elsewhere, or never was this person's. */
  | { readonly kind: 'gone' }
  /** The app wants a sign-in that is worth this, and this one is not. */
  | { readonly kind: 'weak'; readonly acr: string };

export interface WaitingRequest {
  /** For the form. */
  readonly id: string;
  readonly clientId: string;
  /** What both sides show, for the person to compare. */
  readonly bindingMessage: string | undefined;
  /** Claims that are asked for one by one count as the scope that they belong to. */
  readonly scopes: readonly string[];
  /** Scopes by RFC 8707 resource indicator. */
  readonly resources: Readonly<Record<string, readonly string[]>>;
  /** RFC 9396 */
  readonly details: readonly Detail[];
  readonly askedAt: Date;
  readonly expiresAt: Date;
}
