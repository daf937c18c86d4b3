import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Provider } from 'oidc-provider';
import type { Document } from '../platform/documents.ts';
import type { ApiAccess } from '../ports/api_access.ts';
import type { Sign } from './sign.ts';

export type Handle = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** The parts that belong to one key set. They are swapped for a new key set; requests under way keep the old ones. */
export interface Served {
  readonly version: number;
  readonly provider: Provider;
  readonly handle: Handle;
  readonly sign: Sign;
  /** Verifies access tokens of the admin API. */
  readonly apiAccess: ApiAccess;
  readonly jwks: Document;
  readonly discovery: Document;
}

export interface Serving {
  current(): Served;
  swap(next: Served): void;
}

export function createServing(first: Served): Serving {
  let served = first;
  return {
    current: () => served,
    swap(next) {
      served = next;
    },
  };
}
