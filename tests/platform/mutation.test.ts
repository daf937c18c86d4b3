import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../helpers/artifacts.ts';
import { isChosen } from '../mutation/choice.ts';
import { estimate, percent, type Report, row, scoreOf } from '../mutation/score.ts';
import { TARGETS } from '../mutation/targets.ts';

const FILE = 'keys/ring.ts';
const OF = 10;
const lines = Array.from({ length: 1_000 }, (_, n) => `const one = ${n} > two;`);
const change = (line: number, all = lines) => ({
  file: FILE,
  source: all.join('\n'),
  line,
  column: 12,
  replacement: 'true',
});
const chosen = lines.findIndex((_, line) => isChosen(OF, change(line)));
const notChosen = lines.findIndex((_, line) => !isChosen(OF, change(line)));

test('each target has files that exist, and its own', () => {
  const code = Object.values(TARGETS).flatMap((target) => target.code);
  const tests = Object.values(TARGETS).flatMap((target) => target.tests);
  assert.deepEqual(
    [...code, ...tests].filter((file) => !existsSync(join(ROOT, file))),
    [],
  );
  assert.equal(new Set(code).size, code.length);
});

test('a sample has about one change of so many, and the same after an insertion above', () => {
  const taken = lines.filter((_, line) => isChosen(OF, change(line)));
  assert.ok(taken.length > 60 && taken.length < 140, `${taken.length} of 1000`);
  assert.ok(isChosen(OF, change(chosen + 1, ['inserted', ...lines])));
});

test('the score counts what was tried, and of a sample only its changes', () => {
  const mutant = (status: Report['files'][string]['mutants'][number]['status'], line: number) => ({
    status,
    replacement: 'true',
    location: { start: { line: line + 1, column: 13 } },
  });
  const statuses = ['Killed', 'Timeout', 'Survived', 'NoCoverage', 'Ignored'] as const;
  const mutants = statuses.flatMap((status) => [mutant(status, chosen), mutant(status, notChosen)]);
  const report = { files: { [FILE]: { source: lines.join('\n'), mutants } } };
  const ofSample = { files: 1, all: 8, tried: 4, noticed: 1, late: 1, survived: 1, unrun: 1 };
  assert.deepEqual(scoreOf({ of: OF }, report), ofSample);
  assert.deepEqual(scoreOf({ of: 1 }, report), { ...ofSample, tried: 8, noticed: 2, late: 2, survived: 2, unrun: 2 });
  assert.equal(percent(ofSample), '50.0 %');
  const all = { ...ofSample, noticed: 3, late: 1, survived: 0, unrun: 0 };
  const parts = [
    { of: 1, score: all },
    { of: 3, score: ofSample },
  ];
  assert.equal(estimate(parts), '62.5 %', 'ten of sixteen');
  assert.equal(row('keys', ofSample), '| keys | 1 | 8 | 4 | 1 | 1 | 1 | 1 | 50.0 % |');
});
