import type { Outcome } from './module_run.ts';

/** A module that does not simply pass. */
export interface Expectation {
  readonly module: string;
  /** Default: in all plans. */
  readonly plans?: readonly string[];
  readonly result: string;
  /** For WARNING, FAILED and INTERRUPTED: the suite's conditions, all of them. */
  readonly conditions?: readonly string[];
  readonly why: string;
}

export interface Deviation extends Outcome {
  readonly expected: Expectation | undefined;
}

const PASSED = 'PASSED';

/** @returns the outcomes that are not as the table says, in their order; what no row mentions has to pass */
export function deviations(outcomes: readonly Outcome[], table: readonly Expectation[]): Deviation[] {
  return outcomes.flatMap((outcome) => {
    const expected = expectationOf(outcome, table);
    return isAsExpected(outcome, expected) ? [] : [{ ...outcome, expected }];
  });
}

export function expectationOf({ plan, module }: Outcome, table: readonly Expectation[]): Expectation | undefined {
  const name = module.replace(/\[.*$/, '');
  return table.find((row) => (row.module === module || row.module === name) && (row.plans?.includes(plan) ?? true));
}

function isAsExpected(outcome: Outcome, expected: Expectation | undefined): boolean {
  if (outcome.result !== (expected?.result ?? PASSED)) return false;
  if (expected?.conditions === undefined) return true;
  return [...expected.conditions].sort().join() === outcome.conditions.join();
}

/** One line about a deviation. */
export function explain({ plan, module, result, expected, conditions }: Deviation): string {
  const wanted = expected === undefined ? PASSED : `${expected.result} (${expected.why})`;
  const note = result === PASSED ? ': remove its row from expected.json' : conditions.map((one) => ` ${one}`).join('');
  return `${plan} ${module}: ${result}, expected ${wanted}${note}`;
}
