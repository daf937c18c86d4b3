/** Longer than any of our codes with spaces and dashes between all characters. */
const TYPED_MAX = 100;

/**
 * What stands between or around the characters of a code and is no part of it: white space of all kinds, control and
 * format characters (also those that turn the direction of writing), dashes of all kinds with the minus sign and the
 * long vowel sign that Japanese keyboards put in place of a dash, and dots and lines used as dashes.
 */
const BETWEEN = /[\p{Z}\p{Cc}\p{Cf}\p{Pd}\u2212\u30fc._·•‧~]/gu;
const DIGIT = /\p{Nd}/u;

/**
 * A code as it was meant, whatever keyboard it was typed or pasted with: full-width characters and other compatibility
 * forms become plain ones (NFKC), the decimal digits of every script become 0 to 9, and what only groups the characters
 * goes. Letters keep their case. Whether anything like a code is left is for the caller to judge.
 */
export function readTypedCode(typed: string): string {
  return typed
    .slice(0, TYPED_MAX)
    .normalize('NFKC')
    .replaceAll(BETWEEN, '')
    .replaceAll(/\p{Nd}/gu, plainDigit);
}

/** Decimal digits are ten characters in a row, from 0 to 9 (Unicode §4.6); two such rows may follow each other. */
function plainDigit(digit: string): string {
  const point = digit.codePointAt(0) ?? 0;
  let first = point;
  while (DIGIT.test(String.fromCodePoint(first - 1))) first -= 1;
  return String((point - first) % 10);
}
