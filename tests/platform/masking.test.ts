import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMasked, masked, maskWithin, type PersonalKind } from '../../server/platform/masking.ts';

const CASES: readonly (readonly [kind: PersonalKind, value: unknown, shown: unknown])[] = [
  ['email', 'jane.roe@example.com', 'j•••@e•••.com'],
  ['email', 'no address', '•••'],
  ['phone', '+44 20 7946 0958', '•••58'],
  ['phone', '112', '•••'],
  ['name', 'Jane Quincy Roe', 'J••• Q••• R•••'],
  ['name', '  Żaneta ', 'Ż•••'],
  ['name', '"; DROP', '••• D•••'],
  ['name', 'a b c d e f', 'a••• b••• c••• d•••'],
  ['username', 'jane.roe', 'j•••'],
  ['username', 'jane@example.com', 'j•••@e•••.com'],
  ['network', '192.0.2.77', '192.0.•••'],
  ['network', '::ffff:192.0.2.77', '192.0.•••'],
  ['network', '2001:db8:1:2::/64', '2001:db8:•••'],
  ['network', '::1', '•••'],
  ['network', 'a.host.example', '•••'],
  ['subject', '019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f', '019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f'],
  ['subject', 'jane@example.com', 'j•••@e•••.com'],
  ['text', '1990-01-31', '•••'],
  [
    'text',
    { street_address: '1 Main Street', lines: ['a'], verified: true },
    { street_address: '•••', lines: ['•••'], verified: true },
  ],
  ['text', null, null],
  ['text', '', ''],
];

for (const [kind, value, shown] of CASES) {
  test(`${kind}: ${JSON.stringify(value)} is shown as ${JSON.stringify(shown)}`, () => {
    assert.deepEqual(masked(kind, value), shown);
  });
}

test('a masked value is recognised, and masking it again changes nothing of it that was not hidden', () => {
  for (const [kind, value, shown] of CASES) {
    if (typeof value !== 'string' || typeof shown !== 'string' || value === shown) continue;
    assert.ok(isMasked(shown) && !isMasked(value), `${kind} ${shown}`);
    assert.ok(isMasked(String(masked(kind, shown))));
  }
});

test('e-mail addresses, IP addresses and tokens within a text are masked, and its words are not', () => {
  const token = 'eyJhbGciOiJSUzI1NiJ9eyJzdWIiOiIxMjM0NTY3ODkw.c2lnbmF0dXJl';
  const text = `<jane@example.com> from 192.0.2.77 with ${token} has 1.2.3 tries, 019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f`;
  assert.equal(
    maskWithin(text),
    '<j•••@e•••.com> from 192.0.••• with [redacted] has 1.2.3 tries, 019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f',
  );
});
