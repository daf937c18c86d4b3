import type { KoaContextWithOIDC } from 'oidc-provider';
import { userTarget } from '../../accounts/person_events.ts';
import type { Action } from '../../audit/actions.ts';
import type { AuditEntry, Target } from '../../audit/entries.ts';
import type { RequestOrigin } from '../../platform/request_origin.ts';
import type { Exchange } from '../exchange.ts';

/*
 * What the audit tells of requests to the provider. Each entry is part of the statement that writes what the request has changed.
 *
 * Tokens that a client gets for itself have none: JWTs of this kind are issued without the database. A refresh has none either: its
 * tokens belong to the family of the first ones.
 */

const WITHOUT_FAMILY = new Set(['client_credentials', 'refresh_token']);

/** Tokens that begin a family: from a code, a device, a backchannel request or an exchange, or at the authorization endpoint. */
export async function auditTokens(exchange: Exchange): Promise<void> {
  const { ctx, unit, services, isReplay } = exchange;
  const { client, params, entities } = ctx.oidc;
  if (isReplay || !client || ctx.status >= 400) return;
  const { AccessToken: token, AuthorizationCode: code, RefreshToken: refreshToken } = entities;
  const grantType = typeof params?.grant_type === 'string' ? params.grant_type : 'implicit';
  const used =
    exchange.route === 'token' ? (code ?? (grantType === 'refresh_token' ? refreshToken : undefined)) : undefined;
  if (used?.accountId !== undefined) {
    // Another request may use it first: then this one is the replay.
    const replayed = await entryOf(exchange, 'tokens.replay', used.accountId, replayOf(used.grantId, grantType));
    unit.addWhenReplayed(() => services.audit.append(replayed));
  }
  if (WITHOUT_FAMILY.has(grantType) || token?.accountId === undefined) return;
  const changes = {
    grant: { after: token.grantId },
    grant_type: { after: grantType },
    scopes: { after: token.scope?.split(' ') ?? [] },
  };
  const family = await entryOf(exchange, 'tokens.family', token.accountId, { changes, sessionId: token.sessionUid });
  unit.addAuditLine(() => services.audit.line(family));
}

/** A code or refresh token that was presented again: the request has revoked its grant (RFC 6749 §4.1.2, RFC 9700 §4.14.2). */
export async function auditReplay(exchange: Exchange): Promise<void> {
  const { ctx, unit, services, isReplay } = exchange;
  if (isReplay || ctx.status !== 400) return;
  for (const { jti, accountId } of await unit.endedGrants()) {
    if (accountId === undefined) continue;
    const replayed = await entryOf(
      exchange,
      'tokens.replay',
      accountId,
      replayOf(jti, String(ctx.oidc.params?.grant_type)),
    );
    unit.addAuditLine(() => services.audit.line(replayed));
  }
}

/** RFC 7009 */
export async function auditRevocation(exchange: Exchange): Promise<void> {
  const { ctx, unit, services } = exchange;
  const { AccessToken: access, RefreshToken: refresh, ClientCredentials: own } = ctx.oidc.entities;
  const token = refresh ?? access ?? own;
  if (ctx.status !== 200 || !token) return;
  const accountId = token === own ? undefined : (refresh ?? access)?.accountId;
  const grantId = (refresh ?? access)?.grantId;
  const changes = { token: { before: token.kind }, ...(grantId === undefined ? {} : { grant: { before: grantId } }) };
  const revoked = await entryOf(exchange, 'tokens.revoke', accountId, { changes });
  unit.addAuditLine(() => services.audit.line(revoked));
}

/** A person who signs out, of all apps or of one alone. */
export async function auditLogout(exchange: Exchange): Promise<void> {
  const { ctx, unit, services, leftApp, isReplay } = exchange;
  const { session } = ctx.oidc;
  if (session?.accountId === undefined) return;
  const { accountId, uid } = session;
  if (!(session as { destroyed?: boolean }).destroyed) {
    if (!leftApp || isReplay || ctx.status >= 400) return;
    const { clientId, grantId } = leftApp;
    const target = { kind: 'client', id: clientId };
    const changes = grantId === undefined ? {} : { grant: { before: grantId } };
    const left = await entryOf(exchange, 'apps.sign_out', accountId, { target, changes, sessionId: uid, by: 'person' });
    unit.addAuditLine(() => services.audit.line(left));
    return;
  }
  const target = { kind: 'session', id: uid };
  const ended = await entryOf(exchange, 'sessions.end', accountId, { target, sessionId: uid, by: 'person' });
  unit.addAuditLine(() => services.audit.line(ended));
}

/** A person who connects a device, or refuses to (RFC 8628 §3.3). */
export async function auditDevice(exchange: Exchange): Promise<void> {
  const { ctx, unit, services, isReplay } = exchange;
  const { session, entities } = ctx.oidc;
  const { DeviceCode: code } = entities as { DeviceCode?: { clientId?: string; accountId?: string; error?: string } };
  const isDecided = code?.error === 'access_denied' || code?.accountId !== undefined;
  if (isReplay || ctx.status >= 400 || !isDecided) return;
  const action = code.error === undefined ? 'requests.approve' : 'requests.deny';
  const target = { kind: 'client', id: code.clientId ?? '' };
  const accountId = code.accountId ?? session?.accountId;
  const decided = await entryOf(exchange, action, accountId, { target, sessionId: session?.uid, by: 'person' });
  unit.addAuditLine(() => services.audit.line(decided));
}

interface About extends Pick<AuditEntry, 'changes'> {
  readonly target?: Target | undefined;
  readonly sessionId?: string | undefined;
  readonly outcome?: AuditEntry['outcome'];
  readonly reason?: string;
  /** Default: the client. */
  readonly by?: 'person';
}

const replayOf = (grantId: string | undefined, grantType: string): About => ({
  outcome: 'denied',
  reason: 'already_used',
  changes: { grant: { before: grantId }, grant_type: { before: grantType } },
});

async function entryOf(
  { ctx, services }: Exchange,
  action: Action,
  accountId: string | undefined,
  { by, target, changes, outcome = 'done', reason, sessionId }: About,
): Promise<AuditEntry> {
  const { requestId, address, userAgent, clientId } = originIn(ctx);
  const account = accountId === undefined ? undefined : await services.findPerson(accountId);
  const person = { kind: 'person', id: accountId ?? '', clientId } as const;
  const client = { kind: 'client', id: clientId ?? '', clientId } as const;
  return {
    actor: by === 'person' ? person : client,
    action,
    target: target ?? (accountId === undefined ? { kind: 'client', id: clientId ?? '' } : userTarget(accountId)),
    outcome,
    ...(reason === undefined ? {} : { reason }),
    ...(changes ? { changes } : {}),
    requestId,
    sessionId,
    details: { address, device: userAgent },
    ...(account ? { detailsOf: { id: account.id, sealer: services.sealerOf(account) } } : {}),
  };
}

/** Where a request to the provider comes from. */
function originIn(ctx: KoaContextWithOIDC): RequestOrigin {
  return {
    requestId: String(ctx.res.getHeader('x-request-id') ?? ''),
    address: ctx.ip,
    userAgent: ctx.get('user-agent') || undefined,
    clientId: ctx.oidc.client?.clientId,
  };
}
