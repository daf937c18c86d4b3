import { ERROR_TEXTS } from './error_texts.ts';
import { type AppError, ERROR_STATUSES, type ErrorCode, type InputFault } from './errors.ts';

/** Below the issuer: each error code has a page there, which the `type` of a problem names. */
export const PROBLEMS_PATH = '/problems';

export const PROBLEM_TYPE = 'application/problem+json';

/** An error of the API (RFC 9457 §3). */
export interface Problem {
  /** The page of the error code, which stays the same: programs compare it (§3.1.1). */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** Each wrong value of the request. */
  readonly errors?: readonly InputFault[];
  readonly request_id: string;
}

/**
 * The body of an error of the API. Nothing of a fault of the server itself is told but its request id.
 * @param issuer its identifier, below which the pages of the error codes are
 */
export function problemOf(error: AppError, { requestId, issuer }: { requestId: string; issuer: string }): Problem {
  const isFault = error.status === 500;
  const code: ErrorCode = isFault ? 'server_error' : error.code;
  const errors = isFault ? [] : faultsOf(error);
  return {
    type: `${issuer}${PROBLEMS_PATH}/${code}`,
    title: ERROR_TEXTS[code].happened,
    status: error.status,
    detail: isFault ? 'something went wrong' : error.message,
    ...(errors.length > 0 ? { errors } : {}),
    request_id: requestId,
  };
}

/** The values of a request that an error names. */
export function faultsOf({ errors, field, message }: AppError): readonly InputFault[] {
  if (errors.length > 0) return errors;
  if (field === undefined) return [];
  const named = `${field}: `;
  return [{ pointer: pointerOf(field), detail: message.startsWith(named) ? message.slice(named.length) : message }];
}

/** The JSON Pointer (RFC 6901) of a field that is named as `claim_mapping[0].from`. */
export function pointerOf(field: string): string {
  return segmentsOf(field)
    .map((one) => `/${one.replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('');
}

function segmentsOf(field: string): string[] {
  return field.split('.').flatMap((name) => name.split(/\[(\d+)\]/).filter((part) => part !== ''));
}

/** All error codes, by their names. */
export const ERROR_CODES = Object.keys(ERROR_STATUSES).toSorted() as ErrorCode[];

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_STATUSES, code);
}

/**
 * True when one of the media types is acceptable (RFC 9110 §12.5.1). A type that the header weighs with `q=0` is not, unless a
 * more precise range says otherwise.
 */
export function accepts(accept: string | undefined, types: readonly string[]): boolean {
  if (accept === undefined || accept.trim() === '') return true;
  const ranges = accept.split(',').map(readRange);
  return types.some((type) => {
    const wildcard = `${type.split('/', 1)[0]}/*`;
    const best = [type, wildcard, '*/*'].map((one) => ranges.find(({ range }) => range === one)).find(Boolean);
    return best !== undefined && best.weight > 0;
  });
}

function readRange(text: string): { range: string; weight: number } {
  const [range = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const weight = parameters.find((one) => one.startsWith('q='))?.slice(2);
  return { range, weight: weight === undefined ? 1 : Number(weight) };
}
