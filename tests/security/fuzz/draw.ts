import fc from 'fast-check';
import { type Randomness, randomness } from '../../chaos/randomness.ts';
import { anyText } from '../../helpers/any_text.ts';

/** In JSON, stands for a number that JavaScript cannot represent; see `toJson`. */
const HUGE = '\u27e61e999\u27e7';

/** Limits of integers, of doubles, and of dates in JavaScript and Postgres, in seconds and in milliseconds. */
export const NUMBERS: readonly number[] = [
  0,
  -0,
  1,
  -1,
  0.5,
  1.5,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  -(2 ** 53),
  2 ** 63,
  8.64e12,
  8.64e15,
  8.64e15 + 1,
  -8.64e15,
  253_402_300_800,
  9.2e12,
  9e15,
  1e21,
  1e308,
  -1e308,
  5e-324,
];

/** Texts that are known to break parsers. */
const TEXTS: readonly string[] = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  'a\udfff',
  '\ufeff',
  '\u202e\u2066',
  'e\u0301\u0327',
  '\u{1f469}\u200d\u{1f680}',
  '\r\nset-cookie: x=y',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '[object Object]',
  'null',
  'undefined',
  'NaN',
  '-1e309',
  '0x10',
  '9007199254740993',
  '99999999999999999999999',
  '2038-01-19T03:14:08Z',
  '+275760-09-13T00:00:00.001Z',
  '../../etc/passwd',
  "' OR 1=1;--",
  '<script>alert(1)</script>',
  '{{7*7}}<%= 7*7 %>',
  '{"a":{}}',
  '[]',
  'http://[::1',
  'https://a@b@c/',
  'javascript:alert(1)',
  'urn:x',
  'openid',
  'openid  profile',
  'a'.repeat(300),
  '\u20ac'.repeat(2_000),
];

/** JSON values of all types, most of them wrong. */
const VALUES: readonly unknown[] = [
  null,
  true,
  false,
  [],
  {},
  [[]],
  [null],
  [{}],
  ['a', 1],
  { toString: null },
  { toJSON: 1 },
  { length: 1e9 },
  { '': '' },
  { '\0': '\0' },
  { '\ud800': 1 },
  { value: null, values: null, essential: 'x' },
  { keys: [] },
  { keys: [null] },
  { constructor: { prototype: { a: 1 } } },
  HUGE,
  `-${HUGE}`,
];

/** The generator's random choices, all of which depend on the seed. */
export interface Draw {
  readonly seed: number;
  /** At least 0, less than `below`. */
  int(below: number): number;
  /** @param share 0 for never, 1 for always */
  chance(share: number): boolean;
  pick<T>(list: readonly T[]): T;
  number(): number;
  text(): string;
  /** Any JSON value, mostly of a wrong type. */
  json(): unknown;
}

/** @param given the seed of an earlier run, from TEST_FUZZ_SEED */
export function createDraw(given: string | undefined = process.env.TEST_FUZZ_SEED): Draw {
  const source: Randomness = randomness(given ?? '');
  const { seed } = source;
  const texts = [
    ...TEXTS,
    ...fc.sample(anyText({ maxLength: 24 }), { seed, numRuns: 150 }),
    ...fc.sample(fc.string({ unit: 'grapheme', maxLength: 24 }), { seed, numRuns: 50 }),
  ];
  const values = fc.sample(fc.jsonValue({ maxDepth: 3 }), { seed, numRuns: 200 });
  const int = (below: number) => Math.floor(source.next() * below);
  const pick = <T>(list: readonly T[]): T => list[int(list.length)] as T;
  return {
    seed,
    int,
    pick,
    chance: (share) => source.next() < share,
    number: () => pick(NUMBERS),
    text: () => pick(texts),
    json() {
      const kind = int(10);
      if (kind < 2) return pick(NUMBERS);
      if (kind < 5) return pick(texts);
      return pick(kind < 8 ? VALUES : values);
    },
  };
}

/** Like `JSON.stringify`, with numbers that are too large for a double. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_name, one) => (typeof one === 'bigint' ? String(one) : one)).replaceAll(
    /"(-?)\u27e61e999\u27e7"/g,
    '$11e999',
  );
}

/** An object with some members replaced by odd ones, removed, or added. */
export function spoil(draw: Draw, object: Readonly<Record<string, unknown>>, share = 0.15): Record<string, unknown> {
  const spoiled: [string, unknown][] = Object.entries(object).flatMap(([name, value]): [string, unknown][] => {
    if (!draw.chance(share)) return [[name, value]];
    return draw.chance(0.2)
      ? []
      : [[name, isRecord(value) && draw.chance(0.5) ? spoil(draw, value, 0.4) : draw.json()]];
  });
  if (draw.chance(share)) spoiled.push([draw.text(), draw.json()]);
  return Object.fromEntries(spoiled);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
