import { API_PATH } from '../../../server/operations/api_resource.ts';
import {
  type Method,
  type OpenApi,
  type Operation,
  operationsOf,
  type Parameter,
  type Schema,
} from '../../../server/platform/openapi.ts';

/** An operation of the document, as something to send requests to. */
export interface Target {
  readonly id: string;
  readonly method: Uppercase<Method>;
  /** As in the document, such as `/users/{id}`. */
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly body: TargetBody | undefined;
  /** What a token needs. */
  readonly scopes: readonly string[];
  /** It changes something, unless it is a dry run. */
  readonly changes: boolean;
  readonly operation: Operation;
}

export interface TargetBody {
  readonly types: readonly string[];
  readonly schema: Schema;
  readonly example: unknown;
}

export function targetsOf(document: OpenApi): Target[] {
  return operationsOf(document).map(({ path, method, operation }) => {
    const { parameters = [], operationId = `${method} ${path}`, security = [], requestBody } = operation;
    return {
      id: operationId,
      method: method.toUpperCase() as Uppercase<Method>,
      path,
      parameters,
      body: requestBody && bodyOf(requestBody.content),
      scopes: Object.values(security[0] ?? {})[0] ?? [],
      changes: parameters.some(({ name }) => name === 'dryRun'),
      operation,
    };
  });
}

function bodyOf(content: NonNullable<Operation['requestBody']>['content']): TargetBody {
  const [media] = Object.values(content);
  return { types: Object.keys(content), schema: media?.schema ?? {}, example: media?.example };
}

export const parametersIn = ({ parameters }: Target, place: Parameter['in']): readonly Parameter[] =>
  parameters.filter((one) => one.in === place);

/** The target of this method and path, if the document has one. */
export function targetAt(targets: readonly Target[], method: string, path: string): Target | undefined {
  return targets.find((one) => one.method === method && one.path === path);
}

const PARAMETER = /\{([^}]+)\}/g;

/** @param values encoded already. @returns the target of a request */
export function fill(path: string, values: Readonly<Record<string, string>>): string {
  return API_PATH + path.replaceAll(PARAMETER, (_whole, name: string) => values[name] ?? '');
}

export const namesIn = (path: string): string[] => [...path.matchAll(PARAMETER)].map(([, name = '']) => name);
