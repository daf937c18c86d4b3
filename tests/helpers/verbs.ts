import assert from 'node:assert/strict';
import { Readable, Writable } from 'node:stream';
import type { Command } from 'commander';
import { createProgram } from '../../server/cli/main.ts';

export interface Verb {
  /** With its noun, as `users list`. */
  readonly name: string;
  readonly verb: Command;
}

const host = {
  env: {},
  stdin: Readable.from([]),
  stdout: new Writable(),
  stderr: new Writable(),
  once() {},
  off() {},
};

function verbsOf(command: Command, words: readonly string[]): Verb[] {
  if (command.commands.length === 0) return [{ name: words.join(' '), verb: command }];
  return command.commands.flatMap((one) => verbsOf(one, [...words, one.name()]));
}

/** All verbs of the command line. */
export async function everyVerb(): Promise<Verb[]> {
  const verbs: Verb[] = [];
  for (const noun of (await createProgram([], host)).commands.map((one) => one.name())) {
    const program = await createProgram([noun], host);
    const command = program.commands.find((one) => one.name() === noun) ?? assert.fail(noun);
    verbs.push(...verbsOf(command, [noun]));
  }
  return verbs;
}
