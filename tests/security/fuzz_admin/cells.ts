import type { OpenApi, Schema } from '../../../server/platform/openapi.ts';
import { type Draw, toJson } from '../fuzz/draw.ts';
import { namesIn, parametersIn, type Target } from './document.ts';
import { DEEP, type Draft } from './drafts.ts';
import { isRecord, keywordsOf } from './values.ts';

/** One thing that is wrong with a request: a place of it, and what is there instead. */
export interface Cell {
  readonly target: Target;
  readonly name: string;
  apply(draft: Draft): Draft;
}

const PROTOTYPE_NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '__defineGetter__'];
const nested = (depth: number, object: boolean): unknown =>
  Array.from({ length: depth }).reduce<unknown>((inner) => (object ? { a: inner } : [inner]), 'x');

/** What a member or a parameter has instead of its value. */
const WRONG: Readonly<Record<string, (draw: Draw) => unknown>> = {
  null: () => null,
  'another type': (draw) => draw.pick([true, 7, 'text', '', [], {}, [[]], [null], [{}], { a: 1 }]),
  'a number': (draw) => draw.number(),
  'something huge': (draw) =>
    draw.pick<unknown>([
      'a'.repeat(257),
      'a'.repeat(5_000),
      '\u20ac'.repeat(2_000),
      Array.from({ length: 1_000 }, () => 'a'),
    ]),
  'any text': (draw) => draw.text(),
  'any Unicode': (draw) =>
    draw.pick(['\u202e\u2066', 'e\u0301\u0327', '\u{1f469}\u200d\u{1f680}', '\ufeff', '\u0130\u0131', '\u1e9e']),
  'a lone surrogate': (draw) => draw.pick(['\ud800', 'a\udfff', '\udc00\ud800']),
  NUL: (draw) => draw.pick(['\0', 'a\0b', 'a\0']),
  'control characters': (draw) => draw.pick(['\u0001', 'a\r\nb: c', '\u001b[31m', '\u0085', '\u2028']),
  'a name of a prototype': (draw) => draw.pick(PROTOTYPE_NAMES),
  'members of a prototype': () => JSON.parse('{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}'),
  'something deep': (draw) => (draw.chance(0.5) ? DEEP : nested(draw.pick([20, 500]), draw.chance(0.5))),
  'any JSON': (draw) => draw.json(),
};

type Place = readonly (string | number)[];

const DEPTH_MAX = 4;

/** All members of a body by its schema. */
function placesIn(document: OpenApi, schema: Schema, at: Place = []): Place[] {
  if (at.length >= DEPTH_MAX) return [];
  const { properties = {}, items, anyOf = [], oneOf = anyOf, allOf = oneOf } = keywordsOf(document, schema);
  const members = Object.entries(properties).flatMap(([name, one]) => [
    [...at, name],
    ...placesIn(document, one, [...at, name]),
  ]);
  const ofItems = items ? [[...at, 0], ...placesIn(document, items, [...at, 0])] : [];
  return [...members, ...ofItems, ...allOf.flatMap((one) => placesIn(document, one, at))];
}

/** The same with another value at a place; what is above it is made. */
function withValue(whole: unknown, [first, ...rest]: Place, value: unknown): unknown {
  if (first === undefined) return value;
  if (typeof first === 'number') {
    const list = Array.isArray(whole) ? [...whole] : [];
    list[first] = withValue(list[first], rest, value);
    return list;
  }
  const record = isRecord(whole) ? whole : {};
  if (rest.length === 0 && value === undefined) {
    const { [first]: _, ...others } = record;
    return others;
  }
  return { ...record, [first]: withValue(record[first], rest, value) };
}

/** @param value text as it is, anything else as JSON; a lone surrogate as the bytes that it would have */
export function encoded(value: unknown): string {
  const text = typeof value === 'string' ? value : toJson(value);
  return text
    .split(/([\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff])/)
    .map((part) => (part.isWellFormed() ? encodeURIComponent(part) : '%ED%A0%80'))
    .join('');
}

type Change = (draft: Draft, draw: Draw) => Draft;

