import {
  type AccessToken,
  type Client,
  type ClientCredentials,
  errors,
  type Provider,
  type TokenEndpointGrantContext,
} from 'oidc-provider';
import type { ExchangePolicy } from '../clients/token_exchange.ts';
import {
  ACCESS_TOKEN_TYPE,
  type Actor,
  actorOf,
  allowsSubjectToken,
  type ExchangeParameters,
  narrowScope,
  presentedTokens,
  scopesOfResource,
  TOKEN_EXCHANGE,
  targetOf,
} from './exchange_terms.ts';
import type { JwtAccessTokens } from './jwt_access_tokens.ts';
import { grants } from './seams.ts';
import { createSubjects, type SubjectParts } from './subjects.ts';
import { acrOfSource, isStillEnough, type SignInParts } from './sufficient_sign_in.ts';

const TARGETS = ['resource', 'audience'];
const PARAMETERS = [
  ...['subject_token', 'subject_token_type', 'actor_token', 'actor_token_type', 'requested_token_type', 'scope'],
  ...TARGETS,
];

export interface ExchangeParts extends SignInParts, Omit<SubjectParts, 'accountOf'> {
  /** @returns null for a client that may exchange nothing */
  exchangePolicy(clientId: string): Promise<ExchangePolicy | null>;
  findAccount(id: string): Promise<object | undefined>;
  readonly jwtAccessTokens: Pick<JwtAccessTokens, 'present'>;
}

/**
 * Token exchange (RFC 8693): a service that was called with a person's access token gets one for the next service. The new
 * token has no wider scope, no later expiry and no stronger sign-in than the presented one, and ends with the same grant.
 * No refresh token is issued.
 */
export function registerTokenExchange(provider: Provider, parts: ExchangeParts): void {
  provider.registerGrantType(TOKEN_EXCHANGE, (ctx) => exchange(provider, ctx, parts), PARAMETERS, TARGETS);
}

async function exchange(provider: Provider, ctx: TokenEndpointGrantContext, parts: ExchangeParts): Promise<void> {
  const { client } = ctx.oidc;
  const params = (ctx.oidc.params ?? {}) as ExchangeParameters & { resource?: unknown };
  const policy = client && (await parts.exchangePolicy(client.clientId));
  if (!policy || client.tokenEndpointAuthMethod === 'none') {
    throw new errors.UnauthorizedClient('this client may not exchange tokens');
  }
  const presented = presentedTokens(params);
  const subject = await personsToken(provider, parts, presented.subject);
  if (!allowsSubjectToken(policy, subject)) throw refused('subject_token', 'it is not for this client to exchange');
  const actor =
    presented.actor === undefined ? undefined : await findToken(provider, parts, 'actor_token', presented.actor);
  if (actor && actor.clientId !== client.clientId) throw refused('actor_token', 'it was issued to another client');
  if (actor && actOf(actor)) throw refused('actor_token', 'another one acts already');

  const target = targetOf(params, policy);
  params.resource = target;
  const [resourceServer] = await grants.resolveRequestedResources(provider, ctx);
  if (!resourceServer) throw new errors.InvalidTarget();
  const scope = narrowScope(params.scope, scopesOfResource(subject), resourceServer.scopes);
  const act = actorOf(policy, {
    actor: actor && (await subjectOf(actor, client, parts)),
    client: client.clientId,
    before: actOf(subject),
  });
  const { auth_time, acr, amr } = subject.extra ?? {};
  if (
    !(await isStillEnough(acrOfSource(subject), { accountId: subject.accountId, clientId: client.clientId }, parts))
  ) {
    throw refused('subject_token', 'the person signed in with one factor');
  }

  const lifetimes = [resourceServer.accessTokenTTL, subject.remainingTTL, actor?.remainingTTL];
  const token = new provider.AccessToken({
    accountId: subject.accountId,
    client,
    expiresIn: Math.min(...lifetimes.filter((one) => one !== undefined)),
    grantId: subject.grantId,
    gty: TOKEN_EXCHANGE,
    scope,
    sessionUid: subject.sessionUid,
    expiresWithSession: subject.expiresWithSession,
  });
  token.resourceServer = resourceServer;
  await bind(provider, ctx, token, { subject_token: subject, actor_token: actor });
  token.extra = defined({ auth_time, acr, amr, act });
  ctx.oidc.entity('AccessToken', token);
  // RFC 8693 §2.2.1
  ctx.body = {
    access_token: await token.save(),
    issued_token_type: ACCESS_TOKEN_TYPE,
    token_type: token.tokenType,
    expires_in: token.expiration,
    scope,
  };
}

