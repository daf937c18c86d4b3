import { type Client, errors, type KoaContextWithOIDC } from 'oidc-provider';
import { weakestOf } from '../accounts/assurance.ts';
import type { BoundStatement } from '../platform/db.ts';
import type { Limit } from '../platform/limit.ts';
import type { Units } from '../records/unit.ts';
import type { WaitingRequests } from '../records/waiting_requests.ts';
import { requestedAcr, unmetRequirements } from './claims_parameter.ts';

/** OpenID Connect Client-Initiated Backchannel Authentication Core 1.0 ("CIBA Core") §10.1 */
export const CIBA_GRANT = 'urn:openid:params:grant-type:ciba';

/** How long a request waits for the person: by default, and at most. */
const WAITING_SECONDS = 300;
export const WAITING_SECONDS_MAX = 600;

/**
 * How many requests of one app may wait for one person, so that people read each of them. They are counted without a lock:
 * requests that arrive at the same moment can exceed it by a few.
 */
const WAITING_MAX = 5;

const HINT_MAX = 256;
const BINDING_MESSAGE_MAX = 64;
/** FAPI-CIBA §5.2.2, which requires signed requests as FAPI 1.0 Advanced §5.2.2 does. */
const OLDEST_REQUEST_SECONDS = 3_600;
/** Invisible characters, and those that change the direction of text: the message is shown in a line with other text. */
const UNSHOWABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u;

export interface CibaParts {
  readonly units: Units;
  readonly waiting: WaitingRequests;
  /** Counts hints that match no account, by client. */
  readonly hintLimit: Pick<Limit, 'consume' | 'refund'>;
  /** @param identifier an e-mail address or username */
  findPerson(identifier: string): Promise<{ readonly id: string } | undefined>;
  /** @returns statements that notify the person, for the transaction of the request */
  notify(accountId: string, clientId: string): Promise<readonly BoundStatement[]>;
}

type BackchannelRequest = InstanceType<KoaContextWithOIDC['oidc']['provider']['BackchannelAuthenticationRequest']>;

/**
 * The provider's configuration of CIBA: an app names a person, who decides on a page of their account. The provider has
 * authenticated the client before it calls these functions (§7.1).
 */
export function cibaFeature(parts: CibaParts) {
  const { units, waiting, hintLimit } = parts;

  /** @returns the account's id; undefined for a hint that matches no account: `unknown_user_id` (§13) */
  async function processLoginHint({ oidc }: KoaContextWithOIDC, hint = ''): Promise<string | undefined> {
    const clientId = oidc.client?.clientId ?? '';
    const unit = units.current();
    // Counted before the look-up, so that parallel requests cannot exceed the limit: an app must not find accounts by trying.
    const consumed = await unit.trackRead(hintLimit.consume(clientId));
    const person = hint.length > HINT_MAX ? undefined : await unit.trackRead(parts.findPerson(hint));
    if (person) await unit.trackRead(hintLimit.refund(consumed));
    return person?.id;
  }

  /** Limits waiting requests. Cardea has no user codes (§7.1), but the provider calls this as soon as it knows the person. */
  async function verifyUserCode({ oidc }: KoaContextWithOIDC, account: { accountId: string }): Promise<void> {
    const requests = await units.current().trackRead(waiting.of(account.accountId));
    if (requests.filter(({ clientId }) => clientId === oidc.client?.clientId).length >= WAITING_MAX) {
      throw new errors.AccessDenied(`${WAITING_MAX} requests of this client wait for this person already`);
    }
  }

  async function triggerAuthenticationDevice(
    _ctx: KoaContextWithOIDC,
    request: BackchannelRequest,
    { accountId }: { accountId: string },
    { clientId }: Client,
  ): Promise<void> {
    const unit = units.current();
    unit.addStatement(waiting.register({ authReqId: request.jti, accountId, clientId, lifetime: request.expiration }));
    for (const bound of await unit.trackRead(parts.notify(accountId, clientId))) unit.addStatement(bound);
  }

  return {
    enabled: true,
    deliveryModes: ['poll', 'ping'],
    processLoginHint,
    async processLoginHintToken(): Promise<never> {
      throw new errors.InvalidRequest('login_hint_token is not supported; use login_hint or id_token_hint');
    },
    verifyUserCode,
    validateBindingMessage: assertBindingMessage,
    validateRequestContext: assertReachableAcr,
    triggerAuthenticationDevice,
  };
}

/** @returns seconds, at most the `requested_expiry` of the app (§7.1), which the provider has checked to be a number */
export function requestLifetime(ctx: KoaContextWithOIDC | undefined): number {
  const requested = Number(ctx?.oidc?.params?.requested_expiry ?? WAITING_SECONDS);
  return Math.min(requested, WAITING_SECONDS_MAX);
}

/** True when the client uses the push mode (§10.3). */
export function isPushedTo(client: Client | undefined): boolean {
  const mode: string | undefined = client?.backchannelTokenDeliveryMode;
  return mode === 'push';
}

/** A CIBA grant outlives the browser session of the person, so a refresh token needs the scope `offline_access`. */
export function mayHaveRefreshToken(source: {
  readonly kind?: string;
  readonly scopes?: ReadonlySet<string>;
}): boolean {
  return source.kind !== 'BackchannelAuthenticationRequest' || source.scopes?.has('offline_access') === true;
}

/** §7.1, §13 */
async function assertBindingMessage(_ctx: KoaContextWithOIDC, message: string | undefined): Promise<void> {
  if (message === undefined) return;
  if ([...message].length > BINDING_MESSAGE_MAX) {
    throw new errors.InvalidBindingMessage(`binding_message must have at most ${BINDING_MESSAGE_MAX} characters`);
  }
  if (UNSHOWABLE.test(message)) {
    throw new errors.InvalidBindingMessage('binding_message must not contain characters that cannot be seen');
  }
}

/**
 * §7.1.1; the provider has checked issuer and audience.
 * @param now in milliseconds
 * @throws InvalidRequestObject
 */
export function assertDatedRequest(claims: Readonly<Record<string, unknown>>, now: number): void {
  const missing = [
    ...(['exp', 'iat', 'nbf'] as const).filter((name) => typeof claims[name] !== 'number'),
    ...(typeof claims.jti === 'string' && claims.jti !== '' ? [] : ['jti']),
  ];
  if (missing.length > 0) throw new errors.InvalidRequestObject(`a signed request must have ${missing.join(', ')}`);
  if (Number(claims.nbf) < now / 1_000 - OLDEST_REQUEST_SECONDS) {
    throw new errors.InvalidRequestObject(`nbf must not be more than ${OLDEST_REQUEST_SECONDS} seconds ago`);
  }
}

/** Refuses a request for an essential `acr` that no sign-in can reach, before the person is asked. */
async function assertReachableAcr({ oidc }: KoaContextWithOIDC): Promise<void> {
  const { values, essential } = requestedAcr(oidc.params ?? {});
  if (essential && weakestOf(values) === undefined) throw unmetRequirements();
}
