import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync, Visitor } from 'oxc-parser';
import { anchorsOf } from '../documents_check.ts';
import { ROOT } from '../helpers/artifacts.ts';

/** Names of tests by their file, relative to `tests/`. A value in the name of a template is written as `…`. */
export type Proofs = Readonly<Record<string, readonly string[]>>;

/**
 * - `met`: without any setting
 * - `by setting`: once an operator has set what `how` names
 * - `partly`, `not met`: `how` says what is missing, and what an operator can do
 * - `of the operator`, `of the app`: they alone can meet it; `how` says what Cardea does for it
 * - `not applicable`: `how` says why
 */
export type Verdict = 'met' | 'by setting' | 'partly' | 'not met' | 'of the operator' | 'of the app' | 'not applicable';

/** One requirement of a standard, and how Cardea meets it. */
export interface Requirement {
  /** Such as `V6.2.1`, or the section of an RFC with the number of the rule in it: `2.1.1-3`. */
  readonly id: string;
  /** In a few words of our own; the standard has the wording that counts. */
  readonly asks: string;
  readonly verdict: Verdict;
  /** One or two sentences: how it is met, or why it is not or does not apply. */
  readonly how: string;
  /** The tests that show it. `met` and `by setting` need one, or a page. */
  readonly tests?: Proofs;
  /** For what has to be documented: the page of ops/docs, with its section. */
  readonly page?: string;
}

/**
 * The names of all tests of a file: those that are written out, and those of templates with `…` for each value.
 * @throws when there is no such file
 */
export function testNamesOf(file: string): ReadonlySet<string> {
  const path = join(ROOT, 'tests', file);
  const names = new Set<string>();
  new Visitor({
    CallExpression({ callee, arguments: [name] }) {
      const called = callee.type === 'MemberExpression' ? callee.property : callee;
      if (called.type !== 'Identifier' || called.name !== 'test') return;
      if (name?.type === 'Literal' && typeof name.value === 'string') names.add(name.value);
      if (name?.type === 'TemplateLiteral') names.add(name.quasis.map(({ value }) => value.cooked).join('…'));
    },
  }).visit(parseSync(path, readFileSync(path, 'utf8')).program);
  return names;
}

/** A claim that something is shown by tests or said by a page. */
export interface Claim {
  readonly id: string;
  readonly tests?: Proofs | undefined;
  readonly page?: string | undefined;
}

/** A threat, by whom it is, and what stops it. */
export interface Threat extends Claim {
  readonly actor: string;
  readonly threat: string;
  /** A sentence or two. */
  readonly stoppedBy: string;
}

/** What is wrong with the tests and pages that the claims name: a sentence for each. */
export function brokenClaims(claims: readonly Claim[]): string[] {
  const namesOf = new Map<string, ReadonlySet<string>>();
  return claims.flatMap(({ id, tests = {}, page }) => [
    ...Object.entries(tests).flatMap(([file, names]) => {
      const known = namesOf.get(file) ?? testNamesOf(file);
      namesOf.set(file, known);
      if (names.length === 0) return [`${id}: ${file} without a test`];
      return names.filter((name) => !known.has(name)).map((name) => `${id}: tests/${file} has no test "${name}"`);
    }),
    ...(page === undefined || hasSection(page) ? [] : [`${id}: there is no ops/docs/${page}`]),
  ]);
}

/** What is wrong with the requirements themselves: a sentence for each. */
export function brokenRequirements(requirements: readonly Requirement[]): string[] {
  return requirements.flatMap(({ id, verdict, how, tests = {}, page }) => {
    const isShown = Object.keys(tests).length > 0 || page !== undefined;
    const needsProof = verdict === 'met' || verdict === 'by setting';
    return [
      ...(needsProof && !isShown ? [`${id}: ${verdict}, but neither a test nor a page shows it`] : []),
      ...(how.endsWith('.') ? [] : [`${id}: "how" is no sentence`]),
    ];
  });
}

/** @param page such as `security.md#guessing` */
function hasSection(page: string): boolean {
  const [file = '', section] = page.split('#');
  return section === undefined || anchorsOf(readFileSync(join(ROOT, 'ops/docs', file), 'utf8')).has(section);
}