type Presented = AccessToken | ClientCredentials;
type Parameter = 'subject_token' | 'actor_token';

/** RFC 8693 §2.2.2: a presented token that cannot be used is an invalid request. */
function refused(parameter: Parameter, description: string): Error {
  return new errors.InvalidRequest(`${parameter}: ${description}`);
}

/** @throws InvalidRequest for a value that is not an access token of this issuer, or not valid any more */
async function findToken(
  provider: Provider,
  parts: ExchangeParts,
  parameter: Parameter,
  value: string,
): Promise<Presented> {
  const id = parts.jwtAccessTokens.present(value, 'whole');
  // The session of an exchanged token belongs to another client, so `isGrantValid` checks it instead of the provider.
  const options = { ignoreSessionBinding: true } as object;
  const token = (await provider.AccessToken.find(id, options)) ?? (await provider.ClientCredentials.find(id));
  if (!token?.isValid || !(await isGrantValid(provider, token))) {
    throw refused(parameter, 'it is not valid, or not any more');
  }
  return token;
}

async function isGrantValid(provider: Provider, token: Presented): Promise<boolean> {
  if (!('grantId' in token)) return true;
  const { accountId, grantId, expiresWithSession, sessionUid } = token;
  const grant = await provider.Grant.find(grantId);
  if (grant?.accountId !== accountId) return false;
  if (!expiresWithSession) return true;
  const session = sessionUid === undefined ? undefined : await provider.Session.findByUid(sessionUid);
  // The client of the grant: that of an exchanged token is another one.
  return session?.accountId === accountId && session.grantIdFor(grant.clientId ?? '') === grantId;
}

/** @throws InvalidRequest unless the token is of a person whose account may be used */
async function personsToken(provider: Provider, parts: ExchangeParts, value: string): Promise<AccessToken> {
  const token = await findToken(provider, parts, 'subject_token', value);
  if (!('accountId' in token)) throw refused('subject_token', 'it is about no person');
  const account = await parts.findAccount(token.accountId);
  if (!account) throw refused('subject_token', 'it is not valid, or not any more');
  if (!(await isStillEnough(acrOfSource(token), token, parts))) {
    throw refused('subject_token', 'a second factor is required now: the person has to sign in again');
  }
  return token;
}

/**
 * The client must prove possession of the keys to which the presented tokens are bound (RFC 9449 §7, RFC 8705 §3). The new
 * token is bound to the key that the client has proved.
 */
async function bind(
  provider: Provider,
  ctx: TokenEndpointGrantContext,
  token: AccessToken,
  presented: Readonly<Record<Parameter, Presented | undefined>>,
): Promise<void> {
  const proof = await grants.validateDpop(provider, ctx);
  await grants.checkDpopReplay(provider, ctx, proof, token.clientId ?? '');
  grants.checkDpopRequired(provider, ctx, proof);
  const certificate = grants.checkMtlsCert(provider, ctx);
  if (certificate) token.setThumbprint('x5t', certificate);
  if (proof) token.setThumbprint('jkt', proof.thumbprint);
  for (const [parameter, bound] of Object.entries(presented) as [Parameter, Presented | undefined][]) {
    const isOther = (name: 'jkt' | 'x5t#S256') => bound?.[name] !== undefined && bound[name] !== token[name];
    if (isOther('jkt') || isOther('x5t#S256')) throw refused(parameter, 'it is bound to a key that was not shown');
  }
}

function actOf(token: Presented): Actor | undefined {
  return token.extra?.act as Actor | undefined;
}

/** The subject of a token, which is the client for one of client credentials (RFC 9068 §2.2). */
async function subjectOf(token: Presented, client: Client, parts: ExchangeParts): Promise<string> {
  return 'accountId' in token ? createSubjects(parts)(undefined, token.accountId, client) : client.clientId;
}

function defined(claims: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
}
