/** Finds personal data in lines of logs, in one pass: by its form, and names by those that tests have used. */

/** An e-mail address; masked ones have no letter before the "@", and paths of packages have none at all. */
const EMAIL = /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g;
/** An international phone number, and no date with a year of six digits (ECMA-262, "Expanded Years"). */
const PHONE = /(?<![\w+/])(?!\+\d{6}-\d\d-\d\d)\+\d{1,3}(?:[ -]?\d{2,}){2,}/g;
/** The addresses of visitors in tests (RFC 5737, RFC 3849), unless they are cut to their network. */
const ADDRESS = /(?<![\d.])(?:192\.0\.2|198\.51\.100|203\.0\.113)\.\d{1,3}(?![\d/])|2001:db8:[\da-f:]{5,}/gi;

/** Words that are too short or too common to tell a person from anything else. */
const isTelling = (value: string): boolean => value.length >= 8 && /[^a-z]/.test(value);

/**
 * @param names that are looked for by their first words
 * @returns each that was found, once
 */
export function personalFinder(names: readonly string[]): (text: string) => string[] {
  const byFirstWord = Map.groupBy(names.filter(isTelling), firstWordOf);
  return (text) => {
    const found = new Set([EMAIL, PHONE, ADDRESS].flatMap((form) => text.match(form) ?? []));
    if (byFirstWord.size > 0) {
      for (const { 0: word, index } of text.matchAll(/[\p{L}\p{N}]+/gu)) {
        for (const name of byFirstWord.get(word) ?? []) if (text.startsWith(name, index)) found.add(name);
      }
    }
    return [...found];
  };
}

function firstWordOf(text: string): string {
  return /[\p{L}\p{N}]+/u.exec(text)?.[0] ?? text;
}
