import {
  type MediaType,
  type OpenApi,
  type Operation,
  operationsOf,
  type Response,
  resolve,
  type Schema,
} from '../../server/platform/openapi.ts';

/**
 * Finds changes of a description that break programs which were written for the one before: what they send is refused, or what
 * they read is not there. New operations, optional input, new members and new values of output break nothing.
 */
export function breakingChanges(before: OpenApi, after: OpenApi): string[] {
  const there = new Map(operationsOf(after).map((one) => [`${one.method} ${one.path}`, one.operation]));
  return operationsOf(before).flatMap(({ method, path, operation }) => {
    const at = `${method.toUpperCase()} ${path}`;
    const now = there.get(`${method} ${path}`);
    if (!now) return [`${at} was removed`];
    return operationChanges({ document: before, operation }, { document: after, operation: now }, at);
  });
}

interface Side {
  readonly document: OpenApi;
  readonly operation: Operation;
}

function operationChanges(before: Side, after: Side, at: string): string[] {
  return [
    ...(before.operation.operationId === after.operation.operationId ? [] : [`${at} has another operationId`]),
    ...securityChanges(before.operation, after.operation, at),
    ...parameterChanges(before, after, at),
    ...bodyChanges(before, after, at),
    ...responseChanges(before, after, at),
  ];
}

/** One way to authenticate is enough, so each that was possible must still be. */
function securityChanges({ security: before }: Operation, { security: after }: Operation, at: string): string[] {
  const ways = (security: Operation['security']) => (security ?? [{}]).map((way) => JSON.stringify(sorted(way)));
  const now = new Set(ways(after));
  return ways(before).flatMap((way) => (now.has(way) ? [] : [`${at} no longer accepts the authentication ${way}`]));
}

function sorted(way: Readonly<Record<string, readonly string[]>>): object {
  const entries = Object.entries(way).map(([name, scopes]) => [name, scopes.toSorted()] as const);
  return Object.fromEntries(entries.toSorted(([a], [b]) => a.localeCompare(b)));
}

function parameterChanges(before: Side, after: Side, at: string): string[] {
  const named = ({ operation }: Side) =>
    new Map((operation.parameters ?? []).map((one) => [`${one.in} parameter ${one.name}`, one]));
  const [old, now] = [named(before), named(after)];
  const added = [...now].flatMap(([name, { required }]) =>
    required && !old.get(name)?.required ? [`${at} needs the ${name}`] : [],
  );
  const changed = [...old].flatMap(([name, { schema = {} }]) => {
    const found = now.get(name);
    if (!found) return [`${at} has no ${name} any more`];
    return schemaChanges(nodeOf(before, schema), nodeOf(after, found.schema ?? {}), 'input', `${at}, ${name}`);
  });
  return [...added, ...changed];
}

function bodyChanges(before: Side, after: Side, at: string): string[] {
  const { requestBody: old } = before.operation;
  const { requestBody: now } = after.operation;
  if (!old) return now?.required ? [`${at} needs a body`] : [];
  if (!now) return [`${at} has no body any more`];
  return [
    ...(now.required && !old.required ? [`${at} needs a body`] : []),
    ...contentChanges([before, old.content], [after, now.content], 'input', `${at}, body`),
  ];
}

function responseChanges(before: Side, after: Side, at: string): string[] {
  return Object.entries(before.operation.responses ?? {}).flatMap(([status, given]) => {
    const place = `${at}, response ${status}`;
    const found = after.operation.responses?.[status];
    if (!found) return [`${place} was removed`];
    const [old, now] = [resolve<Response>(before.document, given), resolve<Response>(after.document, found)];
    const headers = Object.keys(old.headers ?? {}).filter((name) => !Object.hasOwn(now.headers ?? {}, name));
    return [
      ...headers.map((name) => `${place} has no header ${name} any more`),
      ...contentChanges([before, old.content ?? {}], [after, now.content ?? {}], 'output', place),
    ];
  });
}

type Content = Readonly<Record<string, MediaType>>;

function contentChanges([before, old]: [Side, Content], [after, now]: [Side, Content], use: Use, at: string): string[] {
  return Object.entries(old).flatMap(([type, { schema = {} }]) => {
    const found = now[type];
    if (!found) return [`${at} is not ${type} any more`];
    return schemaChanges(nodeOf(before, schema), nodeOf(after, found.schema ?? {}), use, `${at} ${type}`);
  });
}

/** `input` must accept all that it did, `output` must give all that it did. */
type Use = 'input' | 'output';

interface Node {
  readonly document: OpenApi;
  readonly schema: Keywords;
  /** The references that led here: a schema can contain itself. */
  readonly through: readonly string[];
}

interface Keywords {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly [keyword: string]: unknown;
}

function nodeOf({ document }: Pick<Side, 'document'>, schema: Schema, through: readonly string[] = []): Node {
  const { $ref } = schema as Keywords;
  const target = resolve<Schema>(document, schema) as Keywords;
  const path = $ref === undefined ? through : [...through, $ref];
  if (target.$ref !== undefined) return nodeOf({ document }, target, path);
  if (!target.allOf) return { document, schema: target, through: path };
  const parts = [...target.allOf.map((part) => nodeOf({ document }, part, path).schema), target];
  const properties = Object.fromEntries(parts.flatMap((part) => Object.entries(part.properties ?? {})));
  const required = parts.flatMap((part) => part.required ?? []);
  return { document, schema: Object.assign({}, ...parts, { properties, required }) as Keywords, through: path };
}

