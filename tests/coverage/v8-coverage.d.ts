declare module '@bcoe/v8-coverage' {
  import type { Profiler } from 'node:inspector';

  /** Adds up the counts of processes; the same script has the same `url` in each. */
  export function mergeProcessCovs(
    processes: readonly Profiler.TakePreciseCoverageReturnType[],
  ): Profiler.TakePreciseCoverageReturnType;
}