const json = (draft: Draft) => toJson(draft.body ?? {});
/** Members of a body as text, since an object cannot have one twice. */
const withMember = (draft: Draft, member: string) =>
  json(draft).replace(/^\{(?=(.?))/, (_all, next) => `{${member}${next === '}' ? '' : ','}`);
const raw =
  (made: (draft: Draft, draw: Draw) => string | Buffer): Change =>
  (draft, draw) => ({ ...draft, raw: made(draft, draw) });

/** What is wrong with a body as a whole. */
const BODIES: Readonly<Record<string, Change>> = {
  'an unknown member': (draft, draw) => ({
    ...draft,
    body: {
      ...(draft.body as object),
      [draw.pick(['admin', 'id', 'version', 'managed_by', 'password_hash', '', 'a/b~c', draw.text()])]: draw.json(),
    },
  }),
  'a name of a prototype': raw((draft, draw) =>
    withMember(draft, `${JSON.stringify(draw.pick(PROTOTYPE_NAMES))}:{"admin":true}`),
  ),
  'a member twice': raw((draft) => withMember(draft, '"name":"first","name":"second"')),
  'another type': (draft, draw) => ({
    ...draft,
    body: draw.pick<unknown>([null, [], [draft.body], 'text', 7, true, '', {}]),
  }),
  'any JSON': (draft, draw) => ({ ...draft, body: draw.json() }),
  'half of it': raw((draft, draw) => json(draft).slice(0, draw.int(json(draft).length))),
  nothing: raw(() => ''),
  'no JSON': raw((_draft, draw) =>
    draw.pick([
      'x',
      '{',
      '{"a":}',
      "{'a':1}",
      '{"a":1}{',
      '[1,]',
      '\ufeff{}',
      'NaN',
      '{"a":1e}',
      '"\\u12"',
      '\0',
      'a=b&c=d',
      '<a/>',
    ]),
  ),
  'no UTF-8': raw(() => Buffer.from([0x7b, 0x22, 0xff, 0xc0, 0x22, 0x3a, 0x31, 0x7d])),
  'something deep': raw((_draft, draw) =>
    draw.pick(['['.repeat(30_000), '{"a":'.repeat(10_000), `${'['.repeat(20_000)}${']'.repeat(20_000)}`]),
  ),
  'too many bytes': raw((draft) => withMember(draft, `"filler":"${'a'.repeat(70_000)}"`)),
  'too many members': raw((draft) => withMember(draft, Array.from({ length: 3_000 }, (_, i) => `"m${i}":1`).join(','))),
};

const HEADERS: Readonly<Record<string, readonly string[]>> = {
  'if-match': [
    '',
    '"0"',
    '"999999"',
    '"1", "2"',
    'W/"1"',
    '1',
    '"',
    '*, "1"',
    '"\u00ff"',
    '"-1"',
    '"1e9"',
    '"99999999999999999999"',
    'null',
  ],
  'if-none-match': ['*', '"1"', 'W/"1"', '"'.repeat(99), ',', '\u00ff'],
  'idempotency-key': ['', '""', 'a'.repeat(256), 'a'.repeat(4_000), 'a b', '\u00ff', '"', '__proto__', 'a,b'],
  prefer: [
    'handling=dry-run',
    'handling="dry-run"',
    'handling=strict',
    'a'.repeat(5_000),
    ',;=,',
    '\u00ff',
    'handling=dry-run; a=b',
  ],
  accept: [
    'text/html',
    'application/problem+json',
    'application/json;q=0',
    '*/*;q=0',
    ',',
    '\u00ff',
    'a'.repeat(3_000),
    'application/json;q=x',
  ],
  'content-type': [
    '',
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    'application/json; charset=utf-16',
    'application/json;',
    'application/',
    '/',
    '\u00ff',
    'application/problem+json',
    'application/merge-patch+json',
    'application/json-patch+json',
  ],
  'content-encoding': ['gzip', 'br', 'x'],
  'x-http-method-override': ['DELETE'],
  'accept-language': ['xx-'.repeat(50), '*;q=9e9'],
  origin: ['null', 'https://evil.example'],
  authorization: ['Bearer', 'Bearer x', 'Bearer a.b.c', 'DPoP a.b.c', 'Basic YTpi', '\u00ff', 'Bearer '.repeat(20)],
  dpop: ['a.b.c', '\u00ff'],
  cookie: ['cardea_session=%ff; __proto__=1'],
};

const QUERIES: Readonly<Record<string, (draw: Draw) => [string, string][]>> = {
  'an unknown parameter': (draw) => [
    [encoded(draw.pick(['admin', 'dryrun', 'limit ', 'a[b]', 'a[]', draw.text()])), '1'],
  ],
  'a name of a prototype': (draw) => [[draw.pick(PROTOTYPE_NAMES), 'true']],
  'an encoding that is broken': (draw) => [
    [draw.pick(['a', 'limit', 'filter', 'dryRun']), draw.pick(['%', '%zz', '%ff%fe', '%c0%80', '%u0041', '+'])],
  ],
  'many parameters': () => Array.from({ length: 1_000 }, (_, i): [string, string] => [`p${i}`, '1']),
};

const PATHS = [
  '%00',
  '%2e%2e',
  '%2F',
  'a%2Fb',
  '%',
  '%zz',
  '%ff',
  ';a=b',
  '.',
  '0',
  '-1',
  'null',
  '*',
  '__proto__',
  'a'.repeat(255),
  'a'.repeat(300),
  '%ED%A0%80',
];

/** Everything that can be wrong with requests to an operation, each once. */
export function cellsOf(draw: Draw, document: OpenApi, target: Target): Cell[] {
  const cell = (name: string, change: Change): Cell => ({
    target,
    name: `${target.id}: ${name}`,
    apply: (draft) => change(draft, draw),
  });
  const wrong = Object.entries(WRONG);
  const { body } = target;
  const places = body ? placesIn(document, body.schema) : [];
  const ofMembers = places.flatMap((place) => [
    cell(`no ${place.join('.')}`, (draft) => ({ ...draft, body: withValue(draft.body, place, undefined) })),
    ...wrong.map(([kind, make]) =>
      cell(`${place.join('.')}: ${kind}`, (draft) => ({ ...draft, body: withValue(draft.body, place, make(draw)) })),
    ),
  ]);
  const ofBody = Object.entries(BODIES).map(([kind, change]) =>
    cell(
      `a body with ${kind}`,
      body
        ? change
        : (draft) => ({ ...change(draft, draw), headers: { ...draft.headers, 'content-type': 'application/json' } }),
    ),
  );
  const ofQuery = parametersIn(target, 'query').flatMap(({ name }) => [
    ...wrong.map(([kind, make]) =>
      cell(`?${name}: ${kind}`, (draft) => ({
        ...draft,
        query: [...without(draft.query, name), [name, encoded(make(draw))]],
      })),
    ),
    cell(`?${name}: twice`, (draft) => ({
      ...draft,
      query: [...without(draft.query, name), [name, 'true'], [name, '1']],
    })),
  ]);
  const ofNames = Object.entries(QUERIES).map(([kind, make]) =>
    cell(`? ${kind}`, (draft) => ({ ...draft, query: [...draft.query, ...make(draw)] })),
  );
  const ofPath = namesIn(target.path).flatMap((name) => [
    ...wrong.map(([kind, make]) =>
      cell(`{${name}}: ${kind}`, (draft) => ({
        ...draft,
        params: { ...draft.params, [name]: encoded(make(draw)).slice(0, 6_000) },
      })),
    ),
    ...PATHS.map((value) =>
      cell(`{${name}}: ${value.slice(0, 10)}`, (draft) => ({ ...draft, params: { ...draft.params, [name]: value } })),
    ),
  ]);
  const ofHeaders = Object.entries(HEADERS).flatMap(([name, values]) => [
    ...values.map((value) =>
      cell(`${name}: ${value.slice(0, 20)}`, (draft) => ({ ...draft, headers: { ...draft.headers, [name]: value } })),
    ),
    cell(`no ${name}`, (draft) => {
      const { [name]: _, ...headers } = draft.headers;
      return { ...draft, headers };
    }),
  ]);
  const ofMethod = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE']
    .filter((method) => method !== target.method)
    .map((method) => cell(`by ${method}`, (draft) => ({ ...draft, method })));
  return [...ofMembers, ...ofBody, ...ofQuery, ...ofNames, ...ofPath, ...ofHeaders, ...ofMethod];
}

const without = (query: Draft['query'], name: string) => query.filter(([one]) => one !== name);
