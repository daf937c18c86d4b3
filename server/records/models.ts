import type { Lifetimes } from './lifetimes.ts';

/** The store of a model's instances; each store has its own guarantees. */
export type Store =
  /** One row a bearer secret, found by its hash, tied to its grant. */
  | 'records'
  /** The permissions that a person gave a client; revoking it ends everything that was issued under it. */
  | 'grants'
  /** A browser's sign-in, merged on every save. */
  | 'sessions'
  /** Insert-only: presence means used. */
  | 'replays';

export interface Model {
  readonly store: Store;
  /** Which configured lifetime bounds it; undefined when the provider hands one over with each save. */
  readonly lifetime: keyof Lifetimes | undefined;
  /** Redeemed at most once, under any number of parallel requests: the database decides. */
  readonly singleUse: boolean;
  /** Stored for so many seconds longer, for a client that still polls: its error is expired_token, not invalid_grant. */
  readonly keptExpired?: number;
}

/** Longer than the interval between two polls of a client that was told to slow down several times. */
const POLLED_LATE_SECONDS = 60;

/** All that the provider persists, except clients (`server/clients`). */
export const MODELS = {
  AuthorizationCode: { store: 'records', lifetime: 'authorizationCode', singleUse: true },
  // RFC 8628 §3.5, CIBA Core 1.0 §11
  DeviceCode: { store: 'records', lifetime: undefined, singleUse: true, keptExpired: POLLED_LATE_SECONDS },
  BackchannelAuthenticationRequest: {
    store: 'records',
    lifetime: undefined,
    singleUse: true,
    keptExpired: POLLED_LATE_SECONDS,
  },
  RefreshToken: { store: 'records', lifetime: 'refreshTokenIdle', singleUse: true },
  PushedAuthorizationRequest: { store: 'records', lifetime: undefined, singleUse: true },
  AccessToken: { store: 'records', lifetime: 'accessToken', singleUse: false },
  ClientCredentials: { store: 'records', lifetime: 'accessToken', singleUse: false },
  Interaction: { store: 'records', lifetime: 'interaction', singleUse: false },
  Grant: { store: 'grants', lifetime: 'refreshTokenAbsolute', singleUse: false },
  Session: { store: 'sessions', lifetime: 'session', singleUse: false },
  ReplayDetection: { store: 'replays', lifetime: undefined, singleUse: true },
} as const satisfies Record<string, Model>;

export type ModelName = keyof typeof MODELS;

export function isModel(name: string): name is ModelName {
  return Object.hasOwn(MODELS, name);
}
