import { errors, type Provider } from 'oidc-provider';
import { isEnough, type StoredRequiredAcr } from '../accounts/assurance.ts';
import type { PersonEvents } from '../accounts/person_events.ts';
import type { Accounts } from '../accounts/store.ts';
import type { Clock } from '../platform/clock.ts';
import type { BoundStatement } from '../platform/db.ts';
import { AppError } from '../platform/errors.ts';
import type * as port from '../ports/waiting_requests.ts';
import type { Decided, Decision } from '../ports/waiting_requests.ts';
import type { Deliveries } from '../records/deliveries.ts';
import type { Units } from '../records/unit.ts';
import type { WaitingRequest, WaitingRequests } from '../records/waiting_requests.ts';
import { CIBA_GRANT, isPushedTo } from './ciba.ts';
import { NOTIFICATION, type Notification } from './ciba_notifications.ts';
import { issueToPush } from './ciba_push.ts';
import { requestedAcr } from './claims_parameter.ts';
import { addToGrant, saveExtended } from './consent.ts';
import { type RequestedPermissionsParts, requestedPermissions } from './requested_permissions.ts';
import type { Serving } from './serving.ts';

export interface ApprovalParts extends RequestedPermissionsParts {
  readonly serving: Serving;
  readonly units: Units;
  readonly waiting: WaitingRequests;
  readonly now: Clock;
  /** The longest that anything issued under a grant may live, in seconds. */
  readonly grantSeconds: number;
  /** The weakest sign-in in which the person may approve such a request of the app. */
  readonly requiredAcr: StoredRequiredAcr;
  /** A guard: the credentials of the account have not changed since the sign-in of the person who decides. */
  readonly requireEpoch: Accounts['requireEpoch'];
  /** The content of a notification about a person may be tokens with their data. */
  readonly ownerOf: Accounts['ownerOf'];
  readonly enqueue: Deliveries['enqueue'];
  readonly personEvents: Pick<PersonEvents, 'line'>;
  /** @returns statements that record that tokens were issued to a client, for the same transaction */
  used(clientId: string): Promise<readonly BoundStatement[]>;
  /** @throws AppError 503 when this node may have missed that its key was withdrawn */
  assertCanSign(): void;
}

type BackchannelRequest = InstanceType<Provider['BackchannelAuthenticationRequest']>;

/** The client can fetch the result for at least this time after the decision. */
const FETCHABLE_SECONDS = 60;

/** Errors of the commit: the request was decided already, or the credentials of the person have changed. */
const TOO_LATE = new Set(['already_used', 'credentials_changed', 'grant_revoked']);

/**
 * Requests that wait for a person, and the decision on them (CIBA Core 1.0 §8), for the port of `server/selfservice`. Grant,
 * result and notification are written in the transaction of the decision.
 */
