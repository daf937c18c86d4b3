import {
  type MediaType,
  type Method,
  type OpenApi,
  type Operation,
  operationsOf,
  type Response,
  resolve,
} from '../platform/openapi.ts';
import { type Row, rowOf, type SchemaView, viewsOf } from './schema_rows.ts';

/** A description (OpenAPI) as the reference shows it. */
export interface ReferenceModel {
  readonly title: string;
  readonly version: string;
  readonly description: string;
  readonly server: string;
  readonly groups: readonly GroupView[];
  readonly schemas: readonly (SchemaView & { readonly name: string })[];
  readonly security: readonly { readonly name: string; readonly description: string }[];
}

export interface GroupView {
  readonly name: string;
  readonly description: string;
  readonly operations: readonly OperationView[];
}

export interface OperationView {
  readonly id: string;
  readonly method: Uppercase<Method>;
  readonly path: string;
  readonly summary: string;
  readonly description: string;
  readonly deprecated: boolean;
  /** The ways to authenticate, of which one is enough; an empty list is none. */
  readonly security: readonly (readonly string[])[];
  /** By their place: path, query, header, cookie. */
  readonly parameters: readonly { readonly place: string; readonly rows: readonly Row[] }[];
  readonly bodies: readonly ContentView[];
  readonly responses: readonly ResponseView[];
}

export interface ContentView {
  readonly type: string;
  readonly schemas: readonly SchemaView[];
  readonly examples: readonly { readonly title: string; readonly text: string }[];
}

export interface ResponseView {
  readonly status: string;
  readonly description: string;
  readonly headers: readonly Row[];
  readonly contents: readonly ContentView[];
}

const FORM = 'application/x-www-form-urlencoded';
const PLACES = ['path', 'query', 'header', 'cookie'] as const;

/** The model of a page. Operations without a tag are in a group of the title. */
export function modelOf(document: OpenApi): ReferenceModel {
  const { info, servers = [], tags = [], components = {} } = document;
  const all = operationsOf(document);
  const tagOf = ({ tags: of = [] }: Operation) => of[0] ?? info.title;
  const names = new Set([...tags.map(({ name }) => name), ...all.map(({ operation }) => tagOf(operation))]);
  const groups = [...names].map((name) => ({
    name,
    description: tags.find((one) => one.name === name)?.description ?? '',
    operations: all
      .filter(({ operation }) => tagOf(operation) === name)
      .map(({ path, method, operation }) => operationView(document, path, method, operation)),
  }));
  return {
    title: info.title,
    version: info.version,
    description: info.description ?? '',
    server: servers[0]?.url ?? '',
    groups: groups.filter(({ operations }) => operations.length > 0),
    schemas: Object.entries(components.schemas ?? {}).flatMap(([name, schema]) =>
      viewsOf(document, schema).map((view) => ({ ...view, name: (schema.title as string | undefined) ?? name })),
    ),
    security: Object.entries(components.securitySchemes ?? {}).map(([name, scheme]) => ({
      name,
      description: String(scheme.description ?? ''),
    })),
  };
}

/** An id that every operation has, also one without an `operationId`. */
export function operationId(path: string, method: Method, { operationId: id }: Operation): string {
  return id ?? `${method}${path.replaceAll(/[^A-Za-z0-9]+/g, '-')}`;
}

function operationView(document: OpenApi, path: string, method: Method, operation: Operation): OperationView {
  const {
    parameters = [],
    requestBody,
    responses = {},
    summary = '',
    description = '',
    deprecated = false,
  } = operation;
  const security = operation.security ?? [];
  return {
    id: operationId(path, method, operation),
    method: method.toUpperCase() as Uppercase<Method>,
    path,
    summary,
    description,
    deprecated,
    security: security.map((one) => Object.entries(one).map(([name, scopes]) => [name, ...scopes].join(' '))),
    parameters: PLACES.flatMap((place) => {
      const rows = parameters.filter((one) => one.in === place).map((one) => rowOf(document, one));
      return rows.length === 0 ? [] : [{ place, rows }];
    }),
    bodies: contentsOf(document, requestBody?.content),
    responses: Object.entries(responses).map(([status, given]) => responseView(document, status, given)),
  };
}

function responseView(document: OpenApi, status: string, given: Parameters<typeof resolve<Response>>[1]): ResponseView {
  const { description, headers = {}, content } = resolve<Response>(document, given);
  return {
    status,
    description,
    headers: Object.entries(headers).map(([name, header]) => rowOf(document, { name, ...header })),
    contents: contentsOf(document, content),
  };
}

function contentsOf(document: OpenApi, content: Readonly<Record<string, MediaType>> = {}): ContentView[] {
  return Object.entries(content).map(([type, media]) => ({
    type,
    schemas: media.schema ? viewsOf(document, media.schema) : [],
    examples: examplesOf(media).map(({ title, value }) => ({ title, text: textOf(type, value) })),
  }));
}

function examplesOf({ example, examples = {}, schema = {} }: MediaType): { title: string; value: unknown }[] {
  const inSchema = Array.isArray(schema.examples) ? schema.examples : [];
  return [
    ...(example === undefined ? [] : [{ title: '', value: example }]),
    ...Object.entries(examples).map(([name, { summary, value }]) => ({ title: summary ?? name, value })),
    ...inSchema.map((value: unknown) => ({ title: '', value })),
  ];
}

/** An example as it is sent: a form with a parameter a line. */
function textOf(type: string, value: unknown): string {
  if (typeof value === 'string') return value;
  if (type !== FORM) return JSON.stringify(value, null, 2);
  return new URLSearchParams(value as Record<string, string>).toString().replaceAll('&', '\n&');
}
