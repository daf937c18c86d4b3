/**
 * Compares Cardea with a bare oidc-provider on the same machine at the same time (`make bench`), and the ratios with those of the run before,
 * such as that of an earlier commit, or else with those of baseline.json.
 * node tests/performance/bench/main.ts [--rounds=15] [--scale=1] [--only=jwks,refresh]
 * With BENCH_PROFILE=cardea (or bare) that server leaves a CPU profile in .artifacts/profiles.
 */
import { parseArgs } from 'node:util';
import type { Scope } from '../../helpers/scope.ts';
import { measure } from './measure.ts';
import { earlierReport, report, table, writeReport } from './report.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    scale: { type: 'string', default: '1' },
    people: { type: 'string', default: '64' },
    only: { type: 'string' },
  },
});

const ends: (() => void | Promise<void>)[] = [];
const scope: Scope = { after: (end) => void ends.push(end) };

try {
  const result = await report(() =>
    measure(scope, {
      rounds: Number(values.rounds),
      scale: Number(values.scale),
      people: Number(values.people),
      ...(values.only === undefined ? {} : { only: values.only.split(',') }),
      progress: (what) => console.error(`… ${what}`),
    }),
  );
  // A run of some cases prints a table but writes no report, since a report covers all cases of one run.
  const earlier = earlierReport('bench.json');
  const path = values.only === undefined ? writeReport(result, 'bench.json') : undefined;
  console.log(`\n${table(result, earlier)}${path ? `\n\nwritten to ${path}` : ''}`);
} finally {
  for (const end of ends.reverse()) await end();
}
