import { AsyncLocalStorage } from 'node:async_hooks';

/** Which request the code that runs belongs to, for what is passed no request: statements, mails. */
export interface RequestContext {
  run<T>(requestId: string, work: () => T): T;
  /** Undefined outside of requests. */
  requestId(): string | undefined;
}

export function createRequestContext(): RequestContext {
  const ids = new AsyncLocalStorage<string>();
  return { run: (requestId, work) => ids.run(requestId, work), requestId: () => ids.getStore() };
}
