import { LIST_LIMIT_MAX, type ListRequest, type Page } from '../platform/listing.ts';

/** All items of a list, read page by page, so that no statement reads a whole table. */
export async function everyItem<Item>(
  list: (request: ListRequest) => Promise<Page<Item>>,
  request: ListRequest = {},
): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | undefined;
  do {
    const page = await list({ ...request, limit: LIST_LIMIT_MAX, cursor });
    items.push(...page.items);
    cursor = page.next;
  } while (cursor !== undefined);
  return items;
}
