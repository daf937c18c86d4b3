/** Longer than any code of this server with spaces and dashes between all characters. */
const TYPED_MAX = 100;

/**
 * Separators between or around the characters of a code: white space of all kinds, control and format characters (also
 * those that change the writing direction), dashes of all kinds with the minus sign and the long vowel sign that
 * Japanese keyboards produce instead of a dash, and dots and lines used as dashes.
 */
const BETWEEN = /[\p{Z}\p{Cc}\p{Cf}\p{Pd}\u2212\u30fc._·•‧~]/gu;
const DIGIT = /\p{Nd}/u;

/**
 * A code independent of the keyboard that it was typed with: full-width characters and other compatibility forms become
 * plain ones (NFKC), decimal digits of all scripts become 0 to 9, and separators are removed. Letters keep their case.
 * The caller checks whether the result is a valid code.
 */
export function readTypedCode(typed: string): string {
  return typed
    .slice(0, TYPED_MAX)
    .normalize('NFKC')
    .replaceAll(BETWEEN, '')
    .replaceAll(/\p{Nd}/gu, plainDigit);
}

/** The ten decimal digits of a script are consecutive, from 0 to 9 (Unicode §4.6); two such rows may be adjacent. */
function plainDigit(digit: string): string {
  const point = digit.codePointAt(0) ?? 0;
  let first = point;
  while (DIGIT.test(String.fromCodePoint(first - 1))) first -= 1;
  return String((point - first) % 10);
}
