import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { createFirstPlaces } from '../../server/platform/first_places.ts';
import { type TextLine, textLines } from '../../server/platform/lines.ts';

const MAX = 64;

async function read(input: Uint8Array, ...cuts: readonly number[]): Promise<TextLine[]> {
  async function* chunks() {
    let from = 0;
    for (const to of [...cuts.toSorted((a, b) => a - b), input.length]) {
      yield input.subarray(from, to);
      from = to;
    }
  }
  const lines: TextLine[] = [];
  for await (const some of textLines(chunks(), MAX)) lines.push(...some);
  return lines;
}

const shown = (lines: readonly TextLine[]) =>
  lines.map(({ number, text }) => [number, text instanceof Error ? text.message : text]);

describe('lines of an input', () => {
  test('are the same however it is cut into chunks', async () => {
    const bytes = fc.uint8Array({ maxLength: 400 }).map((all) => all.map((byte) => (byte < 20 ? 0x0a : byte)));
    await fc.assert(
      fc.asyncProperty(bytes, fc.array(fc.nat(400)), async (input, cuts) => {
        const whole = await read(input);
        const inPieces = await read(input, ...cuts.map((cut) => Math.min(cut, input.length)));
        assert.deepEqual(shown(inPieces), shown(whole));
        const expected = Buffer.from(input).toString('latin1').split('\n');
        assert.equal(whole.length, expected.length - (expected.at(-1) === '' ? 1 : 0));
      }),
    );
  });

  test('have no byte order mark and are UTF-8; what is not, or is too long, is an error of that line alone', async () => {
    const input = Buffer.concat([
      Buffer.from('\ufeffone\r\n\n'),
      Buffer.from([0xc3, 0x28, 0x0a]),
      Buffer.from(`${'x'.repeat(MAX)}\n${'y'.repeat(MAX + 1)}\n\ufeffé`),
    ]);
    assert.deepEqual(shown(await read(input, 1, 2, 40, 90)), [
      [1, 'one\r'],
      [2, ''],
      [3, 'is not UTF-8'],
      [4, 'x'.repeat(MAX)],
      [5, 'is longer than 64 bytes'],
      [6, '\ufeffé'],
    ]);
  });
});

describe('the first places of keys', () => {
  test('are those of a Map, also after it has grown', () => {
    const keys = Array.from({ length: 5_000 }, () => randomBytes(32).toString('hex'));
    const places = createFirstPlaces(Number.POSITIVE_INFINITY);
    for (const [i, key] of keys.entries()) {
      places.add(key, i + 1);
      places.add(key, 99_999);
    }
    for (const [i, key] of keys.entries()) assert.equal(places.get(key), i + 1);
    assert.equal(places.get(randomBytes(32).toString('hex')), undefined);
  });

  test('are not more than may be', () => {
    const places = createFirstPlaces(2);
    for (const [i, key] of ['00', '11', '22'].entries()) places.add(key.repeat(32), i + 1);
    assert.deepEqual(
      ['00', '11', '22'].map((key) => places.get(key.repeat(32))),
      [1, 2, undefined],
    );
  });
});
