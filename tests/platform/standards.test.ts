import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ROOT } from '../helpers/artifacts.ts';
import { ASVS_LEVELS, RFC9700_IDS } from '../standards/ids.ts';
import { brokenClaims, brokenRequirements, testNamesOf } from '../standards/requirement.ts';
import { ASVS, RFC9700 } from '../standards/standards.ts';
import { THREATS } from '../standards/threats.ts';

describe('the tables of ops/docs/security*.md', () => {
  test('have each requirement of ASVS V6 to V10 and of RFC 9700 once, in order', () => {
    assert.deepEqual(
      ASVS.map(({ id }) => id),
      [...ASVS_LEVELS.keys()],
    );
    assert.deepEqual(
      RFC9700.map(({ id }) => id),
      RFC9700_IDS,
    );
    assert.deepEqual([ASVS_LEVELS.size, RFC9700_IDS.length], [122, 104]);
  });

  test('have a test, a page or a reason in each row', () => {
    assert.deepEqual(brokenRequirements([...ASVS, ...RFC9700]), []);
    for (const { id, tests = {}, stoppedBy } of THREATS) {
      assert.ok(Object.keys(tests).length > 0 && stoppedBy.endsWith('.'), id);
    }
  });

  test('name tests and sections that exist', () => {
    assert.deepEqual(brokenClaims([...ASVS, ...RFC9700, ...THREATS]), []);
  });

  test('are refused when a test, a page or a reason is missing', () => {
    const file = 'platform/standards.test.ts';
    assert.ok(
      testNamesOf('security/redirect_uri.test.ts').has(
        'any URI but the registered one gets an error page (response_mode …; RFC 6749 §3.1.2.4)',
      ),
    );
    assert.equal(
      brokenClaims([{ id: 'V0', tests: { [file]: ['are refused when a test, a page or a reason is missing'] } }])
        .length,
      0,
    );
    assert.equal(brokenClaims([{ id: 'V0', tests: { [file]: ['are refused'] } }]).length, 1);
    assert.equal(brokenClaims([{ id: 'V0', tests: { [file]: [] } }]).length, 1);
    assert.equal(brokenClaims([{ id: 'V0', page: 'security.md#no-such-section' }]).length, 1);
    assert.throws(() => brokenClaims([{ id: 'V0', tests: { 'platform/none.test.ts': ['x'] } }]), { code: 'ENOENT' });
    const row = { id: 'V0', asks: 'x', how: 'It is.' };
    assert.equal(brokenRequirements([{ ...row, verdict: 'met' }]).length, 1);
    assert.equal(brokenRequirements([{ ...row, verdict: 'not met' }]).length, 0);
    assert.equal(brokenRequirements([{ ...row, verdict: 'not met', how: '' }]).length, 1);
  });
});

/** Pauses between attempts, and which traces are kept: guessing these gains nothing. */
const NO_SECRETS = ['server/jobs/audit_turn.ts', 'server/jobs/deliveries.ts', 'server/platform/otel.ts'];

test('random values of security come from node:crypto', () => {
  const files = globSync('{server,keys}/**/*.ts', { cwd: ROOT }).filter((file) =>
    /\bMath\s*\.\s*random\b|\bMath\[/.test(readFileSync(join(ROOT, file), 'utf8')),
  );
  assert.deepEqual(files.toSorted(), NO_SECRETS);
});
