import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DeletionAsker, mayKeep, standingOf } from '../../server/accounts/standing.ts';

const restriction = { since: new Date(0), reason: 'objection' } as const;
const deletion = (by: DeletionAsker) => ({ dueAt: new Date(0), by });

test('of several reasons against an account the first counts: disabled, restricted, leaving', () => {
  const leaving = deletion('person');
  assert.equal(standingOf({ disabled: false }), 'active');
  assert.equal(standingOf({ disabled: false, deletion: leaving }), 'leaving');
  assert.equal(standingOf({ disabled: false, deletion: leaving, restriction }), 'restricted');
  assert.equal(standingOf({ disabled: false, restriction }), 'restricted');
  assert.equal(standingOf({ disabled: true, deletion: leaving, restriction }), 'disabled');
  assert.equal(standingOf({ disabled: true }), 'disabled');
});

test('a person may keep an account whose deletion is planned, unless an operator planned it or it is not usable', () => {
  assert.equal(mayKeep({ standing: 'leaving', deletion: deletion('person') }), true);
  assert.equal(mayKeep({ standing: 'leaving', deletion: deletion('inactivity') }), true);
  assert.equal(mayKeep({ standing: 'leaving', deletion: deletion('operator') }), false);
  for (const standing of ['active', 'disabled', 'restricted'] as const)
    assert.equal(mayKeep({ standing, deletion: deletion('person') }), false);
});
