/** Which changes of the code are tried. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type Checker, CheckStatus } from '@stryker-mutator/api/check';
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
export function createSample({ code, rest, of }: Target): Checker {
  const whole = new Set(code);
  const files = new Map<string, readonly string[]>();
  const linesOf = (file: string) => {
    const lines = files.get(file) ?? readFileSync(join(ROOT, file), 'utf8').split('\n');
    files.set(file, lines);
    return lines;
  };
  const isTried = (mutant: Mutant) => {
    const file = relative(process.cwd(), mutant.fileName);
    if (rest === undefined || whole.has(file)) return true;
    return isInSample(placeOf(mutant, file, linesOf(file)), of ?? 1);
  };
  return {
    init: async () => {},
    async check(mutants) {
      const refused = { status: CheckStatus.CompileError, reason: 'not in the sample' } as const;
      return Object.fromEntries(
        mutants.map((mutant) => [mutant.id, isTried(mutant) ? { status: CheckStatus.Passed } : refused]),
      );
    },
    group: async (mutants) => [mutants.map(({ id }) => id)],
  };
}

/** The same in each run while the line stays as it is: one of `of` places, by their hash. */
export function isInSample(place: string, of: number): boolean {
  return createHash('sha256').update(place).digest().readUInt32BE() % of === 0;
}

/** Without the number of the line, since each insertion above would make another sample. */
function placeOf({ location, replacement }: Mutant, file: string, lines: readonly string[]): string {
  return [file, lines[location.start.line], location.start.column, replacement].join('\n');
}
