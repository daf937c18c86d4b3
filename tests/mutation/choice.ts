/** Which changes of the code are tried. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type Checker, type CheckResult, CheckStatus } from '@stryker-mutator/api/check';
import type { Mutant } from '@stryker-mutator/api/core';
import type { Ignorer } from '@stryker-mutator/api/ignore';
import { ROOT } from '../helpers/artifacts.ts';
import type { Target } from './targets.ts';

/** The members of Babel's paths and nodes that are used here. */
interface Path {
  readonly node: Node;
  readonly parent: Node | undefined;
}
interface Node {
  readonly type: string;
  readonly name?: string;
  readonly key?: Node;
  readonly callee?: Node;
}

/** Members of operations and schemas that only people read. */
const FOR_PEOPLE = new Set(['description', 'summary', 'title', 'example', 'examples']);

/** Leaves out texts of errors, and what describes an operation. */
export const textsForPeople: Ignorer = {
  shouldIgnore(path) {
    const { node, parent } = path as Path;
    if (node.type === 'ObjectProperty') return FOR_PEOPLE.has(node.key?.name ?? '') ? 'for people' : undefined;
    const isText = node.type === 'StringLiteral' || node.type === 'TemplateLiteral';
    const isOfError = parent?.type === 'NewExpression' && /(Error|Unusable)$/.test(parent.callee?.name ?? '');
    return isText && isOfError ? 'for people' : undefined;
  },
};

/**
 * Stryker has no samples. A change that a checker refuses is not tried, and counts neither as noticed nor as survived; the report calls it a
 * compile error.
 */
export function createSample({ of }: Pick<Target, 'of'>): Checker {
  const files = new Map<string, string>();
  const sourceOf = (file: string) => {
    const source = files.get(file) ?? readFileSync(join(ROOT, file), 'utf8');
    files.set(file, source);
    return source;
  };
  const check = ({ fileName, location, replacement }: Mutant): CheckResult => {
    const file = relative(process.cwd(), fileName);
    const { line, column } = location.start;
    return isChosen(of, { file, source: sourceOf(file), line, column, replacement })
      ? { status: CheckStatus.Passed }
      : { status: CheckStatus.CompileError, reason: 'not in the sample' };
  };
  return {
    init: async () => {},
    check: async (mutants) => Object.fromEntries(mutants.map((mutant) => [mutant.id, check(mutant)])),
    group: async (mutants) => [mutants.map(({ id }) => id)],
  };
}

/** A change of a file. */
export interface Change {
  /** Relative to the repository. */
  readonly file: string;
  readonly source: string;
  /** Both from 0. */
  readonly line: number;
  readonly column: number;
  readonly replacement: string;
}

/**
 * One of so many, by a hash, so that each run and machine chooses the same. The hash is of the text of the line and not of its number, since an
 * insertion above would make another sample.
 */
export function isChosen(of: number, { file, source, line, column, replacement }: Change): boolean {
  const place = [file, source.split('\n')[line], column, replacement].join('\n');
  return createHash('sha256').update(place).digest().readUInt32BE() % of === 0;
}
