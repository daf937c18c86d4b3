import { type OpenApi, type Response, resolve, type Schema } from '../../../server/platform/openapi.ts';
import { type Draw, toJson } from '../fuzz/draw.ts';
import type { Shot } from '../fuzz/exchange.ts';
import { fill, namesIn, parametersIn, type Target, targetAt } from './document.ts';
import { isRecord, type Kept, keywordsOf, type Values } from './values.ts';

/** A request before it is transmitted. */
export interface Draft {
  readonly target: Target;
  readonly method: string;
  /** Of the path, encoded. */
  readonly params: Readonly<Record<string, string>>;
  /** Encoded. */
  readonly query: readonly (readonly [string, string])[];
  readonly headers: Readonly<Record<string, string>>;
  /** JSON; undefined: none. */
  readonly body: unknown;
  /** Sent instead of the body. */
  readonly raw?: string | Buffer;
}

/** In JSON, stands for more levels than `JSON.stringify` can write. */
export const DEEP = '\u27e6deep\u27e7';
const DEPTH = 15_000;

export function shotOf({ target, method, params, query, headers, body, raw }: Draft, own: Shot['headers']): Shot {
  const search = query.map((pair) => pair.join('=')).join('&');
  return {
    method,
    target: fill(target.path, params) + (search === '' ? '' : `?${search}`),
    headers: { ...own, ...headers },
    body:
      raw ?? (body === undefined ? '' : toJson(body).replaceAll(`"${DEEP}"`, '['.repeat(DEPTH) + ']'.repeat(DEPTH))),
  };
}

interface DraftParts {
  readonly draw: Draw;
  readonly document: OpenApi;
  readonly targets: readonly Target[];
  readonly values: Values;
  readonly kept: Kept;
  /** The answer to a GET by somebody who may see everything. @returns undefined when it was no success */
  get(path: string): Promise<{ readonly body: unknown; readonly etag: string | undefined } | undefined>;
}

const OPERATORS = ['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le'];
const LISTED = '?limit=30';
/** Of entries of the audit the oldest: no signed head covers the newest, so that they cannot be proved. */
const LISTED_FIRST: Readonly<Record<string, string>> = { '/audit': '&sort=at' };

