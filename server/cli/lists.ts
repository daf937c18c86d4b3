import { type Command, InvalidArgumentError } from 'commander';
import type { Static, TObject } from 'typebox';
import type { Read } from '../operations/operation.ts';
import { LIST_LIMIT_MAX, type ListRequest } from '../platform/listing.ts';
import type { Context } from './context.ts';
import { JSON_OPTION, type PrintOptions } from './output.ts';

/** The options of a verb that lists. */
export interface ListOptions extends PrintOptions {
  filter?: string;
  sort?: string;
  limit?: number;
}

export function listOptions(command: Command): Command {
  return command
    .option(
      '--filter <filter>',
      'only those that match, as in the API: MEMBER eq "TEXT" and MEMBER gt "2026-01-01T00:00:00Z"; an unknown member is refused with the names of those that are possible',
    )
    .option('--sort <member>', 'the member to sort by, with - before it in descending order')
    .option('--limit <n>', 'the number of items at most (default: all)', wholeNumber)
    .option(...JSON_OPTION);
}

function wholeNumber(value: string): number {
  if (!/^[1-9]\d{0,8}$/.test(value)) throw new InvalidArgumentError('It must be a whole number from 1.');
  return Number(value);
}

interface PageOf<Item> {
  readonly items: readonly Item[];
  readonly next?: string;
}

interface ListSchemas {
  readonly query: TObject;
  readonly output: TObject;
}

type ItemOf<S extends ListSchemas> = Static<S['output']> extends PageOf<infer Item> ? Item : never;

/**
 * Reads a list page by page.
 * @param further parameters of its own
 * @param params what the list is of, such as a user
 * @returns all items, or as many as the options say
 */
export async function listed<S extends ListSchemas>(
  { operate }: Pick<Context, 'operate'>,
  operation: Read<S>,
  { filter, sort, full, limit: most = Number.POSITIVE_INFINITY }: ListOptions,
  further: Readonly<Record<string, unknown>> = {},
  params: object | undefined = undefined,
): Promise<ItemOf<S>[]> {
  const items: ItemOf<S>[] = [];
  for (let cursor: string | undefined; ; ) {
    const query: ListRequest = {
      ...further,
      ...(filter === undefined ? {} : { filter }),
      ...(sort === undefined ? {} : { sort }),
      ...(cursor === undefined ? {} : { cursor }),
      limit: Math.min(LIST_LIMIT_MAX, most - items.length),
    };
    const page = (await operate(operation, { params, query } as never, { full })) as PageOf<ItemOf<S>>;
    items.push(...page.items);
    if (page.next === undefined || items.length >= most) return items;
    cursor = page.next;
  }
}
