import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Provider } from 'oidc-provider';

export interface Document {
  /** Text rather than bytes: Node sends it together with the head, in one write. */
  readonly body: string;
  readonly etag: string;
  readonly cacheControl: string;
}

export type Handle = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** What is served now. Swapping it is how a node takes a new key set into use: requests under way keep the old one. */
export interface Served {
  readonly version: number;
  readonly provider: Provider;
  readonly handle: Handle;
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
