import { readFileSync } from 'node:fs';

/**
 * Passwords that are tried first because so many people have them, in all the variants that people and tools make of
 * them: other case, leet, a year or an exclamation mark at the end, twice the same word, a walk over the keyboard.
 * A list of every variant would be gigabytes and still miss some, so variants are undone instead.
 */
export function createCommonPasswords(words: ReadonlySet<string> = readWords()): (password: string) => boolean {
  const isWord = (text: string) => words.has(text) || words.has(undoLeet(text)) || isWalk(text) || isSequence(text);

  /** One or two words, and nothing but digits and symbols around them. */
  function isMadeOfWords(text: string): boolean {
    const parts = text.split(/[^\p{L}]+/u).filter((part) => part !== '');
    return parts.length > 0 && parts.length <= 2 && parts.every((part) => isWord(unrepeated(part)));
  }

  return (password) => {
    const plain = password.normalize('NFKC').toLowerCase();
    const forms = new Set([plain, stripped(plain), stripped(undoLeet(stripped(plain))), undoLeet(stripped(plain))]);
    for (const form of forms) {
      if (form !== '' && (isWord(form) || isWord(unrepeated(form)) || isMadeOfWords(form))) return true;
    }
    return isMonotonous(plain);
  };
}

const LEET: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '8': 'b',
  '9': 'g',
  '@': 'a',
  $: 's',
  '!': 'i',
  '|': 'l',
  '+': 't',
};

/** `p@55w0rd` → `password`. */
export function undoLeet(text: string): string {
  return text.replaceAll(/[01345789@$!|+]/g, (character) => LEET[character] ?? character);
}

/** Without what is no letter at both ends. What is all digits and symbols stays as it is. */
function stripped(text: string): string {
  const inner = text.replace(/^[^\p{L}]+/u, '').replace(/[^\p{L}]+$/u, '');
  return inner === '' ? text : inner;
}

/** `abcabcabc` → `abc`. */
function unrepeated(text: string): string {
  const period = (text + text).indexOf(text, 1);
  return text.slice(0, period);
}

/** Hardly any different characters, or a short piece over and over. */
function isMonotonous(text: string): boolean {
  return new Set(text).size <= 2 || [...unrepeated(text)].length <= 4;
}

const WALKS = [
  '1234567890qwertyuiopasdfghjklzxcvbnm',
  '1234567890qwertzuiopasdfghjklyxcvbnm',
  '1234567890azertyuiopqsdfghjklmwxcvbn',
  'qwertyuiop[]asdfghjkl;zxcvbnm,./',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/',
  '1q2w3e4r5t6y7u8i9o0p',
  'qawsedrftgyhujikolp',
  '!@#$%^&*()_+',
].flatMap((walk) => [walk, [...walk].reverse().join('')]);

const WALK_LEAST = 4;

function isWalk(text: string): boolean {
  return text.length >= WALK_LEAST && WALKS.some((walk) => walk.includes(text));
}

/** Characters that follow each other, up or down: `abcdefgh`, `987654321`, `12345678901234`. */
function isSequence(text: string): boolean {
  const points = [...text].map((character) => character.codePointAt(0) ?? 0);
  if (points.length < WALK_LEAST) return false;
  const isStep = (step: number) => points.every((point, i) => i === 0 || follows(points[i - 1] ?? 0, point, step));
  return isStep(1) || isStep(-1);
}

const [ZERO, NINE] = [0x30, 0x39];

function follows(before: number, point: number, step: number): boolean {
  if (point - before === step) return true;
  return step > 0 ? before === NINE && point === ZERO : before === ZERO && point === NINE;
}

function readWords(): Set<string> {
  const text = readFileSync(new URL('./common_passwords.txt', import.meta.url), 'utf8');
  return new Set(text.split('\n').filter((line) => line !== '' && !line.startsWith('#')));
}
