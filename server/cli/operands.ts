import type { Command } from 'commander';

/** Ids of grants, sessions and keys are base64url, so one of 64 begins with a hyphen. No option is that long. */
const ID = /^-[A-Za-z0-9_][\w-]{14,}$/;

/**
 * The arguments with those ids after `--`, which begin with a hyphen and would otherwise be taken for options. The value of an
 * option stays where it is.
 */
export function withOperandsLast(args: readonly string[], program: Command): string[] {
  if (args.includes('--')) return [...args];
  const takingValue = new Set(optionsOf(program).flatMap(({ required, long }) => (required && long ? [long] : [])));
  const isOperand = (arg: string, at: number) => ID.test(arg) && !takingValue.has(args[at - 1] ?? '');
  const operands = args.filter(isOperand);
  return operands.length === 0 ? [...args] : [...args.filter((arg, at) => !isOperand(arg, at)), '--', ...operands];
}

function optionsOf(command: Command): Command['options'][number][] {
  return [...command.options, ...command.commands.flatMap(optionsOf)];
}
