import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { describeSteps } from '../../server/cli/steps.ts';
import type { Step } from '../../server/configuration/plan.ts';

const STEPS: readonly Step[] = (['create', 'adopt', 'update', 'restore', 'delete'] as const).map((action) => ({
  kind: 'groups',
  key: action,
  action,
  exists: action !== 'create',
  differences: { description: { before: 'old', after: 'new' } },
}));

test('each kind of step has a sign and a colour of its own on a terminal, and none in a pipe', () => {
  const [coloured, plain] = [describeSteps(STEPS, true), describeSteps(STEPS, false)];
  assert.equal(stripVTControlCharacters(coloured), plain);
  assert.notEqual(coloured, plain);
  const heads = coloured.split('\n').filter((line) => line.includes('groups.'));
  const colours = heads.map((line) => line.slice(0, line.indexOf('m') + 1));
  assert.equal(new Set(colours).size, STEPS.length);
  assert.deepEqual(
    plain.split('\n').flatMap((line) => (line.includes('groups.') ? [line[0]] : [])),
    ['+', '=', '~', '!', '-'],
  );
});

test('a member that differs is shown with both values; a name cannot send control characters', () => {
  const [line] = describeSteps(
    [
      {
        kind: 'groups',
        key: 'a\u001b[31m',
        action: 'update',
        exists: true,
        differences: { description: { before: 'x', after: 'y\u009b' } },
      },
    ],
    false,
  ).match(/description: .*/) ?? [''];
  assert.equal(line, 'description: "x" → "y\u{fffd}"');
  const made: Step = { kind: 'groups', key: 'a\u001b[31m', action: 'create', exists: false, differences: {} };
  assert.ok(!describeSteps([made], false).includes('\u001b'));
});
