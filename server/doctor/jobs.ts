import { type Check, ok, problem, skipped, Unusable, warning } from './check.ts';
import { askProbe } from './proxy.ts';

/** The background jobs of the server that answers. Each server runs all of them, and knows when its own have succeeded. */
export const checkJobs: Check = async (parts) => {
  const seen = await askProbe(parts).catch((error) => {
    throw new Unusable('it needs an answer of the issuer, see "discovery"', { cause: error });
  });
  if (!seen) return skipped('the server that answers does not know this probe, see "proxy"');
  if (!seen.jobs) return skipped('the server that answers is of an earlier version');
  const late = seen.jobs.filter(({ isLate }) => isLate);
  if (late.length === 0) return ok(`all ${seen.jobs.length} background jobs of the server that answers run in time`);
  return late.map(({ name, seconds, failed }) => {
    const found = `the job "${name}" has not succeeded for ${lasting(seconds)}`;
    return failed === 0
      ? warning(found, 'It still runs, or the server was stopped for a while: look again, and see ops/docs/jobs.md.')
      : problem(
          `${found}, and has failed ${failed} times`,
          'See the log of the servers about it, and ops/docs/jobs.md.',
        );
  });
};

const lasting = (seconds: number) =>
  seconds < 7_200 ? `${Math.floor(seconds / 60)} minutes` : `${Math.floor(seconds / 3_600)} hours`;
