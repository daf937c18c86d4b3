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

interface Model {
  readonly store: Store;
  /** Which configured lifetime bounds it; undefined when the provider hands one over with each save. */
  readonly lifetime: keyof Lifetimes | undefined;
  /** Redeemed at most once, under any number of parallel requests: the database decides. */
  readonly singleUse: boolean;
}

/** All that the provider persists, except clients (`server/clients`). */
export const MODELS = {
  AuthorizationCode: { store: 'records', lifetime: 'authorizationCode', singleUse: true },
  DeviceCode: { store: 'records', lifetime: undefined, singleUse: true },
  BackchannelAuthenticationRequest: { store: 'records', lifetime: undefined, singleUse: true },
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