/** Makes requests that ought to succeed, about what there is. */
export function createDrafts({ draw, document, targets, values, kept, get }: DraftParts) {
  const lists = new Map<string, Promise<readonly unknown[]>>();
  /** By the collection: what was changed last. One change often makes the next one possible, such as of a secret. */
  const recent = new Map<string, string>();

  async function readList(template: string, params: Readonly<Record<string, string>>): Promise<readonly unknown[]> {
    const own = targetAt(targets, 'GET', template);
    const paged = own && parametersIn(own, 'query').some(({ name }) => name === 'limit');
    const answer = own && (await get(fill(template, params) + (paged ? LISTED + (LISTED_FIRST[template] ?? '') : '')));
    if (isRecord(answer?.body) && Array.isArray(answer.body.items)) return answer.body.items;
    // Not a list of its own, but a member of what is above.
    const at = template.lastIndexOf('/');
    const above = template.slice(0, at);
    const whole = targetAt(targets, 'GET', above) && (await get(fill(above, params)));
    const member = isRecord(whole?.body) ? whole.body[template.slice(at + 1)] : undefined;
    return Array.isArray(member) ? member : [];
  }

  function listAt(template: string, params: Readonly<Record<string, string>>): Promise<readonly unknown[]> {
    const key = fill(template, params);
    const list = lists.get(key) ?? readList(template, params);
    lists.set(key, list);
    return list;
  }

  async function paramsOf(target: Target): Promise<Record<string, string>> {
    const params: Record<string, string> = {};
    for (const name of namesIn(target.path)) {
      const collection = collectionOf(target, name);
      const last = recent.get(fill(collection, params));
      if (last !== undefined && draw.chance(0.3)) {
        params[name] = last;
        continue;
      }
      const items = await listAt(collection, params);
      const item = items.length === 0 ? undefined : draw.pick(items);
      const { schema = {}, example } = parametersIn(target, 'path').find((one) => one.name === name) ?? {};
      const id = isRecord(item) ? (item[name] ?? item.id) : item;
      params[name] = encodeURIComponent(String(id ?? values.value(schema, { name, example })).toWellFormed());
    }
    return params;
  }

  function queryOf(target: Target): [string, string][] {
    return parametersIn(target, 'query').flatMap(({ name, schema = {}, example, required }): [string, string][] => {
      const chance = name === 'force' ? 0.1 : 0.2;
      if (!required && !draw.chance(chance)) return [];
      const special = SPECIAL[name];
      const value = special ? special(memberNames(target)) : values.value(schema, { name, example });
      return value === undefined ? [] : [[name, encodeURIComponent(String(value).toWellFormed())]];
    });
  }

  /** The members of the items of a list. */
  function memberNames({ operation }: Target): string[] {
    const success = resolve(document, operation.responses?.['200'] ?? { description: '' }) as Response;
    const page = keywordsOf(document, success.content?.['application/json']?.schema ?? {});
    const item = keywordsOf(document, keywordsOf(document, page.properties?.items ?? {}).items ?? ({} as Schema));
    return Object.keys(item.properties ?? {});
  }

  function comparison(members: readonly string[]): string {
    const name = members.length === 0 ? 'name' : draw.pick(members);
    const known = kept.of(name);
    const value =
      known.length > 0 && draw.chance(0.7) ? draw.pick(known) : draw.pick([true, null, 1, 'a', draw.text()]);
    return draw.chance(0.1) ? `${name} pr` : `${name} ${draw.pick(OPERATORS)} ${JSON.stringify(value)}`;
  }

  function keptAs(name: string): string | undefined {
    const known = kept.of(name);
    return known.length === 0 ? undefined : String(draw.pick(known));
  }

  const SPECIAL: Readonly<Record<string, (members: readonly string[]) => string | undefined>> = {
    filter(members) {
      const one = comparison(members);
      if (draw.chance(0.5)) return one;
      return draw.pick([`not (${one})`, `${one} and ${comparison(members)}`, `(${one} or ${comparison(members)})`]);
    },
    sort: (members) => (members.length === 0 ? 'id' : `${draw.pick(['', '-'])}${draw.pick([...members, 'id'])}`),
    fields: (members) => members.filter(() => draw.chance(0.4)).join(',') || members[0],
    cursor: () => keptAs('next'),
    // sizes of trees that were signed
    from: () => keptAs('tree_size'),
    to: () => keptAs('tree_size'),
  };

  async function headersOf(target: Target, params: Readonly<Record<string, string>>): Promise<Record<string, string>> {
    const names = parametersIn(target, 'header').map(({ name }) => name.toLowerCase());
    const headers: Record<string, string> = {};
    if (target.body) headers['content-type'] = draw.pick(target.body.types);
    if (names.includes('if-match')) {
      const shown = draw.chance(0.6) && targetAt(targets, 'GET', target.path) && (await get(fill(target.path, params)));
      headers['if-match'] = (shown || undefined)?.etag ?? '*';
    }
    if (names.includes('idempotency-key') && draw.chance(0.3)) headers['idempotency-key'] = `key-${draw.int(2 ** 32)}`;
    if (names.includes('prefer') && draw.chance(0.05)) headers.prefer = 'handling=dry-run';
    return headers;
  }

  return {
    /** Lists are read again: this has changed something. */
    forget({ target, params }: Draft): void {
      lists.clear();
      for (const name of namesIn(target.path)) recent.set(fill(collectionOf(target, name), params), params[name] ?? '');
    },
    async valid(target: Target): Promise<Draft> {
      const params = await paramsOf(target);
      const { body } = target;
      return {
        target,
        method: target.method,
        params,
        query: queryOf(target),
        headers: await headersOf(target, params),
        body: body && values.value(body.schema, { name: target.id, example: body.example }),
      };
    },
  };
}

const collectionOf = ({ path }: Target, name: string) => path.slice(0, path.indexOf(`{${name}}`) - 1);

export type Drafts = ReturnType<typeof createDrafts>;
