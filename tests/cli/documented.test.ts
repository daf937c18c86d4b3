import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../helpers/artifacts.ts';
import { everyVerb, type Verb } from '../helpers/verbs.ts';

/** Every command that a document tells is one that runs: its verb, its options and its arguments exist, and none that is needed is missing. */

const verbs = await everyVerb();
const documents = globSync(['*.md', 'ops/docs/**/*.md', 'ops/*/README.md'], { cwd: ROOT }).filter(
  (file) => file !== 'CHANGELOG.md', // it tells of earlier versions
);

interface Told {
  readonly file: string;
  readonly line: number;
  /** The command line without `cardea`. */
  readonly text: string;
}

/** The commands in code of a document. In a block one may go on in the next line, after a backslash. */
function commandsIn(file: string): Told[] {
  const text = readFileSync(join(ROOT, file), 'utf8').replaceAll(/\\\n\s*/g, ' ');
  return Array.from(
    text.matchAll(/(?:`|^\s*(?:\$ )?|\$\()(?:[A-Z_]+=\S+ )*(?:sudo )?(?:npx )?cardea ([a-z-][^`\n]*)/gm),
    (found) => ({
      file,
      line: text.slice(0, found.index).split('\n').length,
      text: found[1] ?? '',
    }),
  );
}

/** Words as a shell has them, up to a pipe or what else ends the command. @returns `isWhole`: false when something is left out by … */
function wordsOf(text: string): { readonly words: string[]; readonly isWhole: boolean } {
  const words: string[] = [];
  for (const [word] of text.matchAll(/(?:'[^']*'|"[^"]*"|\$\([^)]*\)|[^\s'"])+/g)) {
    if (/^(?:\||\\\||>|<|&&|&|;|#|\)|2>)/.test(word)) return { words, isWhole: true };
    if (word.includes('…')) return { words, isWhole: false };
    words.push(word.replace(/[;)]$/, ''));
    if (word.endsWith(';')) return { words, isWhole: true };
  }
  return { words, isWhole: true };
}

/** @returns why it does not run; undefined when it does, or when it only names a noun */
function problemOf({ text }: Told): string | undefined {
  const { words, isWhole } = wordsOf(text);
  const plain = words.filter((word) => /^[a-z][a-z-]*$/.test(word));
  const found = (one: Verb) => one.name.split(' ').every((word, at) => words[at] === word);
  const named = verbs.find(found);
  if (!named) {
    const prefix = plain.join(' ');
    const isNoun = verbs.some(({ name }) => name.startsWith(`${prefix} `)) && plain.length === words.length;
    return isNoun || words[0]?.startsWith('-') || /^[A-Z<[]|\|/.test(words.at(-1) ?? '')
      ? undefined
      : `there is no verb "${text}"`;
  }
  const { verb } = named;
  const given = new Set<string>();
  const operands: string[] = [];
  const rest = words.slice(named.name.split(' ').length).map((word) => word.replaceAll(/[[\]]/g, ''));
  for (let at = 0; at < rest.length; at += 1) {
    const word = rest[at] ?? '';
    if (!/^--?[a-z]/.test(word)) {
      operands.push(word);
      continue;
    }
    const [name = ''] = word.split('=');
    const option = verb.options.find(({ long, short }) => long === name || short === name);
    if (!option && name !== '--help') return `${named.name} has no option ${name}`;
    if (!option) continue;
    given.add(option.attributeName());
    if (word.includes('=') || !(option.required || option.optional)) continue;
    const isValue = (value: string | undefined) => value !== undefined && !value.startsWith('--');
    do {
      if (isValue(rest[at + 1])) at += 1;
    } while (option.variadic && isValue(rest[at + 1]));
  }
  // Prose names a verb without what it needs.
  if (!isWhole || text.includes('[') || rest.length === 0) return undefined;
  const missing = verb.options.find((option) => option.mandatory && !given.has(option.attributeName()));
  if (missing) return `${named.name} needs ${missing.long}`;
  const { registeredArguments: wanted } = verb;
  if (operands.length < wanted.filter(({ required }) => required).length && operands.length > 0)
    return `${named.name} needs more arguments`;
  if (operands.length > wanted.length && !wanted.some(({ variadic }) => variadic))
    return `${named.name} takes no argument "${operands[wanted.length]}"`;
  return undefined;
}

test('each command of a document exists, with its options and arguments', () => {
  const told = documents.flatMap(commandsIn);
  assert.ok(told.length > 200, `${told.length} commands`);
  const wrong = told.flatMap((one) => {
    const problem = problemOf(one);
    return problem === undefined ? [] : [`${one.file}:${one.line}: cardea ${one.text} (${problem})`];
  });
  assert.deepEqual(wrong, []);
});

test('the check finds a verb, an option or an argument that does not exist, and one that is missing', () => {
  const problem = (text: string) => problemOf({ file: '', line: 1, text });
  assert.match(problem('mail test ADDRESS') ?? '', /needs --to/);
  assert.match(problem('mail tests') ?? '', /no verb/);
  assert.match(problem('users show USER --everything') ?? '', /no option --everything/);
  assert.match(problem('keys list RS256') ?? '', /no argument "RS256"/);
  assert.equal(problem('mail test --to ADDRESS | head'), undefined);
  assert.equal(problem('users'), undefined);
});

/** `clients create\|list [--all]` are two: the words before the arguments, the last of which may be one of several. */
function namesIn(code: string): string[] {
  const [words = ''] = /^[a-z|\\ -]*[a-z]/.exec(code.replace(/ (?=[A-Z[-]).*/, '')) ?? [];
  const before = words.split(' ').slice(0, -1);
  const last = words.split(' ').at(-1) ?? '';
  return last.split('\\|').map((one) => [...before, one].join(' '));
}

test('every verb is in the table of ops/docs/commands.md, which has no other', () => {
  const rows = readFileSync(join(ROOT, 'ops/docs/commands.md'), 'utf8').match(/^\| `.*? \| /gm) ?? [];
  const told = rows.flatMap((row) => Array.from(row.matchAll(/`([^`]+)`/g), ([, code = '']) => namesIn(code)).flat());
  const has = (name: string, prefix: string) => name === prefix || name.startsWith(`${prefix} `);
  const names = verbs.map(({ name }) => name);
  assert.deepEqual(
    names.filter((name) => !told.some((prefix) => has(name, prefix))),
    [],
    'add them to the table',
  );
  assert.deepEqual(
    told.filter((prefix) => !names.some((name) => has(name, prefix))),
    [],
  );
});
