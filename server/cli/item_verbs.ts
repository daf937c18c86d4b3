import type { Command } from 'commander';
import type { Operation as AnyOperation } from '../operations/operation.ts';
import { type ListOptions, listed, listOptions } from './lists.ts';
import { DRY_RUN_OPTION, type Item, JSON_OPTION, type PrintOptions, showing } from './output.ts';
import type { CommandTools } from './tools.ts';

/** One whose input and result are whole. */
export type Operation = Exclude<AnyOperation, { readonly kind: 'stream' }>;

/* Verbs of nouns that have nothing of their own: they read an id, run an operation, and print its result. */

/** `list`, with filter, order and limit. */
export function listVerb(
  noun: Command,
  { verb, printItems }: CommandTools,
  list: {
    readonly about: string;
    readonly operation: Operation;
    readonly columns: readonly string[];
    readonly empty: string;
  },
): void {
  const { about, operation, columns, empty } = list;
  showing(listOptions(noun.command('list').description(about)), operation).action(
    verb<ListOptions>(async (context, options) => {
      const items = await listed(context, operation as Parameters<typeof listed>[1], options);
      printItems(items as Item[], columns, empty, options);
    }),
  );
}

/** A verb about one item. */
export function itemVerb(
  noun: Command,
  { verb, printItem }: CommandTools,
  one: {
    readonly name: string;
    readonly about: string;
    readonly operation: Operation;
    /** The parameter in its path. */
    readonly id: string;
  },
): void {
  const { name, about, operation, id } = one;
  const command = showing(noun.command(name).description(about).argument(`<${id}>`), operation);
  // An id in base64url begins with "-" as often as with any other of 64 characters.
  command.allowUnknownOption();
  if (operation.kind === 'change') command.option(...DRY_RUN_OPTION);
  command.option(...JSON_OPTION).action(
    verb<PrintOptions & { dryRun?: boolean }>(async ({ operate }, options, given = '') => {
      printItem((await operate(operation, { params: { [id]: given } }, options)) as Item, options);
    }),
  );
}
