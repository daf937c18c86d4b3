import { createHash, type X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { errors, type JWK } from 'jose';
import type { Provider } from 'oidc-provider';
import type { Account } from '../accounts/account.ts';
import { applyProfile, profileOf, profileViolation, type ServerPolicy } from '../clients/profiles.ts';
import type { Client } from '../clients/store.ts';
import { type Permission, permissionOfScope, permissionsAmong, scopeOf } from '../operations/permissions.ts';
import type { Clock } from '../platform/clock.ts';
import type { Issuer } from '../platform/issuer.ts';
import type { Owner } from '../platform/own_sealing.ts';
import type { ApiAccess, ApiCaller } from '../ports/api_access.ts';
import type { Unit, Units } from '../records/unit.ts';
import { createVerifyAccessToken, type DescribedAccessToken, describeAccessToken } from './access_token_claims.ts';
import { type ApiCredentials, type Challenges, createChallenges, readCredentials } from './api_credentials.ts';
import { checkProof, type UsedProof, useProof } from './api_proofs.ts';
import { resourceMetadataUrl } from './api_resource_metadata.ts';
import type { ClientCertificates } from './client_certificates.ts';
import { isSessionActive } from './jwt_access_tokens.ts';
import { isSignedAsAllowed } from './profiles.ts';
import { acrOfSource, isStillEnough, type SignedInBy, type SignInParts } from './sufficient_sign_in.ts';

export interface ApiAccessParts extends SignInParts {
  readonly issuer: Issuer;
  /** The admin API, as the audience of its tokens. */
  readonly resource: { readonly identifier: string; readonly tokenTyp: string };
  readonly serverPolicy: ServerPolicy;
  readonly now: Clock;
  readonly units: Units;
  readonly certificates: Pick<ClientCertificates, 'readCertificate' | 'certificateOf' | 'serve'>;
  /** @param since when the client was last changed: an older one, as of a cache, is not returned */
  findClient(id: string, since: Date): Promise<Client | undefined>;
  findAccount(id: string): Promise<Account | undefined>;
  /** The account with its own key, which was read with it. */
  ownerOf(account: Account): Owner;
  /** The permissions that these roles have now, together. */
  permissionsOfRoles(names: readonly string[]): Promise<ReadonlySet<Permission>>;
  /** @throws AppError 503 when this node may have missed that a key was withdrawn */
  assertCanSign(): void;
}

/** The parts that belong to one key set. */
export interface ApiAccessKeys {
  readonly provider: Provider;
  /** The public halves of all keys that tokens may have been signed with. */
  readonly jwks: readonly JWK[];
}

/**
 * The admin API as a protected resource: verifies the access token of each request (RFC 9068 §4), holds it to its key or
 * certificate (RFC 9449 §7, RFC 8705 §3), and looks up what client and person may do now.
 */
export function createApiAccess(parts: ApiAccessParts, keys: ApiAccessKeys): ApiAccess {
  const { issuer, resource, units, serverPolicy } = parts;
  const challenges = createChallenges({ metadataUrl: resourceMetadataUrl(issuer), profile: serverPolicy.profile });
  const verify = createVerifyAccessToken({ issuer, jwks: keys.jwks, now: parts.now });

  /** @throws Challenged 401 unless it is a valid token for the API at this time, whether or not it was revoked */
  async function read({ scheme, token }: ApiCredentials, at = parts.now()): Promise<DescribedAccessToken> {
    const refuse = (why: string, cause?: unknown) => challenges.invalid(scheme, why, cause);
    const verified = await verify(token, at).catch((error: unknown) => {
      throw refuse(error instanceof errors.JWTExpired ? 'the token has expired' : 'the token is not valid', error);
    });
    if (verified.typ !== resource.tokenTyp) throw refuse('the token is not an access token of the API');
    if (![verified.claims.aud ?? []].flat().includes(resource.identifier))
      throw refuse(`the token is not for the API: ask for one with resource=${resource.identifier}`);
    const described = describeAccessToken(verified.claims);
    // Another service acts with an exchanged token (RFC 8693), and no service may act for an operator.
    if (!described || described.isExchanged) throw refuse('the token is not valid');
    return described;
  }

  return {
    async authenticate(request) {
      parts.assertCanSign();
      const credentials = readCredentials(request, challenges);
      parts.certificates.readCertificate(request);
      const described = await read(credentials);
      const target = { method: request.method ?? '', url: issuer.origin + pathOf(request) };
      const proof = await checkProof(keys.provider, credentials, target, challenges);
      assertBinding(described, credentials, proof, parts.certificates.certificateOf(request), challenges);
      return units.run(async (unit) => {
        const caller = await current(unit, described, credentials, proof);
        if (proof) await useProof(unit, proof, challenges);
        return caller;
      });
    },

    async authenticateAgain(request, began) {
      parts.assertCanSign();
      const credentials = readCredentials(request, challenges);
      const described = await read(credentials, began);
      // The proof of the request was used, and showed that the caller has the key.
      return units.run((unit) => current(unit, described, credentials, undefined));
    },

    challengeFor({ scopes }, permission) {
      const scope = scopeOf(permission);
      return scopes.includes(scope) ? undefined : challenges.insufficient(scope);
    },
  };

  /** The caller as the database has it now. @throws Challenged 401 when the token, its client or its person has ended */
  async function current(
    unit: Unit,
    described: DescribedAccessToken,
    { scheme }: ApiCredentials,
    proof: UsedProof | undefined,
  ): Promise<ApiCaller> {
    const { token, endsWithSession, payload } = described;
    const refuse = (why: string) => challenges.invalid(scheme, why);
    const status = await unit.findTokenStatus(token);
    if (!status || (endsWithSession && !(await isSessionActive(unit, status, parts.now))))
      throw refuse('the token was revoked');
    const client = await unit.trackRead(parts.findClient(token.clientId, status.clientUpdatedAt));
    const problem = client ? clientProblem(client, described, parts) : 'the client is gone';
    if (!client || problem !== undefined) throw refuse(problem ?? '');
    const violation = proof && !isSignedAsAllowed(profileOf(client.metadata, serverPolicy), proof.alg);
    if (violation) throw challenges.proof('invalid_dpop_proof', 'the DPoP proof has a forbidden algorithm', undefined);

    const registered = client.metadata.scope.split(' ');
    const scopes = String(payload.scope ?? '')
      .split(' ')
      .filter((scope) => registered.includes(scope));
    const inToken = permissionsAmong(scopes.flatMap((scope) => permissionOfScope(scope) ?? []));
    const headers = proof?.nextNonce === undefined ? {} : { 'dpop-nonce': proof.nextNonce };
    const common = { clientId: token.clientId, scopes, headers };
    if (!token.grant) return { ...common, accountId: undefined, permissions: new Set(inToken) };

    const account = await parts.findAccount(status.accountId ?? '');
    if (account?.standing !== 'active') throw refuse('the account is gone or cannot be used');
    const who = { accountId: account.id, clientId: token.clientId, storedClient: client };
    if (!(await isStillEnough(acrOfSource(payload as SignedInBy), who, parts)))
      throw refuse('a second factor is required now: the person has to sign in again');
    const held = await unit.trackRead(parts.permissionsOfRoles(account.roles));
    const permissions = new Set(inToken.filter((one) => held.has(one)));
    return { ...common, accountId: account.id, owner: parts.ownerOf(account), permissions };
  }
}

/** @returns why a client may not use the API now; undefined when it may */
function clientProblem(
  client: Client,
  { token, payload }: DescribedAccessToken,
  { certificates, serverPolicy }: Pick<ApiAccessParts, 'certificates' | 'serverPolicy'>,
): string | undefined {
  const isPerson = token.grant !== undefined;
  if (client.kind !== 'operator' || client.builtin) return 'only clients that an operator made may use the API';
  if (isPerson && !client.firstParty) return 'people use the API by a first-party client alone';
  if (!client.metadata.grant_types.includes(isPerson ? 'authorization_code' : 'client_credentials'))
    return 'the client may not have such tokens any more';
  if (!certificates.serve(client.metadata) || profileViolation(client.metadata, serverPolicy))
    return 'the client does not comply with the settings of this server any more';
  const { dpop_bound_access_tokens: byKey, tls_client_certificate_bound_access_tokens: byCertificate } = applyProfile(
    client.metadata,
    serverPolicy,
  );
  const isBound = payload.jkt !== undefined || payload['x5t#S256'] !== undefined;
  return (byKey || byCertificate) && !isBound ? 'tokens of this client have to be bound to a key' : undefined;
}

/** @throws Challenged 401 for a token without the key or the certificate that it is bound to */
function assertBinding(
  { payload }: DescribedAccessToken,
  { scheme }: ApiCredentials,
  proof: UsedProof | undefined,
  certificate: X509Certificate | undefined,
  challenges: Challenges,
): void {
  const { jkt, 'x5t#S256': x5t } = payload;
  // RFC 9449 §7.2: a token that is bound to a key is not taken as a bearer token.
  if (jkt !== undefined && (scheme !== 'DPoP' || proof?.thumbprint !== jkt))
    throw challenges.invalid('DPoP', 'the token is bound to a DPoP key: send it as DPoP with a proof of that key');
  if (jkt === undefined && (scheme === 'DPoP' || proof))
    throw challenges.invalid('Bearer', 'the token is bound to no DPoP key: send it as Bearer without a proof');
  if (x5t !== undefined && (!certificate || thumbprintOf(certificate) !== x5t))
    throw challenges.invalid(scheme, 'the token is bound to a client certificate: connect with that one');
}

/** The path of a request, also of one that names its host (RFC 9112 §3.2.2). */
function pathOf({ url = '' }: IncomingMessage): string {
  return url.replace(/^https?:\/\/[^/]*/i, '').split('?', 1)[0] ?? '';
}

/** RFC 8705 §3.1 */
function thumbprintOf({ raw }: X509Certificate): string {
  return createHash('sha256').update(raw).digest('base64url');
}
