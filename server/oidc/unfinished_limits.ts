import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Clock } from '../platform/clock.ts';
import { AppError } from '../platform/errors.ts';
import type { Limit } from '../platform/limit.ts';
import { type Counter, subnet, widerSubnet } from '../platform/limits.ts';
import { blindIndex, hashToken } from '../platform/sealing.ts';
import { ROW_BYTES, type WriteBounds } from '../platform/write_bounds.ts';
import { dropOldest, ORIGIN_PART_BYTES, type UnfinishedModel } from '../records/unfinished.ts';
import type { Unit } from '../records/unit.ts';

/** The name of the server secret with which addresses are hashed. */
export const ORIGIN_SECRET = 'record-origins';

/** Only one request of this number checks the limit, so the limit may be exceeded by this number. */
const OVERSHOOT = { one: 10, all: 250 };

/** The parts of a request's context that decide whom its records are counted for. */
interface RequestContext extends Pick<KoaContextWithOIDC, 'ip'> {
  readonly oidc: Pick<KoaContextWithOIDC['oidc'], 'session' | 'client' | 'entities'>;
}

export interface UnfinishedLimits {
  /**
   * Bounds what requests store before a person has signed in or decided. It is counted for the signed-in person, the
   * authenticated client or else the address; beyond the number that is kept the oldest is deleted, and no new request is
   * refused. What an address stores is bounded in bytes as well.
   * @throws AppError 429 for an address that starts or stores too much, 503 when all together have stored too much, 400 for a
   *   pushed request that is opened too often
   */
  enforce(ctx: RequestContext, unit: Pick<Unit, 'unfinished' | 'countForOrigin' | 'addStatement'>): Promise<void>;
}

export interface UnfinishedLimitsOptions {
  readonly counter: Counter;
  /** Addresses are stored as their HMAC under this key. */
  readonly originKey: Uint8Array;
  readonly now: Clock;
  /** Records of one kind that are kept: of one client, person or address, and in all. */
  readonly kept: Readonly<Record<'client' | 'account' | 'address' | 'server', number>>;
  /** How often one pushed request (RFC 9126) may be opened; reloading the page opens it again. */
  readonly openings: number;
  /** Requests that an address may start. */
  readonly anonymous: Pick<Limit, 'consume'>;
  readonly writes: Pick<WriteBounds, 'charge'>;
  /** The maximum lifetime of each kind, in seconds. */
  readonly lifetimes: Readonly<Record<UnfinishedModel, number>>;
  /** True when the operator has registered that client: others, which a stranger can make, count for their address. */
  isRegistered(clientId: string): Promise<boolean>;
}

interface Origin {
  readonly name: string;
  readonly kind: 'client' | 'account' | 'address';
  /** The larger network; that of a person or a client is itself. */
  readonly network: string;
}

export function createUnfinishedLimits(options: UnfinishedLimitsOptions): UnfinishedLimits {
  const { counter, originKey, now, kept, lifetimes } = options;
  // The window is part of the key, so that each window has a new counter.
  const count = (key: string, windowMs: number) =>
    counter.increment(`unfinished:${key}:${Math.floor(now() / windowMs)}`, windowMs);
  const part = (name: string) => blindIndex(originKey, name).subarray(0, ORIGIN_PART_BYTES);

  async function admitModel(
    model: UnfinishedModel,
    { name, kind, network }: Origin,
    unit: Pick<Unit, 'countForOrigin' | 'addStatement'>,
  ) {
    const origin = Buffer.concat([part(network), part(name)]);
    const windowMs = lifetimes[model] * 1_000;
    const [byOrigin, inAll] = await Promise.all([
      count(`${model}:${origin.toString('base64url')}`, windowMs),
      count(model, windowMs),
    ]);
    unit.countForOrigin(model, origin);
    if (isDue(byOrigin, kept[kind], OVERSHOOT.one)) unit.addStatement(dropOldest(model, origin, kept[kind]));
    if (isDue(inAll, kept.server, OVERSHOOT.all)) unit.addStatement(dropOldest(model, undefined, kept.server));
  }

  /** The signed-in person, the authenticated client, or else the address. */
  async function originOf({ ip, oidc: { session, client } }: RequestContext): Promise<Origin> {
    if (session?.accountId) return identified('account', session.accountId);
    // At /authorize and /device a client has not authenticated: a browser names it.
    const isAuthenticated = session === undefined && client !== undefined && client.tokenEndpointAuthMethod !== 'none';
    if (isAuthenticated && (await options.isRegistered(client.clientId))) return identified('client', client.clientId);
    return { name: `address ${subnet(ip)}`, kind: 'address', network: `network ${widerSubnet(ip)}` };
  }

  return {
    async enforce(ctx, unit) {
      const created = unit.unfinished();
      if (created.length === 0) return;
      const models = [...new Set(created.map(({ model }) => model))];
      const origin = await originOf(ctx);
      if (origin.kind === 'address') {
        await options.anonymous.consume(ctx.ip);
        options.writes.charge(
          ctx.ip,
          created.reduce((sum, { bytes }) => sum + bytes + ROW_BYTES, 0),
        );
      }
      const pushed = ctx.oidc.entities.PushedAuthorizationRequest?.jti;
      if (models.includes('Interaction') && pushed !== undefined) {
        const opened = await count(`pushed:${hashToken(pushed).toString('base64url')}`, lifetimes.Interaction * 1_000);
        if (opened > options.openings) {
          throw new AppError('request_uri_worn_out', 'the request_uri was opened too often; push the request again');
        }
      }
      await Promise.all(models.map((model) => admitModel(model, origin, unit)));
    },
  };
}

function identified(kind: 'account' | 'client', id: string): Origin {
  return { name: `${kind} ${id}`, kind, network: `${kind} ${id}` };
}

/** Origins with few unfinished records need no check; for the others one request in `every` checks. */
function isDue(count: number, limit: number, every: number): boolean {
  return count > limit / 10 && count % Math.min(every, limit) === 0;
}
