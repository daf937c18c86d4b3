import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Permissions } from '../clients/permissions.ts';
import type { App, LostView } from '../views/views.ts';

/**
 * Authorization requests that wait for a person to sign in or to consent. Needed by the sign-in pages, provided by
 * `server/oidc`.
 * @typeParam Progress the data that the sign-in pages store between their steps
 * @typeParam Result the data with which the authorization request continues
 */
export interface Interactions<Progress extends object, Result extends object> {
  /** @throws AppError 400 `interaction_expired` when there is no such interaction in this browser */
  open(request: FastifyRequest, reply: FastifyReply): Promise<Visit<Progress>>;
  /** How an interaction that cannot be opened has ended, by its id. */
  lost(request: FastifyRequest, reply: FastifyReply, uid: string): Promise<LostView>;
  /** The account that has signed in in this browser since the visit began, when no account was signed in then. */
  signedInSince(visit: Visit<Progress>): Promise<string | undefined>;
  /** Stores the progress; this alone does not sign the person in. */
  remember(visit: Visit<Progress>, progress: Progress): Promise<void>;
  /** Continues the authorization request, which answers the browser. */
  finish(visit: Visit<Progress>, result: Result): Promise<void>;
}

/** A person's visit to the sign-in pages for one authorization request. */
export interface Visit<Progress extends object> {
  readonly uid: string;
  readonly client: App;
  /** Why the person was sent here: `login`, `texts`, `consent` or `select_account`. */
  readonly prompt: string;
  /** `prompt` values of the authorization request (OpenID Connect Core §3.1.2.1). */
  readonly requestedPrompts: ReadonlySet<string>;
  readonly loginHint: string | undefined;
  readonly uiLocales: string | undefined;
  /** The acr values that the app requests, any of which is enough (OpenID Connect Core §3.1.2.1, §5.5.1.1). */
  readonly acrValues: readonly string[];
  /** The account that was signed in when the visit began, and its session. */
  readonly signedIn: string | undefined;
  readonly sessionUid: string | undefined;
  readonly progress: Progress;
  /** Requested permissions that this account has not granted yet; without details (RFC 9396), which no grant has. */
  missing(accountId: string): Promise<Permissions>;
  /** When this account first allowed the app something in its session; undefined for never. */
  allowedSince(accountId: string): Promise<Date | undefined>;
  /** True when the consent page has to be shown for some of them. */
  mustAsk(accountId: string): Promise<boolean>;
  /** All that the client asks for. */
  requested(): Promise<Permissions>;
}
