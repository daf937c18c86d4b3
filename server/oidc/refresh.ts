import { X509Certificate } from 'node:crypto';
import { calculateJwkThumbprint, decodeProtectedHeader, type JWK } from 'jose';
import type { Configuration, KoaContextWithOIDC } from 'oidc-provider';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/log.ts';
import type { Unit } from '../records/unit.ts';

/** How long a client that did not get its answer may ask for it again. */
const REPEATABLE_MS = 10_000;

/** Parameters that may differ from one request to the next that asks the same: how the client proves who it is. */
const NOT_ASKED = new Set(['client_id', 'client_secret', 'client_assertion', 'client_assertion_type', 'refresh_token']);

export interface RefreshOptions {
  readonly features: Configuration['features'];
  readonly now: Clock;
  readonly log: Logger;
}

/**
 * Refreshes that may be repeated: a client whose answer was lost on the way asks again with the refresh token that it
 * still has, and gets the same answer, on whichever node; it is not logged out, and there is one successor.
 *
 * That is so for ten seconds, for the same client, authenticated as ever, that asks the same with the same proof of
 * possession, and for as long as the successor in that answer is unused. Otherwise RFC 9700 §4.14.2 holds: a used refresh
 * token that turns up again was copied, and its grant is revoked. (Once the successor was used, its owner has the answer;
 * it would be somebody else who asks.)
 */
export function createRefreshes({ features, now, log }: RefreshOptions) {
  /**
   * Of a refresh that the provider refused because its token was used, and for nothing else: makes the kept answer the
   * answer, if this is a repetition.
   */
  async function restore(ctx: KoaContextWithOIDC, unit: Unit): Promise<void> {
    const presented = presentedTo(ctx);
    if (presented === undefined || ctx.status !== 400) return;
    // The provider looks whether it was used when all else has proved right: client, binding, grant, scope, account.
    const { Account, RefreshToken: token } = ctx.oidc.entities;
    if (!Account || token?.consumed === undefined) return;
    const kept = await unit.findStoredResponse(presented, await askedBy(ctx));
    if (kept !== undefined) respondWith(ctx, kept);
  }

  /** Commits what the request has gathered: a refresh with its answer, which is that of whoever came first. */
  async function commit(ctx: KoaContextWithOIDC, unit: Unit): Promise<void> {
    const presented = presentedTo(ctx);
    const isRotation = ctx.status === 200 && presented !== undefined && ctx.oidc.entities.RotatedRefreshToken;
    if (!isRotation) return void (await unit.commit());
    const body = ctx.body as { refresh_token: string };
    unit.storeResponse(presented, {
      requestFingerprint: await askedBy(ctx),
      response: JSON.stringify(body),
      successor: body.refresh_token,
      expiresAt: new Date(now() + REPEATABLE_MS),
    });
    const kept = await unit.commit();
    if (kept !== undefined) respondWith(ctx, kept);
  }

  function respondWith(ctx: KoaContextWithOIDC, kept: string): void {
    ctx.status = 200;
    ctx.type = 'json';
    ctx.body = JSON.parse(kept);
    const requestId = ctx.res.getHeader('x-request-id');
    log.info({ event: 'refresh.repeated', requestId, clientId: ctx.oidc.client?.clientId }, 'the same answer again');
  }

  /** All that makes one question differ from another, in one text. */
  async function askedBy(ctx: KoaContextWithOIDC): Promise<string> {
    const asked = Object.entries(ctx.oidc.params ?? {}).filter(([name, value]) => value && !NOT_ASKED.has(name));
    return JSON.stringify([asked.sort(([a], [b]) => (a < b ? -1 : 1)), await proofKeyOf(ctx), certificateOf(ctx)]);
  }

  /** RFC 9449: whose key the new access token is bound to. The provider has verified the proof. */
  async function proofKeyOf(ctx: KoaContextWithOIDC): Promise<string | null> {
    const proof = features?.dPoP?.enabled ? ctx.get('dpop') : '';
    return proof === '' ? null : calculateJwkThumbprint(decodeProtectedHeader(proof).jwk as JWK);
  }

  /** RFC 8705 §3: the same for a certificate. */
  function certificateOf(ctx: KoaContextWithOIDC): string | null {
    const { client, entities } = ctx.oidc;
    const token = entities.RefreshToken as { 'x5t#S256'?: string } | undefined;
    if (!client?.tlsClientCertificateBoundAccessTokens && !token?.['x5t#S256']) return null;
    const certificate = features?.mTLS?.getCertificate?.(ctx);
    if (!certificate) return null;
    return new X509Certificate(certificate instanceof X509Certificate ? certificate.raw : certificate).fingerprint256;
  }

  return { restore, commit };
}

function presentedTo({ oidc }: KoaContextWithOIDC): string | undefined {
  if (oidc?.route !== 'token' || oidc.params?.grant_type !== 'refresh_token') return undefined;
  const { refresh_token: presented } = oidc.params;
  return typeof presented === 'string' ? presented : undefined;
}
