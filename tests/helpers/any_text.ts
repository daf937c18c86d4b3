import fc from 'fast-check';

const SURROGATES = { first: 0xd8_00, count: 0x8_00 };

/**
 * Text of any characters, none of them half of a surrogate pair: as `fc.string({ unit: 'binary' })`, which takes a second until its
 * first text, since it makes a table of all characters.
 */
export function anyText(constraints: { readonly maxLength?: number } = {}): fc.Arbitrary<string> {
  const character = fc.integer({ min: 0, max: 0x10_ff_ff - SURROGATES.count });
  return fc
    .array(character, constraints)
    .map((all) => String.fromCodePoint(...all.map((n) => (n < SURROGATES.first ? n : n + SURROGATES.count))));
}
