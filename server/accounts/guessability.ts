import { createRequire } from 'node:module';
import { GUESSES_LEAST, PASSWORD_MAX } from './policy.ts';

// Loaded as CommonJS, which takes half the time: for an import, Node would scan megabytes of words for exports.
const require = createRequire(import.meta.url);
const { ZxcvbnFactory } = require('@zxcvbn-ts/core') as typeof import('@zxcvbn-ts/core');
const { adjacencyGraphs, dictionary: common } =
  require('@zxcvbn-ts/language-common') as typeof import('@zxcvbn-ts/language-common');
const { dictionary: german } = require('@zxcvbn-ts/language-de') as typeof import('@zxcvbn-ts/language-de');
const { dictionary: english } = require('@zxcvbn-ts/language-en') as typeof import('@zxcvbn-ts/language-en');

/** True for a password that the policy refuses as easy to guess, without knowing the person. */
export function isGuessable(password: string): boolean {
  return createEstimator()(password.slice(0, 2 * PASSWORD_MAX), []) < GUESSES_LEAST;
}

/**
 * How many guesses a good cracker needs for a password, after zxcvbn: leaked passwords, words and names, walks over the
 * keyboard, sequences, repetitions and dates, also reversed or in leet. Loading the words takes a tenth of a second and
 * 20 MB, and an estimate up to a few dozen milliseconds, so only the password threads import this file.
 */
export function createEstimator(): (password: string, words: readonly string[]) => number {
  const zxcvbn = new ZxcvbnFactory({
    // Names of all kinds of things from an encyclopedia and all surnames would be four times as much, and refuse no more.
    dictionary: {
      passwords: common['passwords-common'],
      ownNames: OWN_NAMES.map(plain),
      english: english['commonWords-en'],
      englishNames: english['firstnames-en'],
      german: german.commonWords.map(plain),
      germanNames: german.firstnames.map(plain),
    },
    graphs: adjacencyGraphs,
    l33tMaxSubstitutions: LEET_MOST,
  });

  return (password, words) => {
    const text = plain(password);
    const once = unrepeated(text);
    if (once === '') return 0;
    const { base, dropped } = withoutKnownWords(once);
    const repeats = Math.floor(text.length / once.length) * REPEAT_GUESSES ** dropped;
    // An attacker has to guess each part, so the password takes at least as many guesses as its hardest part.
    const guesses = partsOf(base).map((part) => zxcvbn.check(part, words.map(plain)).guesses);
    return Math.max(0, ...guesses) * repeats;
  };
}

/** Words for "password" in several forms: attackers try them first, and word lists have only some of the forms. */
const OWN_NAMES = [
  'passwort',
  'passwörter',
  'passwoerter',
  'kennwort',
  'kennwörter',
  'kennwoerter',
  'passwords',
  'passphrase',
  'passcode',
];
/** The guesses for where a word is repeated, and in upper or lower case. */
const REPEAT_GUESSES = 10;

/** An estimate takes more time than the square of the length, and 32 characters are enough to be beyond all guessing. */
const PART = 32;
/** Only the beginning and the end of a longer password are estimated, so that an estimate takes at most 0.1 s of CPU. */
const LOOKED_AT = 4 * PART;
/** Maximum number of leet substitutions that are tried; each costs as much as everything else together. */
const LEET_MOST = 20;

function partsOf(password: string): string[] {
  const isLong = password.length > LOOKED_AT;
  const looked = isLong ? password.slice(0, LOOKED_AT / 2) + password.slice(-LOOKED_AT / 2) : password;
  return Array.from({ length: Math.ceil(looked.length / PART) }, (_, i) => looked.slice(i * PART, (i + 1) * PART));
}

/**
 * `Pässwörter` → `Passworter`, in passwords and in the words that they are compared with: attackers try variants with
 * diacritics as easily as those with digits. Marks of other scripts are not removed, because they are letters there.
 */
function plain(text: string): string {
  return text
    .normalize('NFKD')
    .replaceAll(/[\u0300-\u036f]/g, '')
    .normalize('NFC');
}

/** `Sommer2026!Sommer` → `Sommer2026!`: a word that is repeated is guessed only once. */
function withoutKnownWords(text: string): { base: string; dropped: number } {
  const seenWords = new Set<string>();
  let dropped = 0;
  const base = text.replaceAll(/\p{L}{3,}/gu, (run) => {
    const word = unrepeated(run.toLowerCase());
    const isKnown = seenWords.has(word);
    seenWords.add(word);
    if (isKnown || word.length < run.length) dropped += 1;
    return isKnown ? '' : run.slice(0, word.length);
  });
  return { base, dropped };
}

/** `abcabcab` → `abc`; a text without a repetition is returned unchanged. */
function unrepeated(text: string): string {
  for (let period = 1; 2 * period <= text.length; period += 1) {
    if (text.startsWith(text.slice(period))) return text.slice(0, period);
  }
  return text;
}