function schemaChanges(before: Node, after: Node, use: Use, at: string): string[] {
  const isRepeated = ({ through }: Node) => new Set(through).size < through.length;
  if (isRepeated(before) && isRepeated(after)) return [];
  const [old, now] = [before.schema, after.schema];
  const choices = (schema: Keywords) => schema.oneOf ?? schema.anyOf;
  if (choices(old) || choices(now))
    return choiceChanges(alternatives(before, choices(old)), alternatives(after, choices(now)), use, at);
  return [
    ...typeChanges(old, now, use, at),
    ...(use === 'input' ? [...valueChanges(old, now, at), ...limitChanges(old, now, at)] : []),
    ...propertyChanges(before, after, use, at),
    ...(old.items && now.items ? schemaChanges(below(before, old.items), below(after, now.items), use, `${at}[]`) : []),
  ];
}

const below = ({ document, through }: Node, schema: Schema): Node => nodeOf({ document }, schema, through);

const alternatives = (node: Node, choices: readonly Schema[] | undefined): Node[] =>
  choices ? choices.map((one) => below(node, one)) : [node];

/** Each alternative that could be sent must be accepted by one, each that can be read must be one that there was. */
function choiceChanges(old: readonly Node[], now: readonly Node[], use: Use, at: string): string[] {
  if (old.length === 1 && now.length === 1 && old[0] && now[0]) return schemaChanges(old[0], now[0], use, at);
  const fits = (a: Node, b: Node) => schemaChanges(a, b, use, at).length === 0;
  const isLost =
    use === 'input' ? old.some((a) => !now.some((b) => fits(a, b))) : now.some((b) => !old.some((a) => fits(a, b)));
  return isLost ? [`${at} has other alternatives`] : [];
}

function typesOf({ type }: Keywords): readonly string[] | undefined {
  return type === undefined ? undefined : ([type].flat() as readonly string[]);
}

function typeChanges(old: Keywords, now: Keywords, use: Use, at: string): string[] {
  const [few, many] = use === 'input' ? [typesOf(old), typesOf(now)] : [typesOf(now), typesOf(old)];
  if (!many) return [];
  const isIn = (type: string) => many.includes(type) || (type === 'integer' && many.includes('number'));
  if (few?.every(isIn)) return [];
  const named = (schema: Keywords) => typesOf(schema)?.join(' or ') ?? 'of any type';
  return [`${at} was ${named(old)}, and is ${named(now)}`];
}

function valueChanges(old: Keywords, now: Keywords, at: string): string[] {
  const values = ({ enum: words, const: word }: Keywords) => words ?? (word === undefined ? undefined : [word]);
  const [had, has] = [values(old), values(now)];
  if (!has) return [];
  if (!had) return [`${at} accepts certain values only`];
  const kept = new Set(has.map((one) => JSON.stringify(one)));
  const lost = had.map((one) => JSON.stringify(one)).filter((one) => !kept.has(one));
  return lost.map((value) => `${at} does not accept ${value} any more`);
}

/** Where a greater value is stricter (1), a smaller one (-1), or each other one (0). */
const LIMITS: Readonly<Record<string, 1 | -1 | 0>> = {
  minLength: 1,
  maxLength: -1,
  minimum: 1,
  maximum: -1,
  minItems: 1,
  maxItems: -1,
  pattern: 0,
  format: 0,
};

function limitChanges(old: Keywords, now: Keywords, at: string): string[] {
  return Object.entries(LIMITS).flatMap(([keyword, stricter]) => {
    const [had, has] = [old[keyword], now[keyword]];
    if (has === undefined || has === had) return [];
    if (had !== undefined && stricter !== 0 && (Number(has) - Number(had)) * stricter < 0) return [];
    return [`${at} has a stricter ${keyword}`];
  });
}

function propertyChanges(before: Node, after: Node, use: Use, at: string): string[] {
  const [old, now] = [before.schema, after.schema];
  const [had, has] = [old.properties ?? {}, now.properties ?? {}];
  const common = Object.keys(had).filter((name) => Object.hasOwn(has, name));
  const needs = ({ required = [] }: Keywords, name: string) => required.includes(name);
  const isClosedNow = now.additionalProperties === false && old.additionalProperties !== false && old.properties;
  return [
    ...Object.keys(had).flatMap((name) => (Object.hasOwn(has, name) ? [] : [`${at} has no ${name} any more`])),
    ...(use === 'input'
      ? (now.required ?? []).filter((name) => !needs(old, name)).map((name) => `${at} needs ${name}`)
      : common.filter((name) => needs(old, name) && !needs(now, name)).map((name) => `${at} may come without ${name}`)),
    ...(use === 'input' && isClosedNow ? [`${at} refuses other members`] : []),
    ...common.flatMap((name) =>
      schemaChanges(below(before, had[name] ?? {}), below(after, has[name] ?? {}), use, `${at}.${name}`),
    ),
  ];
}
