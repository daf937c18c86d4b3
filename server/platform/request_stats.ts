/** Counts of the responses of this process, by route and method. */
export interface RouteStats {
  readonly method: string;
  /** The template, such as `/login/:uid`: a URL has codes and hints. */
  readonly route: string;
  /** Responses by the first digit of the status: `statuses[2]` are those of 200 to 299. */
  readonly statuses: readonly number[];
  /** Responses by the index of the first bound in `DURATION_BOUNDS` that is not exceeded; the last is for longer ones. */
  readonly durations: readonly number[];
  readonly seconds: number;
}

export interface RequestStats {
  /** @returns what counts a response of this route. @param route its template */
  counterOf(route: string): CountResponse;
  all(): readonly RouteStats[];
}

export type CountResponse = (method: string, status: number, milliseconds: number) => void;

/** Seconds. A document takes less than a millisecond, a token a few, a sign-in with its hash some hundred. */
export const DURATION_BOUNDS: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** The route of requests that have none. */
export const NO_ROUTE = '(none)';

/** A client may send any method, and labels must be few. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const OTHER = 'other';

interface Series {
  readonly method: string;
  readonly route: string;
  readonly statuses: number[];
  readonly durations: number[];
  seconds: number;
}

/** Plain numbers instead of a library's histogram: this runs for every response, also for the fastest. */
export function createRequestStats(): RequestStats {
  const series: Series[] = [];
  const byRoute = new Map<string, Map<string, Series>>();

  function add(byMethod: Map<string, Series>, route: string, method: string): Series {
    const made: Series = {
      method,
      route,
      statuses: [0, 0, 0, 0, 0, 0],
      durations: Array.from({ length: DURATION_BOUNDS.length + 1 }, () => 0),
      seconds: 0,
    };
    byMethod.set(method, made);
    series.push(made);
    return made;
  }

  return {
    counterOf(route) {
      const byMethod = byRoute.get(route) ?? new Map<string, Series>();
      byRoute.set(route, byMethod);
      return (sent, status, milliseconds) => {
        const method = METHODS.has(sent) ? sent : OTHER;
        const one = byMethod.get(method) ?? add(byMethod, route, method);
        const seconds = milliseconds / 1_000;
        let index = 0;
        while (index < DURATION_BOUNDS.length && seconds > (DURATION_BOUNDS[index] as number)) index += 1;
        (one.durations[index] as number) += 1;
        (one.statuses[Math.min(5, Math.max(1, Math.trunc(status / 100)))] as number) += 1;
        one.seconds += seconds;
      };
    },
    all: () => series,
  };
}
