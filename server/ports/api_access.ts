import type { IncomingMessage } from 'node:http';
import type { Permission } from '../operations/permissions.ts';
import type { Owner } from '../platform/own_sealing.ts';

/** Who calls the admin API, and what they may do there now. */
export interface ApiCaller {
  readonly clientId: string;
  /** The person who acts; undefined when the client acts by itself. */
  readonly accountId: string | undefined;
  /** The person's own key, which seals from where they act. */
  readonly owner?: Owner;
  /** Of the token, as far as the client is registered for them now. */
  readonly scopes: readonly string[];
  readonly permissions: ReadonlySet<Permission>;
  /** For the response, such as the next `DPoP-Nonce` (RFC 9449 §8.2). */
  readonly headers: Readonly<Record<string, string>>;
}

/** Access tokens of the admin API. `server/oidc` verifies them, and `server/admin` uses them. */
export interface ApiAccess {
  /**
   * Verifies the access token of a request and looks up what it permits now.
   * @throws Challenged 400 `invalid_request`, 401 `missing_token`, `invalid_token`, `invalid_dpop_proof` or `use_dpop_nonce`
   * @throws AppError 503
   */
  authenticate(request: IncomingMessage): Promise<ApiCaller>;
  /**
   * Looks up once more what the token of a request permits, for a request that takes long.
   * @param began when it was authenticated, in milliseconds since the epoch: the token may have expired meanwhile
   * @throws Challenged 401 `invalid_token` when the token, its signing key, its client or its person has ended
   * @throws AppError 503
   */
  authenticateAgain(request: IncomingMessage, began: number): Promise<ApiCaller>;
  /**
   * The challenge for a caller without a permission, which names the scope that the token lacks (RFC 6750 §3.1).
   * @returns undefined when a token with the scope would not help
   */
  challengeFor(caller: ApiCaller, permission: Permission): string[] | undefined;
}
