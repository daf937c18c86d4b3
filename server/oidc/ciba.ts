import { type Client, errors, type KoaContextWithOIDC } from 'oidc-provider';
import { weakestOf } from '../accounts/assurance.ts';
import type { BoundStatement } from '../platform/db.ts';
import type { Limits } from '../platform/limits.ts';
import type { Units } from '../records/unit.ts';
import type { WaitingRequests } from '../records/waiting_requests.ts';
import { requestedAcr, unmetRequirements } from './claims_parameter.ts';

/** OpenID Connect Client-Initiated Backchannel Authentication Core 1.0 ("CIBA Core") §10.1 */
export const CIBA_GRANT = 'urn:openid:params:grant-type:ciba';

/** For how long a request waits for its person when the app does not say, and at most. */
const WAITING_SECONDS = 300;
export const WAITING_SECONDS_MAX = 600;

/**
 * How many requests of one app may wait for one person: they are to be read, not clicked away. It is looked up, not locked:
 * of those that come at the same moment a few more may.
 */
const WAITING_MAX = 5;

const HINT_MAX = 256;
const BINDING_MESSAGE_MAX = 64;
/** It is shown beside other text, on a line: nothing invisible, nothing that turns the direction of what follows. */
const UNSHOWABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u;

export interface CibaParts {
  readonly units: Units;
  readonly waiting: WaitingRequests;
  /** Of hints that lead to nobody, by client. */
  readonly hintLimits: Limits;
  /** By what a person signs in with. */
  findPerson(identifier: string): Promise<{ readonly id: string } | undefined>;
  /** Tells the person that there is something to decide; part of the transaction. */
  notify(accountId: string, clientId: string): Promise<readonly BoundStatement[]>;
}

type BackchannelRequest = InstanceType<KoaContextWithOIDC['oidc']['provider']['BackchannelAuthenticationRequest']>;

/**
 * The provider's configuration of CIBA: an app names a person, who decides on a page of their account. Only clients that
 * prove who they are get so far (§7.1).
 */
export function cibaFeature(parts: CibaParts) {
  const { units, waiting, hintLimits } = parts;

  /** @returns the account's id; undefined for a hint that leads to nobody, which is told as `unknown_user_id` (§13) */
  async function processLoginHint({ oidc }: KoaContextWithOIDC, hint = ''): Promise<string | undefined> {
    const clientId = oidc.client?.clientId ?? '';
    const unit = units.current();
    // An app that may ask for people must not find out by trying who is one, one after the other or all at once.
    const taken = await unit.trackRead(hintLimits.consume('login-hint', clientId));
    const person = hint.length > HINT_MAX ? undefined : await unit.trackRead(parts.findPerson(hint));
    if (person) await unit.trackRead(hintLimits.refund(taken));
    return person?.id;
  }

  /** There is no user code (§7.1) to verify; what is asked here is whether the person is to see one more request. */
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

/** @returns seconds, from what the app asks for (§7.1 `requested_expiry`; the provider has seen that it is a number) */
export function waitingSeconds(ctx: KoaContextWithOIDC | undefined): number {
  const asked = Number(ctx?.oidc?.params?.requested_expiry ?? WAITING_SECONDS);
  return Math.min(asked, WAITING_SECONDS_MAX);
}

/** §10.3: the client gets its tokens without asking for them. */
export function isPushedTo(client: Client | undefined): boolean {
  const mode: string | undefined = client?.backchannelTokenDeliveryMode;
  return mode === 'push';
}

/** What is issued in a person's absence, which the browser of the one who approved does not end, has to be asked for. */
export function mayRefresh(source: { readonly kind?: string; readonly scopes?: ReadonlySet<string> }): boolean {
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

/** §7.1.1; the provider has seen to issuer and audience. @throws InvalidRequestObject */
export function assertDatedRequest(claims: Readonly<Record<string, unknown>>): void {
  const missing = [
    ...(['exp', 'iat', 'nbf'] as const).filter((name) => typeof claims[name] !== 'number'),
    ...(typeof claims.jti === 'string' && claims.jti !== '' ? [] : ['jti']),
  ];
  if (missing.length > 0) throw new errors.InvalidRequestObject(`a signed request must have ${missing.join(', ')}`);
}

/** A person is not asked for a sign-in that does not exist here. */
async function assertReachableAcr({ oidc }: KoaContextWithOIDC): Promise<void> {
  const { values, essential } = requestedAcr(oidc.params ?? {});
  if (essential && weakestOf(values) === undefined) throw unmetRequirements();
}
