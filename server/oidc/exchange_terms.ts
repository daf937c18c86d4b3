import { errors } from 'oidc-provider';
import { OWN_SCOPES } from '../clients/scopes.ts';
import type { ExchangePolicy } from '../clients/token_exchange.ts';

/** The parameters of RFC 8693 §2.1. Only those that name a target can be repeated. */
export interface ExchangeParameters {
  readonly subject_token?: string;
  readonly subject_token_type?: string;
  readonly actor_token?: string;
  readonly actor_token_type?: string;
  readonly requested_token_type?: string;
  readonly resource?: string | readonly string[];
  readonly audience?: string | readonly string[];
  readonly scope?: string;
}

/** The claim `act`: who acts on behalf of the subject (RFC 8693 §4.1). */
export interface Actor {
  readonly sub: string;
  readonly act?: Actor;
}

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';

export const ACCESS_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token';

/** The longest chain of actors, because each makes the token longer. */
export const ACTORS_MAX = 5;

/**
 * The presented tokens (RFC 8693 §2.1). Both, and the requested one, must be access tokens.
 * @throws InvalidRequest
 */
export function presentedTokens(params: ExchangeParameters): { subject: string; actor: string | undefined } {
  const { subject_token: subject, subject_token_type, actor_token: actor, actor_token_type } = params;
  if (subject === undefined) throw new errors.InvalidRequest("missing required parameter 'subject_token'");
  if (subject_token_type === undefined) {
    throw new errors.InvalidRequest("missing required parameter 'subject_token_type'");
  }
  if ((actor === undefined) !== (actor_token_type === undefined)) {
    throw new errors.InvalidRequest('actor_token and actor_token_type come together, or not at all');
  }
  const types = { subject_token_type, actor_token_type, requested_token_type: params.requested_token_type };
  for (const [name, type] of Object.entries(types)) {
    if (type !== undefined && type !== ACCESS_TOKEN_TYPE) {
      throw new errors.InvalidRequest(`${name} must be ${ACCESS_TOKEN_TYPE}`);
    }
  }
  return { subject, actor };
}

/**
 * RFC 8693 §2.1: `resource` and `audience` mean the same here. A token is for one resource server (RFC 9068 §3).
 * @throws InvalidTarget
 */
export function targetOf({ resource, audience }: ExchangeParameters, policy: ExchangePolicy): string {
  const [target, ...more] = new Set([resource ?? [], audience ?? []].flat());
  if (target === undefined || more.length > 0) {
    throw new errors.InvalidTarget('resource or audience must name one resource server');
  }
  if (!policy.targets.includes(target)) throw new errors.InvalidTarget('no token for this target may be had here');
  return target;
}

/**
 * The scopes of a presented token that are those of a resource server. In a token for userinfo, names of Cardea's own such as
 * `email` mean what userinfo shows: a target that has a scope of the same name means another thing by it (RFC 9068 §3).
 */
export function scopesOfResource(token: {
  readonly scopes: ReadonlySet<string>;
  readonly aud?: unknown;
}): ReadonlySet<string> {
  // With `openid` a token is for userinfo as well; without an audience it is for nothing else.
  const isForUserinfo = token.scopes.has('openid') || token.aud === undefined;
  return isForUserinfo ? token.scopes.difference(new Set(OWN_SCOPES)) : token.scopes;
}

/**
 * The scope of the new token: within that of the presented one, and within what the client may have at the target.
 * @throws InvalidScope, InvalidTarget
 */
export function narrowScope(
  requested: string | undefined,
  presented: ReadonlySet<string>,
  target: ReadonlySet<string>,
): string {
  const most = [...presented].filter((scope) => target.has(scope));
  if (requested === undefined) {
    if (most.length === 0) throw new errors.InvalidTarget('the subject token has no scope of this target');
    return most.join(' ');
  }
  const scopes = [...new Set(requested.split(' '))];
  const wider = scopes.filter((scope) => !most.includes(scope));
  if (wider.length > 0) throw new errors.InvalidScope('wider than the subject token', wider.join(' '));
  return scopes.join(' ');
}

/**
 * The claim `act` of the new token, as the policy allows. It contains the chain of actors of the presented token, so that
 * no exchange can remove an actor from it.
 * @param parties `actor`: the subject of the actor token; without one, the client acts itself, or impersonates the person
 * @throws InvalidRequest
 */
export function actorOf(
  policy: ExchangePolicy,
  parties: { readonly actor: string | undefined; readonly client: string; readonly before: Actor | undefined },
): Actor | undefined {
  const { actor, client, before } = parties;
  if (actor === undefined && policy.impersonation) return before;
  if (!policy.delegation) throw new errors.InvalidRequest('this client may not act on behalf of a person');
  const act: Actor = { sub: actor ?? client, ...(before ? { act: before } : {}) };
  if (lengthOf(act) > ACTORS_MAX) throw new errors.InvalidRequest(`more than ${ACTORS_MAX} actors`);
  return act;
}

function lengthOf(act: Actor | undefined): number {
  return act ? 1 + lengthOf(act.act) : 0;
}

/** True when the policy of a client allows this subject token. */
export function allowsSubjectToken(
  policy: ExchangePolicy,
  token: { clientId?: string | undefined; aud?: unknown },
): boolean {
  const audiences = [token.aud ?? []].flat();
  return (
    policy.subject_clients.includes(token.clientId ?? '') ||
    audiences.some((one) => typeof one === 'string' && policy.subject_audiences.includes(one))
  );
}
