/** The part of the suite's REST API that a run needs. The suite documents it at `/swagger-ui/index.html`. */

const STATES = ['NOT_YET_CREATED', 'CREATED', 'CONFIGURED', 'RUNNING', 'WAITING', 'FINISHED', 'INTERRUPTED'] as const;
export type Status = (typeof STATES)[number];

export interface Progress {
  readonly status: Status;
  /** When it got this status. */
  readonly since: string;
  /** URLs that a person is to visit, because no automation matches them. */
  readonly visits: readonly string[];
}

export interface ModuleOfPlan {
  readonly testModule: string;
  /** What the plan fixes for this module; the same module can be in a plan several times. */
  readonly variant?: Readonly<Record<string, string>> | null;
}

/** An entry of a module's log. */
export interface LogEntry {
  readonly src: string;
  readonly msg?: string;
  /** Milliseconds. */
  readonly time: number;
  readonly result?: string;
  /** A picture that the module waits for. */
  readonly upload?: string;
  readonly [member: string]: unknown;
}

export interface Suite {
  readonly url: string;
  /** @returns the version */
  version(): Promise<string>;
  createPlan(
    name: string,
    variant: Readonly<Record<string, string>>,
    configuration: unknown,
  ): Promise<{ id: string; modules: ModuleOfPlan[] }>;
  /** @returns the id of the run */
  createModule(planId: string, module: ModuleOfPlan): Promise<string>;
  /** Starts a module that waits for it in state CONFIGURED. */
  start(id: string): Promise<void>;
  /** What it does now; undefined when the suite has put it away. This asks no database, which a poll would keep busy. */
  now(id: string): Promise<Progress | undefined>;
  info(id: string): Promise<{ status: Status; result?: string }>;
  log(id: string): Promise<LogEntry[]>;
  /** Tells that a URL was visited. */
  visited(id: string, url: string): Promise<void>;
  cancel(id: string): Promise<void>;
}

export function suiteAt(url: string): Suite {
  async function send(method: string, path: string, query: Record<string, string> = {}, body?: unknown) {
    const target = new URL(path, url);
    target.search = new URLSearchParams(query).toString();
    const response = await fetch(target, {
      method,
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(60_000),
    });
    const text = await response.text();
    return { response, text, what: `${method} ${target.href}` };
  }

  async function call<T>(method: string, path: string, query: Record<string, string> = {}, body?: unknown): Promise<T> {
    const { response, text, what } = await send(method, path, query, body);
    if (!response.ok) throw new Error(`${what}: ${response.status} ${text.slice(0, 500)}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  /** @returns undefined for 404 */
  async function optional<T>(path: string, query: Record<string, string> = {}): Promise<T | undefined> {
    const { response, text, what } = await send('GET', path, query);
    if (response.status === 404) return undefined;
    if (!response.ok) throw new Error(`${what}: ${response.status} ${text.slice(0, 500)}`);
    return JSON.parse(text) as T;
  }

  return {
    url,
    version: async () => (await call<{ version: string }>('GET', '/api/server')).version,
    createPlan: (planName, variant, configuration) =>
      call('POST', '/api/plan', { planName, variant: JSON.stringify(variant) }, configuration),
    async createModule(plan, { testModule: test, variant }) {
      const query = { test, plan, ...(variant ? { variant: JSON.stringify(variant) } : {}) };
      return (await call<{ id: string }>('POST', '/api/runner', query)).id;
    },
    start: (id) => call('POST', `/api/runner/${id}`),
    async now(id) {
      const state = await optional<{ state?: Status }>(`/api/runner/${id}/wait-state`, { states: STATES.join() });
      const run = await optional<{ updated: string; browser?: { urls?: string[] } }>(`/api/runner/${id}`);
      if (!state?.state || !run) return undefined;
      return { status: state.state, since: run.updated, visits: run.browser?.urls ?? [] };
    },
    info: (id) => call('GET', `/api/info/${id}`),
    log: (id) => call('GET', `/api/log/${id}`),
    visited: (id, visitedUrl) => call('POST', `/api/runner/browser/${id}/visit`, { url: visitedUrl }),
    cancel: (id) => call('DELETE', `/api/runner/${id}`),
  };
}
