import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Permissions } from '../clients/permissions.ts';
import type { App, LostView } from '../views/views.ts';

/**
 * The port that signing in needs: what an authorization request asks of the person, and a way to say how it went.
 * `server/oidc` fulfils it; this folder knows nothing of how.
 */
export interface Interactions {
  /** @throws AppError 400 `interaction_expired` when there is no such interaction in this browser */
  open(request: FastifyRequest, reply: FastifyReply): Promise<Visit>;
  /** How an interaction that cannot be opened has ended, by its id. */
  lost(request: FastifyRequest, reply: FastifyReply, uid: string): Promise<LostView>;
  /** Who has signed in in this browser since the visit began, when nobody was signed in then. */
  meanwhile(visit: Visit): Promise<string | undefined>;
  /** Remembers how far the person has got. Nothing that is remembered here signs anybody in. */
  remember(visit: Visit, progress: Progress): Promise<void>;
  /** Hands over to the authorization request, which answers the browser. */
  finish(visit: Visit, outcome: InteractionResult): Promise<void>;
}

/** One person's visit to the sign-in pages, for one authorization request. */
export interface Visit {
  readonly uid: string;
  readonly client: App;
  /** Why the person was sent here: `login`, `consent` or `select_account`. */
  readonly prompt: string;
  /** `prompt` values of the authorization request (OpenID Connect Core §3.1.2.1). */
  readonly requestedPrompts: ReadonlySet<string>;
  readonly loginHint: string | undefined;
  readonly uiLocales: string | undefined;
  /** How the app wants people to sign in: any of these will do (OpenID Connect Core §3.1.2.1, §5.5.1.1). */
  readonly acrValues: readonly string[];
  /** Who was signed in when the visit began. */
  readonly signedIn: string | undefined;
  /** The session that was so. */
  readonly sessionUid: string | undefined;
  readonly progress: Progress;
  /** What the client asks for and this account has not granted it yet; without details, which no grant has. */
  missing(accountId: string): Promise<Permissions>;
  /** All that the client asks for. */
  asked(): Promise<Permissions>;
}

/** What the person has shown and said so far. */
export interface Progress {
  readonly login?: Login;
  readonly consent?: Permissions;
  readonly select_account?: { readonly another: boolean };
}

export interface Login {
  readonly accountId: string;
  /** Of the account when its credential was checked: a sign-in that a change of credentials overtakes does not end. */
  readonly epoch: number;
  /** Seconds since the epoch at which the credential was checked (OpenID Connect Core §2 `auth_time`). */
  readonly ts: number;
  /** Methods that have succeeded so far (RFC 8176): `pwd`, `otp`, `hwk`, `swk`, `user`, and `mfa` once there are two factors. */
  readonly amr: readonly string[];
  readonly remember: boolean;
  /** What was known of the browser when the person came. */
  readonly device: KnownDevice;
  /** The person wants not to be asked for the second factor on this browser for a while. */
  readonly trustDevice?: boolean;
  /** The person would rather not set up a second factor that the app asks for. */
  readonly declinedEnrolment?: boolean;
  /** What the person is told of if the second factor does not follow: see `SignInNotices.withoutSecondFactor`. */
  readonly unfinished?: string;
  /** The password was right, and is too old: there is no going on without a new one. */
  readonly passwordExpired?: boolean;
}

export interface KnownDevice {
  /** This person has signed in here before. */
  readonly known: boolean;
  /** The second factor need not be shown here, unless it is asked for. */
  readonly trusted: boolean;
  /** This person has not signed in anywhere yet. */
  readonly first: boolean;
}

/** What the authorization request is told: how the person signed in, with what that is worth. */
export type InteractionResult =
  | (Omit<Progress, 'login'> & { readonly login?: Login & { readonly acr: string } })
  | { readonly error: string; readonly error_description: string };
