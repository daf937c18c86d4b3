import { type TObject, Type } from 'typebox';
import { invalidInput } from '../platform/errors.ts';
import { CURSOR_MAX, LIST_LIMIT_DEFAULT, LIST_LIMIT_MAX, type Page } from '../platform/listing.ts';
import { suggestion } from '../platform/nearest_name.ts';
import { strict } from './schema.ts';

/** Lists are read one page at a time, and never cut off silently: `next` is there when there is more. */

/** How a page of any list is asked for. */
export const PAGE_QUERY = {
  cursor: Type.Optional(Type.String({ maxLength: CURSOR_MAX, description: '`next` of the page before' })),
  limit: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: LIST_LIMIT_MAX,
      description: `items at most; ${LIST_LIMIT_DEFAULT} by default`,
    }),
  ),
  fields: Type.Optional(
    Type.String({ maxLength: 1_024, description: 'members of the items to answer with, separated by commas' }),
  ),
};

/** For lists that can be searched and ordered. */
export const LIST_QUERY = {
  ...PAGE_QUERY,
  filter: Type.Optional(
    Type.String({ maxLength: 1_024, description: 'in the syntax of SCIM 2.0 (RFC 7644 §3.4.2.2)' }),
  ),
  sort: Type.Optional(Type.String({ maxLength: 64, description: 'a member to sort by; descending with - before it' })),
  total: Type.Optional(Type.Boolean({ description: 'count all items that match' })),
};

/** A page of a list. With `fields`, items have no other members. */
export function pageOf<T extends TObject>(item: T, description: string) {
  return strict(
    {
      items: Type.Array(Type.Partial(item, { additionalProperties: false })),
      next: Type.Optional(Type.String({ description: 'the cursor of the next page; absent on the last' })),
      total: Type.Optional(Type.Integer({ minimum: 0 })),
    },
    { description },
  );
}

/** A page of a list, with its items as they are shown. */
export function shownPage<Item, Shown>({ items, ...rest }: Page<Item>, shown: (item: Item) => Shown) {
  return { items: items.map(shown), ...rest };
}

/**
 * The members that a parameter `fields` names.
 * @param known those that there are
 * @throws AppError 400 `invalid_input` for another one
 */
export function membersIn(fields: string, known: readonly string[]): string[] {
  const names = fields.split(',').map((one) => one.trim());
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return names;
  const named = JSON.stringify(unknown.slice(0, 100));
  throw invalidInput('fields', `${named} is no member; there are ${known.join(', ')}${suggestion(known, unknown)}`);
}
