import type { MutantStatus } from '@stryker-mutator/api/core';
import { isChosen } from './choice.ts';
import type { Target } from './targets.ts';

/** What Stryker writes of a target, as far as it is used here. */
export interface Report {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>>;
}
interface Mutant {
  readonly status: MutantStatus;
  readonly replacement: string;
  /** From 1. */
  readonly location: { readonly start: { readonly line: number; readonly column: number } };
}

/** The changes of the files of one target. */
export interface Score {
  readonly files: number;
  /** Without texts for people. */
  readonly all: number;
  readonly tried: number;
  readonly noticed: number;
  /** Noticed too: the tests would not have ended. */
  readonly late: number;
  readonly survived: number;
  /** Survived without being tried, since no test runs the code. */
  readonly unrun: number;
}

export function scoreOf({ of }: Pick<Target, 'of'>, { files }: Report): Score {
  const found = Object.entries(files).flatMap(([file, { source, mutants }]) =>
    mutants
      .filter(({ status }) => status !== 'Ignored')
      .map(({ status, replacement, location: { start } }) => {
        const change = { file, source, line: start.line - 1, column: start.column - 1, replacement };
        return { status, isTried: status !== 'CompileError' && isChosen(of, change) };
      }),
  );
  const tried = found.filter(({ isTried }) => isTried);
  const count = (...wanted: MutantStatus[]) => tried.filter(({ status }) => wanted.includes(status)).length;
  return {
    files: Object.keys(files).length,
    all: found.length,
    tried: tried.length,
    noticed: count('Killed', 'RuntimeError'),
    late: count('Timeout'),
    survived: count('Survived'),
    unrun: count('NoCoverage'),
  };
}

/** The part of the tried changes that tests noticed, such as "92.8 %". */
export const percent = (score: Score): string => estimate([{ of: 1, score }]);

/** The same for the targets of a folder together: a change that was chosen as one of 20 stands for 20. */
export function estimate(parts: readonly { readonly of: number; readonly score: Score }[]): string {
  const sum = (value: (score: Score) => number) => parts.reduce((total, { of, score }) => total + of * value(score), 0);
  const tried = sum((score) => score.tried);
  return tried === 0 ? '' : `${((100 * sum(({ noticed, late }) => noticed + late)) / tried).toFixed(1)} %`;
}

/** A row of the table in ops/docs/mutation.md. */
export function row(name: string, score: Score): string {
  const { files, all, tried, noticed, late, survived, unrun } = score;
  return `| ${[name, files, all, tried, noticed, late, survived, unrun, percent(score)].join(' | ')} |`;
}
