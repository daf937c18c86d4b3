import type { Configuration, KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { Account } from '../accounts/account.ts';
import type { Accounts } from '../accounts/store.ts';
import type { Audit } from '../audit/entries.ts';
import type { ProfileName } from '../clients/vocabulary.ts';
import type { Clock } from '../platform/clock.ts';
import type { BoundStatement } from '../platform/db.ts';
import type { Limit, ServerLimit } from '../platform/limit.ts';
import type { Logger } from '../platform/log.ts';
import type { Polls } from '../records/polls.ts';
import type { RepeatedForms } from '../records/repeated_forms.ts';
import type { Unit } from '../records/unit.ts';
import type { ClientCertificates } from './client_certificates.ts';
import type { LogFailure } from './failure_log.ts';
import type { JwtAccessTokens } from './jwt_access_tokens.ts';
import type { Pages } from './pages.ts';
import type { Route } from './routes.ts';
import type { UnfinishedLimits } from './unfinished_limits.ts';

/** A request to one of the provider's routes, and the response while it is being made. */
export interface Exchange {
  readonly ctx: KoaContextWithOIDC;
  readonly route: Route;
  readonly provider: Provider;
  /** The reads and writes of this request; run_endpoint.ts commits them. */
  readonly unit: Unit;
  readonly services: StepServices;
  /** The limits of requests to this route. */
  readonly limits: EndpointLimits;

  /** The error that the provider has reported to the client or the browser; of several the last, which is sent. */
  refusal?: Refusal;
  /** An error inside the provider, to which it responds `server_error`. */
  failure?: unknown;
  /** The id under which the DPoP proof of this request is recorded as used. */
  proofId?: string;
  /** The counters in which the user code of this request was counted as a guess. */
  userCodeGuesses?: readonly { readonly limit: Limit; readonly consumed: string }[];
  /** The user code does not have the form of one, so it was no guess. */
  isUserCodeMalformed?: boolean;
  /** The endings when a person signs out of one app alone; also of the grant, if its tokens end with the session. */
  leftApp?: { readonly clientId: string; readonly grantId: string | undefined };
  /** Where a logout leads: the URI that the client has registered, or undefined for a page of Cardea. */
  logoutTarget?: {
    readonly uri: string | undefined;
    readonly state: string | undefined;
    /** Of the page of Cardea, when it is not the browser's. */
    readonly language?: string | undefined;
  };
  /** The request asks for `offline_access`, see offline_access.ts. */
  asksOfflineAccess?: boolean;
  /** The response was stored for an equal earlier request. */
  isReplay?: boolean;
  /** Nothing that this request has gathered is written. */
  isDiscarded?: boolean;
  /** The error that a step or the commit has thrown, for the steps of `onError`: undefined once one has dealt with it. */
  error?: unknown;
}

/** The limits of requests to endpoints, by scope (limit_table.ts). */
export interface EndpointLimits {
  /** Of a client that has authenticated, by id. */
  readonly client?: Limit;
  /** Of a person who is signed in, by id. */
  readonly account?: Limit;
  /** Of all others. */
  readonly address?: Limit;
  readonly server?: ServerLimit;
}

export type EndpointLimitName =
  | 'authorize'
  | 'token'
  | 'introspection'
  | 'revocation'
  | 'userinfo'
  | 'par'
  | 'device'
  | 'ciba'
  | 'logout';

/** A step that waits for nothing returns no promise. */
export type Step = (exchange: Exchange) => Promise<void> | void;

/** Reads the parameters of a request, and may change them. @throws the error to refuse the request with */
export type ParameterStep = (params: Record<string, unknown>, exchange: Exchange) => void;

/** The steps of a request to one route, in their order. */
export interface Steps {
  /** Run before the provider sees the request. */
  readonly before: readonly Step[];
  /** Run when the provider has read the parameters. */
  readonly parameters: readonly ParameterStep[];
  /** Run when the provider has made its response, which is sent after the last step. */
  readonly after: readonly Step[];
  /** Run before the commit, to add statements to it; not when the unit of work is discarded. */
  readonly beforeCommit: readonly Step[];
  /** Run when a step or the commit has thrown. If one of them leaves an error, it is sent. */
  readonly onError: readonly Step[];
  /** Always run, at the end. */
  readonly finally: readonly Step[];
}

/** An error of the provider that a client or a browser caused. */
export interface RefusalError {
  readonly error?: string;
  readonly error_description?: string;
  /** Only for the operator: the provider does not send it to the client. */
  readonly error_detail?: string;
}

export interface Refusal {
  /** The name of the provider's event. */
  readonly event: string;
  readonly error: RefusalError;
}

export interface SeenSession {
  readonly uid: string;
  readonly accountId: string;
  readonly userAgent: string | undefined;
  readonly address: string;
}

/** The parts that steps use. */
export interface StepServices {
  readonly unfinishedLimits: UnfinishedLimits;
  /** Counts failed client authentications by address. */
  readonly authenticationLimit: Limit;
  /** The limits of requests, by the name in an endpoint's row. */
  readonly endpointLimits: Readonly<Record<EndpointLimitName, EndpointLimits>>;
  readonly certificates: Pick<ClientCertificates, 'readCertificate' | 'certificateOf'>;
  readonly features: Configuration['features'];
  readonly forms: RepeatedForms;
  readonly jwtAccessTokens: Pick<JwtAccessTokens, 'present'>;
  readonly log: Logger;
  readonly logFailure: LogFailure;
  readonly now: Clock;
  readonly pages: Pick<Pages, 'error' | 'replaceSelfSubmitting'>;
  readonly polls: Polls;
  /** Of the server; a client may have a stricter one. */
  readonly profile: ProfileName;
  /** Counts refreshes by grant, see steps/refresh_loops.ts. */
  readonly refreshLimit: Limit;
  /** RFC 8628 §5.1: connecting a device needs few user codes, guessing one needs many. */
  readonly userCodeLimits: Readonly<Record<'address' | 'session', Limit>>;
  /** @throws AppError 503 when this node may have missed that its key was withdrawn */
  assertCanSign(): void;
  /** True when the operator has registered that client. */
  isRegistered(clientId: string): Promise<boolean>;
  /** Entries for the audit, with the person that a request is about. */
  readonly audit: Pick<Audit, 'append' | 'line'>;
  findPerson(accountId: string): Promise<Account | undefined>;
  readonly sealerOf: Accounts['sealerOf'];
  /** The statements that record when and from where a session was last seen. */
  sessionStatements(session: SeenSession): Promise<readonly BoundStatement[]>;
  /** The statements that record that a client has got tokens. */
  clientUseStatements(clientId: string): Promise<readonly BoundStatement[]>;
}

const exchanges = new WeakMap<object, Exchange>();

export function createExchange(
  parts: Pick<Exchange, 'ctx' | 'route' | 'provider' | 'unit' | 'services' | 'limits'>,
): Exchange {
  const exchange: Exchange = { ...parts };
  exchanges.set(parts.ctx, exchange);
  return exchange;
}

/** For callbacks of the provider. @returns undefined for a context that belongs to no request (ciba_push.ts) */
export function exchangeOf(ctx: object): Exchange | undefined {
  return exchanges.get(ctx);
}