export function createApproval(parts: ApprovalParts): port.WaitingRequests {
  const { serving, units, waiting, now } = parts;

  async function requestOf({ authReqId }: WaitingRequest, accountId: string): Promise<BackchannelRequest | undefined> {
    const request = await serving.current().provider.BackchannelAuthenticationRequest.find(authReqId);
    return request?.isValid && request.accountId === accountId ? request : undefined;
  }

  async function describe(one: WaitingRequest, accountId: string) {
    const request = await requestOf(one, accountId);
    if (!request) return [];
    const { params = {} } = request;
    const { scopes, resources, claims, details } = await requestedPermissions(one.clientId, params, parts);
    const { id, clientId, requestedAt, expiresAt } = one;
    // A claim is shown as the scope that it belongs to, as on the consent page.
    const shownScopes = [...new Set([...scopes, ...Object.keys(claims)])];
    const bindingMessage = typeof params.binding_message === 'string' ? params.binding_message : undefined;
    return [{ id, clientId, bindingMessage, scopes: shownScopes, resources, details, requestedAt, expiresAt }];
  }

  /** @returns the `acr` that the sign-in would need, when it is too weak */
  async function missingAcr(request: BackchannelRequest, acr: string): Promise<string | undefined> {
    const { clientId = '', accountId = '', params = {} } = request;
    const { values, essential } = requestedAcr(params);
    // A voluntary value is met as far as the person can: this page is shown after a sign-in with all that they have.
    const required = await parts.requiredAcr({ clientId, accountId, ...(essential ? { request: { values } } : {}) });
    return isEnough(acr, required) ? undefined : required;
  }

  async function approve(
    request: BackchannelRequest,
    { account, session, origin }: Decision,
  ): Promise<Notification['body']> {
    const unit = units.current();
    const { provider } = serving.current();
    const client = await clientOf(request);
    // The operator may have taken the grant type away since the request.
    if (!client.grantTypeAllowed(CIBA_GRANT)) throw new AppError('already_used', 'the app may not ask any more');
    const requested = await requestedPermissions(client.clientId, request.params ?? {}, parts);
    const grant = new provider.Grant({ accountId: account.id, clientId: client.clientId });
    addToGrant(grant, requested);
    await saveExtended(grant, { lifetime: parts.grantSeconds, now });
    const { acr, authTime } = session;
    const rar = requested.details.length > 0 ? { rar: [...requested.details] } : {};
    await provider.backchannelResult(request, grant, { acr, amr: [...session.amr], authTime, ...rar });
    if (!isPushedTo(client)) return { auth_req_id: request.jti };
    parts.assertCanSign();
    await request.destroy();
    for (const bound of await parts.used(client.clientId)) unit.addStatement(bound);
    const { clientId } = client;
    const family = {
      actor: { kind: 'client', id: clientId, clientId } as const,
      changes: { grant: { after: grant.jti }, grant_type: { after: CIBA_GRANT }, scopes: { after: requested.scopes } },
    };
    unit.addAuditLine(() => parts.personEvents.line(account, 'tokens.family', origin, family));
    return issueToPush(provider, { request, grant, client });
  }

  async function deny(request: BackchannelRequest): Promise<Notification['body']> {
    const { provider } = serving.current();
    const denied = new errors.AccessDenied('the person has denied the request');
    await provider.backchannelResult(request, denied);
    if (!isPushedTo(await clientOf(request))) return { auth_req_id: request.jti };
    await request.destroy();
    const { error, error_description } = denied;
    return { auth_req_id: request.jti, error, error_description };
  }

  async function clientOf({ clientId = '' }: BackchannelRequest) {
    const client = await serving.current().provider.Client.find(clientId);
    if (!client) throw new AppError('already_used', 'the app is gone');
    return client;
  }

  async function notify(
    request: BackchannelRequest,
    account: Decision['account'],
    body: Notification['body'],
  ): Promise<void> {
    const { clientId, backchannelTokenDeliveryMode: mode } = await clientOf(request);
    const token = request.params?.client_notification_token;
    if (mode === 'poll' || typeof token !== 'string') return;
    const content: Notification = { token, body };
    const seconds = typeof body.expires_in === 'number' ? body.expires_in : request.remainingTTL;
    const expiresAt = new Date(now() + seconds * 1_000);
    units
      .current()
      .addStatement(parts.enqueue({ kind: NOTIFICATION, clientId, owner: parts.ownerOf(account), content, expiresAt }));
  }

  async function decideIn(decision: Decision): Promise<Decided> {
    const { id, verdict, account, session, also } = decision;
    const unit = units.current();
    const waitingRequest = (await unit.trackRead(waiting.of(account.id))).find((one) => one.id === id);
    const request = waitingRequest && (await requestOf(waitingRequest, account.id));
    if (!request) return { kind: 'gone' };
    const acr = verdict === 'approve' ? await missingAcr(request, session.acr) : undefined;
    if (acr !== undefined) return { kind: 'weak', acr };
    unit.addGuard(parts.requireEpoch(account.id, account.epoch));
    unit.addGuard(waiting.claim(id));
    request.exp = Math.max(request.exp ?? 0, Math.floor(now() / 1_000) + FETCHABLE_SECONDS);
    await notify(request, account, verdict === 'approve' ? await approve(request, decision) : await deny(request));
    for (const bound of also) unit.addStatement(bound);
    await unit.commit();
    return { kind: 'done' };
  }

  return {
    of: (accountId, page) =>
      units.run(async (unit) => {
        const requests = await unit.trackRead(waiting.of(accountId, page));
        return (await Promise.all(requests.map((one) => describe(one, accountId)))).flat();
      }),

    decide: (decision) =>
      units.run(async () => {
        try {
          return await decideIn(decision);
        } catch (error) {
          if (error instanceof AppError && TOO_LATE.has(error.code)) return { kind: 'gone' };
          throw error;
        }
      }),
  };
}
