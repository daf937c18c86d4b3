import { type OpenApi, type Reference, resolve, type Schema } from '../platform/openapi.ts';

/** A member of a schema, or a parameter, as the reference shows it. */
export interface Row {
  /** `address.street`, `items[].id`. */
  readonly name: string;
  readonly type: string;
  /** The name of the schema that is shown elsewhere on the page. */
  readonly ref?: string;
  readonly required: boolean;
  readonly rules: readonly string[];
  readonly description: string;
}

/** A schema, or one of its alternatives. */
export interface SchemaView {
  readonly title?: string;
  readonly ref?: string;
  readonly type: string;
  readonly description: string;
  readonly rows: readonly Row[];
}

/** Members of members are shown to this depth. */
const DEPTH_MAX = 5;

interface Node {
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly [keyword: string]: unknown;
}

/** Keywords whose value is a number or a text, in words. */
const RULES: Readonly<Record<string, (value: unknown) => string>> = {
  minLength: (value) => `at least ${value} characters`,
  maxLength: (value) => `at most ${value} characters`,
  minimum: (value) => `at least ${value}`,
  maximum: (value) => `at most ${value}`,
  minItems: (value) => `at least ${value} items`,
  maxItems: (value) => `at most ${value} items`,
  pattern: (value) => `like ${value}`,
  const: (value) => `always ${JSON.stringify(value)}`,
  default: (value) => `default ${JSON.stringify(value)}`,
  enum: (value) => `one of ${(value as unknown[]).map((one) => JSON.stringify(one)).join(', ')}`,
};

/** A schema as it is shown: each alternative has a view of its own. */
export function viewsOf(document: OpenApi, schema: Schema): SchemaView[] {
  const node = schema as Node;
  const alternatives = node.oneOf ?? node.anyOf;
  if (alternatives && !refOf(schema)) return alternatives.flatMap((one) => viewsOf(document, one));
  const ref = refOf(schema);
  const { title, description = '' } = node;
  return [
    {
      ...(title === undefined ? {} : { title }),
      ...(ref === undefined ? {} : { ref }),
      type: typeOf(document, node),
      description,
      rows: ref === undefined ? rowsOf(document, node, '', 0) : [],
    },
  ];
}

/** The row of a parameter or a header. */
export function rowOf(
  document: OpenApi,
  { name, schema = {}, required = false, description }: Partial<Row> & { name: string; schema?: Schema },
): Row {
  return {
    ...describe(document, name, schema as Node, required),
    ...(description === undefined ? {} : { description }),
  };
}

function rowsOf(document: OpenApi, node: Node, prefix: string, depth: number): Row[] {
  const whole = merged(document, node);
  const rows = Object.entries(whole.properties ?? {}).flatMap(([name, child]) => {
    const path = `${prefix}${name}`;
    const row = describe(document, path, child as Node, whole.required?.includes(name) ?? false);
    return [
      row,
      ...(row.ref === undefined && depth < DEPTH_MAX ? rowsBelow(document, child as Node, path, depth) : []),
    ];
  });
  return rows;
}

function rowsBelow(document: OpenApi, node: Node, path: string, depth: number): Row[] {
  if (node.items && !refOf(node.items)) return rowsOf(document, node.items as Node, `${path}[].`, depth + 1);
  return rowsOf(document, node, `${path}.`, depth + 1);
}

/** With the members of `allOf`. */
function merged(document: OpenApi, node: Node): Node {
  if (!node.allOf) return node;
  const parts = [...node.allOf.map((one) => merged(document, resolve<Schema>(document, one) as Node)), node];
  return {
    ...node,
    properties: Object.fromEntries(parts.flatMap(({ properties = {} }) => Object.entries(properties))),
    required: parts.flatMap(({ required = [] }) => required),
  };
}

function describe(document: OpenApi, name: string, node: Node, required: boolean): Row {
  const ref = refOf(node) ?? (node.items && refOf(node.items));
  const rules = Object.entries(RULES).flatMap(([keyword, say]) =>
    node[keyword] === undefined ? [] : [say(node[keyword])],
  );
  const itemRules = node.items?.enum === undefined ? [] : [`each ${RULES.enum?.(node.items.enum)}`];
  return {
    name,
    type: typeOf(document, node),
    ...(ref === undefined ? {} : { ref }),
    required,
    rules: [...rules, ...itemRules],
    description: node.description ?? '',
  };
}

/** The name of the schema that a reference points at. */
function refOf(schema: object): string | undefined {
  const { $ref } = schema as Partial<Reference>;
  return typeof $ref === 'string' ? $ref.split('/').at(-1) : undefined;
}

function typeOf(document: OpenApi, node: Node): string {
  const ref = refOf(node);
  if (ref !== undefined) return ref;
  const alternatives = node.oneOf ?? node.anyOf;
  if (alternatives) return [...new Set(alternatives.map((one) => typeOf(document, one as Node)))].join(' or ');
  const types = [node.type ?? (node.properties ? 'object' : [])].flat();
  const words = types.map((type) =>
    type === 'array' && node.items ? `array of ${typeOf(document, node.items as Node)}` : type,
  );
  const format = node.format === undefined ? '' : ` (${node.format})`;
  return `${words.join(' or ') || 'any value'}${format}`;
}
