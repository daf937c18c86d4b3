import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Clock } from '../platform/clock.ts';
import { AppError } from '../platform/errors.ts';
import { type Counter, LIMIT_WINDOW_MS, subnet } from '../platform/limits.ts';
import { blindIndex, hashToken } from '../platform/sealing.ts';
import { dropOldest, type UnfinishedModel } from '../records/unfinished.ts';
import type { Unit } from '../records/unit.ts';

/** The name of the server secret with which addresses are hashed. */
export const ORIGIN_SECRET = 'record-origins';

/** Unfinished records of one kind for one address, which many people may share, or for one person. */
export const UNFINISHED_BY_ADDRESS = 500;
/** Unfinished records of one kind for an authenticated client, which acts for many people. */
export const UNFINISHED_BY_CLIENT = 5_000;
/** Unfinished records of one kind for all addresses together. */
export const UNFINISHED_IN_ALL = 50_000;
/** How often one pushed request (RFC 9126) may be opened; reloading the page opens it again. */
export const OPENINGS_BY_REQUEST = 10;

/** Only one request of this number checks the limit, so the limit may be exceeded by this number. */
const OVERSHOOT = { one: 10, all: 250 };

/** The parts of a request's context that decide whom its records are counted for. */
interface RequestContext extends Pick<KoaContextWithOIDC, 'ip'> {
  readonly oidc: Pick<KoaContextWithOIDC['oidc'], 'session' | 'client' | 'entities'>;
}

export interface UnfinishedLimits {
  /**
   * Bounds what requests store before a person has signed in or decided. It is counted for the signed-in person, the
   * authenticated client or else the address; beyond the limit the oldest is deleted, and no new request is refused.
   * @throws AppError 429 for an address that starts too many in a minute, 400 for a pushed request that is opened too often
   */
  enforce(ctx: RequestContext, unit: Pick<Unit, 'unfinished' | 'countForOrigin' | 'addStatement'>): Promise<void>;
}

export interface UnfinishedLimitsOptions {
  readonly counter: Counter;
  /** Addresses are stored as their HMAC under this key. */
  readonly originKey: Uint8Array;
  readonly now: Clock;
  /** Requests that an address may start in a minute. */
  readonly perMinute: number;
  /** The maximum lifetime of each kind, in seconds. */
  readonly lifetimes: Readonly<Record<UnfinishedModel, number>>;
}

interface Origin {
  readonly name: string;
  readonly limit: number;
  readonly isAddress: boolean;
}

export function createUnfinishedLimits(options: UnfinishedLimitsOptions): UnfinishedLimits {
  const { counter, originKey, now, perMinute, lifetimes } = options;
  // The window is part of the key, so that each window has a new counter.
  const count = (key: string, windowMs: number) =>
    counter.increment(`unfinished:${key}:${Math.floor(now() / windowMs)}`, windowMs);

  async function admitModel(
    model: UnfinishedModel,
    { name, limit }: Origin,
    unit: Pick<Unit, 'countForOrigin' | 'addStatement'>,
  ) {
    const origin = blindIndex(originKey, name);
    const windowMs = lifetimes[model] * 1_000;
    const [byOrigin, inAll] = await Promise.all([
      count(`${model}:${origin.toString('base64url')}`, windowMs),
      count(model, windowMs),
    ]);
    unit.countForOrigin(model, origin);
    if (isDue(byOrigin, limit, OVERSHOOT.one)) unit.addStatement(dropOldest(model, origin, limit));
    if (isDue(inAll, UNFINISHED_IN_ALL, OVERSHOOT.all))
      unit.addStatement(dropOldest(model, undefined, UNFINISHED_IN_ALL));
  }

  return {
    async enforce(ctx, unit) {
      const models = unit.unfinished();
      if (models.length === 0) return;
      const origin = originOf(ctx);
      if (origin.isAddress) {
        const address = blindIndex(originKey, origin.name).toString('base64url');
        if ((await count(`minute:${address}`, LIMIT_WINDOW_MS)) > perMinute) {
          throw new AppError('rate_limited', 'too many requests from this address; wait a minute');
        }
      }
      const pushed = ctx.oidc.entities.PushedAuthorizationRequest?.jti;
      if (models.includes('Interaction') && pushed !== undefined) {
        const opened = await count(`pushed:${hashToken(pushed).toString('base64url')}`, lifetimes.Interaction * 1_000);
        if (opened > OPENINGS_BY_REQUEST) {
          throw new AppError('request_uri_worn_out', 'the request_uri was opened too often; push the request again');
        }
      }
      await Promise.all(models.map((model) => admitModel(model, origin, unit)));
    },
  };
}

/** Origins with few unfinished records need no check; for the others one request in `every` checks. */
function isDue(count: number, limit: number, every: number): boolean {
  return count > limit / 10 && count % every === 0;
}

/** The signed-in person, the authenticated client, or else the address. */
function originOf(ctx: RequestContext): Origin {
  const { session, client } = ctx.oidc;
  if (session?.accountId)
    return { name: `account ${session.accountId}`, limit: UNFINISHED_BY_ADDRESS, isAddress: false };
  // At /authorize and /device a client has not authenticated: a browser names it.
  const isAuthenticated = session === undefined && client !== undefined && client.tokenEndpointAuthMethod !== 'none';
  if (isAuthenticated) return { name: `client ${client.clientId}`, limit: UNFINISHED_BY_CLIENT, isAddress: false };
  return { name: `address ${subnet(ctx.ip)}`, limit: UNFINISHED_BY_ADDRESS, isAddress: true };
}
