import { X509Certificate } from 'node:crypto';
import { calculateJwkThumbprint, decodeProtectedHeader, type JWK } from 'jose';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Exchange } from '../exchange.ts';

/*
 * A client whose response got lost repeats its refresh with the refresh token that it still has, and gets the same
 * response, on any node: it is not logged out, and there is one successor.
 *
 * This applies for ten seconds, to the same authenticated client that sends the same parameters with the same proof of
 * possession, and only while the successor in that response is unused. Otherwise RFC 9700 §4.14.2 applies: a used refresh
 * token that is presented again was copied, and its grant is revoked. (When the successor was used, the client has received
 * the response, so the repeated request comes from another party.)
 */

/** For how long a refresh may be repeated. */
const REPEATABLE_MS = 10_000;

/** Parameters that may differ in a repeated request: how the client authenticates. */
const NOT_COMPARED = new Set([
  'client_id',
  'client_secret',
  'client_assertion',
  'client_assertion_type',
  'refresh_token',
]);

/** Replays the stored response for a repeated refresh, when its token was refused as used and for nothing else. */
export async function replayRefresh(exchange: Exchange): Promise<void> {
  const { ctx, unit } = exchange;
  const presented = presentedRefreshToken(ctx);
  if (presented === undefined || ctx.status !== 400) return;
  // The provider checks that last: client, binding, grant, scope and account have been checked before.
  const { Account, RefreshToken: token } = ctx.oidc.entities;
  if (!Account || token?.consumed === undefined) return;
  const stored = await unit.findStoredResponse(presented, await requestFingerprint(exchange));
  if (stored !== undefined) respondWithStored(exchange, stored);
}

/** Stores the response in the transaction of the refresh. When equal refreshes arrive together, only one is committed. */
export async function storeRefreshResponse(exchange: Exchange): Promise<void> {
  const { ctx, unit, services } = exchange;
  const presented = presentedRefreshToken(ctx);
  if (ctx.status !== 200 || presented === undefined || !ctx.oidc.entities.RotatedRefreshToken) return;
  const body = ctx.body as { refresh_token: string };
  unit.storeResponse(presented, {
    requestFingerprint: await requestFingerprint(exchange),
    response: JSON.stringify(body),
    successor: body.refresh_token,
    expiresAt: new Date(services.now() + REPEATABLE_MS),
  });
}

export function respondWithStored(exchange: Exchange, stored: string): void {
  const { ctx, services } = exchange;
  exchange.isReplay = true;
  ctx.status = 200;
  ctx.type = 'json';
  ctx.body = JSON.parse(stored);
  const requestId = ctx.res.getHeader('x-request-id');
  const clientId = ctx.oidc.client?.clientId;
  services.log.info({ event: 'refresh.repeated', requestId, clientId }, 'the stored response was sent again');
}

/** Identifies a refresh among those with the same token. */
async function requestFingerprint(exchange: Exchange): Promise<string> {
  const { params } = exchange.ctx.oidc;
  const compared = Object.entries(params ?? {}).filter(([name, value]) => value && !NOT_COMPARED.has(name));
  compared.sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([compared, await proofThumbprint(exchange), certificateFingerprint(exchange)]);
}

/** RFC 9449: the key that the new access token is bound to. The provider has verified the proof. */
async function proofThumbprint({ ctx, services: { features } }: Exchange): Promise<string | null> {
  const proof = features?.dPoP?.enabled ? ctx.get('dpop') : '';
  return proof === '' ? null : calculateJwkThumbprint(decodeProtectedHeader(proof).jwk as JWK);
}

/** RFC 8705 §3: the certificate that the new access token is bound to. */
function certificateFingerprint({ ctx, services: { features } }: Exchange): string | null {
  const { client, entities } = ctx.oidc;
  const token = entities.RefreshToken as { 'x5t#S256'?: string } | undefined;
  if (!client?.tlsClientCertificateBoundAccessTokens && !token?.['x5t#S256']) return null;
  const certificate = features?.mTLS?.getCertificate?.(ctx);
  if (!certificate) return null;
  return new X509Certificate(certificate instanceof X509Certificate ? certificate.raw : certificate).fingerprint256;
}

function presentedRefreshToken({ oidc }: KoaContextWithOIDC): string | undefined {
  if (oidc.params?.grant_type !== 'refresh_token') return undefined;
  const { refresh_token: presented } = oidc.params;
  return typeof presented === 'string' ? presented : undefined;
}
