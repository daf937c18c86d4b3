import { errors } from 'oidc-provider';
import type { ExchangePolicy } from '../clients/token_exchange.ts';

/** The parameters of RFC 8693 §2.1; each is one text, except for the two that name a target. */
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

/** Who acts for whom (RFC 8693 §4.1). */
export interface Actor {
  readonly sub: string;
  readonly act?: Actor;
}

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';

export const ACCESS_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token';

/** As many as may stand behind one another; a token grows with each. */
export const ACTORS_MAX = 5;

/**
 * RFC 8693 §2.1: which tokens are presented, and that access tokens are what they are and what is wanted.
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
 * RFC 8693 §2.1: `resource` and `audience` name the target alike. One token is for one (RFC 9068 §3).
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
 * What the new token may do: never more than the presented one does, nor than its client may at the target.
 * @throws InvalidScope, InvalidTarget
 */
export function narrowed(
  asked: string | undefined,
  presented: ReadonlySet<string>,
  target: ReadonlySet<string>,
): string {
  const most = [...presented].filter((scope) => target.has(scope));
  if (asked === undefined) {
    if (most.length === 0) throw new errors.InvalidTarget('the subject token has no scope of this target');
    return most.join(' ');
  }
  const scopes = [...new Set(asked.split(' '))];
  const wider = scopes.filter((scope) => !most.includes(scope));
  if (wider.length > 0) throw new errors.InvalidScope('wider than the subject token', wider.join(' '));
  return scopes.join(' ');
}

/**
 * Who is named as acting, as the policy allows. A chain that the presented token has goes on: nobody gets out of it by
 * exchanging once more.
 * @param actor the subject of the actor token, when there is one; without, the client may be the person or acts itself
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

/** Whether a policy lets the client present this token. */
export function admits(policy: ExchangePolicy, token: { clientId?: string | undefined; aud?: unknown }): boolean {
  const audiences = [token.aud ?? []].flat();
  return (
    policy.subject_clients.includes(token.clientId ?? '') ||
    audiences.some((one) => typeof one === 'string' && policy.subject_audiences.includes(one))
  );
}
