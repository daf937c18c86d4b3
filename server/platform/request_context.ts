import { AsyncLocalStorage } from 'node:async_hooks';
import { NO_TRACING, type Tracing } from './tracing.ts';

/** Which request the code that runs belongs to, for what is passed no request: statements, mails. */
export interface RequestContext {
  run<T>(requestId: string, work: () => T): T;
  /** Undefined outside of requests. */
  requestId(): string | undefined;
  /** For a link from what is done later; undefined where traces are off, and where this one is not sampled. */
  traceparent(): string | undefined;
}

export function createRequestContext({ traceparent }: Pick<Tracing, 'traceparent'> = NO_TRACING): RequestContext {
  const ids = new AsyncLocalStorage<string>();
  return { run: (requestId, work) => ids.run(requestId, work), requestId: () => ids.getStore(), traceparent };
}
