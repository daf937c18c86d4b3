import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Clock } from '../platform/clock.ts';
import { AppError } from '../platform/errors.ts';
import { type Counter, LIMIT_WINDOW_MS, subnet } from '../platform/limits.ts';
import { blindIndex, hashToken } from '../platform/sealing.ts';
import { dropOldest, type UnfinishedModel } from '../records/unfinished.ts';
import type { Unit } from '../records/unit.ts';

/** The name of the server secret under which addresses are kept. */
export const ORIGIN_SECRET = 'record-origins';

/** Kept of one kind for one address, or one person: many people may share an address. */
export const KEPT_BY_ADDRESS = 500;
/** Kept of one kind for a client that has proved who it is: it speaks for many people. */
export const KEPT_BY_CLIENT = 5_000;
/** Kept of one kind in all, however many addresses there are. */
export const KEPT_IN_ALL = 50_000;
/** How often one pushed request (RFC 9126) may be opened: a person who reloads the page does so a few times. */
export const VISITS_BY_REQUEST = 10;

/** Removing a few at a time costs a busy address a statement for every so many requests, and lets it keep so many more. */
const OVERSHOOT = { one: 10, all: 250 };

/** What is looked at of a request. */
interface Asked extends Pick<KoaContextWithOIDC, 'ip'> {
  readonly oidc: Pick<KoaContextWithOIDC['oidc'], 'session' | 'client' | 'entities'>;
}

export interface Admission {
  /**
   * Comes between a request and what it stores before anybody has signed in or decided: that is counted as somebody's, an
   * address's if nobody else's, and when there is too much of it the oldest goes. People behind one address who take
   * their time are the last to notice; nobody is refused for them.
   * @throws AppError 429 for an address that starts more than so many a minute, 400 for a pushed request that is opened
   *   again and again
   */
  admit(ctx: Asked, unit: Pick<Unit, 'unfinished' | 'countForOrigin' | 'addStatement'>): Promise<void>;
}

export interface AdmissionOptions {
  readonly counter: Counter;
  /** Addresses are known by their HMAC under this. */
  readonly originKey: Uint8Array;
  readonly now: Clock;
  /** Requests that an address may start in a minute. */
  readonly perMinute: number;
  /** For how long each kind is kept at most, in seconds. */
  readonly lifetimes: Readonly<Record<UnfinishedModel, number>>;
}

interface Origin {
  readonly name: string;
  readonly kept: number;
  readonly isAddress: boolean;
}

export function createAdmission(options: AdmissionOptions): Admission {
  const { counter, originKey, now, perMinute, lifetimes } = options;
  // The window is part of the key, so that a counter needs no clock to start afresh.
  const count = (what: string, windowMs: number) =>
    counter.increment(`unfinished:${what}:${Math.floor(now() / windowMs)}`, windowMs);

  async function admitModel(
    model: UnfinishedModel,
    { name, kept }: Origin,
    unit: Pick<Unit, 'countForOrigin' | 'addStatement'>,
  ) {
    const origin = blindIndex(originKey, name);
    const windowMs = lifetimes[model] * 1_000;
    const [mine, all] = await Promise.all([
      count(`${model}:${origin.toString('base64url')}`, windowMs),
      count(model, windowMs),
    ]);
    unit.countForOrigin(model, origin);
    if (isDue(mine, kept, OVERSHOOT.one)) unit.addStatement(dropOldest(model, origin, kept));
    if (isDue(all, KEPT_IN_ALL, OVERSHOOT.all)) unit.addStatement(dropOldest(model, undefined, KEPT_IN_ALL));
  }

  return {
    async admit(ctx, unit) {
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
        if (opened > VISITS_BY_REQUEST) {
          throw new AppError('request_uri_worn_out', 'the request_uri was opened too often; push the request again');
        }
      }
      await Promise.all(models.map((model) => admitModel(model, origin, unit)));
    },
  };
}

/** Addresses with few unfinished requests need no check; for the others one request in `every` checks. */
function isDue(count: number, kept: number, every: number): boolean {
  return count > kept / 10 && count % every === 0;
}

/** Whose it is: the person's who is signed in, the client's that has proved who it is, or whoever's the address is. */
function originOf(ctx: Asked): Origin {
  const { session, client } = ctx.oidc;
  if (session?.accountId) return { name: `account ${session.accountId}`, kept: KEPT_BY_ADDRESS, isAddress: false };
  // At /authorize and /device a client has proved nothing: a browser names it.
  const isProven = session === undefined && client !== undefined && client.tokenEndpointAuthMethod !== 'none';
  if (isProven) return { name: `client ${client.clientId}`, kept: KEPT_BY_CLIENT, isAddress: false };
  return { name: `address ${subnet(ctx.ip)}`, kept: KEPT_BY_ADDRESS, isAddress: true };
}
