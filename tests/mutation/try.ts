/**
 * Runs test files in turn in one process, in Stryker's copy of the repository. The code that is changed reads from the environment which
 * change is on.
 * node --test-reporter=FIRST_FAILURE tests/mutation/try.ts FILE…
 */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { onParentEnd } from '../helpers/children.ts';

declare global {
  /** Stryker's. */
  var __stryker__:
    | {
        /** How often each change would have been met, by its number. */
        readonly mutantCoverage?: { readonly static: Readonly<Record<string, number>> };
        /** A change that is met more often than this throws: it has made a loop without an end. */
        readonly hitLimit?: number;
        readonly hitCount?: number;
      }
    | undefined;
}

onParentEnd(() => process.exit(1));
const limit = process.env.MUTATION_HIT_LIMIT;
if (limit !== undefined) globalThis.__stryker__ = { hitLimit: Number(limit), hitCount: 0 };
const noted = process.env.MUTATION_COVERAGE;
if (noted !== undefined)
  process.on('exit', () => writeFileSync(noted, JSON.stringify(globalThis.__stryker__?.mutantCoverage?.static ?? {})));

for (const file of process.argv.slice(2)) await test(file, () => import(resolve(file)));
