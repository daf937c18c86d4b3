import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { resolveReference } from '../../server/configuration/references.ts';
import { readBounded } from '../../server/platform/bounded_file.ts';

const folder = mkdtempSync(join(tmpdir(), 'cardea-references-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, 'secret');

test('a secret is read from a variable or a file, without the end of its line', () => {
  writeFileSync(path, 'a secret\n');
  assert.deepEqual(resolveReference(`file:${path}`, {}), { secret: 'a secret' });
  assert.deepEqual(resolveReference('env:SHOP', { SHOP: 'another' }), { secret: 'another' });
});

for (const [what, reference] of [
  ['an empty variable', 'env:EMPTY'],
  ['a variable that is not set', 'env:NONE'],
  ['a setting of the server', 'env:CARDEA_MASTER_KEY'],
  ['a file that does not exist', 'file:/does/not/exist'],
  ['a folder', `file:${folder}`],
  ['a file without an end', 'file:/dev/zero'],
] as const) {
  test(`${what} is no secret`, () => {
    const resolved = resolveReference(reference, { EMPTY: '', CARDEA_MASTER_KEY: 'x' });
    assert.ok('problem' in resolved && resolved.problem !== '', JSON.stringify(resolved));
  });
}

test('a file is read up to its limit', () => {
  const content = Buffer.alloc(200_000, 'x');
  writeFileSync(path, content);
  assert.deepEqual(readBounded(path, content.length), content);
  assert.throws(() => readBounded(path, content.length - 1), RangeError);
});
