import { createRequire } from 'node:module';

// As CommonJS, which takes half the time: an import would read megabytes of words through to find what they export.
const require = createRequire(import.meta.url);
const { ZxcvbnFactory } = require('@zxcvbn-ts/core') as typeof import('@zxcvbn-ts/core');
const { adjacencyGraphs, dictionary: common } =
  require('@zxcvbn-ts/language-common') as typeof import('@zxcvbn-ts/language-common');
const { dictionary: german } = require('@zxcvbn-ts/language-de') as typeof import('@zxcvbn-ts/language-de');
const { dictionary: english } = require('@zxcvbn-ts/language-en') as typeof import('@zxcvbn-ts/language-en');

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
      english: english['commonWords-en'],
      englishNames: english['firstnames-en'],
      german: german.commonWords,
      germanNames: german.firstnames,
    },
    graphs: adjacencyGraphs,
    l33tMaxSubstitutions: LEET_MOST,
  });

  return (password, words) => {
    const base = unrepeated(password.normalize('NFKC'));
    const repeats = Math.max(1, Math.floor(password.length / base.length));
    // Who guesses the whole guesses each part of it, so the hardest part is the least that it takes.
    const guesses = partsOf(base).map((part) => zxcvbn.check(part, [...words]).guesses);
    return Math.max(0, ...guesses) * repeats;
  };
}

/** An estimate takes more time than the square of the length, and 32 characters are enough to be beyond all guessing. */
const PART = 32;
/** Of a longer one the beginning and the end are looked at: whoever wants to keep a thread busy gets a tenth of a second. */
const LOOKED_AT = 4 * PART;
/** Readings of leet that are tried; each costs as much as the rest together. */
const LEET_MOST = 20;

function partsOf(password: string): string[] {
  const isLong = password.length > LOOKED_AT;
  const looked = isLong ? password.slice(0, LOOKED_AT / 2) + password.slice(-LOOKED_AT / 2) : password;
  return Array.from({ length: Math.ceil(looked.length / PART) }, (_, i) => looked.slice(i * PART, (i + 1) * PART));
}

/** `abcabcab` → `abc`; what does not repeat stays as it is. */
function unrepeated(text: string): string {
  for (let period = 1; 2 * period <= text.length; period += 1) {
    if (text.startsWith(text.slice(period))) return text.slice(0, period);
  }
  return text;
}
